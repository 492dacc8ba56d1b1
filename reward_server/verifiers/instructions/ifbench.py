"""Instructions of IFBench about words, sentences and layout that a program decides without a tagger or a model."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date

from reward_server.verifiers.instructions.text import folded, paragraphs, sentences, syllables, tokens, words
from reward_server.verifiers.instructions.training import keyword_position, options

_CONJUNCTIONS = frozenset("and but for nor or so yet".split())
_PRONOUNS = frozenset(
    "i me my mine myself you your yours yourself yourselves he him his himself she her hers herself it its itself we "
    "us our ours ourselves they them their theirs themselves".split()
)
_MARKS = (".", ",", ";", ":", "?", "!")
_EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf\u2b00-\u2bff\U0001f1e6-\U0001f1ff]\ufe0f?\\s*$")
_NAMES = frozenset(
    "emma liam sophia jackson olivia noah ava lucas isabella mason mia ethan charlotte alexander amelia benjamin "
    "harper leo zoe daniel chloe samuel lily matthew grace owen abigail gabriel ella jacob scarlett nathan victoria "
    "elijah layla nicholas audrey david hannah christopher penelope thomas nora andrew aria joseph claire ryan stella "
    "jonathan".split()
)
"""The names that the published instruction lists."""
_STOP_WORDS = frozenset(
    "i me my myself we our ours ourselves you your yours yourself yourselves he him his himself she her hers herself "
    "it its itself they them their theirs themselves what which who whom this that these those am is are was were be "
    "been being have has had having do does did doing a an the and but if or because as until while of at by for with "
    "about against between into through during before after above below to from up down in out on off over under "
    "again further then once here there when where why how all any both each few more most other some such no nor not "
    "only own same so than too very s t can will just don should now d ll m o re ve y ain aren couldn didn doesn hadn "
    "hasn haven isn ma mightn mustn needn shan shouldn wasn weren won wouldn".split()
)
"""The English stop words that the field uses, those of NLTK."""
_SMALL_WORDS = frozenset("a an the and but or nor for so yet at by in of on to up as is if it from with".split())


def word_count_range(text: str, *, min_words: int, max_words: int) -> bool:
    """Between so many and so many words."""
    return min_words <= len(words(text)) <= max_words


def unique_word_count(text: str, *, N: int) -> bool:
    """At least so many different words."""
    return len(set(folded(text))) >= N


def conjunctions(text: str, *, small_n: int) -> bool:
    """At least so many different coordinating conjunctions."""
    return len(_CONJUNCTIONS & set(folded(text))) >= small_n


def numbers(text: str, *, N: int) -> bool:
    """Exactly so many numbers."""
    return len(re.findall(r"(?<![\w.])\d+(?:[.,]\d+)*", text)) == N


def pronouns(text: str, *, N: int) -> bool:
    """At least so many personal and possessive pronouns."""
    return sum(word in _PRONOUNS for word in folded(text)) >= N


def person_names(text: str, *, N: int) -> bool:
    """At least so many different names of the published list."""
    return len(_NAMES & set(folded(text))) >= N


def stop_words(text: str, *, percentage: float) -> bool:
    """Stop words are at most that percentage of all words."""
    found = [word.casefold() for word in words(text)]
    return bool(found) and 100 * sum(word in _STOP_WORDS for word in found) <= percentage * len(found)


def alliteration_increment(text: str) -> bool:
    """Each sentence has a longer run of words with the same initial than the one before."""
    runs = [
        max((len(list(run)) for _, run in itertools.groupby(word[0] for word in folded(one))), default=0)
        for one in sentences(text)
    ]
    return len(runs) > 1 and all(a < b for a, b in itertools.pairwise(runs))


def punctuation(text: str) -> bool:
    """Every standard mark and an interrobang (``?!``, ``!?`` or ``‽``)."""
    interrobang = any(mark in text for mark in ("?!", "!?", "\u203d"))
    rest = text.replace("?!", "").replace("!?", "")
    return interrobang and all(mark in rest for mark in _MARKS)


def keywords_multiple(text: str, *, keyword1: str, keyword2: str, keyword3: str, keyword4: str, keyword5: str) -> bool:
    """Five words that stand once, twice, three, five and seven times."""
    counts = Counter(folded(text))
    wanted = zip((keyword1, keyword2, keyword3, keyword4, keyword5), (1, 2, 3, 5, 7), strict=True)
    return all(counts[word.casefold()] == count for word, count in wanted)


def trigram_overlap(text: str, *, reference_text: str, percentage: float) -> bool:
    """The share of the text's word trigrams that the reference has too is that percentage, within two points."""
    said, given = _trigrams(text), _trigrams(reference_text)
    return bool(said) and abs(100 * len(said & given) / len(said) - percentage) <= 2


