.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= python3
PYTEST_ARGS ?=
# One more than there are processors: a test that waits for an engine leaves its processor idle.
JOBS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))

# The environment first, then .env, as core/settings.py reads them.
from_env_file = $(shell sed -n 's/^$(1)=//p' .env 2>/dev/null | tail -n 1)
CONVERGENCE_PORT ?= $(call from_env_file,CONVERGENCE_PORT)
CONVERGENCE_ADDRESS ?= $(call from_env_file,CONVERGENCE_ADDRESS)
PORT = $(or $(CONVERGENCE_PORT),8501)

BIN := .venv/bin
# Empty means plain pip: `make setup UV=`. Otherwise uv comes from pip, and pip stands in where it fails.
UV ?= $(BIN)/uv
FAST := not browser and not postgres and not chaos and not process and not wire

.PHONY: help setup run test check bench sample lock

help: ## List the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /make \1\t/' | expand -t 14

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Convergence needs Python 3.11 or newer; see PYTHON= in the Makefile")'
	$(PYTHON) -m venv .venv

# $(call install,FILE)
define install
@echo "installing $(1) into .venv"
@if [ -n "$(UV)" ] && { [ -x "$(UV)" ] || $(BIN)/python -m pip install --quiet uv; } \
    && $(UV) pip install --quiet --compile-bytecode --python $(BIN)/python -r $(1); then :; \
else \
  $(if $(UV),echo "uv did not do it; asking pip";) \
  $(BIN)/python -m pip install --quiet -r $(1); \
fi
endef

.venv/.runtime: requirements.txt | $(BIN)/python
	$(call install,requirements.txt)
	@touch $@

.venv/.development: requirements-dev.txt .venv/.runtime
	$(call install,requirements-dev.txt)
	@touch $@

setup: .venv/.development ## Make .venv with everything that run and test need

run: .venv/.runtime ## Serve the desk on CONVERGENCE_PORT (8501): demo mode, no key, no network
	CONVERGENCE_PORT=$(PORT) $(BIN)/streamlit run app.py --server.port $(PORT) \
	  $(if $(CONVERGENCE_ADDRESS),--server.address $(CONVERGENCE_ADDRESS))

# Compiling every test anew in every worker takes longer than all imports together.
test check: export PYTHONDONTWRITEBYTECODE :=
test: .venv/.development ## Run every test; what needs Chromium or PostgreSQL skips loudly without it
	$(BIN)/pytest --hypothesis-profile=thorough $(PYTEST_ARGS)

# The slow files come first in the order of the folders: so all workers end together.
check: .venv/.development ## Formatting, lint, types, layers and the fast tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder -m "$(FAST)" $(PYTEST_ARGS)

bench: .venv/.development ## Measure and print the numbers of the README
	$(BIN)/python -m bench

sample: .venv/.development ## Build data/sample again from its pinned sources (needs a network)
	$(BIN)/python data/sample/build.py

lock: .venv/.development ## Resolve requirements*.in into requirements*.txt (needs a network)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url \
	  requirements.in -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url \
	  requirements-dev.in -o requirements-dev.txt
