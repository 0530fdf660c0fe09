# Everything from a fresh clone. Each goal installs what it needs into .venv, once for each change of pyproject.toml.
#
# pip takes torch from wherever it is set up to look. Without a GPU, point PIP_EXTRA_INDEX_URL at the index of CPU wheels
# that PyTorch's install page names: the "+cpu" build of the pinned version is preferred, and far smaller.

SUITS := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))
PYTHON ?= $(shell for name in python3.11 python3.12 python3; do \
	$$name -c '$(SUITS)' 2>/dev/null && echo $$name && break; done)
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo test lint bench contracts faults clean
.DEFAULT_GOAL := help

help: ## show the goals
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

demo: $(VENV)/.local ## a simulated shop through the live flow, with an embedded broker
	$(BIN)/sealwax demo

test: lint ## everything that is checked: style, types, layers, tests
	$(BIN)/python -m pytest

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev ## the budgets, measured
	$(BIN)/python -m benchmarks.flow no-model
	$(BIN)/python -m benchmarks.state_store
	$(BIN)/python -m benchmarks.scoring

contracts: $(VENV)/.dev ## write the contracts' JSON Schemas to docs/contracts
	$(BIN)/python docs/export_schemas.py

faults: $(VENV)/.dev ## the long campaign of kills
	$(BIN)/python -m tests.faults
	$(BIN)/python -m tests.holds

clean: ## remove what was built, caches and the demo's data; keeps .venv
	rm -rf build dist out .sealwax *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -path ./$(VENV) -prune -o -type d -name __pycache__ -exec rm -rf {} +

$(BIN)/python:
	@test -n "$(PYTHON)" && $(PYTHON) -c '$(SUITS)' || { \
		echo "Sealwax needs Python 3.11 or 3.12; name one: make PYTHON=/path/to/python3.11 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.local: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[local]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@ $(VENV)/.local
