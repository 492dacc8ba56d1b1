"""The ``gym`` verifier: a reasoning-gym task by name, with the entry or the seed that makes it."""

from __future__ import annotations

import contextlib
import importlib.metadata
import io
import math
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import Field, JsonValue
from typing_extensions import TypedDict

from reward_server.errors import InvalidTask, LimitExceeded, Unavailable
from reward_server.types import Completion, Lane, Limits, Outcome, Verdict, correct, incorrect, no_answer
from reward_server.verifiers.base import Context, Example, NoParams, StrictModel, library
from reward_server.verifiers.final_answer import clean, final_answer
from reward_server.verifiers.gym.guards import ANSWERS, ENTRIES, MAX_ANSWER, STRICTER, evaluates_unlisted

_CUE = re.compile(r"(?:final )?answer(?: is)?\s{0,4}:\s{0,4}", re.IGNORECASE)


class GymReference(StrictModel):
    """Which task: an entry as reasoning-gym made it, or the seed and index to make it again."""

    task: str = Field(description="Name of a reasoning-gym data set, for example chain_sum")
    entry: dict[str, JsonValue] | None = Field(None, description="question, answer and metadata")
    seed: int | None = None
    index: int = Field(0, ge=0, le=10**7)
    config: dict[str, JsonValue] = Field(default_factory=dict, description="Settings of the data set")


class GymDetail(TypedDict, total=False):
    """What was scored, and why not."""

    extracted: str
    problem: str
    library: str


@dataclass(frozen=True, slots=True)
class Task:
    """A data set with its scorer, and one entry of it."""

    name: str
    dataset: Any
    entry: Mapping[str, Any]
    library: str


class Gym:
    """Right if the task's own scorer of reasoning-gym gives 1; what it gives is the ``score``.

    The answer is what stands in ``<answer>`` tags, in a box, or behind the last "Answer:", else the whole completion.
    An answer to a task whose scorer evaluates text must be a literal or plain arithmetic; all else is incorrect there.
    """

    name = "gym"
    lane = Lane.CPU
    limits = Limits(time_s=20.0, memory_mb=2048)
    cost_s = 1e-3
    Reference = GymReference
    Params = NoParams
    Detail = GymDetail

    _sum = {"question": "4 - 1 - 7 =", "answer": "-4", "metadata": {}}
    examples = (
        Example("its own answer", {"task": "chain_sum", "entry": _sum}, "<answer>-4</answer>", Outcome.CORRECT),
        Example("another answer", {"task": "chain_sum", "entry": _sum}, "<answer>4</answer>", Outcome.INCORRECT),
        Example("by seed", {"task": "chain_sum", "seed": 1, "index": 0}, "Answer: -4", Outcome.CORRECT),
        Example("code as an answer", {"task": "puzzle24", "seed": 1}, "__import__('os').getpid()", Outcome.INCORRECT),
        Example("an unknown task", {"task": "no_such_task", "seed": 1}, "1", Outcome.INVALID_TASK),
        Example("nothing said", {"task": "chain_sum", "entry": _sum}, "", Outcome.NO_ANSWER),
    )

    def __init__(self) -> None:
        try:
            self.library = importlib.metadata.version("reasoning-gym")
        except importlib.metadata.PackageNotFoundError:
            self.library = ""
        self.version = f"3+{self.library}"

    def prepare(self, reference: GymReference, params: NoParams, context: Context) -> Task:
        """Make the data set and the entry; raises ``InvalidTask``, ``Unavailable`` without the library."""
        datasets = _datasets()
        if reference.task not in datasets:
            raise InvalidTask(f"reasoning-gym {self.library} has no task {reference.task[:80]!r}")
        kind = datasets[reference.task][0]
        if evaluates_unlisted(reference.task, kind):
            message = f"the scorer of {reference.task} evaluates text in a way that was not reviewed"
            raise Unavailable(message, reason="unreviewed_scorer", retryable=False)
        if (reference.entry is None) == (reference.seed is None):
            raise InvalidTask("give either an entry or a seed")
        dataset = _dataset(reference)
        if reference.entry is None:
            with _quiet():
                entry = dict(dataset[reference.index])
        else:
            entry = {"question": "", "metadata": {}, **reference.entry}
            _check_entry(reference.task, entry)
        task = Task(reference.task, dataset, entry, self.library)
        answer = entry.get("answer")
        if isinstance(answer, str) and _score(task, answer)[0] != 1.0:
            raise InvalidTask("the entry's own answer does not score 1")
        return task

    def verify(self, task: Task, completion: Completion, context: Context) -> Verdict:
        """Give the answer to the task's scorer."""
        answer = _answer(completion.text)
        if not answer:
            return no_answer()
        detail: GymDetail = {"extracted": answer[:500], "library": task.library}
        guard = ANSWERS.get(task.name)
        if len(answer) > MAX_ANSWER:
            return incorrect({**detail, "problem": f"more than {MAX_ANSWER} characters"})
        if guard is not None and not guard(answer):
            return incorrect({**detail, "problem": "not a plain value, and this task's scorer would evaluate it"})
        score, problem = _score(task, answer)
        stricter = STRICTER.get(task.name)
        if score == 1.0 and stricter is not None and not stricter(answer, task.entry):
            score, problem = 0.0, "the scorer takes it for right, but it is not"
        if score == 1.0:
            return correct({**detail})
        return incorrect({**detail, "problem": problem} if problem else {**detail}, score=score)


