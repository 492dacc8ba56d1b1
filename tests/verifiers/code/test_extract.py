"""Programs are found where a reader would find them."""

from __future__ import annotations

import pytest

from reward_server.sandbox.languages import LANGUAGES
from reward_server.verifiers.code.extract import blocks, program_of

PYTHON = LANGUAGES["python"]


def test_the_last_block_of_the_language_counts() -> None:
    text = "First:\n```python\na = 1\n```\nBetter:\n```python\na = 2\n```\nOutput:\n```text\n3\n```\n"
    assert program_of(text, PYTHON) == "a = 2\n"


@pytest.mark.parametrize(
    "label",
    [
        "python",
        "py",
        "Python",
        "python3",
        "{.python}",
        "{python}",
        "python:main.py",
        "python,linenos",
        "python title=x",
        " python",
        "PY",
    ],
)
def test_a_language_has_many_names(label: str) -> None:
    assert program_of(f"```{label}\nx\n```", PYTHON) == "x\n"


def test_a_block_without_a_label_counts_where_no_block_has_the_right_one() -> None:
    assert program_of("```\nx\n```\n```cpp\ny\n```", PYTHON) == "x\n"


def test_a_block_of_another_language_is_no_program() -> None:
    assert program_of("```cpp\nint main() {}\n```", PYTHON) is None


def test_prose_is_no_program() -> None:
    assert program_of("Use `print(1)` and be done.", PYTHON) is None


def test_a_block_that_was_cut_off_counts_only_alone() -> None:
    assert program_of("```python\nx = 1\n", PYTHON) == "x = 1\n\n"
    assert program_of("```python\nx = 1\n```\n```python\nx = ", PYTHON) == "x = 1\n"


def test_a_fence_in_a_docstring_closes_nothing() -> None:
    program = 'def f():\n    """\n    ```\n    f()\n    ```\n    """\n'
    assert program_of(f"```python\n{program}```", PYTHON) == program


def test_a_longer_fence_holds_a_shorter_one() -> None:
    assert program_of("````python\na = '''\n```\n'''\n````", PYTHON) == "a = '''\n```\n'''\n"


def test_tildes_and_carriage_returns_are_fences_too() -> None:
    assert program_of("~~~python\r\nx = 1\r\n~~~\r\n", PYTHON) == "x = 1\n"


def test_a_fence_in_a_list_is_dedented() -> None:
    assert program_of("1. So:\n   ```python\n   if x:\n       y\n   ```\n", PYTHON) == "if x:\n    y\n"


def test_a_block_in_a_quotation_is_read_without_its_marks() -> None:
    assert program_of("> So:\n>\n> ```python\n> if x:\n>     y\n>\n> ```\n", PYTHON) == "if x:\n    y\n\n"
    assert program_of("```python\nx = (1\n> 0)\n```", PYTHON) == "x = (1\n> 0)\n"


def test_a_fence_at_the_end_of_a_line_closes_where_nothing_else_does() -> None:
    assert program_of("```python\nx = 1```\nDone.", PYTHON) == "x = 1\n"
    assert program_of("\ufeff```python\nx = '```'\n```", PYTHON) == "x = '```'\n"


def test_an_empty_block_is_passed_over() -> None:
    assert program_of("```python\nx\n```\n```python\n\n```", PYTHON) == "x\n"


def test_inline_code_opens_no_block() -> None:
    assert [block.text for block in blocks("```python print(1)```\ntext")] == []


def test_a_hostile_text_is_read_in_one_pass() -> None:
    # a quadratic reading would take minutes here
    assert program_of("```python\nx" + "`" * 100_000 + "\n" + "~~~\n" * 100_000, PYTHON) is not None
    assert program_of(("    " * 1000 + "```x`\n") * 200, PYTHON) is None
