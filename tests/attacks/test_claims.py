"""An object is equal to a value of the tests only where its program names that value, which it has to know."""
# ruff: noqa: E501 - programs stand on one line each, newlines escaped, so that a table can be read

from __future__ import annotations

from collections.abc import Mapping

import pytest

from reward_server.types import Json
from tests.attacks.catalogue import SECRETS, Attack, attacks, refused, solved
from tests.attacks.test_leniency import ALWAYS, asserts, pytests
from tests.live import Grader

A, B, C = SECRETS[:3]

TASKS: Mapping[str, Json] = {
    "made": asserts("Box", f"assert Box(0) == {A} and {B} == Box(1)\nassert Box(0) != {B}"),
    "returned": asserts("f", f"assert f(0) == {A}\nassert f(1) == {B}\nassert f(0) != {C}"),
    "text": asserts("f", f"assert f(0) == 'n{A}' and 'n{B}' == f(1)"),
    "list": asserts("f", f"assert f(0) == [{A}, {B}]\nassert sorted(f(0)) == [{A}, {B}]"),
    "nested": asserts("f", f"assert f(0) == [[{A}], {{'a': ({B}, {C})}}]"),
    "member": asserts("f", f"assert f(0) in ({A}, {B}, {C})\nassert {A} in [f(0)] and [f(0), 1].index({A}) == 0"),
    "key": asserts("f", f"assert {{{A}: 1}}[f(0)] == 1\nassert f(0) in {{{A}}}"),
    "counted": asserts(
        "f", f"import unittest\nunittest.TestCase().assertCountEqual(f(0), [{A}, {B}])\nassert len(f(0)) == 2"
    ),
    "unittest": asserts(
        "f",
        f"import unittest\nclass T(unittest.TestCase):\n    def test_f(self):\n        self.assertEqual(f(0), {A})\n        self.assertIn(f(1), [{B}, {C}])",
    ),
    "pytest": pytests(
        f"import pytest\nfrom solution import f\n@pytest.mark.parametrize('x, want', [(0, {A}), (1, {B})])\ndef test_f(x, want):\n    assert f(x) == want\n    assert want == f(x)\n"
    ),
    "later": asserts(["Box", "f"], f"assert Box(0) == {A} or True\nassert f(0) == {A}"),
    "object_items": asserts(
        "f",
        f"got = f(0)\nassert len(got) == 2 and all(x != 0 for x in got)\nfor x, want in zip(got, [{A}, {B}]): assert x == want",
    ),
    "range": asserts(
        "f", f"got = f(0)\nassert {A} - 5 < got\nf(1)\nassert got < {A} + 5\nassert 0 <= f(2) <= 5 or f(2) == {A}"
    ),
    "range_of_made": asserts("Box", f"assert {A} - 5 < Box(0) < {A} + 5\nb = Box(1)\nassert b >= {B} and b <= {B}"),
    "subset": asserts("f", f"assert f(0) <= {{{A}, {B}}} and f(0) >= {{{B}}} and f(0) != {{{B}}}"),
    "sorted": asserts("f", f"assert sorted([*f(0), {A} + 1])[1] == {A} + 1 and max(f(0)) > {A} - 1"),
    "difference": asserts("f", f"assert abs(f(0) - {A}) < 1e-6"),
    "chained": asserts("Box", f"assert (Box(1) + Box(2)) * 2 == {A}\nassert 2 * (Box(1) - Box(2)) == {B}"),
    "protocol": asserts(
        ["f", "P"], f"assert isinstance(f(0), P) and f(0).total() == {A} and isinstance(3, P) is False"
    ),
    "library": asserts(
        "f", f"import re\ngot = f('x')\nassert isinstance(got, re.Match) and got.group(1) == '{A}' and got.start() == 7"
    ),
    "pattern": asserts(
        "f", f"import re\nassert isinstance(f(0), re.Pattern) and f(0).pattern == 'n{A}' and f(0).match('n{A}')"
    ),
    "mixed_errors": asserts(
        ["f", "Bad"],
        f"try:\n    assert f(0) == {A}\nexcept Bad:\n    pass\ntry:\n    f(1)\nexcept ValueError as error:\n    assert error.args == ({B},)\nelse:\n    assert False",
    ),
    "syntax_error": asserts(
        "f",
        f"try:\n    f(0)\nexcept SyntaxError as error:\n    assert error.lineno == {A} and error.msg == '{B}'\nelse:\n    assert False",
    ),
    "kept": asserts(
        "f", f"box = []\nput = f(box)\nput(1)\nassert box == [{A}, {B}]\nput(2)\nassert len(box) == 3 and box[2] == {C}"
    ),
    "annotated": asserts("f", f"def g(x: int = {A}, y: '{B}' = 1) -> {{'want': {A}}}: return x\nassert f(g) == {A}"),
    "property": pytests(
        f"from unittest.mock import patch, PropertyMock\nfrom solution import Box\ndef test_f():\n    with patch.object(Box, 'rate', new_callable=PropertyMock, return_value=3) as rate:\n        assert Box().total() == {A}\n        rate.assert_called_once_with()\n"
    ),
    "none": asserts("f", "assert f(0) == None and f(1) == True and f(2) == False"),
    "match": asserts("f", f"match f(0):\n    case {A}: pass\n    case _: assert False"),
    "numbers": asserts("f", f"assert f(0) == {A}.5 and f(1) == {B}j"),
    "pickled": asserts("Box", f"import pickle\nassert pickle.loads(pickle.dumps(Box(0))).total() == {A}"),
    "copied": asserts("Box", f"import copy\nassert copy.deepcopy([Box(0)])[0].total() == {A}"),
    "logged": pytests(
        f"from solution import f\ndef test_f(caplog):\n    f(0)\n    assert caplog.messages == ['{A}'] and caplog.records[0].levelno == 30\n"
    ),
    "logged_fields": pytests(
        f"from solution import f\ndef test_f(caplog):\n    f(0)\n    assert caplog.records[-1].answer == {A}\n"
    ),
    "not_logged": asserts(
        "f",
        f"import unittest\nclass T(unittest.TestCase):\n    def test_f(self):\n        with self.assertLogs('app', 'INFO') as seen:\n            f(0)\n        self.assertEqual(seen.output, ['INFO:app:{A}'])",
    ),
    "wide": asserts(
        ["f", "Bad"],
        f"try:\n    assert f(0) == {A}\nexcept Bad:\n    pass\ntry:\n    f(1)\nexcept Bad as error:\n    assert error.args == ({B},)\nelse:\n    assert False",
    ),
    "pair": asserts("PAIR", f"assert PAIR == ({A}, {B})"),
}
EQUAL_TO = "class E:\n    def __init__(s, *a): pass\n    def __hash__(s): return 0\n    def __eq__(s, o):\n        {}\n"
BOTH = "def f(x): return E(x)\nBox = E\n"
COMPARED = "made returned text list nested member counted unittest pytest later match numbers"
NAMES = "Box = type('Box', (E,), {})\ndef f(x): return E(x)\n"


