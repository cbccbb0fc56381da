"""The runs that experiments share: one for each (task, variant, UTD), its seeds side by side where they are short.

Two experiments that ask for the same lanes get equal specifications, hence the same run folder, and nothing is trained
twice. What an experiment compares is said in its own module.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from divbench.experiments.experiment import Arm
from divbench.spec.run_spec import RunSpec
from divbench.spec.settings import SACSettings, with_values
from divbench.spec.suites import SUITES

PRIMING_TASKS = {"quick": ("quadruped-run", "hopper-hop"), "full": SUITES["priming"].tasks}
PRIMED = {"quick": 15_000, "full": 100_000}  # updates without acting
QUICK_SEEDS = 3
FIRST_SEED = 100  # lanes of lower seeds were looked at before the rules were written; no rule has seen these
PRIMING_SEEDS = 8  # a two-sided 95% interval of a median takes six, of the worst of two or three tasks seven
STANDING = 0.25  # a step, of the random phase on quadruped-run: 0.5 on its feet, under 0.02 on its back
# The first four seeds from `FIRST_SEED` on whose quadruped lies on its back during the random phase, and the first four
# on whose it stands. Everywhere else the seeds are `FIRST_SEED` and those after it.
BOTH_KINDS = {"quadruped-run": (100, 101, 102, 103, 110, 112, 118, 122)}
QUICK_STEPS = 25_000  # of an online run, 10,000 of them random
LOOK_EVERY = 625  # env steps of an online run between two measurements, at any UTD
QUICK_MOST = 5_000  # updates between measurements of quick runs that were trained before `LOOK_EVERY`, and are kept
QUICK_APART = 32  # from this UTD on a quick lane is a run of its own: one takes a core 40 to 90 minutes
QUICK_DOG_STEPS = 12_000
FULL_SEEDS = 5
QUICK_PRIMING_SHOWS = (
    "Eight seeds, two tasks, 15,000 updates in place of 100,000: whether Q leaves the bound, and by how many decades. "
    "Nobody acts afterwards, so nothing is seen of the return or of recovery."
)


def priming(scale: str, variant: str, *, name: str | None = None, tasks: tuple[str, ...] | None = None,
            sac: dict | None = None, **changes: Any) -> tuple[Arm, ...]:
    """Arms of the priming protocol, one for each task (Hussing et al., 2403.05996, section 3).

    1,000 random transitions, then updates without acting, `PRIMING_SEEDS` seeds, on quadruped-run half of each kind
    (`BOTH_KINDS`). Full: 100,000 updates, then 20,000 env steps at UTD 1. Quick: 15,000, and nobody acts afterwards.

    Args:
      scale: `quick` or `full`.
      variant: its name.
      name: of the arm; the variant's by default.
      tasks: the scale's priming tasks by default.
      sac: settings that differ from the defaults.
      changes: fields of the specification that differ from the protocol's.
    """
    own: dict = {"suite": "priming"}
    if scale == "quick":
        own |= {"prime_updates": PRIMED["quick"], "steps": 1_000, "measure_every": 500, "eval_episodes": 1}
    return tuple(arm for task in tasks or PRIMING_TASKS[scale] for seeds in _stretches(priming_seeds(task))
                 for arm in _arms(variant, name, (task,), sac, {**own, **seeds, **changes}))


def priming_seeds(task: str) -> tuple[int, ...]:
    """The seeds of priming on a task."""
    return BOTH_KINDS.get(task, tuple(range(FIRST_SEED, FIRST_SEED + PRIMING_SEEDS)))


def _stretches(seeds: tuple[int, ...]) -> list[dict]:
    """A run for each stretch of consecutive seeds: its fields `seed_start` and `seeds`."""
    starts = [seed for seed in seeds if seed - 1 not in seeds]
    return [{"seed_start": start, "seeds": next(n for n in range(1, len(seeds) + 1) if start + n not in seeds)}
            for start in starts]


def online(scale: str, variant: str, utd: int, *, name: str | None = None, tasks: tuple[str, ...] | None = None,
           **changes: Any) -> tuple[Arm, ...]:
    """Arms of ordinary training at a UTD, one for each task; named `variant UTD n` by default.

    Full: DMC15-500k as D'Oro et al. (ICLR 2023) define it: 500,000 env steps, 10,000 of them random, five seeds.
    Quick: 25,000 env steps, 10,000 of them random, three seeds, quadruped-run; from `QUICK_APART` on each seed is a run
    of its own, under the same arm. Both measure ranks and layers too, at the same env steps for every UTD.
    """
    looks = LOOK_EVERY * utd
    own = {"suite": "dmc15-500k", "diagnose": "full", "seed_start": FIRST_SEED, "utd": utd, "measure_every": looks}
    default = SUITES["dmc15-500k"].tasks
    parts: list[dict] = [{}]
    if scale == "quick":
        own |= {"seeds": QUICK_SEEDS, "steps": QUICK_STEPS, "eval_episodes": 3,
                "measure_every": min(looks, QUICK_MOST)}
        default = ("quadruped-run",)
        if utd >= QUICK_APART:
            parts = [{"seeds": 1, "seed_start": FIRST_SEED + place} for place in range(QUICK_SEEDS)]
    arms = (arm for part in parts for arm in _arms(variant, name or f"{variant} UTD {utd}", tasks or default, None,
                                                   {**own, **part, **changes}))
    return tuple(dataclasses.replace(arm, looks=looks) if arm.spec.measure_every < looks else arm for arm in arms)


def dog(scale: str, variant: str) -> tuple[Arm, ...]:
    """Arms on the dog at UTD 8. Full: all four tasks, 1M env steps, five seeds. Quick: two tasks, 12,000 env steps
    (16,000 updates), three seeds."""
    own: dict = {"suite": "dog", "seed_start": FIRST_SEED}
    tasks = SUITES["dog"].tasks
    if scale == "quick":
        own |= {"seeds": QUICK_SEEDS, "steps": QUICK_DOG_STEPS, "eval_episodes": 1, "measure_every": 1_000}
        tasks = ("dog-run", "dog-walk")
    return _arms(variant, None, tasks, None, own)


def by_scale(quick: str, full: str, scale: str) -> str:
    """The variant of a scale: a reset that is published every 2,560,000 updates never comes in a short run, so the
    quick scale has one that comes four times."""
    return quick if scale == "quick" else full


def _arms(variant: str, name: str | None, tasks: tuple[str, ...], sac: dict | None, fields: dict) -> tuple[Arm, ...]:
    settings = with_values(SACSettings(), sac or {})
    return tuple(Arm(name or variant, RunSpec(tasks=(task,), variants=(variant,), sac=settings, **fields))
                 for task in tasks)


def distinct(arms: tuple[Arm, ...], **fields: Any) -> dict[str, RunSpec]:
    """Each run once, by its folder, with some fields of the specification replaced, such as `physics`."""
    specs = [dataclasses.replace(arm.spec, **fields) for arm in arms]
    return {spec.folder: spec for spec in specs}
