"""What a test looks at twice, what it takes for a failure of its own, and answers that no honest side would give."""
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
    "converted": asserts(
        "f",
        f"try:\n    with f(0) as got:\n        assert got == {A}\n        raise ValueError('boom')\nexcept ValueError:\n    pass",
    ),
    "converted_by_pytest": pytests(
        f"import pytest\nfrom solution import f\ndef test_f():\n    with pytest.raises(ValueError):\n        with f(0) as got:\n            got == {A} or pytest.fail('wrong')\n            raise ValueError('boom')\n"
    ),
    "converted_in_time": asserts(
        "f",
        f"import asyncio\nasync def main():\n    try:\n        async with f(0) as got:\n            assert got == {A}\n            raise ValueError('boom')\n    except ValueError:\n        pass\nasyncio.run(main())",
    ),
    "converted_in_a_stack": asserts(
        "f",
        f"import contextlib\nwith contextlib.suppress(ValueError), contextlib.ExitStack() as stack:\n    got = stack.enter_context(f(0))\n    assert got == {A}\n    raise ValueError('x')",
    ),
    "wrapped": asserts(
        ["f", "Bad"],
        "try:\n    with f(0) as got:\n        got.check()\nexcept Bad as error:\n    assert str(error) == 'no' and isinstance(error.__cause__, AssertionError)\nelse:\n    assert False",
    ),
    "generator_as_context": asserts(
        "f", f"import contextlib\nwith contextlib.contextmanager(f)(0) as got:\n    assert got == {A}"
    ),
    "generator_thrown_into": asserts(
        "f",
        f"g = f(0)\nassert next(g) == {A}\nassert g.throw(ValueError('x')) == {B}\ntry:\n    g.throw(KeyError('k'))\nexcept StopIteration as stop:\n    assert stop.value == {C}",
    ),
    "decimal": asserts("Box", f"m = Box(5)\nassert m > {A} - 5\nassert m < {A} + 5\nassert {A} - 5 < Box(6) < {A} + 5"),
    "date": asserts(
        "Box", "import datetime\nm = Box(2020, 1, 1)\nassert datetime.date(2031, 1, 1) < m < datetime.date(2031, 1, 9)"
    ),
    "fraction": asserts(
        "Box", "from fractions import Fraction\nm = Box(1)\nassert Fraction(7, 3) < m\nassert m < Fraction(8, 3)"
    ),
    "stack": asserts(
        "Box", f"s = Box()\ns.push({A})\nassert s == [{A}]\ns.push({B})\nassert s == [{A}, {B}] and s > [{A}]"
    ),
    "within": asserts(
        "f",
        f"import numpy as np\nwant = np.array([{A}, {B}])\nassert np.all(np.abs(f(0) - want) < 1e-6)\nassert not (np.abs(want - f(0)) > 1e-6).any()",
    ),
    "norm": asserts("f", f"import numpy as np\nassert np.linalg.norm(f(0) - np.array([{A}, {B}])) < 1e-6"),
    "unnamed": asserts("f", f"assert (f(0) == {A}).all()\nassert all(f(1) == {B})"),
    "close_twice": asserts("f", f"import numpy as np\nassert np.allclose(f(0), {A})"),
    "asserted_twice": asserts("f", f"import numpy as np\nnp.testing.assert_allclose(f(0), {A})"),
    "empty": asserts(
        "f",
        "import numpy as np\ngot = f([])\nassert (got >= 0).all() and (got * 2 + 1).shape == (0,) and np.abs(got).sum() == 0 and np.sqrt(got).size == 0 and np.allclose(got + got, [])\nassert np.concatenate([got, [1.0]]).tolist() == [1.0] and (got - np.array([])).size == 0",
    ),
    "frame": asserts("f", f"import pandas as pd\nassert f(0).equals(pd.DataFrame({{'a': [{A}]}}))"),
    "equals": asserts("Box", "assert Box(1).equals(Box(1)) and not Box(1).equals(Box(2)) and Box(1).equals(1)"),
    "derived": asserts("Base", f"class Mine(Base): pass\nassert Mine(1) == {A}\nassert {B} == Mine(2)"),
    "no_calls": asserts("f", "from unittest.mock import Mock\nm = Mock()\nf(m)\nassert m.method_calls == []"),
    "some_calls": asserts(
        "f", f"from unittest.mock import Mock, call\nm = Mock()\nf(m)\nassert m.method_calls == [call.save({A})]"
    ),
    "bound": asserts(
        "f",
        f"from dataclasses import dataclass\nimport functools, operator\n@dataclass\nclass H:\n    _want: int\n    def ask(self, x): return x == self._want\nassert f(H({A}).ask) == {A}\nassert f(functools.partial(lambda want, x: x == want, {A})) == {A}\nassert f(operator.methodcaller('x', {A})) == {A}",
    ),
    "given": asserts("f", f"import pathlib\nopen('want.txt', 'w').write('n{A}')\nassert f(pathlib.Path) == 'n{A}'"),
    "case": asserts(
        "f",
        f"import unittest\nclass T(unittest.TestCase):\n    def test_a(self): self.assertEqual(f(self), {A})\n    def test_b(self): pass",
    ),
    "handed_on": pytests(
        f"from solution import enc, dec\ndef test_a():\n    assert dec(enc('ab')) == 'ab'\ndef test_b():\n    assert enc('q') == 'n{A}'\n"
    ),
    "read_there": pytests(
        f"from solution import f\ndef test_a(tmp_path):\n    assert 'n{A}' in open(f(str(tmp_path))).read()\n"
    ),
    "written_there": pytests(
        f"from solution import f\ndef test_a(tmp_path):\n    p = tmp_path / 'out.txt'\n    f(p)\n    assert 'n{A}' in p.read_text()\n"
    ),
    "data": {
        "kind": "pytest",
        "files": {
            "data/in.txt": "7",
            "test_it.py": f"import pathlib\nfrom solution import f\ndef test_a():\n    assert (pathlib.Path(__file__).parent / 'data' / 'in.txt').read_text() == '7'\n    assert f('tests/data/in.txt') == {A}\n",
        },
    },
    "sets": asserts(
        "f",
        f"import unittest\nclass T(unittest.TestCase):\n    def test_a(self): self.assertSetEqual(f(0), {{{A}, {B}}})\n    def test_b(self): self.assertSetEqual({{{A}, {B}}}, f(0))",
    ),
    "related": asserts(
        ["Base", "Sub"], f"assert issubclass(Sub, Base) and Sub.__mro__[1] is Base\nassert Sub().total() == {A}"
    ),
    "constant": asserts("LIMITS", f"assert isinstance(LIMITS, dict) and LIMITS['a'] == {A}"),
    "abstract": asserts(
        "Base",
        f"import inspect\nassert inspect.isabstract(Base)\nclass M(Base):\n    def area(self): return {B}\nassert M().twice() == {A}",
    ),
    "own_error": asserts("Bad", f"assert issubclass(Bad, ValueError)\nassert Bad(1).code == {A}"),
    "constant_by_pytest": pytests("from solution import LIMITS\ndef test_a():\n    assert isinstance(LIMITS, dict)\n"),
    "called": asserts("f", f"assert f(0) == {A}\nassert f(1) == {B}"),
    "typed": asserts(
        "f",
        f"got = f(0)\nassert type(got) is dict and got.get('a') == {A}\nassert isinstance(f(1), str) and f(1).startswith('n{A}')",
    ),
    "matched": asserts(
        "f", f"match f(0):\n    case [{A}, {B}]: pass\n    case {{'a': {A}}}: pass\n    case _: assert False"
    ),
    "close": asserts("f", f"import math\nassert math.isclose(f(0), {A}.5) and abs(f(0) - {A}.5) < 1e-6"),
    "listed": asserts("f", f"assert f(0) == [{A}, {B}] and len(f(0)) == 2 and sorted(f(0)) == [{A}, {B}]"),
    "raised": asserts(
        "f",
        f"try:\n    f(0)\nexcept KeyError as e:\n    assert e.args[0] == {A} and e.__cause__.args == ({B},)\nelse:\n    assert False",
    ),
}
CONVERTS = "class M:\n    def __enter__(s): return 1\n    def __exit__(s, k, e, t):\n        if k: raise ValueError('x'){f}\n    async def __aenter__(s): return 1\n    __aexit__ = None\n    async def leave(s, k, e, t):\n        if k: raise ValueError('x'){f}\n    __aexit__ = leave\ndef f(x): return M()"
CONTEXTS = "converted converted_by_pytest converted_in_time converted_in_a_stack"
SAYS_BOTH = "N = [{}]\ndef turn(*both):\n    N[0] += 1\n    return both[N[0] % 2]\n"
EMPTY = "import numpy as np\ndef f(x): return np.zeros({})"
ONCE = "class L:\n    n = 0\n    def __len__(s):\n        s.n += 1\n        return int(s.n < {n})\n    def __iter__(s): return iter([1] if s.n < {n} else [])\n    def __getitem__(s, i): return [1][:s.n < {n}][i]\ndef f(x): return L()"
ANSWERING = f"""
import sys
class E:
    {ALWAYS}
    def __getattr__(s, n): return s
    def __iter__(s): return iter([])
    def __len__(s): return 2
    def __getitem__(s, i): return s
X = E()
def f(*a): return X
frame = sys._getframe()
while 'link' not in frame.f_locals: frame = frame.f_back
LINK, ANSWERS = frame.f_locals['link'], {{}}
answer = LINK.answer
LINK.answer = lambda m: LINK.send(ANSWERS[m[0]](m)) if m[0] in ANSWERS else answer(m)
X_AS = lambda powers, name: {{'h': [LINK.give(X), powers, name]}}
give = LINK.codec._write_other
def given_as(powers, name): LINK.codec._write_other = lambda t: X_AS(powers, name) if t is X else give(t)
"""
"""A program that gives the answers itself: by verb, as they are written."""
FORGED = {
    "claims_in_turn": "N = [0]\ndef claims(m):\n    N[0] += 1\n    return ['r', [[10**9, -10**9, 0][N[0] % 3]]]\nANSWERS['claims'] = claims",
    "claims_no_number": "ANSWERS['claims'] = lambda m: ['r', [{'f': 'nan'}]]",
    "claims_liars": "ANSWERS['claims'] = lambda m: ['r', [{'t': [X_AS('e', 'E')] * 2}]]",
    "plain_type": "given_as('cvimlkbe', 'int')\nANSWERS['plain'] = lambda m: ['r', {'k': 'builtins:object'}]",
    "plain_liar": "given_as('cvimlkbe', 'int')\nANSWERS['plain'] = lambda m: ['r', X_AS('cimlkbe', 'E')]",
    "ends_of_nothing": "ANSWERS['call'] = lambda m: ['stop', None]",
    "half_answers": "ANSWERS['call'] = lambda m: ['r']",
    "the_tests_own": "ANSWERS['call'] = lambda m: ['r', [{'y': 1}, []]]",
    "not_implemented": "ANSWERS['call'] = lambda m: ['r', [{'k': 'builtins:NotImplemented'}, []]]",
    "any_type": "ANSWERS['call'] = lambda m: ['r', [{'Y': ['Any', None]}, []]]",
    "alias": "ANSWERS['call'] = lambda m: ['r', [{'Y': ['[]', [X_AS('cimlkbe', 'E'), 1]]}, []]]",
    "named": "ANSWERS['call'] = lambda m: ['r', [{'N': ['P', ['x', 'count', 'index', 'get', 'startswith'], [X_AS('cimlkbe', 'E')] * 5]}, []]]",
    "module": "ANSWERS['call'] = lambda m: ['r', [X_AS('o', 'solution'), []]]",
    "class": "ANSWERS['call'] = lambda m: ['r', [X_AS('t', 'E'), []]]\nANSWERS['describe'] = lambda m: ['r', [[], 'cimlkbe', 'E', None, [], ['numbers:Number', 'typing:Sequence', 'enum:Enum', 'protocol:']]]",
    "lent": "ANSWERS['call'] = lambda m: ['r', [{'L': [0, [1, 2], True]}, []], ['', '', []], [[0, []]]]",
    "slots": "ANSWERS['call'] = lambda m: ['x', {'names': ['builtins:KeyError', 'builtins:LookupError', 'builtins:Exception'], 'args': [X_AS('e', 'E')], 'text': '', 'fields': {'args': [1], '_sandbox_of': 1, '_sandbox_home': 2, 'with_traceback': X_AS('ce', 'E')}, 'slots': [['name', 1]]}]",
    "stand_in_cause": "ANSWERS['call'] = lambda m: ['x', {'names': ['builtins:KeyError', 'builtins:LookupError', 'builtins:Exception'], 'args': [1], 'text': '', 'fields': {}, 'cause': {'names': ['builtins:AssertionError', 'builtins:Exception'], 'args': [X_AS('e', 'E')], 'text': '', 'fields': {}}}]",
}
SHIM = "\nclass Base:\n    def __init__(s, *a): pass\n    part = f\nANSWERS['methods'] = lambda m: ['r', ['__init__', '__eq__', '__hash__', '__contains__']]\nANSWERS['bound'] = lambda m: ['r', X_AS('cbe', 'E')]"
WRONG = {
    "converts_failures": (CONTEXTS, CONVERTS.format(f="")),
    "converts_them_from": (CONTEXTS, CONVERTS.format(f=" from e")),
    "converts_by_a_generator": (
        "converted converted_by_pytest converted_in_a_stack",
        "import contextlib\n@contextlib.contextmanager\ndef f(x):\n    try: yield 1\n    except BaseException: raise ValueError('x')",
    ),
    "swallows_as_a_generator": ("generator_as_context", "def f(x):\n    try: yield 1\n    except BaseException: pass"),
    "returns_as_a_generator": ("generator_as_context", "def f(x):\n    try: yield 1\n    finally: return"),
    "decimal_says_both": ("decimal", SAYS_BOTH.format(0) + "from decimal import Decimal\nclass Box(Decimal):\n    __str__ = lambda s: turn('99999999', '0')"),
    "decimal_says_the_other": ("decimal", SAYS_BOTH.format(1) + "from decimal import Decimal\nclass Box(Decimal):\n    __str__ = lambda s: turn('99999999', '0')"),
    "date_says_both": ("date", SAYS_BOTH.format(0) + "import datetime\nclass Box(datetime.date):\n    isoformat = lambda s: turn('9999-01-01', '0001-01-01')"),
    "date_says_the_other": ("date", SAYS_BOTH.format(1) + "import datetime\nclass Box(datetime.date):\n    isoformat = lambda s: turn('9999-01-01', '0001-01-01')"),
    "fraction_says_both": ("fraction", SAYS_BOTH.format(0) + "from fractions import Fraction\nclass Box(Fraction):\n    numerator = property(lambda s: turn(99999, 0))\n    denominator = 1"),
    "fraction_says_the_other": ("fraction", SAYS_BOTH.format(1) + "from fractions import Fraction\nclass Box(Fraction):\n    numerator = property(lambda s: turn(99999, 0))\n    denominator = 1"),
    "no_rows": ("within norm", EMPTY.format("(0, 1)")),
    "no_rows_of_two": ("within norm", EMPTY.format("(0, 2)")),
    "rows_of_nothing": ("unnamed close_twice", EMPTY.format("(3, 0)")),
    "nothing": ("unnamed close_twice asserted_twice within", EMPTY.format("0")),
    **{f"something_{n}_times": ("close_twice asserted_twice", ONCE.format(n=n)) for n in (2, 3, 4, 5)},
    "equals_every_frame": ("frame", f"class S:\n    {ALWAYS}\ndef f(x): return S()"),
    "equals_by_an_attribute": ("frame", "class S:\n    equals = staticmethod(lambda *a: 1)\ndef f(x): return S"),
    "learns_the_set": ("sets", "class S:\n    seen = ()\n    def difference(s, o):\n        S.seen = o\n        return ()\n    def __iter__(s): return iter(S.seen)\ndef f(x): return S()"),
    "is_its_own_base": ("related", "class Base:\n    def total(s): return 1\nSub = Base"),
    "is_an_object": ("constant constant_by_pytest abstract own_error", "class O: pass\nLIMITS, Base, Bad = O(), O, O"),
    "is_a_function": ("constant constant_by_pytest abstract own_error", "def LIMITS(): pass\nBase = Bad = LIMITS"),
    "is_no_class": ("related", "def Base(): pass\nSub = 5"),
    "answers_for_equality": ("derived", ANSWERING + SHIM),
    "sets_what_was_called": ("no_calls", "def f(m):\n    m.drop(1)\n    m.method_calls = []"),
    "clears_what_was_called": ("no_calls", "def f(m):\n    m.drop(1)\n    m.method_calls.clear()\n    del m.method_calls"),
    "sets_a_liar": ("some_calls", f"class E(list):\n    {ALWAYS}\ndef f(m):\n    m.save(1)\n    m.method_calls = E()"),
    "reads_texts": ("bound", "import re\ndef f(g):\n    seen = []\n    for look in (lambda: repr(g), lambda: str(g), lambda: format(g), lambda: repr(g.__self__), lambda: repr(g.args), lambda: g.__doc__, lambda: repr(g.func)):\n        try: seen.append(str(look()))\n        except Exception: pass\n    return int((re.findall(r'\\d{5,}', ' '.join(seen).replace('0x', '')) or [0])[0])"),
    "reads_by_a_class": ("given", "def f(p):\n    for look in (lambda: p.read_text(p('want.txt')), lambda: p('want.txt').read_text(), lambda: p.open(p('want.txt')).read()):\n        try: return look()\n        except Exception: pass"),
    "skips_by_the_case": ("case", "def f(t): t.skipTest('x')"),
    "names_the_tests": ("handed_on", "import re\nSEEN = ['']\ndef enc(x): return 'tests/test_it.py' if x == 'ab' else SEEN[0]\ndef dec(p):\n    try: SEEN[0] = re.findall(r'n\\d+', open(p).read())[0]\n    except Exception: pass\n    return 'ab'"),
    "has_the_tests_read": ("read_there", "def f(x): return 'tests/test_it.py'"),
    "links_to_the_tests": ("written_there", "import os\ndef f(p): os.symlink('/proc/self/cwd/tests/test_it.py', p)"),
    "links_to_the_process": ("written_there", "import os\ndef f(p): os.symlink('/proc/self/environ', p)"),
    **{f"forged_{name}": ("called typed matched close listed raised", ANSWERING + code) for name, code in FORGED.items()},
}  # fmt: skip
RIGHT = {
    "converted": f"class M:\n    def __enter__(s): return {A}\n    def __exit__(s, k, e, t):\n        if k: raise ValueError('x') from e\ndef f(x): return M()",
    "wrapped": "class Bad(Exception): pass\nclass M:\n    def __enter__(s): return s\n    def check(s): assert False\n    def __exit__(s, k, e, t):\n        if k: raise Bad('no') from e\ndef f(x): return M()",
    "generator_as_context": f"def f(x):\n    try: yield {A}\n    finally: pass",
    "generator_thrown_into": f"def f(x):\n    try: yield {A}\n    except ValueError:\n        try: yield {B}\n        except KeyError: return {C}",
    "decimal": f"from decimal import Decimal\nclass Box(Decimal):\n    def __new__(c, x): return Decimal.__new__(c, {A} + x - 5)",
    "date": "import datetime\nclass Box(datetime.date):\n    def __new__(c, y, m, d): return datetime.date.__new__(c, y + 11, m, d + 2)",
    "stack": "class Box(list):\n    push = list.append",
    "within": f"import numpy as np\ndef f(x): return np.array([{A}, {B}])",
    "unnamed": f"import numpy as np\ndef f(x): return np.array([[{A}, {B}][x]] * 2)",
    "empty": "import numpy as np\ndef f(x): return np.array(x)",
    "frame": f"import pandas as pd\ndef f(x): return pd.DataFrame({{'a': [{A}]}})",
    "sets": f"class S:\n    def __iter__(s): return iter([{B}, {A}])\ndef f(x): return S()",
    "constant": f"LIMITS = {{'a': {A}}}",
    "constant_by_pytest": "LIMITS = {}",
    "abstract": f"import abc\nclass Base(abc.ABC):\n    @abc.abstractmethod\n    def area(s): ...\n    def twice(s): return s.area() - {B} + {A}",
    "own_error": f"class Bad(ValueError):\n    def __init__(s, x): s.code = {A}",
    "related": f"class Base: pass\nclass Sub(Base):\n    def total(s): return {A}",
    "given": f"def f(p):\n    p('made.txt').write_text('n{A}')\n    return p('made.txt').read_text()",
    "equals": "class Box:\n    def __init__(s, x): s.x = x\n    def equals(s, o): return s.x == getattr(o, 'x', o)",
    "some_calls": f"def f(m): m.save({A})",
    "data": f"def f(p): return {A} if open(p).read() == '7' else 0",
    "handed_on": f"def enc(x): return 'n{A}'\ndef dec(x): return 'ab'",
    "written_there": f"def f(p): p.write_text('n{A}')",
}
"""Programs that solve those tasks in the way that is nearest to the attacks."""


@pytest.mark.parametrize("attack", attacks(("a second look and an odd answer gain nothing", WRONG)))
def test_no_second_look_makes_a_wrong_program_right(grade: Grader, attack: Attack) -> None:
    refused(grade, TASKS[attack.task], attack, time_s=2)


@pytest.mark.parametrize("task", RIGHT)
def test_honest_programs_pass_both_looks(grade: Grader, task: str) -> None:
    if task == "data":
        grade.need_common_folder()
    solved(grade, TASKS[task], RIGHT[task])
