"""Every language whose image is built runs right programs, and only those pass."""
# ruff: noqa: E501 - programs stand on one line each, newlines escaped, so that a table can be read

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reward_server.sandbox.languages import LANGUAGES, NOT_AVAILABLE, languages_of_image
from reward_server.types import Json, Outcome
from tests.live import DRIVERS, Grader, absent, sandboxes_of

IN_CI = ("python", "c", "cpp", "javascript", "typescript")
SLOW = [name for name in LANGUAGES if name not in IN_CI]
WRONG = {"sql": "SELECT 7;", "haskell": 'main :: IO ()\nmain = putStrLn "7"'}


@pytest.fixture(scope="module")
def grade_any() -> Iterator[Grader]:
    """A grader over whatever images are there."""
    for sandboxes in sandboxes_of(DRIVERS[0]):
        yield Grader(sandboxes)


def right_and_wrong(grade: Grader, name: str) -> None:
    entry = LANGUAGES[name]
    image = grade.sandboxes.images().get(entry.language.image)
    if image is None or name not in image.languages:
        absent(f"no image for {name}; run `reward-server images build {entry.language.image}`")
    case: Json = {"input": entry.probe_input, "output": "42\n"}
    limits: dict[str, Json] = {"time_s": 20, "memory_mb": 1024}
    right = grade({"kind": "stdio", "cases": [case] * 2}, entry.probe, language=name, **limits)
    assert right.outcome is Outcome.CORRECT, right
    wrong = grade({"kind": "stdio", "cases": [{**case, "output": "43\n"}]}, entry.probe, language=name, **limits)
    assert wrong.outcome is Outcome.INCORRECT and wrong.detail["first_failure"]["actual"].strip() == "42", wrong
    broken = grade({"kind": "stdio", "cases": [case]}, "((( this is no program {{{", language=name, **limits)
    assert broken.outcome is Outcome.INCORRECT, broken


