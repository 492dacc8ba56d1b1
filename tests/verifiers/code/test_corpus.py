"""Some eight hundred honest programs of every kind of tests, each unusual in its own way, are accepted."""

from __future__ import annotations

import pytest

from reward_server.types import Outcome
from tests.live import Grader
from tests.verifiers.code.corpus import Case, cases

CASES = list(cases())
SHARES_FILES = ("tempfile.", "tmp_path")


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_an_honest_program_is_accepted(grade: Grader, case: Case) -> None:
    grade.need(case.tests, case.program)
    if any(word in str(case.tests) for word in SHARES_FILES):
        grade.need_common_folder()
    verdict = grade(case.tests, case.program, time_s=5)
    assert verdict.outcome is Outcome.CORRECT, verdict.detail.get("first_failure", verdict.detail)
