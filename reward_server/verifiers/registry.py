"""The registry: verifiers by name, checked when they come in, so that a bad one fails at start and not at use."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any

from pydantic import TypeAdapter, ValidationError

from reward_server.errors import InvalidTask, LimitExceeded, RegistrationError, Unavailable
from reward_server.sandbox.base import Sandboxes
from reward_server.types import Completion, Json, Lane, Outcome, Verdict
from reward_server.verifiers.base import AnyVerifier, Context

ENTRY_POINT_GROUP = "reward_server.verifiers"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_ATTRIBUTES = (
    "name", "version", "lane", "limits", "cost_s", "Reference", "Params", "Detail", "examples", "prepare", "verify",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """A registered verifier with the validators built from its types."""

    verifier: AnyVerifier
    reference: TypeAdapter[Any]
    params: TypeAdapter[Any]
    reference_schema: dict[str, Json]
    params_schema: dict[str, Json]
    detail_schema: dict[str, Json]
    wants_thinking: bool = False
    hidden: bool = False
    """Not a verifier for clients, but something that the service itself asks for."""

    def parse(self, reference: Json, params: Mapping[str, Json]) -> tuple[Any, Any]:
        """Validate an item's reference and params; raises ``InvalidTask`` naming the first thing that is wrong."""
        return (
            _validated(self.reference, reference, "reference", "bad_reference"),
            _validated(self.params, params, "params", "bad_params"),
        )


class Registry:
    """Verifiers by name."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self.context = Context(verify_with=self.verify_once)

    def with_sandboxes(self, sandboxes: Sandboxes) -> Context:
        """A context whose verifiers, also those that others ask, have sandboxes."""

        def verify_with(verifier: str, reference: Json, params: Mapping[str, Json], completion: Completion) -> Verdict:
            return self.verify_once(verifier, reference, params, completion, context)

        context = Context(verify_with, sandboxes)
        return context

    def __getitem__(self, name: str) -> Entry:
        """The entry of that name; raises ``InvalidTask`` with the names there are."""
        entry = self._entries.get(name)
        if entry is None:
            raise self._unknown(name)
        return entry

    def visible(self, name: str) -> Entry:
        """The entry of that name, for a client: a hidden one is as unknown as one that does not exist."""
        if self[name].hidden:
            raise self._unknown(name)
        return self[name]

    def __iter__(self) -> Iterator[Entry]:
        """Those that clients may ask for."""
        return iter([entry for entry in self._entries.values() if not entry.hidden])

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def _unknown(self, name: str) -> InvalidTask:
        known = ", ".join(sorted(entry.verifier.name for entry in self))
        return InvalidTask(f"there is no verifier {name!r}; there are: {known}", reason="unknown_verifier")

    def register(self, verifier: AnyVerifier, *, check_examples: bool = True) -> None:
        """Take a verifier in; raises ``RegistrationError`` where it does not keep the contract.

        The examples of a ``sandbox`` verifier need a sandbox and are left to the conformance test.
        """
        entry = _checked(verifier)
        if verifier.name in self._entries:
            raise RegistrationError(f"two verifiers are called {verifier.name!r}")
        self._entries[verifier.name] = entry
        if check_examples and verifier.lane is Lane.CPU:
            try:
                self.check_examples(verifier.name, self.context)
            except BaseException:
                del self._entries[verifier.name]
                raise

    def warm_up(self) -> None:
        """Let each verifier load or start ahead what its first completion would wait for."""
        for entry in self._entries.values():
            warm_up = getattr(entry.verifier, "warm_up", None)
            if warm_up is not None:
                warm_up()

    def load_entry_points(self, group: str = ENTRY_POINT_GROUP) -> None:
        """Register the verifiers that installed packages offer; each entry point names a class or a factory."""
        for point in entry_points(group=group):
            try:
                verifier = point.load()()
            except Exception as error:
                raise RegistrationError(
                    f"entry point {point.name!r} ({point.value}) failed to load: {error}"
                ) from error
            self.register(verifier)

    def check_examples(self, name: str, context: Context) -> None:
        """Run the worked examples of a verifier; raises ``RegistrationError`` for one that scores otherwise.

        An example that needs a library this machine lacks says nothing about the verifier, and is passed over.
        """
        for example in self[name].verifier.examples:
            completion = Completion(example.completion)
            try:
                verdict = self.verify_once(name, example.reference, example.params, completion, context)
            except Unavailable:
                continue
            if verdict.outcome is not example.outcome:
                raise RegistrationError(
                    f"example {example.title!r} of {name!r} states {example.outcome}, got {verdict.outcome}: "
                    f"{dict(verdict.detail)}"
                )

    def verify_once(
        self,
        verifier: str,
        reference: Json,
        params: Mapping[str, Json],
        completion: Completion,
        context: Context | None = None,
    ) -> Verdict:
        """Verify one completion here and now, in this process and without its limits.

        Raises ``Unavailable``, and whatever a broken verifier raises.
        """
        entry = self[verifier]
        try:
            task = entry.verifier.prepare(*entry.parse(reference, params), context or self.context)
            return entry.verifier.verify(task, completion, context or self.context)
        except InvalidTask as error:
            return Verdict(Outcome.INVALID_TASK, detail={"message": str(error)}, reason=error.reason)
        except LimitExceeded as error:
            return Verdict(Outcome.LIMIT_EXCEEDED, detail={"message": str(error), "limit": error.limit})


def _validated(adapter: TypeAdapter[Any], value: Json, what: str, reason: str) -> Any:
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join([what, *(str(part) for part in first["loc"])])
        message = f"{where}: {first['msg']}" if value is not None else f"there is no {what}: it is null"
        raise InvalidTask(message, reason=reason) from None
    except RecursionError:
        raise InvalidTask(f"{what} is nested too deeply", reason=reason) from None


def _checked(verifier: AnyVerifier) -> Entry:
    kind = type(verifier).__name__
    missing = [attribute for attribute in _ATTRIBUTES if not hasattr(verifier, attribute)]
    if missing:
        raise RegistrationError(f"{kind} lacks {', '.join(missing)}")
    if not _NAME.fullmatch(verifier.name):
        raise RegistrationError(f"{verifier.name!r} is no verifier name: lower-case letters, digits and _")
    if not type(verifier).__doc__:
        raise RegistrationError(f"{verifier.name!r} has no docstring; it is the text of the docs and of /v1/verifiers")
    if not verifier.version:
        raise RegistrationError(f"{verifier.name!r} has no version")
    outcomes = {example.outcome for example in verifier.examples}
    if not {Outcome.CORRECT, Outcome.INCORRECT} <= outcomes:
        raise RegistrationError(f"{verifier.name!r} needs an example that is correct and one that is incorrect")
    try:
        reference, params = TypeAdapter(verifier.Reference), TypeAdapter(verifier.Params)
        schemas = [adapter.json_schema() for adapter in (reference, params, TypeAdapter(verifier.Detail))]
    except Exception as error:
        raise RegistrationError(f"the types of {verifier.name!r} have no JSON Schema: {error}") from error
    wants_thinking = bool(getattr(verifier, "wants_thinking", False))
    hidden = bool(getattr(verifier, "hidden", False))
    return Entry(verifier, reference, params, schemas[0], schemas[1], schemas[2], wants_thinking, hidden)
