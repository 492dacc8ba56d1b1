"""Outputs that a lenient comparison would take."""
# ruff: noqa: E501 - programs stand on one line each, newlines escaped, so that a table can be read

from __future__ import annotations

import pytest

from tests.attacks.catalogue import SECRETS, WORD, Attack, attacks, held
from tests.live import Grader

KNOW = f"S = {SECRETS}; W = {WORD!r}; x = int(input())\n"

OUTPUTS = {
    "nothing": ("stdio stdio_float", "pass"),
    "first_line_only": ("stdio", KNOW + "print(W, S[x])"),
    "last_line_only": ("stdio", "print('end')"),
    "extra_line": ("stdio", KNOW + "print(W, S[x]); print('end'); print('end')"),
    "extra_token": ("stdio", KNOW + "print(W, S[x], S[x]); print('end')"),
    "one_line": ("stdio", KNOW + "print(W, S[x], 'end')"),
    "all_answers": ("stdio", KNOW + "for s in S: print(W, s)\nprint('end')"),
    "alternatives": ("stdio", KNOW + "print(W, '|'.join(map(str, S))); print('end')"),
    "letter_case": ("stdio", KNOW + "print(W.upper(), S[x]); print('END')"),
    "tokens_swapped": ("stdio", KNOW + "print(S[x], W); print('end')"),
    "lines_swapped": ("stdio", KNOW + "print('end'); print(W, S[x])"),
    "token_set": ("stdio", KNOW + "print('end'); print(S[x], W)"),
    "joined": ("stdio", KNOW + "print(W + str(S[x])); print('end')"),
    "substring": ("stdio", KNOW + "print('xx', W, S[x], 'xx'); print('end')"),
    "digits_cut": ("stdio", KNOW + "print(W, S[x] // 10); print('end')"),
    "leading_zero": ("stdio", KNOW + "print(W, '0' + str(S[x])); print('end')"),
    "plus_sign": ("stdio", KNOW + "print(W, '+' + str(S[x])); print('end')"),
    "as_float": ("stdio", KNOW + "print(W, float(S[x])); print('end')"),
    "unicode_digits": ("stdio", KNOW + "print(W, str(S[x]).translate({48 + d: 0x660 + d for d in range(10)})); print('end')"),
    "fullwidth": ("stdio", KNOW + "print(W.replace('q', '\\uff51'), S[x]); print('end')"),
    "zero_width": ("stdio", KNOW + "print(W, str(S[x]) + '\\u200b'); print('end')"),
    "no_break_space": ("stdio", KNOW + "print(W, S[x], sep='\\xa0'); print('end')"),
    "nul_terminated": ("stdio", KNOW + "print(W, S[x]); print('end\\0')"),
    "carriage_return": ("stdio", KNOW + "print(W, 1, end='\\r'); print(W, S[x]); print('end')"),
    "backspace": ("stdio", KNOW + "print(W, str(S[x]) + 'x\\b'); print('end')"),
    "on_stderr": ("stdio", KNOW + "import sys; print(W, S[x], file=sys.stderr); print('end', file=sys.stderr)"),
    "then_fails": ("stdio", KNOW + "print(W, S[x]); print('end'); raise SystemExit(1)"),
    "then_crashes": ("stdio", KNOW + "import os; print(W, S[x]); print('end', flush=True); os.abort()"),
    "then_hangs": ("stdio", KNOW + "print(W, S[x]); print('end', flush=True)\nwhile True: pass"),
    "then_floods": ("stdio", KNOW + "print(W, S[x]); print('end')\nwhile True: print('x' * 1000)"),
    "only_some_cases": ("stdio", KNOW + "print(W, S[x] if x != 2 else 0); print('end')"),
    "integer_nearly": ("stdio_float", KNOW + "print(S[x] + 1); print(S[x] + .25)"),
    "integer_as_decimal": ("stdio_float", KNOW + "print(S[x] + .0000001); print(S[x] + .25)"),
    "decimal_far": ("stdio_float", KNOW + "print(S[x]); print(S[x] * 1.001)"),
    "nan": ("stdio_float", KNOW + "print(S[x]); print('nan')"),
    "inf": ("stdio_float", KNOW + "print(S[x]); print('inf')"),
    "overflow": ("stdio_float", KNOW + "print(S[x]); print('1e999')"),
    "hexadecimal": ("stdio_float", KNOW + "print(hex(S[x])); print(float.hex(S[x] + .25))"),
    "underscores": ("stdio_float", KNOW + "print(f'{S[x]:_}'); print(S[x] + .25)"),
    "commas": ("stdio_float", KNOW + "print(f'{S[x]:,}'); print(S[x] + .25)"),
}  # fmt: skip


@pytest.mark.parametrize("attack", attacks(("an output is right as a whole or not at all", OUTPUTS)))
def test_a_partly_right_output_is_wrong(grade: Grader, attack: Attack) -> None:
    held(grade, attack)
