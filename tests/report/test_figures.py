"""What the pictures hold: which lines, which ticks, and that equal tables give equal files."""

import math
import statistics

import pytest
from matplotlib.colors import to_hex

from divbench.report.colours import BLUE
from divbench.report.curves import make_panels
from divbench.report.evidence import weigh
from divbench.report.facts import read_facts
from divbench.report.figures import learning_figure, q_figure, render
from divbench.report.overall_figure import overall_figure
from divbench.report.series import read_cells
from divbench.report.style import decade_label, decade_ticks, short_count


def panels_of(run, column="q_replay_mean", **options):
    options = {"by_updates": True, "middle": statistics.median, **options}
    table = run.tables().values if column != "return_mean" else run.tables().scores
    return make_panels(read_cells(table, (column, "q_bound")), column, "what is drawn", **options)


def test_middle_line_stops_where_a_lane_is_no_longer_finite(fake_run):
    run = fake_run()
    for seed, series in enumerate(((1.0, 2.0, 3.0), (3.0, 8.0, math.nan))):
        for place, q in enumerate(series):
            run.add(
                "values", "t", "baseline", "1", seed, 1000, 10 * place, q_replay_mean=q, q_bound=50.0 + seed
            )
    (panel,) = panels_of(run)
    (bundle,) = panel.bundles
    assert bundle.middle == ([0.0, 10.0], [2.0, 5.0])
    assert bundle.ends == ((10.0, 8.0),)
    assert panel.bound == ([0.0, 10.0, 20.0], [51.0, 51.0, 51.0])


def test_middle_line_of_a_growing_run_ends_with_the_shortest_lane(online):
    (panel,) = panels_of(online(seeds=2, tasks=("cheetah-run",), upto=0.5), "return_mean", by_updates=False)
    for bundle in panel.bundles:
        assert [line[0][-1] for line in bundle.seeds] == [100_000.0, 50_000.0]
        assert bundle.middle[0][-1] == 50_000.0 and bundle.ends == ()


def test_end_of_priming_is_found(priming, online):
    assert [panel.acting_from for panel in panels_of(priming(seeds=1, acting=2000))] == [15_000.0] * 2
    assert [panel.acting_from for panel in panels_of(priming(seeds=1))] == [None] * 2
    assert [panel.acting_from for panel in panels_of(online(seeds=1))] == [None] * 2


def test_axis_of_a_priming_run_is_updates(priming, online):
    for run, label in ((priming(seeds=1), "updates"), (online(seeds=1), "env steps")):
        tables = run.tables()
        figure = learning_figure(tables, read_facts(tables))
        assert {axes.get_xlabel() for axes in figure.axes} == {label}


def test_no_legend_runs_over_the_edge(fake_run):
    """One narrow panel, and all that a legend can name."""
    run = fake_run()
    for variant in ("baseline", "ofn", "layernorm"):
        for place in range(3):
            run.add("values", "t", variant, "1", 0, 1000, 10 * place, q_replay_mean=1.0 + place, q_bound=50.0,
                    q_bound_any=90.0, mc_return_mean=2.0)
    tables = run.tables()
    figure = q_figure(tables, read_facts(tables))
    (legend,) = figure.legends
    assert len(legend.get_texts()) == 5
    figure.canvas.draw()
    assert legend.get_window_extent().x0 >= 0.0 and legend.get_window_extent().x1 <= figure.bbox.width


def test_one_panel_per_task_and_utd(online):
    tables = online(seeds=1, utd=("1", "8")).tables()
    titles = [axes.get_title("left") for axes in q_figure(tables, read_facts(tables)).axes]
    assert titles == [f"{quantity}, {task}, UTD {utd}" for quantity in ("mean Q on replay", "Monte-Carlo return")
                      for task in ("cheetah-run", "walker-run") for utd in ("1", "8")]


def lines_of(axes) -> list:
    return [line for line in axes.get_lines() if len(line.get_xdata())]


def test_monte_carlo_returns_have_panels_of_their_own(priming):
    """They were measured at every fourth point; lines pass over the others."""
    tables = priming(seeds=2, every=500, acting=2000, tasks=("quadruped-run",)).tables()
    values, returns = q_figure(tables, read_facts(tables)).axes
    assert [axes.get_title("left") for axes in (values, returns)] == ["mean Q on replay, quadruped-run",
                                                                      "Monte-Carlo return, quadruped-run"]
    measured = {tuple(line.get_xdata()) for line in lines_of(returns) if to_hex(line.get_color()) != "#000000"}
    steps = [*range(0, 15_001, 2_000), 16_000]
    assert {x for xs in measured if len(xs) > 2 for x in xs} == {float(step) for step in steps if step != 15_000}
    assert all(not math.isnan(y) for line in lines_of(returns) for y in line.get_ydata())
    assert values.get_xlim() == returns.get_xlim()
    for axes in (values, returns):  # the line where the policy acts is at its place in both
        assert 15_000.0 in [line.get_xdata()[0] for line in lines_of(axes) if list(line.get_ydata()) == [0, 1]]


