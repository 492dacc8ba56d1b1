"""Datasets in the shapes that people have them in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from trainer_client.data import DataArguments, load_rows, look_up, map_rows
from trainer_client.errors import DataError

VERL = {
    "data_source": "openai/gsm8k",
    "prompt": [{"role": "user", "content": "2+2?"}],
    "ability": "math",
    "reward_model": {"style": "rule", "ground_truth": "4"},
    "extra_info": {"split": "train"},
}
OPEN_INSTRUCT = {
    "messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}],
    "ground_truth": "4",
    "dataset": "gsm8k",
}


def mapped(*records: dict[str, Any], **arguments: Any) -> list[dict[str, Any]]:
    return map_rows(records, DataArguments(**{"verifier": "math", **arguments}))


def test_the_verl_layout_is_known() -> None:
    [row] = mapped(VERL, layout="verl")
    assert row == {
        "prompt": [{"role": "user", "content": "2+2?"}],
        "answer": "4",
        "verifier": "math",
        "params": None,
        "source": "openai/gsm8k",
        "row": 0,
    }


def test_the_open_instruct_layout_names_a_verifier_a_row_and_drops_the_answer_from_the_prompt() -> None:
    names = {"gsm8k": "math", "ifeval": "instructions"}
    [row] = mapped(OPEN_INSTRUCT, layout="open_instruct", verifier=None, verifier_names=names)
    assert (row["verifier"], row["source"], row["answer"]) == ("math", "gsm8k", "4")
    assert row["prompt"] == [{"role": "user", "content": "2+2?"}]


def test_what_is_given_beside_a_layout_wins() -> None:
    assert mapped({**VERL, "gold": "5"}, layout="verl", reference="gold")[0]["answer"] == "5"
    assert mapped(OPEN_INSTRUCT, layout="open_instruct", verifier="match")[0]["verifier"] == "match"


@pytest.mark.parametrize(
    ("transform", "reference", "answer"),
    [
        ({"after": "####"}, "so 2+2=4\n#### 4", "4"),
        ("after:####", "#### 3 #### 4", "4"),
        ("last_boxed", r"\boxed{1} then \boxed{\frac{1}{2}}.", r"\frac{1}{2}"),
        ("json", '{"tests": ["assert f(1) == 1"]}', '{"tests": ["assert f(1) == 1"]}'),
        ("json", '"4"', "4"),
        (None, 42, "42"),
        (None, {"inputs": ["1"], "outputs": ["2"]}, '{"inputs": ["1"], "outputs": ["2"]}'),
    ],
)
def test_references_are_transformed_and_become_text(transform: Any, reference: Any, answer: str) -> None:
    [row] = mapped({"prompt": "?", "answer": reference}, reference_transform=transform)
    assert row["answer"] == answer


@pytest.mark.parametrize(
    ("record", "path", "value"),
    [
        ({"a": {"b": [{"c": 1}]}}, "a.b.0.c", 1),
        ({"a.b": 2, "a": {"b": 3}}, "a.b", 2),
        ({"a": '{"b": 4}'}, "a.b", 4),
    ],
)
def test_a_dotted_path_goes_through_objects_lists_and_json_text(record: Any, path: str, value: Any) -> None:
    assert look_up(record, path) == value


@pytest.mark.parametrize(
    ("record", "arguments", "message"),
    [
        ({"prompt": "?"}, {}, r"no column 'answer'; it has prompt \(rows 0, 1, 2, 3, 4 …\)"),
        ({"prompt": "?", "answer": None}, {}, "null"),
        ({"prompt": "?", "answer": "4"}, {"reference_transform": "after:####"}, "has no '####'"),
        ({"prompt": "?", "answer": "4"}, {"reference_transform": "last_boxed"}, "boxed"),
        ({"prompt": "?", "answer": "{"}, {"reference_transform": "json"}, "not JSON"),
        ({"prompt": "?", "answer": "4"}, {"reference_transform": "upper"}, "unknown reference_transform"),
        ({"prompt": "?", "answer": "4"}, {"layout": "mine"}, "unknown layout"),
        ({"prompt": "?", "answer": "4"}, {"verifier": None}, "give one of verifier"),
        ({"prompt": [], "answer": "4"}, {}, "no message of the user"),
    ],
)
def test_what_is_wrong_with_a_dataset_is_one_line(
    record: dict[str, Any], arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message) as caught:
        mapped(*[record] * 7, **arguments)
    assert "\n" not in str(caught.value)


def test_prompts_that_occur_twice_are_kept_once() -> None:
    records = [{"prompt": "a", "answer": "1"}, {"prompt": "b", "answer": "2"}, {"prompt": "a", "answer": "1"}]
    assert [row["prompt"] for row in mapped(*records)] == ["a", "b"]
    assert len(mapped(*records, deduplicate=False)) == 3
    assert len(mapped(*records, max_rows=1)) == 1


def test_prompts_become_chats_when_asked_to() -> None:
    [row] = mapped({"prompt": "2+2?", "answer": "4"}, system_prompt="Think.", prompt_suffix=" Box it.")
    assert row["prompt"] == [
        {"role": "system", "content": "Think."},
        {"role": "user", "content": "2+2? Box it."},
    ]
    assert mapped({"prompt": "2+2?", "answer": "4"}, prompt_suffix="!")[0]["prompt"] == "2+2?!"
    assert mapped({"prompt": "?", "answer": "4"}, as_chat=True)[0]["prompt"] == [{"role": "user", "content": "?"}]


def test_parameters_of_a_row_add_to_those_of_all_and_nulls_of_a_column_are_dropped() -> None:
    record = {"prompt": "?", "answer": "4", "how": {"digits": 3, "unit": None}}
    [row] = mapped(record, params='{"strict": true}', params_column="how")
    assert json.loads(row["params"]) == {"strict": True, "digits": 3}


def test_files_of_every_kind_and_folders_of_them_are_read(tmp_path: Path) -> None:
    record = {"prompt": "a", "answer": "1"}
    (tmp_path / "a.jsonl").write_text(json.dumps(record) + "\n\n" + json.dumps({**record, "prompt": "b"}) + "\n")
    (tmp_path / "b.json").write_text(json.dumps([{**record, "prompt": "c"}]))
    assert len(load_rows(DataArguments(dataset=str(tmp_path / "a.jsonl"), verifier="math"))) == 2
    assert [row["prompt"] for row in load_rows(DataArguments(dataset=str(tmp_path), verifier="math"))] == list("abc")


def test_parquet_is_read(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="needs the trainer extra")
    import pyarrow.parquet as parquet

    parquet.write_table(pyarrow.Table.from_pylist([VERL]), tmp_path / "a.parquet")
    arguments = DataArguments(dataset=str(tmp_path / "a.parquet"), layout="verl", verifier="math")
    assert load_rows(arguments)[0]["answer"] == "4"


@pytest.mark.parametrize("content", ['{"prompt": "a"', "nonsense"])
def test_a_broken_line_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.jsonl").write_text('{"prompt": "a", "answer": "1"}\n' + content + "\n")
    with pytest.raises(DataError, match="line 2"):
        load_rows(DataArguments(dataset=str(tmp_path / "a.jsonl"), verifier="math"))


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(DataError, match=r"no file nowhere\.jsonl"):
        load_rows(DataArguments(dataset="nowhere.jsonl", verifier="math"))


def test_rows_keep_the_number_that_they_have_in_the_dataset() -> None:
    records = [{"prompt": prompt, "answer": "1"} for prompt in ("a", "a", "b", "a", "c")]
    assert [(row["prompt"], row["row"]) for row in mapped(*records)] == [("a", 0), ("b", 2), ("c", 4)]


def test_open_instruct_rows_may_hold_lists_of_one() -> None:
    record = {**OPEN_INSTRUCT, "ground_truth": ["4"], "dataset": ["gsm8k"]}
    [row] = mapped(record, layout="open_instruct", verifier=None, verifier_names={"gsm8k": "math"})
    assert (row["answer"], row["verifier"], row["source"]) == ("4", "math", "gsm8k")


def test_a_message_in_parts_of_text_is_one_text() -> None:
    parts = [{"type": "text", "text": "2+"}, {"type": "text", "text": "2?"}]
    [row] = mapped({"prompt": [{"role": "user", "content": parts}], "answer": "4"}, prompt_suffix=" Think.")
    assert row["prompt"] == [{"role": "user", "content": "2+2? Think."}]


@pytest.mark.parametrize(
    ("record", "arguments", "message"),
    [
        ({"prompt": 5, "answer": "1"}, {}, "neither text nor messages"),
        ({"prompt": "", "answer": "1"}, {}, "neither text nor messages"),
        ({"prompt": [{"role": "user", "content": [{"type": "image"}]}], "answer": "1"}, {}, "with images"),
        ({"prompt": [{"content": "?"}], "answer": "1"}, {}, "no column 'role'"),
        ({"prompt": "?", "answer": float("nan")}, {}, "'answer' is null"),
        ({"prompt": "?", "answer": "1", "v": None}, {"verifier": None, "verifier_column": "v"}, "'v' is null"),
        ({"prompt": "?", "answer": "{a"}, {"reference": "answer.b"}, "not JSON"),
        ({"prompt": "?", "answer": "1", "p": "{"}, {"params_column": "p"}, "params at 'p' is not JSON"),
        ({"prompt": "?", "answer": "1"}, {"params": "[1]"}, "params is no mapping"),
        ({"prompt": "?", "answer": "1"}, {"reference_transform": {"before": "x"}}, "unknown reference_transform"),
    ],
)
def test_a_row_that_cannot_be_used_is_one_clear_line(
    record: dict[str, Any], arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        mapped(record, **arguments)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b"[1]\n", "row 0 is no object but list"),
        ("a.jsonl", b"\xff\xfe", "codec can't decode"),
        ("a.jsonl", b'{"prompt": "q"}\n{"prompt"', "line 2"),
        ("a.json", b"3", "row 0 is no object but int"),
        ("a.parquet", b"nope", "[Pp]arquet"),
        ("a.csv", b"prompt,answer\n", "is none of .jsonl, .json, .parquet"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_clear_line(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        load_rows(DataArguments(dataset=str(tmp_path / name), verifier="math"))
