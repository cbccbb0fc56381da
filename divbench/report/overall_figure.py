"""The picture of all tasks together: the interquartile mean while training, and the profile of returns at the end.

Drawn as `figures` draws: without pyplot, the same bytes for the same tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from divbench.report.counting import count_lanes
from divbench.report.facts import Facts
from divbench.report.layout import coverage_text
from divbench.report.overall import Overall, efficiency_curves, profiles
from divbench.report.series import sound_cells
from divbench.report.style import RC, as_it_is, draw_line, looks, short_count
from divbench.statistics.bootstrap import LEAST_SEEDS
from divbench.statistics.estimates import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from divbench.records.tables import Tables

THRESHOLDS = 101
BAND: dict[str, Any] = {"alpha": 0.15, "linewidth": 0}


def overall_figure(tables: Tables, facts: Facts, result: Overall) -> Figure | None:
    """Both panels for each UTD, with bands of bootstrap intervals; None where there is nothing to put together."""
    if not result.rows:
        return None
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    cells = sound_cells(tables, "scores", ("return_mean",), facts.order)
    cells = count_lanes(cells, finished=tables.card.get("finished") is not None).cells
    ratios = tuple(dict.fromkeys(row.utd for row in result.rows))
    look = looks(tuple(dict.fromkeys(row.variant for row in result.rows)))
    returns = [value for cell, lanes in cells.items() if cell.task in result.tasks
               for series in lanes.values() for value in series.finite("return_mean")]
    floor, ceiling = min([0.0, *returns]), max([result.target, *returns])
    thresholds = [floor + (ceiling - floor) * place / (THRESHOLDS - 1) for place in range(THRESHOLDS)]
    curves, shares = efficiency_curves(cells, result.tasks), profiles(cells, result, thresholds)
    with matplotlib.rc_context(RC):
        legend_rows = -(-sum(len(name) + 8 for name in look) // 100)
        head, foot = 1.05, 0.2 + 0.23 * legend_rows
        height = head + 3.0 * len(ratios) + foot
        figure = Figure(figsize=(8.6, height), layout="constrained")
        FigureCanvasAgg(figure)
        figure.set_layout_engine("constrained", rect=(0, foot / height, 1, 1 - (head + foot) / height), w_pad=0.12,
                                 h_pad=0.08)
        grid = figure.subplots(len(ratios), 2, squeeze=False, sharex="col", sharey="col")
        for (left, right), utd in zip(grid, ratios, strict=True):
            for variant, own in ((name, own) for name, own in look.items() if (name, utd) in curves):
                _line(left, list(curves[variant, utd]), list(curves[variant, utd].values()), own)
                _line(right, thresholds, shares[variant, utd], own)
            left.set_title(f"UTD {utd}" if len(ratios) > 1 else "", loc="left")
            left.set(ylabel=f"interquartile mean of {as_it_is(result.metric)}", xlim=(0, None))
            left.set_ylim(bottom=min(0.0, left.get_ylim()[0]))
            left.xaxis.set_major_locator(MaxNLocator(5, integer=True))
            left.xaxis.set_major_formatter(FuncFormatter(short_count))
            right.set(ylabel="share of lanes above it", xlim=(floor, ceiling), ylim=(0, 1.02))
        grid[-1][0].set_xlabel("env steps")
        grid[-1][1].set_xlabel(as_it_is(result.metric))
        entries = [Line2D([], [], linewidth=2.2, label=as_it_is(name), **own) for name, own in look.items()]
        figure.legend(handles=entries, loc="lower center", ncols=-(-len(entries) // legend_rows))
        bands = {"interquartile mean": [found for curve in curves.values() for found in curve.values()],
                 "share of lanes near one half": [found for profile in shares.values() for found in profile]}
        _headline(figure, facts, result, bands, height)
    return figure


def _line(axes: Axes, xs: list, estimates: list, look: dict) -> None:
    """A line through the estimates that there are, in the band of their intervals."""
    found = [(x, e) for x, e in zip(xs, estimates, strict=True) if e.effect is not None]
    draw_line(axes, [x for x, _ in found], [e.effect for _, e in found], look, dots=True, linewidth=2.2)
    banded = [(x, e.low, e.high) for x, e in found if e.low is not None and e.high is not None]
    if banded:
        places, lows, highs = zip(*banded, strict=True)
        axes.fill_between(places, lows, highs, color=look["color"], **BAND)


def _headline(figure: Figure, facts: Facts, result: Overall, bands: dict[str, list[Estimate]], height: float) -> None:
    drawn = any(found.low is not None for estimates in bands.values() for found in estimates)
    lines = [f"{facts.suite}, {len(result.tasks)} tasks, physics {facts.physics}, {facts.utd_text}, "
             f"{facts.seeds_text}",
             f"network {facts.network}, precision {facts.precision}, action repeat {facts.action_repeat}",
             f"bands: bootstrap over seeds{coverage_text(bands)}" if drawn else
             f"no bands below {LEAST_SEEDS} seeds of a task"]
    figure.text(0.012, 1 - 0.1 / height, "All tasks together", fontsize=14, fontweight="bold", va="top")
    told = as_it_is("\n".join(lines))
    figure.text(0.012, 1 - 0.42 / height, told, fontsize=9, color="#595959", va="top", linespacing=1.5)
