# Two commands are all a new machine needs: `make demo` and `make test`. The rest is for those who change the engine.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check bench fuzz fuzz-paper contract-paper kills kills-paper power network soak disk pine mutants drift survey lock clean help
.DEFAULT_GOAL := help

help:
	@echo "make demo    a rule file becomes delivered webhook messages, offline, in under a minute"
	@echo "make test    all tests"
	@echo "make check   ruff, ruff format, mypy --strict, import-linter"
	@echo "make bench   our speed beside others', side by side in one run"
	@echo "make fuzz    100,000 mutated rule files, expressions, run definitions and configs: a few minutes"
	@echo "make fuzz-paper  100,000 mutated bodies to the paper platform (FUZZ=n): under a minute"
	@echo "make contract-paper  36,000 requests that schemathesis makes of the paper platform's OpenAPI (EXAMPLES=n each): minutes"
	@echo "make kills   the engine killed 20,000 times, at random and at every named moment (KILLS=n): an hour"
	@echo "make kills-paper  the paper platform killed 1,000 times under load (KILLS_PAPER=n): half an hour"
	@echo "make power   the power cut 10,000 times under the store (POWER=n): 10 minutes"
	@echo "make network 50,000 exchanges broken at every byte, each judged (NETWORK=n): 10 minutes"
	@echo "make soak    a simulated year of minutes of 20 routes, with all faults of exchanges and clocks (SOAK=minutes): hours"
	@echo "make disk    5,000 damaged states opened, and engines that lose their disk (DISK=n): 10 minutes"
	@echo "make pine    2,000 random strategies in our emulator of TradingView and in PyneCore's (PINE=n): 3 minutes"
	@echo "make mutants the tests of delivery and webhook against a thousand mutants: 10 minutes"
	@echo "make drift   how far running sums are from exact ones after five million bars"
	@echo "make survey  measure pandas-ta's indicators anew: engine/indicators/verdicts.json, after make lock"
	@echo "make lock    resolve the dependencies anew into requirements.lock"
	@echo "make clean   remove the environment and all caches"

demo: .venv/ready
	@$(BIN)/signal-engine demo

test: .venv/ready
	@$(BIN)/pytest

check: .venv/ready
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

# The stamp is written last: an interrupted set-up is simply done again.
.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "signal-engine needs Python 3.11 or newer; this is $$($(PYTHON) --version). Try: make demo PYTHON=python3.12"; exit 1; }
	@echo "Setting up .venv, once: downloading what requirements.lock names ..."
	@rm -rf .venv && $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@$(BIN)/python -m engine.app.warm
	@touch $@

bench: .venv/ready
	@$(BIN)/python -m backtests.benchmarks.indicators
	@$(BIN)/python -m backtests.benchmarks.lengths
	@$(BIN)/python -m backtests.benchmarks.backtest
	@$(BIN)/python -m backtests.benchmarks.rules
	@$(BIN)/python -m backtests.benchmarks.cold
	@$(BIN)/python -m backtests.benchmarks.delivery
	@$(BIN)/python -m backtests.benchmarks.paper
	@$(BIN)/python -m backtests.benchmarks.live
	@$(BIN)/python -m backtests.benchmarks.journal

fuzz: .venv/ready
	@$(BIN)/python -m tests.rules.fuzz

FUZZ ?= 100000
fuzz-paper: .venv/ready
	@$(BIN)/python -m tests.paper.fuzz $(FUZZ)

EXAMPLES ?= 1000
contract-paper: .venv/ready
	@$(BIN)/python -m tests.paper.openapi $(EXAMPLES)

KILLS ?= 20000
kills: .venv/ready
	@$(BIN)/python -m tests.faults.kills $(KILLS)

KILLS_PAPER ?= 1000
kills-paper: .venv/ready
	@$(BIN)/python -m tests.faults.paper $(KILLS_PAPER)

POWER ?= 10000
power: .venv/ready
	@$(BIN)/python -m tests.faults.power $(POWER)

NETWORK ?= 50000
network: .venv/ready
	@$(BIN)/python -m tests.faults.network $(NETWORK)

SOAK ?= 525600
soak: .venv/ready
	@$(BIN)/python -m tests.faults.soak $(SOAK)

DISK ?= 5000
disk: .venv/ready
	@$(BIN)/python -m tests.faults.disk $(DISK)

PINE ?= 2000
pine: .venv/ready
	@$(BIN)/python -m tests.parity.pine $(PINE)

MUTANTS ?=
mutants: .venv/ready
	@$(BIN)/python -m tests.faults.mutants $(MUTANTS)

drift: .venv/ready
	@$(BIN)/python -m backtests.benchmarks.drift

survey: .venv/ready
	@$(BIN)/python -m engine.rules.survey

lock:
	@rm -rf .venv-lock && $(PYTHON) -m venv .venv-lock && .venv-lock/bin/python -m pip install --quiet uv
	@.venv-lock/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
	  --extra dev pyproject.toml -o requirements.lock

clean:
	@rm -rf .venv .venv-lock .venv-peers build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find engine tests -name __pycache__ -type d -prune -exec rm -rf {} +
