"""A trained policy, taken from a run's checkpoint: `divbench.load_policy`."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import chex
import jax
import jax.numpy as jnp

from divbench import envs
from divbench.execute.programs import program_for
from divbench.learn.agents.choice import agent_of
from divbench.learn.agents.coefficients import Coefficients, Structure, coefficients
from divbench.learn.trainer import TrainState
from divbench.records.checkpoint import CheckpointStore
from divbench.records.folder import CHECKPOINT, GROUPS, read_card
from divbench.spec.errors import UsageError, choose
from divbench.spec.plan import Group, Lane, make_groups
from divbench.spec.run_spec import CHECKSUM, RunSpec

if TYPE_CHECKING:
    from divbench.learn.agents.state import LearnerState


@dataclasses.dataclass(frozen=True)
class TrainedNetworks:
    """Networks of a lane at its last checkpoint, and what lies between them and the task.

    Attributes:
      lane: whose they are.
      env_step, update: how long the lane had trained.
      networks: their parameters or variables.
      low, high: bounds of the task's actions, `[A]`, which the networks know as -1 and 1.
    """

    lane: Lane
    env_step: int
    update: int
    networks: dict
    coefs: Coefficients
    structure: Structure
    low: jax.Array
    high: jax.Array
    mean: jax.Array  # what observations are shifted and divided by, as an offline run saw them
    deviation: jax.Array

    def seen(self, obs: jax.Array) -> jax.Array:
        """One observation `[O]` as the networks see it."""
        obs = jnp.asarray(obs, jnp.float32)
        chex.assert_shape(obs, (self.structure.observation_size,), custom_message="one observation; vmap over more")
        return (obs - self.mean) / self.deviation


class Policy(TrainedNetworks):
    """A lane's policy at its last checkpoint. Call it with an observation; it is jittable and vmappable.

    Attributes: as `TrainedNetworks`.
      actor: its parameters.
    """

    @property
    def actor(self) -> dict:
        return self.networks

    def __call__(self, obs: jax.Array, key: jax.Array | None = None) -> jax.Array:
        """An action `[A]` within the task's bounds: the mode, or a sample if given a key.

        Args:
          obs: one observation, `[O]`, in the task's own units.
          key: a random key, consumed; None for the mode.
        """
        act = agent_of(self.structure).act
        action = act(self.actor, self.seen(obs)[None], self.coefs, self.structure, key)[0]
        return (self.low + self.high) / 2 + (self.high - self.low) / 2 * action


def load_policy(path: str | os.PathLike, lane: str) -> Policy:
    """The policy of one lane of a run folder, from its last checkpoint.

    Args:
      path: the run folder, finished or not.
      lane: its name, `task/variant/utd<u>/seed<s>`, such as `cheetah-run/ofn/utd8/seed0`.

    Raises:
      UsageError: no such folder or lane, no checkpoint yet, or a damaged one.
    """
    return load_networks(Policy, "actor", path, lane)


Networks = TypeVar("Networks", bound=TrainedNetworks)


def load_networks(kind: type[Networks], part: str, path: str | os.PathLike, lane: str) -> Networks:
    """A `kind` with the networks that the learner's state calls `part`; the rest as `load_policy`."""
    path = Path(path)
    card = read_card(path, older=True)
    last = last_state(path, card, lane)
    env = envs.make(last.lane.task, physics=physics_of(card, last.lane.task))
    normal = card.get("dataset", {"observation_mean": 0.0, "observation_deviation": 1.0})
    units = (env.action_low, env.action_high, normal["observation_mean"], normal["observation_deviation"])
    return kind(last.lane, last.env_step, last.update, getattr(last.learner, part), last.coefs, last.structure,
                *(jnp.asarray(value, jnp.float32) for value in units))


class LastState(NamedTuple):
    """What the last checkpoint of a run holds of one lane.

    Attributes:
      lane: whose state it is.
      env_step, update: how long the lane had trained.
      learner: all networks and optimizer states, without the leading axis of lanes.
      coefs, structure: what they were trained with.
    """

    lane: Lane
    env_step: int
    update: int
    learner: LearnerState
    coefs: Coefficients
    structure: Structure


def last_state(path: Path, card: dict, lane: str) -> LastState:
    """One lane at the last checkpoint of the run folder with that card.

    Raises:
      UsageError: no such lane, no checkpoint yet, a damaged one, or results that hold no agents.
    """
    refuse_imported(card, path)
    spec = RunSpec.from_settings(card["settings"])
    group, place = _find(path, spec, lane, card["settings"].get(CHECKSUM, ""))
    program = program_for(group, physics_of(card, group.task), spec.eval_episodes)
    shapes = jax.eval_shape(program.blank_state)
    needed: dict[str, Any] = {name: getattr(shapes, name) for name in ("learner", "env_step", "update")}
    store = CheckpointStore(path / GROUPS / group.name / CHECKPOINT)
    blank: dict[str, Any] = dict.fromkeys(TrainState._fields) | needed
    loaded: Any = store.load(TrainState(**blank), with_rows=False, whole=False)
    if loaded is None:
        raise UsageError(f"{path}: lane '{lane}' has no checkpoint yet")
    coefs = jax.tree.map(lambda leaf: leaf[place], coefficients(group.lanes, program.structure.action_size))
    learner = jax.tree.map(lambda leaf: jnp.asarray(leaf[place]), loaded.tree.learner)
    return LastState(group.lanes[place], int(loaded.tree.env_step), int(loaded.tree.update), learner, coefs,
                     program.structure)


def refuse_imported(card: dict, path: str | os.PathLike) -> None:
    """Raise a `UsageError` if the results came from other code: they hold returns, no agents."""
    if "imported" in card:
        raise UsageError(f"{path}: expected a run of divbench, found imported results, which hold no policy")


def physics_of(card: dict, task: str) -> str:
    """The physics that stepped `task` in the run of that card."""
    available = envs.task_info(task).physics
    return next(name for name in card["physics"].split(",") if name in available)


def _find(path: Path, spec: RunSpec, name: str, dataset: str) -> tuple[Group, int]:
    """The group of a lane, grouped as the run was, and the lane's place in it."""
    choose("lane", name, [lane.name for group in make_groups(spec, fused=True) for lane in group.lanes])
    for fused in (False, True):
        for group in make_groups(spec, fused=fused, dataset=dataset):
            names = [lane.name for lane in group.lanes]
            if name in names and (path / GROUPS / group.name).is_dir():
                return group, names.index(name)
    why = f"lane '{name}' has not been started" if (path / GROUPS).is_dir() else "holds tables, no checkpoints"
    raise UsageError(f"{path}: {why}; expected a run folder as the run left it")
