"""The ``code`` verifier: runs a program against tests that it cannot see, reach or forge."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from reward_server.errors import LimitExceeded, Unavailable
from reward_server.sandbox.base import ImageInfo, Language, Sandboxes
from reward_server.sandbox.languages import LANGUAGES
from reward_server.types import Completion, Lane, Limits, Outcome, Verdict, no_answer
from reward_server.verifiers.base import Context
from reward_server.verifiers.code.check import judge_for, language_named
from reward_server.verifiers.code.detail import CodeDetail
from reward_server.verifiers.code.examples import EXAMPLES
from reward_server.verifiers.code.extract import program_of
from reward_server.verifiers.code.judgement import Judge, verdict_of
from reward_server.verifiers.code.params import CodeParams
from reward_server.verifiers.code.reference import CodeReference

MAX_PROGRAM_BYTES = 2 << 20
"""A longer program is ``limit_exceeded``."""


@dataclass(frozen=True, slots=True)
class CodeTask:
    """A checked reference."""

    language: Language
    params: CodeParams
    judge: Judge


class CodeVerifier:
    """Unit tests: a program in a completion is right when it passes every test.

    The reference holds the tests: pairs of standard input and output (with tolerance, a checker program or an
    interactive judge where they are needed), calls of a function, assert-style test code, or files for pytest.
    Expected values never enter a process that the program can reach; what it prints, returns or raises is compared
    outside. Programs may be in any language that ``reward-server images list`` shows.
    """

    name, version, lane = "code", "1", Lane.SANDBOX
    limits, cost_s = Limits(time_s=160.0, memory_mb=2048), 0.05
    Reference, Params, Detail = CodeReference, CodeParams, CodeDetail
    examples = EXAMPLES

    def prepare(self, reference: CodeReference, params: CodeParams, context: Context) -> CodeTask:
        """Check the tests; raises ``InvalidTask`` for an unknown language and for tests that do not compile."""
        return CodeTask(language_named(reference.language), params, judge_for(reference, params))

    def verify(self, task: CodeTask, completion: Completion, context: Context) -> Verdict:
        """Run the tests in a sandbox."""
        if context.sandboxes is None:
            raise Unavailable("this worker has no sandboxes", reason="no_sandbox")
        source: str | None = completion.text
        if task.params.extract == "last_fence":
            source = program_of(completion.text, LANGUAGES[task.language.name])
        if source is None or not source.strip():
            return no_answer({"message": f"the completion has no fenced block of {task.language.name}"})
        program = source.encode("utf-8", "replace")
        detail = CodeDetail(
            kind=task.judge.kind, language=task.language.name, program_sha256=hashlib.sha256(program).hexdigest()
        )
        if len(program) > MAX_PROGRAM_BYTES:
            raise LimitExceeded(f"the program is longer than {MAX_PROGRAM_BYTES:,} bytes", limit="size")
        image = _image(context.sandboxes, task.language)
        detail["isolation"] = context.sandboxes.isolation
        verdict = _judged(task, context.sandboxes, source, detail)
        flags = set(verdict.flags) | ({"hard_coded_suspect"} if task.judge.suspects(source) else set())
        return Verdict(verdict.outcome, verdict.score, verdict.detail, tuple(sorted(flags)), image.digest)


def _judged(task: CodeTask, sandboxes: Sandboxes, source: str, detail: CodeDetail) -> Verdict:
    try:
        judgement = task.judge.judge(sandboxes, source)
    except LimitExceeded as error:
        detail["limit"], detail["message"] = error.limit, str(error)
        return Verdict(Outcome.LIMIT_EXCEEDED, None, {**detail}, (error.limit,))
    if "shared_process" in judgement.flags:
        detail["isolation"] += "+shared"
    return verdict_of(judgement, detail)


def _image(sandboxes: Sandboxes, language: Language) -> ImageInfo:
    info = sandboxes.images().get(language.image)
    how = f"build it with: reward-server images build {language.image}"
    if info is None:
        raise Unavailable(f"there is no image for {language.name}; {how}", reason="no_image", retryable=False)
    if language.name not in info.languages:
        raise Unavailable(
            f"the image {info.name!r} does not run {language.name}: its probe failed; {how}",
            reason="no_image",
            retryable=False,
        )
    return info
