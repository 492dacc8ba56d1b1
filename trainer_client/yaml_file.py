"""The YAML of a command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trainer_client.errors import ConfigError


def read_mapping(path: str | Path) -> dict[str, Any]:
    """What the file holds. Raises ``ConfigError``."""
    import yaml  # lazily: it comes with the trainer extra

    try:
        held = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the config: {error}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(held, dict):
        raise ConfigError(f"{path} holds no mapping")
    return held
