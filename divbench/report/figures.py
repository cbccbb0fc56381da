"""The two pictures of a run: learning curves, and Q against its bounds.

Drawn without pyplot and without a display, so that nothing global changes; the SVG of the same tables is the
same bytes every time.
"""

from __future__ import annotations

import io
import statistics

from divbench.report.bounds import ANY, BOUND
from divbench.report.curves import Panel, bound_entries, draw_bounds, finite_range, make_panels
from divbench.report.facts import Facts
from divbench.report.series import sound_cells
from divbench.report.sheet import draw_bundle, make_sheet
from divbench.report.style import GREY, RC, as_it_is, magnitude_axis

FORMATS = ("png", "svg")
RETURN = {"linestyle": ":", "linewidth": 1.4}


def learning_figure(tables, facts: Facts):
    """Return against env steps, or updates in a priming run; a panel per task and UTD. None if no score."""
    cells = sound_cells(tables, "scores", ("return_mean",), facts.order)
    panels = make_panels(cells, ("return_mean",), by_updates=facts.primes)
    if not panels or finite_range(panels, ("return_mean",)) is None:
        return None

    def draw(axes, panel: Panel, look: dict) -> None:
        for bundle in panel.bundles["return_mean"]:
            draw_bundle(axes, bundle, look[bundle.variant])
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))

    return make_sheet(
        panels,
        facts,
        draw,
        title="Learning curves",
        y_label=as_it_is(facts.metric),
        middle="mean",
        x_label="updates" if facts.primes else "env steps",
        share_y=False,
        extra=(),
    )


def q_figure(tables, facts: Facts):
    """Mean Q on replay against updates, with its bounds and Monte-Carlo return. None without measurements."""
    columns = ("q_replay_mean", "mc_return_mean")
    cells = sound_cells(tables, "values", (*columns, BOUND, ANY), facts.order)
    panels = make_panels(cells, columns, by_updates=True, middle=statistics.median)
    limits = finite_range(panels, columns)
    if limits is None:
        return None

    def draw(axes, panel: Panel, look: dict) -> None:
        for bundle in panel.bundles["mc_return_mean"]:
            axes.plot(*bundle.middle, color=look[bundle.variant]["color"], zorder=2, **RETURN)
        for bundle in panel.bundles["q_replay_mean"]:
            draw_bundle(axes, bundle, look[bundle.variant])
        draw_bounds(axes, panel)
        magnitude_axis(axes, *limits)

    extra = list(bound_entries(panels))
    if any(bundle.middle[0] for panel in panels for bundle in panel.bundles["mc_return_mean"]):
        extra.append(("Monte-Carlo return", {"color": GREY, **RETURN}))
    return make_sheet(
        panels,
        facts,
        draw,
        title="Q values",
        y_label="mean Q on replay",
        middle="median",
        x_label="updates",
        share_y=True,
        extra=tuple(extra),
    )


def render(figure, kind: str) -> bytes:
    """A figure as a `png` or `svg` file, without dates, at a resolution fit for a page."""
    import matplotlib

    metadata = {"Date": None, "Creator": "divbench"} if kind == "svg" else {"Software": "divbench"}
    content = io.BytesIO()
    with matplotlib.rc_context(RC):
        figure.savefig(content, format=kind, dpi=160, metadata=metadata)
    return content.getvalue()
