"""The program's module, and modules that it imported, as modules in the tester's process.

What a test reads is read there, and what it puts in (``monkeypatch``, ``mock.patch``) is put there. The program does
not say what ``import *`` binds: it would hide the names that a test compares with.
"""

from __future__ import annotations

import types
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Any

from .plain import OWN_MODULE
from .proxies import OPEN_NAMES

if TYPE_CHECKING:
    from .link import Link


class RemoteModule(types.ModuleType):  # without a docstring: ``__doc__`` is the original's
    @property
    def __doc__(self) -> Any:  # type: ignore[override] # of the original
        return self.__getattr__("__doc__")

    def __init__(self, link: Link, number: int, name: str) -> None:
        super().__init__(name)
        self.__dict__.update(_sandbox_link=link, _sandbox_number=number)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in OPEN_NAMES:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return self._sandbox_link.request("get", self._sandbox_number, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("__"):
            super().__setattr__(name, value)
        else:
            link = self._sandbox_link
            link.request("set", self._sandbox_number, name, link.codec.encode(value))

    def __delattr__(self, name: str) -> None:
        self._sandbox_link.request("del", self._sandbox_number, name)

    def __dir__(self) -> list[str]:
        return [str(name) for name in self._sandbox_link.request("dir", self._sandbox_number)]


class Importing:
    """Finds and loads the program's module for test code that imports it."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """How to load a module of that name; None where it is not the program's."""
        return ModuleSpec(name, self) if name == OWN_MODULE else None  # type: ignore[arg-type] # it loads

    def create_module(self, spec: Any) -> Any:
        """The module."""
        return self._link.request("module", 0)

    def exec_module(self, module: Any) -> None:
        """It has run."""
