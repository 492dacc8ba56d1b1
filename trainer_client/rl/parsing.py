"""One YAML file and flags into typed arguments, as TRL's own commands do it: preset < YAML < flag."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, NoReturn

from trl import TrlParser

from trainer_client.errors import ConfigError
from trainer_client.rl.presets import PRESETS
from trainer_client.yaml_file import read_mapping


class Parser(TrlParser):  # type: ignore[misc]  # TRL counts as Any
    """``TrlParser`` that says what is wrong in one line. Raises ``ConfigError``."""

    def error(self, message: str) -> NoReturn:
        """Called by argparse, which would print the usage of two hundred flags."""
        raise ConfigError(message)


def parse(argv: Sequence[str], *kinds: type[Any]) -> tuple[Any, ...]:
    """An instance of each of the dataclasses ``kinds``. Raises ``ConfigError``."""
    given = _separated(argv)
    config = _read(given)
    parser = Parser(kinds)
    known = sorted({each.name for kind in kinds for each in fields(kind)})
    for name in config:
        if name not in known and name != "env":
            near = difflib.get_close_matches(name, known, 1)
            raise ConfigError(f"unknown key {name!r} in the config" + (f": do you mean {near[0]!r}?" if near else ""))
    preset = _preset(given, config)
    if preset is not None:
        if preset not in PRESETS:
            raise ConfigError(f"unknown preset {preset!r}: {', '.join(PRESETS)}")
        parser.set_defaults_with_config(**PRESETS[preset])
    try:
        parsed: tuple[Any, ...] = parser.parse_args_and_config(given)
    except (ValueError, TypeError) as error:
        raise ConfigError(str(error).splitlines()[0]) from error
    return parsed


def _separated(argv: Sequence[str]) -> list[str]:
    """``--config=FILE`` as two words, the only form that TRL looks for."""
    return [part for word in argv for part in (word.split("=", 1) if word.startswith("--config=") else (word,))]


def _read(argv: Sequence[str]) -> dict[str, Any]:
    if "--config" not in argv:
        return {}
    place = argv.index("--config") + 1
    if place == len(argv):
        raise ConfigError("--config names no file")
    return read_mapping(argv[place])


def _preset(argv: Sequence[str], config: dict[str, Any]) -> str | None:
    for place, word in enumerate(argv):
        if word == "--preset" and place + 1 < len(argv):
            return argv[place + 1]
        if word.startswith("--preset="):
            return word.partition("=")[2]
    return config.get("preset")
