"""What the pictures hold: which lines, which ticks, and that equal tables give equal files."""

import math
import statistics

import pytest

from divbench.report.curves import make_panels
from divbench.report.evidence import weigh
from divbench.report.facts import read_facts
from divbench.report.figures import learning_figure, q_figure, render
from divbench.report.overall_figure import overall_figure
from divbench.report.series import read_cells
from divbench.report.style import decade_label, decade_ticks, looks, short_count


def panels_of(run, column="q_replay_mean", **options):
    options = {"by_updates": True, "middle": statistics.median, **options}
    table = run.tables().values if column != "return_mean" else run.tables().scores
    return make_panels(read_cells(table, (column, "q_bound")), (column,), **options)


def test_middle_line_stops_where_a_lane_is_no_longer_finite(fake_run):
    run = fake_run()
    for seed, series in enumerate(((1.0, 2.0, 3.0), (3.0, 8.0, math.nan))):
        for place, q in enumerate(series):
            run.add(
                "values", "t", "baseline", "1", seed, 1000, 10 * place, q_replay_mean=q, q_bound=50.0 + seed
            )
    (panel,) = panels_of(run)
    (bundle,) = panel.bundles["q_replay_mean"]
    assert bundle.middle == ([0.0, 10.0], [2.0, 5.0])
    assert bundle.ends == ((10.0, 8.0),)
    assert panel.bound == ([0.0, 10.0, 20.0], [51.0, 51.0, 51.0])


def test_middle_line_of_a_growing_run_ends_with_the_shortest_lane(online):
    (panel,) = panels_of(online(seeds=2, tasks=("cheetah-run",), upto=0.5), "return_mean", by_updates=False)
    for bundle in panel.bundles["return_mean"]:
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
    assert len(legend.get_texts()) == 6
    figure.canvas.draw()
    assert legend.get_window_extent().x0 >= 0.0 and legend.get_window_extent().x1 <= figure.bbox.width


def test_one_panel_per_task_and_utd(online):
    tables = online(seeds=1, utd=("1", "8")).tables()
    titles = [axes.get_title("left") for axes in q_figure(tables, read_facts(tables)).axes]
    assert titles == [f"{task}, UTD {utd}" for task in ("cheetah-run", "walker-run") for utd in ("1", "8")]


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


def test_variants_look_different_and_built_in_ones_always_the_same():
    names = ("reset", "ofn", "baseline", *(f"reset-{k}-updates" for k in range(1, 9)), "layernorm",
             *(f"dropout=0.0{k}" for k in range(10, 26)))
    chosen = looks(names)
    assert len({(look["color"], str(look["linestyle"])) for look in chosen.values()}) == len(names)
    assert looks(("ofn",))["ofn"] == chosen["ofn"]