def _trigrams(text: str) -> set[tuple[str, ...]]:
    found = folded(text)
    return set(zip(found, found[1:], found[2:], strict=False))


def sentence_type(text: str) -> bool:
    """Twice as many sentences that end in a full stop as in a question mark."""
    ends = Counter(_end(one) for one in sentences(text))
    return ends["?"] > 0 and ends["."] == 2 * ends["?"]


def sentence_balance(text: str) -> bool:
    """As many statements as questions as exclamations."""
    ends = Counter(_end(one) for one in sentences(text))
    return ends["."] == ends["?"] == ends["!"] > 0


def _end(sentence: str) -> str:
    return sentence.rstrip("\"'”’)]*_ ")[-1:]


def sentence_words(text: str) -> bool:
    """Three sentences of the same number of characters that share no word."""
    found = sentences(text)
    inner = [set(folded(one)) for one in found]
    return (
        len(found) == 3
        and len({len(one) for one in found}) == 1
        and not any(left & right for left, right in itertools.combinations(inner, 2))
    )


def sentence_keyword(text: str, *, N: int, word: str) -> bool:
    """The n-th sentence holds the word."""
    found = sentences(text)
    return 1 <= N <= len(found) and word.casefold() in folded(found[N - 1])


def sentence_increment(text: str, *, small_n: int) -> bool:
    """Each sentence has exactly so many words more than the one before."""
    counts = [len(words(one)) for one in sentences(text)]
    return len(counts) > 1 and all(b - a == small_n for a, b in itertools.pairwise(counts))


def alphabet(text: str) -> bool:
    """Each word begins with the letter after that of the word before, A following Z."""
    starts = [ord(word[0]) - ord("a") for word in folded(text)]
    return all(0 <= start < 26 for start in starts) and all((a + 1) % 26 == b for a, b in itertools.pairwise(starts))


def vowels(text: str) -> bool:
    """At most three different vowels."""
    return len(set("aeiou") & set(text.lower())) <= 3


def consonants(text: str) -> bool:
    """Every word has two consonants side by side."""
    found = folded(text)
    return bool(found) and all(re.search(r"[b-df-hj-np-tv-z]{2}", word) for word in found)


def palindromes(text: str) -> bool:
    """At least ten palindromes of five letters or more."""
    return sum(len(word) > 4 and word == word[::-1] for word in folded(text)) >= 10


def prime_lengths(text: str) -> bool:
    """The length of every word is a prime number."""
    return bool(words(text)) and all(_prime(len(word)) for word in words(text))


def _prime(number: int) -> bool:
    return number > 1 and all(number % divisor for divisor in range(2, int(number**0.5) + 1))


def repeats(text: str, *, small_n: int) -> bool:
    """No word stands more often than that."""
    return max(Counter(folded(text)).values(), default=0) <= small_n


def odd_even_syllables(text: str) -> bool:
    """Words of an odd and of an even number of syllables in turn; marks inside a word do not divide it."""
    parities = [syllables(re.sub(r"\W|_", "", word)) % 2 for word in text.split() if re.search(r"[^\W_]", word)]
    return len(parities) > 1 and all(a != b for a, b in itertools.pairwise(parities))


def no_consecutive(text: str) -> bool:
    """No two neighbouring words begin with the same letter."""
    return all(a[0] != b[0] for a, b in itertools.pairwise(folded(text)))


def words_position(text: str, *, keyword: str) -> bool:
    """The second word and the last but one are that word."""
    found = folded(text)
    return len(found) > 2 and found[1] == found[-2] == keyword.casefold()


def last_first(text: str) -> bool:
    """The last word of each sentence is the first of the next."""
    inner = [folded(one) for one in sentences(text)]
    return len(inner) > 1 and all(inner) and all(a[-1] == b[0] for a, b in itertools.pairwise(inner))


def paragraph_last_first(text: str) -> bool:
    """Each paragraph ends with the word that it begins with."""
    inner = [folded(one) for one in paragraphs(text)]
    return bool(inner) and all(len(one) > 1 and one[0] == one[-1] for one in inner)


def no_whitespace(text: str) -> bool:
    """No white space inside the text."""
    return not re.search(r"\s", text.strip())


def line_indent(text: str) -> bool:
    """Each line is indented more than the one before."""
    indents = [len(line) - len(line.lstrip()) for line in text.splitlines() if line.strip()]
    return len(indents) > 1 and all(a < b for a, b in itertools.pairwise(indents))


def separated_list(text: str, *, sep: str) -> bool:
    """A list whose items are divided by the separator, with no bullets."""
    return len([item for item in text.split(sep) if item.strip()]) > 1 and not re.search(r"^\s*[-*] ", text, re.M)


