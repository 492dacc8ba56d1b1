"""Real model solutions and real references."""

from __future__ import annotations

import json

from reward_server.types import Completion, Outcome
from reward_server.verifiers.registry import Registry
from tests.verifiers.math.data import data_file

_MODELS = ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")


def test_verdicts_on_real_grade_school_solutions_agree_with_every_label(registry: Registry) -> None:
    disagreements = []
    seen = 0
    for line in data_file("gsm8k_model_solutions.jsonl").read_text().splitlines():
        row = json.loads(line)
        reference = row["ground_truth"].rsplit("A:", 1)[1].strip()
        for model in _MODELS:
            seen += 1
            verdict = registry.verify_once("math", reference, {}, Completion(row[model]["solution"]))
            if (verdict.reward == 1.0) != row[model]["is_correct"]:
                disagreements.append((reference, row[model]["solution"][-80:], verdict.outcome))
    assert seen == 5_276
    assert disagreements == []


def test_every_reference_of_competition_mathematics_verifies_against_itself_in_a_box(registry: Registry) -> None:
    answers = [row["answer"] for row in json.loads(data_file("math_train.json").read_text())]
    golds = sorted({answer for answer in answers if answer})  # four rows of this data have none
    assert len(golds) > 2_800
    verdicts = {gold: registry.verify_once("math", gold, {}, Completion(f"\\boxed{{{gold}}}")) for gold in golds}
    assert [gold for gold, verdict in verdicts.items() if verdict.outcome is not Outcome.CORRECT] == []


def test_a_reference_of_contest_problems_is_told_from_the_next_integer(registry: Registry) -> None:
    for line in data_file("aime24.jsonl").read_text().splitlines():
        answer = json.loads(line)["answer"]
        right = registry.verify_once("math", answer, {}, Completion(f"\\boxed{{{int(answer):03d}}}"))
        wrong = registry.verify_once("math", answer, {}, Completion(f"\\boxed{{{int(answer) + 1}}}"))
        assert (right.outcome, wrong.outcome) == (Outcome.CORRECT, Outcome.INCORRECT)
