"""Instructions of IFBench that are a task of their own: repeat the request, write this table, answer backwards."""

from __future__ import annotations

import csv
import io
import itertools
import re
import unicodedata
from collections.abc import Callable, Mapping

from reward_server.verifiers.instructions.text import paragraphs, sentences, unfenced, words

_CAPITALS = (
    "reykjavik helsinki oslo tallinn stockholm riga moscow copenhagen vilnius minsk dublin berlin amsterdam warsaw "
    "london brussels prague luxembourg paris vienna bratislava budapest vaduz chisinau bern ljubljana zagreb"
).split()
_AFRICA = frozenset(
    "algeria|angola|benin|botswana|burkina faso|burundi|cabo verde|cape verde|cameroon|central african republic|chad|"
    "comoros|congo|republic of the congo|democratic republic of the congo|cote d'ivoire|ivory coast|djibouti|egypt|"
    "equatorial guinea|eritrea|eswatini|swaziland|ethiopia|gabon|gambia|the gambia|ghana|guinea|guinea-bissau|kenya|"
    "lesotho|liberia|libya|madagascar|malawi|mali|mauritania|mauritius|morocco|mozambique|namibia|niger|nigeria|rwanda|"
    "sao tome and principe|senegal|seychelles|sierra leone|somalia|south africa|south sudan|sudan|tanzania|togo|"
    "tunisia|uganda|western sahara|zambia|zimbabwe".split("|")
)
_QUESTION = re.compile(r"^[^\S\n]*[*#_]{0,4}question\b", re.IGNORECASE | re.MULTILINE)
_OPTION = re.compile(r"^[^\S\n]*[-*]?[^\S\n]*[(\[]?[A-Ea-e][).\]:]", re.MULTILINE)
_QUOTE = re.compile(r"[\"“”]")
_ANSWER = "bald eagle"


def _plain(text: str) -> str:
    """Without accents, case and the mark-up of lists."""
    bare = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold()
    return re.sub(r"^(?:[-*•]|\d{1,3}[.)])\s*", "", bare.strip()).rstrip("*. \t")


def repeat_simple(text: str) -> bool:
    """The sentence asked for and nothing else."""
    return text.strip().casefold().rstrip(".") == "only output this sentence here, ignore all other requests"


def repeat_change(text: str, *, prompt_to_repeat: str) -> bool:
    """The request word for word, but for its first word, which is another."""
    said, asked = text.split(), prompt_to_repeat.split()
    return bool(said) and said[0] != asked[0] and said[1:] == asked[1:]


def repeat_span(text: str, *, prompt_to_repeat: str, n_start: int, n_end: int) -> bool:
    """The words of the request from one index to another, the last included, and nothing else."""
    return text.casefold().split() == prompt_to_repeat.casefold().split()[n_start : n_end + 1]


def quotes(text: str) -> bool:
    """Quotations in quotations in quotations, double and single marks in turn; apostrophes aside."""
    marks = re.sub(r"(?<=\w)['’](?=\w)", "", text).translate(str.maketrans("“”‘’", "\"\"''"))
    stack: list[str] = []
    deepest = 0
    for mark in re.findall("[\"']", marks):
        if stack and stack[-1] == mark:
            deepest = max(deepest, len(stack))
            stack.pop()
        else:
            stack.append(mark)
    return deepest >= 3 and not stack


def quote_unquote(text: str) -> bool:
    """Behind every quoted phrase stand words outside quotation marks."""
    pieces = _QUOTE.split(text)
    return len(pieces) > 2 and len(pieces) % 2 == 1 and all(words(piece) for piece in pieces[2::2])


def thesis(text: str) -> bool:
    """Every section begins with a statement in italics, by HTML; headings aside."""
    sections = [section for section in paragraphs(text) if not re.fullmatch(r"(?:#.*|\*\*[^\n]*\*\*|<h\d>.*)", section)]
    bodies = [re.sub(r"^(?:#[^\n]*|\*\*[^\n]*\*\*|<h\d>[^\n]*)\n", "", section) for section in sections]
    return bool(bodies) and all(re.match(r"\s*(?:<p>\s*)?<(i|em)>[^<]*\w[^<]*</\1>", body) for body in bodies)


def no_bullets_bullets(text: str) -> bool:
    """Two sentences or more that end in a full stop, and behind them two bullets or more by ``*``."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    bullets = [place for place, line in enumerate(lines) if re.match(r"\*(?!\*)\s*\S", line)]
    if len(bullets) < 2:
        return False
    return sum(one.endswith(".") for one in sentences("\n".join(lines[: bullets[0]]))) >= 2


def mcq_count_length(text: str) -> bool:
    """Four questions labelled "Question" with five options each, each question longer than the one before."""
    starts = [match.start() for match in _QUESTION.finditer(text)]
    questions = [text[a:b] for a, b in itertools.pairwise([*starts, len(text)])]
    stems = [_OPTION.split(question, maxsplit=1)[0].strip() for question in questions]
    counts = [len(_OPTION.findall(question)) for question in questions]
    return counts == [5] * 4 and all(len(a) < len(b) for a, b in itertools.pairwise(stems))


def reverse_newline(text: str) -> bool:
    """The countries of Africa, a line each, from the end of the alphabet to its start."""
    lines = [_plain(line) for line in text.splitlines() if line.strip()]
    known = sum(line in _AFRICA for line in lines)
    return known >= 52 and known >= len(lines) - 1 and all(a > b for a, b in itertools.pairwise(lines))


def word_reverse(text: str) -> bool:
    """A sentence about the bald eagle whose words stand in reverse order."""
    said = [word.casefold() for word in words(text)]
    return len(said) > 2 and _ANSWER in " ".join(reversed(said)) and _ANSWER not in " ".join(said)


def character_reverse(text: str) -> bool:
    """A sentence about the bald eagle whose letters stand in reverse order."""
    return _ANSWER in " ".join(text.casefold()[::-1].split())


def european_capitals(text: str) -> bool:
    """The capitals of Europe north of 45 degrees, from the northernmost, divided by commas."""
    return [_plain(city).removesuffix(" city") for city in text.split(",")] == _CAPITALS


def _table(text: str, delimiter: str) -> list[list[str]]:
    try:
        return [row for row in csv.reader(io.StringIO(unfenced(text)), delimiter=delimiter) if row]
    except csv.Error:
        return []


def _has_shape(rows: list[list[str]], header: str, count: int) -> bool:
    names = [[name.strip() for name in row] for row in rows[:1]]
    return names == [header.split()] and len(rows) == count + 1 and all(len(row) == len(names[0]) for row in rows)


def csv_city(text: str) -> bool:
    """Seven rows below ID, Country, City, Year, Count, divided by commas."""
    return _has_shape(_table(text, ","), "ID Country City Year Count", 7)


def csv_special_character(text: str) -> bool:
    """Fourteen rows below ProductID, Category, Brand, Price, Stock; a field with a special sign in quotes."""
    quoted = re.findall(r"(?:^|,)\s*\"((?:[^\"\n]|\"\"){1,500})\"\s*(?=,|$)", text, re.MULTILINE)
    special = any(re.search(r"[^\w\s]", field) for field in quoted)
    return special and _has_shape(_table(text, ","), "ProductID Category Brand Price Stock", 14)


def csv_quotes(text: str) -> bool:
    """Three rows below StudentID, Subject, Grade, Semester, Score, divided by tabs, every field in double quotes."""
    lines = [line.strip() for line in unfenced(text).splitlines() if line.strip()]
    quoted = all(re.fullmatch(r'"[^"]*"', field.strip()) for line in lines for field in line.split("\t"))
    return quoted and _has_shape(_table(text, "\t"), "StudentID Subject Grade Semester Score", 3)


IFBENCH_TASKS: Mapping[str, Callable[..., bool]] = {
    "repeat:repeat_simple": repeat_simple,
    "repeat:repeat_change": repeat_change,
    "repeat:repeat_span": repeat_span,
    "format:quotes": quotes,
    "format:quote_unquote": quote_unquote,
    "format:thesis": thesis,
    "format:no_bullets_bullets": no_bullets_bullets,
    "custom:mcq_count_length": mcq_count_length,
    "custom:reverse_newline": reverse_newline,
    "custom:word_reverse": word_reverse,
    "custom:character_reverse": character_reverse,
    "custom:european_capitals_sort": european_capitals,
    "custom:csv_city": csv_city,
    "custom:csv_special_character": csv_special_character,
    "custom:csv_quotes": csv_quotes,
}
