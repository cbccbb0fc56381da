"""Known answers of the statistics over seeds."""

import math

import pytest

from divbench.report.aggregate import Q_COLUMNS, SCORE_COLUMNS, q_rows, score_rows, verdict_counts
from divbench.report.evidence import weigh
from divbench.report.figures import learning_figure, q_figure
from divbench.report.page.lines import read_curves
from divbench.report.series import Cell, read_cells, stopped_lanes


def scores_of(run):
    return score_rows(read_cells(run.tables().scores, SCORE_COLUMNS))


def q_of(run, order=((), (), ())):
    return q_rows(read_cells(run.tables().values, Q_COLUMNS, order))


def test_score_is_mean_and_sample_deviation_of_the_last_evaluation(fake_run):
    run = fake_run()
    for seed, final in enumerate((2.0, 4.0, 9.0)):
        run.add("scores", "t", "baseline", "1", seed, 5000, 5000, return_mean=1000.0)
        run.add("scores", "t", "baseline", "1", seed, 10_000, 10_000, return_mean=final)
    (row,) = scores_of(run)
    assert (row.cell, row.env_step, row.update, row.seeds) == (Cell("t", "baseline", "1"), 10_000, 10_000, 3)
    assert (row.mean, row.low, row.high) == (5.0, 2.0, 9.0)
    assert row.sd == pytest.approx(math.sqrt((9 + 1 + 16) / 2))


def test_one_seed_has_no_deviation(fake_run):
    run = fake_run()
    run.add("scores", "t", "ofn", "1/2", 0, 0, 0, return_mean=7.0)
    (row,) = scores_of(run)
    assert (row.mean, row.sd, row.seeds) == (7.0, None, 1)


def test_lanes_of_a_growing_run_are_compared_where_all_have_been(fake_run):
    run = fake_run()
    for seed, last in ((0, 20_000), (1, 10_000)):
        for step in range(0, last + 1, 5000):
            run.add("scores", "t", "baseline", "1", seed, step, step, return_mean=float(step))
    (row,) = scores_of(run)
    assert (row.env_step, row.mean) == (10_000, 10_000.0)


def test_a_return_that_is_not_finite_is_counted_and_left_out(fake_run):
    run = fake_run()
    for seed, final in enumerate((3.0, math.nan, 5.0)):
        run.add("scores", "t", "baseline", "1", seed, 0, 0, return_mean=final)
    (row,) = scores_of(run)
    assert (row.mean, row.finite, row.seeds) == (4.0, 2, 3)
    broken = fake_run()
    broken.add("scores", "t", "baseline", "1", 0, 0, 0, return_mean=math.nan)
    (row,) = scores_of(broken)
    assert (row.mean, row.sd, row.low, row.finite) == (None, None, None, 0)


def test_q_against_bound_and_baseline(fake_run):
    run = fake_run()
    for variant, finals in (("ofn", (40.0, 50.0, 60.0)), ("baseline", (1e6, 1e7, 1e8))):
        for seed, final in enumerate(finals):
            run.add("values", "t", variant, "1", seed, 1000, 0, q_replay_mean=-70.0, q_bound=500.0)
            run.add("values", "t", variant, "1", seed, 1000, 500, q_replay_mean=final, q_bound=500.0 + seed)
    baseline, ofn = q_of(run, ((), ("baseline", "ofn"), ()))
    assert (baseline.final, baseline.low, baseline.high, baseline.peak) == (1e7, 1e6, 1e8, 1e8)
    assert (ofn.final, ofn.peak, ofn.bound) == (50.0, 70.0, 502.0)
    assert (ofn.reference, ofn.reference_ratio, baseline.reference_ratio) == ("baseline", 2e5, 1.0)
    assert ofn.bound_ratio == pytest.approx(50 / 501), "each seed over its own bound"
    assert baseline.bound_beyond and not ofn.bound_beyond
    assert ofn.mc_return is None


def test_a_lane_that_explodes_counts_with_its_last_finite_q(fake_run):
    run = fake_run()
    for seed, series in enumerate(((1.0, 1e7, math.nan), (1.0, 10.0, 20.0), (1.0, 5.0, math.inf))):
        for place, q in enumerate(series):
            run.add("values", "t", "baseline", "1", seed, 1000, 500 * place, q_replay_mean=q, q_bound=100.0)
    (row,) = q_of(run)
    assert (row.nonfinite, row.seeds, row.final, row.peak) == (2, 3, 20.0, 1e7)


def test_no_ratio_between_variants_at_different_points(fake_run):
    run = fake_run()
    run.add("values", "t", "baseline", "1", 0, 1000, 500, q_replay_mean=4.0)
    run.add("values", "t", "ofn", "1", 0, 1000, 0, q_replay_mean=2.0)
    assert [row.reference_ratio for row in q_of(run)] == [1.0, None]


