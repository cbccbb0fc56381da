"""Terms that variants add to the critics' loss, each a function of `CriticTerms` and a scalar before its weight."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from divbench.learn.hooks import CriticTerms

SAMPLES = 4  # actions drawn for each of uniform and policy; CQL's own code draws 10, at more than twice the cost


def squared_or_linear(error: Float[Array, "*shape"], delta: Float[Array, ""] | float) -> Float[Array, "*shape"]:
    """error^2 up to |error| = delta, from there on linear with the same slope; error^2 everywhere for a delta of 0.

    Twice Huber's loss (1964), so that it is the plain loss where the error is small.
    """
    size = jnp.abs(error)
    slope = jax.lax.stop_gradient(jnp.where(delta > 0.0, jnp.minimum(size, delta), size))
    return 2.0 * slope * size - jnp.square(slope)


def conservative(terms: CriticTerms) -> Float[Array, ""]:
    """Sum over critics of E_s[log sum_a exp Q(s, a) - Q(s, a_replay)], the regulariser of CQL(H).

    The sum over actions is estimated from `SAMPLES` uniform and `SAMPLES` policy actions a state, each weighted by the
    inverse of its density (Kumar et al., 2006.04779, equation 4 and appendix F).
    """
    batch, size = terms.batch.action.shape
    uniform_key, policy_key = jax.random.split(terms.key)
    obs = jnp.tile(terms.batch.obs, (SAMPLES, 1))
    uniform = jax.random.uniform(uniform_key, (SAMPLES * batch, size), jnp.float32, -1.0, 1.0)
    drawn, log_density = jax.lax.stop_gradient(terms.policy(obs, policy_key))
    log_densities = jnp.concatenate([jnp.full(SAMPLES * batch, -size * jnp.log(2.0)), log_density])
    q = terms.values(jnp.concatenate([obs, obs]), jnp.concatenate([uniform, drawn])) - log_densities[None, :]
    soft_maximum = jax.nn.logsumexp(q.reshape(q.shape[0], 2 * SAMPLES, batch), 1) - jnp.log(float(2 * SAMPLES))
    return jnp.sum(jnp.mean(soft_maximum - terms.q, -1))


def dr3(terms: CriticTerms) -> Float[Array, ""]:
    """Sum over critics of E[phi(s, a) . phi(s', a')], a' the action of the target (Kumar et al., 2112.04716)."""
    here = terms.features(terms.batch.obs, terms.batch.action)
    there = terms.features(terms.batch.next_obs, terms.next_action)
    return jnp.sum(jnp.mean(jnp.sum(here * there, -1), -1))


# By mechanism: the function and the coefficient that weighs it.
WEIGHTED = {"conservative": (conservative, "conservative_weight"), "dr3": (dr3, "dr3_weight")}
