"""The 25 instructions of IFEval, each a function from a text and its published keyword arguments to a truth."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

from reward_server.verifiers.instructions.text import (
    Relation,
    divided,
    headed_sections,
    holds,
    language,
    sentences,
    unfenced,
    words,
)

_JOINED = re.compile(r"(?:[^\W\d_]\.){2,10}|\w+(?:-\w+){0,10}")
_CHOICES = ("My answer is yes.", "My answer is no.", "My answer is maybe.")


def _count(needle: str, text: str) -> int:
    return text.casefold().count(needle.casefold())


def keywords_existence(text: str, *, keywords: list[str]) -> bool:
    """Each keyword occurs, whatever its case."""
    return all(_count(keyword, text) for keyword in keywords)


def keywords_frequency(text: str, *, keyword: str, frequency: int, relation: Relation = "at least") -> bool:
    """The keyword occurs so often, whatever its case."""
    return holds(_count(keyword, text), relation, frequency)


def forbidden_words(text: str, *, forbidden_words: list[str]) -> bool:
    """None of the words occurs as a word of its own."""
    return not any(re.search(rf"\b{re.escape(word)}\b", text, re.IGNORECASE) for word in forbidden_words)


def letter_frequency(text: str, *, letter: str, let_frequency: int, let_relation: Relation = "at least") -> bool:
    """The character occurs so often, whatever its case."""
    return holds(text.lower().count(letter.lower()), let_relation, let_frequency)


def response_language(text: str, *, language: str) -> bool:
    """The text is in the language of that ISO code."""
    found = _language(text)
    return found is not None and (found == language.lower() or found.split("-")[0] == language.lower())


_language = language


def number_sentences(text: str, *, num_sentences: int, relation: Relation = "at least") -> bool:
    """So many sentences."""
    return holds(len(sentences(text)), relation, num_sentences)


def number_paragraphs(text: str, *, num_paragraphs: int) -> bool:
    """Exactly so many paragraphs between the dividers ``***``, none of them empty."""
    inner = divided(text, "***")
    return len(inner) == num_paragraphs and all(inner)


def number_words(text: str, *, num_words: int, relation: Relation = "at least") -> bool:
    """So many words."""
    return holds(len(words(text)), relation, num_words)


def nth_paragraph_first_word(text: str, *, num_paragraphs: int, nth_paragraph: int, first_word: str) -> bool:
    """So many paragraphs between blank lines, and the n-th (from one) begins with that word."""
    pieces = [piece.strip() for piece in text.split("\n\n")]
    if sum(map(bool, pieces)) != num_paragraphs or not 1 <= nth_paragraph <= len(pieces):
        return False
    first = (pieces[nth_paragraph - 1].split() or [""])[0].lstrip("'\"")
    return re.split(r"[.,?!'\"]", first)[0].casefold() == first_word.casefold()


def number_placeholders(text: str, *, num_placeholders: int) -> bool:
    """At least so many placeholders in square brackets."""
    return len(re.findall(r"\[[^\[\]\n]*\]", text)) >= num_placeholders


def postscript(text: str, *, postscript_marker: str) -> bool:
    """A postscript that begins with the marker; dots and spaces of P.S. may vary."""
    flexible = {"P.P.S": r"p\.\s?p\.\s?s", "P.S.": r"p\.\s?s\."}.get(postscript_marker)
    return re.search(flexible or re.escape(postscript_marker.lower()), text.lower()) is not None


def number_bullet_lists(text: str, *, num_bullets: int) -> bool:
    """Exactly so many lines that begin with ``*`` or ``-``."""
    bullets = re.findall(r"^[^\S\n]*(?:\*[^*\n]|-)[^\n]*$", text, re.MULTILINE)
    return len(bullets) == num_bullets


def constrained_response(text: str) -> bool:
    """One of the three published answers occurs."""
    return any(choice in text for choice in _CHOICES)


def number_highlighted_sections(text: str, *, num_highlights: int) -> bool:
    """At least so many pieces in ``*one*`` or ``**two**`` asterisks."""
    found = re.findall(r"\*\*([^\n*]+)\*\*|\*([^\n*]+)\*", text)
    return sum(bool((double or single).strip()) for double, single in found) >= num_highlights


def multiple_sections(text: str, *, section_spliter: str, num_sections: int) -> bool:
    """At least so many sections headed by the word and a number, as in ``Section 1``."""
    return headed_sections(text, section_spliter) >= num_sections


def json_format(text: str) -> bool:
    """The whole text is JSON, a fence around it aside."""
    try:
        json.loads(unfenced(text))
    except (ValueError, RecursionError):
        return False
    return True


def title(text: str) -> bool:
    """A title in double angular brackets."""
    return any(found.strip("<> ") for found in re.findall(r"<<([^\n]{1,1000})>>", text))


def two_responses(text: str) -> bool:
    """Two different answers, divided by six asterisks."""
    inner = divided(text, "******")
    return len(inner) == 2 and all(inner) and inner[0] != inner[1]


def repeat_prompt(text: str, *, prompt_to_repeat: str) -> bool:
    """The text begins with the request, word for word."""
    return text.strip().lower().startswith(prompt_to_repeat.strip().lower())


def end_checker(text: str, *, end_phrase: str) -> bool:
    """The text ends with the phrase; closing quotation marks aside."""
    return text.strip().strip('"').lower().endswith(end_phrase.strip().lower())


def quotation(text: str) -> bool:
    """The whole text stands in double quotation marks."""
    bare = text.strip()
    return len(bare) > 1 and bare[0] == bare[-1] == '"'


def english_capital(text: str) -> bool:
    """English, and no lower-case letter."""
    return text.isupper() and language(text.lower()) == "en"


def english_lowercase(text: str) -> bool:
    """English, and no capital letter."""
    return text.islower() and language(text) == "en"


def capital_word_frequency(text: str, *, capital_frequency: int, capital_relation: Relation = "at least") -> bool:
    """So many words all in capitals; ``U.S.`` and ``TEST-CASE`` are one each."""
    return holds(sum(word.isupper() for word in _JOINED.findall(text)), capital_relation, capital_frequency)


def no_comma(text: str) -> bool:
    """No comma."""
    return "," not in text


IFEVAL: Mapping[str, Callable[..., bool]] = {
    "keywords:existence": keywords_existence,
    "keywords:frequency": keywords_frequency,
    "keywords:forbidden_words": forbidden_words,
    "keywords:letter_frequency": letter_frequency,
    "language:response_language": response_language,
    "length_constraints:number_sentences": number_sentences,
    "length_constraints:number_paragraphs": number_paragraphs,
    "length_constraints:number_words": number_words,
    "length_constraints:nth_paragraph_first_word": nth_paragraph_first_word,
    "detectable_content:number_placeholders": number_placeholders,
    "detectable_content:postscript": postscript,
    "detectable_format:number_bullet_lists": number_bullet_lists,
    "detectable_format:constrained_response": constrained_response,
    "detectable_format:number_highlighted_sections": number_highlighted_sections,
    "detectable_format:multiple_sections": multiple_sections,
    "detectable_format:json_format": json_format,
    "detectable_format:title": title,
    "combination:two_responses": two_responses,
    "combination:repeat_prompt": repeat_prompt,
    "startend:end_checker": end_checker,
    "startend:quotation": quotation,
    "change_case:capital_word_frequency": capital_word_frequency,
    "change_case:english_capital": english_capital,
    "change_case:english_lowercase": english_lowercase,
    "punctuation:no_comma": no_comma,
}
