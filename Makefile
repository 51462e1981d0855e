# Needs Python 3.11 or newer and nothing else: the first target run makes .venv and installs pinned versions.
# Another interpreter: make PYTHON=/path/to/python3.12 test

PYTHON ?= $(shell for p in python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help venv play demo test test-long check lint docs bench fast results signatures certified certify-turn certify clean

help:  ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 18

venv: $(STAMP)  ## Make .venv with everything pinned

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "incidentsim needs Python 3.11 or newer; say where it is: make PYTHON=/path/to/python" >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev,cluster]"
	@touch $@

play: $(STAMP)  ## Open the home screen; newcomers start with the first incident (make play ARGS="play turned-away")
	@$(BIN)/incidentsim $(ARGS)

demo: $(STAMP)  ## Let the reference player solve the first incident, headless, and show its score
	@mkdir -p build && rm -f build/demo.jsonl
	@$(BIN)/incidentsim run slow-chat --policy reference --seed 1 --out build/demo.jsonl
	@$(BIN)/incidentsim score build/demo.jsonl

test: $(STAMP)  ## Run the tests that take seconds
	@$(BIN)/python -m pytest -n 2 -m "not long"

test-long: $(STAMP)  ## Run the tests that take minutes
	@$(BIN)/python -m pytest -n 2 -m long

lint: $(STAMP)  ## Check style only
	@$(BIN)/ruff check .

check: lint certified  ## Check style, certificates, types, layers, and that the generated docs are current
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m tools.generate_docs --check

docs: $(STAMP)  ## Write docs/reference again
	@$(BIN)/python -m tools.generate_docs

bench: $(STAMP)  ## Measure the figures of the design (about six minutes; make bench ARGS="--quick --only S1,F3")
	@$(BIN)/incidentsim bench $(ARGS)

fast: $(STAMP)  ## Compile the world: the same digests in about a third of the time (a C compiler, three minutes)
	@$(BIN)/python -m tools.compile_world $(ARGS)

results: $(STAMP)  ## Make the tables of docs/results.md again (most of a day: the panel is 20 seeds)
	$(BIN)/python -m benchmarks.digests
	$(BIN)/python -m benchmarks.kill 50 --real
	$(BIN)/python -m benchmarks.unattended
	$(BIN)/python -m benchmarks.wrong_moves --seeds 1..20
	$(BIN)/python -m benchmarks.healthy
	$(BIN)/python -m benchmarks.preemption
	@mkdir -p build
	-$(BIN)/python -m benchmarks.panel --seeds 1..20 --out build/panel
	-$(BIN)/python -m benchmarks.weight_sensitivity build/panel/results.jsonl
	$(BIN)/python -m benchmarks.sweep_dask
	$(BIN)/python -m benchmarks.postmortems --seeds 5
	$(BIN)/python -m benchmarks.runbooks
	$(BIN)/python -m benchmarks.held_out
	$(BIN)/python -m benchmarks.scenario_fuzz

signatures: $(STAMP)  ## Measure every catalogue row and every pair of look-alikes (make signatures ARGS="--seeds 1..5")
	$(BIN)/python -m benchmarks.signatures $(ARGS)
	$(BIN)/python -m benchmarks.signatures.pairs

certified: $(STAMP)  ## Say which scenarios and siblings have no current certificate
	@$(BIN)/incidentsim scenario certify --all --check
	@$(BIN)/incidentsim scenario certify --all --siblings --check

certify-turn: $(STAMP)  ## Certify what the last commit changed and the scenario whose turn it is, on one seed; writes nothing
	@$(BIN)/incidentsim scenario certify $$($(BIN)/python -m tools.whose_turn) --seeds 1 --players short --no-write

certify: $(STAMP)  ## Certify every scenario on 20 seeds with all players (a day; make certify ARGS="--seeds 1 --players short")
	-$(BIN)/incidentsim scenario certify --all --seeds 20 $(ARGS)
	-$(BIN)/incidentsim scenario certify --all --siblings --seeds 20 $(ARGS)
	@$(BIN)/python -m tools.generate_docs

clean:  ## Remove caches and the virtual environment
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
