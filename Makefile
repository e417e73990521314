# The commands the project keeps working; `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV ?= .venv
BIN := $(VENV)/bin
# An environment that exists keeps its interpreter.
PYTHON ?= $(shell $(BIN)/python -c 'import sys; print(sys._base_executable)' 2>/dev/null \
	|| .ci/find-python 3.13 3.12 3.11)
# A second interpreter, so that both lines of NautilusTrader (1.221, 1.231+) are tested.
OTHER_VENV := .venv-other
UV := $(shell command -v uv 2>/dev/null || echo $(CURDIR)/.venv-uv/bin/uv)
LOCK_INPUTS := pyproject.toml instrumentation/pyproject.toml
# One stack and one browser serve all tests of the console, which run by themselves.
PYTEST := -m pytest -n 2 --dist loadfile -q --ignore tests/e2e
export UV_PYTHON_DOWNLOADS := never
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help
help: ## List the commands
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

# Environment ---------------------------------------------------------------------------------

$(CURDIR)/.venv-uv/bin/uv:
	@$(PYTHON) -m venv .venv-uv || { echo "Python cannot make environments: install its venv package (Debian: python3-venv)"; exit 1; }
	@.venv-uv/bin/pip install --quiet uv

define make_env # folder, interpreter
	@test -n "$(2)" || { echo "No Python 3.11 to 3.13 found: install one (Debian, Fedora: python3; macOS: brew install python@3.13)"; exit 1; }
	@echo "Setting up $(1) with $$($(2) --version) ..."
	@$(UV) venv --quiet --allow-existing --python $(2) $(1)
	@$(UV) pip sync --quiet --python $(1)/bin/python --require-hashes requirements.lock
	@$(UV) pip install --quiet --python $(1)/bin/python --no-deps --no-build-isolation -e instrumentation -e .
	@touch $@
endef

$(VENV)/.ready: requirements.lock $(LOCK_INPUTS) | $(UV)
	$(call make_env,$(VENV),$(PYTHON))

$(OTHER_VENV)/.ready: requirements.lock $(LOCK_INPUTS) $(VENV)/.ready
	$(call make_env,$(OTHER_VENV),$(OTHER_PYTHON))

.PHONY: setup
setup: $(VENV)/.ready ## Create the environment

