"""Patterns that a completion must, may or must not match."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field
from typing_extensions import TypedDict

from reward_server.errors import InvalidTask
from reward_server.types import Completion, Lane, Limits, Outcome, Verdict, correct, incorrect, no_answer
from reward_server.verifiers.base import Context, Example, StrictModel
from reward_server.verifiers.final_answer import final_answer
from reward_server.verifiers.patterns import Pattern, compiled, search


class RegexReference(StrictModel):
    """Patterns; at least one."""

    all_of: list[str] = Field(default_factory=list, description="Each must match")
    any_of: list[str] = Field(default_factory=list, description="At least one must match")
    none_of: list[str] = Field(default_factory=list, description="None may match")


class RegexParams(StrictModel):
    """How patterns are searched."""

    flags: str = Field(
        "", pattern="^[imsx]*$", description="i ignore case, m multi-line, s dot matches newline, x verbose"
    )
    full_match: bool = Field(False, description="all_of and any_of must match all of the text, not a part of it")
    where: Literal["completion", "answer"] = Field("completion", description="All of the text, or the stated answer")


class RegexDetail(TypedDict, total=False):
    """Patterns that did not do what was asked, and the text that was searched."""

    extracted: str
    missing: list[str]
    forbidden: list[str]


@dataclass(frozen=True, slots=True)
class Task:
    """Compiled patterns."""

    params: RegexParams
    all_of: tuple[Pattern, ...]
    any_of: tuple[Pattern, ...]
    none_of: tuple[Pattern, ...]


class Regex:
    """Right if every pattern of ``all_of``, one of ``any_of`` and none of ``none_of`` matches.

    A reference that is a plain string is one pattern that must match. Patterns are those of the ``regex`` package;
    a search that takes more than a second is ``limit_exceeded``. ``score`` is the share of conditions that hold.
    """

    name = "regex"
    version = "1"
    lane = Lane.CPU
    limits = Limits(time_s=10.0)
    cost_s = 3e-5
    Reference = str | RegexReference
    Params = RegexParams
    Detail = RegexDetail
    examples = (
        Example("a pattern", r"\b\d{4}-\d{2}-\d{2}\b", "Due on 2024-05-06.", Outcome.CORRECT),
        Example("not there", r"\b\d{4}-\d{2}-\d{2}\b", "Due in May.", Outcome.INCORRECT),
        Example("and nothing forbidden", {"all_of": ["cat"], "none_of": ["dog"]}, "cat and dog", Outcome.INCORRECT),
        Example("in the answer", "yes", "no? \\boxed{yes}", Outcome.CORRECT, {"where": "answer", "full_match": True}),
        Example("nothing said", "x", " ", Outcome.NO_ANSWER),
    )

    def prepare(self, reference: str | RegexReference, params: RegexParams, context: Context) -> Task:
        """Compile all patterns; raises ``InvalidTask``."""
        if isinstance(reference, str):
            reference = RegexReference(all_of=[reference])
        groups = (reference.all_of, reference.any_of, reference.none_of)
        if not 0 < sum(map(len, groups)) <= 100:
            raise InvalidTask("give between one and 100 patterns")
        all_of, any_of, none_of = (tuple(compiled(one, params.flags) for one in group) for group in groups)
        return Task(params, all_of, any_of, none_of)

    def verify(self, task: Task, completion: Completion, context: Context) -> Verdict:
        """Search every pattern."""
        text = completion.text
        if task.params.where == "answer":
            stated = final_answer(text)
            text = stated.text if stated else ""
        if not text.strip():
            return no_answer()
        full = task.params.full_match
        missing = [one.pattern for one in task.all_of if not search(one, text, full=full)]
        if task.any_of and not any(search(one, text, full=full) for one in task.any_of):
            missing.append(" | ".join(one.pattern for one in task.any_of))
        forbidden = [one.pattern for one in task.none_of if search(one, text)]
        conditions = len(task.all_of) + bool(task.any_of) + len(task.none_of)
        broken = len(missing) + len(forbidden)
        detail: RegexDetail = {
            "extracted": text[:200],
            "missing": [one[:500] for one in missing],
            "forbidden": [one[:500] for one in forbidden],
        }
        return incorrect({**detail}, score=1 - broken / conditions) if broken else correct({**detail})
