# One door: `make help`. Everything that a target needs, it makes.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
STACK ?= tidegate
HISTORIES ?= 10000
SEED ?= 0
BIN := .venv/bin
UV := $(CURDIR)/.venvs/uv/bin/uv
SAM := .venvs/sam/bin/sam
export UV
export UV_SYSTEM_CERTS := 1
export UV_PYTHON_DOWNLOADS := never
export SAM_CLI_TELEMETRY := 0
# Images often set it. Here hundreds of processes start, and each would compile what it imports anew.
unexport PYTHONDONTWRITEBYTECODE
# The laptop's Lambdas run on the laptop's Python, so their layers are built for it; a deployment is built for AWS.
FOR_LAPTOP := TIDEGATE_BUILD_PYTHON=$$($(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])') TIDEGATE_BUILD_PLATFORM=native
# The Spark tests run where there is a Java, and say so where there is none.
SPARK := $(if $(shell command -v java),.venvs/spark/.ready)
SOURCES := template.yaml $(shell find functions jobs layers statemachine requirements -type f -not -path '*/__pycache__/*' 2>/dev/null)

# Two halves of the tests at the same time; what the first one says is shown behind the other.
define halves
@mkdir -p .local; other=0; $(BIN)/python -m pytest $(1) > .local/half-of-$@.txt 2>&1 & half=$$!; \
	first=0; $(BIN)/python -m pytest $(2) || first=$$?; \
	wait $$half || other=$$?; cat .local/half-of-$@.txt; exit $$((first + other))
endef

.PHONY: help setup spark demo gold test check e2e build deploy bench clean lock unit sizes stop simulate chaos burst usage fuzz

help: ## show what can be made
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

setup: .venv/.ready .venvs/local/.ready .venvs/sam/.ready ## make the environments; every other target does it by itself

demo: .local/deployed .venvs/dbt/.ready ## watch files become tables on the laptop's AWS
	@$(BIN)/python -m demo.show

gold: .local/deployed .venvs/dbt/.ready ## build the star schemas over the laptop's lake with dbt on DuckDB (SELECT=models, FRESH=1)
	@$(BIN)/python -m local.gold $(if $(FRESH),--fresh) $(if $(SELECT),--select $(SELECT))

test: check unit e2e ## run everything that CI runs

check: .venv/.ready .venvs/sam/.ready .venvs/lint/.ready ## lint, types, templates
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(SAM) validate --lint
	.venvs/sam/bin/cfn-lint template.yaml
	.venvs/lint/bin/checkov --quiet --compact --config-file .checkov.yaml

TABLES := tests/integration/test_tables.py
unit: .venv/.ready .venvs/local/.ready ## unit and integration tests
	$(call halves,tests/unit/engine tests/integration tests/local --ignore=$(TABLES),tests/unit $(TABLES) --ignore=tests/unit/engine)

spark: .venvs/spark/.ready ## make the Spark for the laptop's Glue jobs (needs Java 17); without it they fail and say so

simulate: .venv/.ready ## search random histories for a lost or doubled row (HISTORIES=10000, SEED=0), then break the code in 29 ways
	$(BIN)/python -m simulator --histories $(HISTORIES) --seed $(SEED)
	$(BIN)/python -m simulator --mutations --histories 6000

chaos: .venv/.ready .venvs/local/.ready .aws-sam/local/template.yaml ## kill, repeat, reorder and fail under a burst, then compare every row (FILES=2000, SEED=0)
	$(BIN)/python -m scripts.chaos --files $(or $(FILES),2000) --seed $(SEED)

fuzz: .venv/.ready ## random and awkward files into the row engine, held against a slow reference (INPUTS=100000, SEED=0)
	$(BIN)/python -m scripts.fuzz --inputs $(or $(INPUTS),100000) --seed $(SEED)

burst: .venv/.ready .venvs/local/.ready .aws-sam/local/template.yaml ## drop 10,000 files at once, count and price it (FILES=10000)
	$(BIN)/python -m scripts.burst --files $(or $(FILES),10000)

