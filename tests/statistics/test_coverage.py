"""How often intervals hold the truth: the package's table is the measured one, and exact intervals hold as they say."""

import csv
import math
import sys
from pathlib import Path

import pytest

from divbench.statistics.aggregates import (
    AGGREGATES,
    aggregate,
    performance_profile,
    probability_of_improvement,
    sample_efficiency,
)
from divbench.statistics.bootstrap import LEAST_SEEDS
from divbench.statistics.coverage import COVERAGE, SEEDS, coverage
from divbench.statistics.estimates import Estimate

ROOT = Path(__file__).resolve().parents[2]
MEASURED = ROOT / "results" / "baselines" / "interval_coverage.csv"
POPULATIONS = {"normal", "heavy-tailed", "skewed", "two heaps"}


@pytest.fixture(scope="module")
def measured():
    with MEASURED.open(newline="") as file:
        return list(csv.DictReader(file))


def standard_error(share, draws):
    return math.sqrt(share * (1.0 - share) / draws)


def test_the_table_is_the_least_of_what_was_measured(measured):
    least = {}
    for row in measured:
        if row["kind"] == "bootstrap" and row["method"] in COVERAGE:
            place = row["method"], int(row["tasks"]), int(row["seeds"])
            least[place] = min(least.get(place, 1.0), float(row["covered"]))
            assert row["draws"] == "2000"
    assert least == {(statistic, tasks, seeds): share for statistic, by_tasks in COVERAGE.items()
                     for tasks, shares in by_tasks.items() for seeds, share in zip(SEEDS, shares, strict=True)}


def test_the_documented_table_is_that_of_the_package():
    page = (ROOT / "docs" / "experiments.md").read_text()
    named = {"iqm": "interquartile mean", "mean": "mean", "median": "median over tasks",
             "optimality_gap": "optimality gap", "improvement": "P(better)", "profile": "profile"}
    assert set(named) == set(COVERAGE)
    for statistic, name in named.items():
        cells = [" / ".join(str(math.floor(100.0 * share + 1e-9)) for share in COVERAGE[statistic][tasks]) + "%"
                 for tasks in (2, 3, 5, 10, 15)]
        assert f"| {name} | {' | '.join(cells)} |" in page


def test_every_statistic_was_measured_on_every_population(measured):
    for statistic, by_tasks in COVERAGE.items():
        assert {1, 2} <= set(by_tasks)
        for tasks in by_tasks:
            names = {row["population"] for row in measured
                     if row["method"] == statistic and row["tasks"] == str(tasks)}
            assert names >= POPULATIONS | ({f"{name}, tasks apart" for name in POPULATIONS} if tasks > 1 else set())


def test_exact_intervals_hold_the_truth_as_often_as_they_say(measured):
    """Within four standard errors of the draws; of skewed differences the sign flips' interval falls short."""
    exact = [row for row in measured if row["kind"] == "exact" and row["covered"]]
    assert {row["draws"] for row in exact} == {"20000"}
    assert {(row["tasks"], row["seeds"]) for row in exact} == {(t, s) for t in "12" for s in ("3", "5", "8", "12")}
    short = [row for row in exact if float(row["covered"]) < float(row["level"])
             - 4.0 * standard_error(float(row["level"]), int(row["draws"]))]
    assert {(row["method"], row["population"]) for row in short} == {("sign flips, differences", "skewed")}


def test_a_bootstrap_of_a_median_of_three_covers_three_quarters(measured):
    """It is [min, max], which leaves the median out where all three lie on a side of it: in 2 of 8 cases."""
    for row in measured:
        if (row["method"], row["tasks"], row["seeds"]) == ("median of seeds", "1", "3"):
            assert abs(float(row["covered"]) - 0.75) < 4.0 * standard_error(0.75, int(row["draws"]))


def test_between_the_numbers_measured_the_nearest_smaller_ones_count():
    assert coverage("iqm", 2, 4) == coverage("iqm", 2, 3) == COVERAGE["iqm"][2][0]
    assert coverage("mean", 4, 11) == COVERAGE["mean"][3][2]
    assert coverage("profile", 40, 100) == COVERAGE["profile"][15][3]


def test_fewer_seeds_than_measured_have_neither_interval_nor_level():
    assert SEEDS[0] == LEAST_SEEDS
    assert coverage("iqm", 2, 2) is None
    assert aggregate([[1.0, 2.0], [3.0, 4.0, 5.0]])["iqm"].level is None


def test_intervals_of_scores_have_the_measured_level():
    three, five = [[1.0, 2.0, 4.0], [5.0, 6.0, 9.0]], [[1.0, 2.0, 4.0, 5.0, 3.0]] * 2
    found = aggregate(five)
    assert {name: found[name].level for name in AGGREGATES} == {name: coverage(name, 2, 5) for name in AGGREGATES}
    assert probability_of_improvement(five, three).level == coverage("improvement", 2, 3)
    assert performance_profile(five, [2.5])[0].level == coverage("profile", 2, 5)
    curves = [[{0: score} for score in task] for task in three]
    assert sample_efficiency(curves)[0].level == coverage("iqm", 2, 3)
    assert aggregate(five, confidence=0.99)["iqm"].level is None  # measured for 95% alone


def test_an_interval_of_no_width_has_no_level():
    """All lanes above the threshold, or each side's lanes above all of the other's: resampling shows no spread."""
    three = [[1.0, 2.0, 4.0], [5.0, 6.0, 9.0]]
    assert performance_profile(three, [0.0])[0] == Estimate(1.0, 1.0, 1.0)
    assert probability_of_improvement(three, [[0.0] * 3] * 2) == Estimate(1.0, 1.0, 1.0)


def test_the_benchmark_agrees_with_the_package(monkeypatch):
    """Few draws on small populations; it compares each method with the package's functions as it goes."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import interval_coverage

    monkeypatch.setattr(interval_coverage, "TASKS", (1,))
    monkeypatch.setattr(interval_coverage, "SEEDS", (3, 8))
    monkeypatch.setattr(interval_coverage, "BOOTSTRAPPED_TASKS", (1, 3))
    monkeypatch.setattr(interval_coverage, "TRUTH_FROM", 4_000)
    rows = interval_coverage.measure(draws=200, bootstrapped=100, resamples=200)
    del sys.modules["interval_coverage"]
    covered = {(row[1], row[2], *row[3:5]): row[6] for row in rows}
    assert covered["sign flips", "normal", 1, 3] is None  # 3 pairs cannot reach 95%
    for method in ("sign flips", "order statistics", "rank sums"):
        assert covered[method, "two heaps", 1, 8] > 0.95 - 4.0 * standard_error(0.95, 200)
    assert {method for method, *_ in covered} >= set(COVERAGE)
    assert covered["mean", "normal", 3, 8] > 0.7 > 0.2 > abs(covered["median of seeds", "normal", 1, 3] - 0.75)
