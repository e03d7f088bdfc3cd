# cxloop. `make` alone explains itself; every target sets up what it needs, and everything stays in this folder.
#
# Python 3.11+, make and git are all a machine must have. The set-up (local_stack/bootstrap.py) makes .venv with
# locked, hashed packages and takes a fraction of a second when nothing changed.

PYTHON ?= python3
BIN := .venv/bin
SETUP := $(PYTHON) -I local_stack/bootstrap.py
TESTS ?= tests
# Two workers: each has its own servers, and the test machines have two cores.
PYTEST := $(BIN)/python -m pytest -n $(or $(WORKERS),2) --dist loadfile
SOURCES := gateway ingest_service analysis_service loop_service shared local_stack tests benchmarks
LINTED := $(wildcard $(SOURCES))

# One recipe at a time, whatever -j says: the targets share one set-up and one machine.
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo up stop doctor test check lint types contracts bench lock openapi train eval \
	env-example format clean

help:  ## what can be made
	@echo "cxloop: feedback in, insight and action out."
	@echo
	@echo "  make demo                a whole cxloop with 90 days of demo feedback; Ctrl-C ends it"
	@echo "  make demo FILE=path.csv  the same with your own export, in an organisation of its own"
	@echo "           MAP=…           say which column is what, when the guess is wrong"
	@echo "           ONCE=1          stop after the report instead of serving"
	@echo "  make up                  cxloop without demo data"
	@echo "  make stop                end a running demo or up of this folder"
	@echo "  make doctor              what is missing or wrong on this machine, in words"
	@echo
	@echo "  make test                all tests (TESTS=tests/gateway for a part, WORKERS=1 for one at a time)"
	@echo "  make check               lint, types, import contracts, tests: what a change must pass"
	@echo "  make bench               the benchmarks, as ratios within one run (BENCH=intake for one)"
	@echo "  make lint | types | contracts | format"
	@echo "  make lock                resolve requirements/*.in into the hashed locks (UPGRADE=1: newest versions)"
	@echo "  make openapi             write the public API document again"
	@echo "  make env-example         write .env.example again"
	@echo "  make train | eval        train the text model anew | measure it (DATA=folder of the data sets)"
	@echo "  make clean               remove .venv, .local and everything else that was made here"
	@echo
	@echo "DATABASE_URL and REDIS_URL, when set, name real servers; otherwise embedded ones are started."

setup:
	@$(SETUP) runtime

setup-dev:
	@$(SETUP) dev

demo: setup  ## FILE=, MAP=, ONCE=1
	@$(BIN)/cxloop demo $(if $(FILE),--file "$(FILE)") $(if $(MAP),--map "$(MAP)") $(if $(ONCE),--once)

up: setup
	@$(BIN)/cxloop up

stop: setup
	@$(BIN)/cxloop stop

doctor: setup
	@$(BIN)/cxloop doctor

test: setup-dev
	@$(PYTEST) $(TESTS)

check: setup-dev lint types contracts test

lint: setup-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: setup-dev
	@$(BIN)/mypy $(LINTED)

contracts: setup-dev
	@$(BIN)/lint-imports

format: setup-dev
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

bench: setup-dev
	@$(BIN)/python -m benchmarks $(BENCH)

lock:
	@$(SETUP) lock $(if $(UPGRADE),--upgrade)

openapi: setup
	@$(BIN)/cxloop openapi

env-example: setup
	@$(BIN)/cxloop env-example

train: setup-dev
	@$(BIN)/python -m analysis_service.training.fit_sentiment $(addprefix --data ,$(or $(DATA),$(wildcard ../shared/data/train)))

eval: setup-dev
	@$(BIN)/python -m analysis_service.training.evaluate $(addprefix --data ,$(or $(DATA),$(wildcard ../shared/data/eval)))

clean:
	rm -rf .venv .local .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name node_modules -prune -exec rm -rf {} + ; find . -name __pycache__ -prune -exec rm -rf {} +
