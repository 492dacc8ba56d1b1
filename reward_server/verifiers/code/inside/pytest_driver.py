"""Runs in the tester's process, after ``_JOB`` was set: pytest over the task's files, the program being proxies."""

import importlib
import json
import os
import sys
from typing import Any

_JOB = ""


class _Report:
    """Collects what failed; pytest's own text output is not read."""

    def __init__(self) -> None:
        self.passed, self.failures = 0, list[str]()

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.failures.append(f"{report.nodeid} ({report.when}): {str(report.longrepr)[-800:]}")
        elif report.when == "call" and report.passed:
            self.passed += 1

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.failures.append(f"{report.nodeid}: {str(report.longrepr)[-800:]}")


def _run_pytest() -> None:
    job = json.loads(_JOB)
    module: Any = importlib.import_module("solution")
    module.__all__ = [name for name in job["free"] if hasattr(module, name)]  # for `import *`
    sys.modules[job["module"]] = module
    place = os.path.join(os.getcwd(), f"tests-{os.urandom(8).hex()}")  # or a program might have the tests read them
    for name, text in job["files"].items():
        # data lies under its usual name as well, for tests that open it by that
        for folder in [place] if name.endswith(".py") else [place, "tests"]:
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
    import pytest

    report = _Report()
    options = ["-q", "-p", "no:cacheprovider", "--rootdir", place, *["-x"] * job["stop"]]
    status = pytest.main([*options, place], plugins=[report])
    if report.failures:
        text = "\n".join(report.failures).replace(os.path.basename(place), "tests")
        raise AssertionError(f"{len(report.failures)} failed, {report.passed} passed\n{text}")
    if status != 0 or not report.passed:
        raise RuntimeError(f"pytest ended with status {int(status)} and {report.passed} tests passed")
