"""Before a run: is that a reward server, do we speak its version, does it know our verifiers and our references?"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from trainer_client.client import RewardClient
from trainer_client.data import SHOWN, Row
from trainer_client.errors import DataError, IncompatibleServer, ServerUnreachable
from trainer_client.wire import Item, Outcome


def greet(client: RewardClient, verifiers: Sequence[str] = ()) -> str:
    """The version of the server. Raises ``RewardClientError`` where it does not answer, or would not understand us."""
    health = client.get("/healthz")
    if not isinstance(health, dict) or "version" not in health:
        raise IncompatibleServer("what answers there is no reward server: /healthz tells no version")
    theirs, ours = str(health["version"]), version("reward-server")
    if _line(theirs) != _line(ours):
        raise IncompatibleServer(f"the server is version {theirs} and this client {ours}: install the same of both")
    known = {entry["name"] for entry in client.get("/v1/verifiers")}
    unknown = sorted(set(verifiers) - known)
    if unknown:
        raise DataError(f"the server has no verifier {', '.join(unknown)}; it has {', '.join(sorted(known))}")
    return theirs


def _line(version: str) -> tuple[str, ...]:
    """What must be equal: the major version, and before 1.0 the minor one too."""
    major, minor, *_ = [*version.split("."), "0"]
    return (major, minor) if major == "0" else (major,)


@dataclass
class References:
    """What came of verifying references against themselves."""

    invalid: dict[int, str] = field(default_factory=dict)
    """Row (its number in the dataset, where it carries one) → why the verifier cannot use its reference."""
    verified: Counter[str] = field(default_factory=Counter)
    """Verifier → rows whose reference, given as the answer, is right."""
    unequal: dict[str, list[int]] = field(default_factory=dict)
    """Verifier → rows whose reference, given as the answer, is not."""


def check_references(client: RewardClient, rows: Sequence[Row]) -> References:
    """Verify every reference against itself. Raises ``ServerUnreachable`` where that cannot be done.

    A reference that is text is given back as the answer, plain and boxed. One that is not (tests, a schema) is no
    answer, but its verifier still says whether it can be used.
    """
    items = [
        Item(
            reference=row["answer"],
            completions=_as_answers(row["answer"]),
            verifier=row["verifier"],
            params=json.loads(row["params"]) if row.get("params") else {},
        )
        for row in rows
    ]
    found = References()
    for number, (row, result) in enumerate(zip(rows, client.score(items), strict=True)):
        outcomes = {verdict.outcome for verdict in result.verdicts}
        faulty = next((v for v in result.verdicts if v.outcome is Outcome.INVALID_TASK), None)
        if outcomes == {Outcome.UNAVAILABLE}:
            raise ServerUnreachable(f"row {row.get('row', number)} could not be verified: {result.verdicts[0].reason}")
        if faulty is not None:
            found.invalid[row.get("row", number)] = _message(faulty.detail or {}, faulty.reason)
        elif Outcome.CORRECT in outcomes:
            found.verified[row["verifier"]] += 1
        elif not _is_structured(row["answer"]):
            found.unequal.setdefault(row["verifier"], []).append(row.get("row", number))
    return found


def refuse_invalid(found: References) -> None:
    """Raise ``DataError`` that names the rows whose references cannot be used."""
    if found.invalid:
        where = ", ".join(str(number) for number in list(found.invalid)[:SHOWN])
        more = " …" if len(found.invalid) > SHOWN else ""
        first = next(iter(found.invalid.values()))
        raise DataError(f"{len(found.invalid)} references cannot be used (rows {where}{more}): {first}")


def _as_answers(reference: str) -> list[str]:
    return [""] if _is_structured(reference) else [f"\\boxed{{{reference}}}", reference]


def _is_structured(reference: str) -> bool:
    if not reference.lstrip().startswith(("{", "[")):
        return False
    try:
        return isinstance(json.loads(reference), dict | list)
    except ValueError:
        return False


def _message(detail: dict[str, Any], reason: str | None) -> str:
    said = next((detail[key] for key in ("error", "message", "why") if key in detail), None)
    return f"{reason}: {said}" if said else str(reason)
