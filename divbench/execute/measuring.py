"""Evaluating and measuring a group: drawing start states, playing in blocks, and making table rows of the results.

Initial states of evaluations depend on (task, seed, env step, updates without acting), not on variant or UTD, so that
lanes of a seed are compared on the same episodes. Letters in shapes: L lanes, E episodes.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from divbench.execute.kernel_measures import seem_of
from divbench.execute.programs import Program
from divbench.execute.replay_rewards import replay_rewards
from divbench.execute.schedule import Position
from divbench.learn import rollout
from divbench.learn.keys import Stream, draw_seed
from divbench.learn.trainer import Cause, TrainState
from divbench.spec.networks import network_of
from divbench.spec.plan import Group, Lane

if TYPE_CHECKING:
    from divbench.envs.base import TaskEnvironment
    from divbench.learn.agents.coefficients import Coefficients

ACTION_REPEAT = 1
BLOCK_SECONDS = 3.0  # of evaluation between two looks at whether a signal came
FIRST_BLOCK = 20  # env steps of the first block of a process, before the pace is known


def lane_columns(lane: Lane, suite: str, physics: str, precision: str) -> dict:
    """The columns that say which lane a row belongs to, and under which settings it was made."""
    return {"suite": suite, "task": lane.task, "variant": lane.variant.name, "utd": str(lane.utd), "seed": lane.seed,
            "physics": physics, "action_repeat": ACTION_REPEAT, "network": network_of(lane),
            "precision": precision}


def draw_starts(env: TaskEnvironment, seeds: list[int], shape: tuple[int, ...]) -> Any:
    """Start states for `seeds`, each distinct one drawn once, as a batch of that leading shape."""
    unique, inverse = np.unique(np.asarray(seeds, np.uint64), return_inverse=True)
    drawn = env.draw(unique)
    return jax.tree.map(lambda leaf: np.asarray(leaf)[inverse].reshape(shape + np.shape(leaf)[1:]), drawn)


class Evaluator:
    """Plays evaluation episodes of all lanes, in blocks short enough to handle a signal in time.

    Args:
      program, group: what is evaluated.
      check: called between blocks; it raises to abandon the evaluation.
    """

    def __init__(self, program: Program, group: Group, check: Callable[[], None]) -> None:
        self._program, self._group, self._check = program, group, check
        self._seconds_per_step: float | None = None

    def compile(self, state: TrainState, coefs: Coefficients) -> None:
        """Compile by playing no step."""
        shape = (self._program.lanes, self._program.episodes)
        starts = draw_starts(self._program.env, [0] * (shape[0] * shape[1]), shape)
        blank = rollout.blank_evaluation(self._program.env, *shape)
        jax.block_until_ready(self._play(state, coefs, blank, starts, False, 0))

    def returns(self, state: TrainState, coefs: Coefficients, at: Position) -> np.ndarray:
        """Undiscounted returns of the deterministic policy, float64 `[L, E]`."""
        program, group = self._program, self._group
        shape = (program.lanes, program.episodes)
        without = group.protocol.updates_without_acting(at.env_step, at.update)
        seeds = [draw_seed(lane.key_words, Stream.EVALUATE, at.env_step, without, episode)
                 for lane in group.lanes for episode in range(program.episodes)]
        starts = draw_starts(program.env, seeds, shape)
        evaluation = rollout.blank_evaluation(program.env, *shape)
        played, length = 0, program.env.episode_length
        while played < length:
            self._check()
            pace = self._seconds_per_step
            block = FIRST_BLOCK if pace is None else max(1, int(BLOCK_SECONDS / pace))
            block = min(block, length - played)
            began = time.perf_counter()
            evaluation = self._play(state, coefs, evaluation, starts, played == 0, block)
            jax.block_until_ready(evaluation)
            self._seconds_per_step = (time.perf_counter() - began) / block
            played += block
        return np.asarray(evaluation.returns, np.float64)

    def _play(self, state: Any, coefs: Coefficients, evaluation: Any, starts: Any, begins: bool, steps: int) -> Any:
        return self._program.evaluate(state.learner.actor, coefs, evaluation, starts, jnp.asarray(begins),
                                      jnp.int32(steps))


def score_rows(columns: list[dict], returns: np.ndarray, at: Position) -> list[dict]:
    """Rows of the table of scores from returns `[L, E]`."""
    return [lane | {"env_step": at.env_step, "update": at.update, "return_mean": float(np.mean(own)),
                    "return_sd": float(np.std(own)), "episodes": len(own), "return_min": float(np.min(own)),
                    "return_max": float(np.max(own))}
            for lane, own in zip(columns, returns, strict=True)]


def measure(program: Program, group: Group, state: TrainState, roots: Any, coefs: Coefficients, at: Position) -> Any:
    """What `diagnose` and `replay_rewards` measure, float64 `[L]`: by column of the table of values, and by metric and
    layer."""
    seeds = [draw_seed(lane.key_words, Stream.ROLLOUT, at.update, at.env_step) for lane in group.lanes]
    starts = draw_starts(program.env, seeds, (program.lanes,))
    measured = jax.device_get(program.diagnose(state, roots, coefs, starts))
    columns, details = jax.tree.map(lambda column: np.asarray(column, np.float64), (measured[0], seem_of(measured[1])))
    rewards = replay_rewards(state, group.lanes, program.replay)
    return columns | rewards, details


def value_rows(columns: list[dict], measured: dict[str, np.ndarray], state: TrainState, at: Position) -> list[dict]:
    """Rows of the table of values.

    Whether parameters are finite is asked before each update; those that the newest one broke are seen here.
    """
    resets, cause, step, update = jax.device_get((state.resets, state.cause, state.bad_step, state.bad_update))
    rows = []
    for place, lane in enumerate(columns):
        kind, moment = Cause(int(cause[place])), (int(step[place]), int(update[place]))
        if kind is Cause.NONE and at.update > 0 and not math.isfinite(measured["param_norm"][place]):
            kind, moment = Cause.LEARNER, (at.env_step, at.update)
        rows.append(lane | {"env_step": at.env_step, "update": at.update}
                    | {name: float(column[place]) for name, column in measured.items()}
                    | {"resets": int(resets[place]), "nonfinite": "" if kind is Cause.NONE else kind.name.lower(),
                       "nonfinite_step": moment[0], "nonfinite_update": moment[1]})
    return rows


def diagnostic_rows(columns: list[dict], details: dict[str, dict[str, np.ndarray]], at: Position) -> list[dict]:
    """Rows of the table of diagnostics: lane by lane, and in it by metric and layer."""
    return [lane | {"env_step": at.env_step, "update": at.update, "metric": metric, "layer": layer,
                    "value": float(column[place])}
            for place, lane in enumerate(columns)
            for metric, layers in details.items() for layer, column in layers.items()]
