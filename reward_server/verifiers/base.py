"""The verifier contract.

A verifier is an object with the attributes and the two methods of ``Verifier``; it need not inherit from
anything. It sees no other verifier, no HTTP, no queue and no sandbox driver: what it may use of the
outside it finds in the ``Context`` it is handed. Both methods run in a killable child process, so a hang or
a crash costs one completion, but both must bound their own work where they can.

>>> class Echo:
...     '''Right if the completion is the reference.'''
...     name, version, lane = "echo", "1", Lane.CPU
...     limits, cost_s = Limits(time_s=1.0), 1e-6
...     Reference, Params, Detail = str, NoParams, NoDetail
...     examples = (Example("same", "a", "a", Outcome.CORRECT), Example("other", "a", "b", Outcome.INCORRECT))
...     def prepare(self, reference: str, params: NoParams, context: Context) -> str:
...         return reference
...     def verify(self, task: str, completion: Completion, context: Context) -> Verdict:
...         return correct() if completion.text == task else incorrect()
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict
from typing_extensions import TypedDict

from reward_server.errors import Unavailable
from reward_server.types import Completion, Json, Lane, Limits, Outcome, Verdict

if TYPE_CHECKING:
    from reward_server.sandbox.base import Sandboxes

R = TypeVar("R", contravariant=True)
P = TypeVar("P", contravariant=True)
T = TypeVar("T")


class StrictModel(BaseModel):
    """Base of references and params: an unknown or mistyped key is an error, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def library(name: str, use: str, extra: str = "verifiers") -> Any:
    """The module of an optional library; raises ``Unavailable`` that says what it is for and what to install."""
    try:
        return importlib.import_module(name)
    except ImportError:
        message = f"{use} needs: pip install 'reward-server[{extra}]'"
        raise Unavailable(message, reason="missing_library", retryable=False) from None


class NoParams(StrictModel):
    """For a verifier that takes no parameters."""


class NoDetail(TypedDict):
    """For a verifier that has nothing to say beyond its outcome."""


@dataclass(frozen=True, slots=True)
class Example:
    """A worked example: documentation, and a test that runs when the verifier is registered."""

    title: str
    reference: Json
    completion: str
    outcome: Outcome
    params: Mapping[str, Json] = field(default_factory=dict)


class VerifyWith(Protocol):
    """Runs another verifier by its name, for verifiers that are made of others (``composite``)."""

    def __call__(self, verifier: str, reference: Json, params: Mapping[str, Json], completion: Completion) -> Verdict:
        """The verdict of ``verifier``; raises ``InvalidTask`` for an unknown name, a bad reference or params."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """What a verifier may use of the outside."""

    verify_with: VerifyWith | None = None
    sandboxes: Sandboxes | None = None
    """Where programs run; None in the ``cpu`` lane."""


class Verifier(Protocol[R, P, T]):
    """What the registry wants of a verifier; the properties are plain class attributes in practice.

    Two more are optional. With ``wants_thinking = True`` a verifier also gets the thinking that was removed, and
    completions whose thinking never closed, whose text is then empty. ``warm_up()`` is called once, in the process
    that the children are forked from: what it loads or starts there, no completion waits for; it must not block.
    """

    @property
    def name(self) -> str:
        """Lower-case identifier, unique in a registry; what clients write."""
        ...

    @property
    def version(self) -> str:
        """Changes whenever a verdict could change; part of every cache key."""
        ...

    @property
    def lane(self) -> Lane:
        """The kind of machine it needs."""
        ...

    @property
    def limits(self) -> Limits:
        """What one completion may use before its child is killed."""
        ...

    @property
    def cost_s(self) -> float:
        """About how long one completion takes: the first guess when work is cut into chunks."""
        ...

    @property
    def Reference(self) -> Any:
        """Type of the reference: anything ``pydantic.TypeAdapter`` takes."""
        ...

    @property
    def Params(self) -> type[BaseModel]:
        """Type of the params, each with a default."""
        ...

    @property
    def Detail(self) -> Any:
        """TypedDict of ``Verdict.detail``, for the docs."""
        ...

    @property
    def examples(self) -> Sequence[Example]:
        """Worked examples, at least one correct and one incorrect."""
        ...

    def prepare(self, reference: R, params: P, context: Context) -> T:
        """Turn a reference into what ``verify`` needs, once for all completions of an item.

        Raises ``InvalidTask`` where the reference cannot be used. The result is kept and shared between
        calls, so it must not change.
        """
        ...

    def verify(self, task: T, completion: Completion, context: Context) -> Verdict:
        """Judge one completion. Raises ``LimitExceeded``, ``InvalidTask`` or ``Unavailable``."""
        ...


AnyVerifier = Verifier[Any, Any, Any]