def test_reference_is_the_first_variant_where_there_is_no_baseline(fake_run):
    run = fake_run()
    for variant, q in (("layernorm", 30.0), ("ofn", 60.0)):
        run.add("values", "t", variant, "1", 0, 0, 0, q_replay_mean=q)
    layernorm, ofn = q_of(run)
    assert (ofn.reference, ofn.reference_ratio) == ("layernorm", 0.5)


def test_verdicts_are_counted_per_cell_in_the_order_of_the_run(fake_run):
    run = fake_run()
    for variant, verdicts in (("ofn", ("stable", "stable")), ("baseline", ("diverged", "exploded"))):
        for seed, verdict in enumerate(verdicts):
            run.add("verdicts", "t", variant, "1", seed, 0, 0, verdict=verdict)
    counts = verdict_counts(run.tables().verdicts, ((), ("baseline", "ofn"), ()))
    assert list(counts.items()) == [
        (Cell("t", "baseline", "1"), {"diverged": 1, "exploded": 1}),
        (Cell("t", "ofn", "1"), {"stable": 2}),
    ]


def test_empty_tables_aggregate_to_nothing(fake_run):
    run = fake_run()
    assert scores_of(run) == [] and q_of(run) == [] and verdict_counts(run.tables().verdicts) == {}


@pytest.fixture
def frozen(fake_run):
    """Two lanes on each of two tasks; seed 1 broke at update 7,500 and goes on with numbers that are finite."""
    run = fake_run(tasks=("cheetah-run", "walker-run"), variants=("baseline",), seeds=(0, 1))
    for task in run.tasks:
        for seed in run.seeds:
            for update in (0, 5_000, 10_000, 15_000):
                broken = seed == 1 and update > 7_500
                at = {"nonfinite": "learner", "nonfinite_step": 7_500, "nonfinite_update": 7_500} if broken else {}
                run.add("scores", task, "baseline", "1", seed, update, update, return_mean=100.0 + seed)
                run.add("values", task, "baseline", "1", seed, update, update, q_replay_mean=10.0 * (1 + seed),
                        q_bound=100.0, q_bound_low=0.0, **at)
    return run


def test_a_frozen_lane_counts_as_not_finite_from_where_it_froze(frozen):
    evidence = weigh(frozen.tables(), None)
    assert stopped_lanes(evidence.tables.values) == {(Cell(task, "baseline", "1"), 1): (7_500, 7_500)
                                                     for task in frozen.tasks}
    assert [(row.seeds, row.finite, row.mean) for row in evidence.scores] == [(2, 1, 100.0)] * 2
    assert [(row.seeds, row.nonfinite, row.high) for row in evidence.q] == [(2, 1, 20.0)] * 2
    assert [(row.seeds, row.lost) for row in evidence.overall.rows] == [(2, 2)]


def test_a_lane_that_broke_at_once_is_told_by_its_last_sound_weights(fake_run):
    """Measured at 0 and at 500, broken at update 6: it came to what the row of 500 says, not the one of 0."""
    run = fake_run(tasks=("t",), variants=("baseline", "ofn"), seeds=(0, 1, 2))
    for variant, at_end in (("baseline", (30.0, 30.0, 30.0)), ("ofn", (30.0, 4e27, 5e27))):
        for seed, last in enumerate(at_end):
            run.add("values", "t", variant, "1", seed, 0, 0, q_replay_mean=0.02, q_bound=100.0)
            at = {"nonfinite": "learner", "nonfinite_step": 0, "nonfinite_update": 6} if last > 100.0 else {}
            for update in (500, 1_000):
                run.add("values", "t", variant, "1", seed, 0, update, q_replay_mean=last, q_bound=100.0, **at)
    _, ofn = weigh(run.tables(), None).q
    assert (ofn.seeds, ofn.nonfinite, ofn.final, ofn.low, ofn.peak) == (3, 2, 4e27, 30.0, 5e27)
    assert ofn.reference_ratio == pytest.approx(30.0 / 4e27)


def test_a_frozen_lane_ends_in_a_cross_where_it_froze(frozen):
    evidence = weigh(frozen.tables(), None)
    for figure in (learning_figure, q_figure):
        ends = [line for axes in figure(evidence.tables, evidence.facts).axes for line in axes.get_lines()
                if line.get_marker() == "X"]
        assert {float(x) for line in ends for x in line.get_xdata()} == {5_000.0}
    curves = read_curves([evidence])
    for column in ("return_mean", "q_replay_mean"):
        numbers = {key[2]: text.split(",") for key, text in curves.lanes[column].items() if key[1].task == "walker-run"}
        assert [bool(number) for number in numbers[0]] == [True] * 4
        assert [bool(number) for number in numbers[1]] == [True, True, False, False]
