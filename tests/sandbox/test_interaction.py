"""Two programs that talk: what each said is told, has a limit, and neither can hold up the other for ever."""

from __future__ import annotations

from reward_server.sandbox.base import ExecutionLimits, Sandbox
from tests.sandbox.conftest import Python

ECHO = "import sys\nfor line in sys.stdin: print('you said', line.strip(), flush=True)"


def test_what_each_of_the_two_said_is_told(sandbox: Sandbox, python: Python) -> None:
    judge = python("print('hello', flush=True)\nanswer = input()\nassert answer == 'you said hello', answer")
    talk = sandbox.interact(judge, python(ECHO))
    assert talk.judge.ok, talk.judge
    assert talk.judge.stdout == b"hello\n"
    assert talk.program.stdout == b"you said hello\n"


def test_a_program_that_ends_lets_its_judge_see_the_end_of_input(sandbox: Sandbox, python: Python) -> None:
    judge = python("import sys\nassert sys.stdin.read() == 'bye\\n'")
    assert sandbox.interact(judge, python("print('bye')")).judge.ok


def test_a_megabyte_each_way_arrives_whole(sandbox: Sandbox, python: Python) -> None:
    judge = python(
        "import sys, threading\n"
        "text = 'x' * (1 << 20) + '\\n'\n"
        "threading.Thread(target=lambda: (sys.stdout.write(text), sys.stdout.flush())).start()\n"
        "assert input() == 'y' * (1 << 20)"
    )
    program = python("line = input()\nassert line == 'x' * (1 << 20)\nprint('y' * len(line))")
    talk = sandbox.interact(judge, program)
    assert talk.judge.ok, talk.judge.stderr
    assert len(talk.judge.stdout) == len(talk.program.stdout) == (1 << 20) + 1


def test_a_program_that_floods_its_judge_ends_at_its_limit(sandbox: Sandbox, python: Python) -> None:
    judge = python("import sys\nfor line in sys.stdin: pass")
    limits = ExecutionLimits(time_s=5.0, output_bytes=1 << 20)
    talk = sandbox.interact(judge, python("while True: print('x' * 10000)"), limits)
    assert talk.program.limit == "output"
    assert "output_flood" in talk.program.flags


def test_a_flood_that_nobody_reads_is_held_up_and_not_stored(sandbox: Sandbox, python: Python) -> None:
    judge = python("import time\ntime.sleep(0.3)")
    talk = sandbox.interact(judge, python("while True: print('x' * 10000)"), ExecutionLimits(time_s=5.0))
    assert talk.judge.ok
    assert len(talk.program.stdout) < 1 << 20


def test_a_judge_may_go_on_talking_to_a_program_that_has_ended(sandbox: Sandbox, python: Python) -> None:
    judge = python("import time\ntime.sleep(0.2)\nfor n in range(100000): print(n)")
    assert sandbox.interact(judge, python("pass")).judge.ok


def test_both_may_open_their_streams_by_name(sandbox: Sandbox, python: Python) -> None:
    judge = python("open('/dev/stdout', 'w').write('7\\n')\nassert open('/dev/stdin').readline() == '49\\n'")
    program = python("n = int(open('/dev/stdin').readline())\nopen('/dev/stdout', 'w').write(f'{n * n}\\n')")
    talk = sandbox.interact(judge, program)
    assert talk.judge.ok, talk.judge.stderr + talk.program.stderr