@pytest.mark.parametrize("name", IN_CI)
def test_a_language_of_ci_runs_right_programs_alone(grade_any: Grader, name: str) -> None:
    right_and_wrong(grade_any, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_any_other_language_runs_right_programs_alone(grade_any: Grader, name: str) -> None:
    right_and_wrong(grade_any, name)


def test_every_language_has_an_image_folder_and_a_probe() -> None:
    from reward_server.sandbox.images import image_names

    for name, entry in LANGUAGES.items():
        assert entry.language.image in image_names(), name
        assert entry in languages_of_image(entry.language.image)
        assert entry.probe and entry.language.version and entry.language.run
    assert not set(LANGUAGES) & set(NOT_AVAILABLE)


def test_no_two_languages_share_a_name() -> None:
    names = [word for name, entry in LANGUAGES.items() for word in (name, *entry.aliases)]
    assert len(names) == len(set(names))


CPP = {
    "runtime_error": ('#include <cstdlib>\nint main() { std::abort(); }', Outcome.INCORRECT),
    "exit_status": ("int main() { return 3; }", Outcome.INCORRECT),
    "endless": ("int main() { for (volatile int i = 0;; ) i = i + 1; }", Outcome.LIMIT_EXCEEDED),
    "stack_overflow": ("int f(int n) { volatile char a[999]; return a[n % 9] + f(n + 1); }\nint main() { return f(0); }", None),
    "compile_error": ("int main() { return x; }", Outcome.INCORRECT),
    "compile_bomb": ("template<int n> struct A { A<n + 1> a; };\nint main() { A<0> a; }", Outcome.INCORRECT),
    "include_device": ('#include "/dev/zero"\nint main() {}', None),
    "huge_binary": ("char a[1 << 30] = {1};\nint main() {}", None),
    "embeds_its_source": ('#include <cstdio>\n#include <fstream>\n#include <iostream>\nint main() { std::cout << std::ifstream("main.cpp").rdbuf(); }', Outcome.INCORRECT),
}  # fmt: skip


@pytest.mark.parametrize("name", CPP)
def test_a_faulty_cpp_program_is_its_own_fault(grade_any: Grader, name: str) -> None:
    program, outcome = CPP[name]
    tests: Json = {"kind": "stdio", "cases": [{"input": "21\n", "output": "42\n"}]}
    verdict = grade_any(tests, program, language="cpp", time_s=1)
    assert verdict.reward == 0.0, verdict
    assert outcome is None or verdict.outcome is outcome, verdict
    assert grade_any(tests, LANGUAGES["cpp"].probe, language="cpp").outcome is Outcome.CORRECT


def test_a_compiler_message_is_told(grade_any: Grader) -> None:
    tests: Json = {"kind": "stdio", "cases": [{"input": "", "output": ""}]}
    verdict = grade_any(tests, "int main() { return nowhere; }", language="cpp")
    assert verdict.detail["compile"]["ok"] is False and "nowhere" in verdict.detail["compile"]["message"]
    assert verdict.detail["run"] == 0


FUNCTION: Json = {
    "kind": "function",
    "entry": "f",
    "cases": [{"args": [[3, 1, 2], 2], "expected": [3, 2]}, {"args": [[5], 1], "expected": [5]}],
}
JAVASCRIPT = {
    "function": ("function f(xs, k) { return xs.sort((a, b) => b - a).slice(0, k); }", True),
    "arrow": ("const f = (xs, k) => [...xs].sort((a, b) => b - a).slice(0, k);", True),
    "exports": ("module.exports = { f: (xs, k) => xs.sort((a, b) => b - a).slice(0, k) };", True),
    "method": ("class Solution { f(xs, k) { return xs.sort((a, b) => b - a).slice(0, k); } }", True),
    "async": ("async function f(xs, k) { await null; return xs.sort((a, b) => b - a).slice(0, k); }", True),
    "chatty": ("console.log('hello'); function f(xs, k) { console.log(xs); return xs.sort((a, b) => b - a).slice(0, k); }", True),
    "typed_array": ("const f = (xs, k) => Int32Array.from(xs).sort().reverse().slice(0, k);", True),
    "module": ("import fs from 'fs';\nexport function f(xs, k) { return xs.sort((a, b) => b - a).slice(0, k); }", True),
    "wrong": ("function f(xs, k) { return xs.slice(0, k); }", False),
    "text": ("function f(xs, k) { return String(xs.sort((a, b) => b - a).slice(0, k)); }", False),
    "throws": ("function f() { throw new Error('no'); }", False),
    "exits": ("process.exit(0)", False),
    "exits_in_call": ("function f() { process.exit(0); }", False),
    "valueof": ("function f() { return { valueOf() { return 3; }, toString() { return '3,2'; }, toJSON() { return [3, 2]; } }; }", False),
    "patched_json": ("JSON.stringify = () => '{\"v\": [3, 2]}'; function f() { return 1; }", False),
    "never_settles": ("function f() { return new Promise(() => {}); }", False),
    "cycle": ("function f() { const a = []; a.push(a); return a; }", False),
    "nothing": ("", False),
    "syntax": ("function f( {", False),
}  # fmt: skip


@pytest.mark.parametrize("name", JAVASCRIPT)
@pytest.mark.parametrize("language", ["javascript", "typescript"])
def test_a_javascript_function_is_judged_by_its_values(grade_any: Grader, language: str, name: str) -> None:
    program, right = JAVASCRIPT[name]
    verdict = grade_any(FUNCTION, program, language=language)
    if (name, language) != ("nothing", "javascript") and not program:
        assert verdict.outcome is Outcome.NO_ANSWER
    assert verdict.reward == float(right), verdict


def test_javascript_values_keep_their_types(grade_any: Grader) -> None:
    values: Json = [None, True, 1.5, "a", [1, [2]], {"a": 1}, 9007199254740993]
    tests: Json = {"kind": "function", "entry": "f", "cases": [{"args": [], "expected": values}]}
    program = "const f = () => [undefined, true, 1.5, 'a', [1, [2]], new Map([['a', 1]]), 9007199254740993n];"
    assert grade_any(tests, program, language="javascript").outcome is Outcome.CORRECT


def test_typescript_is_transpiled(grade_any: Grader) -> None:
    program = "interface P { x: number }\nenum E { A = 2 }\nfunction f(xs: number[], k: number): number[] {\n"
    program += "  const p: P = { x: k as number };\n  return xs.sort((a: number, b: number) => b - a).slice(0, p.x);\n}"
    assert grade_any(FUNCTION, program, language="typescript").outcome is Outcome.CORRECT
