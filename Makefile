# Everything a newcomer needs: `make demo` and `make test`. Each sets up what it needs; nothing has to be installed before
# but Python 3.11 or newer with its venv module, and make.

PYTHON ?= python3
PYTHON312 ?= python3.12
VENV ?= .venv
export MUJOCO_GL ?= disable
# pip's chatter about itself helps nobody here
export PIP_DISABLE_PIP_VERSION_CHECK = 1

# The robot of seed 1 begins its one random episode on its feet (as about one in five do), so that mean reward is 0.5 a
# step. Plain SAC's mean Q passes its bound at update 6,500 and is at 4e4 after 10,000.
DEMO_OUT ?= results/runs/demo
DEMO = --suite priming --tasks quadruped-run --variants baseline,ofn,layernorm --prime-updates 10k --steps 1k \
	--seeds 1 --seed-start 1 --measure-every 500 --eval-episodes 1 --out $(DEMO_OUT)

# A process of tests for each core, whole files at a time: what a file compiles is compiled once.
PARALLEL ?= -n auto --dist loadfile

.PHONY: help demo test test-slow test-targets test-wheel test-py312 lint format wheel docs bench bench-physics clean

help:
	@echo "make demo        set up $(VENV) and watch plain SAC diverge beside OFN and LayerNorm (under 8 minutes)"
	@echo "make test        set up $(VENV), then ruff, mypy and the tests"
	@echo "make test-slow   the tests that take minutes, and those of equal bits as users compile"
	@echo "make test-targets  programs compiled for accelerators that are not here beside their budgets of kernels, in $(VENV)-targets"
	@echo "make test-wheel  the wheel in an empty venv: it trains the smoke suite"
	@echo "make test-py312  the tests on Python 3.12 and the newer jax that it gets, in $(VENV)-py312"
	@echo "make lint        ruff and mypy alone;  make format  lets ruff mend what it can"
	@echo "make wheel       build the wheel into dist/"
	@echo "make docs        docs/ as a site into site/; fails on a link or anchor that leads nowhere"
	@echo "make bench       speed beside sbx's SAC, each in its own venv (about half an hour)"
	@echo "make bench-physics  control steps per second of every task and physics (about an hour)"
	@echo "make clean       remove venvs, builds and caches; results stay"

# A venv is two stamps: what running needs, and what developing needs on top. Byte-compiling all that is installed would
# take half of the work; what is imported compiles itself.
%/.installed-run: pyproject.toml constraints.txt
	@test -x $*/bin/python || $(PYTHON_OF_VENV) -m venv $*
	$*/bin/python -m pip install --quiet --no-compile -c constraints.txt -e .
	@touch $@

%/.installed-dev: pyproject.toml constraints.txt
	@test -x $*/bin/python || $(PYTHON_OF_VENV) -m venv $*
	$*/bin/python -m pip install --quiet --no-compile -c constraints.txt -e '.[dev]'
	@touch $@ $*/.installed-run

%/.installed-targets: pyproject.toml constraints.txt
	@test -x $*/bin/python || $(PYTHON_OF_VENV) -m venv $*
	$*/bin/python -m pip install --quiet --no-compile -c constraints.txt -e '.[dev,cuda,tpu]'
	@touch $@

%/.installed-docs: pyproject.toml constraints.txt
	@test -x $*/bin/python || $(PYTHON_OF_VENV) -m venv $*
	$*/bin/python -m pip install --quiet --no-compile -c constraints.txt -e '.[docs]'
	@touch $@ $*/.installed-run

PYTHON_OF_VENV = $(PYTHON)
$(VENV)-py312/.installed-dev: PYTHON_OF_VENV = $(PYTHON312)
.PRECIOUS: %/.installed-run %/.installed-dev %/.installed-targets %/.installed-docs

demo: $(VENV)/.installed-run
	$(VENV)/bin/divbench run $(DEMO)
	@$(VENV)/bin/divbench report --quiet $(DEMO_OUT)
	@echo "pictures $(DEMO_OUT)/report/: q_curves.png, learning_curves.png (and .svg)"

test: $(VENV)/.installed-dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/python -m pytest $(PARALLEL) $(PYTEST_ARGS)

# Compiled as users compile; `make test` lets LLVM optimize little (tests/conftest.py).
test-slow: $(VENV)/.installed-dev
	JAX_DISABLE_MOST_OPTIMIZATIONS=0 $(VENV)/bin/python -m pytest -m "slow or bits" $(PARALLEL) $(PYTEST_ARGS)

# In a venv of its own: with these extras JAX would look for a GPU and a TPU in every other command too.
test-targets: $(VENV)-targets/.installed-targets
	$(VENV)-targets/bin/python -m pytest -m targets tests/targets $(PYTEST_ARGS)

test-wheel: $(VENV)/.installed-dev
	$(VENV)/bin/python -m pytest -m slow tests/test_packaging.py $(PYTEST_ARGS)

test-py312: $(VENV)-py312/.installed-dev
	$(VENV)-py312/bin/python -m pytest $(PARALLEL) $(PYTEST_ARGS)

lint: $(VENV)/.installed-dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy

format: $(VENV)/.installed-dev
	$(VENV)/bin/ruff check --fix .

wheel: $(VENV)/.installed-dev
	rm -rf build
	$(VENV)/bin/python -m build --wheel

docs: $(VENV)/.installed-docs
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict

# torch is a dependency of stable-baselines3; a CPU build of it suffices and is far smaller than the CUDA build that pip
# may choose: install one into $(VENV)-sbx beforehand, or name it in TORCH.
TORCH ?= torch
$(VENV)-sbx/.installed: benchmarks/requirements-sbx.txt
	@test -x $(VENV)-sbx/bin/python || $(PYTHON) -m venv $(VENV)-sbx
	$(VENV)-sbx/bin/python -m pip install --quiet "$(TORCH)"
	$(VENV)-sbx/bin/python -m pip install --quiet -r benchmarks/requirements-sbx.txt
	@touch $@

bench: $(VENV)/.installed-run $(VENV)-sbx/.installed
	$(VENV)/bin/python benchmarks/sbx_speed.py --sbx-python $(VENV)-sbx/bin/python --out results/runs/bench/sbx_speed

bench-physics: $(VENV)/.installed-run
	$(VENV)/bin/python benchmarks/physics_speed.py --out results/runs/bench/physics_speed

clean:
	rm -rf $(VENV) $(VENV)-py312 $(VENV)-targets $(VENV)-sbx build dist site src/divbench.egg-info
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis
