"""The two pictures of a run: learning curves, and Q against its bounds.

Drawn without pyplot and without a display, so that nothing global changes; the SVG of the same tables is the
same bytes every time.
"""

from __future__ import annotations

import io
import math
import statistics
from collections.abc import Mapping
from typing import TYPE_CHECKING

from divbench.report.bounds import ANY, BOUND
from divbench.report.curves import Panel, bound_entries, draw_bounds, finite_range, make_panels
from divbench.report.facts import Facts
from divbench.report.series import sound_cells
from divbench.report.sheet import draw_bundle, make_sheet
from divbench.report.style import RC, as_it_is, magnitude_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from divbench.records.tables import Tables

FORMATS = ("png", "svg")
Q_COLUMNS = {"q_replay_mean": "mean Q on replay", "mc_return_mean": "Monte-Carlo return"}


def learning_figure(tables: Tables, facts: Facts) -> Figure | None:
    """Return against env steps, or updates in a priming run; a panel per task and UTD. None if no score."""
    cells = sound_cells(tables, "scores", ("return_mean",), facts.order)
    panels = make_panels(cells, "return_mean", as_it_is(facts.metric), by_updates=facts.primes)
    if finite_range(panels) is None:
        return None

    def draw(axes: Axes, panel: Panel, look: Mapping[str, dict]) -> None:
        for bundle in panel.bundles:
            draw_bundle(axes, bundle, look[bundle.variant])
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))

    return make_sheet(panels, facts, draw, title="Learning curves", middle="mean",
                      x_label="updates" if facts.primes else "env steps")


def q_figure(tables: Tables, facts: Facts) -> Figure | None:
    """Mean Q on replay against updates, with its bounds, and Monte-Carlo returns in panels of their own. None without
    measurements."""
    cells = sound_cells(tables, "values", (*Q_COLUMNS, BOUND, ANY), facts.order)
    panels: dict[str, list[Panel]] = {}
    for column, quantity in Q_COLUMNS.items():
        found = make_panels(cells, column, quantity, by_updates=True, middle=statistics.median,
                            sparse=column != "q_replay_mean")
        if any(math.isfinite(y) for panel in found for bundle in panel.bundles for _, ys in bundle.seeds for y in ys):
            panels[quantity] = found
    limits = {quantity: ends for quantity, found in panels.items() if (ends := finite_range(found)) is not None}
    if not limits:
        return None

    def draw(axes: Axes, panel: Panel, look: Mapping[str, dict]) -> None:
        for bundle in panel.bundles:
            draw_bundle(axes, bundle, look[bundle.variant])
        draw_bounds(axes, panel)
        magnitude_axis(axes, *limits[panel.quantity])

    drawn = [panel for found in panels.values() for panel in found]
    return make_sheet(drawn, facts, draw, title="Q values", middle="median", x_label="updates",
                      extra=bound_entries(drawn))


def render(figure: Figure, kind: str) -> bytes:
    """A figure as a `png` or `svg` file, without dates, at a resolution fit for a page."""
    import matplotlib

    metadata = {"Date": None, "Creator": "divbench"} if kind == "svg" else {"Software": "divbench"}
    content = io.BytesIO()
    with matplotlib.rc_context(RC):
        figure.savefig(content, format=kind, dpi=160, metadata=metadata)
    return content.getvalue()
