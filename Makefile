# One menu: what a contributor types is what CI runs. Each target does all of its own set-up.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help demo serve test check bench images train-demo clean

help:  ## Show this
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: .venv/.installed-server  ## Score example rollouts with every verifier, and say why
	@$(BIN)/reward-server score examples/rollouts.jsonl --table --nulls-ok

train-demo: .venv/.installed-dev  ## Train a tiny model through a real reward server, on two processor cores
	@$(BIN)/reward-trainer demo

serve: .venv/.installed-server  ## Run the whole server on http://127.0.0.1:8000 until Ctrl-C
	@$(BIN)/reward-server serve

test: .venv/.installed-dev  ## Run the tests
	@$(BIN)/pytest

check: .venv/.installed-dev  ## Lint, format, types, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: .venv/.installed-dev  ## Measure what the README quotes
	@$(BIN)/python -m benchmarks.overhead
	@$(BIN)/python -m benchmarks.cache
	@$(BIN)/python -m benchmarks.math

clean:  ## Remove the virtual environment and caches
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 …"; exit 1; }
	@$(PYTHON) -m venv .venv

.venv/.installed-server: pyproject.toml | .venv/bin/pip
	@echo "installing the server into .venv"
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[server,verifiers]'
	@touch $@

.venv/.installed-dev: pyproject.toml constraints.txt | .venv/bin/pip
	@echo "installing everything that the tests need into .venv"
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[server,trainer,dev]'
	@touch $@ .venv/.installed-server
