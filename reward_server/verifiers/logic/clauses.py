"""Refutations of clause sets: resolution step by step, and DRAT by unit propagation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from reward_server.errors import InvalidTask, LimitExceeded
from reward_server.verifiers.logic.lines import proof_block
from reward_server.verifiers.logic.natural_deduction import Fault
from reward_server.verifiers.structured import last_block

Clause = frozenset[str]
MAX_CLAUSES = 20_000
MAX_WORK = 3_000_000
"""Literals looked at while a DRAT proof is checked."""

_LITERAL = re.compile(r"(?:~|¬|!|-|\\neg\s?|\\lnot\s?|not\s+)?\s*[A-Za-z0-9_][\w']{0,60}(?:\([\w,\s']{0,60}\))?", re.I)
_DIMACS = re.compile(r"-?[1-9][0-9]{0,8}")
"""One spelling for each literal: with ``--9`` beside ``9`` negation is not its own inverse: all is provable."""
_EMPTY = frozenset(("[]", "{}", "□", "⊥", "\\bot", "\\square", "\\box", "empty", "false", "()", "empty clause", "∅"))
_CITED = re.compile(
    r"(?:(?<=\s)[\[(]|\s\s|\t|;|\bfrom\b|\bby\b|\bres(?:olution|olve)?\b|:)[^\d\[(]{0,40}(\d{1,6})\D{1,12}(\d{1,6})\W*$",
    re.I,
)


def read_clause(text: str) -> Clause:
    """A clause: literals joined by ``|``, ``∨``, "or", or commas in braces; raises ``ValueError``."""
    bare = text.strip().strip("$. ")
    if bare.lower() in _EMPTY:
        return frozenset()
    if bare[:1] in "{([" and bare[-1:] in "})]":
        bare = bare[1:-1]
    parts = [part.strip() for part in re.split(r"\s+or\s+|\||∨|\\lor|\\vee|,|\bv\b", bare)]
    if not all(_LITERAL.fullmatch(part) for part in parts):
        raise ValueError(f"{text.strip()[:60]!r} is no clause")
    return frozenset(_literal(part) for part in parts)


def _literal(text: str) -> str:
    bare = re.sub(r"^(?:~|¬|!|-|\\neg|\\lnot|not\s)\s*", "", text, flags=re.IGNORECASE)
    return ("-" if bare != text else "") + re.sub(r"\s", "", bare)


def negated(literal: str) -> str:
    """The literal that says the opposite."""
    return literal[1:] if literal.startswith("-") else "-" + literal


def check_resolution(text: str, clauses: Sequence[Clause]) -> Fault | int | None:
    """The first line that is neither a given clause nor a resolvent of the two it cites; given ones need no line."""
    lines = proof_block(text)
    if not lines:
        return None
    known: dict[int, Clause] = dict(enumerate(clauses, 1))
    own: dict[int, Clause] = {}
    given, clause = set(clauses), None
    for line in lines:
        match = re.match(r"\W*(\d{1,6})\W?[.):\]]?\s*(.*)$", line)
        if match is None or len(line) > 4_000:
            return Fault(0, "a line cannot be read", line[:200])
        number, rest = int(match[1]), match[2]
        cited = _CITED.search(rest)
        statement = rest[: cited.start()] if cited else re.split(r"\s{2,}|[\[;:]|\(?\bgiven\b|\(?\bpremise\b", rest)[0]
        try:
            clause = read_clause(statement)
        except ValueError as error:
            return Fault(number, str(error), line[:200])
        if number in own:
            return Fault(number, "its number is taken", line[:200])
        parents = [{**known, **own}.get(int(one)) for one in cited.groups()] if cited else []
        if clause not in given and not (parents and _resolvent(parents, clause)):
            return Fault(number, "it is no given clause and no resolvent of what it cites", line[:200])
        own[number] = clause
    if clause != frozenset():
        return Fault(max(own), "the last clause is not the empty one")
    return len(own)


def _resolvent(parents: Sequence[Clause | None], clause: Clause) -> bool:
    left, right = parents
    if left is None or right is None:
        return False
    return any((left - {one}) | (right - {negated(one)}) == clause for one in left if negated(one) in right)


def read_dimacs(text: str) -> list[Clause]:
    """Clauses of a DIMACS file; raises ``InvalidTask``."""
    numbers = " ".join(line for line in text.splitlines() if line[:1] not in ("c", "p")).split()
    clauses: list[Clause] = []
    current: list[str] = []
    for number in numbers:
        if number != "0" and not _DIMACS.fullmatch(number):
            raise InvalidTask(f"{number[:20]!r} is no literal of DIMACS")
        if number == "0":
            clauses.append(frozenset(current))
            current = []
        else:
            current.append(number)
    if current or not clauses:
        raise InvalidTask("a clause of DIMACS ends in 0")
    return clauses


def check_drat(text: str, clauses: Iterable[Clause]) -> Fault | int | None:
    """The first clause that has neither RUP nor RAT on its first literal; the proof must end in the empty clause."""
    block = last_block(text)
    lines = [
        line
        for line in (text if block is None else block).splitlines()
        if re.fullmatch(r"[d0-9\s-]+", line) and re.search(r"[0-9]", line)
    ]
    if not lines:
        return None
    active = list(clauses)
    work = [MAX_WORK]
    for number, line in enumerate(lines, 1):
        fields = line.split()
        delete = fields[0] == "d"
        literals = fields[1:] if delete else fields
        clause = frozenset(literals[:-1])
        if literals[-1:] != ["0"] or len(literals) > 10_000 or not all(map(_DIMACS.fullmatch, clause)):
            return Fault(number, "a line is literals and a final 0", line[:200])
        if delete:
            if clause in active:
                active.remove(clause)
            continue
        if not (_rup(active, clause, work) or _rat(active, clause, literals[0], work)):
            return Fault(number, "it follows neither by unit propagation nor as a RAT clause", line[:200])
        if not clause:
            return number
        active.append(clause)
        if len(active) > MAX_CLAUSES:
            raise LimitExceeded(f"more than {MAX_CLAUSES} clauses", limit="size")
    return number if _rup(active, frozenset(), work) else Fault(len(lines), "the empty clause is not derived")


def _rup(clauses: Sequence[Clause], clause: Clause, work: list[int]) -> bool:
    """Whether unit propagation from the clauses and the opposite of ``clause`` reaches a conflict."""
    true = {negated(literal) for literal in clause}
    if any(negated(literal) in true for literal in true):
        return True
    changed = True
    while changed:
        changed = False
        for other in clauses:
            work[0] -= 1 + len(other)
            if work[0] < 0:
                raise LimitExceeded("checking the proof takes too long", limit="time")
            if not other.isdisjoint(true):
                continue
            free = [literal for literal in other if negated(literal) not in true]
            if not free:
                return True
            if len(free) == 1:
                true.add(free[0])
                changed = True
    return False


def _rat(clauses: Sequence[Clause], clause: Clause, pivot: str, work: list[int]) -> bool:
    """Whether every resolvent of ``clause`` on its first literal has RUP."""
    if not clause:
        return False
    opposite = negated(pivot)
    return all(_rup(clauses, clause | (other - {opposite}), work) for other in clauses if opposite in other)
