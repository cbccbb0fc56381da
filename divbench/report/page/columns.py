"""Which columns a page can plot: their names for people, their axes, and whether the bound belongs beside them.

What a column means, its formula, unit and source are in `divbench.records.metrics`; its numbers are in `lines`.
"""

from __future__ import annotations

import dataclasses

from divbench.records.metrics import METRICS
from divbench.report import bounds

MAGNITUDE, LOGARITHMIC, LINEAR = "magnitude", "log", "linear"  # of any sign and many decades; positive; neither
# Drawn at their fullest, however many lanes.
MAIN = ("return_mean", "q_replay_mean", "mc_return_mean", "q_bound", "q_bound_any")


@dataclasses.dataclass(frozen=True)
class PlotColumn:
    """A column of `scores` or `values` that can be plotted.

    Attributes:
      name, table: where its numbers are.
      label: what people call it.
      group: the heading under which it is offered.
      axis: `magnitude`, `log` or `linear`.
      bounded: whether the analytic bound is drawn in: the column is a Q-value or what one should be.
    """

    name: str
    table: str
    label: str
    group: str
    axis: str = LINEAR
    bounded: bool = False

    def record(self) -> dict:
        """As JSON values, with formula, unit, meaning and source."""
        metric = METRICS.get(self.name)
        words = {name: getattr(metric, name) for name in ("unit", "formula", "meaning", "source")} if metric else \
            WORDS.get(self.name, {})
        return {**dataclasses.asdict(self), **words}


WORDS = {
    "return_mean": {"unit": "return", "formula": "mean over evaluation episodes of the sum of rewards",
                    "meaning": "Undiscounted return of the deterministic policy.", "source": "divbench"},
    "resets": {"unit": "resets", "formula": "count", "meaning": "Resets of the lane so far.", "source": "divbench"},
}


def _values(group: str, axis: str, bounded: bool = False, **labels: str) -> tuple[PlotColumn, ...]:
    return tuple(PlotColumn(name, "values", label, group, axis, bounded) for name, label in labels.items())


PLOTTED = (
    PlotColumn("return_mean", "scores", "Return", "Score"),
    *_values("Q-values", MAGNITUDE, True,
             q_replay_mean="Mean Q on replay", q_policy_mean="Mean Q on the policy's actions",
             q_random_mean="Mean Q on random actions", q_distant_mean="Mean Q on the most distant actions",
             q_replay_max="Largest |Q| on replay", q_policy_max="Largest |Q| on the policy's actions",
             q_random_max="Largest |Q| on random actions", q_distant_max="Largest |Q| on the most distant actions"),
    *_values("Against the return earned", MAGNITUDE, True,
             mc_return_mean="Monte-Carlo return", mc_q_mean="Mean Q on a rollout",
             mc_q_used="Q that targets use on a rollout"),
    *_values("Against the return earned", MAGNITUDE, mc_bias="Bias: Q minus Monte-Carlo return"),
    *_values("Extrapolation", LINEAR, q_distance_correlation="Correlation of Q with distance from the data"),
    *_values("Losses and gradients", LOGARITHMIC,
             td_loss="TD loss", td_loss_heldout="TD loss, held out", grad_norm="Gradient norm",
             first_moment="First moment", second_moment="Second moment",
             second_moment_head="Second moment of the last layer"),
    *_values("Steps and parameters", LOGARITHMIC,
             effective_lr="Effective learning rate", update_norm="Update norm", param_norm="Parameter norm",
             feature_norm="Feature norm"),
    *_values("Steps and parameters", LINEAR, dormant_share="Dormant share", resets="Resets"),
    *_values("Policy and rewards", LOGARITHMIC, temperature="Temperature"),
    *_values("Policy and rewards", LINEAR, entropy="Entropy", actor_saturation="Actor saturation",
             reward_mean="Mean reward of the replay", reward_max="Largest reward of the replay",
             reward_nonzero="Share of rewards that are not 0", reward_excess="Reward excess"),
)
BOUND, BOUND_ANY = BOUNDS = tuple(PlotColumn(name, "values", label, "Q-values", MAGNITUDE)
                                  for name, label in bounds.NAMES.items())
