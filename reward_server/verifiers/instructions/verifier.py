"""The ``instructions`` verifier: every instruction of an item, strictly or loosely."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import AliasChoices, Field, JsonValue, ValidationError, create_model
from typing_extensions import TypedDict

from reward_server.errors import InvalidTask, LimitExceeded
from reward_server.types import Completion, Lane, Limits, Outcome, Verdict, correct, incorrect, no_answer
from reward_server.verifiers.base import Context, Example, StrictModel
from reward_server.verifiers.instructions.ifbench import IFBENCH
from reward_server.verifiers.instructions.ifbench_tasks import IFBENCH_TASKS
from reward_server.verifiers.instructions.ifeval import IFEVAL
from reward_server.verifiers.instructions.training import FUNCTIONS, IFEVALG

INSTRUCTIONS: Mapping[str, Callable[..., bool]] = {**IFEVAL, **IFEVALG, **IFBENCH, **IFBENCH_TASKS}
NOT_SERVED: Mapping[str, str] = {
    "count:words_french": "the language of a single word cannot be told",
    "words:start_verb": "whether a word is a verb takes a tagger, a trained model",
}
"""Ids of IFBench that no program decides, and why."""
MAX_TEXT = 200_000
"""Characters of a completion that are checked: more is no answer to an instruction."""


class InstructionList(StrictModel):
    """A row of IFEval or IFBench: ids and, in the same order, their keyword arguments."""

    instruction_id_list: list[str] = Field(
        min_length=1,
        max_length=50,
        validation_alias=AliasChoices("instruction_id_list", "instruction_id"),
        description="Also called `instruction_id`",
    )
    kwargs: list[dict[str, JsonValue] | None] = Field(default_factory=list)
    key: int | str | None = None
    prompt: str = ""


class InstructionFunction(StrictModel):
    """A ground truth of RLVR-IFEval: a function's name with its arguments beside it."""

    model_config = {**StrictModel.model_config, "extra": "allow"}
    func_name: str


class InstructionsParams(StrictModel):
    """How strictly."""

    mode: Literal["strict", "loose"] = Field(
        "strict", description="Loose: also right without its first line, last line, both, or asterisks"
    )


class Followed(TypedDict):
    """One instruction."""

    id: str
    followed: bool


class InstructionsDetail(TypedDict, total=False):
    """Each instruction, and whether it was followed."""

    instructions: list[Followed]


@dataclass(frozen=True, slots=True)
class Task:
    """Checks by their ids, arguments bound."""

    checks: tuple[tuple[str, Callable[[str], bool]], ...]
    loose: bool


