"""A group's training in chunks that are timed, for measurements of speed. Nothing is written.

The replay holds random actions and is no longer than a chunk needs: sampling from a run's takes hardly longer.
"""

from __future__ import annotations

import dataclasses
import time
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from divbench.envs.names import task_info
from divbench.execute import device
from divbench.execute.programs import program_for
from divbench.learn.agents.coefficients import coefficients
from divbench.learn.keys import Stream, draw_seed, lane_keys
from divbench.learn.trainer import Control
from divbench.spec.plan import Group
from divbench.spec.protocol import build_protocol

SECONDS = 2.0  # of measured updates in `measure_rate`
RANDOM_STEPS = 200  # of its replay


class TimedGroup:
    """A compiled group, filled with random actions; its methods train on and return seconds.

    Call `device.prepare` before.

    Args:
      group: also one that learns from a dataset, which is not read.
      physics: `mjx`, `host`, `warp` or `toy`.
      random_steps: env steps of random actions in the replay; at most an episode, which is the default.
      longest: env steps of the longest chunk that `acting` will be asked for; at most an episode.

    Attributes:
      lanes: of the group.
      compile_seconds: of tracing, lowering and compiling the training program.
    """

    def __init__(self, group: Group, physics: str, random_steps: int | None = None, longest: int = 0):
        episode = task_info(group.task).episode_length
        self._filled = min(random_steps or episode, episode)
        protocol = build_protocol(steps=self._filled + longest, random_steps=self._filled, prime_updates=1,
                                  utd=Fraction(1))
        program = program_for(dataclasses.replace(group, protocol=protocol), physics, episodes=1)
        self.lanes, self._acted = program.lanes, 0
        roots = lane_keys([lane.key_words for lane in group.lanes])
        coefs = coefficients(group.lanes, program.structure.action_size)
        seeds = [draw_seed(lane.key_words, Stream.EPISODE, 0) for lane in group.lanes]
        starts = program.env.draw(np.asarray(seeds, np.uint64))
        everyone = jnp.ones(self.lanes, bool)
        self._state = program.reset_lanes(program.blank_state(), roots, coefs, everyone, everyone,
                                          jnp.zeros(self.lanes, jnp.int32))
        self._fixed = roots, coefs, starts
        fill = Control.acting(self._filled, explores=True, begins_episode=True)
        began = time.perf_counter()
        train: Any = program.train_chunk  # jitted
        self._train = train.lower(self._state, *self._fixed, fill).compile()
        self.compile_seconds = time.perf_counter() - began
        self._run(fill)

    def updates(self, count: int) -> float:
        """Seconds of `count` updates of every lane, in which nobody acts."""
        return self._run(Control.priming(count))

    def acting(self, steps: int, utd: Fraction = Fraction(0)) -> float:
        """Seconds of `steps` env steps of every lane under its policy, with the updates that are due at that UTD.

        Each chunk begins an episode and overwrites what the last one stored.
        """
        self._state = self._state._replace(env_step=jnp.int32(self._filled))
        control = Control.acting(steps, explores=False, begins_episode=True, utd=utd, phase_step=self._acted)
        self._acted += steps
        return self._run(control)

    def _run(self, control: Control) -> float:
        began = time.perf_counter()
        self._state = self._train(self._state, *self._fixed, control)
        jax.block_until_ready(self._state)
        return time.perf_counter() - began


def measure_rate(group: Group, physics: str = "auto", precision: str = "highest") -> float:
    """Gradient updates per second summed over the lanes of a group, replay sampling included, acting not.

    Args:
      group: its program is compiled and run for a few seconds on transitions of random actions, also where it
        learns from a dataset.
      physics: `auto`, `mjx`, `host` or `warp`.
      precision: JAX matmul precision of the learner.
    """
    device.prepare(precision)
    timed = TimedGroup(group, device.resolve_physics(group.task, physics), RANDOM_STEPS)
    updates = 8
    while (seconds := timed.updates(updates)) <= SECONDS / 2:
        updates *= 2
    return updates * timed.lanes / seconds
