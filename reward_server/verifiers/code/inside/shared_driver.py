"""Main program of ``isolation: "shared"``: loads the program, runs the tests beside it, reports with the word."""

import json
import os
import sys
import traceback
import types
from typing import Any


def _load(job: dict[str, Any]) -> types.ModuleType:
    module = types.ModuleType(job["module"])
    sys.modules[job["module"]] = module
    with open(job["module"] + ".py", "w", encoding="utf-8") as file:
        file.write(job["source"])
    exec(job["prelude"], module.__dict__)
    module.__file__ = os.path.abspath(job["module"] + ".py")
    exec(compile(job["source"], module.__file__, "exec", dont_inherit=True), module.__dict__)
    return module


def _find(module: types.ModuleType, entry: str) -> Any:
    first, _, method = entry.partition(".")
    if method:
        return getattr(getattr(module, first)(), method)
    return getattr(module, first) if hasattr(module, first) else getattr(module.Solution(), first)


def _asserts(job: dict[str, Any], failures: list[str]) -> int:
    module, passed = _load(job), 0
    names = {**vars(module), "__name__": "tests"}
    exec(compile(job["setup"], "<setup>", "exec", dont_inherit=True), names)
    entries = [_find(module, entry) for entry in job["entries"]]
    names.update(
        {entry.partition(".")[2] or entry: target for entry, target in zip(job["entries"], entries, strict=True)}
    )
    names["candidate"] = entries[0]
    for test in job["tests"]:
        try:
            names.pop("check", None)
            exec(compile(test, "<tests>", "exec", dont_inherit=True), names)
            if callable(names.get("check")):
                names["check"](entries[0])
            passed += 1
        except BaseException:  # noqa: BLE001 - whatever a test raises fails it
            failures.append(traceback.format_exc(limit=-5))
            if job["stop"]:
                break
    return passed


def _pytest(job: dict[str, Any], failures: list[str]) -> int:
    import pytest

    for name, text in job["files"].items():
        path = os.path.join("tests", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    class Report:
        passed = 0

        def pytest_runtest_logreport(self, report: Any) -> None:
            if report.failed:
                failures.append(f"{report.nodeid} ({report.when}): {str(report.longrepr)[-800:]}")
            Report.passed += bool(report.when == "call" and report.passed)

        def pytest_collectreport(self, report: Any) -> None:
            if report.failed:
                failures.append(f"{report.nodeid}: {str(report.longrepr)[-800:]}")

    run = pytest.main
    _load(job)
    status = run(["-q", "-p", "no:cacheprovider", *["-x"] * job["stop"], "tests"], [Report()])
    if not failures and (status != 0 or not Report.passed):
        failures.append(f"pytest ended with status {int(status)} and {Report.passed} tests passed")
    return int(not failures)


def _main() -> None:
    job: dict[str, Any] = json.loads(sys.stdin.buffer.read())
    failures: list[str] = []
    word, write, encode, leave = job.pop("word"), os.write, json.dumps, os._exit
    try:
        passed = (_pytest if "files" in job else _asserts)(job, failures)
    except BaseException:  # noqa: BLE001 - whatever loading raises is the program's failure
        failures.append(traceback.format_exc(limit=-5))
        passed = 0
    sys.stdout.flush()
    text = (
        "\n" + word + encode({"passed": passed, "failures": [str(f)[-2000:] for f in failures[:3]]}) + "\n"
    ).encode()
    while text:
        text = text[write(1, text) :]
    leave(0)


_main()
