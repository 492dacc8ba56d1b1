"""``reward-trainer pairs``: kept rollouts into DPO pairs, KTO rows and rejection-sampled SFT rows.

A pair is two completions of the same group: one verified right, one verified wrong. A null, a truncated completion,
one without an answer or over a limit is neither. Of the wrong ones the one nearest in length is taken, so that length
is not what tells the two apart. Rows keep the verifier, its version and the policy's step, for audits.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer_client.errors import DataError
from trainer_client.wire import Outcome
from trainer_client.yaml_file import read_mapping

Row = dict[str, Any]


@dataclass(frozen=True)
class PairRules:
    """How many pairs, and which."""

    per_prompt: int = 2
    """Pairs, and SFT rows, of one prompt, however often it was rolled out."""
    length_ratio: float = 4.0
    """The longer of a pair has at most so many times the tokens of the shorter."""
    first_step: int = 0
    """Leave out rollouts of earlier policies."""


@dataclass(frozen=True)
class Made:
    """What rollouts turn into."""

    dpo: list[Row]
    kto: list[Row]
    sft: list[Row]


def make(rollouts: Iterable[Row], rules: PairRules) -> Made:
    """Pairs, labelled rows and right rows out of ``rollouts`` as ``rl`` keeps them."""
    groups: dict[str, list[Row]] = defaultdict(list)
    seen: set[tuple[str, str]] = set()
    for row in rollouts:
        known = row["outcome"] in (Outcome.CORRECT, Outcome.INCORRECT) and row["prompt"] is not None
        if not known or row["truncated"] or row["step"] < rules.first_step:
            continue
        if (row["prompt"], row["completion"]) not in seen:
            seen.add((row["prompt"], row["completion"]))
            groups[row["group"]].append(row)
    made = Made([], [], [])
    pairs: dict[str, int] = defaultdict(int)
    right_rows: dict[str, int] = defaultdict(int)
    for group in groups.values():
        right = [row for row in group if row["outcome"] == Outcome.CORRECT]
        wrong = [row for row in group if row["outcome"] == Outcome.INCORRECT]
        made.kto.extend(_row(row, completion=row, label=row in right) for row in group)
        for row in right:
            if right_rows[row["prompt"]] < rules.per_prompt:
                right_rows[row["prompt"]] += 1
                made.sft.append(_row(row, completion=row))
        for chosen, rejected in _matched(right, wrong, rules.length_ratio):
            if pairs[chosen["prompt"]] < rules.per_prompt:
                pairs[chosen["prompt"]] += 1
                made.dpo.append(_row(chosen, chosen=chosen, rejected=rejected))
    return made


def write(made: Made, folder: Path) -> dict[str, int]:
    """``dpo.jsonl``, ``kto.jsonl`` and ``sft.jsonl`` in ``folder``, each whole or not there; how many rows each has."""
    folder.mkdir(parents=True, exist_ok=True)
    counts = {}
    for name, rows in vars(made).items():
        unfinished = folder / f"{name}.jsonl.part"
        unfinished.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        unfinished.replace(folder / f"{name}.jsonl")
        counts[name] = len(rows)
    return counts


def main(argv: Sequence[str]) -> int:
    """Read rollouts, write rows. Raises ``DataError``."""
    from trainer_client.rl.rollouts import read_rollouts  # lazily: it needs pyarrow

    parser = argparse.ArgumentParser(prog="reward-trainer pairs", description=__doc__)
    parser.add_argument("--config", help="YAML with the same names as the flags")
    parser.add_argument("--rollouts", type=Path, help="folder of kept rollouts, as rl writes it")
    parser.add_argument("--output_dir", type=Path, help="where the rows go")
    parser.add_argument("--per_prompt", type=int, default=PairRules.per_prompt)
    parser.add_argument("--length_ratio", type=float, default=PairRules.length_ratio)
    parser.add_argument("--first_step", type=int, default=PairRules.first_step)
    config = parser.parse_known_args(argv)[0].config
    if config:
        parser.set_defaults(**_read_config(parser, config))
    given = parser.parse_args(argv)
    if given.rollouts is None or given.output_dir is None:
        raise DataError("rollouts and output_dir are both needed")
    try:
        rollouts = read_rollouts(given.rollouts)
    except FileNotFoundError as error:
        raise DataError(str(error)) from error
    counts = write(make(rollouts, PairRules(given.per_prompt, given.length_ratio, given.first_step)), given.output_dir)
    sys.stdout.write(f"{len(rollouts)} rollouts: " + ", ".join(f"{n} {name} rows" for name, n in counts.items()) + "\n")
    return 0


def _matched(right: Sequence[Row], wrong: Sequence[Row], ratio: float) -> Iterable[tuple[Row, Row]]:
    """Each right completion with the wrong one nearest in length that is not taken yet."""
    left = list(wrong)
    for chosen in sorted(right, key=lambda row: int(row["tokens"])):
        if not left:
            return
        rejected = min(left, key=lambda row: abs(int(row["tokens"]) - int(chosen["tokens"])))
        longer, shorter = sorted((rejected["tokens"], chosen["tokens"]), reverse=True)
        if longer <= ratio * max(1, shorter):
            left.remove(rejected)
            yield chosen, rejected


def _row(about: Row, *, label: bool | None = None, **texts: Row) -> Row:
    prompt = json.loads(about["prompt"])
    chat = isinstance(prompt, list)
    said: Row = {
        name: [{"role": "assistant", "content": row["completion"]}] if chat else row["completion"]
        for name, row in texts.items()
    }
    audit = {name: about[name] for name in ("verifier", "version", "step", "group", "source")}
    return {"prompt": prompt, **said, **({} if label is None else {"label": label}), **audit}


def _read_config(parser: argparse.ArgumentParser, path: str) -> Row:
    held = read_mapping(path)
    unknown = sorted(set(held) - {action.dest for action in parser._actions})
    if unknown:
        raise DataError(f"unknown key {unknown[0]!r} in the config")
    return {name: Path(value) if name in ("rollouts", "output_dir") else value for name, value in held.items()}
