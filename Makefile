# Minyi: `make run` starts it, `make test` proves it. `make help` lists the rest.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := .stamps
export PORT ?= 8000
export PYTHONDONTWRITEBYTECODE ?=

.DEFAULT_GOAL := help
.PHONY: help run test check format translations frontend demo-walk benchmark clean requirements

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: $(STAMPS)/python $(STAMPS)/frontend $(STAMPS)/translations ## start web and worker on http://127.0.0.1:$(PORT)
	@MINYI_DEMO=$${MINYI_DEMO:-1} exec $(BIN)/python -m app.cli run

test: $(STAMPS)/python-dev $(STAMPS)/frontend $(STAMPS)/translations ## run all tests
	@$(BIN)/python -m tests.support.run_all $(TESTS)

check: $(STAMPS)/python-dev $(STAMPS)/translations ## lint, format, types, layers, shipped processes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m app.cli check-processes

format: $(STAMPS)/python-dev ## put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

demo-walk: $(STAMPS)/python $(STAMPS)/translations ## play a real village's decision over HTTP with the sandbox clock
	@$(BIN)/python -m app.demo.walk

benchmark: $(STAMPS)/python-dev $(STAMPS)/translations ## measure; prints the table of docs/performance.md
	@$(BIN)/python -m benchmarks

requirements: $(STAMPS)/python-dev ## bring the locked requirements up to date with *.in
	$(BIN)/uv pip compile -q --no-header --no-emit-index-url --no-emit-find-links requirements.in -o requirements.txt
	$(BIN)/uv pip compile -q --no-header --no-emit-index-url --no-emit-find-links requirements-dev.in -o requirements-dev.txt

clean: ## remove what was built; data in instance/ stays
	rm -rf $(VENV) $(STAMPS) frontend/node_modules app/static/dist app/translations/zh/LC_MESSAGES

# ---- what the targets above need, each done again only when its sources change ----

$(STAMPS)/python: requirements.txt
	@mkdir -p $(STAMPS)
	@test -x $(BIN)/python || { echo "· making the virtual environment"; $(PYTHON) -m venv $(VENV); }
	@echo "· installing what the program needs"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(STAMPS)/python-dev: requirements-dev.txt $(STAMPS)/python
	@echo "· installing what the tests need"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

$(STAMPS)/translations: $(STAMPS)/python $(wildcard app/translations/zh/*.po) app/translations/__init__.py
	@$(BIN)/python -c "import app.translations; app.translations.compile_catalogue()"
	@touch $@

$(STAMPS)/frontend: $(STAMPS)/python frontend/package-lock.json $(shell find frontend -path frontend/node_modules -prune -o -type f -print 2>/dev/null)
	@BIN=$(BIN) bash frontend/build.sh
	@touch $@

frontend: $(STAMPS)/frontend ## build the scripts and styles
translations: $(STAMPS)/translations ## compile the Chinese catalogue
