"""`divbench reproduce critical-point`: does the architecture set when policy and kernel come to rest, or the weights
drawn?

An open question of SEEM's study: why there is a critical point, from which on the policy's actions and the direction of
the kernel hardly change. Quick, fifteen minutes on two CPU cores: offline TD3 with copied targets on a medium-replay
set of walker2d of divbench's own agents, networks of two layers of 64 or 256 units, weights orthogonal or fan-in-scaled
normal, 3,000 updates measured every 50, six seeds. Full: three tasks, 20,000 updates, ten seeds.

The rule, written before any of these lanes was trained: log10 of the critical point's update differs more between
widths than between ways of drawing weights, with all of the interval of the difference of both sizes. Lanes without a
critical point do not count; which have none is told.
"""

from __future__ import annotations

import math
import statistics

from divbench.experiments.evidence import SEEM
from divbench.experiments.experiment import Arm, Comparison, Experiment, Outcome, conclude
from divbench.experiments.offline import COPIED, replay_arms, replay_datasets
from divbench.spec.settings import SACSettings, with_values
from divbench.statistics.bootstrap import LEAST_SEEDS, percentiles
from divbench.statistics.intervals import DRAWS, SEED

WIDTHS, DRAWN = (64, 256), {"orthogonal": "orthogonal", "fan-in normal": "lecun_normal"}


def runs(scale: str) -> tuple[Arm, ...]:
    own: dict = {"prime_updates": 20_000, "measure_every": 50}
    if scale == "quick":
        own |= {"seeds": 6, "prime_updates": 3_000, "eval_every": 3_000, "eval_episodes": 1}
    return tuple(
        one for width in WIDTHS for how, initialisation in DRAWN.items()
        for one in replay_arms(scale, {arm(width, how): COPIED}, **own, sac=with_values(
            SACSettings(), {"hidden": (width, width), "initialisation": initialisation})))


def arm(width: int, how: str) -> str:
    return f"{width} units, {how}"


def log_critical(lane) -> float | None:
    """log10 of the update of the lane's critical point."""
    return math.log10(max(lane.critical, 1)) if lane.critical is not None else None


def decide(evidence) -> Outcome:
    what = "log10 of the critical point's update, difference between widths minus that between ways of drawing weights"
    found = {(width, how): evidence.strata(arm(width, how), log_critical) for width in WIDTHS for how in DRAWN}
    context = tuple(f"{arm(*key)}: median update {10 ** statistics.median(values):.0f}, "
                    f"{len(values)} of {len(evidence.of(arm(*key)))} lanes have a critical point"
                    if (values := [value for stratum in strata for value in stratum]) else
                    f"{arm(*key)}: no lane has a critical point" for key, strata in found.items())
    if any(len(stratum) < LEAST_SEEDS for strata in found.values() for stratum in strata):
        return conclude(Comparison(what, None, None, None, 0.0), context=context)
    return conclude(Comparison(what, *_difference(found), 0.0), context=context)


def _difference(found: dict) -> tuple[float, float, float]:
    """The two sizes' difference, with its percentile bootstrap over the seeds of each arm and task."""
    import numpy as np

    generator = np.random.default_rng(SEED)

    def sizes(means: dict):
        narrow, wide = WIDTHS
        one, other = DRAWN
        by_width = [means[wide, how] - means[narrow, how] for how in DRAWN]
        by_weights = [means[width, other] - means[width, one] for width in WIDTHS]
        return abs(sum(by_width) / len(by_width)) - abs(sum(by_weights) / len(by_weights))

    def drawn(strata):
        return np.mean([generator.choice(stratum, (DRAWS, len(stratum))).mean(1) for stratum in strata], axis=0)

    effect = sizes({key: np.mean([np.mean(stratum) for stratum in strata]) for key, strata in found.items()})
    return float(effect), *percentiles(sizes({key: drawn(strata) for key, strata in found.items()}))


def figure(evidence):
    from divbench.experiments.figures import q_and_metric

    return q_and_metric(evidence, SEEM, "normalised SEEM", "Q and SEEM by width and weights")


EXPERIMENT = Experiment(
    name="critical-point",
    claim="When policy and kernel come to rest depends on the width of the networks more than on how their weights are "
          "drawn.",
    source="an open question of Yue et al., 2310.04411; this reading of it is divbench's",
    kind="offline",
    datasets=replay_datasets,
    runs=runs,
    quick_shows="Two widths, two ways of drawing weights, six seeds, one task, 3,000 updates. Rest is judged from one "
                "measurement to the next, 50 updates apart: other intervals give other points.",
    decide=decide,
    figure=figure,
)
