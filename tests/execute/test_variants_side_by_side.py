"""The worked example of docs/variants.md, as a user runs it: several groups, a sum and a record from outside."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import divbench

ROOT = Path(__file__).resolve().parents[2]
FLAGS = ("--suite smoke --tasks constant-reward --steps 300 --prime-samples 100 --prime-updates 20 --measure-every 100 "
         "--eval-every 300 --eval-episodes 1 --hidden 16,16 --batch-size 8 --quiet").split()
VARIANTS = "baseline,ofn+wd=0.001,mine:variant"


def command(*words, cwd):
    environment = os.environ | {"MUJOCO_GL": "disable"}
    # `-P`: as from the console script, the current directory is not on Python's path
    return subprocess.run([sys.executable, "-P", "-m", "divbench", *words], cwd=cwd, env=environment,
                          capture_output=True, text=True, timeout=400)


@pytest.fixture(scope="module")
def example():
    """The Python block of the page."""
    text = (ROOT / "docs" / "variants.md").read_text()
    (block,) = re.findall(r"```python\n(.*?)```", text, re.S)
    assert "divbench run --suite smoke --variants baseline,ofn+wd=0.001,mine:variant" in text
    assert block.count("\n") < 40
    return block


@pytest.fixture(scope="module")
def finished(example, tmp_path_factory):
    place = tmp_path_factory.mktemp("elsewhere")
    (place / "mine.py").write_text(example)
    done = command("run", *FLAGS, "--variants", VARIANTS, "--out", "run", cwd=place)
    assert done.returncode == 0, done.stderr
    return place


def test_they_land_in_one_table(finished):
    tables = divbench.load(finished / "run")
    names = ["baseline", "ceiling", "ofn+weight-decay=0.001"]
    for table in (tables.scores, tables.values, tables.verdicts):
        assert sorted({row["variant"] for row in table.to_pylist()}) == names
    groups = {row["group"] for row in tables.timing.to_pylist()}
    assert len(groups) == 3
    (own,) = [v for v in tables.card["settings"]["variants"] if v["name"] == "ceiling"]
    assert own["origin"].startswith("mine:variant@") and own["losses"] == ["mine:small_q"]


def test_it_did_what_it_says(finished):
    """Features at most 3 in each of 16 units, weights at most 1."""
    rows = divbench.load(finished / "run").values.to_pylist()
    last = {row["variant"]: row for row in rows}
    assert last["ceiling"]["feature_norm"] <= 3.0 * 4.0 + 1e-4
    policy = subprocess.run([sys.executable, "-c", (
        "import divbench, numpy as np, jax; p = divbench.load_policy('run', 'constant-reward/ceiling/utd1/seed0'); "
        "print(p.update)")], cwd=finished, capture_output=True, text=True, timeout=300)
    assert policy.stdout.strip() == str(last["ceiling"]["update"]), policy.stderr


def test_other_code_does_not_continue_it(finished, example):
    card = json.loads((finished / "run" / "card.json").read_text())
    (finished / "mine.py").write_text(example.replace("1e-3", "1e-2"))
    done = command("run", *FLAGS, "--variants", VARIANTS, "--out", "run", cwd=finished)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "variants" in done.stderr
    assert json.loads((finished / "run" / "card.json").read_text()) == card
    (finished / "mine.py").write_text(example)
    done = command("run", *FLAGS, "--variants", VARIANTS, "--out", "run", cwd=finished)
    assert done.returncode == 0 and "already finished" in done.stdout


def test_what_is_not_a_variant_is_one_line(finished):
    done = command("run", "--suite", "smoke", "--variants", "mine:ceiling", cwd=finished)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "expected a divbench.spec.variants.Variant in" in done.stderr and "found a function" in done.stderr
