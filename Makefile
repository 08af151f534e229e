# Everything sets itself up: a virtual environment in .venv, with any Python >= 3.11 and pip. `make help` lists it all.
# Versions are those of requirements/constraints.txt, so that what works today works in a year.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK := requirements/constraints.txt
# Older releases of pip apply the first variable to what builds a package, newer ones the second.
INSTALL = PIP_CONSTRAINT=$(LOCK) PIP_BUILD_CONSTRAINT=$(LOCK) $(BIN)/pip install --quiet --disable-pip-version-check
# One more than there are processors, as tests that wait for the embedded AWS leave them idle. A worker takes up to 1.5 GB.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
# Tests start the program hundreds of times: let Python cache its bytecode even if the shell's environment says otherwise.
export PYTHONDONTWRITEBYTECODE :=
COVERAGE :=
SIZES := 128,256,512,1024,1769
# Measured curves, and recorded invocations, that others have published; they are not part of the repository.
PUBLISHED := ../shared/data/curves.json
RECORDED := ../shared/data/invocations.json
SEARCHES := $(BIN)/python benchmarks/search.py
# The search, stopping at other expected losses than by default.
STOPPING := powertune@2%,powertune@3%,powertune@4.5%,powertune,powertune@9%,powertune@13%,powertune@20%

.PHONY: help setup demo lock test coverage unit check lint types layers template workflows gallery record calibration answers bench-search bench-found bench-wall bench-propose bench-scan bench-gate fidelity bench surface reference rules clean
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "powertune needs Python >= 3.11: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# What powertune and the embedded AWS need, and no more.
$(VENV)/.ready-demo: pyproject.toml $(LOCK) | $(BIN)/pip
	$(INSTALL) --constraint $(LOCK) --editable '.[local]'
	@touch $@

# The tools of developers as well, and so all that the demo needs.
$(VENV)/.ready: pyproject.toml $(LOCK) | $(BIN)/pip
	$(INSTALL) --constraint $(LOCK) --editable '.[local,dev]'
	@touch $@ $(VENV)/.ready-demo

setup: $(VENV)/.ready ## create .venv with everything in it

lock: ## pin the newest versions of everything, from a clean environment
	rm -rf build/lock
	$(PYTHON) -m venv build/lock
	build/lock/bin/pip install --quiet --disable-pip-version-check hatchling '.[local,dev]'
	{ echo "# Written by 'make lock': what was installed, and tested, together. Python 3.11 to 3.13, Linux and macOS."; \
		build/lock/bin/pip freeze --disable-pip-version-check --exclude powertune; } > build/lock/constraints.txt
	mkdir -p $(dir $(LOCK))
	mv build/lock/constraints.txt $(LOCK)
	rm -rf build/lock

demo: $(VENV)/.ready-demo ## tune two real functions on the embedded AWS
	@mkdir -p build
	$(BIN)/powertune run examples/cpu_bound/app.py:handler --memory $(SIZES) --yes --save build/cpu_bound.json
	$(BIN)/powertune run examples/io_bound/app.py:handler --memory $(SIZES) --yes --save build/io_bound.json

test: setup ## run all tests
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(COVERAGE)

# Tracing doubles the CPU time of everything that the tests run.
coverage: COVERAGE = --cov --cov-report=term
coverage: test ## run all tests, with branch coverage

unit: setup ## run the fast tests
	$(BIN)/python -m pytest -n auto --dist worksteal tests/unit tests/aws -m 'not long'

lint: setup ## ruff: lint and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: setup ## mypy, strict
	$(BIN)/mypy

layers: setup ## import-linter
	$(BIN)/lint-imports

template: setup ## cfn-lint on the templates of the state machines
	$(BIN)/cfn-lint statemachine/template.yaml statemachine/scan-template.yaml

workflows: setup ## the GitHub Action and its example workflows: against GitHub's schemas, and for security
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-actions action.yml action/comment/action.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows examples/workflows/*.yml
	$(BIN)/zizmor --quiet --offline action.yml action/comment/action.yml examples/workflows/*.yml

check: lint types layers template workflows coverage ## everything that CI runs

fidelity: setup ## how closely the embedded AWS follows Lambda's CPU allotment
	$(BIN)/python benchmarks/fidelity.py

gallery: setup ## write the reports of the recorded runs in reports/ again
	for run in reports/*/run.json; do \
		$(BIN)/powertune report $$run -q -o "$$(dirname $$run)/report.{html,png,md,txt}" || exit 1; done

record: setup ## measure the runs in reports/ again, on the embedded AWS
	for name in cpu_bound io_bound mixed; do mkdir -p reports/$$name; \
		$(BIN)/powertune run examples/$$name --memory $(SIZES) --invocations 40 --environments 8 --yes \
			--save reports/$$name/run.json > /dev/null || exit 1; done
	$(MAKE) gallery

calibration: setup ## how often the stated intervals hold
	$(BIN)/python benchmarks/calibration.py

answers: setup ## how often a change is recommended that helps, or does not
	$(BIN)/python benchmarks/answers.py

bench-search: setup ## how good searches are, by goal, and what they spend: about 10 minutes on two processors
	$(SEARCHES) --repeats 5
	@if [ ! -f $(PUBLISHED) ]; then echo "skipped: there is no $(PUBLISHED)"; else set -ex; \
		$(SEARCHES) --curves $(PUBLISHED) --half test --goal tolerance,cost; \
		$(SEARCHES) --curves $(PUBLISHED) --half test --goal speed,balanced,p95 --repeats 10; \
		$(SEARCHES) --curves $(PUBLISHED) --half tune --goal tolerance,cost --repeats 5 \
			--policies $(STOPPING),grid-10,grid-50; fi
	@if [ ! -f $(RECORDED) ]; then echo "skipped: there is no $(RECORDED)"; else set -ex; \
		$(SEARCHES) --invocations $(RECORDED) --half test --goal tolerance,cost; \
		$(SEARCHES) --invocations $(RECORDED) --half test --goal speed,balanced,p95 --repeats 10; \
		$(SEARCHES) --invocations $(RECORDED) --half test --goal tolerance,cost --arch both \
			--policies powertune,grid-10; fi

bench-found: setup ## whether the search finds what a dense grid finds, on the embedded AWS
	$(BIN)/python benchmarks/found.py

bench-wall: setup ## how long people wait for the answer of a search on AWS, in simulated time: about 2 minutes
	$(BIN)/python benchmarks/driver.py --search adaptive

bench-propose: setup ## what a proposal of the search takes: time and memory
	$(BIN)/python benchmarks/propose.py

bench-scan: setup ## what a scan asks of AWS, and takes: calls, time, memory and money
	$(BIN)/python benchmarks/scan.py

bench-gate: setup ## how often a gate fails a build that is not worse, and passes one that is
	$(BIN)/python benchmarks/gate.py

bench: setup ## the other figures
	$(BIN)/python benchmarks/analysis.py
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/driver.py
	$(BIN)/python benchmarks/results.py

surface: setup ## write docs/reference/embedded-aws.md from what the tests declare
	PYTHONPATH=tests $(BIN)/python tests/surface.py

reference: setup ## write docs/reference/cli.md from the commands
	PYTHONPATH=tests $(BIN)/python tests/cli_reference.py

rules: setup ## write docs/reference/scan-rules.md from the rules of scans
	PYTHONPATH=tests $(BIN)/python tests/scan_rules_page.py

clean: ## remove what was built
	rm -rf $(VENV) build dist .coverage* .mypy_cache .pytest_cache .ruff_cache
