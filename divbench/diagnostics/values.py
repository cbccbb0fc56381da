"""Q-values against what they should be: magnitudes on a set of actions, and the discounted soft Monte-Carlo return."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float, Shaped


def magnitude(q: Float[Array, "N B"]) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Mean Q and largest |Q| over critics and batch; `q` is `[critics, B]`, the results scalars."""
    return jnp.mean(q), jnp.max(jnp.abs(q))


def soft_returns(reward: Float[Array, " T"], log_prob: Float[Array, " T"], temperature: Float[ArrayLike, ""],
                 gamma: Float[ArrayLike, ""], continues: Float[Array, " T"] | float = 1.0) -> Float[Array, " T"]:
    """The discounted soft return of each step of one episode, what the soft Q of that step estimates.

    G_t = r_t + gamma (G_{t+1} - temperature log pi(a_{t+1}|s_{t+1})), with nothing after the last step: the entropy of
    step t itself does not count, as in the soft Bellman equation (Haarnoja et al., 1812.05905, equation 3).

    Args:
      reward: `[T]`.
      log_prob: log density of each action, nats, `[T]`.
      temperature, gamma: scalars.
      continues: `[T]`, 0 where the task terminated with the step, so that nothing that follows counts; else 1.

    Returns:
      `[T]`. The future cut off at the end is worth gamma^(T - t) of what it would be: read the first half only.
    """
    def back(future, step):
        reward, log_prob, continues = step
        value = reward + gamma * jnp.where(continues > 0.0, future, 0.0)  # whatever there is after a termination
        return value - temperature * log_prob, value

    steps = reward, log_prob, jnp.broadcast_to(continues, reward.shape)
    _, returns = jax.lax.scan(back, jnp.zeros_like(reward[0]), steps, reverse=True)
    return returns


def cut_off(gamma: Float[Array, ""], steps: int) -> Float[Array, ""]:
    """The share of a constant reward's return that lies after the end of an episode of `steps` steps, on average over
    its first half: the mean of gamma^(T - t); a scalar in [0, 1)."""
    ahead = steps - jnp.arange(max(1, steps // 2), dtype=gamma.dtype)
    return jnp.mean(jnp.power(gamma, ahead))


def first_half(series: Shaped[Array, "T ..."]) -> Shaped[Array, "half ..."]:
    """The first half of the steps of an episode: `[T, ...]` to `[T // 2, ...]` (at least one step)."""
    return series[: max(1, series.shape[0] // 2)]


def mean_within(series: Float[Array, "*N T"], within: Float[Array, " T"] | None) -> Float[Array, ""]:
    """Mean of a series `[..., T]` over the steps at which `within` `[T]` is not 0, whatever there is elsewhere; over
    all steps for None."""
    if within is None:
        return jnp.mean(series)
    counted = jnp.broadcast_to(within > 0.0, series.shape)
    return jnp.sum(jnp.where(counted, series, 0.0)) / jnp.sum(counted.astype(series.dtype))


def bias(q: Float[Array, "N T"], returns: Float[Array, " T"],
         within: Float[Array, " T"] | None = None) -> Float[Array, ""]:
    """Mean Q minus mean return on the same states and actions: how much the critics overestimate; scalar.

    The difference of means, not of signs or sizes: errors that cancel do not show. Unit: that of the return. Source:
    the two curves of Fujimoto et al., 1802.09477, figure 1, one less the other.

    Args:
      q: `[critics, T]`.
      returns: `[T]`, such as the first half of `soft_returns`.
      within: `[T]`, as of `mean_within`; None for all steps.
    """
    return mean_within(q, within) - mean_within(returns, within)