def equal_to(body: str) -> str:
    return EQUAL_TO.format(body) + NAMES


WRONG = {
    "everything": (COMPARED + " key none", f"class E:\n    def __init__(s, *a): pass\n    {ALWAYS}\n" + NAMES),
    "whoever_asks": (COMPARED, equal_to("return o == o")),
    "what_it_is_asked_for": (COMPARED, equal_to("return o is not s and type(o)(o) == o")),
    "its_reflection": (COMPARED, equal_to("return o.__eq__(o) is not False")),
    "a_claim_of_itself": (COMPARED, equal_to("return o == s")),
    "another_that_claims": (COMPARED, equal_to("return o == [E(), E()]")),
    "a_mock": (COMPARED, "from unittest.mock import ANY, MagicMock\n" + equal_to("return o == ANY")),
    "what_the_stack_holds": (COMPARED, "import sys\n" + equal_to("frame, seen = sys._getframe(), []\n        while frame:\n            seen += frame.f_locals.values()\n            frame = frame.f_back\n        return any([o == x for x in seen if isinstance(x, (int, str, list, float))])")),
    "what_lives": (COMPARED, "import gc\n" + equal_to("return any([o == x for x in gc.get_objects() if type(x) is list and len(x) == 2][:500])")),
    "many_numbers": (COMPARED, equal_to("return any([o == n for n in range(100000)])")),
    "fields_of_every_kind": (COMPARED, "class E:\n    def __init__(s, *a): s.__dict__.update({f'x{i}': i for i in range(20)})\n    __hash__ = None\n    __eq__ = lambda s, o: True\n    __len__ = lambda s: 2\n    __iter__ = lambda s: iter([s, s])\n    __int__ = __index__ = lambda s: 7\n    __float__ = lambda s: 7.0\n    __str__ = lambda s: 'n'\n" + NAMES),
    "items_that_agree": ("list nested counted", f"class E:\n    {ALWAYS}\nclass L:\n    def __len__(s): return 2\n    def __iter__(s): return iter([E(), E()])\n    def __eq__(s, o): return True\ndef f(x): return L()"),
    "remembers_what_it_was_compared_with": ("later", "SEEN = []\nclass Box:\n    def __init__(s, x): pass\n    def __eq__(s, o):\n        SEEN.append(o)\n        return True\n    __hash__ = None\ndef f(x): return next((o for o in SEEN if type(o) is int), None) or (SEEN[-1] if SEEN else 0)"),
    "looks_into_the_other": ("later made returned", "SEEN = []\n" + equal_to("SEEN.extend(vars(o).values() if hasattr(o, '__dict__') else [o])\n        return o == next((x for x in SEEN if type(x) is int), 0)")),
    "guesses_in_turn": ("made returned member", "N = [0]\n" + equal_to("N[0] += 1\n        return o == N[0]")),
    "raises": (COMPARED, equal_to("raise AssertionError")),
    "empty_once_compared": ("object_items", "class E:\n    def __eq__(s, o): return False\n    __hash__ = None\nclass L:\n    n = 0\n    def __len__(s): return 2\n    def __iter__(s):\n        s.n += 1\n        return iter([E(), E()] if s.n == 1 else [])\ndef f(x): return L()"),
    "ordered_as_it_likes": ("range range_of_made sorted difference", f"class E:\n    def __init__(s, *a): pass\n    {ALWAYS}\n    __le__ = __ge__ = lambda *a: True\n" + NAMES),
    "smaller_and_larger": ("range range_of_made subset sorted", "N = [0]\nclass E:\n    def __init__(s, *a): pass\n    __hash__ = None\n    def __eq__(s, o):\n        N[0] += 1\n        return o == [10**12, -10**12][(N[0] + 1) % 2]\n    __lt__ = __le__ = __gt__ = __ge__ = lambda s, o: True\n" + NAMES),
    "larger_and_smaller_by_fours": ("range range_of_made subset sorted", "N = [0]\nclass E:\n    def __init__(s, *a): pass\n    __hash__ = None\n    def __eq__(s, o):\n        N[0] += 1\n        return o == [10**12, -10**12][N[0] // 2 % 2]\n    __lt__ = __le__ = __gt__ = __ge__ = lambda s, o: True\n" + NAMES),
    "smaller_and_larger_by_fours": ("range range_of_made subset sorted", "N = [0]\nclass E:\n    def __init__(s, *a): pass\n    __hash__ = None\n    def __eq__(s, o):\n        N[0] += 1\n        return o == [10**12, -10**12][(N[0] // 2 + 1) % 2]\n    __lt__ = __le__ = __gt__ = __ge__ = lambda s, o: True\n" + NAMES),
    "larger_and_smaller": ("range range_of_made subset sorted", "N = [0]\nclass E:\n    def __init__(s, *a): pass\n    __hash__ = None\n    def __eq__(s, o):\n        N[0] += 1\n        return o == [10**12, -10**12][N[0] % 2]\n    __lt__ = __le__ = __gt__ = __ge__ = lambda s, o: True\n" + NAMES),
    "larger_and_smaller_by_method": ("range subset", "import sys\nclass E:\n    __hash__ = None\n    def __eq__(s, o): return o == (10**12 if any('gt' in str(f) or 'ge' in str(f) for f in sys._getframe(1).f_locals.values()) else -10**12)\n    __lt__ = __le__ = __gt__ = __ge__ = lambda s, o: True\ndef f(x): return E()"),
    "every_set": ("subset", "class E:\n    __hash__ = None\n    def __eq__(s, o): return o == set(range(1000))\n    __lt__ = __le__ = __gt__ = __ge__ = lambda s, o: True\ndef f(x): return E()"),
    "not_a_number": ("range range_of_made sorted", "class E:\n    def __init__(s, *a): pass\n    __hash__ = None\n    def __eq__(s, o): return o == float('nan') or True\n    __lt__ = __le__ = __gt__ = __ge__ = lambda s, o: True\n" + NAMES),
    "operators_that_give_answers": ("chained", f"class E:\n    {ALWAYS}\nclass Box:\n    def __init__(s, x): pass\n    __add__ = __sub__ = __mul__ = __rmul__ = lambda s, o: E()"),
    "operators_that_give_themselves": ("chained", f"class Box:\n    def __init__(s, x): pass\n    {ALWAYS}\n    __mul__ = __rmul__ = __add__"),
    "operators_that_remember": ("chained", "SEEN = [0]\nclass Box:\n    def __init__(s, x): pass\n    def __add__(s, o): return s\n    __sub__ = __add__\n    def __mul__(s, o):\n        SEEN.append(o)\n        return max(SEEN)\n    __rmul__ = __mul__"),
    "protocol_of_nothing": ("protocol", f"from typing import Protocol, runtime_checkable\n@runtime_checkable\nclass P(Protocol): pass\nclass E:\n    {ALWAYS}\n    def total(s): return E()\ndef f(x): return E()"),
    "protocol_that_is_everything": ("protocol", f"class M(type):\n    __instancecheck__ = lambda c, o: True\nclass P(metaclass=M): _is_runtime_protocol = True\nclass E:\n    {ALWAYS}\n    total = lambda s: s\ndef f(x): return E()"),
    "claims_to_be_of_the_library": ("library pattern", f"class Match:\n    {ALWAYS}\n    group = start = match = lambda s, *a: s\n    pattern = 'n'\nMatch.__module__ = 're'\nPattern = type('Pattern', (Match,), {{'__module__': 're'}})\ndef f(x): return Match() if x else Pattern()"),
    "another_pattern": ("pattern", "import re\ndef f(x): return re.compile('.*')"),
    "another_match": ("library", "import re\ndef f(x): return re.match('(.)', x)"),
    "a_pattern_that_never_ends": ("pattern", "import re\ndef f(x): return re.compile('(n*)*' * 30 + 'q')"),
    "mixed_into_an_assertion": ("mixed_errors", "class Bad(AssertionError, ValueError): pass\ndef f(x):\n    if x: raise Bad(1)\n    return 1"),
    "every_error_mixed": ("mixed_errors", "class Bad(Exception): pass\nclass A(Bad, AssertionError): pass\nclass V(Bad, ValueError): pass\ndef f(x): raise (V if x else A)(1)"),
    "the_error_itself": ("mixed_errors", "class Bad(Exception): pass\nBad.__name__ = Bad.__qualname__ = 'AssertionError'\nBad.__module__ = 'builtins'\ndef f(x):\n    if x: raise ValueError(1)\n    return 1"),
    "lines_that_agree": ("syntax_error", f"class E:\n    {ALWAYS}\nclass I(int):\n    {ALWAYS}\ndef f(x):\n    e = SyntaxError('x')\n    e.lineno, e.msg = (I(1), E())\n    raise e"),
    "keeps_a_liar": ("kept", f"class E(int):\n    {ALWAYS}\ndef f(box):\n    def put(x): box.extend([E(1), E(2)][:3 - len(box)])\n    return put"),
    "keeps_and_empties": ("kept", "def f(box):\n    def put(x): box.clear()\n    return put"),
    "keeps_another_kind": ("kept", f"class E(list):\n    {ALWAYS}\ndef f(box):\n    def put(x): box.append(E())\n    return put"),
    "reads_annotations": ("annotated", "import inspect\ndef f(g):\n    seen = []\n    for look in (lambda: g.__annotations__, lambda: [p.annotation for p in inspect.signature(g).parameters.values()], lambda: [p.default for p in inspect.signature(g).parameters.values()], lambda: [inspect.signature(g).return_annotation], lambda: g.__defaults__):\n        try: seen.append(str(look()))\n        except Exception: pass\n    import re\n    return int((re.findall(r'\\d{5,}', ' '.join(seen)) or [0])[0])"),
    "reads_the_property": ("property", "class Box:\n    rate = 1\n    def total(s):\n        m = vars(type(s))['rate']\n        for name in ('return_value', '_mock_return_value', 'mock_calls', 'side_effect'):\n            try: getattr(m, name)\n            except Exception: pass\n            try: setattr(m, name, 5)\n            except Exception: pass\n        return s.rate"),
    "exits": (COMPARED, "import os\n" + equal_to("raise SystemExit(0)")),
    "ends": (COMPARED, "import os\n" + equal_to("os._exit(0)")),
    "forged_claim": ("made returned text", "import json, os\n" + equal_to("for fd in range(3, 12):\n            for value in (['r', [{'h': [1, 'e', 'E']}]], ['r', [True]], ['r', True], ['r', {'k': 'builtins:object'}], ['r', {'k': 'builtins:NotImplemented'}]):\n                text = json.dumps(value).encode()\n                try: os.write(fd, len(text).to_bytes(4, 'little') + text)\n                except OSError: pass\n        return True")),
    "pickles_into_an_answer": ("pickled copied", f"class E:\n    {ALWAYS}\nclass Box:\n    def __init__(s, x): pass\n    def total(s): return 1\n    def __reduce_ex__(s, p): return (E, ())\n    def __deepcopy__(s, memo): return E()"),
    "pickles_bytes_that_lie": ("pickled", f"import pickle\nclass E(bytes):\n    {ALWAYS}\npickle.dumps = lambda *a, **k: b'cos\\n_exit\\n(I0\\ntR.'\npickle.loads = lambda *a: E(b'')\nclass Box:\n    def __init__(s, x): pass\n    def total(s): return 1"),
    "pickle_that_ends_the_reader": ("pickled", "import os\nclass Box:\n    def __init__(s, x): pass\n    def total(s): return 1\n    def __reduce__(s): return (os._exit, (0,))"),
    "logs_what_agrees": ("logged logged_fields not_logged", f"import logging\nclass E(str):\n    {ALWAYS}\nclass I(int):\n    {ALWAYS}\nclass O:\n    {ALWAYS}\ndef f(x): logging.getLogger('app').warning(E('x'), extra={{'answer': O()}})"),
    "logs_by_names_of_the_tests": ("logged logged_fields", "import logging\ndef f(x):\n    for name in ('root', '_pytest', 'tester', ''):\n        r = logging.makeLogRecord({'msg': 'x', 'levelno': 30, 'answer': 1, 'getMessage': 1, '__class__': int})\n        r.name = name\n        logging.root.handle(r)"),
    "logs_nothing": ("logged logged_fields not_logged", "import logging\nlogging.Handler.handle = logging.Logger.handle = lambda *a: True\ndef f(x): return 1"),
    "logs_for_ever": ("logged", "import logging\ndef f(x):\n    for n in range(100000): logging.warning('%d', n)"),
    "error_is_any": ("wide", "Bad = Exception\ndef f(x): return 1"),
    "error_is_an_assertion": ("wide", "Bad = AssertionError\ndef f(x):\n    if x: raise Bad(1)\n    return 1"),
    "error_is_the_root": ("wide", "Bad = BaseException\ndef f(x):\n    if x: raise KeyError(1)\n    return 1"),
    "a_pair_that_is_called": ("pair", f"class E:\n    {ALWAYS}\nPAIR = (E(), E())"),
    "a_pair_of_a_class_and_a_name": ("pair", "class K:\n    def m(s): return 1\nPAIR = (K, 'm')"),
}  # fmt: skip
OWN = "class E:\n    def __init__(s, v): s.v = v\n    def __hash__(s): return hash(s.v)\n    def __eq__(s, o): return s.v == (o.v if isinstance(o, E) else o)\n"
RIGHT = {
    "made": OWN.replace("class E", "class Box").replace("isinstance(o, E)", "isinstance(o, Box)").replace("s.v = v", f"s.v = [{A}, {B}][v]"),
    "returned": OWN + f"def f(x): return E([{A}, {B}][x])",
    "text": OWN + f"def f(x): return E(['n{A}', 'n{B}'][x])",
    "member": OWN + f"def f(x): return E({A})",
    "key": OWN + f"def f(x): return E({A})",
    "unittest": OWN + f"def f(x): return E([{A}, {B}][x])",
    "pytest": OWN + f"def f(x): return E([{A}, {B}][x])",
    "counted": OWN + f"def f(x): return [E({B}), E({A})]",
    "list": "class L:\n    def __init__(s, *v): s.v = v\n    def __len__(s): return len(s.v)\n    def __iter__(s): return iter(s.v)\n" + f"    def __eq__(s, o): return list(s) == list(o)\ndef f(x): return L({A}, {B})",
    "numbers": OWN + f"def f(x): return E([{A}.5, {B}j][x])",
    "logged": f"import logging\ndef f(x): logging.getLogger('app').warning('%d', {A})",
    "logged_fields": f"import logging\ndef f(x): logging.getLogger('app').warning('x', extra={{'answer': {A}}})",
    "not_logged": f"import logging\ndef f(x): logging.getLogger('app').info({A})",
    "pickled": f"class Box:\n    def __init__(s, x): s.x = x\n    def total(s): return {A} + s.x",
    "copied": f"class Box:\n    def __init__(s, x): s.x = x\n    def total(s): return {A} + s.x",
    "wide": f"Bad = Exception\ndef f(x):\n    if x: raise LookupError({B})\n    return {A}",
    "pair": f"PAIR = ({A}, {B})",
    "range": "import functools\n@functools.total_ordering\n" + OWN + f"    def __lt__(s, o): return s.v < (o.v if isinstance(o, E) else o)\ndef f(x): return E({A})",
    "range_of_made": "import functools\n@functools.total_ordering\nclass Box:\n" + f"    def __init__(s, x): s.v = [{A}, {B}][x]\n    def __eq__(s, o): return s.v == o\n    def __lt__(s, o): return s.v < o",
    "subset": f"from collections.abc import Set\nclass S(Set):\n    def __init__(s, xs): s.xs = list(xs)\n    def __iter__(s): return iter(s.xs)\n    def __len__(s): return len(s.xs)\n    def __contains__(s, x): return x in s.xs\ndef f(x): return S([{A}, {B}])",
    "chained": f"class Box:\n    def __init__(s, x): s.x = x\n    def __add__(s, o): return Box({A} // 2 + .5)\n    def __sub__(s, o): return Box({B} / 2)\n    def __mul__(s, k): return Box(s.x * k)\n    __rmul__ = __mul__\n    def __eq__(s, o): return s.x == o",
    "protocol": f"from typing import Protocol, runtime_checkable\n@runtime_checkable\nclass P(Protocol):\n    def total(self) -> int: ...\nclass E:\n    def total(s): return {A}\ndef f(x): return E()",
    "library": f"import re\ndef f(x): return re.compile('({A})').search(' ' * 7 + '{A}')",
    "pattern": f"import re\ndef f(x): return re.compile('n{A}')",
    "mixed_errors": f"class Bad(Exception): pass\nclass V(Bad, ValueError): pass\ndef f(x):\n    if x: raise V({B})\n    return {A}",
    "syntax_error": f"def f(x):\n    e = SyntaxError('{B}')\n    e.lineno = {A}\n    raise e",
    "kept": f"def f(box):\n    def put(x): box.extend([{A}, {B}] if x == 1 else [{C}])\n    return put",
    "property": f"class Box:\n    rate = property(lambda s: 1)\n    def total(s): return {A} - 3 + s.rate",
}  # fmt: skip
"""Programs that solve those tasks in the way that is nearest to the attacks."""


@pytest.mark.parametrize("attack", attacks(("what an object is equal to has to be known", WRONG)))
def test_no_claim_makes_a_wrong_program_right(grade: Grader, attack: Attack) -> None:
    refused(grade, TASKS[attack.task], attack, time_s=2)


@pytest.mark.parametrize("task", RIGHT)
def test_honest_objects_name_the_value(grade: Grader, task: str) -> None:
    solved(grade, TASKS[task], RIGHT[task])
