"""Data as it really is, made into the rows that training needs.

A row is ``{"prompt", "answer", "verifier", "params", "source", "row"}``: the prompt as text or messages, the reference
as text (JSON where it is no text, which the server decodes), the verifier's name, parameters as JSON or None, and the
number of the row that it was made from. Where those stand in somebody's dataset is said with dotted paths
(``reward_model.ground_truth``), a named layout, or both.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from trainer_client.errors import DataError
from trainer_client.reading import read

Row = dict[str, Any]
SHOWN = 5
"""Row numbers named in an error."""


def _option(default: Any, help: str) -> Any:
    return field(default=default, metadata={"help": help})


@dataclass
class DataArguments:
    """Where the data is, and where in it the parts of a row stand."""

    dataset: str | None = _option(None, "A .jsonl, .json or .parquet file, a folder of them, or a hub id.")
    dataset_config: str | None = _option(None, "Configuration of a hub dataset.")
    dataset_split: str = _option("train", "Split of a hub dataset.")
    layout: str | None = _option(None, "A known layout: verl or open_instruct. What is given beside it wins.")
    prompt: str | None = _option(None, "Path of the prompt. Default: prompt.")
    reference: str | None = _option(None, "Path of the reference. Default: answer.")
    reference_transform: Any = _option(None, "last_boxed, json, or after:TEXT (in YAML also {after: TEXT}).")
    verifier: str | None = _option(None, "The verifier of all rows.")
    verifier_column: str | None = _option(None, "Path of each row's verifier.")
    verifier_names: Any = _option(None, "What stands there -> name of a verifier, as a mapping (JSON as a flag).")
    params: Any = _option(None, "Parameters for all rows, as a mapping (JSON as a flag).")
    params_column: str | None = _option(None, "Path of each row's parameters.")
    source: str | None = _option(None, "Path of where a row comes from. Default: source, where there is one.")
    as_chat: bool = _option(False, "Make a prompt that is text the message of a user, for the chat template.")
    system_prompt: str | None = _option(None, "Put before every prompt; makes prompts chats too.")
    prompt_suffix: str | None = _option(None, "Added to the last message, as 'Put the answer in \\boxed{}.'.")
    deduplicate: bool = _option(True, "Keep the first of several rows with the same prompt.")
    max_rows: int | None = _option(None, "Use only so many rows.")


LAYOUTS: dict[str, dict[str, str]] = {
    "verl": {"prompt": "prompt", "reference": "reward_model.ground_truth", "source": "data_source"},
    "open_instruct": {
        "prompt": "messages",
        "reference": "ground_truth",
        "verifier_column": "dataset",
        "source": "dataset",
    },
}
_DEFAULTS = {"prompt": "prompt", "reference": "answer"}


def load_rows(arguments: DataArguments) -> list[Row]:
    """The rows of the dataset that ``arguments`` name, mapped and deduplicated. Raises ``DataError``."""
    if not arguments.dataset:
        raise DataError("dataset is missing: name a file, a folder or a hub id")
    return map_rows(read(arguments.dataset, arguments.dataset_config, arguments.dataset_split), arguments)


def map_rows(raw: Iterable[Row], arguments: DataArguments) -> list[Row]:
    """``raw`` rows of any shape as rows to train on. Raises ``DataError`` naming what is wrong, and in which rows."""
    paths = _with_layout(arguments)
    if (paths.verifier is None) == (paths.verifier_column is None):
        raise DataError("give one of verifier (for all rows) and verifier_column (each row names its own)")
    transform = _transform(paths.reference_transform)
    try:
        names = _mapping(paths.verifier_names, "verifier_names")
        common = _mapping(paths.params, "params")
    except LookupError as error:
        raise DataError(str(error.args[0])) from error
    rows: list[Row] = []
    wrong: dict[str, list[int]] = {}
    seen: set[str] = set()
    for number, record in enumerate(raw):
        try:
            row = _map(record, paths, transform, names, common)
        except LookupError as error:
            wrong.setdefault(str(error.args[0]), []).append(number)
            continue
        row["row"] = number
        key = json.dumps(row["prompt"], sort_keys=True)
        if not (arguments.deduplicate and key in seen):
            seen.add(key)
            rows.append(row)
        if arguments.max_rows is not None and len(rows) == arguments.max_rows:
            break
    if wrong:
        what, where = next(iter(wrong.items()))
        raise DataError(f"{what} (rows {', '.join(map(str, where[:SHOWN]))}{' …' if len(where) > SHOWN else ''})")
    if not rows:
        raise DataError(f"{arguments.dataset or 'the dataset'} has no rows")
    return rows


def look_up(record: Any, path: str) -> Any:
    """What stands at a dotted ``path``; a key that itself holds dots wins. Raises ``LookupError``."""
    if isinstance(record, Mapping) and path in record:
        return record[path]
    head, dot, rest = path.partition(".")
    if isinstance(record, str) and record.lstrip().startswith("{"):
        record = _json(record)
    if isinstance(record, list) and head.isdigit() and int(head) < len(record):
        value = record[int(head)]
    elif isinstance(record, Mapping) and head in record:
        value = record[head]
    else:
        has = f"it has {', '.join(sorted(record))}" if isinstance(record, Mapping) else "there are no columns there"
        raise LookupError(f"no column {path!r}; {has}")
    return look_up(value, rest) if dot else value


def after(text: str, mark: str) -> str:
    """What follows the last ``mark``. Raises ``LookupError`` where there is none."""
    head, found, tail = text.rpartition(mark)
    if not found:
        raise LookupError(f"the reference has no {mark!r}")
    return tail.strip()


def last_boxed(text: str) -> str:
    r"""What stands in the last ``\boxed{…}``, braces balanced. Raises ``LookupError`` where there is none."""
    start = text.rfind("\\boxed{")
    depth = 0
    for place in range(start + 6, len(text)) if start >= 0 else ():
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return text[start + 7 : place].strip()
    raise LookupError("the reference has no \\boxed{…}")


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise LookupError(f"not JSON: {error}") from error


TRANSFORMS: dict[str, Callable[[str], Any]] = {"last_boxed": last_boxed, "json": _json}


def _transform(given: Any) -> Callable[[Any], Any]:
    if given is None:
        return lambda value: value
    if isinstance(given, str) and given.startswith("after:"):
        given = {"after": given.removeprefix("after:").strip()}
    if isinstance(given, Mapping) and set(given) == {"after"}:
        mark = str(given["after"])
        return lambda value: after(str(value), mark)
    if isinstance(given, str) and given in TRANSFORMS:
        return lambda value: TRANSFORMS[given](str(value))
    raise DataError(f"unknown reference_transform {given!r}: after, {', '.join(sorted(TRANSFORMS))}")


def _with_layout(arguments: DataArguments) -> DataArguments:
    if arguments.layout is not None and arguments.layout not in LAYOUTS:
        raise DataError(f"unknown layout {arguments.layout!r}: {', '.join(sorted(LAYOUTS))}")
    known = dict(LAYOUTS.get(arguments.layout or "", {}))
    if arguments.verifier is not None:
        known.pop("verifier_column", None)
    given = {each.name: getattr(arguments, each.name) for each in fields(arguments)}
    changes: dict[str, Any] = {name: given[name] or at for name, at in {**_DEFAULTS, **known}.items()}
    return replace(arguments, **changes)


def _mapping(given: Any, name: str) -> Mapping[str, Any]:
    try:
        value = json.loads(given) if isinstance(given, str) else given
    except ValueError as error:
        raise LookupError(f"{name} is not JSON: {error}") from error
    if value is not None and not isinstance(value, Mapping):
        raise LookupError(f"{name} is no mapping but {value!r}")
    return value or {}


def _map(
    record: Row,
    paths: DataArguments,
    transform: Callable[[Any], Any],
    names: Mapping[str, Any],
    common: Mapping[str, Any],
) -> Row:
    reference = look_up(record, str(paths.reference))
    named = look_up(record, paths.verifier_column) if paths.verifier_column else paths.verifier
    source = look_up(record, paths.source) if paths.source else record.get("source", "")
    if paths.layout == "open_instruct":  # newer sets keep lists, for rows with several verifiers
        reference, named, source = map(_only, (reference, named, source))
    reference = transform(reference)
    if reference is None or reference != reference:  # NaN is how tables of numbers write it
        raise LookupError(f"the reference at {paths.reference!r} is null")
    if named is None:
        raise LookupError(f"the verifier at {paths.verifier_column!r} is null")
    own = look_up(record, paths.params_column) if paths.params_column else None
    params = {
        **common,
        **{k: v for k, v in _mapping(own, f"params at {paths.params_column!r}").items() if v is not None},
    }
    return {
        "prompt": _prompt(look_up(record, str(paths.prompt)), paths),
        "answer": reference if isinstance(reference, str) else json.dumps(reference, ensure_ascii=False),
        "verifier": str(names.get(str(named), named)),
        "params": json.dumps(params, ensure_ascii=False) if params else None,
        "source": str(source),
    }


def _only(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _prompt(value: Any, paths: DataArguments) -> Any:
    suffix = paths.prompt_suffix or ""
    if value == "" or not isinstance(value, str | list):
        raise LookupError(f"the prompt at {paths.prompt!r} is neither text nor messages")
    if isinstance(value, str) and paths.system_prompt is None and not paths.as_chat:
        return value + suffix
    chat = [{"role": "user", "content": value}] if isinstance(value, str) else value
    messages = [{"role": str(look_up(each, "role")), "content": _content(look_up(each, "content"))} for each in chat]
    while messages and messages[-1]["role"] == "assistant":  # an answer is no part of the question
        messages.pop()
    if not messages:
        raise LookupError(f"the prompt at {paths.prompt!r} has no message of the user")
    messages[-1]["content"] += suffix
    if paths.system_prompt is not None and messages[0]["role"] != "system":
        messages.insert(0, {"role": "system", "content": paths.system_prompt})
    return messages


def _content(content: Any) -> str:
    """The text of a message, which may come in parts."""
    if isinstance(content, str):
        return content
    texts = [part["text"] for part in content or () if isinstance(part, Mapping) and isinstance(part.get("text"), str)]
    if not texts or len(texts) != len(content):
        raise LookupError("a message holds something that is no text: prompts with images are not for this command")
    return "".join(texts)
