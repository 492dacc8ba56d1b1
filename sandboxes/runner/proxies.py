"""Stand-ins for objects of the other process.

A stand-in has only the abilities that its original has, so that ``callable``, ``iter`` and ``len`` tell the truth.
On the tester's side one rule decides what the original is asked: *nothing of the tester's goes in but what the test
passes in a call*. Two objects of the candidate may be compared or added by the candidate's own methods, since a
program that lies there could as well make them one object. With a value of the tester's a stand-in is never equal,
has no order and no arithmetic: an object that calls itself equal to everything is the oldest trick there is. Where the
original is a plain value of a class of its own (``class Stack(list)``), its plain value is fetched and compared here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from .inspection import Code, fields_of, signature
from .pickles import reduced
from .plain import OWN_MODULE
from .sizes import SHORT, counted

if TYPE_CHECKING:
    from .link import Link

OPEN_NAMES = (
    *("__name__", "__qualname__", "__module__", "__doc__", "__dict__", "__annotations__", "__defaults__"),
    *("__kwdefaults__", "__wrapped__", "__members__", "__slots__", "__match_args__", "__version__", "__author__"),
    *("__closure__", "__self__", "__func__", "__isabstractmethod__", "__origin__", "__args__", "__parameters__"),
    *("__required_keys__", "__optional_keys__", "__total__", "__supertype__", "__metadata__", "__all__"),
)
"""The names with underscores at both ends that a stand-in asks for."""


class Proxy:  # without a docstring: ``__doc__`` is the original's
    if TYPE_CHECKING:  # else the class would have annotations
        _sandbox_link: Link
        _sandbox_powers: str
        _sandbox_number: int
    __slots__ = ("_sandbox_number", "__weakref__")

    def __init__(self, number: int) -> None:
        object.__setattr__(self, "_sandbox_number", number)

    def __getattr__(self, name: str) -> Any:
        if name == "__dataclass_fields__" and type(type(self)) is not type:
            return getattr(type(self), name)
        if name.startswith("_sandbox") or (name.startswith("__") and name not in OPEN_NAMES):
            raise AttributeError(f"{name!r} of an object in another process")
        return self._sandbox_link.request("get", self._sandbox_number, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("__"):
            raise AttributeError(f"{name!r} of an object in another process")
        link = self._sandbox_link
        link.request("set", self._sandbox_number, name, link.codec.encode(value))

    def __delattr__(self, name: str) -> None:
        self._sandbox_link.request("del", self._sandbox_number, name)

    @property
    def __doc__(self) -> Any:  # type: ignore[override] # of the original
        return self.__getattr__("__doc__")

    @property
    def __annotations__(self) -> Any:  # type: ignore[override] # of the original
        return self.__getattr__("__annotations__")

    @property
    def __module__(self) -> Any:  # type: ignore[override] # of the original
        return self.__getattr__("__module__")

    def __dir__(self) -> list[str]:
        return [str(name) for name in self._sandbox_link.request("dir", self._sandbox_number)]

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        link, powers = self._sandbox_link, self._sandbox_powers
        if "v" in powers and ("e" not in powers or not link.owns(other)):
            return bool(link.plain(self) == (link.plain(other) if _is_view(other) else other))
        answer = link.operate(self, "__eq__", other) if "e" in powers else NotImplemented
        if answer is NotImplemented:
            link.opaque = True
            return False
        return bool(answer)

    def __hash__(self) -> int:
        if "e" not in self._sandbox_powers:
            return hash(self._sandbox_link.plain(self)) if "v" in self._sandbox_powers else hash(self._sandbox_number)
        number = self._sandbox_link.operate(self, "__hash__")
        if type(number) is not int:
            raise TypeError(f"unhashable type: {type(self).__name__!r}")
        return number  # and not its own hash: that of a text is larger than a number's ever is

    def __bool__(self) -> bool:
        if "b" in self._sandbox_powers:
            return self._sandbox_link.request("bool", self._sandbox_number) is True
        self._sandbox_link.opaque = True
        return True

    def __copy__(self) -> Any:
        return self._sandbox_link.request("copy", self._sandbox_number, False)

    def __deepcopy__(self, memo: Any) -> Any:
        return self._sandbox_link.request("copy", self._sandbox_number, True)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return reduced(self._sandbox_link, self._sandbox_number, protocol)

    def __repr__(self) -> str:
        return str(self._sandbox_link.request("text", self._sandbox_number, "r"))

    def __str__(self) -> str:
        return str(self._sandbox_link.request("text", self._sandbox_number, "s"))

    def __format__(self, spec: str) -> str:
        return str(self._sandbox_link.request("text", self._sandbox_number, "f", spec))


def _is_view(thing: Any) -> bool:
    return isinstance(thing, Proxy) and "v" in thing._sandbox_powers


def _operator(name: str, *, needs_answer: bool) -> Callable[..., Any]:
    def operate(self: Proxy, *others: Any) -> Any:
        answer = self._sandbox_link.operate(self, name, *others)
        if needs_answer and answer is NotImplemented:
            raise TypeError(f"{type(self).__name__} has no {name}")
        return answer

    operate.__name__ = name
    return operate


_ARITHMETIC = "add sub mul matmul truediv floordiv mod divmod pow lshift rshift and xor or".split()
_BINARY = [*_ARITHMETIC, *(f"r{name}" for name in _ARITHMETIC), *(f"i{n}" for n in _ARITHMETIC if n != "divmod")]
_UNARY = "neg pos invert abs int float complex index round trunc floor ceil".split()
_ORDER = ("lt", "le", "gt", "ge")
for _name in (*_BINARY, *_ORDER):
    setattr(Proxy, f"__{_name}__", _operator(f"__{_name}__", needs_answer=False))
for _name in _UNARY:
    setattr(Proxy, f"__{_name}__", _operator(f"__{_name}__", needs_answer=True))
OPERATORS = frozenset(f"__{name}__" for name in (*_BINARY, *_ORDER, *_UNARY, "eq", "hash", "contains"))
"""What ``operate`` may ask for."""


class Callable_(Proxy):
    __slots__ = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._sandbox_link.call(self._sandbox_number, args, kwargs)


class Function_(Callable_):
    __slots__ = ()

    @property  # type: ignore[misc] # for ``isinstance`` to find
    def __class__(self) -> Any:
        return FunctionType

    @property
    def __signature__(self) -> Any:
        return signature(self._sandbox_link, self._sandbox_number)

    @property
    def __code__(self) -> Any:
        return Code(*self._sandbox_link.request("code", self._sandbox_number))

    def __get__(self, thing: Any, kind: Any = None) -> Any:
        return self if thing is None else MethodType(self, thing)


class Class_(Callable_):
    __slots__ = ()

    @property  # type: ignore[misc] # for ``isinstance`` to find
    def __class__(self) -> Any:
        return type

    def __instancecheck__(self, instance: Any) -> bool:
        return self._sandbox_link.is_instance(instance, self._sandbox_number)

    def __subclasscheck__(self, other: Any) -> bool:
        return self._sandbox_link.is_subclass(other, self._sandbox_number)

    def __iter__(self) -> Any:
        return self._sandbox_link.request("iter", self._sandbox_number)

    def __len__(self) -> Any:
        return self._sandbox_link.request("len", self._sandbox_number)

    def __getitem__(self, key: Any) -> Any:
        return self._sandbox_link.request("item", self._sandbox_number, self._sandbox_link.codec.encode(key))


_OF_NUMBERS = ("numerator", "denominator", "real", "imag", "as_integer_ratio")
"""What the library's arithmetic reads off a number."""