def test_without_monte_carlo_returns_no_panel_is_empty(fake_run):
    run = fake_run(variants=("baseline",))
    for place in range(3):
        run.add("values", "t", "baseline", "1", 0, 1000, 10 * place, q_replay_mean=1.0 + place)
    tables = run.tables()
    (axes,) = q_figure(tables, read_facts(tables)).axes
    assert axes.get_ylabel() == "mean Q on replay" and axes.get_title("left") == "t"


def test_panels_side_by_side_share_their_range(fake_run):
    run = fake_run(variants=("baseline",), seeds=(0,))
    for task, top, last in (("cheetah-run", 900.0, 40), ("hopper-hop", 3.0, 20)):
        for place in range(0, last + 1, 10):
            at = (task, "baseline", "1", 0, place, place)
            run.add("scores", *at, return_mean=top * place / last)
            run.add("values", *at, q_replay_mean=top * place / last)
    tables = run.tables()
    for figure in (learning_figure(tables, read_facts(tables)), q_figure(tables, read_facts(tables))):
        first, second = figure.axes
        assert first.get_ylim() == second.get_ylim() and first.get_ylim()[1] >= 900.0
        assert first.get_xlim() == second.get_xlim() and first.get_xlim()[1] >= 40.0


def test_updates_of_other_utds_have_a_range_of_their_own(online):
    tables = online(seeds=1, utd=("1", "8")).tables()
    axes = q_figure(tables, read_facts(tables)).axes
    ends = {one.get_title("left").rpartition(" ")[2]: one.get_xlim()[1] for one in axes}
    assert 80_000 < ends["1"] < 110_000 and ends["8"] > 700_000


@pytest.mark.parametrize(("points", "dots", "line"), [(1, True, False), (2, True, False), (3, True, True),
                                                      (8, True, True), (9, False, True)])
def test_two_points_are_dots_and_medians_lie_above_the_lanes(fake_run, points, dots, line):
    run = fake_run(variants=("ofn",), seeds=(0, 1))
    for seed in run.seeds:
        for place in range(points):
            run.add("scores", "t", "ofn", "1", seed, 10 * place, 10 * place, return_mean=float(place + seed))
    tables = run.tables()
    (axes,) = learning_figure(tables, read_facts(tables)).axes
    *seeds, middle = lines_of(axes)
    assert len(seeds) == 2 and middle.get_zorder() > max(one.get_zorder() for one in seeds)
    assert (middle.get_marker() == "o") == dots and (middle.get_linestyle() == "-") == line
    assert all((one.get_marker() == "o") == (not line) and (one.get_linestyle() == "-") == line for one in seeds)
    assert {one.get_color() for one in (*seeds, middle)} == {BLUE}


def test_huge_negative_and_absent_values_are_drawn(fake_run):
    run = fake_run(seeds=(0,))
    for update, q in enumerate((-1e9, 0.0, 3e38, math.inf, math.nan)):
        run.add("values", "t", "baseline", "1", 0, 1000, update, q_replay_mean=q)
    tables = run.tables()
    (axes,) = q_figure(tables, read_facts(tables)).axes
    assert axes.get_ylim()[0] < -1e9 and axes.get_ylim()[1] > 3e38
    assert render(axes.figure, "png").startswith(b"\x89PNG")


def test_nothing_to_draw_is_no_figure(fake_run):
    run = fake_run()
    run.add("values", "t", "baseline", "1", 0, 0, 0, q_replay_mean=math.nan)
    for tables in (fake_run().tables(), run.tables()):
        assert learning_figure(tables, read_facts(tables)) is None
        assert q_figure(tables, read_facts(tables)) is None


def test_equal_tables_give_equal_svg_without_a_date(priming):
    files = []
    for _ in range(2):
        tables = priming(seeds=2, every=1000).tables()
        files.append(render(q_figure(tables, read_facts(tables)), "svg"))
    assert files[0] == files[1]
    assert b"dc:date" not in files[0]


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.5, 40.0, [1, 10, 100]),
        (-0.1, 1e3, [0, 1, 10, 100, 1000]),
        (-20.0, 5.0, [-100, -10, -1, 0, 1, 10]),
    ],
)
def test_ticks_are_decades(low, high, ticks):
    assert decade_ticks(low, high) == ticks


def test_a_name_is_no_formula(fake_run):
    run = fake_run(suite="a$x^$b", tasks=("cheetah-run", "walker-run", "x$y$"), variants=("sac_$1_$2", r"$\foo$"))
    for task in run.tasks:
        for variant in run.variants:
            for seed in (0, 1):
                for step in (0, 10):
                    run.add("scores", task, variant, "1", seed, step, step, return_mean=float(seed + step))
    evidence = weigh(run.tables(), None)
    for figure in (learning_figure(evidence.tables, evidence.facts),
                   overall_figure(evidence.tables, evidence.facts, evidence.overall)):
        assert render(figure, "svg")


def test_ticks_stay_few_over_many_decades():
    assert len(decade_ticks(-1e30, 1e38)) <= 12


def test_labels():
    assert [decade_label(v) for v in (0, 1, 1000, 1e7, -1e5)] == ["0", "1", "1,000", "$10^{7}$", "$-10^{5}$"]
    assert [short_count(v) for v in (0, 500, 20_000, 2_560_000)] == ["0", "500", "20k", "2.56M"]
