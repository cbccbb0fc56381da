"""The compiled functions of a group, at most four: train a chunk, evaluate, diagnose, reset lanes.

A program depends on the task, the physics, the structure and the number of lanes, never on UTD, seeds or
coefficients: groups that differ in those alone share one. Letters in shapes: L lanes, B batch, T steps of an episode.
"""

from __future__ import annotations

import dataclasses
import functools

import jax
import jax.numpy as jnp

from divbench import envs
from divbench.diagnostics import values
from divbench.learn import replay, rollout, trainer
from divbench.learn.agents import sac
from divbench.learn.agents.sac import Coefficients, Structure
from divbench.learn.keys import Stream, stream_key
from divbench.learn.trainer import TrainState


@dataclasses.dataclass(frozen=True)
class Program:
    """The jitted functions of a group and what they were built for."""

    env: object
    structure: Structure
    lanes: int
    capacity: int  # transitions the replay holds
    episodes: int  # of one evaluation
    train_chunk: object
    evaluate: object
    diagnose: object
    reset_lanes: object

    def blank_state(self) -> TrainState:
        return trainer.blank_state(self.env, self.structure, self.lanes, self.capacity)

    def functions(self) -> dict:
        """The jitted functions by name."""
        return {name: getattr(self, name) for name in ("train_chunk", "evaluate", "diagnose", "reset_lanes")}


def build(env, structure: Structure, lanes: int, capacity: int, episodes: int) -> Program:
    """Wrap the four functions in `jax.jit`; nothing is compiled before the first call."""
    return Program(
        env, structure, lanes, capacity, episodes,
        train_chunk=jax.jit(trainer.make_train_chunk(env, structure), donate_argnums=0),
        evaluate=jax.jit(rollout.make_evaluate(env, structure), donate_argnums=2),
        diagnose=jax.jit(make_diagnose(env, structure)),
        reset_lanes=jax.jit(trainer.make_reset_lanes(structure), donate_argnums=0),
    )


@functools.lru_cache(maxsize=8)
def _cached(task, physics, structure, lanes, capacity, episodes) -> Program:
    return build(envs.make(task, physics=physics), structure, lanes, capacity, episodes)


def program_for(group, physics: str, episodes: int) -> Program:
    """The program of a group; the same object for groups that can share it.

    Args:
      group: a `divbench.spec.plan.Group`.
      physics: `mjx`, `host` or `warp`.
      episodes: episodes of one evaluation.
    """
    info = envs.TASKS[group.task]
    first = group.lanes[0].sac
    fields = {name: getattr(first, name) for name in ("hidden", "batch_size", "initialisation", "log_std_rule")}
    structure = Structure(info.observation_size, info.action_size, group.mechanisms,
                          type(first)(**fields), (info.reward_min, info.reward_max))
    return _cached(group.task, physics, structure, len(group.lanes), group.protocol.env_steps, episodes)


def make_diagnose(env, structure: Structure):
    """`diagnose(state, roots, coefs, starts) -> dict` of float32 `[L]` arrays, one per measured column.

    On a batch of replay: Q on the replayed, the policy's and uniform random actions, TD loss, gradient norm, policy
    entropy. On one stochastic episode from `starts`: Monte-Carlo soft return of its first half, and Q there.
    """
    def on_batch(root, learner, rows, coefs: Coefficients, update, transitions):
        keys = jax.random.split(stream_key(root, Stream.MEASURE, update), 5)
        size = structure.settings.batch_size
        indices = replay.sample_indices(keys[0], size, transitions)
        batch = replay.gather(rows, indices, env.episode_length, structure.observation_size, structure.action_size)
        action, log_prob = sac.sample(learner.actor, batch.obs, coefs, structure, keys[1])
        uniform = jax.random.uniform(keys[2], action.shape, jnp.float32, -1.0, 1.0)
        measured = {}
        for name, chosen in (("replay", batch.action), ("policy", action), ("random", uniform)):
            q = sac.values(learner.critic, batch.obs, chosen, coefs, structure)
            measured[f"q_{name}_mean"], measured[f"q_{name}_max"] = values.magnitude(q)
        target = sac.td_target(learner, batch, coefs, structure, keys[3])
        loss, gradient = jax.value_and_grad(sac.critic_loss)(learner.critic, batch, target, coefs, structure)
        low, high = learner.soft_reward_min, learner.soft_reward_max
        return measured | {
            "td_loss": loss, "grad_norm": values.global_norm(gradient), "entropy": -jnp.mean(log_prob),
            "temperature": sac.temperature(learner, coefs),
            "q_bound": high / (1.0 - coefs.gamma), "q_bound_low": low / (1.0 - coefs.gamma)}

    def on_episode(learner, coefs: Coefficients, episode: rollout.Rollout):
        returns = values.soft_returns(episode.reward, episode.log_prob, sac.temperature(learner, coefs), coefs.gamma)
        q = sac.values(learner.critic, values.first_half(episode.obs), values.first_half(episode.action), coefs,
                       structure)
        return {"mc_return_mean": jnp.mean(values.first_half(returns)), "mc_q_mean": jnp.mean(q)}

    def diagnose(state: TrainState, roots, coefs: Coefficients, starts) -> dict:
        batch = jax.vmap(on_batch, in_axes=(0, 0, 0, 0, None, None))(
            roots, state.learner, state.rows, coefs, state.update, state.env_step)
        keys = jax.vmap(lambda root: jax.random.fold_in(stream_key(root, Stream.MEASURE, state.update), 1))(roots)
        episode = rollout.play(env, structure, state.learner.actor, coefs, starts, keys)
        return batch | jax.vmap(on_episode)(state.learner, coefs, episode)

    return diagnose
