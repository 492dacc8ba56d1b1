"""Threads and event loops of the tests give a program no way to be right that it would not have without."""
# ruff: noqa: E501 - programs stand on one line each, newlines escaped, so that a table can be read

from __future__ import annotations

from collections.abc import Mapping

import pytest

from reward_server.types import Json
from tests.attacks.catalogue import SECRETS, Attack, attacks, refused, solved
from tests.attacks.test_forgery import DESCRIPTORS
from tests.attacks.test_leniency import ALWAYS, asserts, pytests
from tests.live import Grader

A, B = SECRETS[:2]
THREADS = "import threading\ndef each(g, *xs):\n    out = {}\n    def go(x): out[x] = g(x)\n    ts = [threading.Thread(target=go, args=(x,)) for x in xs]\n    [t.start() for t in ts]\n    [t.join() for t in ts]\n    return out\n"

TASKS: Mapping[str, Json] = {
    "results": asserts("f", THREADS + f"assert each(f, 0, 1) == {{0: {A}, 1: {B}}}\nassert f(0) == {A}"),
    "pool": asserts(
        "f",
        f"from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(2) as pool:\n    assert list(pool.map(f, [0, 1])) == [{A}, {B}]",
    ),
    "callback": asserts(
        "f",
        f"import threading\ngot, done = [], threading.Event()\ndef cb(x):\n    got.append(x)\n    done.set()\nf(cb)\nassert done.wait(1) and got == [{A}]\nassert threading.active_count() == 1",
    ),
    "awaited": asserts(
        "f",
        f"import asyncio\nasync def main():\n    got = await asyncio.gather(f(0), f(1))\n    assert got == [{A}, {B}]\n    assert await f(0) == {A}\nasyncio.run(main())",
    ),
    "timeout": asserts(
        "f",
        f"import asyncio\nasync def main():\n    try:\n        await asyncio.wait_for(f(5), 0.05)\n    except asyncio.TimeoutError:\n        pass\n    else:\n        raise RuntimeError('no timeout')\n    assert await asyncio.wait_for(f(0), 2) == {A}\nasyncio.run(main())",
    ),
    "items": asserts(
        "f",
        f"import asyncio\nasync def main():\n    assert [x async for x in f()] == [{A}, {B}]\nasyncio.run(main())",
    ),
    "context": asserts(
        "f",
        f"import asyncio\nasync def main():\n    async with f(0) as got:\n        assert got == {A}\nasyncio.run(main())",
    ),
    "task": asserts(
        "f",
        f"import asyncio\nasync def one():\n    assert await f(0) == {A}\nasync def main():\n    t = asyncio.create_task(one())\n    await t\n    done, pending = await asyncio.wait([asyncio.create_task(f(1))])\n    assert not pending and done.pop().result() == {B}\nasyncio.run(main())",
    ),
    "async_callback": asserts(
        "f",
        f"import asyncio\nseen = []\nasync def fetch(x):\n    seen.append(x)\n    return x\nasync def main():\n    assert await f(fetch) == {A}\n    assert seen == [1, 2]\nasyncio.run(main())",
    ),
    "exceptions": asserts(
        "f",
        f"import asyncio\nasync def main():\n    got = await asyncio.gather(f(0), f(1), return_exceptions=True)\n    assert got[0] == {A} and isinstance(got[1], ValueError) and got[1].args == ({B},)\nasyncio.run(main())",
    ),
    "unittest": asserts(
        "f",
        f"import unittest\nclass T(unittest.IsolatedAsyncioTestCase):\n    async def test_a(self): self.assertEqual(await f(0), {A})\n    async def test_b(self):\n        with self.assertRaises(KeyError): await f('k')",
    ),
    "pytest": pytests(
        f"import asyncio, threading\nfrom solution import f\ndef test_a():\n    async def main(): return await asyncio.gather(f(0), f(1))\n    assert asyncio.run(main()) == [{A}, {B}]\n"
    ),
}
SPRAY = (
    DESCRIPTORS
    + "def sprayed(*numbers):\n    for n in numbers:\n        for m in (['r', [1, []]], ['r', 1], ['x', {'names': ['builtins:StopIteration'], 'args': [], 'fields': {}, 'text': ''}], ['stop', None], ['cancel', 0], ['call', 1, [], [], []], ['await', 1]):\n            spray(record(['@', n, m]) + record(m))\n"
)
EVERY = "results pool awaited task exceptions unittest pytest"
WRONG = {
    "forged_conversations": ("results pool callback", SPRAY + "def f(x):\n    sprayed(0, 1, 2, 3, -1, -2, 'a', None, 10**30)\n    return 1"),
    "forged_conversations_of_coroutines": ("awaited task timeout items context async_callback exceptions unittest pytest", SPRAY + "async def f(*x):\n    sprayed(0, 1, 2, 3, 4, 5, 6, -1, -2, [1], {})\n    return 1"),
    "forged_by_threads": ("results awaited", SPRAY + "import threading\ndef forever():\n    while True: sprayed(*range(6))\nthreading.Thread(target=forever, daemon=True).start()\nasync def f(x): return 1"),
    "always_equal": (EVERY, f"class E:\n    {ALWAYS}\n    def __await__(s):\n        yield from ()\n        return s\ndef f(x): return E()"),
    "cancelled": ("awaited task items context exceptions unittest pytest timeout", "import asyncio\nasync def f(*x): raise asyncio.CancelledError"),
    "cancels_all": ("awaited task exceptions unittest pytest", "import asyncio\nasync def f(*x):\n    for t in asyncio.all_tasks(): t.cancel()\n    await asyncio.sleep(1)"),
    "stops_the_loop": ("awaited task exceptions unittest pytest", "import asyncio\nasync def f(*x):\n    asyncio.get_running_loop().stop()\n    await asyncio.sleep(9)"),
    "closes_the_loop": ("awaited task exceptions pytest", "import asyncio\nasync def f(*x):\n    loop = asyncio.get_running_loop()\n    loop.call_soon(loop.stop)\n    loop.close()"),
    "exits": (EVERY + " callback items context", "def f(*x): raise SystemExit(0)"),
    "exits_in_time": ("awaited task timeout exceptions unittest pytest", "async def f(*x): raise SystemExit(0)"),
    "ends": (EVERY + " callback", "import os\ndef f(*x): os._exit(0)"),
    "ends_in_time": ("awaited task timeout exceptions unittest pytest", "import os\nasync def f(*x): os._exit(0)"),
    "interrupts": ("awaited task exceptions unittest pytest results pool", "def f(*x): raise KeyboardInterrupt"),
    "generator_exits": ("awaited task exceptions unittest items", "async def f(*x): raise GeneratorExit"),
    "never_answers": ("timeout", "import asyncio\nasync def f(x): await asyncio.sleep(100)"),
    "swallows_the_timeout": ("timeout", "import asyncio\nasync def f(x):\n    try: await asyncio.sleep(100)\n    except asyncio.CancelledError: return 1"),
    "ends_early": ("items", "async def f():\n    return\n    yield"),
    "ends_at_once": ("items", "class I:\n    def __aiter__(s): return s\n    async def __anext__(s): raise StopAsyncIteration\ndef f(): return I()"),
    "swallows_failures": ("context", "class M:\n    async def __aenter__(s): return 1\n    async def __aexit__(s, *a): return True\ndef f(x): return M()"),
    "calls_back_for_ever": ("callback", "import threading\ndef f(cb):\n    def go():\n        while True: cb(1)\n    threading.Thread(target=go, daemon=True).start()"),
    "calls_back_with_itself": ("callback async_callback", f"import threading\nclass E:\n    {ALWAYS}\ndef f(cb):\n    threading.Thread(target=lambda: cb(E()), daemon=True).start()"),
    "never_calls_back": ("callback async_callback", "async def g(cb): return 1\ndef f(cb): return g(cb)"),
    "calls_back_too_late": ("callback", "import threading, time\ndef f(cb):\n    def go():\n        time.sleep(3)\n        cb(1)\n    threading.Thread(target=go, daemon=True).start()"),
    "looks_into_the_callback": ("callback async_callback", "import threading\ndef f(cb):\n    seen = []\n    def look():\n        for name in ('__code__', '__globals__', '__closure__', '__defaults__', '__annotations__'):\n            try: found = getattr(cb, name)\n            except Exception: continue\n            for part in (getattr(found, 'co_consts', ()), found if isinstance(found, (tuple, dict)) else ()):\n                seen.extend(x for x in part if type(x) is int and x > 999)\n        cb(seen[0] if seen else 0)\n    threading.Thread(target=look, daemon=True).start()"),
    "stops_the_tests_loop": ("async_callback", "import asyncio\nasync def f(fetch):\n    await fetch(1)\n    for name in ('stop', 'close', 'get_loop', 'cancel'):\n        try: getattr(fetch(2), name)()\n        except Exception: pass\n    return 1"),
    "awaits_for_ever": ("awaited task", "class E:\n    def __await__(s):\n        while True: yield\ndef f(x): return E()"),
    "raises_another": ("exceptions", f"class V(ValueError):\n    args = (1,)\nasync def f(x):\n    if x: raise V({A})\n    return 1"),
    "one_for_the_other": ("results pool awaited", "N = [0]\ndef g(x):\n    N[0] += 1\n    return N[0]\nasync def h(x): return g(x)\ndef f(x):\n    import sys\n    return h(x) if N[0] < 0 else g(x)"),
    "many_threads": ("results pool", "import threading, time\ndef f(x):\n    for _ in range(1000): threading.Thread(target=time.sleep, args=(9,), daemon=True).start()\n    return 1"),
}  # fmt: skip
KNOWS = f"S = [{A}, {B}]\n"
RIGHT = {
    "results": KNOWS + "def f(x): return S[x]",
    "pool": KNOWS + "def f(x): return S[x]",
    "callback": KNOWS + "import threading\ndef f(cb): threading.Timer(0.05, cb, [S[0]]).start()",
    "awaited": KNOWS + "async def f(x): return S[x]",
    "timeout": KNOWS + "import asyncio\nasync def f(x):\n    await asyncio.sleep(x)\n    return S[0]",
    "items": KNOWS + "async def f():\n    for x in S: yield x",
    "context": KNOWS + "from contextlib import asynccontextmanager\n@asynccontextmanager\nasync def f(x): yield S[x]",
    "task": KNOWS + "async def f(x): return S[x]",
    "async_callback": KNOWS + "async def f(fetch):\n    await fetch(1)\n    await fetch(2)\n    return S[0]",
    "exceptions": KNOWS + "async def f(x):\n    if x: raise ValueError(S[1])\n    return S[0]",
    "unittest": KNOWS + "async def f(x): return {0: S[0]}[x]",
    "pytest": KNOWS + "async def f(x): return S[x]",
}
"""Programs that solve those tasks."""


@pytest.mark.parametrize("attack", attacks(("a conversation more is no way in", WRONG)))
def test_threads_serve_no_cheat(grade: Grader, attack: Attack) -> None:
    refused(grade, TASKS[attack.task], attack, time_s=1)


@pytest.mark.parametrize("task", RIGHT)
def test_honest_programs_use_threads_and_loops(grade: Grader, task: str) -> None:
    solved(grade, TASKS[task], RIGHT[task])
