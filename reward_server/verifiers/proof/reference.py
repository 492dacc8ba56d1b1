"""What is to be proved, with what, and what a verdict says about it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from reward_server.verifiers.base import StrictModel


class ProofReference(StrictModel):
    """A statement to be proved."""

    prover: Literal["rocq", "lean"] = "rocq"
    statement: str = Field(
        min_length=1,
        max_length=50_000,
        description="A proposition: forall n : nat, n + 0 = n. For Lean also a whole theorem that ends in sorry",
    )
    name: str = Field("goal", pattern=r"^[A-Za-z_][A-Za-z0-9_']{0,60}$", description="What the theorem is called")
    preamble: str = Field("", max_length=200_000, description="Imports and definitions that the statement needs")
    axioms: list[Annotated[str, Field(pattern=r"^[A-Za-z_][\w.']{0,200}$")]] | None = Field(
        None,
        max_length=50,
        description="Axioms that may be used: by default none, and for Lean propext, Quot.sound and Classical.choice",
    )


class ProofParams(StrictModel):
    """Limits of one proof."""

    time_s: float = Field(20.0, gt=0, le=120)
    memory_mb: int = Field(2048, ge=256, le=4096)


class ProofDetail(TypedDict, total=False):
    """What the prover said."""

    problem: str
    axioms: list[str]
    message: str
