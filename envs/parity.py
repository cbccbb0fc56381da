"""How far a physics is from dm_control, or from gymnasium for its tasks: one task's row of the parity table.

Lives here: `measure`, `reset_difference` and `ParityRow`. Does not live here: the oracle, the choice
of states, tables for people.

Half of the starts are dm_control's own resets, half are states at which the task pays; actions are
random. "One step" begins every step anew at dm_control's state; "in a row" does not. Errors of
observations are relative to 1 + |value|, because forces and accelerations reach thousands. Where an
episode terminates, the steps continue.
"""

import contextlib
import dataclasses
import functools
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from divbench.envs.base import Start
from divbench.envs.environment import Environment, make
from divbench.envs.host import positions
from divbench.envs.models import load_model
from divbench.envs.oracle import oracle_of
from divbench.envs.scenes import paying_states


@dataclasses.dataclass(frozen=True)
class ParityRow:
    """One task under one physics at one precision, against dm_control.

    Attributes:
      task, physics, precision: what was measured; `precision` is float32 or float64.
      starts, steps: episodes begun, and control steps taken in each.
      state_1, state_n: largest difference of a position after one step, and after `steps` in a row.
      obs_1, obs_n: largest relative difference of an observation.
      reward_1, reward_n: largest difference of a reward.
      reward_min, reward_max: of dm_control's rewards along the way.
      contacts: most contacts seen at once.
      touching: share of steps that began in contact.
      endings: share of steps that led to a terminal state.
      misjudged: share of steps, each begun at dm_control's state, whose end is terminal on one side alone.
    """

    task: str
    physics: str
    precision: str
    starts: int
    steps: int
    state_1: float
    state_n: float
    obs_1: float
    obs_n: float
    reward_1: float
    reward_n: float
    reward_min: float
    reward_max: float
    contacts: int
    touching: float
    endings: float = 0.0
    misjudged: float = 0.0


@dataclasses.dataclass(frozen=True)
class _Drive:
    """What dm_control did: leaves `[starts, steps, ...]`; `before` has each step's beginning."""

    before: Start
    action: np.ndarray
    qpos: np.ndarray
    obs: np.ndarray
    reward: np.ndarray
    ended: np.ndarray
    contacts: np.ndarray


