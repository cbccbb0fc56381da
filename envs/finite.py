"""Finite Markov decision processes with known optimal values: a walk on a plane without reward, and random ones.

Lives here: what such a process is, how two kinds are made, Q* of any, and a walk under random actions. Plain numpy in
float64, without randomness other than of the seeds given. Does not live here: learning, and the environments that
groups train on (`environment`, `toys`).
Letters in shapes: S states, A actions, F features of a state, G of an action, N transitions.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

COMPASS = 8  # directions of the walk
ROUNDS = 1_000  # of policy iteration; a handful suffices
_GAIN = 1e-12  # relative; a smaller gain is rounding, and no reason to change an action


class FiniteMDP(NamedTuple):
    """A process in which every state and action can be listed.

    Attributes:
      states: what a learner sees of each state, `[S, F]`.
      actions: and of each action, `[A, G]`.
      transition: P(s' | s, a), `[S, A, S]`; rows add up to 1.
      reward: r(s, a), `[S, A]`.
      terminal: whether an episode ends on reaching a state, which is worth 0 from there on, `[S]`.
      gamma: discount.
    """

    states: np.ndarray
    actions: np.ndarray
    transition: np.ndarray
    reward: np.ndarray
    terminal: np.ndarray
    gamma: float

    @property
    def onward(self) -> np.ndarray:
        """P without what ends: `[S, A, S]`, rows that add up to 1 at most. T* Q = r + gamma onward max_a' Q."""
        return self.transition * ~self.terminal


class Walked(NamedTuple):
    """Transitions in a row, as places in the lists of states and actions: integers `[N]`."""

    state: np.ndarray
    action: np.ndarray
    following: np.ndarray


def walk(side: int = 11, gamma: float = 0.99) -> FiniteMDP:
    """Points of a square lattice in [0, 1]^2 and eight directions to walk in; never a reward, so Q* is 0.

    A step leads to the next point in that direction and ends at the border: each coordinate is clipped by itself. A
    state is seen as its two coordinates, an action as cosine and sine of its direction. After the toy example of Yue
    et al. (2310.04411, public code): there steps of 0.1 with noise start in the unit square, and no border stops them.

    Args:
      side: points of an edge; 11 makes straight steps of 0.1.
      gamma: discount.
    """
    places = np.stack(np.meshgrid(np.arange(side), np.arange(side), indexing="ij"), -1).reshape(-1, 2)
    angles = np.arange(COMPASS) * 2.0 * np.pi / COMPASS
    actions = np.stack([np.cos(angles), np.sin(angles)], -1)
    moves = np.rint(actions).astype(int)
    reached = np.clip(places[:, None] + moves[None], 0, side - 1)
    transition = np.zeros((side**2, COMPASS, side**2))
    np.put_along_axis(transition, (reached[..., 0] * side + reached[..., 1])[..., None], 1.0, 2)
    return FiniteMDP(places / max(side - 1, 1), actions, transition, np.zeros((side**2, COMPASS)),
                     np.zeros(side**2, bool), gamma)


def random_mdp(seed: int, states: int, actions: int, *, branching: int = 3, ends: int = 0,
               gamma: float = 0.9) -> FiniteMDP:
    """A process drawn at random: each pair leads to a few states, with probabilities by cutting [0, 1] at random.

    Rewards are standard normal, one for each pair; states and actions are seen as one-hot vectors. After the Garnet
    problems of Archibald, McKinnon and Thomas (1995), whose rewards belong to states.

    Args:
      branching: successors of a pair.
      ends: how many states, the last ones, end an episode.
    """
    if not 1 <= branching <= states or not 0 <= ends < states:
        raise ValueError(f"branching {branching} and ends {ends} of {states} states; expected 1 to {states} successors "
                         f"and at most {states - 1} ends")
    random = np.random.default_rng(seed)
    transition = np.zeros((states, actions, states))
    for pair in np.ndindex(states, actions):
        cuts = np.sort(random.uniform(size=branching - 1))
        transition[pair][random.choice(states, branching, replace=False)] = np.diff(cuts, prepend=0.0, append=1.0)
    terminal = np.arange(states) >= states - ends
    return FiniteMDP(np.eye(states), np.eye(actions), transition, random.normal(size=(states, actions)), terminal,
                     gamma)


def optimal_q(mdp: FiniteMDP) -> np.ndarray:
    """Q*, `[S, A]`, by policy iteration: each policy's values by a linear system, until no action gains.

    Exact but for the rounding of the last system, about 1e-16 / (1 - gamma) of the largest value. A terminal state has
    the values of acting in it, though nothing that leads there counts them.

    Raises:
      ValueError: a discount outside of [0, 1), with which there may be no such values.
    """
    if not 0.0 <= mdp.gamma < 1.0:
        raise ValueError(f"gamma {mdp.gamma}; expected from 0 to below 1")
    rows = np.arange(len(mdp.states))
    onward = mdp.onward
    policy = np.argmax(mdp.reward, 1)
    for _ in range(ROUNDS):
        system = np.eye(len(rows)) - mdp.gamma * onward[rows, policy]
        values = np.linalg.solve(system, mdp.reward[rows, policy])
        q = mdp.reward + mdp.gamma * onward @ values
        gains = q.max(1) - q[rows, policy] > _GAIN * (1.0 + np.abs(q).max())
        if not gains.any():
            return q
        policy = np.where(gains, np.argmax(q, 1), policy)
    raise ValueError(f"policy iteration did not end within {ROUNDS} rounds; are rows of the transition above 1?")


def walk_randomly(mdp: FiniteMDP, seed: int, steps: int) -> Walked:
    """N transitions in a row under uniformly random actions, from a uniformly random state that is not terminal.

    After a terminal state another start is drawn.
    """
    random = np.random.default_rng(seed)
    starts = np.flatnonzero(~mdp.terminal)
    state, found = int(random.choice(starts)), []
    for _ in range(steps):
        action = int(random.integers(len(mdp.actions)))
        following = int(random.choice(len(mdp.states), p=mdp.transition[state, action]))
        found.append((state, action, following))
        state = int(random.choice(starts)) if mdp.terminal[following] else following
    return Walked(*np.asarray(found).T)
