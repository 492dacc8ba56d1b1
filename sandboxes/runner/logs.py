"""What the program logs, for tests that look at it: ``caplog``, ``assertLogs``, a handler of their own.

Levels that the tests set are set in the candidate's process too. There a handler of the root's keeps what a test's
would have seen in one process; the tester has it handled again, by the logger of the same name.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .tables import NotPlain

if TYPE_CHECKING:
    from .link import Link

WORDS = ("caplog", "assertLogs", "assertNoLogs", "addHandler", "logging.disable")
"""Of tests that look at what is logged."""
_MOST, _LONGEST = 1000, 10_000
_ADDED = ("message", "asctime")


def levels() -> dict[str, int]:
    """The levels of the loggers of this process that have one, the root's under no name; ``*`` is what is disabled."""
    logging: Any = import_module("logging")
    named = {name: getattr(logger, "level", 0) for name, logger in logging.root.manager.loggerDict.items()}
    disabled = logging.root.manager.disable
    return {"": logging.root.level, "*": disabled, **{name: level for name, level in named.items() if level}}


def replay(link: Link, rows: Any) -> None:
    """Have the tester's loggers handle what was logged."""
    logging = import_module("logging")
    for name, level, text, line, function, told, more in rows[:_MOST]:
        known = {"name": str(name), "msg": str(text), "levelno": int(level), "lineno": int(line)}
        record = logging.makeLogRecord({**known, "levelname": logging.getLevelName(int(level))})
        record.funcName, record.pathname = str(function), "solution.py"
        record.filename, record.module = "solution.py", "solution"
        if told is not None:
            error = link.errors.rebuilt(told)
            record.exc_info = (type(error), error, None)
        for key, written in more:
            if not hasattr(record, str(key)):
                setattr(record, str(key), link.codec.decode(written))
        logging.getLogger(None if name == "root" else str(name)).handle(record)


# What follows is the candidate's side of it.


class Logged:
    """What was logged since the tests last asked for anything."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._rows: list[Any] = []
        self._handler: Any = None

    def set_levels(self, rows: list[Any]) -> None:
        """Take over levels of the tests', and listen from now on."""
        logging = import_module("logging")
        if self._handler is None:
            self._handler = logging.Handler()
            self._handler.emit = self._emit
            logging.root.addHandler(self._handler)
        for name, level in rows:
            if name == "*":
                logging.disable(level)
            else:
                logging.getLogger(name or None).setLevel(level)

    def taken(self) -> list[Any]:
        """Name, level, text, line, function, exception and more fields of each record, once."""
        rows, self._rows = self._rows, []
        return rows

    def _emit(self, record: Any) -> None:
        if len(self._rows) >= _MOST:
            return
        logging = import_module("logging")
        error = record.exc_info[1] if record.exc_info else None
        usual = vars(logging.makeLogRecord({})).keys()
        more = [[key, value] for key, value in vars(record).items() if key not in usual and key not in _ADDED]
        told = None if error is None else self._link.errors.told(error)
        text = record.getMessage()[:_LONGEST]
        known = [record.name, record.levelno, text, record.lineno, record.funcName]
        self._rows.append([*known, told, list(self._written(more))])

    def _written(self, fields: list[Any]) -> Any:
        for key, value in fields:
            try:
                yield [key, self._link.codec.encode(value)]
            except NotPlain:
                continue
