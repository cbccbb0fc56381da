"""The list of experiments. A new one is a module with an `EXPERIMENT`, a name in `divbench.experiments.request`, and a
line here.
"""

from __future__ import annotations

from divbench.experiments import (
    actor_reset,
    adam_growth,
    crash_step,
    critical_point,
    divergence_in_training,
    dmc15,
    dog,
    ema_or_copy,
    homogeneity,
    initialisation,
    kernel_depth,
    kernel_width,
    layernorm_or_cloning,
    layernorm_placement,
    layernorm_plugged_in,
    moments,
    offline_normalisers,
    ofn_priming,
    optimiser_or_pessimism,
    optimizers,
    out_of_distribution_targets,
    preqn,
    priming_length,
    priming_nikishin,
    regularisers,
    reward_informativeness,
    reward_shaping,
    seem_among_measures,
    seem_gamma,
    seem_surge,
    single_critic,
    theorem_2,
    toy_walk,
    utd32,
)
from divbench.experiments.experiment import Experiment, MeasuredExperiment
from divbench.spec.estimate import UPDATES_PER_SECOND
from divbench.spec.text import format_table, line_width, wrapped

_MODULES = (priming_length, priming_nikishin, initialisation, moments, optimizers, regularisers,
            out_of_distribution_targets, ofn_priming, reward_informativeness, single_critic, divergence_in_training,
            utd32, actor_reset, dmc15, dog, kernel_width, kernel_depth, homogeneity, crash_step, adam_growth, toy_walk,
            theorem_2, preqn, seem_gamma, seem_surge, seem_among_measures, offline_normalisers, ema_or_copy,
            layernorm_or_cloning, layernorm_plugged_in, optimiser_or_pessimism, layernorm_placement,
            critical_point, reward_shaping)
EXPERIMENTS: dict[str, Experiment | MeasuredExperiment] = {
    module.EXPERIMENT.name: module.EXPERIMENT for module in _MODULES
}


def describe() -> str:
    """The table of `divbench reproduce --list`."""
    rows = [(e.name, e.kind, f"{e.minutes('quick'):.0f}", e.claim, e.source) for e in EXPERIMENTS.values()]
    table = format_table(("experiment", "kind", "minutes", "claim", "source"), rows, ("minutes",), line_width())
    note = (f"minutes: of the updates of the quick scale on two fast CPU cores ({UPDATES_PER_SECOND:.0f} a second; "
            "slow ones took twice that), if no run is there that another experiment shares; acting, evaluating and "
            "compiling come on top")
    return f"{table}\n\n{wrapped(note, line_width())}"


def records() -> list[dict]:
    """The same for programs."""
    return [{"name": e.name, "kind": e.kind, "minutes": e.minutes("quick"), "claim": e.claim, "source": e.source}
            for e in EXPERIMENTS.values()]
