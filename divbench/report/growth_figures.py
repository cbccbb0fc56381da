"""Critics that excite themselves: |Q| over updates with the crash that was foretold, and growth as a power of time.

Drawn from the rows of `divbench.studies.growth`; which forecasts and exponents count is handed in. matplotlib is
imported inside the functions.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from divbench.report.colours import GREY, colour_of, shaded
from divbench.report.sheet import share_limits
from divbench.report.style import RC, short_count

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SGD, ADAM = colour_of("sgd"), colour_of("baseline")  # of critics that learn so, and are plain otherwise
SHOWN = (-0.6, -0.4, -0.2, 0.0, 0.2)  # shades of the lanes of which |Q| is drawn
FITTED = shaded(ADAM, -0.3)
EXACT: dict[str, Any] = {"color": GREY, "linewidth": 1.0}


def crash_figure(rows: Sequence, forecasts: Mapping, close: float, facts: str) -> Figure:
    """|Q| of some lanes; every forecast beside the crash; and the same counted from when it was foretold.

    Args:
      rows: of all lanes.
      forecasts: by lane the row whose forecast counts, or None.
      close: relative error of a forecast that is drawn as a band.
      facts: the line below the title.
    """
    met = sorted((row for row in forecasts.values() if row is not None and row.crash >= 0), key=lambda row: row.crash)
    with canvas(11.4, 4.6, 3, "Crashes of SGD foretold", facts) as (figure, panels):
        curves, whole, left = panels
        last = len(SHOWN) - 1
        places = sorted({round(place * (len(met) - 1) / last) for place in range(len(SHOWN))}) if met else []
        for shade, row in zip(SHOWN, (met[place] for place in places), strict=False):
            colour = shaded(SGD, shade)
            own = [other for other in rows if other.lane == row.lane]
            seen = [other for other in own if row.since <= other.step <= row.step]
            curves.plot([other.step for other in own], [abs(other.q) for other in own], color=colour, linewidth=1.2,
                        alpha=0.7)
            curves.plot([other.step for other in seen], [abs(other.q) for other in seen], color=colour, linewidth=4.0)
            curves.axvline(row.predicted, color=colour, linestyle="--", linewidth=1.0)
        curves.set_yscale("log")
        curves.set_ylim(top=1e12)
        curves.set_xlim(left=0)
        curves.set_title("|Q| of some lanes", loc="left")
        curves.set_xlabel("updates")
        curves.xaxis.set_major_formatter(short_count)
        _beside(whole, [(row.crash, row.predicted) for row in met], close, "crash, updates", "foretold, updates")
        whole.set_title("crash, foretold and seen", loc="left")
        _beside(left, [(row.crash - row.step, row.predicted - row.step) for row in met], None,
                "updates left until the crash", "foretold, updates left")
        left.set_title("counted from the forecast", loc="left")
        legend(figure, [("seen by the forecast", {"color": GREY, "linewidth": 4.0}),
                         ("foretold", {"color": GREY, "linestyle": "--"}),
                         ("met exactly", EXACT),
                         (f"within {close:.0%}", {"color": GREY, "linewidth": 7.0, "alpha": 0.25})])
    return figure


def power_figure(rows: Sequence, counting: Mapping, facts: str) -> Figure:
    """|Q| over updates on two logarithmic axes, a panel for each number of weight layers L, and lines of slope L.

    Args:
      rows: of all lanes.
      counting: by (layers, lane) the last row of those lanes whose exponent counts; the others are drawn grey.
      facts: the line below the title.
    """
    depths = sorted({row.layers for row in rows})
    with canvas(max(7.6, 3.8 * len(depths)), 4.6, len(depths), "Growth under Adam", facts) as (figure, panels):
        for axes, layers in zip(panels, depths, strict=True):
            lanes: dict = {}
            for row in rows:
                if row.layers == layers and row.step > 0:
                    lanes.setdefault(row.lane, []).append(row)
            for lane, own in lanes.items():
                last = counting.get((layers, lane))
                axes.plot([row.step for row in own], [abs(row.q) for row in own], linewidth=1.1,
                          color=GREY if last is None else ADAM, alpha=0.35 if last is None else 0.7,
                          zorder=2 if last is None else 3)
                if last is not None:
                    ends = last.since, last.step
                    axes.plot(ends, [abs(last.q) * (end / last.step) ** last.exponent for end in ends],
                              color=FITTED, linewidth=2.2, alpha=0.8, zorder=4)
            found = [last.exponent for (depth, _), last in counting.items() if depth == layers]
            top = max(abs(row.q) for own in lanes.values() for row in own)
            end = max(row.step for own in lanes.values() for row in own)
            axes.plot([end / 30.0, end], [4.0 * top / 30.0**layers, 4.0 * top], color=GREY, linestyle="--",
                      linewidth=1.2)
            axes.set(xscale="log", yscale="log")
            axes.set_xlim(left=end / 300.0)
            axes.set_ylim(bottom=min(1e-2, top / 300.0**layers))
            said = f"{min(found):.2f} to {max(found):.2f}" if found else "none counts"
            axes.set_title(f"L = {layers}: slopes {said}", loc="left")
            axes.set_xlabel("updates")
        panels[0].set_ylabel("|mean Q|")
        share_limits(panels, ["|mean Q|"] * len(depths), "y")
        legend(figure, [("lanes at rest", {"color": ADAM}), ("fitted", {"color": FITTED, "linewidth": 2.2}),
                         ("other lanes", {"color": GREY, "alpha": 0.5}),
                         ("slope L", {"color": GREY, "linestyle": "--"})])
    return figure


@contextlib.contextmanager
def canvas(width: float, height: float, panels: int, title: str, facts: str) -> Iterator[tuple[Figure, np.ndarray]]:
    """A figure of some panels side by side in the house's style, with title, facts, and room for a legend below."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context(RC):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        figure.set_layout_engine("constrained", rect=(0, 0.4 / height, 1, 1 - 1.1 / height), w_pad=0.08)
        figure.text(0.12 / width, 1 - 0.12 / height, title, ha="left", va="top", fontsize=13, fontweight="bold")
        figure.text(0.12 / width, 1 - 0.40 / height, facts, ha="left", va="top", fontsize=9, color=GREY)
        yield figure, figure.subplots(1, panels, squeeze=False)[0]


def _beside(axes: Axes, pairs: Sequence[tuple[float, float]], close: float | None, across: str, up: str) -> None:
    """Dots on two logarithmic axes with the diagonal, and a band of relative error around it."""
    axes.set(xscale="log", yscale="log", xlabel=across, ylabel=up)
    if not pairs:
        return
    ends = [0.7 * min(x for x, _ in pairs), 1.4 * max(x for x, _ in pairs)]
    if close is not None:
        below, above = ([(1.0 + side * close) * end for end in ends] for side in (-1.0, 1.0))
        axes.fill_between(ends, below, above, color=GREY, alpha=0.25, linewidth=0)
    axes.plot(ends, ends, **EXACT)
    axes.plot([x for x, _ in pairs], [y for _, y in pairs], marker="o", markersize=5, linestyle="", color=SGD,
              markeredgecolor="white", markeredgewidth=0.4)


def legend(figure: Figure, entries: Sequence[tuple[str, dict]]) -> None:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], label=label, **look) for label, look in entries]
    figure.legend(handles=handles, loc="lower center", ncol=len(handles),
                  bbox_to_anchor=(0.5, 0.02 / figure.get_figheight()))
