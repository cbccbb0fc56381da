"""The compiled training loop: env steps and updates of all lanes of a group, in lockstep.

A chunk is a number of rounds. In each round the lanes make one env step (or none, while priming) and then the updates
that the UTD makes due. Lengths, phase and UTD are traced: one compile serves every chunk of every UTD. What a chunk
computes does not depend on where the chunk before it was cut. Letters in shapes: L lanes.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp

from divbench.learn.agents.choice import agent_of
from divbench.learn.agents.coefficients import Coefficients, Structure
from divbench.learn.agents.state import ACTOR_PARTS, CRITIC_PARTS, LearnerState
from divbench.learn.keys import Stream, stream_key
from divbench.learn.networks.switches import Switches
from divbench.learn.replay.drawing import make_draw, replay_of
from divbench.learn.rollout import scaled_step

if TYPE_CHECKING:
    from divbench.envs.base import TaskEnvironment


class Cause(enum.IntEnum):
    """What went non-finite first in a lane."""

    NONE = 0
    LEARNER = 1
    PHYSICS = 2
    OPTIMIZER = 3  # of the learner: losses are finite, moments are not


class TrainState(NamedTuple):
    """Everything that training carries. Leaves have a leading lane axis but for the two counters."""

    learner: LearnerState
    env: Any  # divbench.envs.State
    rows: jax.Array  # replay, [L, R, width], or a dataset, [1, N, width]
    resets: jax.Array  # int32 [L], how often the agent was drawn afresh
    cause: jax.Array  # int32 [L], a `Cause`
    bad_step: jax.Array  # int32 [L], env step at which the lane went non-finite, or -1
    bad_update: jax.Array  # int32 [L], update at which it did, or -1
    episode: jax.Array  # int32 [L], number of the lane's episode where a task can end one, else 0
    env_step: jax.Array  # int32 scalar, env steps done by each lane
    update: jax.Array  # int32 scalar, updates done by each lane
    before: Any = None  # what measurements compare the lanes with, if any do; no part of training


class Control(NamedTuple):
    """What a chunk does; every field is traced."""

    rounds: jax.Array  # int32, env steps to make, or 1 while priming
    acts: jax.Array  # bool, whether a round begins with an env step
    explores: jax.Array  # bool, uniform random actions instead of the policy's
    begins_episode: jax.Array  # bool, whether the first round starts from `starts`
    priming_updates: jax.Array  # int32, updates of a round without env step
    utd_numerator: jax.Array  # int32
    utd_denominator: jax.Array  # int32
    phase_step: jax.Array  # int32, env steps of this phase that are done

    @classmethod
    def acting(cls, env_steps: int, *, explores: bool, begins_episode: bool, utd: Fraction = Fraction(0),
               phase_step: int = 0) -> Control:
        """A chunk of `env_steps` env steps, with `utd` updates for each unless it explores."""
        return cls(jnp.int32(env_steps), jnp.asarray(True), jnp.asarray(explores), jnp.asarray(begins_episode),
                   jnp.int32(0), jnp.int32(utd.numerator), jnp.int32(utd.denominator), jnp.int32(phase_step))

    @classmethod
    def priming(cls, updates: int) -> Control:
        """A chunk of `updates` updates without an env step."""
        return cls(jnp.int32(1), jnp.asarray(False), jnp.asarray(False), jnp.asarray(False),
                   jnp.int32(updates), jnp.int32(0), jnp.int32(1), jnp.int32(0))


def blank_state(env: TaskEnvironment, structure: Structure, lanes: int, capacity: int) -> TrainState:
    """All zeros, of the right shapes; `reset_lanes` and the first chunk fill it.

    Args:
      env: a task of `divbench.envs`.
      lanes: number of lanes.
      capacity: transitions that the replay must hold, or that the dataset has.
    """
    def one(root, coefs):
        return agent_of(structure).initialise(root, jnp.int32(0), coefs, structure)

    root = jax.eval_shape(lambda: jax.random.key(0))
    scalar = jax.ShapeDtypeStruct((), jnp.float32)
    coefs = jax.tree.map(lambda _: scalar, _coefficient_skeleton())
    learner = jax.eval_shape(one, root, coefs)
    env_state = jax.eval_shape(env.reset, root)
    stacked = jax.tree.map(lambda leaf: jnp.zeros((lanes, *leaf.shape), leaf.dtype), (learner, env_state))
    rows = replay_of(env, structure).blank_rows(lanes, capacity)
    integers = jnp.zeros(lanes, jnp.int32)
    return TrainState(stacked[0], stacked[1], rows, integers, integers.copy(),
                      integers - 1, integers - 1, integers.copy(), jnp.int32(0), jnp.int32(0))


def _coefficient_skeleton() -> Coefficients:
    blank = Coefficients(*[0] * len(Coefficients._fields))
    return blank._replace(switches=Switches(*[0] * len(Switches._fields)))


def make_reset_lanes(structure: Structure) -> Callable:
    """`reset_lanes(state, roots, coefs, actors, critics, counts) -> state`: fresh networks.

    Where `actors` is True actor and temperature are drawn afresh, where `critics` is, the critics and their targets,
    each with its optimizer state; replay, env and the record of the bound are kept. `counts` int32 `[L]` numbers the
    draw: 0 gives the lane's first weights, every other number others. Draw 0 must be of both.
    """
    def fresh(root: jax.Array, coefs: Coefficients, count: jax.Array, old: LearnerState) -> LearnerState:
        new = agent_of(structure).initialise(root, count, coefs, structure)
        first = count == 0
        return new._replace(**{name: jnp.where(first, getattr(new, name), getattr(old, name))
                               for name in ("soft_reward_max", "soft_reward_any", "soft_reward_min")})

    def reset_lanes(state: TrainState, roots: jax.Array, coefs: Coefficients, actors: jax.Array, critics: jax.Array,
                    counts: jax.Array) -> TrainState:
        new, old = jax.vmap(fresh)(roots, coefs, counts, state.learner), state.learner
        allowed = (counts == 0) | old.alive
        masks = dict.fromkeys(ACTOR_PARTS, actors & allowed) | dict.fromkeys(CRITIC_PARTS, critics & allowed)
        either = (actors | critics) & allowed

        def chosen(name, fresh_part, old_part):
            mask = masks.get(name, either)
            return jax.tree.map(lambda f, o: jnp.where(mask.reshape((-1,) + (1,) * (f.ndim - 1)), f, o),
                                fresh_part, old_part)

        learner = LearnerState(*(chosen(name, getattr(new, name), getattr(old, name)) for name in old._fields))
        return state._replace(learner=learner, resets=jnp.where(either, counts, state.resets))

    return reset_lanes


def make_train_chunk(env: TaskEnvironment, structure: Structure) -> Callable:
    """`train_chunk(state, roots, coefs, starts, control) -> state`.

    Args of the result:
      state: a `TrainState`; donate it.
      roots: root keys of the lanes, `[L]`.
      coefs: `Coefficients`, leaves `[L]`.
      starts: start states drawn for the lanes, `[L, ...]`; read only where `control.begins_episode`.
      control: a `Control`.
    """
    agent = agent_of(structure)
    replay: Any = replay_of(env, structure)
    step_env = scaled_step(env)
    draw, reset = make_draw(replay, structure), env.reset

    def choose_action(root, learner, coefs, obs, env_step, explores):
        key = stream_key(root, Stream.ACT, env_step)
        action = jax.lax.cond(
            explores,
            lambda: jax.random.uniform(key, (structure.action_size,), jnp.float32, -1.0, 1.0),
            lambda: agent.act(learner.actor, obs[None], coefs, structure, key)[0],
        )
        return jnp.where(learner.alive, action, 0.0)

    def one_update(root, learner, coefs, rows, count, transitions):
        sample_key, update_key = jax.random.split(stream_key(root, Stream.UPDATE, count))
        batch = draw(sample_key, rows, transitions, coefs)
        return agent.update(agent, learner, batch, coefs, structure, update_key)

    def act_in_envs(state: TrainState, roots: jax.Array, coefs: Coefficients,
                    explores: jax.Array) -> tuple[Any, jax.Array]:
        choose = jax.vmap(choose_action, in_axes=(0, 0, 0, 0, None, None))
        action = choose(roots, state.learner, coefs, state.env.obs, state.env_step, explores)
        return jax.vmap(step_env)(state.env, action), action

    def autoreset(env, roots, episode, acts):
        """The env states, with the first of a new episode where one is over, and the lanes' episode numbers."""
        over = acts & (env.done > 0.0)
        episode = episode + over.astype(jnp.int32)

        def fresh():
            keys = jax.vmap(stream_key, in_axes=(0, None, 0))(roots, Stream.EPISODE, episode)
            return jax.tree.map(
                lambda new, old: jnp.where(over.reshape((-1,) + (1,) * (new.ndim - 1)), new, old),
                jax.vmap(reset)(keys), env)

        return jax.lax.cond(jnp.any(over), fresh, lambda: env), episode

    def env_step(state: TrainState, roots: jax.Array, coefs: Coefficients, control: Control) -> TrainState:
        """One env step of all lanes, written to the replay, if the phase acts."""
        before = state.env
        after, action = jax.lax.cond(
            control.acts,
            lambda: act_in_envs(state, roots, coefs, control.explores),
            lambda: (before, jnp.zeros((len(roots), structure.action_size), jnp.float32)),
        )
        truncated = after.info["truncation"]
        ends = after.done * (1.0 - truncated * coefs.bootstrap_at_limit)
        rows = replay.write(state.rows, state.env_step, before.obs, action, after.reward, 1.0 - ends, after.done,
                            after.obs)
        broken = state.learner.alive & (after.info["nonfinite"] > 0.0) & control.acts
        env_steps = state.env_step + control.acts.astype(jnp.int32)
        episode = state.episode
        if env.terminates:
            after, episode = autoreset(after, roots, episode, control.acts)
        learner = state.learner._replace(alive=state.learner.alive & ~broken)
        return state._replace(
            env=after, rows=rows, env_step=env_steps, episode=episode, learner=learner,
            **_record(state, broken, Cause.PHYSICS, env_steps, state.update))

    def one_round(state: TrainState, roots: jax.Array, coefs: Coefficients, control: Control,
                  step: jax.Array) -> TrainState:
        state = env_step(state, roots, coefs, control) if replay.grows else state
        done = step * control.utd_numerator // control.utd_denominator
        due = (step + 1) * control.utd_numerator // control.utd_denominator - done
        due = jnp.where(control.acts, jnp.where(control.explores, 0, due), control.priming_updates)

        def update_all(_, carry):
            learner, update, marks = carry
            many = over_lanes(one_update, (0, 0, 0, replay.lane_axis, None, None))
            new = many(roots, learner, coefs, replay.lane_rows(state.rows), update, state.env_step)
            died = learner.alive & ~new.alive
            marked = state._replace(**marks)
            cause = jnp.where(new.optimizer_finite, jnp.int32(Cause.LEARNER), jnp.int32(Cause.OPTIMIZER))
            return new, update + 1, _record(marked, died, cause, state.env_step, update + 1)

        marks = {name: getattr(state, name) for name in ("cause", "bad_step", "bad_update")}
        learner, update, marks = jax.lax.fori_loop(0, due, update_all, (state.learner, state.update, marks))
        return state._replace(learner=learner, update=update, **marks)

    def train_chunk(state: TrainState, roots: jax.Array, coefs: Coefficients, starts: Any,
                    control: Control) -> TrainState:
        if replay.grows:
            state = state._replace(env=jax.lax.cond(control.begins_episode, lambda: jax.vmap(env.start)(starts),
                                                    lambda: state.env))

        def body(index, state):
            return one_round(state, roots, coefs, control, control.phase_step + index)

        return jax.lax.fori_loop(0, control.rounds, body, state)

    return train_chunk


def over_lanes(function: Callable, in_axes: tuple) -> Callable:
    """`jax.vmap` over axis 0 of the arguments, but those where `in_axes` has None; the first is an array `[L, ...]`.

    A single lane is computed without a lane axis: XLA's CPU backend would write arrays twice, with that axis and
    without, and updates would take an eighth longer.
    """
    def mapped(*arguments):
        if len(arguments[0]) > 1:
            return jax.vmap(function, in_axes)(*arguments)
        one = [argument if axis is None else jax.tree.map(lambda leaf: leaf[0], argument)
               for argument, axis in zip(arguments, in_axes, strict=True)]
        return jax.tree.map(lambda leaf: leaf[None], function(*one))

    return mapped


def _record(state: TrainState, died: Any, cause: Any, env_step: jax.Array, update: jax.Array) -> dict:
    """The three marks of non-finite lanes after `died` (bool `[L]`) went bad at (env_step, update), of a `Cause` for
    all lanes or for each, int32 `[L]`."""
    return {"cause": jnp.where(died, jnp.asarray(cause, jnp.int32), state.cause),
            "bad_step": jnp.where(died, env_step, state.bad_step),
            "bad_update": jnp.where(died, update, state.bad_update)}
