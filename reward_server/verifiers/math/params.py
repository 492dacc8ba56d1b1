"""What a task may ask for: policies with safe defaults, off wherever a model could make use of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from reward_server.verifiers.base import StrictModel


class MathParams(StrictModel):
    """Policies of comparison. The defaults take what is mathematically the same answer, and nothing else."""

    extract: Literal["auto", "boxed", "answer_line", "math", "whole", "last_number"] = "auto"
    """Where the answer stands; ``auto`` takes the first rule that finds something, never a bare last number."""
    percent: Literal["strict", "loose"] = "strict"
    """``strict``: 25 % is 0.25. ``loose``: 25 % may also be written 25."""
    units: Literal["optional", "required", "convert"] = "optional"
    """``optional``: a unit may be missing, but not be another one. ``convert``: 1 m is 100 cm."""
    order: Literal["auto", "any", "strict"] = "auto"
    """Of values: ``auto`` minds it inside brackets only, ``any`` nowhere, ``strict`` everywhere but in sets."""
    tolerance: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """Relative difference of numbers that is let pass."""
    vectors: Literal["strict", "loose"] = "strict"
    """``loose``: a column or row vector is the tuple of its entries."""
    case: Literal["words", "exact", "fold"] = "words"
    """Letter case: ``words`` folds it in words but not in single letters."""
    decimal_comma: bool = False
    """``3,5`` is three and a half."""
    options: dict[str, str] = Field(default_factory=dict)
    """Texts of a multiple-choice question by letter: then ``(B)`` and the text of B are the same answer."""
    form: Literal["any", "exact", "reduced", "factored", "expanded"] = "any"
    """A form the answer must have: no decimals, a fraction in lowest terms, a product, a sum."""
    variables: tuple[str, ...] | None = None
    """Letters the answer may use; None for any."""
    modulo: Annotated[int, Field(ge=2)] | None = None
    """Compare integers modulo this."""
