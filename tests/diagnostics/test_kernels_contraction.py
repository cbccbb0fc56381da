"""Theorem 2 on random MDPs: the modulus against brute force, what it promises, and what happens beyond it."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divbench.diagnostics.kernels import contraction, directions

pytestmark = pytest.mark.usefixtures("strict_jax")
STATES, ACTIONS = 3, 2
PAIRS = STATES * ACTIONS


def judge(*arguments):
    return tuple(of(*arguments) for of in (contraction.modulus, contraction.simplified_modulus,
                                           contraction.theorem_holds))


judge_all, judge_one = jax.jit(jax.vmap(judge)), jax.jit(judge)
cosine, update_alignment = jax.jit(directions.cosine), jax.jit(directions.update_alignment)


@pytest.fixture(autouse=True)
def x64():
    with jax.enable_x64(True):
        yield


def draw_mdp(rng):
    reward = rng.normal(size=(STATES, ACTIONS))
    return reward, rng.dirichlet(np.full(STATES, 0.5), (STATES, ACTIONS))


def draw_kernel(rng, spread, pairs=PAIRS):
    """A positive semidefinite kernel whose entries beside the diagonal are about `spread` of it."""
    rows = rng.normal(size=(pairs, 2 * pairs))
    return np.diag(rng.uniform(0.5, 2.0, pairs)) + spread * rows @ rows.T / (2 * pairs)


def lipschitz(kernel, rho, alpha, gamma, transition):
    """The update's constant in the sup norm, by brute force: the largest norm of its linear pieces, one per policy."""
    rate, identity = alpha * kernel * rho, np.eye(len(rho))
    largest = 0.0
    for policy in itertools.product(range(ACTIONS), repeat=STATES):
        under_policy = np.zeros((PAIRS, PAIRS))
        for state, action in enumerate(policy):
            under_policy[:, state * ACTIONS + action] = transition.reshape(PAIRS, STATES)[:, state]
        piece = identity - rate + gamma * rate @ under_policy
        largest = max(largest, np.abs(piece).sum(1).max())
    return largest


def test_the_modulus_bounds_the_brute_force_constant_of_200_mdps():
    rng = np.random.default_rng(0)
    draws = [(draw_kernel(rng, 10.0 ** rng.uniform(-4, 0)), rng.dirichlet(np.ones(PAIRS)),
              10.0 ** rng.uniform(-1, 1.3), rng.uniform(0.0, 0.95), draw_mdp(rng)) for _ in range(200)]
    stacked = (jnp.asarray(np.stack([draw[part] for draw in draws])) for part in range(4))
    exact, simplified, conditions = judge_all(*stacked)
    brute = np.asarray([lipschitz(*draw[:4], draw[4][1]) for draw in draws])
    assert (brute <= np.asarray(exact) * (1.0 + 1e-12)).all()
    assert (np.asarray(simplified) <= np.asarray(exact) * (1.0 + 1e-12)).all()
    small = np.asarray([(alpha * np.diag(kernel) * rho <= 1.0).all() for kernel, rho, alpha, _, _ in draws])
    np.testing.assert_allclose(np.asarray(simplified)[small], np.asarray(exact)[small], rtol=1e-12)
    assert 20 < small.sum() < 180 and (brute < 1.0).sum() > 20  # the draws reach both sides
    conditions = np.asarray(conditions)
    assert conditions.sum() >= 5
    assert (np.asarray(exact)[conditions] <= 1.0).all() and (brute[conditions] <= 1.0).all()


def test_no_smaller_modulus_would_hold_for_every_mdp():
    """Over all deterministic transitions between 4 pairs the worst constant is the modulus itself."""
    rng = np.random.default_rng(1)
    maps = np.eye(4)[np.asarray(list(itertools.product(range(4), repeat=4)))]
    for _ in range(20):
        kernel, rho = np.abs(draw_kernel(rng, 1.0, 4)), rng.dirichlet(np.ones(4))
        rate = 0.4 * kernel * rho
        pieces = np.eye(4) - rate + 0.9 * rate @ maps
        assert (np.diag(rate) < 1.0).all()
        worst = np.abs(pieces).sum(2).max()
        got = judge_one(jnp.asarray(kernel), jnp.asarray(rho), 0.4, 0.9)[0]
        assert float(got) == pytest.approx(worst, rel=1e-12)


@jax.jit
def iterate(kernel, rho, alpha, reward, transition, gamma, count):
    """Q and Q* after `count` steps from a Q of 10, the latter by tabular iteration of 2,000 steps."""
    def exact_step(_, q):
        return contraction.optimality_operator(q, reward, transition, gamma)

    start = jnp.full(reward.shape, 10.0)
    exact = jax.lax.fori_loop(0, 2000, exact_step, start)

    def step(_, q):
        return contraction.approximate_update(q, kernel, rho, alpha, reward, transition, gamma)

    return jax.lax.fori_loop(0, count, step, start), exact, start


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31), gamma=st.floats(0.0, 0.9), step=st.floats(0.05, 0.95), spread=st.floats(0.0, 1.0))
def test_a_modulus_below_1_implies_convergence_at_its_pace(seed, gamma, step, spread):
    rng = np.random.default_rng(seed)
    reward, transition = draw_mdp(rng)
    rho = rng.dirichlet(np.full(PAIRS, 5.0))
    diagonal = rng.uniform(0.5, 1.0, PAIRS) / rho  # alpha K_ii rho_i below 1
    kernel = rng.uniform(-1.0, 1.0, (PAIRS, PAIRS)) * (diagonal.min() * spread * (1.0 - gamma) / (4.0 * PAIRS))
    np.fill_diagonal(kernel, diagonal)
    arguments = [jnp.asarray(value) for value in (kernel, rho, step)]
    beta, _, holds = judge_one(*arguments, gamma)
    beta = float(beta)
    reached, exact, start = iterate(*arguments, jnp.asarray(reward), jnp.asarray(transition), gamma, 50)
    before, after = (float(jnp.max(jnp.abs(q - exact))) for q in (start, reached))
    if beta < 1.0:
        assert after <= beta**50 * before + 1e-9
    if spread <= 0.5:  # then the row beside the diagonal is small enough for the theorem by construction
        assert bool(holds) and beta < 1.0