COMPILE = $(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
	--no-header --prerelease if-necessary-or-explicit --python-version 3.11 --no-emit-package nautilus-instrumentation

.PHONY: lock
lock: $(UV) ## Renew requirements.lock, and the part of it that the image installs
	$(COMPILE) --group dev pyproject.toml -o requirements.lock
	$(COMPILE) --constraints requirements.lock pyproject.toml deploy/docker/build.in -o deploy/docker/requirements.lock


# Use -----------------------------------------------------------------------------------------

.PHONY: demo
demo: setup ## Start everything and drive real work [DURATION=seconds]
	@UV=$(UV) $(BIN)/python -m stack.console --if-possible
	@$(BIN)/python -m stack.demo $(if $(DURATION),--duration $(DURATION))

.PHONY: drill
drill: setup ## Break a stack on purpose and time its notifications [FAULT=name]
	@$(BIN)/python -m stack.drill $(if $(FAULT),--only $(FAULT))
ifndef FAULT # what may be empty on a healthy platform was not during the faults
	@$(BIN)/python -m pytest -q tests/live/drilled.py
endif

.PHONY: doctor
doctor: setup ## Say what is missing or unhealthy and how to mend it
	@$(BIN)/python -m stack.doctor

.PHONY: console
console: setup ## Build the console, where it is not current
	@UV=$(UV) $(BIN)/python -m stack.console

.PHONY: dashboards
dashboards: setup ## Write dashboards/generated from the code
	$(BIN)/python -m dashboards.build

.PHONY: alerts
alerts: setup ## Write alerts/generated from the code
	$(BIN)/python -m alerts.build

# Not with --quiet, which hides the warnings from --strict as well.
.PHONY: docs
docs: setup ## Write docs/reference from the code, and the pages to var/site
	$(BIN)/python docs/generate.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# The team's stack, in containers --------------------------------------------------------------

.PHONY: secrets compose-up compose-down compose-logs compose-backup compose-restore
secrets: setup ## Write secrets/ for the containers; what is there is kept
	@$(BIN)/python -m deploy.secrets
compose-up: setup ## Start the team's stack with Docker [PROFILE=demo]
	@$(BIN)/python -m deploy.compose up $(PROFILE)
compose-down: setup ## Stop it; data and secrets stay
	@$(BIN)/python -m deploy.compose down
compose-logs: setup ## Follow what its services print
	@$(BIN)/python -m deploy.compose logs
compose-backup: setup ## Save metrics, dashboards, traces and results under backups/
	@$(BIN)/python -m deploy.backup save
compose-restore: setup ## Bring a backup back FROM=backups/… REPLACE=yes
	@$(BIN)/python -m deploy.backup restore "$(FROM)"

# Proof ---------------------------------------------------------------------------------------

# Grafana's types come from npm; without Node.js that one check is left out, which it says.
SCHEMA := dashboards/schema_check
SCHEMA_READY := $(if $(shell command -v npm),$(SCHEMA)/node_modules/.ready)

$(SCHEMA)/node_modules/.ready: $(SCHEMA)/package-lock.json
	@cd $(SCHEMA) && npm ci --silent
	@touch $@

# The console's tools come with npm too.
CONSOLE := frontend
CONSOLE_READY := $(if $(shell command -v npm),$(CONSOLE)/node_modules/.ready)
CONSOLE_TYPES := $(CONSOLE)/src/api

$(CONSOLE)/node_modules/.ready: $(CONSOLE)/package-lock.json
	@cd $(CONSOLE) && npm ci --silent --ignore-scripts
	@touch $@

.PHONY: console-types
console-types: setup $(CONSOLE_READY) ## Write the console's types from the API
	$(BIN)/python -m backend.openapi > $(CONSOLE_TYPES)/openapi.json.new
	@mv $(CONSOLE_TYPES)/openapi.json.new $(CONSOLE_TYPES)/openapi.json
	cd $(CONSOLE) && npm run --silent api

.PHONY: console-test console-check
console-test: $(CONSOLE_READY)
	$(if $(CONSOLE_READY),cd $(CONSOLE) && npm test --silent,@echo "No Node.js (node, npm): the console was not tested.")

# Its types are those of the API, its sources are clean, its build keeps the budget.
console-check: setup $(CONSOLE_READY)
	@$(BIN)/python -m backend.openapi | cmp - $(CONSOLE_TYPES)/openapi.json \
		|| { echo "The console's types are not those of the API: run make console-types"; exit 1; }
ifneq ($(CONSOLE_READY),)
	cd $(CONSOLE) && npm run --silent check
	@$(BIN)/python -m stack.console
	$(BIN)/python -m backend.bundle
else
	@echo "No Node.js (node, npm): the console was not checked."
endif

.PHONY: test
test: setup $(SCHEMA_READY) ## Run all tests, on both lines of NautilusTrader where the interpreters exist
	$(BIN)/python $(PYTEST)
	@$(MAKE) --no-print-directory console-test e2e test-other

.PHONY: e2e screenshots
e2e: setup $(CONSOLE_READY) ## Drive the console in Chromium, against the whole stack; part of make test
	@UV=$(UV) $(BIN)/python -m stack.console --if-possible
	$(BIN)/python -m pytest -q tests/e2e

screenshots: setup $(CONSOLE_READY) ## Write docs/screenshots from a stack at work [MINUTES=10]
	@UV=$(UV) $(BIN)/python -m stack.console
	$(BIN)/python -m tests.e2e.screenshots $(if $(MINUTES),--minutes $(MINUTES))

# The line of NautilusTrader follows from the interpreter: 3.11 has 1.221, later ones 1.231 or newer.
OTHER_PYTHON = $(shell if $(BIN)/python -c 'import sys; sys.exit(sys.version_info >= (3, 12))'; \
	then .ci/find-python 3.13 3.12; else .ci/find-python 3.11; fi)

.PHONY: test-other
test-other: setup
	@if [ -z "$(OTHER_PYTHON)" ]; then \
		echo "No second interpreter: only one line of NautilusTrader was tested."; \
	else \
		$(MAKE) --no-print-directory $(OTHER_VENV)/.ready; \
		NEWER_PROGRAMS=0 $(OTHER_VENV)/bin/python $(PYTEST); \
	fi

.PHONY: compat
compat: setup ## Ask a running stack all that boards and rules ask PROMETHEUS_URL=… ALERTMANAGER_URL=… TEMPO_URL=… [GRAFANA_URL=…]
	$(BIN)/python $(PYTEST) tests/live tests/tempo_api

.PHONY: check
check: setup $(SCHEMA_READY) ## Lint, types, generated files current
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m dashboards.build --check
	$(if $(SCHEMA_READY),node $(SCHEMA)/check.mjs dashboards/generated,@echo "No Node.js (node, npm): the dashboards were not checked against Grafana's types.")
	$(BIN)/python -m alerts.build --check
	$(BIN)/python docs/generate.py --check
	$(BIN)/python -m benchmarks.report --check
	$(BIN)/python -m deploy.lint
	$(BIN)/hadolint Dockerfile
	@$(MAKE) --no-print-directory console-check

.PHONY: bench bench-quick bench-compare bench-report
bench: setup ## Measure everything, write docs/performance.md, end with 1 where a target of the mission is missed [ONLY=name]
	@$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY))
bench-quick: setup ## The same on small inputs: shows that it runs, not what it costs [ONLY=name]
	@$(BIN)/python -m benchmarks --quick $(if $(ONLY),--only $(ONLY))
bench-compare: setup ## Two result files side by side A=benchmarks/results/… B=…
	@$(BIN)/python -m benchmarks.report.compare "$(A)" "$(B)"
bench-report: setup ## Write docs/performance.md again from the newest results
	@$(BIN)/python -m benchmarks.report
