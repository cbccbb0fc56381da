"""Discrete DQN on the walk without reward, many lanes side by side, and SEEM at every mark of their training.

Lives here: the lanes, their training as one program, and the rows. Does not live here: the walk (`envs.finite`), the
update (`studies.dqn`), and what is claimed of the rows (`experiments`). Everything is in float64: |Q| spans decades.
Letters in shapes: S lanes, M marks, N transitions, A actions, P parameters.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from divbench.diagnostics.kernels.directions import cosine
from divbench.diagnostics.kernels.gram import gram
from divbench.diagnostics.kernels.growth import CRASHED
from divbench.diagnostics.kernels.seem import excitation, seem
from divbench.envs.finite import FiniteMDP, walk, walk_randomly
from divbench.learn import optimizers
from divbench.spec.networks import widths_text
from divbench.studies import dqn

ACTIVATION = "relu"
FIRST, PER_DECADE = 10, 20  # updates before the second mark, and marks to a factor of ten from there on


class WalkSetting(NamedTuple):
    """How the networks of some lanes begin and learn.

    Attributes:
      layernorm: whether they have LayerNorm; else they are plain.
      hidden: widths of the hidden layers.
      weights: of `studies.plain_critics.WEIGHTS`.
      learning_rate: of SGD, on all transitions at each update, without a target copy.
    """

    layernorm: bool
    hidden: tuple[int, ...]
    weights: str
    learning_rate: float


class WalkRow(NamedTuple):
    """One mark of one lane before it crashed, or at its end. Numbers have nine digits.

    Attributes:
      network: `plain` or `layernorm`; hidden: widths, such as 64x64; weights, learning_rate: as in `WalkSetting`.
      lane: its number, from which its walk and its weights are drawn: the same ones in every setting of its sizes.
      crash: updates before |Q| was first seen beyond 1e12 or not finite; -1 if it never was.
      step: updates before the mark.
      mean: of Q on the transitions; Q* is 0.
      largest: |Q| on the transitions and on all actions after them.
      seem: normalised; excites: whether it is above 0 by more than rounding.
      kernel_cosine: of the kernel on the transitions with itself at the mark before; NaN at the first.
      actions_kept: share of the next states whose greedy action is the one at the mark before; NaN at the first.
    """

    network: str
    hidden: str
    weights: str
    learning_rate: float
    lane: int
    crash: int
    step: int
    mean: float
    largest: float
    seem: float
    excites: bool
    kernel_cosine: float
    actions_kept: float


def marks(updates: int) -> np.ndarray:
    """Updates at which lanes are looked at: 0, then a fixed ratio apart, and the last, `[M]`."""
    count = 1 + round(PER_DECADE * np.log10(updates / FIRST)) if updates > FIRST else 1
    spaced = np.rint(np.geomspace(min(FIRST, updates), updates, count))
    return np.unique(np.concatenate([[0], spaced])).astype(np.int32)


def measure_walk(settings: Sequence[WalkSetting], lanes: Sequence[int], *, side: int, transitions: int, updates: int,
                 tell: Callable[[str], None]) -> list[WalkRow]:
    """Train lanes of every setting, and look at each mark of each.

    Args:
      lanes: their numbers.
      side: points of an edge of the lattice.
      transitions: N, of a lane's own random walk.
      updates: of every lane; one that crashes is frozen.
      tell: called with a line for each setting.
    """
    mdp, rows = walk(side), []
    at = marks(updates)
    with jax.enable_x64(True):
        data, numbers = draw_lanes(mdp, lanes, transitions), jnp.asarray(lanes)
        actions = jnp.asarray(mdp.actions)
        for setting in settings:
            record = _train(numbers, data, actions, jnp.asarray(float(setting.layernorm)),
                            jnp.asarray(setting.learning_rate), jnp.asarray(mdp.gamma), jnp.asarray(at),
                            setting.hidden, setting.weights)
            seen = jax.device_get(_look(record.params, data, actions, float(setting.layernorm), mdp.gamma))
            record = jax.device_get(record)
            for place, lane in enumerate(lanes):
                rows += _rows(setting, lane, at, jax.tree.map(lambda leaf, place=place: leaf[place], record),
                              [part[place] for part in seen])
            tell(f"{describe(setting)}: {np.sum(record.crash >= 0)} of {len(lanes)} lanes crashed within "
                 f"{updates:,} updates")
    return rows


def describe(setting: WalkSetting) -> str:
    """`plain, 64 units, glorot_uniform weights, SGD at 0.02`."""
    return (f"{_network(setting)}, {_hidden(setting)} units, {setting.weights} weights, SGD at "
            f"{setting.learning_rate:g}")


def draw_lanes(mdp: FiniteMDP, lanes: Sequence[int], transitions: int) -> dqn.Transitions:
    """For each lane a random walk of its own, as a tree of `[S, N, ...]`."""
    drawn = []
    for lane in lanes:
        found = walk_randomly(mdp, lane, transitions)
        drawn.append(dqn.Transitions(
            mdp.states[found.state], mdp.actions[found.action], mdp.reward[found.state, found.action],
            mdp.states[found.following], 1.0 - mdp.terminal[found.following]))
    return jax.tree.map(lambda *parts: jnp.asarray(np.stack(parts)), *drawn)


def _rows(setting: WalkSetting, lane: int, at: np.ndarray, record: dqn.Record, seen: list) -> list[WalkRow]:
    """The rows of one lane, until it crashes."""
    matrices, cosines, greedy = seen
    lives = np.flatnonzero((record.crash < 0) | (at < record.crash))
    rows = []
    for mark in lives:
        found = seem(matrices[mark])
        kept = float(np.mean(greedy[mark] == greedy[mark - 1])) if mark else float("nan")
        rows.append(WalkRow(_network(setting), _hidden(setting), setting.weights, setting.learning_rate, lane,
                            int(record.crash), int(at[mark]), _rounded(record.mean[mark]),
                            _rounded(record.largest[mark]), _rounded(found.normalised), found.excites,
                            _rounded(cosines[mark]), _rounded(kept)))
    return rows


def _network(setting: WalkSetting) -> str:
    return "layernorm" if setting.layernorm else "plain"


def _hidden(setting: WalkSetting) -> str:
    return widths_text(setting.hidden)


def _rounded(value: float | jax.Array) -> float:
    return float(f"{value:.9g}")


@functools.partial(jax.jit, static_argnums=(7, 8))
def _train(lanes: jax.Array, data: Any, actions: jax.Array, layernorm: jax.Array, learning_rate: jax.Array,
           gamma: jax.Array, at: jax.Array, hidden: tuple[int, ...], weights: str) -> dqn.Record:
    """All lanes of a setting; LayerNorm and the learning rate are data, so that settings share a program."""
    numbers = dqn.DQNSettings(gamma, jnp.int32(1), jnp.ones(()), optimizers.sgd(learning_rate))

    def one(lane, data):
        key = jax.random.fold_in(jax.random.key(0), lane)
        params = dqn.initialise(key, data.obs.shape[1] + data.action.shape[1], hidden, weights)
        return dqn.train(dqn.make_q_fn(ACTIVATION, layernorm), key, params, data, actions, numbers, at=at,
                         limit=CRASHED)

    return jax.vmap(one)(lanes, data)


@jax.jit
def _look(params: Any, data: Any, actions: jax.Array, layernorm: jax.Array,
          gamma: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Of every mark A of SEEM `[S, M, N, N]`, the kernel's cosine with the mark before, and greedy actions `[N]`."""
    q_fn = dqn.make_q_fn(ACTIVATION, layernorm)

    def of_mark(params, data):
        best = jnp.argmax(dqn.action_values(q_fn, params, data.next_obs, actions), 1)
        now, ahead = (data.obs, data.action), (data.next_obs, actions[best])
        return excitation(q_fn, params, now, ahead, gamma), gram(q_fn, params, now), best

    def of_lane(lane):
        params, data = lane
        matrices, kernels, best = jax.lax.map(lambda params: of_mark(params, data), params)
        cosines = jax.vmap(cosine)(kernels[1:], kernels[:-1])
        return matrices, jnp.concatenate([jnp.full(1, jnp.nan), cosines]), best

    return jax.lax.map(of_lane, (params, data))