@functools.lru_cache(maxsize=4)
def _drive(task: str, starts: int, steps: int) -> _Drive:
    oracle = oracle_of(task, seed=1)
    scenes = paying_states(oracle, (starts + 1) // 2)
    actions = oracle.actions((starts, steps))
    rows = []
    for index in range(starts):
        if index % 2:
            oracle.reset()
        else:
            oracle.put(*scenes[index // 2])
        for action in actions[index]:
            before, contacts = oracle.start(), oracle.data.ncon
            obs, reward = oracle.step(action)
            rows.append((before, oracle.data.qpos.copy(), obs, reward, float(oracle.terminated), contacts))
    before, qpos, obs, reward, ended, contacts = zip(*rows, strict=True)

    def shaped(leaves):
        return np.stack(leaves).reshape(starts, steps, *np.shape(leaves[0]))

    return _Drive(
        jax.tree.map(lambda *leaves: shaped(leaves), *before), actions,
        *map(shaped, (qpos, obs, reward, ended, contacts)),
    )


def measure(task: str, physics: str, precision: str, starts: int = 20, steps: int = 50) -> ParityRow:
    """Drives dm_control and `physics` side by side.

    Args:
      task: an entry of `names.SIMULATED` or `names.GYM_TASKS`. physics: `host`, `mjx` or `warp`. precision:
        `float32` or `float64` (not of `warp`).
      starts: episodes, at least 2. steps: control steps of each.
    """
    drive = _drive(task, starts, steps)
    with _computing_in(precision):
        environment = make(task, physics)
        assert isinstance(environment, Environment), "toys have no model"
        begun = jax.tree.map(lambda leaf: leaf[:, 0], drive.before)
        row = _run(environment, begun, drive.action)
        each = jax.tree.map(lambda leaf: leaf.reshape(starts * steps, *leaf.shape[2:]), drive.before)
        one = _run(environment, each, drive.action.reshape(starts * steps, 1, -1))
    one = [leaf.reshape(starts, steps, *leaf.shape[2:]) for leaf in one]

    def errors(found: Sequence[np.ndarray]) -> list[float]:
        qpos, obs, reward, _ = found
        return [
            _largest(qpos - drive.qpos),
            _largest((obs - drive.obs) / (1 + np.abs(drive.obs))),
            _largest(reward - drive.reward),
        ]

    (state_1, obs_1, reward_1), (state_n, obs_n, reward_n) = errors(one), errors(row)
    return ParityRow(
        task, physics, precision, starts, steps, state_1, state_n, obs_1, obs_n, reward_1, reward_n,
        float(drive.reward.min()), float(drive.reward.max()), int(drive.contacts.max()),
        float((drive.contacts > 0).mean()), float(drive.ended.mean()), float((one[-1] != drive.ended).mean()),
    )


@contextlib.contextmanager
def _computing_in(precision: str) -> Iterator[None]:
    """Sets the process's default precision for a while. `jax.enable_x64` would set this thread's alone, and a
    callback from a loop comes on another. What was compiled at the other precision must be forgotten:
    some of MJX's small functions are not told apart by it."""
    before = jax.config.read("jax_enable_x64")
    jax.clear_caches()
    jax.config.update("jax_enable_x64", precision == "float64")
    try:
        yield
    finally:
        jax.config.update("jax_enable_x64", before)
        jax.clear_caches()


def _largest(difference: np.ndarray) -> float:
    """The largest magnitude; infinite where something is not a number."""
    return float(np.max(np.where(np.isnan(difference), np.inf, np.abs(difference))))


def _run(environment: Environment, starts: Start, actions: np.ndarray) -> list[np.ndarray]:
    """Positions, observations, rewards and ends `[n, steps, ...]` from `starts` `[n, ...]` under `actions`."""
    model = load_model(environment.name).model

    def one(start, drive):
        if not environment.info.gymnasium_id:  # dm_control's model has sensors of its own
            start = start.replace(sensordata=jnp.zeros(model.nsensordata))
        state = environment.start(start)

        def step(state, action):
            state = environment.step(state, action)
            where = state.data.bits if environment.physics == "host" else state.data.qpos
            return state, (where, state.obs, state.reward, state.done)

        return jax.lax.scan(step, state, drive)[1]

    # One after the other: side by side, all would wait for the solver of the slowest.
    in_turn = jax.jit(lambda starts, actions: jax.lax.map(lambda pair: one(*pair), (starts, actions)))
    where, obs, reward, ended = (np.asarray(leaf) for leaf in in_turn(starts, actions))
    if environment.physics == "host":
        where = positions(where, model.nq)
    return [leaf.astype(np.float64) for leaf in (where, obs, reward, ended)]


def reset_difference(task: str, draws: int = 500, seed: int = 2**31) -> tuple[float, int]:
    """Compares this package's resets with dm_control's, coordinate by coordinate.

    Two-sample Kolmogorov-Smirnov tests on every position, velocity, activation and target coordinate
    that is random in either sample, from independent random streams.

    Args:
      task: an entry of `names.SIMULATED` or `names.GYM_TASKS`.
      draws: from each side.
      seed: of dm_control's side, or gymnasium's.

    Returns:
      The smallest p-value times the number of coordinates tested (Bonferroni, at most 1), and that
      number; 0 if a coordinate that neither side draws has another value on the other.
    """
    oracle = oracle_of(task, seed=seed)
    theirs = []
    for _ in range(draws):
        oracle.reset()
        theirs.append(_coordinates(oracle.start()))
    environment: Any = make(task, "host")
    ours = _coordinates(environment.draw(np.arange(draws, dtype=np.uint64) + np.uint64(2**40)))
    theirs = np.stack(theirs)
    fixed = (np.ptp(theirs, 0) == 0) & (np.ptp(ours, 0) == 0)
    if np.any(ours[0, fixed] != theirs[0, fixed]):
        return 0.0, int(fixed.sum())
    random = np.flatnonzero((np.ptp(theirs, 0) > 0) | (np.ptp(ours, 0) > 0))
    smallest = min((stats.ks_2samp(ours[:, c], theirs[:, c]).pvalue for c in random), default=1.0)
    return min(1.0, float(smallest) * len(random)), len(random)


def _coordinates(start: Start) -> np.ndarray:
    return np.concatenate([start.qpos, start.qvel, start.act, start.target], -1)
