"""Pictures of the toy claims: Q and SEEM of DQN on the walk, and Q iteration beside the modulus of Theorem 2.

What the lanes and iterations are is said by `divbench.studies.walk` and `divbench.studies.contraction`, what of them
counts is handed in. matplotlib is imported inside the functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from divbench.report.colours import BROWN, GREY, INDIGO, ORANGE, SKY, colour_of
from divbench.report.growth_figures import canvas, legend
from divbench.report.sheet import share_limits
from divbench.report.style import short_count

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NETWORKS = {"plain": colour_of("baseline"), "layernorm": colour_of("layernorm")}
KERNELS = {"features": ORANGE, "network": SKY, "learned": INDIGO, "constructed": BROWN}
BOUND = {"color": "black", "linestyle": "--", "linewidth": 1.2}
FATES = {"converged": "o", "neither": "s", "diverged": "x"}
FLOOR = 1e-6  # of SEEM: what is not above it is drawn on it


def walk_figure(lanes: Mapping[str, Sequence[Sequence]], last: Mapping[str, Mapping[str, Sequence]], excites: float,
                facts: str) -> Figure:
    """|Q| over updates, SEEM over |Q|, and the late SEEM of the lanes of every setting.

    Args:
      lanes: by network, the rows of each lane.
      last: by setting and network, of each lane its late SEEM and whether it crashed.
      excites: SEEM from which on it counts as above 0.
      facts: the line below the title.
    """
    with canvas(11.4, 4.6, 3, "DQN on a walk without reward", facts) as (figure, panels):
        curves, along, ends = panels
        for network, own in lanes.items():
            look = {"color": NETWORKS[network], "linewidth": 1.1, "alpha": 0.65}
            for lane in own:
                curves.plot([max(row.step, 1) for row in lane], [row.largest for row in lane], **look)
                along.plot([row.largest for row in lane], [max(row.seem, FLOOR) for row in lane], **look)
                if lane[0].crash >= 0:
                    curves.plot(lane[-1].step, lane[-1].largest, marker="x", color=GREY, markersize=5, zorder=4)
        curves.set(xscale="log", yscale="log", xlabel="updates")
        curves.xaxis.set_major_formatter(short_count)
        curves.set_title("largest |Q|, until the crash", loc="left")
        along.set(xscale="log", yscale="log", xlabel="largest |Q|")
        along.set_title("normalised SEEM over |Q|", loc="left")
        for place, (_, networks) in enumerate(last.items()):
            for side, (network, found) in zip((-0.18, 0.18), networks.items(), strict=True):
                spread = [place + side + 0.2 * (rank / max(len(found) - 1, 1) - 0.5) for rank in range(len(found))]
                for crashed, marker in ((True, "x"), (False, "o")):
                    chosen = [(x, max(seem, FLOOR)) for x, (seem, fate) in zip(spread, found, strict=True)
                              if fate == crashed]
                    ends.plot([x for x, _ in chosen], [y for _, y in chosen], marker=marker, linestyle="",
                              markersize=4.5, color=NETWORKS[network], alpha=0.8)
        ends.set(yscale="log")
        ends.set_xticks(range(len(last)), [name.replace(" ", "\n") for name in last])
        ends.grid(False, axis="x")
        ends.set_title("late SEEM, by weights and learning rate", loc="left")
        for axes in (along, ends):
            axes.axhline(excites, color=GREY, linestyle="--", linewidth=1.0)
            axes.set_ylim(bottom=FLOOR / 1.6)
        share_limits((along, ends), ("SEEM", "SEEM"), "y")
        legend(figure, [*((name, {"color": colour}) for name, colour in NETWORKS.items()),
                        ("crashed", {"color": GREY, "marker": "x", "linestyle": ""}),
                        ("lives", {"color": GREY, "marker": "o", "linestyle": "", "markersize": 4.5}),
                        (f"SEEM {excites:g}", {"color": GREY, "linestyle": "--"})])
    return figure


def contraction_figure(points: Sequence[tuple[str, float, float, str]], facts: str) -> Figure:
    """The error's mean ratio from step to step over the modulus, near the bound and as a whole.

    Args:
      points: of each iteration the kind of its kernel, modulus, ratio and fate.
      facts: the line below the title.
    """
    from matplotlib.ticker import LogLocator, NullLocator

    with canvas(10.4, 5.0, 2, "Q iteration beside the modulus of Theorem 2", facts) as (figure, panels):
        near, whole = panels
        for axes in panels:
            for kernel, colour in KERNELS.items():
                for fate, marker in FATES.items():
                    own = [(modulus, rate) for kind, modulus, rate, found in points if (kind, found) == (kernel, fate)]
                    axes.plot([modulus for modulus, _ in own], [rate for _, rate in own], linestyle="", marker=marker,
                              markersize=6 if kernel == "constructed" else 3.4, color=colour, alpha=0.7,
                              zorder=4 if kernel == "constructed" else 3)
            axes.axvline(1.0, color=GREY, linewidth=1.0)
            axes.axhline(1.0, color=GREY, linewidth=1.0)
            axes.set_xlabel("modulus")
        near.plot([0.0, 2.0], [0.0, 2.0], **BOUND)
        below = [(modulus, rate) for _, modulus, rate, _ in points if modulus < 1.0]
        start = min((min(pair) for pair in below), default=0.9)
        near.set(xlim=(min((modulus for modulus, _ in below), default=0.9) - 0.02, 1.1), ylim=(start - 0.02, 1.06))
        near.set_ylabel("ratio of the error from step to step")
        near.set_title("modulus below 1, and just above", loc="left")
        whole.set_xscale("log")
        whole.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        whole.xaxis.set_major_formatter(short_count)
        whole.xaxis.set_minor_locator(NullLocator())
        whole.set_title("all; the box is the panel on the left", loc="left")
        (left, right), (bottom, top) = near.get_xlim(), near.get_ylim()
        whole.plot([left, right, right, left, left], [bottom, bottom, top, top, bottom], color=GREY, linewidth=1.0,
                   linestyle=":", zorder=5)
        legend(figure, [*((name, {"color": colour, "marker": "o", "linestyle": "", "markersize": 5})
                          for name, colour in KERNELS.items()),
                        *((name, {"color": GREY, "marker": marker, "linestyle": "", "markersize": 5})
                          for name, marker in FATES.items()),
                        ("the bound", BOUND)])
    return figure
