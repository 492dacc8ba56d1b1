"""What a verdict of the ``code`` verifier says beside its outcome."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

MAX_TESTS_LISTED = 200
_MAX_TEXT = 1000
_MAX_INT_BITS = 4000


class CompileReport(TypedDict, total=False):
    """How compiling the program went."""

    ok: bool
    message: str
    """What the compiler said, cut to size."""
    cpu_s: float


class FirstFailure(TypedDict, total=False):
    """The first test that failed, in the order in which they were run. Texts are cut to size."""

    index: int
    """Place of the test in the reference."""
    why: str
    """``wrong``, ``error``, ``exit_status``, ``early_exit``, ``limit`` or ``opaque``."""
    input: str
    expected: str
    actual: str
    message: str
    """Exception, checker's comment or what the program wrote to standard error."""


class CodeDetail(TypedDict, total=False):
    """Why."""

    kind: str
    language: str
    program_sha256: str
    """Of the extracted program, UTF-8."""
    isolation: str
    """The isolation in force, ``docker/runc`` or ``namespaces``; with ``+shared`` where tests shared its process."""
    compile: CompileReport
    tests: list[str]
    """Of each test in the order of the reference, up to a cap: ``passed``, a word of ``why``, or ``not_run``."""
    passed: int
    run: int
    total: int
    first_failure: FirstFailure
    limit: str
    """The limit that was passed."""
    message: str
    cpu_s: float
    """Processor seconds of the program over all tests."""
    wall_s: float


def cut(text: str, size: int = _MAX_TEXT) -> str:
    """A text shortened in the middle to about ``size`` characters."""
    if len(text) <= size:
        return text
    half = size // 2
    return f"{text[:half]} …[{len(text) - 2 * half} characters]… {text[-half:]}"


def shown(value: Any) -> str:
    """A plain value as Python writes it, shortened without writing all of it; integers of any size are fine."""
    return cut(_shown(value, 6))


def shown_bytes(text: bytes) -> str:
    """What a program printed, as text, shortened."""
    half = 4 * _MAX_TEXT
    return cut((text if len(text) <= 2 * half else text[:half] + text[-half:]).decode("utf-8", "replace"))


def _shown(value: Any, depth: int) -> str:
    if isinstance(value, str | bytes | bytearray):
        return repr(value[:_MAX_TEXT])
    if isinstance(value, int) and value.bit_length() > _MAX_INT_BITS:
        return f"<an integer of {value.bit_length()} bits>"
    if isinstance(value, dict):
        return (
            "{"
            + _joined([f"{_shown(k, depth - 1)}: {_shown(v, depth - 1)}" for k, v in _few(value.items(), depth)], value)
            + "}"
        )
    if isinstance(value, list | tuple | set | frozenset):
        left, right = _BRACKETS[type(value)]
        return left + _joined([_shown(item, depth - 1) for item in _few(value, depth)], value) + right
    if hasattr(value, "__len__") and not isinstance(value, range):
        return f"<{type(value).__name__} of {len(value)}>"
    try:
        return repr(value)[:_MAX_TEXT]
    except ValueError:  # of integers with more digits than Python writes: a fraction, a range
        return f"<{type(value).__name__}>"


_BRACKETS = {list: ("[", "]"), tuple: ("(", ")"), set: ("{", "}"), frozenset: ("frozenset({", "})")}


def _few(items: Any, depth: int) -> list[Any]:
    return [item for item, _ in zip(items, range(50 if depth > 0 else 0), strict=False)]


def _joined(parts: list[str], whole: Any) -> str:
    return ", ".join([*parts, "…"] if len(parts) < len(whole) else parts)
