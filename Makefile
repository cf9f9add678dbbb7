# Every target sets up .venv by itself. `make demo` runs the main job; `make test` passes the tests.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-slow lint docs format clean help

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

demo: .venv/ready-core ## read the bundled study; writes out/demo
	$(BIN)/hepaphase demo --out out/demo

test: .venv/ready-dev ## the fast tests, in parallel, with coverage
	$(BIN)/pytest -n 2 -m "not slow" --cov --cov-report=term:skip-covered --durations=10 -q

test-slow: .venv/ready-dev ## the slow tests
	$(BIN)/pytest -n 2 -m slow --durations=10 -q

lint: .venv/ready-dev ## style, types and the floors
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/ready-dev ## rewrite the code in house style
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: .venv/ready-docs ## the site, warnings as errors; writes site/
	$(BIN)/mkdocs build --strict --quiet

.venv/bin/pip:
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade pip

.venv/ready-core: pyproject.toml tools/install.sh | .venv/bin/pip
	sh tools/install.sh $(BIN)/pip -e .
	touch $@

.venv/ready-dev: pyproject.toml tools/install.sh | .venv/bin/pip
	sh tools/install.sh $(BIN)/pip -e '.[dev]'
	touch $@ .venv/ready-core

.venv/ready-docs: pyproject.toml tools/install.sh | .venv/bin/pip
	sh tools/install.sh $(BIN)/pip -e '.[docs]'
	touch $@ .venv/ready-core

clean: ## forget everything that was made
	rm -rf .venv out site .mypy_cache .ruff_cache .pytest_cache .coverage
