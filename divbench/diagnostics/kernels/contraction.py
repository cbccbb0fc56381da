"""When Q iteration with function approximation contracts: Theorem 2 of Achiam et al. on a finite MDP.

To first order a step of deep Q-learning is the operator U Q = Q + alpha K D_rho (T* Q - Q) on the vector of Q over all
pairs. Theorem 2 bounds its Lipschitz constant in the sup norm, for every MDP, by the modulus beta(K); below 1 the
iteration converges to Q*. Over all MDPs with as many pairs no smaller bound holds, except in rows where signs leave no
room for the worst one (a row of K with a single sign needs an entry of I - alpha K D_rho of the same sign).
Source of everything here: 1903.08894, equations 14 to 17 and the proof of Theorem 2.
Letters in shapes: S states, A actions, n = S * A pairs, pair (s, a) at s * A + a.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp


def modulus(kernel: jax.Array, rho: jax.Array, alpha: float | jax.Array, gamma: float | jax.Array) -> jax.Array:
    """beta(K) = max_i sum_j (|delta_ij - alpha K_ij rho_j| + alpha gamma |K_ij| rho_j); scalar, no unit.

    |U Q1 - U Q2| <= beta |Q1 - Q2| in the sup norm, for every MDP. NaN where the kernel is not finite.

    Args:
      kernel: K, `[n, n]`; need not be symmetric.
      rho: share of each pair in the data, `[n]`.
      alpha: step size, above 0.
      gamma: discount, from 0 to below 1.
    """
    rate = _rate(kernel, rho, alpha)
    identity = jnp.eye(rate.shape[0], dtype=rate.dtype)
    return _largest(jnp.sum(jnp.abs(identity - rate) + gamma * jnp.abs(rate), 1))


def simplified_modulus(kernel: jax.Array, rho: jax.Array, alpha: float | jax.Array,
                       gamma: float | jax.Array) -> jax.Array:
    """max_i (1 - (1 - gamma) alpha K_ii rho_i + (1 + gamma) alpha sum_{j != i} |K_ij| rho_j); scalar, no unit.

    Equal to `modulus` where 0 <= alpha K_ii rho_i <= 1 for all i. Where a step is larger, it is too small and proves
    nothing: it is never above the modulus for a kernel with a diagonal that is not negative. Arguments as there.
    """
    rate = _rate(kernel, rho, alpha)
    return _largest(1.0 - (1.0 - gamma) * jnp.diagonal(rate) + (1.0 + gamma) * _off_diagonal(rate))


def step_condition(kernel: jax.Array, rho: jax.Array, alpha: float | jax.Array) -> jax.Array:
    """Theorem 2's first condition for each pair, alpha K_ii rho_i < 1: the step is not too large; bool `[n]`."""
    return jnp.diagonal(_rate(kernel, rho, alpha)) < 1.0


def dominance_condition(kernel: jax.Array, rho: jax.Array, gamma: float | jax.Array) -> jax.Array:
    """Theorem 2's second condition, (1 + gamma) sum_{j != i} |K_ij| rho_j <= (1 - gamma) K_ii rho_i; bool `[n]`.

    With gamma 0.99 the diagonal must outweigh the row 199 times. As published it allows equality, with which the
    modulus is 1 and nothing converges by it: both conditions, strictly, are the same as `modulus` below 1 within
    alpha K_ii rho_i < 1.
    """
    rate = _rate(kernel, rho, 1.0)
    return (1.0 + gamma) * _off_diagonal(rate) <= (1.0 - gamma) * jnp.diagonal(rate)


def theorem_holds(kernel: jax.Array, rho: jax.Array, alpha: float | jax.Array, gamma: float | jax.Array) -> jax.Array:
    """Whether both conditions of Theorem 2 hold for all pairs; bool scalar."""
    return jnp.all(step_condition(kernel, rho, alpha)) & jnp.all(dominance_condition(kernel, rho, gamma))


def optimality_operator(q: jax.Array, reward: jax.Array, transition: jax.Array, gamma: float | jax.Array) -> jax.Array:
    """T* Q = r(s, a) + gamma sum_s' P(s'|s, a) max_a' Q(s', a').

    Args:
      q, reward: `[S, A]`.
      transition: P, `[S, A, S]`, rows that add up to 1.
      gamma: discount.

    Returns:
      `[S, A]`, in the unit of the reward.
    """
    ahead = jnp.einsum("sat,t->sa", transition, jnp.max(q, 1), precision=jax.lax.Precision.HIGHEST)
    return reward + gamma * ahead


def approximate_update(q: jax.Array, kernel: jax.Array, rho: jax.Array, alpha: float | jax.Array, reward: jax.Array,
                       transition: jax.Array, gamma: float | jax.Array) -> jax.Array:
    """U Q = Q + alpha K D_rho (T* Q - Q), one step of Q-learning through the kernel (equation 14): `[S, A]`.

    Arguments as in `modulus` and `optimality_operator`.
    """
    error = optimality_operator(q, reward, transition, gamma) - q
    change = jnp.matmul(_rate(kernel, rho, alpha), error.reshape(-1), precision=jax.lax.Precision.HIGHEST)
    return q + change.reshape(q.shape)


def _rate(kernel: jax.Array, rho: jax.Array, alpha: float | jax.Array) -> jax.Array:
    """alpha K D_rho, `[n, n]`."""
    count = rho.shape[0]
    if rho.ndim != 1 or kernel.shape != (count, count):
        raise ValueError(f"kernel {kernel.shape} and rho {rho.shape}; expected (n, n) and (n,) for n pairs")
    return alpha * kernel * rho[None, :]


def _off_diagonal(rate: jax.Array) -> jax.Array:
    off = ~jnp.eye(rate.shape[0], dtype=bool)
    return jnp.sum(jnp.where(off, jnp.abs(rate), 0.0), 1)


def _largest(rows: jax.Array) -> jax.Array:
    """The maximum, NaN if any row is; XLA's maximum of many NaNs on a CPU can be -inf."""
    return jnp.where(jnp.any(jnp.isnan(rows)), jnp.nan, jnp.max(rows))
