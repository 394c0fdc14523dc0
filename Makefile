# Everything here needs bash, make and Python 3.11 or later; the rest is installed into the project, from
# requirements files with hashes. `make` alone says what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON := .venv/bin/python
COMPILE = $$(requirements/get-uv.sh $(PYTHON)) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-emit-index-url $(if $(UPGRADE),--upgrade)
# Chromium's name differs; CHROMIUM=path names another.
CHROMIUM ?= $(firstword $(foreach name,chromium chromium-browser google-chrome,$(shell command -v $(name))))
export CHROMIUM
BESIDE = $$(.browser/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
PACKAGES = $$($(PYTHON) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
RUNTIME := layers/dependencies/requirements

.PHONY: help demo local test proofs check simulate simulate-some crash-test mutants lint types rooms sam-validate sam-build sam-local \
	contract-sdk browser costs command-alone troubleshooting scim-fields bench bench-check reconcile-memory audit deployer sbom \
	requirements clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/.made ## the main job on the embedded stack, proved; SEED=number repeats a run
	@$(PYTHON) -m bridge_local demo

local: .venv/.made ## the embedded stack, kept running, with a console on http://127.0.0.1:8080/ (PORT, BIND, STATE_DIR)
	@$(PYTHON) -m bridge_local run

test: .venv/.made ## all tests but the slow proofs, one process for each core, with coverage of at least 95 %; then browser
	@$(PYTHON) -m pytest -m "not proof and not browser" -n auto --dist loadfile --cov --cov-report=term
	@$(MAKE) browser

browser: .venv/.made ## the console in Debian's Chromium, and what axe-core says of it; says so where there is none (CHROMIUM=path)
ifeq ($(CHROMIUM),)
	@echo "Left out: the browser tests. There is no Chromium here: apt-get install chromium, or CHROMIUM=path."
else
	@$(MAKE) .browser/.made
	@PYTHONPATH=$(BESIDE) $(PYTHON) -m pytest -m browser tests/browser
endif

proofs: .venv/.made ## the slow proofs: random histories of the ceiling, days of outages, safeguards switched off
	@$(PYTHON) -m pytest -m proof -n auto

check: lint types rooms test proofs simulate-some bench-check demo ## what must be green before a change is taken: all of these

simulate: .venv/.made ## the whole bridge under 100,000 random schedules (SEED, RUNS; VARIANT= switches a safeguard off, BAD= kind of bad answers)
	@PYTHONPATH=layers/bridge $(PYTHON) -m tests.simulation --seed $(or $(SEED),1) --runs $(or $(RUNS),100000) \
		--variant "$(VARIANT)" --bad "$(BAD)"

simulate-some: .venv/.made
	@PYTHONPATH=layers/bridge $(PYTHON) -m tests.simulation --runs 2000

crash-test: .venv/.made ## processes of the local stack killed with SIGKILL under load, RUNS=200 small companies (CONTROL=1: the test must fail)
	@PYTHONPATH=layers/bridge $(PYTHON) -m tests.simulation.kills --runs $(or $(RUNS),200) --seed $(or $(SEED),1) \
		$(if $(CONTROL),--control)

mutants: .venv/.made ## each safeguard broken in a copy, one line at a time: named tests must notice (CHANGED=commit, NAMES)
	@PYTHONPATH=. $(PYTHON) -m tests.mutants $(if $(CHANGED),--changed $(CHANGED)) $(NAMES)

lint: .venv/.made ## style: ruff, format and rules
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m ruff check .

types: .venv/.made ## types: mypy, strict
	@$(PYTHON) -m mypy

rooms: .venv/.made ## the packages of the bridge, who imports whom, and whether that is few and never upward
	@$(PYTHON) -m tests.architecture.rooms

sam-validate: .sam/.made ## the template, and that a deployment keeps its parameters, by aws-sam-cli in an environment of its own
	@SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 .sam/bin/python -m samcli validate --lint --template template.yaml
	@SAM_CLI_TELEMETRY=0 .sam/bin/python -m tests.template.sam_deploy

sam-build: .venv/.made .sam/.made ## layers and functions as they are shipped: built twice, compared, weighed, imported
	@$(PYTHON) -m bridge_local.sam_build

sam-local: .venv/.made .sam/.made ## every example of events/ through the built functions; needs a container engine
	@$(PYTHON) -m bridge_local.sam_local

contract-sdk: .sdk/.made ## the official Genesys Cloud SDK as a client of our model, nine steps (WRITE=1 renews the transcript)
	@.sdk/bin/python -m tests.contract.sdk.run $(if $(WRITE),--write)

pictures: .venv/.made .browser/.made ## the pictures in docs/pictures, taken of running stacks on PORT 8080; some minutes
	@PYTHONPATH=$(BESIDE):. $(PYTHON) -m tests.browser.pictures $(NAMES)

costs: .venv/.made ## what one change costs at AWS, counted on the real handlers (WRITE=1 renews docs/costs.md)
	@PYTHONPATH=layers/bridge $(PYTHON) -m benchmarks.cost_per_event $(if $(WRITE),--write,--check)

command-alone: .venv/.made ## the command installed by itself by pip, without the local stack, and how long its --help takes
	@$(PYTHON) -m benchmarks.command_alone

troubleshooting: .venv/.made ## every reason code and alarm, what it means and what to do first (WRITE=1 renews docs/troubleshooting.md)
	@PYTHONPATH=layers/bridge $(PYTHON) -m bridge_local.troubleshooting $(if $(WRITE),--write)

scim-fields: .venv/.made ## SCIM attributes, Genesys Cloud's fields and who writes them (WRITE=1 renews docs/scim-fields.md)
	@PYTHONPATH=layers/bridge $(PYTHON) -m bridge_local.scim_fields $(if $(WRITE),--write)

bench: .venv/.made ## the bridge at scale on a virtual clock, every row, written to docs/benchmarks.md; some minutes
	@PYTHONPATH=layers/bridge $(PYTHON) -m benchmarks.bench --write

bench-check: .venv/.made ## small companies of the same shapes, held to ceilings on calls and virtual time
	@PYTHONPATH=layers/bridge $(PYTHON) -m benchmarks.bench.check

reconcile-memory: .venv/.made ## the memory of a whole reconcile, measured in a process of its own (USERS=100000)
	@PYTHONPATH=layers/bridge $(PYTHON) -m benchmarks.reconcile_memory

audit: .venv/.made .audit/.made ## cfn-lint and checkov on the template and its translated form, advisories, licences
	@.audit/bin/python requirements/sbom.py "$(PACKAGES)" --check
	@.audit/bin/python requirements/deployer.py --check
	@.audit/bin/python requirements/audit.py "$(PACKAGES)"

deployer: .audit/.made ## the rights that a deployment needs, as policy documents in docs/deployer
	@.audit/bin/python requirements/deployer.py

sbom: .venv/.made .audit/.made ## the CycloneDX bill of materials of what is deployed, docs/sbom.cdx.json
	@.audit/bin/python requirements/sbom.py "$(PACKAGES)"

requirements: .venv/.made ## recompile the pinned requirements files (UPGRADE=1: to the newest versions)
	$(COMPILE) $(RUNTIME).in -o $(RUNTIME).txt
	$(COMPILE) -c $(RUNTIME).txt requirements/dev.in -o requirements/dev.txt
	$(COMPILE) -c $(RUNTIME).txt requirements/sdk.in -o requirements/sdk.txt
	$(COMPILE) requirements/browser.in -o requirements/browser.txt
	$(COMPILE) requirements/sam.in -o requirements/sam.txt
	$(COMPILE) requirements/audit.in -o requirements/audit.txt
	$(COMPILE) requirements/uv.in -o requirements/uv.txt

clean: ## remove what was made: environments and caches
	rm -rf .venv .browser .sam .sdk .audit .uv .aws-sam .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.made: requirements/dev.txt requirements/environment.sh requirements/get-uv.sh
	@requirements/environment.sh .venv requirements/dev.txt

.audit/.made: requirements/audit.txt requirements/environment.sh requirements/get-uv.sh
	@requirements/environment.sh .audit requirements/audit.txt

# With the Python of .venv, whose tests import these packages too.
.browser/.made: requirements/browser.txt requirements/environment.sh requirements/get-uv.sh
	@requirements/environment.sh .browser requirements/browser.txt $(PYTHON)

.sdk/.made: requirements/sdk.txt requirements/environment.sh requirements/get-uv.sh
	@requirements/environment.sh .sdk requirements/sdk.txt

# sam wants the runtime's own Python to build; to validate, an earlier one does.
.sam/.made: requirements/sam.txt requirements/environment.sh requirements/get-uv.sh
	@requirements/environment.sh --seed .sam requirements/sam.txt
