"""The shapes of requests and responses, for OpenAPI; requests are read by ``wire``, which explains more."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from reward_server.types import Outcome

Message = dict[str, Any]


class CompletionIn(BaseModel):
    """A completion that says more than its text."""

    content: str | list[Message] | None
    truncated: bool = False


class ItemIn(BaseModel):
    """One thing to be right about."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    id: str | int | None = None
    """Echoed; the item's index where there is none."""
    verifier: str | None = None
    """Name of a verifier; the request's default where there is none."""
    reference: Any
    """What right means, in the verifier's own shape, also as a JSON string."""
    params: dict[str, Any] | None = None
    """The verifier's parameters."""
    completions: list[str | list[Message] | CompletionIn]
    """Texts, transcripts (the last assistant message counts), or objects."""
    thinking: Literal["auto", "prefilled", "none"] | None = "auto"
    """How thinking is removed; ``prefilled`` where the chat template opens it in the prompt."""
    prompt: Any = None
    """For the log; never part of a verdict."""
    meta: Any = None
    """For the trainer; never part of a verdict."""


class RewardRequest(BaseModel):
    """Items to be scored."""

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_extra={
            "examples": [
                {
                    "items": [
                        {
                            "id": "p17",
                            "verifier": "math",
                            "reference": "\\frac{1}{2}",
                            "completions": ["so it is \\boxed{0.5}", "so it is \\boxed{2}"],
                        }
                    ],
                    "deadline_s": 60,
                    "run": "qwen-math-7",
                }
            ]
        },
    )

    items: list[ItemIn]
    verifier: str | None = None
    """For items that name none."""
    deadline_s: float | None = Field(None, gt=0)
    """Seconds from receipt; what is not known by then is ``unavailable``."""
    run: str | None = Field(None, max_length=200)
    """Label of the experiment, for metrics."""
    detail: Literal["none", "brief", "full"] | None = "full"
    """How much of each verdict's detail to send."""


class VerdictDoc(BaseModel):
    """The answer for one completion."""

    reward: float | None
    outcome: Outcome
    score: float | None
    detail: dict[str, Any]
    flags: list[str]
    reason: str | None
    retryable: bool
    verifier: str
    version: str
    image: str | None
    queue_s: float
    run_s: float
    cached: bool


class ItemDoc(BaseModel):
    """One item's verdicts."""

    id: str
    rewards: list[float | None]
    verdicts: list[VerdictDoc]


class SummaryDoc(BaseModel):
    """How many completions had each outcome."""

    completions: int
    correct: int
    incorrect: int
    no_answer: int
    limit_exceeded: int
    invalid_task: int
    unavailable: int
    cached: int


class RewardResponse(BaseModel):
    """Verdicts in the order of the items."""

    items: list[ItemDoc]
    summary: SummaryDoc


class BatchDoc(BaseModel):
    """A durable batch; ``items`` and ``summary`` once it is not running any more."""

    id: str
    status: Literal["running", "finished", "cancelled"]
    run: str
    created: float
    deadline: float
    completions: int
    done: int
    items: list[ItemDoc] | None = None
    summary: SummaryDoc | None = None


class ExampleDoc(BaseModel):
    """A worked example of a verifier."""

    title: str
    reference: Any
    params: dict[str, Any]
    completion: str
    outcome: Outcome


class VerifierDoc(BaseModel):
    """A verifier, with the JSON Schemas of what it takes and tells."""

    name: str
    version: str
    description: str
    lane: str
    reference_schema: dict[str, Any]
    params_schema: dict[str, Any]
    detail_schema: dict[str, Any]
    examples: list[ExampleDoc]


class ExecuteRequest(BaseModel):
    """A program to run."""

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_extra={"examples": [{"language": "python", "source": "print(int(input()) * 2)", "stdin": "21"}]},
    )

    source: str
    language: str = "python"
    stdin: str = ""
    args: list[str] = Field(default_factory=list)
    files: dict[str, str] = Field(default_factory=dict)
    """Text files by relative name, put into the working directory."""
    time_s: float = 10.0
    """Processor seconds."""
    memory_mb: int = 512
    deadline_s: float | None = Field(None, gt=0)
    """Seconds from receipt until the answer is 503."""


class ExecutionDoc(BaseModel):
    """What came of one process."""

    exit_code: int | None
    signal: int | None
    limit: str | None
    stdout: str
    stderr: str
    cut: bool
    cpu_s: float
    wall_s: float
    memory_mb: float
    flags: list[str]


class ExecuteResponse(BaseModel):
    """What came of compiling (null where there is nothing to compile) and of running (null where that failed)."""

    language: str
    isolation: str
    image: str | None
    compile: ExecutionDoc | None
    run: ExecutionDoc | None


class ProblemDoc(BaseModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
