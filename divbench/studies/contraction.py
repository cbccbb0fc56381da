"""Q iteration through a kernel on random processes: the course of its error, and the modulus of Theorem 2.

Lives here: drawing processes and kernels, and iterating. Does not live here: the modulus and the operator
(`diagnostics.kernels.contraction`), the processes and Q* (`envs.finite`), and what is claimed (`experiments`).
Everything is in float64. Letters in shapes: D draws, S states, A actions, n = S * A pairs, P parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from divbench.diagnostics.kernels import contraction
from divbench.diagnostics.kernels.gram import gram
from divbench.envs.finite import FiniteMDP, optimal_q, random_mdp, walk_randomly
from divbench.learn import optimizers
from divbench.studies import dqn

KINDS = ("features", "network", "learned")
STATES, ACTIONS, HIDDEN = 6, 3, (32,)
DATA, BATCH, LEARNED, PERIOD, RATE = 200, 32, 1_000, 50, 3e-3  # of the DQN whose kernel is `learned`
FAR, NEAR = 1e12, 1e-6  # times the error at first: beyond them an iteration has diverged, or converged
CONSTRUCTED_ALPHA = 0.1


class ContractionRow(NamedTuple):
    """One process with one kernel. Numbers have nine digits.

    Attributes:
      kernel: of `KINDS`, or `constructed`.
      number: of the draw.
      gamma, alpha: discount and step size.
      modulus: beta(K); simplified: the published form of it, of which its two conditions are made.
      conditions: whether both hold, strictly.
      excess: largest of |U Q - Q*| / |Q - Q*| - modulus over all steps, in the sup norm; at most 0 by the theorem.
      rate: geometric mean of the error's ratios from step to step.
      error: at the end, over that at first; an iteration ends below 1e-6 and beyond 1e12.
      steps: taken.
    """

    kernel: str
    number: int
    gamma: float
    alpha: float
    modulus: float
    simplified: float
    conditions: bool
    excess: float
    rate: float
    error: float
    steps: int


class Problem(NamedTuple):
    """What is iterated: kernel `[n, n]`, rho `[n]`, alpha and gamma, reward `[S, A]`, onward P `[S, A, S]`, and Q* and
    the Q to begin with `[S, A]`; once stacked, with an axis of D in front."""

    kernel: Any  # arrays of numpy where it is made, of JAX where it is iterated
    rho: Any
    alpha: Any
    gamma: Any
    reward: Any
    onward: Any
    optimum: Any
    start: Any


def measure_contraction(draws: int, steps: int, tell: Callable[[str], None]) -> list[ContractionRow]:
    """Iterate from a random Q on so many processes with a kernel of each kind, and on the constructed example.

    Args:
      draws: of each kind.
      steps: of each iteration at most; it ends where its error is beyond 1e12 times, or below 1e-6 of, that at first.
      tell: called with a line for each kind.
    """
    rows = []
    with jax.enable_x64(True):
        for kind, name in enumerate(KINDS):
            seeds = [1_000_000 * kind + number for number in range(draws)]
            mdps = [draw_process(seed) for seed in seeds]
            rows += iterate(name, stack([make_problem(seed, mdp, kernel) for seed, mdp, kernel in
                                              zip(seeds, mdps, _kernels(name, seeds, mdps), strict=True)]), steps)
            below = sum(row.modulus < 1.0 for row in rows[-draws:])
            tell(f"{name}: {draws} processes, {below} with a modulus below 1")
        gammas = np.asarray([0.5, 0.7, 0.8, 0.82, 0.85, 0.9, 0.95, 0.99])
        rows += iterate("constructed", stack([constructed(gamma) for gamma in gammas]), steps)
    return rows


def constructed(gamma: float) -> Problem:
    """Two states, one action, no reward, both lead to the second; Q is a weight, times 1 in the first state and 2 in
    the second, learned equally from both. The weight is multiplied by 1 + alpha (6 gamma - 5) / 2 at each step: it
    grows where gamma is above 5/6, at any step size. After Tsitsiklis and Van Roy (1997)."""
    features = np.asarray([1.0, 2.0])
    onward = np.asarray([[[0.0, 1.0]], [[0.0, 1.0]]])
    return Problem(np.outer(features, features), np.full(2, 0.5), np.asarray(CONSTRUCTED_ALPHA), np.asarray(gamma),
                   np.zeros((2, 1)), onward, np.zeros((2, 1)), features[:, None])


def draw_process(seed: int) -> FiniteMDP:
    """A random process of a random number of successors, with and without an end, of a random discount."""
    random = np.random.default_rng([seed, 1])
    branching, ends, gamma = int(random.integers(1, STATES)), int(random.integers(0, 2)), random.uniform(0.3, 0.95)
    return random_mdp(seed, STATES, ACTIONS, branching=branching, ends=ends, gamma=float(gamma))


def make_problem(seed: int, mdp: FiniteMDP, kernel: np.ndarray) -> Problem:
    """The process with a kernel of which a random share off the diagonal is left, a random rho, and a random step size:
    so that the modulus lies on either side of 1."""
    random = np.random.default_rng([seed, 2])
    left = 10.0 ** random.uniform(-3.0, 0.0)
    kernel = left * kernel + (1.0 - left) * np.diag(np.diag(kernel))
    rho = random.dirichlet(np.full(len(kernel), 5.0))
    alpha = random.uniform(0.3, 1.2) / np.max(np.diag(kernel) * rho)
    optimum = optimal_q(mdp)
    return Problem(kernel, rho, np.asarray(alpha), np.asarray(mdp.gamma), mdp.reward, mdp.onward, optimum,
                   optimum + random.normal(size=optimum.shape) * np.abs(optimum).max())


def _kernels(kind: str, seeds: list[int], mdps: list[FiniteMDP]) -> np.ndarray:
    """Kernels over all pairs, `[D, n, n]`: of random features, of networks that nobody trained, of trained ones."""
    pairs = STATES * ACTIONS
    if kind == "features":
        features = np.stack([np.random.default_rng([seed, 3]).normal(size=(pairs, pairs // 2)) for seed in seeds])
        return features @ features.transpose(0, 2, 1)
    data = jax.tree.map(lambda *parts: jnp.asarray(np.stack(parts)), *map(_data, seeds, mdps))
    gammas = jnp.asarray([mdp.gamma for mdp in mdps])
    return np.asarray(_network_kernels(jnp.asarray(seeds), data, gammas, kind == "learned"))


def _data(seed: int, mdp: FiniteMDP) -> dqn.Transitions:
    found = walk_randomly(mdp, seed, DATA)
    return dqn.Transitions(mdp.states[found.state], mdp.actions[found.action], mdp.reward[found.state, found.action],
                           mdp.states[found.following], 1.0 - mdp.terminal[found.following])


@partial(jax.jit, static_argnums=3)
def _network_kernels(seeds: jax.Array, data: Any, gammas: jax.Array, trained: bool) -> jax.Array:
    """Kernels of networks of the one-hot vectors of state and action, before or after training on a walk."""
    q_fn = dqn.make_q_fn("relu", jnp.zeros(()))
    states, actions = jnp.eye(STATES), jnp.eye(ACTIONS)
    pairs = jnp.repeat(states, ACTIONS, 0), jnp.tile(actions, (STATES, 1))

    def one(seed, data, gamma):
        key = jax.random.fold_in(jax.random.key(0), seed)
        params = dqn.initialise(key, STATES + ACTIONS, HIDDEN, "lecun_normal")
        if trained:
            numbers = dqn.DQNSettings(gamma, jnp.int32(PERIOD), jnp.ones(()), optimizers.adam(RATE))
            record = dqn.train(q_fn, jax.random.fold_in(key, 1), params, data, actions, numbers,
                               at=jnp.asarray([LEARNED]), limit=FAR, batch=BATCH)
            params = jax.tree.map(lambda leaf: leaf[-1], record.params)
        return gram(q_fn, params, pairs)

    return jax.vmap(one)(seeds, data, gammas)


def stack(problems: list[Problem]) -> Problem:
    """Problems of one size as one, with an axis of D in front."""
    return jax.tree.map(lambda *parts: jnp.asarray(np.stack(parts)), *problems)


def iterate(kind: str, problems: Problem, steps: int) -> list[ContractionRow]:
    """A row for each of the problems, which are stacked."""
    modulus, simplified, conditions, excess, rate, error, count = jax.device_get(_iterate_all(problems, steps))
    return [ContractionRow(kind, number, _rounded(problems.gamma[number]), _rounded(problems.alpha[number]),
                           _rounded(modulus[number]), _rounded(simplified[number]), bool(conditions[number]),
                           _rounded(excess[number]), _rounded(rate[number]), _rounded(error[number]),
                           int(count[number]))
            for number in range(len(problems.gamma))]


@partial(jax.jit, static_argnums=1)
def _iterate_all(problems: Problem, steps: int) -> tuple[jax.Array, ...]:
    """The numbers of `ContractionRow` from the modulus on, `[D]` each."""

    def one(given: Problem) -> tuple[Any, ...]:
        kernel, rho, alpha, gamma = given.kernel, given.rho, given.alpha, given.gamma
        beta = contraction.modulus(kernel, rho, alpha, gamma)
        first = jnp.max(jnp.abs(given.start - given.optimum))

        def body(carry):
            q, error, excess, count = carry
            new = contraction.approximate_update(q, kernel, rho, alpha, given.reward, given.onward, gamma)
            moved = jnp.max(jnp.abs(new - given.optimum))
            return new, moved, jnp.maximum(excess, moved / error - beta), count + 1

        def goes_on(carry):
            _, error, _, count = carry
            return (count < steps) & (error <= FAR * first) & (error > NEAR * first)

        _, error, excess, count = jax.lax.while_loop(goes_on, body, (given.start, first, -jnp.inf, jnp.int32(0)))
        simplified = contraction.simplified_modulus(kernel, rho, alpha, gamma)
        conditions = jnp.all(contraction.step_condition(kernel, rho, alpha)) & (simplified < 1.0)
        return (beta, simplified, conditions, excess, (error / first) ** (1.0 / count), error / first, count)

    return jax.vmap(one)(problems)


def _rounded(value: Any) -> float:
    return float(f"{float(value):.9g}")
