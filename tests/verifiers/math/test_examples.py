"""Every example in the documentation of a module is true, and every module that computes has one."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import reward_server.verifiers.math as package

_MODULES = sorted(module.name for module in pkgutil.iter_modules(package.__path__))


@pytest.mark.parametrize("name", [name for name in _MODULES if name != "symbolic_worker"])
def test_the_examples_of_a_module_are_true(name: str) -> None:
    module = importlib.import_module(f"{package.__name__}.{name}")
    assert doctest.testmod(module).failed == 0


def test_every_tier_has_an_example() -> None:
    tiers = [
        "canonical",
        "exact",
        "compare",
        "reals",
        "modular",
        "polynomials",
        "balls",
        "extraction",
        "equations",
        "scalars",
    ]
    finder = doctest.DocTestFinder(exclude_empty=True)
    for name in tiers:
        module = importlib.import_module(f"{package.__name__}.{name}")
        assert any(test.examples for test in finder.find(module)), name