class View_(Proxy):
    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        value = self._sandbox_link.plain(self) if name in _OF_NUMBERS else None
        return getattr(value, name) if hasattr(value, name) else super().__getattr__(name)

    @property  # type: ignore[misc] # for ``isinstance`` to find
    def __class__(self) -> Any:
        return _plain_kind(type(self), type(self._sandbox_link.plain(self)))


class Container_(Proxy):
    __slots__ = ()

    def __contains__(self, item: Any) -> bool:
        link = self._sandbox_link
        if "v" in self._sandbox_powers:
            return item in link.plain(self)
        answer = link.operate(self, "__contains__", item) if "m" in self._sandbox_powers else NotImplemented
        if answer is not NotImplemented:
            return bool(answer)
        link.opaque = True
        return any(other is item or other == item for other in self)  # type: ignore[attr-defined] # or TypeError


class Iterable_(Container_):
    __slots__ = ()

    def __iter__(self) -> Iterator[Any]:
        link = self._sandbox_link
        size = link.sizes.of(self)
        iterator: Iterator[Any] = link.request("iter", self._sandbox_number)
        return iterator if size is None else counted(iterator, size)


class _OfTheClass:
    """A method that ``copy`` finds and ``itertools.tee`` does not, which would take copies to be independent."""

    def __init__(self, method: Any) -> None:
        self._method = method

    def __get__(self, thing: Any, kind: Any = None) -> Any:
        if thing is not None:
            raise AttributeError(self._method.__name__)
        return self._method


