"""The outer form of a completion: tags in order, a box, a length. A gate, not a judge of content."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pydantic import Field
from typing_extensions import TypedDict

from reward_server.errors import InvalidTask
from reward_server.types import Completion, Lane, Limits, Outcome, Verdict, correct, incorrect, no_answer
from reward_server.verifiers.base import Context, Example, NoParams, StrictModel
from reward_server.verifiers.final_answer import final_answer
from reward_server.verifiers.listing import document
from reward_server.verifiers.structured import fenced_blocks

Preset = Literal["think_answer", "answer", "boxed", "json", "code_block"]


class FormatReference(StrictModel):
    """What is asked of the form; every condition given must hold."""

    tags: list[str] = Field(default_factory=list, description="Each exactly once, closed, not empty, in this order")
    only_tags: bool = Field(True, description="Nothing but white space stands outside the tags")
    boxed: bool = Field(False, description="A closed, non-empty \\boxed{}")
    json_document: bool = Field(False, description="The completion holds a JSON document")
    code_block: bool = Field(False, description="The completion holds a closed fenced block that is not empty")
    min_characters: int = Field(0, ge=0)
    max_characters: int | None = Field(None, ge=1)


class FormatDetail(TypedDict, total=False):
    """Conditions that do not hold."""

    broken: list[str]


@dataclass(frozen=True, slots=True)
class Task:
    """Conditions by what they say; each tells whether a text keeps it."""

    conditions: tuple[tuple[str, Callable[[str], bool]], ...]


class Format:
    """Right if the completion has the form asked for: tags, a box, a document, a length.

    The reference is a preset (``think_answer``, ``answer``, ``boxed``, ``json``, ``code_block``) or the conditions
    themselves. It sees a completion whole, with its thinking.
    Made to be the gate of a ``composite``.
    """

    name = "format"
    version = "1"
    lane = Lane.CPU
    wants_thinking = True
    limits = Limits(time_s=2.0)
    cost_s = 2e-5
    Reference = Preset | FormatReference
    Params = NoParams
    Detail = FormatDetail
    examples = (
        Example("tags in order", "think_answer", "<think>2+2</think>\n<answer>4</answer>", Outcome.CORRECT),
        Example("text outside", "think_answer", "<think>2+2</think> so <answer>4</answer>", Outcome.INCORRECT),
        Example("a tag twice", "answer", "<answer>4</answer><answer>5</answer>", Outcome.INCORRECT),
        Example("own tags", {"tags": ["plan"], "only_tags": False}, "So: <plan>a</plan>", Outcome.CORRECT),
        Example("a box", "boxed", "So \\boxed{4}", Outcome.CORRECT),
        Example("too long", {"max_characters": 3}, "four", Outcome.INCORRECT),
        Example("nothing said", "boxed", "", Outcome.NO_ANSWER),
    )  # fmt: skip

    def prepare(self, reference: Preset | FormatReference, params: NoParams, context: Context) -> Task:
        """Turn the reference into conditions; raises ``InvalidTask``."""
        asked = _PRESETS[reference] if isinstance(reference, str) else reference
        if any(not re.fullmatch(r"[A-Za-z][\w-]{0,40}", tag) for tag in asked.tags):
            raise InvalidTask("a tag is a letter, then letters, digits, - or _")
        if len(set(asked.tags)) != len(asked.tags) or len(asked.tags) > 20:
            raise InvalidTask("tags are distinct, and at most 20")
        conditions: list[tuple[str, Callable[[str], bool]]] = []
        for tag in asked.tags:
            conditions.append((f"<{tag}> stands exactly once, closed and not empty", _tag_once(tag)))
        if asked.tags:
            layout = _layout(asked.tags, asked.only_tags)
            where = "in order, with nothing outside" if asked.only_tags else "in order"
            conditions.append((f"the tags stand {where}", lambda text: layout.fullmatch(text) is not None))
        if asked.boxed:
            conditions.append(("a closed, non-empty \\boxed{}", _boxed))
        if asked.json_document:
            conditions.append(("a JSON document", _has_json))
        if asked.code_block:
            conditions.append(
                ("a closed code block", lambda text: any(body.strip() for _, body in fenced_blocks(text)))
            )
        if (least := asked.min_characters) > 0:
            conditions.append((f"at least {least} characters", lambda text: len(text.strip()) >= least))
        if (most := asked.max_characters) is not None:
            conditions.append((f"at most {most} characters", lambda text: len(text.strip()) <= most))
        if not conditions:
            raise InvalidTask("the reference asks for nothing")
        return Task(tuple(conditions))

    def verify(self, task: Task, completion: Completion, context: Context) -> Verdict:
        """Check each condition."""
        if not completion.whole.strip():
            return no_answer()
        broken = [name for name, holds in task.conditions if not holds(completion.whole)]
        if broken:
            return incorrect({"broken": broken}, score=1 - len(broken) / len(task.conditions))
        return correct({"broken": []})


_PRESETS: dict[str, FormatReference] = {
    "think_answer": FormatReference.model_validate({"tags": ["think", "answer"]}),
    "answer": FormatReference.model_validate({"tags": ["answer"], "only_tags": False}),
    "boxed": FormatReference.model_validate({"boxed": True}),
    "json": FormatReference.model_validate({"json_document": True}),
    "code_block": FormatReference.model_validate({"code_block": True}),
}


def _tag_once(tag: str) -> Callable[[str], bool]:
    opening, closing = f"<{tag}>", f"</{tag}>"

    def holds(text: str) -> bool:
        if text.count(opening) != 1 or text.count(closing) != 1:
            return False
        start, end = text.index(opening) + len(opening), text.index(closing)
        return start <= end and bool(text[start:end].strip())

    return holds


def _layout(tags: list[str], only: bool) -> re.Pattern[str]:
    """All tags in order; linear, since a closing tag ends each part at its first place."""
    between = r"\s*" if only else r".*?"
    parts = [rf"<{tag}>(?:(?!</{tag}>).)*</{tag}>" for tag in tags]
    return re.compile(between + between.join(parts) + (r"\s*" if only else r".*"), re.DOTALL)


def _boxed(text: str) -> bool:
    stated = final_answer(text)
    return stated is not None and stated.rule == "boxed" and bool(stated.text.strip())


def _has_json(text: str) -> bool:
    return document(text) is not None
