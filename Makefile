# One command each: `make demo` shows the product, `make test` proves it.
SHELL := bash
.SHELLFLAGS := -o pipefail -c
PYTHON ?= python3
PROMPT ?= a fox under a full moon
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt
STEPS := sed -nE "/^ *(Downloading|Installing|Successfully|ERROR)/p"
READY := $(VENV)/.ready
DEV_READY := $(VENV)/.dev-ready

.DEFAULT_GOAL := help
.PHONY: help setup demo sandbox run doctor test lint types contracts pytest format words bench clean

help:  ## show what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/.torch: constraints.txt
	@echo "[1/3] making the virtual environment"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --upgrade "pip>=26"
	@echo "[2/3] installing torch, the largest part: hundreds of megabytes, with what GPUs need gigabytes"
	@$(PIP) torch 2>&1 | $(STEPS)
	@touch $@

$(READY): $(VENV)/.torch pyproject.toml constraints.txt
	@echo "[3/3] installing everything else that is pinned"
	@$(PIP) --editable . 2>&1 | $(STEPS)
	@touch $@

$(DEV_READY): $(READY)
	@echo "installing the tools that tests need"
	@$(PIP) --group dev 2>&1 | $(STEPS)
	@touch $@

setup: $(READY)  ## install what the studio needs

demo: $(READY)  ## draw PROMPT end to end, pictures land in demo/
	@$(BIN)/python -m bot demo --prompt "$(PROMPT)"

sandbox: $(READY)  ## stay up with a chat page in the browser
	@$(BIN)/python -m bot sandbox

run: $(READY)  ## run the bot against the real Discord
	@$(BIN)/python -m bot run

doctor: $(READY)  ## say in plain words what is wrong with this installation
	@$(BIN)/python -m bot doctor

test: $(DEV_READY) lint types contracts pytest  ## everything that CI runs

lint: $(DEV_READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(DEV_READY)
	$(BIN)/mypy

contracts: $(DEV_READY)
	$(BIN)/lint-imports

pytest: $(DEV_READY)
	$(BIN)/pytest -n 2

format: $(DEV_READY)  ## rewrite the code in the house style
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

words: $(DEV_READY)  ## bring the catalogues of languages up to the texts in the code
	$(BIN)/python -m tests.words.collect

bench: $(DEV_READY)  ## run all benchmarks that need no GPU: figures, and plots in benchmarks/results; about an hour
	@$(PIP) --quiet --group train
	for name in prompt policy fairness chat crash store step_batching soak operations; do $(BIN)/python -m benchmarks.$$name || exit 1; done

clean:  ## remove what was installed, and the demo; data/ with your pictures stays
	rm -rf $(VENV) demo
