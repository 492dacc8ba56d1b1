"""``POST /v1/execute``: a program in, its result out."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.conftest import lacking
from tests.processes import Server, serving, wait_for


@pytest.fixture(scope="module")
def sandboxed() -> Iterator[Server]:
    """A server with whatever sandboxes this machine has."""
    with serving(environment={"REWARD_SANDBOX_DRIVER": "auto"}) as running:
        try:
            wait_for(lambda: running.client.get("/readyz").json()["workers"]["sandbox"], 60)
        except AssertionError:
            lacking("sandboxes: a Docker engine with the Python image, or namespaces")
        yield running


def run(server: Server, source: str, **more: object) -> httpx.Response:
    """Run a program."""
    return server.client.post("/v1/execute", json={"source": source, **more})


def test_a_program_gets_its_input_and_tells_what_it_printed(sandboxed: Server) -> None:
    answer = run(sandboxed, "import sys\nprint(int(input()) * 2)\nprint('e', file=sys.stderr)", stdin="21").json()
    assert (answer["run"]["exit_code"], answer["run"]["stdout"], answer["run"]["stderr"]) == (0, "42\n", "e\n")
    assert answer["isolation"] and answer["compile"] is None


def test_arguments_and_files_are_there(sandboxed: Server) -> None:
    source = "import sys\nprint(sys.argv[1], open('data/x.txt').read())"
    answer = run(sandboxed, source, args=["one"], files={"data/x.txt": "two"}).json()
    assert answer["run"]["stdout"] == "one two\n"


def test_how_it_ended_is_told_and_not_judged(sandboxed: Server) -> None:
    assert run(sandboxed, "raise SystemExit(3)").json()["run"]["exit_code"] == 3
    assert run(sandboxed, "while True: pass", time_s=0.3).json()["run"]["limit"] == "time"
    assert "SyntaxError" in run(sandboxed, "def").json()["run"]["stderr"]


def test_a_long_output_is_cut_and_said_to_be(sandboxed: Server) -> None:
    answer = run(sandboxed, "print('x' * 1_000_000)").json()["run"]
    assert answer["cut"] and len(answer["stdout"]) < 300_000 and answer["exit_code"] == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"language": "cobol"}, 422),
        ({"time_s": 0}, 422),
        ({"memory_mb": 10**9}, 422),
        ({"files": {"../../x": "y"}}, 422),
        ({"unknown": 1}, 422),
        ({"deadline_s": -1}, 422),
        ({"stdin": 5}, 422),
    ],
)
def test_what_cannot_be_run_is_a_clear_422(sandboxed: Server, body: dict[str, object], status: int) -> None:
    response = run(sandboxed, "print(1)", **body)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["detail"]


def test_without_sandboxes_the_answer_is_503_and_the_verifier_is_hidden(server: Server) -> None:
    with serving() as bare:
        response = run(bare, "print(1)")
        assert (response.status_code, response.json()["type"]) == (503, "urn:reward-server:problem:unavailable")
    assert server.outcomes("execute", {}, ["print(1)"]) == ["invalid_task"]
    assert "execute" not in {verifier["name"] for verifier in server.client.get("/v1/verifiers").json()}