usage: .venv/.ready .venvs/local/.ready .venvs/spark/.ready .aws-sam/local/template.yaml ## measure what runs use, for `tidegate cost` (needs Java 17; WRITE=1 keeps it)
	$(BIN)/python -m scripts.usage $(if $(WRITE),--write)

ONE_HALF := tests/e2e/test_glue.py tests/e2e/test_machines.py tests/gold
e2e: .venv/.ready .venvs/local/.ready .venvs/dbt/.ready .aws-sam/local/template.yaml $(SPARK) ## the deployed stack on the laptop's AWS, and gold
	$(call halves,$(ONE_HALF),tests/e2e $(addprefix --ignore=,$(ONE_HALF)))

build: .aws-sam/build/template.yaml ## build the deployable package for AWS Lambda

sizes: .aws-sam/build/template.yaml ## print the unzipped size of each function with its layers
	$(BIN)/python scripts/package_sizes.py

deploy: .aws-sam/build/template.yaml ## deploy to the AWS account of your credentials
	$(SAM) deploy --guided

STACKED := $(or $(findstring g,$(CASES)),$(findstring h,$(CASES)),$(if $(CASES),,all))
bench: .venv/.ready .venvs/bench/.ready $(if $(STACKED),.venvs/local/.ready .aws-sam/local/template.yaml) $(if $(or $(findstring h,$(CASES)),$(if $(CASES),,all)),$(SPARK)) ## measure beside floors and peers, write docs/benchmarks.md (CASES=a,b,c,d,e,f,g,h, TIMES=3)
	$(BIN)/python -m benchmarks --cases "$(CASES)" --times $(or $(TIMES),3)

stop: ## stop the laptop's AWS
	@$(PYTHON) local/control.py down

lock: .venvs/uv/.ready ## pin every dependency anew
	$(PYTHON) scripts/lock.py

clean: ## remove everything that was made; stops the laptop's AWS
	-@$(PYTHON) local/control.py down 2>/dev/null
	rm -rf .venv .venvs .aws-sam .local .pytest_cache .mypy_cache .ruff_cache .hypothesis .fuzz .simulate .coverage

# Environments. Tools that pin clashing libraries live in one of their own.
.venvs/uv/.ready: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Tidegate needs Python 3.11 or newer; set PYTHON=python3.x")'
	$(PYTHON) -m venv .venvs/uv
	.venvs/uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

.venv/.ready: requirements/app.txt pyproject.toml .venvs/uv/.ready
	$(UV) venv --quiet --clear --python $(PYTHON) .venv
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r $<
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

.venvs/spark/.ready: requirements/spark.txt .venvs/uv/.ready
	@java -version >/dev/null 2>&1 || { echo "Spark needs Java: install version 17" >&2; exit 1; }
	$(UV) venv --quiet --clear --python $(PYTHON) .venvs/spark
	$(UV) pip install --quiet --python .venvs/spark/bin/python --require-hashes -r $<
	@touch $@

.venvs/%/.ready: requirements/%.txt .venvs/uv/.ready
	$(UV) venv --quiet --clear --python $(PYTHON) .venvs/$*
	$(UV) pip install --quiet --python .venvs/$*/bin/python --require-hashes -r $<
	@touch $@

.aws-sam/build/template.yaml: $(SOURCES) .venvs/sam/.ready .venv/.ready
	$(SAM) build --build-dir .aws-sam/build --parallel
	@touch $@

.aws-sam/local/template.yaml: $(SOURCES) .venvs/sam/.ready .venv/.ready
	$(FOR_LAPTOP) $(SAM) build --build-dir .aws-sam/local --parallel
	@touch $@

.local/deployed: .aws-sam/local/template.yaml .venvs/local/.ready FORCE
	@$(BIN)/tidegate local up
	@$(BIN)/python -m local.deploy --stack $(STACK)

.PHONY: FORCE
FORCE:
