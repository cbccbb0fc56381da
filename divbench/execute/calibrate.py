"""A short measurement of how fast a group learns on this machine, for `divbench plan`. Writes nothing."""

from __future__ import annotations

import dataclasses
import time
from fractions import Fraction
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np

from divbench.execute import device
from divbench.execute.programs import program_for
from divbench.learn.agents.coefficients import coefficients
from divbench.learn.keys import Stream, draw_seed, lane_keys
from divbench.learn.trainer import Control
from divbench.spec.plan import Group
from divbench.spec.protocol import build_protocol

if TYPE_CHECKING:
    from divbench.learn.trainer import TrainState

SECONDS = 2.0  # of measured updates
RANDOM_STEPS = 200


def measure_rate(group: Group, physics: str = "auto", precision: str = "highest") -> float:
    """Gradient updates per second summed over the lanes of a group, replay sampling included, acting not.

    Args:
      group: its program is compiled and run for a few seconds on transitions of random actions, also where it
        learns from a dataset.
      physics: `auto`, `mjx`, `host` or `warp`.
      precision: JAX matmul precision of the learner.
    """
    device.prepare(precision)
    # A replay as large as the run's is not allocated: sampling from it takes hardly longer.
    acting = build_protocol(steps=RANDOM_STEPS, random_steps=RANDOM_STEPS, prime_updates=1, utd=Fraction(1))
    group = dataclasses.replace(group, protocol=acting)
    program = program_for(group, device.resolve_physics(group.task, physics), episodes=1)
    lanes = program.lanes
    roots = lane_keys([lane.key_words for lane in group.lanes])
    coefs = coefficients(group.lanes, program.structure.action_size)
    seeds = [draw_seed(lane.key_words, Stream.EPISODE, 0) for lane in group.lanes]
    starts = program.env.draw(np.asarray(seeds, np.uint64))
    everyone = jnp.ones(lanes, bool)
    state = program.reset_lanes(program.blank_state(), roots, coefs, everyone, everyone, jnp.zeros(lanes, jnp.int32))

    def chunk(state: TrainState, *, steps: int, updates: int) -> tuple[TrainState, float]:
        control = Control.acting(steps, explores=True, begins_episode=True) if steps else Control.priming(updates)
        began = time.perf_counter()
        state = program.train_chunk(state, roots, coefs, starts, control)
        jax.block_until_ready(state)
        return state, time.perf_counter() - began

    state, _ = chunk(state, steps=min(RANDOM_STEPS, program.env.episode_length), updates=0)
    updates = 8
    while True:
        state, seconds = chunk(state, steps=0, updates=updates)
        if seconds > SECONDS / 2:
            return updates * lanes / seconds
        updates *= 2
