"""Function calls: the right functions, with the right arguments, of the right types."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, JsonValue
from typing_extensions import TypedDict

from reward_server.errors import InvalidTask
from reward_server.types import Completion, Json, Lane, Limits, Outcome, Verdict, correct, incorrect, no_answer
from reward_server.verifiers.base import Context, Example, StrictModel
from reward_server.verifiers.schemas import SchemaCheck, schema_check
from reward_server.verifiers.structured import NotParsed, fenced_blocks, last_documents, parse, shown

MAX_CALLS = 64
_TAGGED = re.compile(r"<(tool_call|function_call)>((?:(?!<(?:tool|function)_call>).)*?)</\1>", re.DOTALL)
_FUNCTION = re.compile(r"<function=([\w.-]{1,100})>((?:(?!<function=).)*?)</function>", re.DOTALL)
_PARAMETER = re.compile(r"<parameter=([\w.-]{1,100})>\n?((?:(?!</?parameter).)*?)\n?</parameter>", re.DOTALL)
_SPECIAL = re.compile(r"<\|\w{1,30}\|>")
_PYTHON = re.compile(r"\[?\s*[A-Za-z_][\w.]{0,100}\(.{0,20000}\)\s*[\];]?\s*", re.DOTALL)


class GoldCall(StrictModel):
    """A call that is expected."""

    name: str
    arguments: dict[str, JsonValue] = Field(default_factory=dict)
    alternatives: dict[str, list[JsonValue]] = Field(
        default_factory=dict, description="By argument: other values that are right"
    )
    optional: list[str] = Field(default_factory=list, description="Arguments that may be left out")


class ToolCallReference(StrictModel):
    """Expected calls, and the functions there are."""

    calls: list[GoldCall] = Field(max_length=MAX_CALLS, description="Empty: right is to call nothing")
    tools: list[dict[str, JsonValue]] = Field(
        default_factory=list, description="OpenAI function definitions: name, and parameters as a JSON Schema"
    )


class ToolCallParams(StrictModel):
    """How calls are compared."""

    ordered: bool = Field(False, description="The calls must come in the order of the reference")
    ignore_case: bool = Field(False, description="Case of text arguments does not count")
    format: Literal["auto", "json", "python"] = "auto"


class ToolCallDetail(TypedDict, total=False):
    """What was called, and the first thing wrong with it."""

    calls: list[str]
    problems: list[str]
    matched: int
    expected: int


@dataclass(frozen=True, slots=True)
class Task:
    """Expected calls and the argument check and defaults of each function."""

    reference: ToolCallReference
    params: ToolCallParams
    checks: Mapping[str, SchemaCheck]
    defaults: Mapping[str, Mapping[str, Json]]


@dataclass(frozen=True, slots=True)
class Call:
    """A call found in a completion."""

    name: str
    arguments: dict[str, Json]


class ToolCall:
    """Right if the completion makes exactly the expected calls, each with the expected arguments.

    Calls are read from ``<tool_call>`` or ``<function=name>`` tags (JSON or ``<parameter=key>`` in them), from JSON
    (``name`` with ``arguments``, ``parameters`` or ``input``, an OpenAI ``function`` object, a list, a ``tool_calls``
    key, line by line; arguments may be a JSON string) or as Python calls with literal arguments, in a list or line by
    line. With ``tools`` the arguments must satisfy the function's schema, and an argument left out counts as its
    default. Numbers compare by value. ``score`` is the F1 over calls.
    """

    name = "tool_call"
    version = "3"
    lane = Lane.CPU
    limits = Limits(time_s=5.0)
    cost_s = 1e-4
    Reference = ToolCallReference
    Params = ToolCallParams
    Detail = ToolCallDetail
    examples = (
        Example("tagged", {"calls": [{"name": "add", "arguments": {"a": 1, "b": 2}}]},
                '<tool_call>{"name": "add", "arguments": {"b": 2, "a": 1}}</tool_call>', Outcome.CORRECT),
        Example("a wrong argument", {"calls": [{"name": "add", "arguments": {"a": 1}}]},
                '{"name": "add", "arguments": {"a": 2}}', Outcome.INCORRECT),
        Example("in Python", {"calls": [{"name": "add", "arguments": {"a": 1}}]}, "[add(a=1)]", Outcome.CORRECT),
        Example("a call too many", {"calls": [{"name": "f"}]}, '[{"name": "f"}, {"name": "g"}]', Outcome.INCORRECT),
        Example("nothing to call", {"calls": []}, "I need no tool for that.", Outcome.CORRECT),
        Example("no call", {"calls": [{"name": "f"}]}, "I would call f.", Outcome.NO_ANSWER),
    )  # fmt: skip

    def prepare(self, reference: ToolCallReference, params: ToolCallParams, context: Context) -> Task:
        """Build the argument checks and try the expected calls on them; raises ``InvalidTask``."""
        checks: dict[str, SchemaCheck] = {}
        defaults: dict[str, Mapping[str, Json]] = {}
        for tool in reference.tools:
            function = tool.get("function", tool)
            if not isinstance(function, dict) or not isinstance(function.get("name"), str):
                raise InvalidTask("a tool is an object with a name and parameters")
            schema = function.get("parameters") or {"type": "object", "properties": {}}
            properties = schema.get("properties", {}) if isinstance(schema, dict) else None
            if not isinstance(schema, dict) or not isinstance(properties, dict):
                raise InvalidTask(f"the parameters of {function['name']!r} are no JSON Schema of an object")
            checks[str(function["name"])] = schema_check({"additionalProperties": False, **schema})
            defaults[str(function["name"])] = {
                name: one["default"] for name, one in properties.items() if isinstance(one, dict) and "default" in one
            }
        for call in reference.calls:
            if reference.tools and call.name not in checks:
                raise InvalidTask(f"the reference calls {call.name!r}, which is not among the tools")
            if call.name in checks and (faults := checks[call.name](call.arguments)):
                raise InvalidTask(f"the expected arguments of {call.name!r} break its schema: {faults[0]}")
        return Task(reference, params, checks, defaults)

    def verify(self, task: Task, completion: Completion, context: Context) -> Verdict:
        """Find the calls and pair them with the expected ones."""
        calls = _calls(completion.text, task)
        gold = task.reference.calls
        if calls is None and not completion.text.strip():
            return no_answer()
        if not calls and gold:
            return no_answer({"calls": [], "expected": len(gold)})
        pairs = _paired(task, calls or [])
        problems = [_problem(expected, calls or [], task) for index, expected in enumerate(gold) if index not in pairs]
        surplus = [call for index, call in enumerate(calls or []) if index not in pairs.values()]
        problems += [f"unexpected call of {call.name!r}" for call in surplus]
        matched = len(pairs)
        detail: ToolCallDetail = {
            "calls": [shown({"name": call.name, "arguments": call.arguments}) for call in (calls or [])[:10]],
            "problems": [problem[:300] for problem in problems[:10]],
            "matched": matched,
            "expected": len(gold),
        }
        if matched == len(gold) == len(calls or []):
            return correct({**detail})
        return incorrect({**detail}, score=2 * matched / max(1, len(gold) + len(calls or [])))


def _paired(task: Task, calls: Sequence[Call]) -> dict[int, int]:
    """Call by expected call, as many as can be: by place where they are ordered, else by augmenting paths."""
    gold = task.reference.calls
    if task.params.ordered:
        both = enumerate(zip(gold, calls, strict=False))
        return {index: index for index, (expected, call) in both if _fault(expected, call, task) is None}
    fitting = [
        [index for index, call in enumerate(calls[: MAX_CALLS + 1]) if _fault(expected, call, task) is None]
        for expected in gold
    ]
    taken: dict[int, int] = {}

    def place(index: int, tried: set[int]) -> bool:
        for call in fitting[index]:
            if call not in tried:
                tried.add(call)
                if call not in taken or place(taken[call], tried):
                    taken[call] = index
                    return True
        return False

    for index in range(len(gold)):
        place(index, set())
    return {index: call for call, index in taken.items()}


def _problem(expected: GoldCall, calls: Sequence[Call], task: Task) -> str:
    """Why no call is the expected one."""
    same = (_fault(expected, call, task) for call in calls[: MAX_CALLS + 1] if call.name == expected.name)
    return next((fault for fault in same if fault), f"no call of {expected.name!r}")


def _fault(expected: GoldCall, call: Call, task: Task) -> str | None:
    """What is wrong with a call, None where nothing is."""
    if call.name != expected.name:
        return f"{call.name!r} was called, not {expected.name!r}"
    check = task.checks.get(call.name)
    if check and (faults := check(call.arguments)):
        return f"{call.name}: {faults[0]}"
    defaults = task.defaults.get(call.name, {})
    for name, value in expected.arguments.items():
        if name not in call.arguments:
            if name in expected.optional or (name in defaults and _equal(defaults[name], value, task.params)):
                continue
            return f"{call.name}: {name} is missing"
        accepted = [value, *expected.alternatives.get(name, [])]
        if not any(_equal(one, call.arguments[name], task.params) for one in accepted):
            return f"{call.name}: {name} is {shown(call.arguments[name])}, expected {shown(value)}"
    for name, value in call.arguments.items():
        if name in expected.arguments or any(
            _equal(one, value, task.params) for one in expected.alternatives.get(name, [])
        ):
            continue
        if not (name in defaults and _equal(defaults[name], value, task.params)):
            return f"{call.name}: unexpected argument {name}"
    return None


def _equal(gold: Json, said: Json, params: ToolCallParams) -> bool:
    """Deep equality by value: 1 equals 1.0, and true equals neither."""
    if isinstance(gold, dict) and isinstance(said, dict):
        return gold.keys() == said.keys() and all(_equal(gold[key], said[key], params) for key in gold)
    if isinstance(gold, list) and isinstance(said, list):
        return len(gold) == len(said) and all(_equal(a, b, params) for a, b in zip(gold, said, strict=True))
    if isinstance(gold, bool) or isinstance(said, bool):
        return gold is said
    if isinstance(gold, str) and isinstance(said, str) and params.ignore_case:
        return gold.casefold() == said.casefold()
    return bool(gold == said)


def _calls(text: str, task: Task) -> list[Call] | None:
    """Calls of the completion in order; None where there is nothing that looks like one."""
    format = task.params.format
    bodies = [match[2] for match in _TAGGED.finditer(text)] or [match[0] for match in _FUNCTION.finditer(text)]
    if bodies:
        return [call for body in bodies[: MAX_CALLS + 1] for call in _from_tag(body.strip(), task)]
    blocks = [body for _, body in fenced_blocks(text)]
    if format != "python":
        for source in (*reversed(blocks[-8:]), text):
            if calls := [call for one in last_documents(source) for call in _from_json(one)]:
                return calls
    if format != "json":
        return _from_python(_SPECIAL.sub("", blocks[-1] if blocks else text).strip(" \n\t`"))
    return None


def _from_tag(body: str, task: Task) -> list[Call]:
    """Calls of one tag: JSON, or functions with JSON or with parameters in tags; what is none is a wrong one."""
    calls: list[Call] = []
    functions = [(match[1], match[2].strip()) for match in _FUNCTION.finditer(body)]
    try:
        for name, source in functions:
            written = {key: _typed(name, key, text, task) for key, text in _PARAMETER.findall(source)}
            calls += _from_json({"name": name, "arguments": written or parse(source or "{}", "json")})
        calls += [] if functions else _from_json(parse(body, "json"))
    except NotParsed:
        pass
    return calls or [Call("(no call)", {})]


def _typed(name: str, key: str, text: str, task: Task) -> Json:
    """A parameter that is written without quotes: text where text is expected, else the JSON that it may be."""
    golds = [call.arguments.get(key) for call in task.reference.calls if call.name == name]
    if any(isinstance(gold, str) for gold in golds):
        return text
    try:
        return parse(text, "json")
    except NotParsed:
        return text


def _from_json(value: Json) -> Iterator[Call]:
    if isinstance(value, list):
        for one in value[: MAX_CALLS + 1]:
            yield from _from_json(one)
    elif isinstance(value, dict):
        if isinstance(value.get("tool_calls"), list):
            yield from _from_json(value["tool_calls"])
            return
        function = value.get("function")
        inner = function if isinstance(function, dict) else value
        name = function if isinstance(function, str) else inner.get("name")
        given = [inner[key] for key in ("arguments", "parameters", "args", "input") if key in inner]
        if not isinstance(name, str) or not (given or inner.keys() <= {"name", "id", "type", "function"}):
            return  # an object about somebody called so
        arguments: Json = (given[0] if given else None) or {}
        if isinstance(arguments, str):
            try:
                arguments = parse(arguments or "{}", "json")
            except NotParsed:
                arguments = {"(not JSON)": arguments}
        yield Call(name, arguments if isinstance(arguments, dict) else {"(not an object)": arguments})


def _from_python(text: str) -> list[Call] | None:
    """Calls written in Python, by the syntax tree; arguments must be literals, and nothing runs."""
    if len(text) > 20_000 or not _PYTHON.fullmatch(text):
        return None
    try:
        lines = [line.value if isinstance(line, ast.Expr) else line for line in ast.parse(text).body]
        nodes = [node for one in lines for node in (one.elts if isinstance(one, ast.List | ast.Tuple) else [one])]
        calls = []
        for node in nodes:
            if not isinstance(node, ast.Call) or node.args or any(word.arg is None for word in node.keywords):
                return None
            arguments = {str(word.arg): ast.literal_eval(word.value) for word in node.keywords}
            calls.append(Call(ast.unparse(node.func), json.loads(json.dumps(arguments, allow_nan=False))))
        return calls
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return None
