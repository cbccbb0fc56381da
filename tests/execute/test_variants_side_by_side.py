"""The worked example of docs/variants.md, as a user runs it: several groups, a sum and a record from outside."""

import os
import re
import shutil
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
    """The Python block of the page that has the record."""
    text = (ROOT / "docs" / "variants.md").read_text()
    (block,) = [block for block in re.findall(r"```python\n(.*?)```", text, re.S) if "def ceiling" in block]
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
    assert own["losses"] == ["mine:small_q"]


def test_it_did_what_it_says(finished):
    """Features at most 3 in each of 16 units, weights at most 1."""
    rows = divbench.load(finished / "run").values.to_pylist()
    last = {row["variant"]: row for row in rows}
    assert last["ceiling"]["feature_norm"] <= 3.0 * 4.0 + 1e-4
    policy = subprocess.run([sys.executable, "-c", (
        "import divbench, numpy as np, jax; p = divbench.load_policy('run', 'constant-reward/ceiling/utd1/seed0'); "
        "print(p.update)")], cwd=finished, capture_output=True, text=True, timeout=300)
    assert policy.stdout.strip() == str(last["ceiling"]["update"]), policy.stderr


def test_lanes_whose_code_has_changed_are_trained_again_and_no_others(finished, example, tmp_path):
    """A comment changes nothing; another number in a loss invalidates the lanes that have it."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    words = ("run", *FLAGS, "--variants", VARIANTS, "--out", "run")
    (tmp_path / "mine.py").write_text(f"# a remark\n{example}\nunused = 1\n")
    done = command(*words, cwd=tmp_path)
    assert done.returncode == 0 and "already finished" in done.stdout, done.stderr

    groups = {path.name: (path / "journal.jsonl").read_bytes() for path in (tmp_path / "run" / "groups").iterdir()}
    (tmp_path / "mine.py").write_text(example.replace("1e-3", "1e-2"))
    done = command(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (told,) = [line for line in done.stdout.splitlines() if "trained again" in line]
    (aside,) = (tmp_path / "run" / "replaced").iterdir()
    own = aside.name.removesuffix("-1")
    assert told == (f"{own}: trained again, mine:small_q has changed; what was there is in "
                    f"{aside.relative_to(tmp_path)}")
    assert (aside / "journal.jsonl").read_bytes() == groups[own], "nothing is lost"
    now = {path.name: (path / "journal.jsonl").read_bytes() for path in (tmp_path / "run" / "groups").iterdir()}
    assert now.keys() == groups.keys() and {name for name in now if now[name] != groups[name]} == {own}
    old, new = (divbench.load(place / "run") for place in (finished, tmp_path))
    for table in ("scores", "values"):
        before, after = (getattr(tables, table).to_pylist() for tables in (old, new))
        assert str([row for row in before if row["variant"] != "ceiling"]) == str(  # as text, since nan is not nan
            [row for row in after if row["variant"] != "ceiling"])
    assert old.values.to_pylist() != new.values.to_pylist() and new.card["finished"] is not None


def test_what_is_not_a_variant_is_one_line(finished):
    done = command("run", "--suite", "smoke", "--variants", "mine:ceiling", cwd=finished)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "expected a divbench.spec.variants.Variant in" in done.stderr and "found a function" in done.stderr
