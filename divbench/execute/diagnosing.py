"""What `diagnose` measures of a group's lanes, made of the functions of `divbench.diagnostics`.

`cheap` is what every row of the table of values holds; `full` adds what is measured layer by layer and the ranks, for
the table of diagnostics. What each number means is said in `divbench.records.metrics`. Letters in shapes: L lanes,
N critics, B batch, T steps of an episode.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

import chex
import jax
import jax.numpy as jnp

from divbench.diagnostics import distance, features, norms, policy, values
from divbench.execute import kernel_measures, stability
from divbench.learn import optimizers, rollout
from divbench.learn.agents import critic as critics
from divbench.learn.agents import rewards
from divbench.learn.agents.choice import agent_of
from divbench.learn.agents.coefficients import Coefficients, Structure
from divbench.learn.agents.state import LearnerState
from divbench.learn.keys import Stream, stream_key
from divbench.learn.replay import Batch
from divbench.learn.replay.drawing import make_draw, replay_of
from divbench.learn.trainer import TrainState
from divbench.spec.run_spec import FULL, NTK, SEEM

if TYPE_CHECKING:
    from divbench.envs.base import TaskEnvironment

# Of a return, that may lie after the end of the episode that it is measured in. A verdict takes a Q that is half as
# large again for too large. With 1,000 steps 0.1% lies there for gamma 0.99 and 12% for 0.997.
MOST_CUT_OFF = 0.05


def make_diagnose(env: TaskEnvironment, structure: Structure, level: str = "cheap") -> Callable:
    """`diagnose(state, roots, coefs, starts) -> (values, diagnostics)`, float32 `[L]` arrays.

    `values` has them by column; `diagnostics` by metric and layer, `""` for a metric of the whole critic. Unless
    `level`, a list with commas, has `full` in it, the latter are only what the algorithm notes down by itself and what
    `ntk` and `seem` ask for (`kernel_measures`). The table of values comes from one batch of replay and, for the
    Monte-Carlo return and the held-out TD error, from one stochastic episode that begins at `starts`. What `seem`
    compares the lanes with is `state.before`.
    """
    replay = replay_of(env, structure)
    draw = make_draw(replay, structure)
    draw_points = make_draw(replay, structure, kernel_measures.POINTS)
    kinds = level.split(",")

    def on_batch(keys: jax.Array, learner: LearnerState, before: Any, rows: jax.Array, coefs: Coefficients,
                 transitions: jax.Array) -> tuple[dict, dict]:
        batch = draw(keys[0], rows, transitions, coefs)
        measured, details = _measure_batch(learner, batch, coefs, structure, keys, kinds)
        points = draw_points(jax.random.fold_in(keys[0], 1), rows, transitions, coefs)
        if NTK in kinds or SEEM in kinds:
            critic = kernel_measures.first_critic(learner.critic)
            kernel = kernel_measures.kernel_of(critic, points, coefs, structure)
        if NTK in kinds:
            details |= kernel_measures.measure_ntk(kernel)
        if SEEM in kinds:
            details |= kernel_measures.measure_excitation(learner, points, coefs, structure)
            details |= stability.measure_stability(learner, before, points, kernel, coefs, structure)
        return measured, details

    def on_episode(learner: LearnerState, coefs: Coefficients, episode: rollout.Rollout, key: jax.Array) -> dict:
        return _measure_episode(learner, coefs, episode, key, structure)

    def diagnose(state: TrainState, roots: jax.Array, coefs: Coefficients, starts: Any) -> tuple[dict, dict]:
        chex.assert_tree_shape_prefix((state.learner, coefs, starts), roots.shape)
        keys = jax.vmap(measuring_keys, in_axes=(0, None))(roots, state.update)
        columns, details = jax.vmap(on_batch, in_axes=(0, 0, 0, replay.lane_axis, 0, None))(
            keys, state.learner, state.before, replay.lane_rows(state.rows), coefs, state.env_step)
        episode = rollout.play(env, structure, state.learner.actor, coefs, starts, keys[:, 5])
        seen = jax.vmap(on_episode)(state.learner, coefs, episode, keys[:, 6])
        return columns | seen, details

    return diagnose


def measuring_keys(root: jax.Array, update: jax.Array) -> Any:
    """The keys of a measurement, one for each use."""
    return jax.random.split(stream_key(root, Stream.MEASURE, update), 7)


def _measure_batch(learner: LearnerState, batch: Batch, coefs: Coefficients, structure: Structure, keys: jax.Array,
                   kinds: Collection[str]) -> Any:
    critic, agent = learner.critic, agent_of(structure)
    action, log_prob = agent.sample(learner.actor, batch.obs, coefs, structure, keys[1])
    uniform = jax.random.uniform(keys[2], action.shape, jnp.float32, -1.0, 1.0)
    passed = critics.forward(critic, batch.obs, batch.action, coefs, structure)
    q = {"replay": passed.q}
    for name, chosen in (("policy", action), ("random", uniform), ("distant", distance.most_distant(batch.action))):
        q[name] = critics.values(critic, batch.obs, chosen, coefs, structure)
    measured = {}
    for name, found in q.items():
        measured[f"q_{name}_mean"], measured[f"q_{name}_max"] = values.magnitude(found)
    measured_target, _ = agent.td_target(agent, learner, batch, coefs, structure, keys[3], training=False)
    target, next_action = agent.td_target(agent, learner, batch, coefs, structure, keys[3])
    _, gradient = critics.gradient(
        critic, batch, target, next_action, lambda obs, key: agent.sample(learner.actor, obs, coefs, structure, key),
        coefs, structure, keys[4])
    step = agent.critic_change(learner, batch, target, gradient, coefs, structure)
    first, second = (optimizers.moment(learner.critic_moments, name, critic["params"]) for name in ("mu", "nu"))
    low, high = rewards.batch_range(batch, coefs, structure)
    of_any = rewards.most_of_any_policy(high, agent.entropy_weight(learner, coefs), coefs.initial_temperature,
                                        structure.action_size)
    parameters = critics.learnable(critic["params"], coefs, structure)
    parameter_norm, step_norm = norms.global_norm(parameters), norms.global_norm(step)
    measured |= {
        "q_distance_correlation": distance.distance_correlation(uniform, batch.action, q["random"]),
        "td_loss": _td_loss(q["replay"], measured_target),
        "grad_norm": norms.global_norm(gradient),
        "first_moment": _norm(first),
        "second_moment": _norm(second),
        "second_moment_head": _norm(None if second is None else critics.heads_of(second, structure)),
        "update_norm": step_norm,
        "effective_lr": norms.effective_rate(step_norm, parameter_norm),
        "param_norm": parameter_norm,
        "feature_norm": features.mean_norm(passed.hidden[-1]),
        "dormant_share": features.dormant_share(passed.hidden),
        "reward_excess": rewards.excess(batch, coefs, structure),
        "actor_saturation": policy.saturation(agent.act(learner.actor, batch.obs, coefs, structure)),
        "entropy": policy.entropy(log_prob),
        "temperature": agent.temperature(learner, coefs),
        "q_bound": jnp.maximum(learner.soft_reward_max, high) / (1.0 - coefs.gamma),
        "q_bound_any": jnp.maximum(learner.soft_reward_any, of_any) / (1.0 - coefs.gamma),
        "q_bound_low": jnp.minimum(learner.soft_reward_min, low) / (1.0 - coefs.gamma),
        "bound_seen": jnp.float32(structure.bound_seen),
    }
    noted = {name: {"": value} for name, value in learner.notes.items()}
    if NTK in kinds:
        noted |= kernel_measures.measure_alignment(learner, batch, target, step, coefs, structure)
    if FULL not in kinds:
        return measured, noted
    following = critics.forward(critic, batch.next_obs, next_action, coefs, structure)
    sizes = norms.layer_norms(parameters)
    steps = norms.layer_norms(step)
    details = {
        "gradient_norm": norms.layer_norms(gradient),
        **{f"{name}_moment_norm": norms.layer_norms(moments)
           for name, moments in (("first", first), ("second", second)) if moments is not None},
        "step_norm": steps,
        "parameter_norm": sizes,
        "effective_rate": {layer: norms.effective_rate(steps[layer], sizes[layer]) for layer in sizes},
        "dormant": features.dormant_shares(passed.hidden),
        "dr3_dot": {"": features.dr3(passed.features, following.features)},
    }
    details |= noted
    return measured, details | {name: {"": rank} for name, rank in features.ranks(passed.hidden[-1]).items()}


def _measure_episode(learner: LearnerState, coefs: Coefficients, episode: rollout.Rollout, key: jax.Array,
                     structure: Structure) -> Any:
    agent = agent_of(structure)
    episode = episode._replace(reward=rewards.transform(episode.reward, coefs, structure))
    returns = values.soft_returns(episode.reward, episode.log_prob, agent.entropy_weight(learner, coefs), coefs.gamma,
                                  episode.continues)
    ended = jnp.any(episode.continues == 0.0)
    known = ended | (values.cut_off(coefs.gamma, episode.reward.shape[0]) <= MOST_CUT_OFF)
    early = jax.tree.map(values.first_half, episode)
    returns = values.first_half(returns)
    q = critics.values(learner.critic, early.obs, early.action, coefs, structure)
    before, after = (jax.tree.map(lambda leaf, part=part: leaf[part], episode) for part in (slice(-1), slice(1, None)))
    unseen = Batch(before.obs, before.action, before.reward, before.continues, after.obs, after.action,
                   jnp.ones_like(before.reward))
    target, _ = agent.td_target(agent, learner, unseen, coefs, structure, key, training=False)
    there = critics.values(learner.critic, unseen.obs, unseen.action, coefs, structure)
    return {"mc_return_mean": jnp.where(known, values.mean_within(returns, early.within), jnp.nan),
            "mc_q_mean": values.mean_within(q, early.within),
            "mc_q_used": values.mean_within(critics.pessimistic_q(q, coefs), early.within),
            "mc_bias": jnp.where(known, values.bias(q, returns, early.within), jnp.nan),
            "td_loss_heldout": _td_loss(there, target, before.within)}


def _norm(tree: Any) -> jax.Array:
    """L2 norm of a tree, scalar; NaN for None: a moment that the lane's optimizer does not keep."""
    return jnp.float32(jnp.nan) if tree is None else norms.global_norm(tree)


def _td_loss(q: jax.Array, target: Any, within: Any = None) -> jax.Array:
    """Sum over critics of the mean squared TD error: `[N, B]` and `[B]` to a scalar; of those `within` `[B]`, if
    given."""
    squares = jnp.square(q - target[None, :])
    if within is None:
        return jnp.sum(jnp.mean(squares, -1))
    return jnp.sum(jax.vmap(values.mean_within, in_axes=(0, None))(squares, within))
