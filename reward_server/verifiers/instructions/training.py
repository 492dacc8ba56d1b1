"""Instructions of the RLVR training sets: the names of RLVR-IFEval's functions, and IFEvalG's further ids."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Mapping

from reward_server.verifiers.instructions.ifeval import IFEVAL, letter_frequency
from reward_server.verifiers.instructions.text import (
    Relation,
    folded,
    headed_sections,
    holds,
    paragraphs,
    sentences,
    words,
)

_DIVIDER = re.compile(r"\*\s?\*\s?\*")


def word_once(text: str, *, keyword: str) -> bool:
    """The word stands exactly once."""
    return folded(text).count(keyword.casefold()) == 1


def word_count(text: str, *, keyword: str, frequency: int, relation: Relation = "exactly") -> bool:
    """The word stands so often."""
    return holds(folded(text).count(keyword.casefold()), relation, frequency)


def exclude_word(text: str, *, keyword: str) -> bool:
    """The word does not stand in the text."""
    return keyword.casefold() not in folded(text)


def letter_counting(text: str, *, N: int, relation: Relation = "at least") -> bool:
    """So many letters."""
    return holds(sum(character.isalpha() for character in text), relation, N)


def lowercase_counting(text: str, *, N: int) -> bool:
    """At most so many words all in lower case."""
    return sum(word.islower() for word in words(text)) <= N


def count_unique(text: str) -> bool:
    """No word stands twice."""
    return len(set(folded(text))) == len(folded(text)) > 0


def count_increment_word(text: str, *, keyword1: str, keyword2: str) -> bool:
    """The first word once, the second twice."""
    counts = Counter(folded(text))
    return counts[keyword1.casefold()] == 1 and counts[keyword2.casefold()] == 2


def first_word_answer(text: str, *, first_word: str) -> bool:
    """The text begins with the word."""
    return folded(text)[:1] == [first_word.casefold()]


def first_word_sentences(text: str, *, first_word: str) -> bool:
    """Every sentence begins with the word."""
    found = sentences(text)
    return bool(found) and all(folded(one)[:1] == [first_word.casefold()] for one in found)


def last_word_answer(text: str, *, last_word: str) -> bool:
    """The text ends with the word."""
    return folded(text)[-1:] == [last_word.casefold()]


def last_word_sentences(text: str, *, last_word: str) -> bool:
    """Every sentence ends with the word."""
    found = sentences(text)
    return bool(found) and all(folded(one)[-1:] == [last_word.casefold()] for one in found)


def start_end(text: str) -> bool:
    """The text begins and ends with the same word."""
    found = folded(text)
    return len(found) > 1 and found[0] == found[-1]


def two_paragraphs_by_asterisks(text: str) -> bool:
    """Two paragraphs divided by ``***``."""
    return len([piece for piece in text.split("***") if piece.strip()]) == 2


def two_paragraphs_by_lines(text: str) -> bool:
    """Two paragraphs divided by a blank line."""
    return len(paragraphs(text)) == 2


def has_palindrome(text: str) -> bool:
    """A word of at least three letters that reads the same backwards."""
    return any(len(word) > 2 and word == word[::-1] for word in folded(text))


def no_adjacent_consecutive(text: str) -> bool:
    """No two neighbouring words begin with consecutive letters of the alphabet."""
    starts = [word[0] for word in folded(text)]
    return all(ord(b) - ord(a) != 1 for a, b in itertools.pairwise(starts))


def keyword_position(text: str, *, keyword: str, n: int, m: int) -> bool:
    """The word is the m-th of the n-th sentence, both from one."""
    found = sentences(text)
    inner = folded(found[n - 1]) if 1 <= n <= len(found) else []
    return 1 <= m <= len(inner) and inner[m - 1] == keyword.casefold()


def no_dot(text: str) -> bool:
    """No full stop."""
    return "." not in text


def no_exclamation(text: str) -> bool:
    """No exclamation mark."""
    return "!" not in text


def square_brackets(text: str) -> bool:
    """Every word stands in square brackets of its own."""
    pieces = text.split()
    return bool(pieces) and all(re.fullmatch(r"\[[^\[\]]+\][.,!?;:]*", piece) for piece in pieces)


def bigram_wrapping(text: str) -> bool:
    """The words stand in pairs, each pair in double angular brackets; a last odd word may stand alone."""
    return re.fullmatch(r"\s*(?:<<[^<>\s]+\s[^<>\s]+>>\s*)+(?:(?:<<)?[^<>\s]+(?:>>)?\s*)?", text) is not None


def sentence_hyphens(text: str) -> bool:
    """Sentences are joined by hyphens, with no space between them."""
    joints = re.findall(r"[.!?]([\s-]*+)(?=\w)", text)
    return bool(joints) and all(joint == "-" for joint in joints)


def repeat_phrase(text: str, *, phrase: str, small_n: int) -> bool:
    """The phrase so many times, each time with exactly one word between its first and its last replaced by another."""
    asked = phrase.casefold().split()
    said = re.findall(r"[^\s.,;:!?\"“”]+", text.casefold())
    found = [
        said[start : start + len(asked)]
        for start in range(len(said) - len(asked) + 1)
        if said[start] == asked[0] and said[start + len(asked) - 1] == asked[-1]
    ]
    return len(found) == small_n and all(sum(a != b for a, b in zip(one, asked, strict=True)) == 1 for one in found)


def counting_composition(text: str, *, n_sent: int, n_words: int) -> bool:
    """Three paragraphs divided by ``* * *``, each of so many sentences, each of so many words."""
    inner = [sentences(piece) for piece in _DIVIDER.split(text.strip())]
    return len(inner) == 3 and all(
        len(one) == n_sent and all(len(words(sentence)) == n_words for sentence in one) for one in inner
    )


def exact_letters(text: str, *, letter: str, N: int) -> bool:
    """The character exactly so often, whatever its case."""
    return text.casefold().count(letter.casefold()) == N


def options(text: str, *, options: list[str]) -> bool:
    """The text is one of the options and nothing else."""
    return text.strip().strip(".").casefold() in {option.strip().strip(".").casefold() for option in options}


def divided_paragraphs(text: str, *, N: int) -> bool:
    """Exactly so many paragraphs between the dividers ``* * *`` (or ``***``), none of them empty."""
    pieces = [piece.strip() for piece in _DIVIDER.split(text.strip())]
    return len(pieces) == N and all(pieces)


def exact_sections(text: str, *, N: int, section_splitter: str) -> bool:
    """Exactly so many sections headed by the word and a number."""
    return headed_sections(text, section_splitter) == N


def copying_simple(text: str, *, prompt_to_repeat: str) -> bool:
    """The text is the request and nothing else."""
    return text.strip().casefold() == prompt_to_repeat.strip().casefold()


def copying_multiple(text: str, *, prompt_to_repeat: str, N: int) -> bool:
    """The request so many times, divided by six asterisks."""
    pieces = text.split("******")
    return len(pieces) == N and all(copying_simple(piece, prompt_to_repeat=prompt_to_repeat) for piece in pieces)


def copy_span(text: str, *, prompt_to_repeat: str, n_start: int, n_end: int) -> bool:
    """The characters of the request from one index to another, the last included, and nothing else."""
    return text.strip().casefold() == prompt_to_repeat[n_start : n_end + 1].strip().casefold()


IFEVALG: Mapping[str, Callable[..., bool]] = {
    "keywords:word_once": word_once,
    "keywords:word_count_different_numbers": word_count,
    "keywords:exclude_word_harder": exclude_word,
    "keywords:palindrome": has_palindrome,
    "keywords:no_adjacent_consecutive": no_adjacent_consecutive,
    "keywords:keyword_specific_position": keyword_position,
    "keywords:start_end": start_end,
    "letters:letter_counting": letter_counting,
    "letters:letter_counting2": letter_frequency,
    "count:lowercase_counting": lowercase_counting,
    "count:count_unique": count_unique,
    "count:count_increment_word": count_increment_word,
    "first_word:first_word_answer": first_word_answer,
    "first_word:first_word_sent": first_word_sentences,
    "last_word:last_word_answer": last_word_answer,
    "last_word:last_word_sent": last_word_sentences,
    "paragraphs:paragraphs": two_paragraphs_by_asterisks,
    "paragraphs:paragraphs2": two_paragraphs_by_lines,
    "punctuation:punctuation_dot": no_dot,
    "punctuation:punctuation_exclamation": no_exclamation,
    "detectable_format:square_brackets": square_brackets,
    "detectable_format:bigram_wrapping": bigram_wrapping,
    "detectable_format:sentence_hyphens": sentence_hyphens,
    "copy:copying_simple": copying_simple,
    "copy:copying_multiple": copying_multiple,
    "copy:copy": copying_simple,
    "copy:repeat_phrase": repeat_phrase,
    "count:counting_composition": counting_composition,
    "new:copy_span_idx": copy_span,
}

FUNCTIONS: Mapping[str, tuple[Callable[..., bool], Mapping[str, str]]] = {
    "verify_keywords": (IFEVAL["keywords:existence"], {"keyword_list": "keywords"}),
    "verify_keyword_frequency": (word_count, {"word": "keyword", "N": "frequency"}),
    "validate_forbidden_words": (IFEVAL["keywords:forbidden_words"], {}),
    "verify_letter_frequency": (exact_letters, {}),
    "validate_response_language": (IFEVAL["language:response_language"], {}),
    "verify_paragraph_count": (divided_paragraphs, {}),
    "validate_word_count": (IFEVAL["length_constraints:number_words"], {"N": "num_words", "quantifier": "relation"}),
    "verify_sentence_count": (
        IFEVAL["length_constraints:number_sentences"], {"N": "num_sentences", "quantifier": "relation"},
    ),
    "validate_paragraphs": (
        IFEVAL["length_constraints:nth_paragraph_first_word"], {"N": "num_paragraphs", "i": "nth_paragraph"},
    ),
    "verify_postscript": (IFEVAL["detectable_content:postscript"], {}),
    "validate_placeholders": (IFEVAL["detectable_content:number_placeholders"], {"N": "num_placeholders"}),
    "verify_bullet_points": (IFEVAL["detectable_format:number_bullet_lists"], {"N": "num_bullets"}),
    "validate_title": (IFEVAL["detectable_format:title"], {}),
    "validate_choice": (options, {}),
    "validate_highlighted_sections": (IFEVAL["detectable_format:number_highlighted_sections"], {"N": "num_highlights"}),
    "validate_sections": (exact_sections, {}),
    "validate_json_format": (IFEVAL["detectable_format:json_format"], {}),
    "validate_repeat_prompt": (IFEVAL["combination:repeat_prompt"], {"original_prompt": "prompt_to_repeat"}),
    "validate_two_responses": (IFEVAL["combination:two_responses"], {}),
    "validate_uppercase": (IFEVAL["change_case:english_capital"], {}),
    "validate_lowercase": (IFEVAL["change_case:english_lowercase"], {}),
    "validate_frequency_capital_words": (
        IFEVAL["change_case:capital_word_frequency"], {"N": "capital_frequency", "quantifier": "capital_relation"},
    ),
    "validate_end": (IFEVAL["startend:end_checker"], {}),
    "validate_quotation": (IFEVAL["startend:quotation"], {}),
    "validate_no_commas": (IFEVAL["punctuation:no_comma"], {}),
}  # fmt: skip
"""RLVR-IFEval's functions by name, and what their arguments are called here."""
