"""The datasets and runs that offline experiments share: TD3 as SEEM's study trains it, on own datasets.

Does not live here: what an experiment compares. Sources: Yue et al., 2310.04411, and its public code; D4RL's sets have
other policies behind them, so that scores are not comparable with published ones.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from divbench.execute.making.request import MADE, MakeRequest
from divbench.experiments.experiment import Arm
from divbench.experiments.protocols import FIRST_SEED
from divbench.spec.run_spec import RunSpec

QUICK_SEEDS, FULL_SEEDS = 6, 10  # six decide a paired difference at 95%
# TD3 without any constraint on the policy, targets copied with every update of the actor, Q scaled in the actor's loss.
COPIED = "td3+no-target+q_weight=2.5"
LEVEL = "medium-replay"  # of most experiments, on these tasks
TASKS = {"quick": ("walker2d",), "full": ("hopper", "halfcheetah", "walker2d")}
SETS: dict[str, dict[str, Any]] = {
    "quick": {"transitions": 100_000, "steps": 60_000, "eval_every": 20_000, "prime_samples": 5_000}, "full": {}}


def own_dataset(scale: str, task: str, level: str) -> MakeRequest:
    """The dataset of that task and level at a scale, `quick` (SAC trained for 60,000 env steps) or `full` (1M). Its
    folder is named by the settings of that training: under others it is made anew."""
    request = MakeRequest(tasks=(task,), levels=(level,), **SETS[scale])
    return dataclasses.replace(request, out=f"{MADE}/claims-{scale}-{request.run_spec(task).digest()}")


def offline(scale: str, name: str, variant: str, task: str, level: str, **changes: Any) -> Arm:
    """An arm that learns from `own_dataset`. Full: 1M updates, ten seeds, measured every 10,000, as published. Quick:
    8,000 updates, six seeds, measured every 500.

    Args:
      scale: `quick` or `full`.
      name: of the arm.
      variant: its name.
      task, level: of the dataset.
      changes: fields of the specification that differ.
    """
    own: dict = {"seeds": FULL_SEEDS, "seed_start": FIRST_SEED}
    if scale == "quick":
        own |= {"seeds": QUICK_SEEDS, "prime_updates": 8_000, "eval_every": 4_000, "eval_episodes": 5,
                "measure_every": 500}
    dataset = str(own_dataset(scale, task, level).target(task, level))
    fields = {"suite": "seem-offline", "tasks": (task,), "variants": (variant,), "dataset": dataset, **own, **changes}
    return Arm(name, RunSpec(**fields))


def replay_datasets(scale: str) -> tuple[MakeRequest, ...]:
    """The datasets of `replay_arms`."""
    return tuple(own_dataset(scale, task, LEVEL) for task in TASKS[scale])


def replay_arms(scale: str, variants: Mapping[str, str], **changes: Any) -> tuple[Arm, ...]:
    """Arms by name, each a variant on the medium-replay set of every task, with SEEM measured; `changes` as in
    `offline`."""
    return tuple(offline(scale, name, variant, task, LEVEL, diagnose="seem", **changes)
                 for name, variant in variants.items() for task in TASKS[scale])


def variant_of(*parts: str) -> str:
    """The sum of variants and settings that are not empty: `td3+layernorm+data_fraction=0.1`."""
    return "+".join(part for part in parts if part)
