"""`divbench reproduce seem-gamma`: does the sign of SEEM tell lanes that diverge from lanes that do not?

Offline TD3 without a constraint on its policy, targets copied, on one dataset; the lanes differ in gamma and seed.
Full: walker2d's medium-expert set, gamma as published (Yue et al. find the split between 0.927 and 0.928), 1M updates,
ten seeds. Quick, half an hour on two CPU cores: such a set of divbench's own agents, 8,000 updates, six seeds. Ten
gammas.

The rule: a lane is foretold to diverge if normalised SEEM of its last measurement is above `POSITIVE`. The share of
lanes that ended as foretold must be above 0.8, with all of its exact interval; nothing is decided unless at least
`FEWEST` lanes ended diverged and as many did not. A lane that left its bounds and came back did not end diverged.

A first rule counted such a lane as diverged, and had gammas from 0.8 to 0.99, chosen after one lane each of seed 0.
Its outcome is kept in results/claims/first-rule: inconclusive, with six lanes too few that did not diverge. SEEM was
above 0 in 30 lanes of seeds 100 to 103, all of which had diverged; of the ten others six had not and four had come
back. What SEEM at the end can tell is how a lane ends. This rule and its gammas were written after that, and are
decided on other lanes, of seeds 200 to 203.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from divbench.experiments.evidence import SEEM
from divbench.experiments.experiment import Arm, Comparison, Experiment, Outcome, conclude
from divbench.experiments.offline import COPIED, offline, own_dataset, variant_of
from divbench.statistics.shares import share_test

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from divbench.experiments.evidence import ArmLane, Evidence

TASK, LEVEL = "walker2d", "medium-expert"
GAMMAS = {"quick": (0.6, 0.7, 0.75, 0.8, 0.83, 0.85, 0.87, 0.89, 0.92, 0.95),
          "full": (0.0, 0.92, 0.925, 0.926, 0.927, 0.928, 0.929, 0.93, 0.95, 0.99)}
SEEDS_FROM = 200
POSITIVE = 1e-4  # thrice the resolution of 256 points in float32
FEWEST = 8
RIGHT = 0.8


def datasets(scale: str) -> tuple:
    return (own_dataset(scale, TASK, LEVEL),)


def runs(scale: str) -> tuple[Arm, ...]:
    own = {"prime_updates": 8_000, "eval_every": 8_000, "eval_episodes": 1} if scale == "quick" else {}
    own["seed_start"] = SEEDS_FROM
    return tuple(offline(scale, f"gamma {gamma:g}", variant_of(COPIED, f"gamma={gamma:g}"), TASK, LEVEL,
                         diagnose="ntk,seem", **own) for gamma in GAMMAS[scale])


def ended_diverged(lane: ArmLane) -> bool:
    """Whether Q was beyond its bounds, or not finite, at the end."""
    return lane.diverged and lane.verdict != "recovered"


def confusion(evidence: Evidence) -> dict[tuple[bool, bool], int]:
    """How many judged lanes with a measurement there are, by (foretold, ended diverged)."""
    counts = {(foretold, diverged): 0 for foretold in (True, False) for diverged in (True, False)}
    for lane in evidence.lanes:
        if lane.judged and (last := lane.last(SEEM)) is not None:
            counts[last > POSITIVE, ended_diverged(lane)] += 1
    return counts


def decide(evidence: Evidence) -> Outcome:
    counts = confusion(evidence)
    right, total = counts[True, True] + counts[False, False], sum(counts.values())
    what = "share of lanes that ended as the sign of SEEM says"
    both = min(sum(count for (_, diverged), count in counts.items() if diverged == kind) for kind in (True, False))
    found = share_test(right, total, threshold=RIGHT)
    decides = (Comparison.of(what, found, RIGHT) if both >= FEWEST
               else Comparison.undecided(what, found.estimate.effect, RIGHT))
    words = {(True, True): "SEEM above 0, ended diverged", (True, False): "SEEM above 0, did not",
             (False, True): "SEEM not above 0, ended diverged", (False, False): "SEEM not above 0, did not"}
    back = sum(lane.verdict == "recovered" for lane in evidence.lanes if lane.judged)
    return conclude(decides, context=(*(f"{words[kind]}: {count} of {total} lanes" for kind, count in counts.items()),
                             f"left their bounds and came back: {back} lanes"))


def figure(evidence: Evidence) -> Figure:
    from divbench.experiments.seem_figures import seem_by_arm

    return seem_by_arm(evidence, POSITIVE, ended_diverged, "SEEM and how lanes ended, by gamma")


EXPERIMENT = Experiment(
    name="seem-gamma",
    claim="The sign of SEEM separates lanes that diverge from lanes that converge, gamma by gamma.",
    source="Yue et al., 2310.04411, section 3 and the figure on prediction",
    kind="offline",
    datasets=datasets,
    runs=runs,
    quick_shows="Ten gammas around the split of divbench's own set, six seeds, 8,000 updates in place of 1M. SEEM of "
                "256 points in place of 2,560. Lanes that would diverge later count as lanes that do not.",
    decide=decide,
    figure=figure,
)
