"""Verifiers that misbehave on purpose, for tests of what the service does about it."""

from __future__ import annotations

import os
import signal
import time

from pydantic import Field, field_validator

from reward_server.errors import InvalidTask
from reward_server.types import Completion, Lane, Limits, Outcome, Verdict, correct, incorrect, no_answer
from reward_server.verifiers.base import Context, Example, NoDetail, NoParams, StrictModel
from reward_server.verifiers.defaults import default_registry
from reward_server.verifiers.registry import Registry

EXAMPLES = (
    Example("the same", "a", "a", Outcome.CORRECT),
    Example("another", "a", "b", Outcome.INCORRECT),
)


class Echo:
    """Right if the completion is the reference; does next to nothing, so that what is left is plumbing."""

    name = "echo"
    version = "1"
    lane = Lane.CPU
    limits = Limits(time_s=1.0)
    cost_s = 2e-6
    Reference = str
    Params = NoParams
    Detail = NoDetail
    examples = EXAMPLES

    def prepare(self, reference: str, params: NoParams, context: Context) -> str:
        return reference

    def verify(self, task: str, completion: Completion, context: Context) -> Verdict:
        return correct() if completion.text == task else incorrect()


class PaceParams(StrictModel):
    """How long a completion takes."""

    sleep_s: float = Field(0.0, ge=0, description="Seconds to sleep, which use no processor time")
    work_s: float = Field(0.0, ge=0, description="Seconds of processor time to use")


class Paced:
    """An echo that takes its time."""

    name = "paced"
    version = "1"
    lane = Lane.CPU
    limits = Limits(time_s=1.0, memory_mb=256)
    cost_s = 1e-3
    Reference = str
    Params = PaceParams
    Detail = NoDetail
    examples = EXAMPLES

    def prepare(self, reference: str, params: PaceParams, context: Context) -> tuple[str, PaceParams]:
        return reference, params

    def verify(self, task: tuple[str, PaceParams], completion: Completion, context: Context) -> Verdict:
        reference, pace = task
        time.sleep(pace.sleep_s)
        until = time.process_time() + pace.work_s
        while time.process_time() < until:
            pass
        return correct() if completion.text == reference else incorrect()


class CrashingType(StrictModel):
    """A reference whose validator has a bug."""

    text: str

    @field_validator("text")
    @classmethod
    def _buggy(cls, text: str) -> str:
        if text == "crash":
            raise AttributeError("a bug of the validator")
        return text


class Typed:
    """An echo whose type of reference has a bug."""

    name = "typed"
    version = "1"
    lane = Lane.CPU
    limits = Limits(time_s=1.0)
    cost_s = 1e-4
    Reference = CrashingType
    Params = NoParams
    Detail = NoDetail
    examples = (
        Example("the same", {"text": "a"}, "a", Outcome.CORRECT),
        Example("another", {"text": "a"}, "b", Outcome.INCORRECT),
    )

    def prepare(self, reference: CrashingType, params: NoParams, context: Context) -> str:
        return reference.text

    def verify(self, task: str, completion: Completion, context: Context) -> Verdict:
        return correct() if completion.text == task else incorrect()


class Misbehaving:
    """Does what the completion says."""

    name = "misbehaving"
    version = "1"
    lane = Lane.CPU
    limits = Limits(time_s=0.5, memory_mb=128)
    cost_s = 1e-4
    Reference = str
    Params = NoParams
    Detail = NoDetail
    examples = EXAMPLES

    def prepare(self, reference: str, params: NoParams, context: Context) -> str:
        if reference == "spin":
            _spin()
        if reference == "broken":
            raise InvalidTask("the reference is broken")
        return reference

    def verify(self, task: str, completion: Completion, context: Context) -> Verdict:
        match completion.text:
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "spin":
                _spin()
            case "bignum":
                return incorrect({"digits": 10 ** (10**8) % 7})  # one C call, deaf to every signal but one
            case "eat":
                return incorrect({"size": len(bytearray(10**10))})
            case "raise":
                raise ValueError("a bug of the verifier")
            case "recurse":
                return self.verify(task, Completion("recurse"), context)
            case "stall":
                time.sleep(20)
            case "nan":
                return incorrect({"value": float("nan"), "text": "\ud800"})
            case "":
                return no_answer()
        return correct() if completion.text == task else incorrect()


def _spin() -> None:
    while True:
        pass


def registry_of_a_full_machine() -> Registry:
    """For a zygote that may make two children and no more."""
    fork, left = os.fork, [2]

    def limited() -> int:
        left[0] -= 1
        if left[0] < 0:
            raise BlockingIOError("Resource temporarily unavailable")
        return fork()

    os.fork = limited
    return registry()


def registry() -> Registry:
    """The default verifiers and the misbehaving ones."""
    made = default_registry(third_party=False)
    for verifier in (Echo(), Paced(), Typed(), Misbehaving()):
        made.register(verifier)
    return made
