"""`divbench reproduce theorem-2`: does Q iteration through a kernel converge wherever the modulus is below 1?

Theorem 2 is proven; what is put to the test is that the modulus computed here is the one it speaks of, and how much it
leaves undecided. U Q = Q + alpha K D_rho (T* Q - Q) is iterated from a random Q on random processes of six states and
three actions, with discounts from 0.3 to 0.95, whose Q* is known to rounding. Kernels are of random features, of relu
networks as they are drawn, and of such networks after a DQN has learned from the process; of each a random share off
the diagonal is left, so that the modulus lies on either side of 1. Quick: 300 processes with each kind of kernel;
full: 2,000. A minute on two CPU cores, the full scale three.

The rule, written before any of these processes was iterated. An iteration with a modulus below 1 violates the theorem
if its error in the sup norm ever shrinks by less than the modulus, by more than rounding (1e-9), or is not within 1e-6
of what it was at first where 20,000 steps suffice by the modulus. Decided are the number of violations, which must be
none of at least 200 iterations (a count, so that its interval is itself); and for a process constructed to
diverge, with discounts above 5/6, the smallest growth of the error, above 0, while its modulus is above 1.
Reported without deciding: how the iterations with a modulus above 1 end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log10
from statistics import median
from typing import TYPE_CHECKING, Any

from divbench.experiments.experiment import Comparison, Measured, MeasuredExperiment, Outcome, conclude

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DRAWS, STEPS = {"quick": 300, "full": 2_000}, 20_000
FEWEST = 200  # iterations with a modulus below 1
ROUNDING, REACHED, FAR = 1e-9, 1e-6, 1e12
CRITICAL = 5.0 / 6.0  # discount above which the constructed example diverges
CONSTRUCTED = "constructed"
HEADER = ("kernel", "modulus", "processes", "converged", "diverged", "neither", "largest excess over the modulus")


def measure(scale: str, physics: str, tell: Callable[[str], None]) -> Measured:
    """Iterate on all processes."""
    from divbench.studies.contraction import measure_contraction
    from divbench.studies.ntk.measuring import card

    rows = measure_contraction(DRAWS[scale], STEPS, tell)
    return Measured(rows, DRAWS[scale], card((), physics), HEADER, summary(rows))


def describe(scale: str) -> str:
    return (f"Q iteration through kernels of three kinds on {DRAWS[scale]} random processes each, at most {STEPS:,} "
            "steps; and on an example constructed to diverge")


def fate(row: Any) -> str:
    """`converged`, `diverged`, or `neither` within the steps given."""
    return "converged" if row.error <= REACHED else "diverged" if not row.error <= FAR else "neither"


def violates(row: Any) -> bool:
    """Whether an iteration with a modulus below 1 went as the theorem says it cannot."""
    enough = row.modulus**STEPS < REACHED
    return row.modulus < 1.0 and (not row.excess <= ROUNDING or (enough and fate(row) != "converged"))


def decide(measured: Measured) -> Outcome:
    drawn = [row for row in measured.rows if row.kernel != CONSTRUCTED]
    below = [row for row in drawn if row.modulus < 1.0]
    violations = float(sum(map(violates, below)))
    what = f"violations of the theorem among {len(below)} iterations with a modulus below 1"
    enough = len(below) >= FEWEST or violations
    grown = [log10(row.error) for row in measured.rows if row.kernel == CONSTRUCTED and row.gamma > CRITICAL
             and row.modulus > 1.0]
    least = min(grown, default=None)
    return conclude(
        (Comparison.fact if enough else Comparison.undecided)(what, violations, 0.5, "below"),
        Comparison.fact("log10 of the growth of the error in the constructed example, discounts above 5/6, smallest",
                        least, 0.0),
        context=_told(measured.rows, drawn, below))


def _told(rows: Sequence, drawn: Sequence, below: Sequence) -> tuple[str, ...]:
    above = [row for row in drawn if not row.modulus < 1.0]
    diverged = [row for row in above if fate(row) == "diverged"]
    lines = [f"modulus above 1: {len(above)} processes, of which {sum(fate(row) == 'converged' for row in above)} "
             f"converged all the same and {len(diverged)} diverged"
             + (f", the smallest modulus of these {min(row.modulus for row in diverged):.3g}" if diverged else "")]
    if below:
        lines.append(f"modulus below 1: both published conditions hold in {sum(row.conditions for row in below)} of "
                     f"{len(below)}; -log of the error's ratio from step to step is "
                     f"{median(log10(row.rate) / log10(row.modulus) for row in below):.3g} times that of the modulus "
                     "(median): so much faster than promised")
    lines += [f"constructed example, gamma {row.gamma:g}: modulus {row.modulus:.3f}, {fate(row)}; the error's ratio "
              f"from step to step {row.rate:.6f}, by the closed form {1.0 + row.alpha * (3.0 * row.gamma - 2.5):.6f}"
              for row in rows if row.kernel == CONSTRUCTED]
    return tuple(lines)


def summary(rows: Sequence) -> list[tuple[str, ...]]:
    """For each kind of kernel the outcome of the iterations on either side of 1."""
    found = []
    for kernel in dict.fromkeys(row.kernel for row in rows):
        for side, own in (("below 1", [row for row in rows if row.kernel == kernel and row.modulus < 1.0]),
                          ("1 or more", [row for row in rows if row.kernel == kernel and not row.modulus < 1.0])):
            if own:
                fates = [fate(row) for row in own]
                found.append((kernel, side, str(len(own)), *(str(fates.count(name)) for name in
                                                             ("converged", "diverged", "neither")),
                              f"{max(row.excess for row in own):.2g}"))
    return found


def figure(measured: Measured) -> Figure:
    """The error's ratio from step to step beside the modulus, of every iteration; and fates by modulus."""
    from divbench.report.toy_figures import contraction_figure

    return contraction_figure([(row.kernel, row.modulus, row.rate, fate(row)) for row in measured.rows],
                              f"{measured.draws} random processes with each kind of kernel, at most {STEPS:,} steps")


EXPERIMENT = MeasuredExperiment(
    name="theorem-2",
    claim="Q iteration through a kernel converges to Q* on every finite process where the modulus of Theorem 2 is "
          "below 1, and may diverge where it is above.",
    source="Achiam et al., 1903.08894, theorem 2",
    kind="kernel",
    tasks=(),
    measure=measure,
    describe=describe,
    quick_shows="300 processes with each kind of kernel in place of 2,000: a bound that is wrong in fewer than one of "
                "hundred cases may go unseen.",
    decide=decide,
    figure=figure,
    took={"quick": 1, "full": 3},
)
