"""Finite processes: Q* against value iteration and known answers, the walk's border, walks under random actions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divbench.envs.finite import FiniteMDP, optimal_q, random_mdp, walk, walk_randomly


def value_iteration(mdp, sweeps=4_000):
    """Q* by brute force: every pair by itself, sweep after sweep."""
    q = np.zeros(mdp.reward.shape)
    for _ in range(sweeps):
        best = np.where(mdp.terminal, 0.0, q.max(1))
        new = mdp.reward + mdp.gamma * (mdp.transition * best).sum(-1)
        if np.abs(new - q).max() < 1e-13:
            break
        q = new
    return q


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31), states=st.integers(2, 7), actions=st.integers(1, 4), gamma=st.floats(0.0, 0.97),
       data=st.data())
def test_optimal_values_are_those_of_value_iteration(seed, states, actions, gamma, data):
    branching, ends = data.draw(st.integers(1, states)), data.draw(st.integers(0, states - 1))
    mdp = random_mdp(seed, states, actions, branching=branching, ends=ends, gamma=gamma)
    np.testing.assert_allclose(mdp.transition.sum(-1), 1.0, rtol=1e-12)
    assert ((mdp.transition > 0.0).sum(-1) <= branching).all() and mdp.terminal.sum() == ends
    np.testing.assert_allclose(optimal_q(mdp), value_iteration(mdp), atol=1e-9)


def chain(gamma=0.5):
    """Two states in a row and an end: waiting pays nothing, going on pays 1, then 3."""
    transition = np.zeros((3, 2, 3))
    transition[[0, 1, 2], 0, [0, 1, 2]] = 1.0
    transition[[0, 1, 2], 1, [1, 2, 2]] = 1.0
    reward = np.asarray([[0.0, 1.0], [0.0, 3.0], [0.0, 100.0]])
    return FiniteMDP(np.eye(3), np.eye(2), transition, reward, np.asarray([False, False, True]), gamma)


def test_an_end_is_worth_nothing_from_there_on():
    np.testing.assert_allclose(optimal_q(chain())[:2], [[1.25, 2.5], [1.5, 3.0]])
    np.testing.assert_allclose(chain().onward.sum(-1), [[1.0, 1.0], [1.0, 0.0], [0.0, 0.0]])


def test_a_discount_of_one_is_refused():
    with pytest.raises(ValueError, match=r"gamma 1.0; expected from 0 to below 1"):
        optimal_q(chain(1.0))
    with pytest.raises(ValueError, match="branching 4 and ends 0 of 3 states"):
        random_mdp(0, 3, 2, branching=4)


def test_the_walk_is_bounded_and_worth_nothing():
    mdp = walk(4)
    assert mdp.states.shape == (16, 2) and mdp.actions.shape == (8, 2) and mdp.transition.shape == (16, 8, 16)
    np.testing.assert_array_equal(optimal_q(mdp), 0.0)
    reached = mdp.states[mdp.transition.argmax(-1)]
    assert (mdp.transition.sum(-1) == 1.0).all() and reached.min() == 0.0 and reached.max() == 1.0
    inside = ((mdp.states > 0.0) & (mdp.states < 1.0)).all(1)
    moved = 3.0 * (reached - mdp.states[:, None])
    np.testing.assert_allclose(moved[inside], np.broadcast_to(np.rint(mdp.actions), moved[inside].shape), atol=1e-12)
    np.testing.assert_allclose(reached[0, 1], [1 / 3, 1 / 3], err_msg="north-east of a corner")
    np.testing.assert_allclose(reached[0, 5], [0.0, 0.0], err_msg="the border stops")
    np.testing.assert_allclose(reached[0, 3], [0.0, 1 / 3], err_msg="and lets slide along")
    np.testing.assert_allclose(np.linalg.norm(mdp.actions, axis=1), 1.0)


def test_a_random_walk_hangs_together():
    mdp = random_mdp(3, 6, 2, ends=2)
    found = walk_randomly(mdp, 7, 200)
    assert (mdp.transition[found.state, found.action, found.following] > 0.0).all()
    ended = mdp.terminal[found.following[:-1]]
    np.testing.assert_array_equal(found.state[1:][~ended], found.following[:-1][~ended])
    assert ended.any() and not mdp.terminal[found.state].any() and set(found.action) == {0, 1}
    for one, other, again in zip(found, walk_randomly(mdp, 8, 200), walk_randomly(mdp, 7, 200), strict=True):
        assert (one == again).all() and (one != other).any()
