# Two commands: `make run` starts everything with demo data, `make test` checks everything.
-include .env
export

PY ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
SIZE ?= small
DB ?= sqlite
KILLS ?= 20
ROOM ?=
ONLY ?=

.PHONY: run test quick bench chaos fuzz model audit lock messages screenshots clean

run: $(VENV)/.base ## start web and worker with demo data on http://127.0.0.1:$(PORT)
	@DEMO=$${DEMO:-1} $(BIN)/python -m backoffice.start --port "$(PORT)"

test: $(VENV)/.dev ## everything: lint, types, contracts, both databases, browser
	@$(BIN)/python -m backoffice.testing.suite

quick: $(VENV)/.dev ## what to run while working: one room on one database, make quick ROOM=apps/orders
	@$(BIN)/pytest -q -n 2 --dist worksteal -m "not race" $(ROOM)

bench: $(VENV)/.dev ## SIZE=small|medium|large DB=sqlite|postgres|both ONLY=screens,finding,stockroom,work,sums,many,beginning
	@$(BIN)/python -m benchmarks --size $(SIZE) --db $(DB) --only "$(ONLY)"

chaos: $(VENV)/.dev ## kill web and worker KILLS times during commits, on both databases
	@$(BIN)/python -m e2e.chaos --kills $(KILLS) --db both

fuzz: $(VENV)/.dev ## ten thousand inputs over forms, filters and imports, others every time, on both databases
	@FUZZ=5000:$${SEED:-$$(date +%s)}; export FUZZ; echo "FUZZ=$$FUZZ"; $(BIN)/pytest -q backoffice/tests/test_fuzz.py && \
	  $(BIN)/python -W ignore -m backoffice.testing.postgres $(BIN)/pytest -q backoffice/tests/test_fuzz.py

model: $(VENV)/.dev ## the ledger's whole life, 200 times 50 steps, on both databases
	@LEDGER_LIVES=200x50 $(BIN)/pytest -q apps/inventory/tests/test_model_based.py
	@LEDGER_LIVES=200x50 $(BIN)/python -W ignore -m backoffice.testing.postgres $(BIN)/pytest -q apps/inventory/tests/test_model_based.py

audit: $(VENV)/bin/python ## known holes in what is locked, base and dev; asks the index, so it is not a part of the tests
	@$(PY) -m venv var/audit && var/audit/bin/pip install -qq pip-audit && var/audit/bin/pip-audit --strict --disable-pip \
	  --require-hashes --progress-spinner off -r requirements/base.txt -r requirements/dev.txt

lock: ## needs uv; writes no index address
	@for f in base dev; do uv pip compile -q requirements/$$f.in --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header -o requirements/$$f.txt || exit 1; done

messages: $(VENV)/.dev ## collect new texts into locale/
	@$(BIN)/python -m backoffice.testing.messages --update

screenshots: $(VENV)/.dev ## pictures of every screen, into docs/guide
	@$(BIN)/python -m backoffice.testing.screenshots

clean:
	rm -rf $(VENV) var

$(VENV)/bin/python:
	@$(PY) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PY=python3.12 …")'
	@$(PY) -m venv $(VENV)

$(VENV)/.base: requirements/base.txt | $(VENV)/bin/python
	@echo "Installing what the product needs (once)…"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/base.txt
	@touch $@

$(VENV)/.dev: requirements/base.txt requirements/dev.txt | $(VENV)/bin/python
	@echo "Installing what the checks need (once)…"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/base.txt -r requirements/dev.txt
	@touch $(VENV)/.base $@
