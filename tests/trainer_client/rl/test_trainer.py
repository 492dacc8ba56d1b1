"""``VerifiedGRPOTrainer`` on a tiny random model, against a server over real HTTP."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.trainer_client.extra import QUIET, need_trainer

need_trainer()
pytestmark = QUIET

import torch  # noqa: E402 - after the skip
from transformers import TrainerCallback  # noqa: E402

from tests.trainer_client.faulty_server import FaultyServer, text_of  # noqa: E402
from tests.trainer_client.rl.build import by_first_symbol, null, preset, settings, trainer, verdict  # noqa: E402
from trainer_client.errors import RequestRejected, RewardOutage  # noqa: E402
from trainer_client.rl import tiny  # noqa: E402
from trainer_client.rl.config import VerifiedGRPOConfig  # noqa: E402
from trainer_client.rl.rollouts import read_rollouts  # noqa: E402


def one_batch(made: Any) -> dict[str, torch.Tensor]:
    """What the trainer makes of four prompts, four completions each."""
    made.model.train()
    inputs = [dict(made.train_dataset[i]) for i in range(4) for _ in range(4)]
    batch: dict[str, torch.Tensor] = made._generate_and_score_completions(inputs)
    made.disconnect()
    return batch


def weights(model: Any) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in model.parameters()]).clone()


def history(made: Any, name: str) -> list[float]:
    return [entry[name] for entry in made.state.log_history if name in entry]


class Recorder(TrainerCallback):  # type: ignore[misc]  # transformers counts as Any
    """Keeps the weights after each step."""

    def __init__(self) -> None:
        self.after: list[torch.Tensor] = []

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.after.append(weights(kwargs["model"]))


def test_every_completion_is_rewarded_by_its_own_verdict(server: FaultyServer, tmp_path: Path) -> None:
    made = trainer(server, tmp_path)
    made.train()
    assert server.judged == 32
    for row in read_rollouts(tmp_path / "rollouts"):
        assert row["reward"] == by_first_symbol({}, row["completion"])["reward"]
    assert history(made, "rollouts/generated") == [16, 16]
    assert {body["items"][0]["meta"]["step"] for _, body in server.requests} == {0, 1}


def test_rows_without_a_verdict_leave_the_advantages_the_tokens_and_the_baseline(
    server: FaultyServer, tmp_path: Path
) -> None:
    count = iter(range(1000))

    def judge(item: dict[str, Any], completion: Any) -> dict[str, Any]:
        place = next(count) % 4
        return null() if place == 0 else verdict(place == 1)

    server.judge = judge
    made = trainer(server, tmp_path)
    batch = one_batch(made)
    nulls, right, wrong = (slice(place, None, 4) for place in (0, 1, 2))
    assert torch.all(batch["advantages"][nulls] == 0)
    assert torch.all(batch["completion_mask"][nulls] == 0)
    # of (null, 1, 0, 0) the mean is 1/3 and not 1/4, so the wrong ones lie half as far off as the right one
    torch.testing.assert_close(batch["advantages"][right], -2 * batch["advantages"][wrong])
    assert batch["num_items_in_batch"] == batch["completion_mask"].sum()


def test_losses_that_divide_by_rows_are_scaled_to_the_rows_that_have_verdicts(
    server: FaultyServer, tmp_path: Path
) -> None:
    count = iter(range(1000))
    server.judge = lambda item, completion: [null(), null(), verdict(True), verdict(False)][next(count) % 4]
    made = trainer(server, tmp_path, loss_type="grpo", scale_rewards="none")
    batch = one_batch(made)
    assert batch["advantages"].tolist() == [0.0, 0.0, 1.0, -1.0] * 4


def test_a_batch_that_is_all_null_moves_no_weight(server: FaultyServer, tmp_path: Path) -> None:
    made = trainer(server, tmp_path, max_steps=4, weight_decay=0.1)
    recorder = Recorder()
    made.add_callback(recorder)
    server.judge = lambda item, completion: (
        null("bad_reference", outcome="invalid_task")
        if item["meta"]["step"] == 2
        else by_first_symbol(item, completion)
    )
    made.train()
    first, second, third, fourth = recorder.after
    assert not torch.equal(first, second)
    assert torch.equal(second, third)
    assert not torch.equal(third, fourth)
    assert history(made, "rollouts/step_skipped") == [0, 0, 1, 0]
    assert history(made, "nulls/bad_reference") == [16]


def test_a_micro_batch_of_nulls_among_live_ones_skips_only_its_own_step(server: FaultyServer, tmp_path: Path) -> None:
    count = iter(range(1000))
    server.judge = lambda item, completion: verdict(c == 0) if (c := next(count)) < 2 else null()
    made = trainer(server, tmp_path, per_device_train_batch_size=4, updates_per_rollout=4, max_steps=4)
    recorder = Recorder()
    made.add_callback(recorder)
    before = weights(made.model)
    made.train()
    moved = [not torch.equal(a, b) for a, b in zip([before, *recorder.after], recorder.after, strict=False)]
    assert [not skipped for skipped in history(made, "rollouts/step_skipped")] == moved
    assert 1 <= sum(moved) <= 2


def test_an_outage_writes_a_checkpoint_and_the_same_command_resumes(server: FaultyServer, tmp_path: Path) -> None:
    made = trainer(server, tmp_path, reward={"deadline_s": 0.3, "outage_s": 0.3}, max_steps=3)
    server.judge = lambda item, completion: (
        null("no_worker", retryable=True) if item["meta"]["step"] == 2 else by_first_symbol(item, completion)
    )
    with pytest.raises(RewardOutage, match="no_worker"):
        made.train()
    assert (tmp_path / "checkpoint-2").is_dir()
    server.judge = by_first_symbol
    again = trainer(server, tmp_path, max_steps=3)
    again.train(resume_from_checkpoint=str(tmp_path / "checkpoint-2"))
    assert again.state.global_step == 3
    assert history(again, "rollouts/step_skipped") == [0, 0, 0]


def test_a_server_that_restarts_in_mid_run_costs_nothing_but_time(tmp_path: Path) -> None:
    first = FaultyServer()
    first.judge = by_first_symbol
    replacement: list[FaultyServer] = []
    port = first.port

    def start_again() -> None:
        replacement.append(FaultyServer(port=port))
        replacement[0].judge = by_first_symbol

    class Restart(TrainerCallback):  # type: ignore[misc]  # transformers counts as Any
        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if state.global_step == 1:
                first.close()
                threading.Timer(0.7, start_again).start()

    made = trainer(first, tmp_path, max_steps=3)
    made.add_callback(Restart())
    made.train()
    replacement[0].close()
    assert first.judged + replacement[0].judged == 48 == sum(history(made, "rollouts/trained"))
    assert replacement[0].judged == 32
    assert history(made, "outcome/unavailable") == [0, 0, 0]
    assert max(history(made, "rollouts/reward_wait_s")) > 0.3


def test_no_injected_fault_is_ever_trained_on_as_a_zero(server: FaultyServer, tmp_path: Path) -> None:
    server.fault_share = 0.4
    server.slow_s = 0.05
    server.judge = lambda item, completion: verdict(True)
    made = trainer(server, tmp_path, max_steps=6, reward={"client": {"max_completions": 4}})
    made.train()
    rows = read_rollouts(tmp_path / "rollouts")
    assert sum(count for word, count in server.faults.items() if word != "ok") >= 5
    assert Counter(row["reward"] for row in rows) == {1.0: 96}


def test_a_final_refusal_ends_the_run_with_the_words_of_the_server(server: FaultyServer, tmp_path: Path) -> None:
    server.always = "422"
    with pytest.raises(RequestRejected, match="no verifier is called"):
        trainer(server, tmp_path).train()


def test_dynamic_sampling_trains_on_mixed_groups_only(server: FaultyServer, tmp_path: Path) -> None:
    made = trainer(server, tmp_path, dynamic_sampling=True, max_steps=3)
    server.judge = lambda item, completion: (
        verdict(True) if item["verifier"] == "math" else by_first_symbol(item, completion)
    )
    made.train()
    kept = [row for row in read_rollouts(tmp_path / "rollouts") if row["kept"]]
    groups: dict[str, set[float]] = {}
    for row in kept:
        groups.setdefault(row["group"], set()).add(row["value"])
    mixed = sum(len(values) == 2 for values in groups.values())
    assert len(kept) == 48 and len(groups) == 12
    assert mixed == sum(history(made, "groups/trained_mixed"))
    assert mixed + sum(history(made, "groups/topped_up")) == 12
    assert mixed >= 11
    assert max(history(made, "rollouts/rounds")) > 1


def test_dynamic_sampling_looks_at_the_verdict_and_not_at_the_shaped_reward(
    server: FaultyServer, tmp_path: Path
) -> None:
    from trainer_client.shaping import Shaping

    server.judge = lambda item, completion: verdict(True)
    shaping = Shaping(signed=True, overlong=(6, 6))
    made = trainer(server, tmp_path, reward={"shaping": shaping}, dynamic_sampling=True, max_rounds=3, max_steps=1)
    made.train()
    rows = read_rollouts(tmp_path / "rollouts")
    assert len({row["reward"] for row in rows}) > 1
    assert history(made, "groups/trained_mixed") == [0]
    assert history(made, "groups/topped_up") == [4]
    assert history(made, "rollouts/rounds") == [3]


@pytest.mark.parametrize("beta", [0.0, 0.1])
def test_rounds_are_joined_with_every_key_padded_on_its_own_side(
    server: FaultyServer, tmp_path: Path, beta: float
) -> None:
    count = iter(range(1000))
    server.judge = lambda item, completion: verdict(8 <= (place := next(count)) < 16 or place % 2 == 0)
    made = trainer(server, tmp_path, dynamic_sampling=True, beta=beta, updates_per_rollout=2, max_steps=2)
    made.args.steps_per_generation = 2
    batch = one_batch(made)
    assert {key: value.shape[0] for key, value in batch.items() if value.dim()} == dict.fromkeys(
        (key for key, value in batch.items() if value.dim()), 16
    )
    prompts, masks = batch["prompt_ids"], batch["prompt_mask"]
    texts = [made.processing_class.decode(ids[mask.bool()]) for ids, mask in zip(prompts, masks, strict=True)]
    assert all(text[0] in "sm" and text.endswith("=") for text in texts)
    assert torch.all(masks[:, -1] == 1)
    assert torch.all(batch["completion_mask"][:, 0] == 1)
    assert batch["num_items_in_batch"] == batch["completion_mask"].sum()
    assert ("ref_per_token_logps" in batch) == (beta > 0)
    for key in ("old_per_token_logps", "ref_per_token_logps"):
        if key in batch:
            assert batch[key].shape == batch["completion_ids"].shape


def test_dynamic_sampling_refuses_rows_that_are_no_whole_groups(server: FaultyServer, tmp_path: Path) -> None:
    made = trainer(server, tmp_path)
    made.args.per_device_train_batch_size = 6  # what a rank holds when groups are spread over ranks
    with pytest.raises(ValueError, match="whole groups"):
        made._check_dynamic_sampling()


def test_waiting_longer_than_the_other_ranks_can_is_refused(server: FaultyServer, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="ddp_timeout"):
        trainer(server, tmp_path, reward={"outage_s": 1000})


def test_clip_higher_acts_under_the_dapo_preset(server: FaultyServer, tmp_path: Path) -> None:
    def run(**changes: Any) -> tuple[torch.Tensor, list[float]]:
        sizes = {"per_device_train_batch_size": 4, "max_steps": 4, "learning_rate": 2e-2, "num_generations": 4}
        made = trainer(server, tmp_path, **{**preset("dapo"), **sizes, "updates_per_rollout": 4, **changes})
        made.train()
        return weights(made.model), history(made, "clip_ratio/high_mean")

    higher, clipped = run()
    plain, _ = run(epsilon_high=0.2)
    assert max(clipped) > 0
    assert not torch.equal(higher, plain)


def test_with_one_update_per_rollout_clipping_never_acts(server: FaultyServer, tmp_path: Path) -> None:
    made = trainer(server, tmp_path, **{**preset("dr_grpo"), "learning_rate": 2e-2, "max_steps": 3})
    made.train()
    assert set(history(made, "clip_ratio/region_mean")) == {0.0}


def test_each_preset_does_what_its_paper_is_known_for(server: FaultyServer, tmp_path: Path) -> None:
    def run(name: str, **changes: Any) -> tuple[torch.Tensor, Any]:
        sizes = {"per_device_train_batch_size": 4, "max_steps": 4, "learning_rate": 5e-3, "updates_per_rollout": 4}
        made = trainer(server, tmp_path, **{**preset(name), **sizes, "dynamic_sampling": False, **changes})
        made.train()
        return weights(made.model), made

    grpo, with_kl = run("grpo")
    assert max(history(with_kl, "kl")) > 0
    assert not torch.equal(grpo, run("grpo", beta=0.0)[0])
    dr_grpo, _ = run("dr_grpo")
    assert not torch.equal(dr_grpo, run("dr_grpo", scale_rewards="group")[0])
    gspo, made = run("gspo")
    assert max(history(made, "clip_ratio/region_mean")) > 0
    assert not torch.equal(gspo, run("gspo", importance_sampling_level="token")[0])
    cispo, _ = run("cispo")
    assert not torch.equal(cispo, run("dapo")[0])


def test_several_updates_per_rollout_become_steps_per_generation(tmp_path: Path) -> None:
    config = VerifiedGRPOConfig(
        **settings(tmp_path, updates_per_rollout=16, gradient_accumulation_steps=2, per_device_train_batch_size=4)
    )
    assert (config.steps_per_generation, config.generation_batch_size) == (32, 128)


def test_fresh_prompts_are_the_same_when_a_run_is_resumed(server: FaultyServer, tmp_path: Path) -> None:
    first, second = trainer(server, tmp_path), trainer(server, tmp_path)
    assert first._fresh(3, 1) == second._fresh(3, 1)
    assert first._fresh(3, 1) != first._fresh(3, 2)
    assert len(first._fresh(100, 1)) == 400


def test_truncated_completions_are_marked_as_such(server: FaultyServer, tmp_path: Path) -> None:
    made = trainer(server, tmp_path, max_steps=1)
    made.train()
    sent = [c for _, body in server.requests for item in body["items"] for c in item["completions"]]
    rows = read_rollouts(tmp_path / "rollouts")
    marked = [isinstance(c, dict) and c["truncated"] for c in sent]
    assert marked == [row["truncated"] for row in rows]
    assert [text_of(c) for c in sent] == [row["completion"] for row in rows]
    assert history(made, "rollouts/truncated") == history(made, "completions/clipped_ratio")


def test_the_tiny_tokenizer_gives_back_what_it_was_given() -> None:
    tokenizer = tiny.tokenizer()
    assert tokenizer.decode(tokenizer("s:40213=")["input_ids"]) == "s:40213="
