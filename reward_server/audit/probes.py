"""What is asked about a row: completions that must pass, that must fail, and that should differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from reward_server.audit.mutants import constants, mutants, stubs
from reward_server.audit.rows import Row, column
from reward_server.errors import ConfigurationError
from reward_server.types import Json

ProbeKind = Literal["gold", "solution", "nonsense", "stub", "constant", "mutant"]


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column holds what: a name, a dotted name inside one, or several joined by ``+`` that are read as one text.

    ``verifier`` is a verifier's name; ``verifier_column`` is where each row names its own.
    """

    reference: str | Mapping[str, str]
    """A column; or for a typed reference the column of each of its keys, ``=text`` being the text itself, and a dotted
    key one inside another: ``{"tests.kind": "=asserts", "tests.code": "test"}``."""
    verifier: str = ""
    verifier_column: str = ""
    prompt: str = ""
    solution: str = ""
    params: str = ""
    id: str = ""
    fixed_params: Mapping[str, Json] = field(default_factory=dict)
    answer_after: str = ""
    """The reference is what stands behind the last of this mark in its column: ``####`` or ``A:``."""
    language: str = "python"
    """Of the solutions, where they are programs."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One completion and what it is for."""

    kind: ProbeKind
    text: str
    note: str = ""
    """What is wrong with it, of a mutant."""


@dataclass(frozen=True, slots=True)
class Question:
    """A row as an item with its probes."""

    index: int
    item: dict[str, Json]
    probes: tuple[Probe, ...]


_NONSENSE = ("I do not know.", "\\boxed{\\text{xyzzy}}", "Answer: ?", "```python\npass\n```")
_PROGRAMS = frozenset(("code",))


def question(row: Row, index: int, columns: Columns, *, repeats: int, mutant_count: int) -> Question:
    """The item and probes of a row; raises ``ConfigurationError`` where no row can have what the columns name."""
    verifier = str(column(row, columns.verifier_column) or "") if columns.verifier_column else columns.verifier
    if not verifier:
        raise ConfigurationError("name a verifier, or the column that names it")
    reference = _reference(row, columns)
    params = {**columns.fixed_params, **(_decoded(column(row, columns.params)) or {} if columns.params else {})}
    probes = tuple(_probes(row, columns, verifier, reference, params, repeats, mutant_count))
    item: dict[str, Json] = {
        "id": str(column(row, columns.id) if columns.id else index),
        "verifier": verifier,
        "reference": reference,
        "params": params,
        "completions": [probe.text for probe in probes],
    }
    return Question(index, item, probes)


def _reference(row: Row, columns: Columns) -> Json:
    if not isinstance(columns.reference, str):
        return _nested(row, columns.reference)
    reference = _decoded(column(row, columns.reference))
    if columns.answer_after and isinstance(reference, str) and columns.answer_after in reference:
        reference = reference.rsplit(columns.answer_after, 1)[1].strip()
    return reference


def _nested(row: Row, keys: Mapping[str, str]) -> dict[str, Json]:
    reference: dict[str, Json] = {}
    for key, name in keys.items():
        inner = reference
        *outer, last = key.split(".")
        for part in outer:
            inner = inner.setdefault(part, {})
        inner[last] = name[1:] if name.startswith("=") else _decoded(column(row, name))
    return reference


def _probes(
    row: Row,
    columns: Columns,
    verifier: str,
    reference: Json,
    params: Mapping[str, Any],
    repeats: int,
    mutant_count: int,
) -> Iterator[Probe]:
    """The same completion is asked again with more white space behind it, so that no cache answers for it."""
    gold = _gold(verifier, reference, params)
    if gold is not None:
        yield from (Probe("gold", gold + "\n" * again) for again in range(repeats))
    solution = column(row, columns.solution) if columns.solution else None
    if isinstance(solution, str) and solution.strip():
        program = verifier in _PROGRAMS
        for again in range(repeats):
            text = f"```{columns.language}\n{solution}\n```" if program else solution
            yield Probe("solution", text + "\n" * again)
        if program and columns.language == "python":
            yield from (Probe("stub", f"```python\n{stub}\n```") for stub in stubs(solution))
            changed = mutants(solution, mutant_count)
            yield from (Probe("mutant", f"```python\n{mutant}\n```", note) for mutant, note in changed)
    if verifier in _PROGRAMS:
        yield from (Probe("constant", f"```python\n{one}\n```") for one in constants(reference))
    yield from (Probe("nonsense", text) for text in _NONSENSE)


def _gold(verifier: str, reference: Json, params: Mapping[str, Any]) -> str | None:
    """The right answer as a completion, where the reference is one; None where it only describes one."""
    match verifier, reference:
        case ("choice", list()):
            return "Answer: " + ", ".join(map(str, reference))
        case ("math" | "choice" | "match", [one, *_]):
            return _gold(verifier, one, params)
        case ("math", str() | int() | float()):
            return f"\\boxed{{{reference}}}"
        case ("choice", str()):
            return f"Answer: {reference}"
        case ("match", str() | int() | float()) if params.get("mode") != "regex":
            return str(reference)
        case ("sql", {"query": str(query)}):
            return f"```sql\n{query}\n```"
        case ("extraction", {"record": record}):
            return json.dumps(record, ensure_ascii=False)
        case ("tool_call", {"calls": list(calls)}) if calls:
            return json.dumps(calls, ensure_ascii=False)
        case ("gym", {"entry": {"answer": str(answer)}}):
            return f"<answer>{answer}</answer>"
    return None


def _decoded(value: Any) -> Any:
    """Typed references come out of column formats as JSON text."""
    if isinstance(value, str) and value[:1] in "{[":
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value
