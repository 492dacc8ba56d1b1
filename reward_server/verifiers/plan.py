"""Plans: schedules, action sequences, sortings and packings that must keep their constraints."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from reward_server.errors import InvalidTask
from reward_server.types import Completion, Json, Lane, Limits, Outcome, Verdict, correct, incorrect, no_answer
from reward_server.verifiers.base import Context, Example, NoParams, StrictModel
from reward_server.verifiers.listing import Wrong, answer_list, answer_pairs, document
from reward_server.verifiers.structured import shown


class Job(StrictModel):
    """One job of a schedule."""

    duration: float = Field(gt=0)
    after: list[str] = Field(default_factory=list, description="Jobs that must have ended before it starts")
    resource: str | None = Field(None, description="What it occupies while it runs")
    earliest: float = 0.0
    deadline: float | None = None


class Schedule(StrictModel):
    """Start times of jobs: a JSON object or "a: 0, b: 3"."""

    kind: Literal["schedule"]
    jobs: dict[str, Job] = Field(min_length=1, max_length=2_000)
    capacity: dict[str, int] = Field(default_factory=dict, description="Jobs that a resource serves at once; else 1")
    at_most: float | None = Field(None, description="Largest end of the last job allowed")


class Action(StrictModel):
    """What must hold before an action, and what it changes (STRIPS)."""

    needs: list[str] = Field(default_factory=list)
    forbids: list[str] = Field(default_factory=list)
    adds: list[str] = Field(default_factory=list)
    removes: list[str] = Field(default_factory=list)
    cost: float = Field(1.0, ge=0)


class Actions(StrictModel):
    """A sequence of actions from a start to a goal: a JSON array, or names joined by arrows, commas or lines."""

    kind: Literal["actions"]
    actions: dict[str, Action] = Field(min_length=1, max_length=5_000)
    start: list[str] = Field(default_factory=list)
    goal: list[str] = Field(min_length=1)
    goal_forbids: list[str] = Field(default_factory=list)
    at_most: float | None = Field(None, description="Largest total cost allowed")


class Sorting(StrictModel):
    """The same elements in order: a JSON array or "1, 2, 3"."""

    kind: Literal["sorting"]
    values: list[float | str] = Field(min_length=1, max_length=10_000)
    descending: bool = False


class Packing(StrictModel):
    """Items into bins: a JSON array of arrays of item names."""

    kind: Literal["packing"]
    sizes: dict[str, float] = Field(min_length=1, max_length=5_000)
    capacity: float = Field(gt=0)
    at_most: int = Field(ge=1, description="How many bins may be used")


PlanReference = Annotated[Schedule | Actions | Sorting | Packing, Field(discriminator="kind")]


class PlanDetail(TypedDict, total=False):
    """What was answered, what is wrong with it, and its length, cost or size."""

    answer: str
    problem: str
    value: float


@dataclass(frozen=True, slots=True)
class Task:
    """The reference, checked."""

    reference: Schedule | Actions | Sorting | Packing


class Plan:
    """Right if the plan keeps every constraint: a schedule, a sequence of actions, a sorting or a packing.

    Any plan that holds is right, within ``at_most`` where that is given.
    """

    name = "plan"
    version = "1"
    lane = Lane.CPU
    limits = Limits(time_s=5.0)
    cost_s = 1e-4
    Reference = PlanReference
    Params = NoParams
    Detail = PlanDetail
    _schedule = {"kind": "schedule", "jobs": {"a": {"duration": 2}, "b": {"duration": 1, "after": ["a"]}}}
    _drive = {"needs": ["home"], "adds": ["work"], "removes": ["home"]}
    examples = (
        Example("a schedule", _schedule,
                '{"a": 0, "b": 2}', Outcome.CORRECT),
        Example("too early", _schedule,
                "a: 0, b: 1", Outcome.INCORRECT),
        Example("actions", {"kind": "actions", "start": ["home"], "goal": ["work"],
                "actions": {"drive": _drive}}, "Answer: drive", Outcome.CORRECT),
        Example("sorted", {"kind": "sorting", "values": [3, 1, 2]}, "1, 2, 3", Outcome.CORRECT),
        Example("packed", {"kind": "packing", "sizes": {"x": 2, "y": 3}, "capacity": 4, "at_most": 2},
                '[["x"], ["y"]]', Outcome.CORRECT),
        Example("no plan", {"kind": "sorting", "values": [3, 1, 2]}, "", Outcome.NO_ANSWER),
    )  # fmt: skip

    def prepare(self, reference: Schedule | Actions | Sorting | Packing, params: NoParams, context: Context) -> Task:
        """Check that the constraints name what there is; raises ``InvalidTask``."""
        if isinstance(reference, Schedule):
            unknown = {name for job in reference.jobs.values() for name in job.after} - reference.jobs.keys()
            if unknown:
                raise InvalidTask(f"a job comes after {min(unknown)!r}, which is no job")
        if isinstance(reference, Packing) and max(reference.sizes.values()) > reference.capacity:
            raise InvalidTask("an item is larger than a bin")
        if isinstance(reference, Sorting) and len({type(value) for value in reference.values}) > 1:
            raise InvalidTask("values are all numbers or all text")
        return Task(reference)

    def verify(self, task: Task, completion: Completion, context: Context) -> Verdict:
        """Read the plan and try it."""
        read, check = _KINDS[task.reference.kind]
        answer = read(completion.text)
        if not answer:
            return no_answer()
        try:
            value = check(task.reference, answer)
        except Wrong as error:
            return incorrect({"answer": shown(answer), "problem": str(error)})
        return correct({"answer": shown(answer), "value": value})


def _schedule(reference: Schedule, answer: dict[str, str]) -> float:
    if answer.keys() != reference.jobs.keys():
        odd = answer.keys() ^ reference.jobs.keys()
        raise Wrong(f"not exactly the jobs there are: {min(odd)[:60]!r}")
    starts = {name: _number(text) for name, text in answer.items()}
    ends = {name: starts[name] + job.duration for name, job in reference.jobs.items()}
    for name, job in reference.jobs.items():
        if starts[name] < job.earliest:
            raise Wrong(f"{name} starts before {job.earliest:g}")
        if job.deadline is not None and ends[name] > job.deadline + 1e-9:
            raise Wrong(f"{name} ends after {job.deadline:g}")
        late = next((other for other in job.after if starts[name] < ends[other] - 1e-9), None)
        if late:
            raise Wrong(f"{name} starts before {late} has ended")
    for resource in {job.resource for job in reference.jobs.values()} - {None}:
        users = [name for name, job in reference.jobs.items() if job.resource == resource]
        events = sorted((time, step) for n in users for time, step in ((starts[n], 1), (ends[n] - 1e-9, -1)))
        if max(itertools.accumulate(step for _, step in events)) > reference.capacity.get(str(resource), 1):
            raise Wrong(f"{resource} is used by too many jobs at once")
    end = max(ends.values())
    if reference.at_most is not None and end > reference.at_most + 1e-9:
        raise Wrong(f"it ends at {end:g}, after {reference.at_most:g}")
    return end


def _actions(reference: Actions, answer: Sequence[str]) -> float:
    state = set(reference.start)
    cost = 0.0
    for step, name in enumerate(answer, 1):
        action = reference.actions.get(name)
        if action is None:
            raise Wrong(f"step {step}: there is no action {name[:60]!r}")
        if missing := set(action.needs) - state:
            raise Wrong(f"step {step}: {name} needs {min(missing)!r}")
        if present := set(action.forbids) & state:
            raise Wrong(f"step {step}: {name} is not possible with {min(present)!r}")
        state = (state - set(action.removes)) | set(action.adds)
        cost += action.cost
    if missing := set(reference.goal) - state:
        raise Wrong(f"at the end {min(missing)!r} does not hold")
    if present := set(reference.goal_forbids) & state:
        raise Wrong(f"at the end {min(present)!r} still holds")
    if reference.at_most is not None and cost > reference.at_most + 1e-9:
        raise Wrong(f"it costs {cost:g}, more than {reference.at_most:g}")
    return cost


def _sorting(reference: Sorting, answer: Sequence[str]) -> float:
    said: list[float] | list[str] = list(answer)
    if not isinstance(reference.values[0], str):
        said = [_number(one) for one in answer]
    if Counter(said) != Counter(reference.values):
        raise Wrong("not the same elements")
    wanted = sorted(reference.values, reverse=reference.descending)
    for place, (left, right) in enumerate(zip(said, wanted, strict=True), 1):
        if left != right:
            raise Wrong(f"element {place} is {str(left)[:60]}, not {str(right)[:60]}")
    return float(len(said))


def _packing(reference: Packing, answer: Json) -> float:
    if not isinstance(answer, list) or not all(isinstance(one, list) for one in answer):
        raise Wrong("not an array of arrays")
    bins = [[str(item) for item in one] for one in answer if one]
    packed = Counter(item for one in bins for item in one)
    if packed != Counter(reference.sizes.keys()):
        raise Wrong("not each item exactly once")
    for place, one in enumerate(bins, 1):
        if sum(reference.sizes[item] for item in one) > reference.capacity + 1e-9:
            raise Wrong(f"bin {place} is too full")
    if len(bins) > reference.at_most:
        raise Wrong(f"{len(bins)} bins are used")
    return float(len(bins))


def _number(text: str) -> float:
    try:
        value = float(text) if len(text) < 64 else float("nan")
    except ValueError:
        value = float("nan")
    if value != value or abs(value) == float("inf"):
        raise Wrong(f"{text[:60]!r} is no number")
    return value


_KINDS: Mapping[str, tuple[Callable[[str], Json], Callable[[Any, Any], float]]] = {
    "schedule": (answer_pairs, _schedule),
    "actions": (answer_list, _actions),
    "sorting": (answer_list, _sorting),
    "packing": (document, _packing),
}
