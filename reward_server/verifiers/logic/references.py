"""The references of the ``logic`` verifier: a union on ``kind``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, JsonValue

from reward_server.verifiers.base import StrictModel

Formulas = Annotated[list[Annotated[str, Field(max_length=10_000)]], Field(max_length=200)]


class NaturalDeduction(StrictModel):
    """A Fitch-style proof: numbered lines ``3. Q   ->E 1, 2``, sub-proofs by bars or indentation."""

    kind: Literal["natural_deduction"]
    premises: Formulas = []
    conclusion: str


class SequentProof(StrictModel):
    """A proof in the sequent calculus LK: numbered lines ``3. P, P -> Q |- Q   ->L 1, 2``."""

    kind: Literal["sequent"]
    sequent: str = Field(description="The sequent to be proved: P, Q |- P & Q")


class Entailment(StrictModel):
    """Steps in free form, each of which Z3 finds to follow from the premises and the steps before it."""

    kind: Literal["entailment"]
    premises: Formulas = []
    conclusion: str
    syntax: Literal["infix", "smtlib"] = "infix"
    variables: dict[str, Literal["Int", "Real"]] = Field(
        default_factory=dict, description="Sorts of the names in arithmetic; a name without one is Real"
    )
    min_steps: int = Field(1, ge=1, description="Fewer steps are no derivation")


class Algebra(StrictModel):
    """A chain of expressions or equations, each the same as the one before by the mathematics verifier."""

    kind: Literal["algebra"]
    start: str = Field(min_length=1)
    conclusion: str = Field(min_length=1)
    params: dict[str, JsonValue] = Field(default_factory=dict, description="Params for the mathematics verifier")


class TruthTable(StrictModel):
    """The whole truth table of a formula: letters first, the formula in the last column."""

    kind: Literal["truth_table"]
    formula: str


class Resolution(StrictModel):
    """A refutation by resolution: numbered lines ``5. P | R   [1, 3]`` that end in the empty clause."""

    kind: Literal["resolution"]
    clauses: Formulas = Field(min_length=1, description="Clauses such as P | ~Q, numbered from 1")


class Drat(StrictModel):
    """A DRAT (or DRUP) proof that a CNF is unsatisfiable."""

    kind: Literal["drat"]
    cnf: str = Field(max_length=2_000_000, description="Clauses in DIMACS")


class Model(StrictModel):
    """An assignment or a finite structure that makes formulas true, and a conclusion (if any) false."""

    kind: Literal["model"]
    formulas: Formulas = Field(default_factory=list)
    counter_to: str | None = Field(None, description="A formula that must be false: the model is a counter-model")


class KnightsAndKnaves(StrictModel):
    """Knights tell the truth, knaves lie: statements as formulas in which a name says "is a knight"."""

    model_config = ConfigDict(**{**StrictModel.model_config, "title": "Knights and knaves"})
    kind: Literal["knights_and_knaves"]
    statements: dict[str, str] = Field(
        min_length=1, max_length=10, description='What each says: {"A": "~B", "B": "A | B"}'
    )


class Sudoku(StrictModel):
    """A filled grid that keeps the given cells (0 is empty)."""

    kind: Literal["sudoku"]
    grid: list[list[int]]


class NQueens(StrictModel):
    """Queens that do not attack each other: the column of each row, from 0."""

    kind: Literal["n_queens"]
    size: int = Field(ge=1, le=200)
    given: dict[int, int] = Field(default_factory=dict, description="Column by row, from 0")


class Countdown(StrictModel):
    """An expression from given numbers, by + - * / and brackets, with a given value; game of 24 uses them all."""

    kind: Literal["countdown"]
    numbers: list[Annotated[int, Field(ge=0, le=10**9)]] = Field(min_length=1, max_length=20)
    target: int
    use_all: bool = False


class Zebra(StrictModel):
    """A grid puzzle with one solution: a JSON object in the shape of ``solution``."""

    kind: Literal["zebra"]
    solution: dict[str, dict[str, str] | str] = Field(min_length=1)


LogicReference = Annotated[
    NaturalDeduction | SequentProof | Entailment | Algebra | TruthTable | Resolution | Drat | Model | KnightsAndKnaves
    | Sudoku | NQueens | Countdown | Zebra,
    Field(discriminator="kind"),
]  # fmt: skip
