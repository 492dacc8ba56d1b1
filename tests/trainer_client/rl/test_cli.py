"""``reward-trainer`` as its users call it: a YAML, flags, one line for what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.trainer_client.extra import QUIET, need_trainer

need_trainer()
pytestmark = QUIET

from tests.trainer_client.faulty_server import FaultyServer  # noqa: E402 - after the skip
from tests.trainer_client.rl.build import by_first_symbol, null, settings  # noqa: E402
from trainer_client.cli import main  # noqa: E402
from trainer_client.errors import ConfigError  # noqa: E402
from trainer_client.rl import tiny  # noqa: E402
from trainer_client.rl.parsing import parse  # noqa: E402
from trainer_client.rl.presets import PRESETS  # noqa: E402
from trainer_client.rl.rollouts import read_rollouts  # noqa: E402
from trainer_client.rl.run import KINDS  # noqa: E402


@pytest.fixture
def base(tmp_path: Path) -> Path:
    folder = tmp_path / "base"
    tokenizer = tiny.tokenizer()
    tiny.model(tokenizer, hidden=32, layers=1).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def config(server: FaultyServer, base: Path, tmp_path: Path) -> dict[str, Any]:
    data = tmp_path / "data.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in tiny.rows(40, seed=0)))
    given = settings(tmp_path / "out")
    own = {"dataset": str(data), "verifier_column": "verifier", "reward_url": server.url, "deadline_s": 10}
    return {**given, **own, "outage_s": 10, "model_name_or_path": str(base), "dtype": "float32"}


def run(command: str, config: dict[str, Any], tmp_path: Path, *flags: str) -> int:
    path = tmp_path / f"{command}.yaml"
    path.write_text(yaml.safe_dump(config))
    return main([command, "--config", str(path), *flags])


def test_rl_trains_from_one_yaml_and_keeps_its_rollouts(config: dict[str, Any], tmp_path: Path) -> None:
    assert run("rl", config, tmp_path, "--preset", "dr_grpo", "--max_steps", "1") == 0
    assert (tmp_path / "out" / "model.safetensors").exists()
    assert json.loads((tmp_path / "out" / "rl.json").read_text())["steps"] == 1
    assert len(read_rollouts(tmp_path / "out" / "rollouts")) == 16


def test_lora_trains_an_adapter(config: dict[str, Any], tmp_path: Path) -> None:
    lora = {"use_peft": True, "lora_r": 4, "lora_target_modules": "all-linear", "max_steps": 1}
    assert run("rl", {**config, **lora}, tmp_path) == 0
    assert (tmp_path / "out" / "adapter_model.safetensors").exists()


def test_a_run_resumes_by_the_same_command(config: dict[str, Any], tmp_path: Path) -> None:
    config |= {"save_strategy": "steps", "save_steps": 1}
    assert run("rl", {**config, "max_steps": 1}, tmp_path) == 0
    assert run("rl", {**config, "max_steps": 2}, tmp_path) == 0
    assert {row["step"] for row in read_rollouts(tmp_path / "out" / "rollouts")} == {0, 1}


def test_an_outage_has_an_exit_code_of_its_own(
    config: dict[str, Any], tmp_path: Path, server: FaultyServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.judge = lambda item, completion: (
        null("no_worker", retryable=True) if "step" in (item.get("meta") or {}) else by_first_symbol(item, completion)
    )
    assert run("rl", {**config, "deadline_s": 0.3, "outage_s": 0.3}, tmp_path) == 75
    assert "same command resumes" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lerning_rate": 1}, "unknown key 'lerning_rate' in the config: do you mean 'learning_rate'?"),
        ({"reference": "gold"}, "no column 'gold'; it has answer, params, prompt, source, verifier"),
        ({"dataset": "nowhere.jsonl"}, "there is no file nowhere.jsonl"),
        ({"verifier_column": None}, "give one of verifier"),
        ({"verifier_column": None, "verifier": "chess"}, "the server has no verifier chess"),
        ({"reward_url": None}, "reward_url is missing"),
        ({"reward_url": "http://127.0.0.1:9"}, "no reward server answers at"),
        ({"model_name_or_path": "/nowhere"}, "no model at '/nowhere'"),
        ({"preset": "ppo"}, "unknown preset 'ppo': grpo, dapo, dr_grpo, gspo, cispo"),
        ({"outage_s": 5000}, "ddp_timeout"),
        ({"num_generations": 5}, "divisible by num_generations"),
        ({"learning_rate": "fast"}, "learning_rate"),
        ({"resume": "/nowhere"}, "there is no checkpoint"),
        ({"overlong_cache": 2}, "needs signed rewards"),
    ],
)
def test_bad_input_is_one_clear_line_and_nothing_is_half_written(
    config: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], message: str
) -> None:
    merged = {name: value for name, value in {**config, **changes}.items() if value is not None}
    assert run("rl", merged, tmp_path) == 2
    said = capsys.readouterr().err.splitlines()
    assert message in said[-1]
    assert said[-1].startswith("reward-trainer: ")
    assert not list((tmp_path / "out").glob("**/*.safetensors"))


def test_references_that_cannot_be_used_are_named_before_training(
    config: dict[str, Any], tmp_path: Path, server: FaultyServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.judge = lambda item, completion: (
        {**null("bad_reference", outcome="invalid_task"), "detail": {"error": "not a number"}}
        if item["reference"] == item["reference"][::-1]
        else by_first_symbol(item, completion)
    )
    assert run("rl", config, tmp_path) == 2
    said = capsys.readouterr().err
    assert "references cannot be used (rows 1, 3, 5" in said and "not a number" in said


@pytest.mark.parametrize(
    ("version", "answer"), [("9.0.0", "the server is version 9.0.0"), ("0.0.1", "install the same")]
)
def test_a_server_of_another_version_is_refused(
    config: dict[str, Any],
    tmp_path: Path,
    server: FaultyServer,
    capsys: pytest.CaptureFixture[str],
    version: str,
    answer: str,
) -> None:
    server.version = version
    assert run("rl", config, tmp_path) == 2
    assert answer in capsys.readouterr().err


def test_an_expired_key_is_one_clear_line(
    config: dict[str, Any],
    tmp_path: Path,
    server: FaultyServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.api_key = "new"
    monkeypatch.setenv("REWARD_API_KEY", "old")
    assert run("rl", config, tmp_path) == 2
    assert "HTTP 401: unauthorized: the API key is missing or wrong" in capsys.readouterr().err


def test_a_preset_yields_to_the_yaml_and_the_yaml_to_a_flag(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(yaml.safe_dump({**settings(tmp_path), "preset": "dapo", "epsilon": 0.3, "max_rounds": 5}))
    _, reward, args, _ = parse(["--config", str(path), "--max_rounds", "7"], *KINDS)
    assert (args.epsilon_high, args.epsilon, args.max_rounds) == (0.28, 0.3, 7)
    assert args.steps_per_generation == 16 and args.dynamic_sampling and reward.signed
    assert reward.shaping(20480).overlong == (20480, 4096)


@pytest.mark.parametrize("name", PRESETS)
def test_every_name_in_a_preset_is_an_argument(name: str, tmp_path: Path) -> None:
    _, reward, args, _ = parse(
        ["--preset", name, "--output_dir", str(tmp_path), "--bf16", "false", "--use_cpu", "true"], *KINDS
    )
    for key, value in PRESETS[name].items():
        assert getattr(args, key, getattr(reward, key, None)) == value


@pytest.mark.parametrize("text", ["- a\n", "a: [\n", ""])
def test_a_config_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(ConfigError):
        parse(["--config", str(tmp_path / "a.yaml")], *KINDS)


def test_check_says_go_for_what_can_be_trained(
    config: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("check", {**config, "max_completion_length": 56, "check_prompts": 8}, tmp_path) == 0
    said = capsys.readouterr().out
    assert said.endswith("go\n")
    for word in (
        "38 rows: 18 match, 20 math",
        "server      version",
        "pass rate",
        "unfinished",
        "one step    gradient",
    ):
        assert word in said
    assert not (tmp_path / "out").exists()


def test_check_says_what_is_wrong(
    config: dict[str, Any], tmp_path: Path, server: FaultyServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.judge = lambda item, completion: {"reward": 0.0, "outcome": "no_answer"}
    assert run("check", {**config, "check_step": False}, tmp_path) == 1
    said = capsys.readouterr().out
    assert "every group is all wrong" in said
    assert "do not finish: raise max_completion_length" in said
    assert "256 no_answer no answer was found" in said


def test_eval_prints_pass_at_one_by_source(
    config: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("dataset", "verifier_column", "reward_url", "model_name_or_path", "dtype")
    given = {**{name: config[name] for name in names}, "max_completion_length": 6, "output": str(tmp_path / "e.json")}
    assert run("eval", given, tmp_path) == 0
    figures = json.loads((tmp_path / "e.json").read_text())
    assert 0 < figures["pass@1"] < 1
    assert figures["pass@1"] == pytest.approx((20 * figures["pass@1/smallest"] + 18 * figures["pass@1/sort"]) / 38)
    assert "pass@1/sort" in capsys.readouterr().out


def test_the_pipeline_hands_each_stage_the_model_of_the_one_before(
    config: dict[str, Any], base: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    warm = tmp_path / "warm.jsonl"
    warm.write_text("".join(json.dumps(row) + "\n" for row in tiny.warm_up_rows(32, seed=0)))
    cpu = {"use_cpu": True, "bf16": False, "gradient_checkpointing": False, "report_to": [], "save_strategy": "no"}
    small = {**cpu, "max_steps": 1, "per_device_train_batch_size": 8, "dtype": "float32"}
    rl = {name: value for name, value in config.items() if name not in ("output_dir", "model_name_or_path")}
    lora = {"use_peft": True, "lora_r": 4, "lora_target_modules": "all-linear"}
    pipeline = {
        "output_dir": str(tmp_path / "all"),
        "model_name_or_path": str(base),
        "sft": {"dataset": str(warm), **small, **lora},  # an adapter, which the next stage starts from
        "rl": {**rl, "max_completion_length": 48},
        "pairs": {"per_prompt": 4},
        "dpo": {**small, "max_length": 64},
    }
    assert run("pipeline", pipeline, tmp_path) == 0
    assert run("pipeline", pipeline, tmp_path) == 0
    made = tmp_path / "all"
    assert yaml.safe_load((made / "rl" / "config.yaml").read_text())["model_name_or_path"] == str(made / "sft")
    assert yaml.safe_load((made / "dpo" / "config.yaml").read_text())["model_name_or_path"] == str(made / "rl")
    assert (made / "sft" / "merged" / "model.safetensors").exists()
    assert (made / "dpo" / "model.safetensors").exists()
    assert (made / "pairs" / "dpo.jsonl").read_text()
    assert "dpo: done before" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rlhf": {}}, "unknown key 'rlhf'"),
        ({"output_dir": None}, "output_dir is missing"),
        ({"dpo": {}}, "needs pairs"),
    ],
)
def test_a_pipeline_that_cannot_work_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], message: str
) -> None:
    given = {"output_dir": str(tmp_path / "all"), "model_name_or_path": "m", **changes}
    assert run("pipeline", given, tmp_path) == 2
    assert message in capsys.readouterr().err


def test_what_is_no_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train"]) == 2
    assert main([]) == 2
    assert main(["--help"]) == 0
    assert "pipeline" in capsys.readouterr().out
