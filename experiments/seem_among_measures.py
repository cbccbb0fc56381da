"""`divbench reproduce seem-among-measures`: does SEEM tell divergence better than other numbers of the same kernel?

An open question of SEEM's study. The lanes are those of `seem-gamma`, half an hour on two CPU cores; what competes is
the kernel's row ratio, average diagonal (Achiam et al., 1903.08894) and numerical rank, each at the lane's last
measurement, larger taken to mean divergence or smaller, whichever is right more often: an advantage that SEEM does not
get.

The rule, written before any of these lanes was trained: the area under the ROC curve of SEEM minus the largest of the
others', above 0 with all of the bootstrap interval over lanes; no interval below eight lanes that ended diverged and
as many that did not. As with `seem-gamma`, a first rule counted lanes that came back as diverged;
results/claims/first-rule has its outcome (SEEM 0.92, row ratio 0.98, too few lanes to decide).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from divbench.experiments.evidence import KERNEL, SEEM
from divbench.experiments.experiment import Comparison, Experiment, Outcome, conclude
from divbench.experiments.seem_gamma import FEWEST, datasets, ended_diverged, runs
from divbench.statistics.bootstrap import DRAWS, SEED
from divbench.statistics.correlation import by_draws

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

    from divbench.experiments.evidence import Evidence

MEASURES = (SEEM, *KERNEL)
METHOD = "bootstrap over lanes"


def area(scores: np.ndarray, diverged: np.ndarray) -> float:
    """Area under the ROC curve, ties counted half; arrays `[N]`. NaN unless both kinds are there."""
    import numpy as np

    positive, negative = scores[diverged], scores[~diverged]
    if not len(positive) or not len(negative):
        return float("nan")
    difference = positive[:, None] - negative[None, :]
    return float(np.mean((difference > 0) + 0.5 * (difference == 0)))


def advantage(table: Any, diverged: np.ndarray) -> tuple[float, list[float]]:
    """By how much SEEM's area is above the largest of the others, and all areas; table `[N, M]`, SEEM first."""
    areas = [area(table[:, place], diverged) for place in range(table.shape[1])]
    others = [max(value, 1.0 - value) for value in areas[1:]]
    return areas[0] - max(others), [areas[0], *others]


def decide(evidence: Evidence) -> Outcome:
    import numpy as np

    rows = [([lane.last(name) for name in MEASURES], ended_diverged(lane)) for lane in evidence.lanes if lane.judged]
    rows = [(values, diverged) for values, diverged in rows if None not in values]
    what = "area under the ROC curve, SEEM minus the best of the kernel's other numbers"
    if len({diverged for _, diverged in rows}) < 2:
        return conclude(Comparison.undecided(what, None, 0.0))
    table, diverged = np.asarray([values for values, _ in rows]), np.asarray([kind for _, kind in rows])
    effect, areas = advantage(table, diverged)
    enough = min(diverged.sum(), (~diverged).sum()) >= FEWEST
    decides = (Comparison.of(what, by_draws(effect, _drawn(table, diverged), 0.0, METHOD), 0.0) if enough
               else Comparison.undecided(what, effect, 0.0))
    return conclude(decides, context=tuple(f"{name}: area {value:.3f}"
                                           for name, value in zip(MEASURES, areas, strict=True)))


def _drawn(table: Any, diverged: np.ndarray) -> np.ndarray:
    """SEEM's advantage in draws of lanes, `[D]`; those that diverged and those that did not are drawn apart."""
    import numpy as np

    generator = np.random.default_rng(SEED)
    kinds = [np.flatnonzero(diverged), np.flatnonzero(~diverged)]
    found = []
    for _ in range(DRAWS):
        drawn = np.concatenate([generator.choice(kind, len(kind)) for kind in kinds])
        found.append(advantage(table[drawn], diverged[drawn])[0])
    return np.asarray(found)


def figure(evidence: Evidence) -> Figure:
    from divbench.experiments.seem_figures import measures

    return measures(evidence, MEASURES, ended_diverged, "Numbers of the kernel and how lanes ended")


EXPERIMENT = Experiment(
    name="seem-among-measures",
    claim="SEEM tells lanes that diverge from lanes that do not better than the kernel's row ratio, diagonal and rank "
          "do.",
    source="Yue et al., 2310.04411 (an open question there); the other numbers: Achiam et al., 1903.08894",
    kind="offline",
    datasets=datasets,
    runs=runs,
    quick_shows="The lanes of seem-gamma's quick scale, at their last measurement: what tells them apart once it has "
                "happened, not how early.",
    decide=decide,
    figure=figure,
)
