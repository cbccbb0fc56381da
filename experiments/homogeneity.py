"""`divbench reproduce homogeneity`: does a ReLU critic without biases scale as the theory of its divergence supposes?

Nothing is trained. All parameters are multiplied by lambda = 1, 2, 4, 8; Q, its gradient and its kernel must then grow
as lambda to the L, L - 1 and 2 (L - 1), L the number of weight layers, one more than the hidden ones. Full: ten critics
of each depth from one to four hidden layers of 64 units, on 64 rails-random points of halfcheetah; a minute on
two CPU cores.

The rule, written before anything was measured on this task: for each of the three, the median over initialisations of
the difference between exponent and law, largest of the depths, is below 0.001, with all of its interval.
Reported without deciding: how far critics with biases, and with tanh and sin, are from any power law.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from divbench.experiments.experiment import Comparison, Measured, MeasuredExperiment, Outcome, conclude
from divbench.statistics.medians import worst_median_test
from divbench.studies.ntk.request import DEPTHS, PUBLISHED_WIDTH

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TASK = "halfcheetah"
POINTS, INITIALISATIONS = {"quick": 32, "full": 64}, {"quick": 8, "full": 10}
HOMOGENEOUS, TOLERANCE = "relu", 1e-3
SAID = {"output": "Q", "gradient": "its gradient", "kernel": "its kernel"}
HEADER = ("critic", "weight layers", "Q", "gradient", "kernel", "law", "departure from any power")


def measure(scale: str, physics: str, tell: Callable[[str], None]) -> Measured:
    """Exponents of every critic."""
    from divbench.studies.homogeneity import measure_homogeneity
    from divbench.studies.ntk.measuring import card

    rows = measure_homogeneity(TASK, PUBLISHED_WIDTH, DEPTHS, INITIALISATIONS[scale], POINTS[scale], physics, tell)
    return Measured(rows, INITIALISATIONS[scale], card((TASK,), physics), HEADER, summary(rows))


def describe(scale: str) -> str:
    return (f"exponents of {INITIALISATIONS[scale]} critics of each kind and depth on {POINTS[scale]} points of "
            f"{TASK}; {PUBLISHED_WIDTH} units, hidden layers {', '.join(map(str, DEPTHS))}")


def decide(measured: Measured) -> Outcome:
    rows = measured.rows
    return conclude(*(deviation(rows, name) for name in SAID), context=tuple(
        f"{critic}: largest departure of log(size) from a power law {max(row.departure for row in own):.2g}"
        for critic, own in _cells(rows, "critic").items()))


def deviation(rows: Sequence, name: str) -> Comparison:
    """Largest |exponent - law| over depths of the critics that should be homogeneous; claimed below `TOLERANCE`."""
    own = [row for row in rows if row.critic == HOMOGENEOUS]
    strata = [[abs(getattr(row, name) - getattr(row, f"{name}_law")) for row in cell]
              for cell in _cells(own, "layers").values()]
    found = worst_median_test(strata, "largest", threshold=TOLERANCE, each="initialisations", groups="depths")
    return Comparison.of(f"difference of the exponent of {SAID[name]} from the law's, largest of the depths", found,
                         TOLERANCE, "below")


def summary(rows: Sequence) -> list[tuple[str, ...]]:
    """Ranges of the exponents over initialisations."""
    found = []
    for (critic, layers), own in _cells(rows, "critic", "layers").items():
        ranges = [f"{min(getattr(row, name) for row in own):.3f} to {max(getattr(row, name) for row in own):.3f}"
                  for name in SAID]
        law = ", ".join(f"{getattr(own[0], f'{name}_law'):.0f}" for name in SAID)
        found.append((critic, str(layers), *ranges, law, f"{max(row.departure for row in own):.2g}"))
    return found


def figure(measured: Measured) -> Figure:
    """Exponents by weight layers, a panel for each of the three; kinds of critics side by side, the law behind them."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from divbench.report.colours import GREY, ORANGE
    from divbench.report.style import RC
    from divbench.studies.ntk.figures import COLOURS

    kinds = _cells(measured.rows, "critic")
    width, height = 10.2, 4.4
    with matplotlib.rc_context(RC):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        figure.set_layout_engine("constrained", rect=(0, 0.4 / height, 1, 1 - 1.1 / height), w_pad=0.08)
        panels = figure.subplots(1, len(SAID), sharey=True)
        for axes, (name, said) in zip(panels, SAID.items(), strict=True):
            axes.set_title(said, loc="left")
            for place, (critic, own) in enumerate(kinds.items()):
                shift = 0.18 * (place - (len(kinds) - 1) / 2)
                axes.plot([row.layers + shift for row in own], [getattr(row, name) for row in own], marker="o",
                          markersize=4, linestyle="", color=COLOURS.get(critic, ORANGE), alpha=0.7, label=critic)
            laws = {row.layers: getattr(row, f"{name}_law") for row in measured.rows}
            for layers, law in laws.items():
                axes.plot([layers - 0.4, layers + 0.4], [law, law], color=GREY, linestyle="--", linewidth=1.2,
                          zorder=1, label="homogeneous" if layers == min(laws) else "_")
            axes.set_xticks(list(laws))
            axes.grid(False, axis="x")
            axes.set_xlabel("weight layers")
        panels[0].set_ylabel("exponent of lambda")
        figure.text(0.12 / width, 1 - 0.12 / height, "Growth with the scale of the parameters", ha="left", va="top",
                    fontsize=13, fontweight="bold")
        line = f"{measured.draws} initialisations, {PUBLISHED_WIDTH} units a layer, points of {TASK}"
        figure.text(0.12 / width, 1 - 0.40 / height, line, ha="left", va="top", fontsize=9, color=GREY)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="lower center", ncol=len(labels), bbox_to_anchor=(0.5, 0.02 / height))
    return figure


def _cells(rows: Sequence, *names: str) -> dict:
    """Rows by the values of some columns; by the value itself where it is one."""
    found: dict = {}
    for row in rows:
        key = tuple(getattr(row, name) for name in names)
        found.setdefault(key if len(names) > 1 else key[0], []).append(row)
    return found


EXPERIMENT = MeasuredExperiment(
    name="homogeneity",
    claim="With all parameters of a ReLU critic of L weight layers without biases times lambda, Q is lambda^L times as "
          "large, its gradient lambda^(L-1) and its kernel lambda^(2(L-1)).",
    source="Yue et al., 2310.04411, lemma 1",
    kind="kernel",
    tasks=(TASK,),
    measure=measure,
    describe=describe,
    quick_shows="Eight critics of each kind and depth in place of ten, 32 points in place of 64: the law is exact, so "
                "that what the full scale shows is seen here too.",
    decide=decide,
    figure=figure,
    took={"quick": 1, "full": 1},
)
