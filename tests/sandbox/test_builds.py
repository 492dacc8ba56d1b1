"""What a compiler made is kept by source: compiled once, put back for the next, and altered by nobody."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reward_server.sandbox.base import Execution, ImageInfo, Language, Program, Sandboxes
from reward_server.sandbox.build_cache import BuildCache, Made
from tests.live import sandboxes_of

COMPILER = (
    "import os, secrets\n"
    "os.makedirs('deep/er')\n"
    "open('deep/er/program.py', 'w').write(f'# {secrets.token_hex(8)}\\n' + open('main.txt').read())\n"
    "open('run.sh', 'w').write('#!/bin/sh\\nexec /usr/bin/python3 ' + os.getcwd() + '/deep/er/program.py')\n"
    "os.chmod('run.sh', 0o755)\n"
    "print('a warning')\n"
)
"""Makes another program each time, so that a second compilation would show."""
TOY = Language(
    name="toy",
    image="python",
    file="main.txt",
    compile=("/usr/bin/python3", "-c", COMPILER),
    run=("/bin/sh", "-c", "exec /usr/bin/python3 {build}/deep/er/program.py"),
)
SHOW = b"import os, sys\nprint(open(sys.argv[0]).readline().strip())\n"


@pytest.fixture(scope="module")
def docker() -> Iterator[Sandboxes]:
    yield from sandboxes_of("docker")


def run(sandboxes: Sandboxes, source: bytes) -> tuple[Execution, Execution]:
    """Compilation and run, in a sandbox that nothing else is in."""
    with sandboxes.open("python") as sandbox:
        build = sandbox.build(Program(TOY, source))
        return build.execution, sandbox.run(build)


def test_a_source_that_comes_again_is_not_compiled_again(docker: Sandboxes) -> None:
    first, second = run(docker, SHOW), run(docker, SHOW)
    assert first[1].stdout.startswith(b"# ")
    assert second == (first[0], second[1])  # what the compiler said and used is told again
    assert second[1].stdout == first[1].stdout


def test_another_source_is_compiled(docker: Sandboxes) -> None:
    assert run(docker, SHOW)[1].stdout != run(docker, SHOW + b"# other")[1].stdout


def test_a_program_cannot_alter_what_the_next_one_gets(docker: Sandboxes) -> None:
    alter = SHOW + (
        b"import pathlib\nplace = pathlib.Path(sys.argv[0])\n"
        b"for change in (lambda: place.write_text('print(666)'), place.unlink, lambda: place.chmod(0o777),\n"
        b"               lambda: place.parent.rename('/tmp/x'), lambda: place.with_name('new').touch()):\n"
        b"    try: change(); print('altered')\n"
        b"    except OSError: pass\n"
    )
    outputs = [run(docker, alter)[1].stdout for _ in range(3)]
    assert len(set(outputs)) == 1
    assert b"altered" not in outputs[0]


def test_a_refused_source_is_refused_again(docker: Sandboxes) -> None:
    refusing = Language("toy", "python", "main.txt", compile=("/bin/sh", "-c", "echo no >&2; exit 1"))
    for _ in range(2):
        with docker.open("python") as sandbox:
            build = sandbox.build(Program(refusing, b"x"))
            assert (build.ok, build.execution.stderr) == (False, b"no\n")


@pytest.mark.parametrize(
    "makes", ["ln -s /etc/passwd out", "mkfifo out", "mkdir d; touch d/x; chmod 0 d", "seq 600 | xargs touch"]
)
def test_odd_or_many_files_are_not_kept_and_hold_up_nothing(docker: Sandboxes, makes: str) -> None:
    odd = Language("toy", "python", "main.txt", ("/bin/echo", "fine"), ("/bin/sh", "-c", f"{makes}; true"))
    for _ in range(2):
        with docker.open("python") as sandbox:
            build = sandbox.build(Program(odd, makes.encode()))
            assert build.ok
            assert sandbox.run(build).stdout == b"fine\n"


def test_the_cache_lets_go_of_what_was_not_used_for_longest() -> None:
    cache, image = BuildCache(capacity=3 * 11_000), ImageInfo("python", "sha256:1", {})
    keys = [cache.key(image, Program(TOY, bytes([number]))) for number in range(4)]
    for key in keys[:3]:
        cache.put(key, Made(Execution(0), (("a", 0o644, bytes(9_900)),)))
    assert cache.get(keys[0]) is not None
    cache.put(keys[3], Made(Execution(0), (("a", 0o644, bytes(9_900)),)))
    assert [cache.get(key) is not None for key in keys] == [True, False, True, True]


def test_image_command_and_source_are_all_in_the_key() -> None:
    cache, image = BuildCache(), ImageInfo("python", "sha256:1", {})
    other = Language("toy", "python", "main.txt", compile=("/bin/true",))
    programs = [(image, Program(TOY, b"x")), (image, Program(TOY, b"y")), (image, Program(other, b"x"))]
    programs.append((ImageInfo("python", "sha256:2", {}), Program(TOY, b"x")))
    assert len({cache.key(*each) for each in programs}) == 4
