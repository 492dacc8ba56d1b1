"""``execute``: runs a program without judging it. What ``POST /v1/execute`` asks, through the same queue."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field
from typing_extensions import TypedDict

from reward_server.errors import InvalidTask, Unavailable
from reward_server.sandbox.base import Execution, ExecutionLimits, Program, Sandbox
from reward_server.sandbox.languages import LANGUAGES
from reward_server.types import Completion, Lane, Limits, Outcome, Verdict
from reward_server.verifiers.base import Context, Example, NoParams, StrictModel

SHOWN_BYTES = 256 * 1024


class ExecuteReference(StrictModel):
    """Everything but the source, which is the completion."""

    language: str = Field("python", description="Language of the program, by its name or a usual alias")
    stdin: str = Field("", description="Standard input")
    args: list[str] = Field(default_factory=list, max_length=256, description="Arguments after the program's name")
    files: dict[str, str] = Field(default_factory=dict, max_length=256, description="Text files to put beside it")
    time_s: float = Field(10.0, gt=0, le=120, description="Processor seconds")
    memory_mb: int = Field(512, ge=16, le=16_384, description="Memory")


class ExecutionDetail(TypedDict, total=False):
    """What came of one run."""

    exit_code: int | None
    signal: int | None
    limit: str | None
    stdout: str
    stderr: str
    cut: bool
    """Whether a stream was longer than what is shown."""
    cpu_s: float
    wall_s: float
    memory_mb: float
    flags: list[str]


class ExecuteDetail(TypedDict, total=False):
    """What came of compiling, where there is something to compile, and of running."""

    language: str
    isolation: str
    compile: ExecutionDetail | None
    run: ExecutionDetail | None


@dataclass(frozen=True, slots=True)
class Task:
    """A request and the name of its language."""

    reference: ExecuteReference
    language: str


class Execute:
    """Runs a program and tells what came of it; ``correct`` means no more than that it ended with status 0."""

    name = "execute"
    version = "1"
    lane = Lane.SANDBOX
    hidden = True
    limits = Limits(time_s=400.0, memory_mb=2048)
    cost_s = 0.05
    Reference = ExecuteReference
    Params = NoParams
    Detail = ExecuteDetail
    examples = (
        Example("ends well", {"stdin": "21"}, "print(int(input()) * 2)", Outcome.CORRECT),
        Example("ends badly", {}, "raise SystemExit(3)", Outcome.INCORRECT),
    )

    def prepare(self, reference: ExecuteReference, params: NoParams, context: Context) -> Task:
        """Find the language; raises ``InvalidTask`` for one that is not in the table."""
        wanted = reference.language.lower()
        for name, entry in LANGUAGES.items():
            if wanted == name or wanted in entry.aliases:
                return Task(reference, name)
        raise InvalidTask(f"there is no language {reference.language!r}; there are: {', '.join(sorted(LANGUAGES))}")

    def verify(self, task: Task, completion: Completion, context: Context) -> Verdict:
        """Build and run."""
        if context.sandboxes is None:
            raise Unavailable("this worker has no sandboxes", reason="no_sandbox")
        asked, language = task.reference, LANGUAGES[task.language].language
        files = {name: text.encode() for name, text in asked.files.items()}
        program = Program(language, completion.text.encode(), files, tuple(asked.args))
        limits = ExecutionLimits(time_s=asked.time_s, memory_mb=asked.memory_mb)

        def job(sandbox: Sandbox) -> tuple[Execution, Execution | None, str]:
            build = sandbox.build(program)
            run = sandbox.run(build, asked.stdin.encode(), limits) if build.ok else None
            return build.execution, run, sandbox.image.digest

        compiled, run, image = context.sandboxes.within(job, image=language.image, memory_mb=asked.memory_mb)
        detail = ExecuteDetail(
            language=task.language,
            isolation=context.sandboxes.isolation,
            compile=shown(compiled) if language.compile else None,
            run=None if run is None else shown(run),
        )
        last = run or compiled
        outcome = Outcome.LIMIT_EXCEEDED if last.limit else Outcome.CORRECT if last.ok else Outcome.INCORRECT
        return Verdict(outcome, float(last.ok), {**detail}, last.flags, image)


def shown(execution: Execution) -> ExecutionDetail:
    """An execution as JSON, its streams cut to size."""
    streams = (execution.stdout, execution.stderr)
    stdout, stderr = (stream[:SHOWN_BYTES].decode("utf-8", "replace") for stream in streams)
    return ExecutionDetail(
        exit_code=execution.exit_code,
        signal=execution.signal,
        limit=execution.limit,
        stdout=stdout,
        stderr=stderr,
        cut=any(len(stream) > SHOWN_BYTES for stream in streams),
        cpu_s=round(execution.cpu_s, 6),
        wall_s=round(execution.wall_s, 6),
        memory_mb=round(execution.memory_mb, 3),
        flags=list(execution.flags),
    )