class Instructions:
    """Right if the completion follows every instruction; ``score`` is the share that it follows.

    Takes rows of IFEval and IFBench as they are (``instruction_id_list`` with ``kwargs``, nulls dropped), and the
    functions of RLVR-IFEval (``func_name``). Languages are told by langdetect with a fixed seed; a text without letters
    is in no language.
    """

    name = "instructions"
    version = "1"
    lane = Lane.CPU
    limits = Limits(time_s=10.0)
    cost_s = 2e-4
    Reference = InstructionList | InstructionFunction | Annotated[list[InstructionList], Field(max_length=1)]
    Params = InstructionsParams
    Detail = InstructionsDetail

    _two = {
        "instruction_id_list": ["punctuation:no_comma", "length_constraints:number_words"],
        "kwargs": [{}, {"num_words": 3, "relation": "at least"}],
    }
    examples = (
        Example("both followed", _two, "No commas here at all.", Outcome.CORRECT),
        Example("one of two", _two, "One, two, three, four.", Outcome.INCORRECT),
        Example("by function", {"func_name": "validate_end", "end_phrase": "Fin."}, "A tale. Fin.", Outcome.CORRECT),
        Example("loosely", {"instruction_id_list": ["startend:quotation"]}, "Sure:\n\"Yes.\"", Outcome.CORRECT,
                {"mode": "loose"}),
        Example("nothing said", _two, " ", Outcome.NO_ANSWER),
        Example("an unknown id", {"instruction_id_list": ["no:such"]}, "x", Outcome.INVALID_TASK),
    )  # fmt: skip

    def prepare(
        self,
        reference: InstructionList | InstructionFunction | list[InstructionList],
        params: InstructionsParams,
        context: Context,
    ) -> Task:
        """Bind each instruction's arguments; raises ``InvalidTask``."""
        loose = params.mode == "loose"
        if isinstance(reference, InstructionFunction):
            return Task((_from_function(reference),), loose)
        if isinstance(reference, list):
            if not reference:
                raise InvalidTask("the reference names no instruction")
            reference = reference[0]
        ids = reference.instruction_id_list
        kwargs = [given or {} for given in reference.kwargs] or [{}] * len(ids)
        if len(kwargs) != len(ids):
            raise InvalidTask(f"{len(ids)} instructions but {len(kwargs)} kwargs")
        if unknown := [name for name in ids if name not in INSTRUCTIONS]:
            why = NOT_SERVED.get(unknown[0], f"there are: {', '.join(sorted(INSTRUCTIONS))}")
            raise InvalidTask(f"there is no instruction {unknown[0][:80]!r}; {why}")
        checks = [_bound(name, INSTRUCTIONS[name], given) for name, given in zip(ids, kwargs, strict=True)]
        return Task(tuple(checks), loose)

    def verify(self, task: Task, completion: Completion, context: Context) -> Verdict:
        """Check every instruction on the text, or on its loose variants."""
        text = completion.text
        if not text.strip():
            return no_answer()
        if len(text) > MAX_TEXT:
            raise LimitExceeded(f"more than {MAX_TEXT} characters", limit="size")
        variants = list(_variants(text)) if task.loose else [text]
        followed = [any(check(variant) for variant in variants if variant.strip()) for _, check in task.checks]
        rows: list[Followed] = [
            {"id": name, "followed": one} for (name, _), one in zip(task.checks, followed, strict=True)
        ]
        detail: InstructionsDetail = {"instructions": rows}
        if all(followed):
            return correct({**detail})
        return incorrect({**detail}, score=sum(followed) / len(followed))


def _variants(text: str) -> Iterator[str]:
    """The text, without its first line, its last, both; each also without asterisks."""
    lines = text.split("\n")
    for first, last in itertools.product((0, 1), (0, 1)):
        variant = "\n".join(lines[first : len(lines) - last]).strip()
        yield variant
        yield variant.replace("*", "")


def _from_function(reference: InstructionFunction) -> tuple[str, Callable[[str], bool]]:
    name = reference.func_name
    if name not in FUNCTIONS:
        raise InvalidTask(f"there is no function {name[:80]!r}; there are: {', '.join(FUNCTIONS)}")
    function, renamed = FUNCTIONS[name]
    return _bound(name, function, {renamed.get(key, key): one for key, one in (reference.model_extra or {}).items()})


def _bound(name: str, function: Callable[..., bool], kwargs: Mapping[str, Any]) -> tuple[str, Callable[[str], bool]]:
    """The check by its name, its arguments validated by its own signature."""
    given = {key: value for key, value in kwargs.items() if value is not None}
    try:
        model = _arguments(function).model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise InvalidTask(f"{name}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    arguments = model.model_dump()
    if any(value in ("", []) or isinstance(value, list) and "" in value for value in arguments.values()):
        raise InvalidTask(f"{name}: an argument is empty")
    return name, partial(function, **arguments)


@cache
def _arguments(function: Callable[..., bool]) -> type[StrictModel]:
    hints = get_type_hints(function)
    fields: dict[str, Any] = {}
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        fields[parameter.name] = (hints[parameter.name], default)
    return create_model("Arguments", __base__=StrictModel, **fields)
