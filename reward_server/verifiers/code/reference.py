"""What right means for a program: its language and its tests, one model per kind of test."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from reward_server.types import Json
from reward_server.verifiers.base import StrictModel

Entry = Annotated[str, Field(pattern=r"^[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)?$", max_length=200)]
"""A name, or ``Class.method``."""

FileName = Annotated[str, Field(pattern=r"^[\w-][\w.-]*(/[\w-][\w.-]*)*$", max_length=200)]
"""A relative path without ``..``."""


class Source(StrictModel):
    """A program of the task's owner: a checker or an interactive judge."""

    code: str
    language: str = "python"


class StdioCase(StrictModel):
    """Text for standard input, and what standard output must be."""

    input: str = ""
    output: str = ""


class StdioTests(StrictModel):
    """Each case is one run of the program; the server compares what it printed.

    With ``checker``, that program decides instead: it is run as ``checker input.txt output.txt answer.txt`` (the
    order of testlib) and accepts with exit status 0, rejects with 1 or 2. With ``judge``, the program talks to
    that one: each one's output is the other's input; the judge finds the case in ``input.txt`` and ``answer.txt``
    and accepts with exit status 0, rejects with 1 or 2.
    """

    kind: Literal["stdio"]
    cases: Annotated[tuple[StdioCase, ...], Field(min_length=1)]
    compare: Literal["tokens", "exact", "float"] = "tokens"
    checker: Source | None = None
    judge: Source | None = None


class FunctionCase(StrictModel):
    """Arguments of one call, and what it must return."""

    args: tuple[Json, ...] = ()
    kwargs: dict[str, Json] = Field(default_factory=dict)
    expected: Json = None


class FunctionTests(StrictModel):
    """Each case is one call of ``entry``, found at module level, else on ``Solution()``."""

    kind: Literal["function"]
    entry: Entry
    cases: Annotated[tuple[FunctionCase, ...], Field(min_length=1)]


class AssertTests(StrictModel):
    """Test code as of HumanEval or MBPP, run apart from the program and against a proxy of it.

    ``setup`` runs first, then ``entry`` is bound, then ``code`` runs; a ``check`` that it defines is called with
    the first entry. Objects of plain classes that ``setup`` defines (``ListNode``) cross by value.
    """

    kind: Literal["asserts"]
    entry: Entry | Annotated[tuple[Entry, ...], Field(min_length=1)]
    code: Annotated[str, Field(min_length=1)]
    setup: str = ""

    @property
    def entries(self) -> tuple[str, ...]:
        """The entries, also where there is one."""
        return (self.entry,) if isinstance(self.entry, str) else self.entry


class PytestTests(StrictModel):
    """Files for pytest that import the program as ``module``."""

    kind: Literal["pytest"]
    files: Annotated[dict[FileName, str], Field(min_length=1)]
    module: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$", max_length=100)] = "solution"

    @field_validator("files")
    @classmethod
    def _has_tests(cls, files: dict[str, str]) -> dict[str, str]:
        if not any(name.endswith(".py") for name in files):
            raise ValueError("no file ends in .py")
        return files


Tests = Annotated[StdioTests | FunctionTests | AssertTests | PytestTests, Field(discriminator="kind")]


class CodeReference(StrictModel):
    """The language that the program must be in, and its tests."""

    language: str = "python"
    tests: Tests