def _datasets() -> Mapping[str, Any]:
    with _quiet():
        library("reasoning_gym", "gym", extra="gym")
        datasets: Mapping[str, Any] = library("reasoning_gym.factory", "gym", extra="gym").DATASETS
    return datasets


def _dataset(reference: GymReference) -> Any:
    """The data set; whatever its constructor raises for a configuration is the item's fault."""
    import reasoning_gym

    settings: dict[str, Any] = {"seed": reference.seed or 0, "size": reference.index + 1, **reference.config}
    try:
        with _quiet():
            return reasoning_gym.create_dataset(reference.task, **settings)
    except Exception as error:  # noqa: BLE001 - constructors assert and raise anything about a tenant's settings
        raise InvalidTask(
            f"{reference.task} refuses its settings: {str(error)[:200] or type(error).__name__}"
        ) from None


def _check_entry(task: str, entry: Mapping[str, Any]) -> None:
    """Refuse an entry of which the scorer would evaluate something that is not plain."""
    if not isinstance(entry["metadata"], dict):
        raise InvalidTask("the entry's metadata is no object")
    if task not in ENTRIES:
        return
    get, guard = ENTRIES[task]
    try:
        text = get(entry)
    except (KeyError, TypeError):
        raise InvalidTask(f"the entry lacks what the scorer of {task} needs") from None
    if not isinstance(text, str) or not guard(text):
        raise InvalidTask(f"the scorer of {task} would evaluate a part of the entry that is not plain; give a seed")


def _score(task: Task, answer: str) -> tuple[float, str]:
    """The scorer's score within 0..1, and what it raised: model text that trips a scorer is wrong."""
    try:
        with _quiet():
            score = float(task.dataset.score_answer(answer, {**task.entry}))
    except MemoryError:
        raise LimitExceeded("scoring the answer took too much memory", limit="memory") from None
    except Exception as error:  # noqa: BLE001 - scorers raise anything on text that they do not expect
        return 0.0, f"the scorer raised {type(error).__name__}"
    return (min(1.0, max(0.0, score)) if math.isfinite(score) else 0.0), ""


@contextlib.contextmanager
def _quiet() -> Any:
    """Some tasks print, and some warn."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def _answer(text: str) -> str:
    if (start := text.rfind("<answer>")) >= 0 and (end := text.find("</answer>", start)) >= 0:
        return text[start + len("<answer>") : end].strip()
    stated = final_answer(text)
    if stated is not None and stated.rule == "boxed":
        return stated.text
    cues = list(_CUE.finditer(text))
    answer = (text[cues[-1].end() :] if cues else text).strip()
    return clean(answer) if len(answer) < 2_000 else answer