def test_beyond_1_an_iteration_may_diverge():
    """Two states, one action, no reward, features 1 and 2, both lead to the second (Tsitsiklis and Van Roy, 1997)."""
    kernel, rho = jnp.asarray([[1.0, 2.0], [2.0, 4.0]]), jnp.asarray([0.5, 0.5])
    reward, transition = jnp.zeros((2, 1)), jnp.asarray([[[0.0, 1.0]], [[0.0, 1.0]]])
    assert float(contraction.modulus(kernel, rho, 0.1, 0.95)) > 1.0
    assert not bool(contraction.theorem_holds(kernel, rho, 0.1, 0.95))
    reached, exact, start = iterate(kernel, rho, 0.1, reward, transition, 0.95, 1000)
    np.testing.assert_allclose(exact, 0.0, atol=1e-9)
    assert float(jnp.max(jnp.abs(reached))) > 1e3 * float(jnp.max(jnp.abs(start)))
    # the same data without generalisation: the table converges
    table = jnp.diag(jnp.diag(kernel))
    reached, _, _ = iterate(table, rho, 0.1, reward, transition, 0.95, 5000)
    assert float(contraction.modulus(table, rho, 0.1, 0.95)) < 1.0
    np.testing.assert_allclose(reached, 0.0, atol=1e-3)


def test_known_moduli_and_conditions():
    kernel, rho = jnp.asarray([[2.0, -0.5], [0.1, 1.0]]), jnp.asarray([0.25, 0.75])
    # rows of alpha K D: (0.5, -0.375) and (0.025, 0.75)
    assert float(contraction.modulus(kernel, rho, 1.0, 0.5)) == pytest.approx(0.5 + 0.375 + 0.5 * 0.875)
    assert float(contraction.simplified_modulus(kernel, rho, 1.0, 0.5)) == pytest.approx(1.0 - 0.25 + 1.5 * 0.375)
    np.testing.assert_array_equal(contraction.step_condition(kernel, rho, 1.0), [True, True])
    np.testing.assert_array_equal(contraction.step_condition(kernel, rho, 1.5), [True, False])
    np.testing.assert_array_equal(contraction.dominance_condition(kernel, rho, 0.5), [False, True])
    too_large, simplified, _ = judge_one(kernel, rho, 3.0, 0.5)
    assert float(simplified) < float(too_large)
    assert np.isnan(contraction.modulus(kernel.at[1, 0].set(jnp.nan), rho, 1.0, 0.5))
    with pytest.raises(ValueError, match=r"kernel \(2, 2\) and rho \(3,\); expected"):
        contraction.modulus(kernel, jnp.ones(3), 1.0, 0.5)


def test_optimality_operator_takes_the_best_next_action():
    q, reward = jnp.asarray([[1.0, 5.0], [2.0, 0.0]]), jnp.asarray([[0.0, 1.0], [0.5, 0.0]])
    transition = jnp.asarray([[[1.0, 0.0], [0.0, 1.0]], [[0.5, 0.5], [0.0, 1.0]]])
    got = contraction.optimality_operator(q, reward, transition, 0.5)
    np.testing.assert_allclose(got, [[2.5, 2.0], [2.25, 1.0]])


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31), exponent=st.integers(-25, 25))
def test_alignment_is_the_cosine_at_every_scale(seed, exponent):
    before, change, error = np.random.default_rng(seed).normal(size=(3, 20))
    expected = change @ error / np.linalg.norm(change) / np.linalg.norm(error)
    got = update_alignment(jnp.asarray(before), jnp.asarray(before + change),
                                      jnp.asarray(error * 10.0**exponent))
    assert float(got) == pytest.approx(expected, abs=1e-9)
    tabular = update_alignment(jnp.asarray(before), jnp.asarray(before + 0.1 * error), jnp.asarray(error))
    assert float(tabular) == pytest.approx(1.0, abs=1e-12)


def test_directions_of_trees_of_nothing_and_of_what_is_not_finite():
    tree = {"a": jnp.asarray([3.0]), "b": [jnp.asarray([[0.0, 4.0]])]}
    assert float(cosine(tree, jax.tree.map(lambda leaf: -2.0 * leaf, tree))) == pytest.approx(-1.0)
    assert float(cosine(tree["a"], jnp.zeros(1))) == 0.0
    assert float(cosine(jnp.asarray([1e200, 0.0]), jnp.asarray([1e200, 1e200]))) == pytest.approx(0.5**0.5)
    assert np.isnan(cosine(jnp.asarray([1.0, jnp.nan]), jnp.ones(2)))