def word_per_line(text: str) -> bool:
    """Every word on a line of its own."""
    lines = [line for line in text.splitlines() if line.strip()]
    return len(lines) > 1 and all(len(line.split()) == 1 for line in lines)


def title_case(text: str) -> bool:
    """Every word but small ones begins with a capital."""
    found = [word for word in tokens(text) if word[0].isalpha()]
    return bool(found) and all(word[0].isupper() or word in _SMALL_WORDS for word in found) and found[0][0].isupper()


def parentheses(text: str) -> bool:
    """Brackets nested at least five deep."""
    stack: list[str] = []
    deepest = 0
    for character in text:
        if character in "([{":
            stack.append({"(": ")", "[": "]", "{": "}"}[character])
        elif stack and character == stack[-1]:
            deepest = max(deepest, len(stack))
            stack.pop()
    return deepest >= 5


def emoji(text: str) -> bool:
    """An emoji ends every line of sentences, and each sentence is followed by one."""
    pieces = [piece for piece in re.split(r"(?<=[.!?])\s+(?=[\w\"'“])|\n+", text.strip()) if piece.strip()]
    pieces = [piece for one in pieces for piece in re.split(f"(?<={_EMOJI_CLASS})\\s+(?=[\\w\"'“])", one)]
    return bool(pieces) and all(_EMOJI.search(piece) for piece in pieces)


_EMOJI_CLASS = "[\U0001f300-\U0001faff\u2600-\u27bf\u2b00-\u2bff\U0001f1e6-\U0001f1ff\ufe0f]"


def output_template(text: str) -> bool:
    """The three headings of the published template, in order, each with something after it."""
    _, first, rest = text.partition("My Answer:")
    answer, second, rest = rest.partition("My Conclusion:")
    conclusion, third, outlook = rest.partition("Future Outlook:")
    return bool(first and second and third) and all(part.strip() for part in (answer, conclusion, outlook))


def sub_bullets(text: str) -> bool:
    """Bullets by ``*``, each with at least one sub-bullet by ``-``."""
    groups = re.split(r"^\s*\*\s", text, flags=re.MULTILINE)[1:]
    return bool(groups) and all(re.search(r"^\s*-\s*\S", group, re.MULTILINE) for group in groups)


def sentence_alphabet(text: str) -> bool:
    """26 sentences that begin with the letters from A to Z."""
    return [one.lstrip("\"'“(* ")[:1].lower() for one in sentences(text)] == [chr(97 + index) for index in range(26)]


def multiples_of_seven(text: str) -> bool:
    """The multiples of 7 from 10 to 50, in order, and no other number."""
    return re.findall(r"\d+", text) == [str(number) for number in range(14, 51, 7)]


def date_format_list(text: str) -> bool:
    """Dates as YYYY-MM-DD, divided by commas."""
    return all(map(_is_date, text.strip().removesuffix(".").split(",")))


def _is_date(text: str) -> bool:
    try:
        return re.fullmatch(r"\d{4}-\d\d-\d\d", text.strip()) is not None and bool(date.fromisoformat(text.strip()))
    except ValueError:
        return False


IFBENCH: Mapping[str, Callable[..., bool]] = {
    "count:word_count_range": word_count_range,
    "count:unique_word_count": unique_word_count,
    "count:conjunctions": conjunctions,
    "count:numbers": numbers,
    "count:pronouns": pronouns,
    "count:person_names": person_names,
    "count:punctuation": punctuation,
    "count:keywords_multiple": keywords_multiple,
    "ratio:stop_words": stop_words,
    "ratio:overlap": trigram_overlap,
    "ratio:sentence_type": sentence_type,
    "ratio:sentence_balance": sentence_balance,
    "ratio:sentence_words": sentence_words,
    "sentence:keyword": sentence_keyword,
    "sentence:alliteration_increment": alliteration_increment,
    "sentence:increment": sentence_increment,
    "words:alphabet": alphabet,
    "words:vowel": vowels,
    "words:consonants": consonants,
    "words:palindrome": palindromes,
    "words:prime_lengths": prime_lengths,
    "words:repeats": repeats,
    "words:odd_even_syllables": odd_even_syllables,
    "words:no_consecutive": no_consecutive,
    "words:keywords_specific_position": keyword_position,
    "words:words_position": words_position,
    "words:last_first": last_first,
    "words:paragraph_last_first": paragraph_last_first,
    "format:no_whitespace": no_whitespace,
    "format:line_indent": line_indent,
    "format:list": separated_list,
    "format:newline": word_per_line,
    "format:title_case": title_case,
    "format:parentheses": parentheses,
    "format:emoji": emoji,
    "format:output_template": output_template,
    "format:options": options,
    "format:sub-bullets": sub_bullets,
    "custom:sentence_alphabet": sentence_alphabet,
    "custom:multiples": multiples_of_seven,
    "custom:date_format_list": date_format_list,
}
