"""Suites: named lists of tasks with the protocol and settings they are run under. Data only."""

from __future__ import annotations

import dataclasses
from fractions import Fraction


@dataclasses.dataclass(frozen=True)
class Suite:
    """Tasks and the defaults of flags that a run may override. `steps` counts the env steps of all phases. Of
    a run that learns offline, updates and intervals are those of `run_spec.OFFLINE`."""

    name: str
    summary: str
    tasks: tuple[str, ...]
    variants: tuple[str, ...]
    utd: Fraction
    seeds: int
    steps: int
    random_steps: int
    prime_updates: int = 0
    eval_every: int = 5_000
    eval_episodes: int = 10
    measure_every: int = 5_000
    offline: bool = False  # learns from a dataset of one of the tasks


DMC15 = ("acrobot-swingup", "cheetah-run", "finger-turn_hard", "fish-swim", "hopper-hop", "hopper-stand",
         "humanoid-run", "humanoid-stand", "humanoid-walk", "pendulum-swingup", "quadruped-run",
         "quadruped-walk", "reacher-hard", "swimmer-swimmer6", "walker-run")
DOG = ("dog-run", "dog-stand", "dog-trot", "dog-walk")
SEEM3 = ("halfcheetah", "hopper", "walker2d")
SHARES = ("", "+data_fraction=0.5", "+data_fraction=0.1", "+data_fraction=0.01")
GYM5 = ("ant", "halfcheetah", "hopper", "swimmer", "walker2d")

SUITES = {
    s.name: s
    for s in (
        Suite("dmc15-500k", "DMC15-500k (D'Oro et al., ICLR 2023): 500k env steps, 10k of them random", DMC15,
              ("baseline",), Fraction(8), 5, 500_000, 10_000),
        Suite("dog", "the four dog tasks, 1M env steps, 10k of them random", DOG,
              ("baseline",), Fraction(8), 5, 1_000_000, 10_000),
        Suite("dmc-all", "the tasks of dmc15-500k and of dog, 1M env steps, 10k of them random", DMC15 + DOG,
              ("baseline",), Fraction(8), 5, 1_000_000, 10_000),
        Suite("priming", "1,000 random samples, 100k updates without acting, then 20k steps at UTD 1 "
              "(Hussing et al., 2403.05996; Nikishin et al., 2205.07802)",
              ("quadruped-run", "hopper-hop", "finger-spin"), ("baseline", "ofn", "layernorm"),
              Fraction(1), 5, 21_000, 1_000, prime_updates=100_000, measure_every=1_000),
        Suite("preqn-gym", "PreQN beside TD3 and SAC on gymnasium's tasks: 1M env steps, 10k of them random", GYM5,
              ("baseline", "td3", "preqn", "preqn+activation=sin"), Fraction(1), 3, 1_000_000, 10_000),
        Suite("seem-offline", "TD3+BC with and without LayerNorm on 100, 50, 10 and 1% of a dataset: 1M updates", SEEM3,
              tuple(f"td3-bc{norm}{share}" for norm in ("", "+layernorm") for share in SHARES),
              Fraction(1), 10, 0, 0, offline=True),
        Suite("smoke", "under 2 minutes on two CPU cores: does everything run? (8 seeds: as before?)",
              ("constant-reward", "cheetah-run", "hopper-hop"), ("baseline", "ofn"), Fraction(1), 1, 3_000, 1_000,
              prime_updates=500, eval_every=1_000, eval_episodes=2, measure_every=500),
    )
}
