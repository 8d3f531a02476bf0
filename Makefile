# Two commands matter: `make demo` and `make test`. Both set up what they need in .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip
STAMP := $(VENV)/.stamp-run
STAMP_DEV := $(VENV)/.stamp-dev
DEMO_DIR ?= .demo
PORT ?= 8420
SEED ?= 1
SIZE ?= small
LANGUAGE ?= en
PART ?= align

.PHONY: demo test coverage test-long lint bench serve clean

# --- set-up: a virtual environment, exact versions, the CPU build of torch -----------------------
$(VENV)/bin/python:
	@scripts/setup venv $(PYTHON) $(VENV)

$(STAMP): pyproject.toml constraints.txt | $(VENV)/bin/python
	@scripts/setup run $(PYTHON) $(VENV)
	@touch $@

$(STAMP_DEV): $(STAMP)
	@scripts/setup dev $(PYTHON) $(VENV)
	@touch $@

# --- the main job ---------------------------------------------------------------------------------
demo: $(STAMP)
	@$(BIN)/qualweave demo --data $(DEMO_DIR) --port $(PORT) --seed $(SEED) --size $(SIZE) --language $(LANGUAGE)

serve: $(STAMP)
	@$(BIN)/qualweave serve --data $(DEMO_DIR)/store --port $(PORT) --dev

# --- tests ----------------------------------------------------------------------------------------
test: $(STAMP_DEV)
	@scripts/system-packages
	@scripts/run-tests $(BIN)

coverage: $(STAMP_DEV)
	@scripts/system-packages
	@COVERAGE=1 scripts/run-tests $(BIN)

test-long: $(STAMP_DEV)
	@scripts/system-packages
	@$(BIN)/python -m pytest -m long -p no:randomly $(ARGS)

lint: $(STAMP_DEV)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/deptry ontology shapes mappers reasoning gnn api examples src
	@$(BIN)/codespell README.md CHANGELOG.md CONTRIBUTING.md docs src mappers reasoning gnn api shapes

bench: $(STAMP_DEV)
	@$(BIN)/python -m benchmarks $(PART)

clean:
	rm -rf $(DEMO_DIR) build dist .pytest_cache .mypy_cache .ruff_cache
