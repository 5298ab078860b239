# Needs Python 3.11 or newer and make. `make` lists the targets.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
DIR    ?= .kin
PORT   ?= 8080
WORKERS ?= 2
KIN_FAULT_SEED ?= $(shell date +%s)

UPGRADE ?=
LOCK := uv pip compile --quiet $(UPGRADE) --generate-hashes --no-emit-index-url --no-header --python-version 3.11

.DEFAULT_GOAL := help
.PHONY: help setup run test check bench fault lock format clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'

setup: $(STAMP) ## make the environment in .venv from the locked, hashed requirements

$(STAMP): requirements-dev.lock pyproject.toml client/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "this needs Python 3.11 or newer as $(PYTHON); name another one: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "$(PYTHON) cannot make environments; on Debian install python3-venv" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . -e ./client
	@touch $@

run: setup ## a complete vault to try, in DIR (.kin) on PORT (8080)
	$(BIN)/kin dev --dir $(DIR) --port $(PORT)

test: setup ## all tests but the long ones
	$(BIN)/python -m pytest -n $(WORKERS) -m "not long" --durations 10

check: setup ## what a commit must pass: format, lint, types, rooms, dependencies, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/python -m pytest -n $(WORKERS) -m "not long" --durations 10

bench: setup ## the benchmarks, as ratios on this machine
	$(BIN)/python -m benchmarks

fault: setup ## the long tests, among them all rounds of the fault programmes
	@echo "KIN_FAULT_SEED=$(KIN_FAULT_SEED)"
	KIN_FAULT_SEED=$(KIN_FAULT_SEED) $(BIN)/python -m pytest -n $(WORKERS) -m long --timeout 7200

lock: setup ## write both locks again from pyproject.toml; UPGRADE=--upgrade takes newer versions
	$(BIN)/$(LOCK) pyproject.toml -o requirements.lock
	$(BIN)/$(LOCK) --group dev pyproject.toml -o requirements-dev.lock

format: setup ## format, and repair what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## remove the environment and what tools have left; DIR stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist bench-results
	find app client examples tests migrations benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
