"""The audit finds the rows that are planted as broken, and none of the others."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from reward_server.audit import Columns, Kind, Options, audit, reverify
from reward_server.audit.mutants import constants, mutants, stubs
from reward_server.audit.report import render, write_report
from reward_server.audit.rows import read_rows
from reward_server.audit.run import write_clean
from reward_server.auditing import columns_of
from reward_server.errors import ConfigurationError
from reward_server.types import Completion
from reward_server.verifiers.choice import Choice
from reward_server.verifiers.match import Match
from reward_server.verifiers.math import MathVerifier
from reward_server.verifiers.registry import Registry

REGISTRY = Registry()
for verifier in (Match(), Choice(), MathVerifier()):
    REGISTRY.register(verifier)
DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def score(items: Sequence[Mapping[str, Any]]) -> list[list[dict[str, Any]]]:
    """The registry in place of a server: verdicts as the API writes them."""
    return [
        [
            asdict(verdict) | {"outcome": verdict.outcome.value, "reward": verdict.reward}
            for text in item["completions"]
            for verdict in [REGISTRY.verify_once(item["verifier"], item["reference"], item["params"], Completion(text))]
        ]
        for item in items
    ]


class Scripted:
    """Answers by what a completion says, and counts what it is asked."""

    def __init__(self, **outcomes: str) -> None:
        self.outcomes = outcomes
        self.asked = 0
        self.flips = 0

    def __call__(self, items: Sequence[Mapping[str, Any]]) -> list[list[dict[str, Any]]]:
        self.asked += len(items)
        return [[self.verdict(text) for text in item["completions"]] for item in items]

    def verdict(self, text: str) -> dict[str, Any]:
        outcome = next((said for word, said in self.outcomes.items() if word in text), "incorrect")
        if outcome == "flips":
            self.flips += 1
            outcome = ("correct", "incorrect")[self.flips % 2]
        run_s = 20.0 if "slow" in text else 0.1
        return {"outcome": outcome, "reward": 1.0 if outcome == "correct" else 0.0, "run_s": run_s, "detail": {}}


ROWS = [
    {"q": "1+1", "a": "2"}, {"q": "1+2", "a": "3"}, {"q": "broken", "a": "\\frac{1"}, {"q": "1+1", "a": "2"},
    {"q": "1 + 2", "a": "3"}, {"q": "1+2", "a": "4"}, {"q": "empty", "a": ""},
]  # fmt: skip
MATH = Columns(reference="a", verifier="math", prompt="q")


def test_planted_rows_are_found_and_no_others() -> None:
    result = audit(ROWS, MATH, score)
    assert [(finding.row, finding.kind) for finding in result.findings] == [
        (2, Kind.UNREADABLE), (3, Kind.DUPLICATE), (5, Kind.CONTRADICTION), (6, Kind.UNREADABLE),
    ]  # fmt: skip
    assert result.broken == {2, 5, 6}
    assert not result.fit
    assert audit(ROWS, MATH, score, Options(max_bad_share=0.5)).fit
    assert audit(ROWS[:2], MATH, score).fit


def test_the_clean_file_holds_the_fit_rows_once(tmp_path: Path) -> None:
    path = tmp_path / "clean.jsonl"
    assert write_clean(ROWS, audit(ROWS, MATH, score), path) == 3
    assert read_rows(path) == [ROWS[0], ROWS[1], ROWS[4]]


PROGRAM = "def f(a, b):\n    return a + b if a < 3 else a * 2\n"
CODE = Columns(reference="tests", verifier="code", solution="solution")


@pytest.mark.parametrize(
    ("outcomes", "kinds"),
    [
        ({"def f": "correct", "return None": "correct"}, {Kind.WEAK, Kind.MUTANT_SURVIVES}),
        ({"a + b": "correct"}, {Kind.MUTANT_SURVIVES}),
        ({"zzz": "correct"}, {Kind.GOLD_REJECTED}),
        ({"a + b": "flips"}, {Kind.FLAKY, Kind.MUTANT_SURVIVES}),
        ({"def f": "limit_exceeded"}, {Kind.SLOW}),
        ({"def f": "unavailable"}, {Kind.UNDECIDED}),
        ({"def f": "invalid_task"}, {Kind.UNREADABLE}),
    ],
)
def test_programs_are_held_against_their_tests(outcomes: dict[str, str], kinds: set[Kind]) -> None:
    stub = {f"    return {said}\n": "incorrect" for said in ("None", "0", "True", "False", "''", "[]", "a")}
    scripted = Scripted(**({} if "return None" in outcomes else stub) | outcomes)
    result = audit([{"tests": "t", "solution": PROGRAM}], CODE, scripted, Options(mutants=20))
    assert {finding.kind for finding in result.findings} == kinds


def test_a_slow_solution_is_found() -> None:
    result = audit([{"tests": "t", "solution": "slow = 1"}], CODE, Scripted(slow="correct"), Options(mutants=0))
    assert [finding.kind for finding in result.findings] == [Kind.SLOW]


def test_mutants_change_one_thing_and_stubs_do_nothing() -> None:
    changed = [program for program, _ in mutants(PROGRAM, 20)]
    assert len(changed) == len(set(changed)) == 5
    assert all("a + b if a < 3 else a * 2" not in one for one in changed)
    assert [note for _, note in mutants(PROGRAM, 2)] == ["a < 3 changed to a <= 3", "a * 2 changed to a + 2"]
    said = [one.splitlines()[-1].strip().removeprefix("return ") for one in stubs(PROGRAM)]
    assert said == ["None", "0", "True", "False", "''", "[]", "a"]
    assert not list(mutants("not python (", 5)) and not list(stubs("x = 1"))


@pytest.mark.parametrize(
    ("reference", "programs"),
    [
        ({"tests": {"kind": "stdio", "cases": [{"output": "1"}, {"output": "2"}, {"output": "2"}]}},
         ["print('1', end='')", "print('2', end='')"]),
        ({"tests": {"kind": "stdio", "cases": [{"output": "1"}]}}, []),
        ({"tests": {"kind": "function", "entry": "f", "cases": [{"expected": [1]}, {"expected": [1]}]}},
         ["def f(*args, **kwargs):\n    return [1]"]),
        ({"language": "rust", "tests": {"kind": "stdio", "cases": [{"output": "1"}, {"output": "2"}]}}, []),
        ("a text", []),
    ],
)  # fmt: skip
def test_constant_programs_say_what_the_tests_expect_first_and_most(reference: Any, programs: list[str]) -> None:
    assert list(constants(reference)) == programs


@pytest.mark.parametrize(
    ("verifier", "reference", "gold"),
    [
        ("sql", {"query": "SELECT 1"}, "```sql\nSELECT 1\n```"),
        ("extraction", {"record": {"a": 1}}, '{"a": 1}'),
        ("tool_call", {"calls": [{"name": "f", "arguments": {}}]}, '[{"name": "f", "arguments": {}}]'),
        ("math", ["1", "2"], "\\boxed{1}"),
        ("choice", ["A", "C"], "Answer: A, C"),
    ],
)
def test_a_reference_that_is_an_answer_is_held_against_itself(verifier: str, reference: Any, gold: str) -> None:
    scripted = Scripted(**{gold: "correct"})
    assert audit([{"r": reference}], Columns(reference="r", verifier=verifier), scripted).fit
    rejected = audit([{"r": reference}], Columns(reference="r", verifier=verifier), Scripted())
    assert [finding.kind for finding in rejected.findings] == [Kind.GOLD_REJECTED]


def test_the_command_line_names_columns_of_typed_references() -> None:
    columns = columns_of(["tests.kind==asserts", "tests.code=test"], verifier="code", params='{"time_s": 2}')
    assert columns.reference == {"tests.kind": "=asserts", "tests.code": "test"}
    assert columns.fixed_params == {"time_s": 2} and columns.params == ""
    assert columns_of(["answer"], verifier="math", params="p").params == "p"
    for reference, more in ((["a", "b"], {}), (["a", "k=b"], {}), (["a"], {"params": "{"}), (["a"], {"verifier": ""})):
        with pytest.raises(ConfigurationError):
            columns_of(reference, **{"verifier": "math", **more})


def test_an_audit_goes_on_where_its_journal_ends(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    rows = [{"q": str(n), "a": str(n)} for n in range(1, 21)]
    first = Scripted(boxed="correct")
    whole = audit(rows, MATH, first, Options(batch_rows=5), journal=journal)
    assert first.asked == 20
    kept = journal.read_text().splitlines(keepends=True)
    lines = [line for line in kept if line.strip()]
    journal.write_text("".join(lines[:12]) + lines[12][:20])
    second = Scripted(boxed="correct")
    steps: list[tuple[int, int]] = []
    again = audit(rows, MATH, second, Options(batch_rows=5), journal=journal, progress=lambda *step: steps.append(step))
    assert second.asked == 8
    assert again.findings == whole.findings
    assert steps[0] == (12, 20) and steps[-1] == (20, 20)
    changed = Scripted(boxed="correct")
    audit([*rows[:-1], {"q": "20", "a": "21"}], MATH, changed, journal=journal)
    assert changed.asked == 1


def test_what_the_service_could_not_tell_is_asked_again(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    rows = [{"q": "1", "a": "1"}]
    assert audit(rows, MATH, Scripted(boxed="unavailable"), journal=journal).counts[Kind.UNDECIDED] == 1
    scripted = Scripted(boxed="correct")
    audit(rows, MATH, scripted, journal=journal)
    assert scripted.asked == 1


def test_the_report_shows_what_was_found_and_escapes_what_the_data_says(tmp_path: Path) -> None:
    rows = [{"q": "x", "a": "<script>alert(1)</script>"}]
    result = audit(rows, MATH, score)
    page = render(result, "<b>data</b>")
    assert "<script>" not in page and "<b>data" not in page
    assert "unreadable" in page and "<svg" in page
    write_report(result, tmp_path / "report.html", "data")
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")


def test_every_format_of_rows_is_read(tmp_path: Path) -> None:
    rows = [{"q": "a", "a": "1"}, {"q": "b", "a": "2"}]
    (tmp_path / "x.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "x.json").write_text(json.dumps(rows))
    (tmp_path / "x.csv").write_text("q,a\na,1\nb,2\n")
    (tmp_path / "y.jsonl.gz").write_bytes(gzip.compress((tmp_path / "x.jsonl").read_bytes()))
    assert read_rows(tmp_path / "y.jsonl.gz") == rows
    for ending in ("jsonl", "json", "csv"):
        assert read_rows(tmp_path / f"x.{ending}") == rows
    for name, text in (
        ("x.txt", "x"),
        ("y.jsonl", "{}\\n{"),
        ("z.json", "[]"),
        ("missing.csv", None),
        ("w.jsonl", "1"),
    ):
        if text is not None:
            (tmp_path / name).write_text(text)
        with pytest.raises(ConfigurationError):
            read_rows(tmp_path / name)


def test_parquet_rows_are_read(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    from pyarrow import parquet

    rows = [{"q": "a", "meta": {"answer": "1"}}]
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "x.parquet")
    assert read_rows(tmp_path / "x.parquet") == rows
    nested = Columns(reference="meta.answer", verifier="match")
    assert audit(read_rows(tmp_path / "x.parquet"), nested, score).fit


def test_a_row_may_name_its_verifier_and_params_and_the_reference_may_stand_behind_a_mark() -> None:
    rows: list[dict[str, Any]] = [
        {"v": "choice", "r": "B", "p": '{"options": ["x", "y"]}'}, {"v": "match", "r": "so it is #### 7", "p": None},
    ]  # fmt: skip
    columns = Columns(reference="r", verifier_column="v", params="p", answer_after="####")
    assert audit(rows, columns, score).fit
    for columns in (Columns(reference="r"), Columns(reference="nope", verifier="math")):
        with pytest.raises(ConfigurationError):
            audit([{"r": "1"}], columns, score)


def test_a_typed_reference_and_a_joined_solution_come_from_several_columns() -> None:
    seen: list[Any] = []

    def record(items: Sequence[Mapping[str, Any]]) -> list[list[dict[str, Any]]]:
        seen.extend(items)
        return Scripted(head="correct")(items)

    keys = {"tests.code": "t", "tests.kind": "=asserts", "entry": "m.e"}
    columns = Columns(reference=keys, verifier="code", solution="head+body")
    rows = [{"t": "assert 1", "m": {"e": "f"}, "head": "head = ", "body": "1"}]
    assert audit(rows, columns, record, Options(mutants=0)).fit
    assert seen[0]["reference"] == {"tests": {"code": "assert 1", "kind": "asserts"}, "entry": "f"}
    assert "head = 1" in seen[0]["completions"][0]


def rollout(*rewards: Any, **more: Any) -> dict[str, Any]:
    said = ["4", "5"][: len(rewards)]
    return {"verifier": "match", "reference": "4", "params": {}, "completions": said, "rewards": [*rewards], **more}


def test_reverify_lists_exactly_the_rewards_that_changed() -> None:
    kept = rollout(1.0)
    rollouts = [
        rollout(1.0, 0.0, id="a"),
        rollout(0.0, None, id="b"),
        {**kept, "rewards": None, "verdicts": [{"reward": 1}]},
    ]
    result = reverify(rollouts, score, batch_rows=2)
    assert [(one.id, one.completion, one.before, one.after) for one in result.changes] == [
        ("b", 0, 0.0, 1.0),
        ("b", 1, None, 0.0),
    ]
    assert result.compared == 4 and not result.undecided and not result.unreadable


def test_rows_that_are_no_rollouts_are_named_and_the_others_scored() -> None:
    broken: list[dict[str, Any]] = [
        {"verifier": "match", "completions": ["4"]}, rollout(1.0, completions=["4", "5"]), {"rewards": [1.0]},
        rollout(0.5), rollout(True), rollout("1"), rollout(1.0, completions="4"), rollout(1.0, completions=[]),
    ]  # fmt: skip
    result = reverify([*broken, rollout(0.0)], score)
    assert list(result.unreadable) == list(range(len(broken)))
    assert "1 rewards" in result.unreadable[1] and "0.5 is no reward" in result.unreadable[3]
    assert [one.row for one in result.changes] == [len(broken)]


def test_reverify_goes_on_where_its_journal_ends_and_asks_again_what_could_not_be_told(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    rollouts = [rollout(float(number % 2)) for number in range(10)]
    whole = reverify(rollouts, score, journal=journal)
    lines = [line for line in journal.read_text().splitlines(keepends=True) if line.strip()]
    journal.write_text("".join(lines[:6]) + lines[6][:25])
    asked: list[Mapping[str, Any]] = []

    def counted(items: Sequence[Mapping[str, Any]]) -> list[list[dict[str, Any]]]:
        asked.extend(items)
        return score(items)

    assert reverify(rollouts, counted, journal=journal) == whole
    assert len(asked) == 4
    away = Scripted(**{"4": "unavailable"})
    assert reverify([rollout(1.0)], away, journal=tmp_path / "other").undecided == 1
    assert reverify([rollout(1.0)], counted, journal=tmp_path / "other").compared == 1


def _shared(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{path} is missing")
        pytest.skip(f"{path} is not beside this checkout")
    return path


@pytest.mark.slow
def test_the_audit_of_real_competition_mathematics_finds_only_what_is_there() -> None:
    rows = read_rows(_shared("math_train.json"))
    result = audit(rows, Columns(reference="answer", verifier="math", prompt="problem"), score)
    assert result.rows == len(rows)
    assert result.counts[Kind.WEAK] == 0
    assert len(result.broken) <= len(rows) * 0.01