class Iterator_(Container_):
    __slots__ = ()
    __copy__ = _OfTheClass(Proxy.__copy__)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return self._sandbox_link.request("next", self._sandbox_number)


class Sized_(Proxy):
    __slots__ = ()

    def __len__(self) -> int:
        size = self._sandbox_link.request("len", self._sandbox_number)
        if type(size) is not int:
            raise TypeError("a length must be an integer")
        self._sandbox_link.sizes.told(self, size)
        return size


class Reversible_(Proxy):
    __slots__ = ()

    def __reversed__(self) -> Any:
        size = self._sandbox_link.sizes.of(self)
        items: Iterator[Any] = self._sandbox_link.request("reversed", self._sandbox_number)
        return items if size is None else counted(items, size)


class Keyed_(Proxy):
    __slots__ = ()

    def __getitem__(self, key: Any) -> Any:
        link = self._sandbox_link
        size = link.sizes.of(self)
        try:
            return link.request("item", self._sandbox_number, link.codec.encode(key))
        except IndexError:
            if size is not None and type(key) is int and 0 <= key < size:
                raise RuntimeError(SHORT) from None
            raise

    def __setitem__(self, key: Any, value: Any) -> None:
        link = self._sandbox_link
        link.request("setitem", self._sandbox_number, link.codec.encode(key), link.codec.encode(value))

    def __delitem__(self, key: Any) -> None:
        link = self._sandbox_link
        link.request("delitem", self._sandbox_number, link.codec.encode(key))


class Unhashable_(Proxy):
    __slots__ = ()
    __hash__ = None  # type: ignore[assignment] # for ``isinstance`` to find


class Bytes_(Proxy):
    __slots__ = ()

    def __bytes__(self) -> bytes:
        return bytes(self._sandbox_link.request("bytes", self._sandbox_number))


class Path_(Proxy):
    __slots__ = ()

    def __fspath__(self) -> Any:
        return self._sandbox_link.request("fspath", self._sandbox_number)


class Descriptor_(Proxy):
    __slots__ = ()

    def __get__(self, thing: Any, kind: Any = None) -> Any:
        return self._sandbox_link.request("dget", self._sandbox_number) if thing is not None else self

    def __set__(self, thing: Any, value: Any) -> None:
        link = self._sandbox_link
        link.request("dset", self._sandbox_number, link.codec.encode(value))


class Dataclass_(Proxy):
    __slots__ = ()

    @property
    def __dataclass_fields__(self) -> Any:
        return fields_of(self._sandbox_link, self._sandbox_number)


_kinds: dict[tuple[type, type], type] = {}


def _plain_kind(kind: type, base: type) -> type:
    """A class of the same name below the plain type, for ``isinstance`` to find."""
    if (kind, base) not in _kinds:
        _kinds[kind, base] = type(kind.__name__, (base,), {"__module__": OWN_MODULE})
    return _kinds[kind, base]
