"""From a reference and params to a judge: everything about the tests that can be wrong is found here, before any
completion runs, and is the task's fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reward_server.errors import InvalidTask
from reward_server.sandbox.base import Language, Tester
from reward_server.sandbox.languages import LANGUAGES, NOT_AVAILABLE
from reward_server.verifiers.code import javascript
from reward_server.verifiers.code.asserts import AssertJudge
from reward_server.verifiers.code.checker import Checker
from reward_server.verifiers.code.function import FunctionJudge
from reward_server.verifiers.code.interactive import InteractiveJudge
from reward_server.verifiers.code.judgement import Judge
from reward_server.verifiers.code.owned import OwnedProgram
from reward_server.verifiers.code.params import CodeParams
from reward_server.verifiers.code.pieces import pieces_of
from reward_server.verifiers.code.prelude import LEETCODE_IMPORTS, shared_classes
from reward_server.verifiers.code.pytest_style import parsed, pytest_tester
from reward_server.verifiers.code.reference import (
    AssertTests,
    CodeReference,
    FunctionTests,
    PytestTests,
    Source,
    StdioTests,
)
from reward_server.verifiers.code.shared import SharedJudge
from reward_server.verifiers.code.stdio import StdioJudge


def language_named(name: str, *, reason: str = "unknown_language") -> Language:
    """The language of that name or alias; raises ``InvalidTask`` with the names there are."""
    wanted = name.strip().lower()
    for entry in LANGUAGES.values():
        if wanted == entry.language.name or wanted in entry.aliases:
            return entry.language
    if wanted in NOT_AVAILABLE:
        raise InvalidTask(f"{name!r} is not available: {NOT_AVAILABLE[wanted]}", reason=reason)
    raise InvalidTask(f"unknown language {name[:50]!r}; there are: {', '.join(sorted(LANGUAGES))}", reason=reason)


def judge_for(reference: CodeReference, params: CodeParams) -> Judge:
    """The judge of these tests; raises ``InvalidTask``."""
    language, tests = language_named(reference.language), reference.tests
    make: Callable[..., Judge] = _MAKERS[type(tests)]
    return make(language, tests, params)


def _stdio(language: Language, tests: StdioTests, params: CodeParams) -> Judge:
    if tests.checker is not None and tests.judge is not None:
        raise InvalidTask("tests.checker and tests.judge exclude each other")
    if tests.judge is not None:
        owned = _owned("judge", tests.judge, params)
        return InteractiveJudge(language, tests, params, owned, _common_image(language, owned.language))
    checker = None
    if tests.checker is not None:
        checker = Checker(_owned("checker", tests.checker, params), params.execution_limits())
    return StdioJudge(language, tests, params, checker)


def _owned(role: str, source: Source, params: CodeParams) -> OwnedProgram:
    language = language_named(source.language)
    if language.name == "python":
        parsed(source.code, f"the {role}")
    return OwnedProgram(role, language, source.code, params.memory_mb)


def _common_image(program: Language, judge: Language) -> str:
    """An image that runs both: every image runs Python."""
    if program.image == judge.image or judge.name == "python":
        return program.image
    if program.name == "python":
        return judge.image
    raise InvalidTask(
        f"no image runs both {program.name} and {judge.name}: write the judge in Python or {program.name}"
    )


def _function(language: Language, tests: FunctionTests, params: CodeParams) -> Judge:
    if language.name in javascript.LANGUAGES:
        if any(case.kwargs for case in tests.cases):
            raise InvalidTask(f"{language.name} has no keyword arguments")
        return javascript.JavaScriptFunctionJudge(language, tests, params)
    _python_only(language, "function tests are for Python, JavaScript and TypeScript")
    return FunctionJudge(language, tests, params)


def _asserts(language: Language, tests: AssertTests, params: CodeParams) -> Judge:
    _python_only(language, "assert tests are for Python")
    parsed(tests.setup, "tests.setup")
    parsed(tests.code, "tests.code")
    pieces = pieces_of(tests.code)
    if not pieces:
        raise InvalidTask("tests.code is empty", reason="broken_tests")
    if params.isolation == "shared":
        job = {"tests": pieces, "setup": tests.setup, "entries": tests.entries}
        return SharedJudge(language, params, "asserts", {**job, **_shared("solution")}, len(pieces))
    classes = shared_classes(tests.setup)
    tester = Tester(
        tests=pieces,
        entries=tests.entries,
        setup=f"{LEETCODE_IMPORTS}\n{tests.setup}",
        prelude=f"{LEETCODE_IMPORTS}\n{classes.source}",
        value_classes=classes.names,
        stop_at_first_failure=params.stop_at_first_failure,
    )
    return AssertJudge(language, tester, params)


def _pytest(language: Language, tests: PytestTests, params: CodeParams) -> Judge:
    _python_only(language, "pytest tests are for Python")
    for name, source in tests.files.items():
        if name.endswith(".py"):
            parsed(source, name)
    if params.isolation == "shared":
        return SharedJudge(language, params, "pytest", {"files": tests.files, **_shared(tests.module)})
    tester = replace(pytest_tester(tests, stop=params.stop_at_first_failure), prelude=LEETCODE_IMPORTS)
    return AssertJudge(language, tester, params, "pytest")


def _shared(module: str) -> dict[str, str]:
    return {"module": module, "prelude": LEETCODE_IMPORTS}


def _python_only(language: Language, message: str) -> None:
    if language.name != "python":
        raise InvalidTask(f"{message}; for {language.name} use stdio tests")


_MAKERS: dict[type, Callable[..., Judge]] = {
    StdioTests: _stdio,
    FunctionTests: _function,
    AssertTests: _asserts,
    PytestTests: _pytest,
}
