"""The benchmark of the gate: every mistake that it plants in tables fails, and the same code does not."""

import random
import sys
from pathlib import Path

import pytest

from divbench.report.compare.result_set import read_result_set

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def gate_power(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import gate_power

    yield gate_power
    for name in ("gate_power", "gate_tables"):
        del sys.modules[name]


@pytest.fixture
def pool(tmp_path, fake_run):
    """`pool(name, shift)`: sixteen seeds on a task of returns up to 10 and one of returns up to 1,000."""

    def make(name, shift=0.0, seeds=range(16)):
        run = fake_run(tasks=("cheetah-run", "constant-reward"), variants=("sac",), seeds=tuple(seeds))
        for task, height in (("cheetah-run", 600.0), ("constant-reward", 9.0)):
            for seed in seeds:
                noise = random.Random(f"{task}{seed}")
                for env_step in range(0, 6_001, 1_000):
                    earned = height * env_step / 6_000
                    where = (task, "sac", "1", seed, env_step, env_step)
                    run.add("scores", *where, return_mean=earned * (1 + noise.gauss(0, 0.01)) + shift, episodes=10)
                    run.add("values", *where, q_replay_mean=10 + earned * (1 + noise.gauss(0, 0.002)))
        return read_result_set(str(run.write(tmp_path / name)), "BASELINE")

    return make


def test_mistakes_in_tables_fail_and_the_same_code_does_not(gate_power, pool):
    rows = gate_power.measure(pool("pool"), gate_power.sides_of({}, {}), [5], pairs=4)
    assert {row["new side"]: row["failed"] for row in rows} == {
        "the same code": 0, "a missing task": 4, "stopped at two thirds": 4, "one lane not finite": 4,
        "small returns cut by a third": 4}
    seen = {row["new side"]: row["seen by"] for row in rows}
    assert seen["a missing task"] == "missing 100%" and "shorter 100%" in seen["stopped at two thirds"]
    assert seen["one lane not finite"].startswith("cheetah-run, sac 100%")
    assert seen["small returns cut by a third"] == "constant-reward, sac 100%"
    assert all(row["strict"] >= row["share"] for row in rows)


def test_pairs_of_equal_seeds_see_what_independent_seeds_do_not(gate_power, pool):
    """Lanes of a seed that differ by a trifle are equal in pairs; those that lost 5% of it are caught."""
    lanes, trifle = pool("pool"), pool("trifle", shift=0.001)
    sides = gate_power.sides_of({}, {"one core": trifle})
    name = "the same code, one core, --paired"
    (row,) = gate_power.measure(lanes, {name: sides[name]}, [8], pairs=5)
    assert (row["failed"], row["undecided"]) == (0, 0.0)
    lost = gate_power.NewSide(pool("lost", shift=-100.0), paired=True)
    (row,) = gate_power.measure(lanes, {"lost": lost}, [8], pairs=5)
    assert row["failed"] == 5


def test_undecided_has_a_column_and_fails_with_strict(gate_power, pool):
    (row,) = gate_power.measure(pool("pool"), {"the same code": gate_power.NewSide()}, [1], pairs=4)
    assert (row["failed"], row["undecided"], row["strict"]) == (0, 1.0, 1.0)
    text = gate_power.as_markdown([row], "facts")
    assert "| undecided | failed, `--strict` |" in text and "| 0.0% | 0.0% to 60.2% | 100.0% | 100.0% |" in text
