"""What the learner's tests share: lanes, programs and chunks of toy tasks."""

import functools
import inspect
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from divbench.execute import programs
from divbench.learn.agents.coefficients import coefficients, structure_of
from divbench.learn.keys import Stream, draw_seed, lane_keys
from divbench.learn.trainer import Control
from divbench.spec.naming import find_variant
from divbench.spec.plan import Lane
from divbench.spec.settings import SACSettings, with_values
from divbench.spec.variants import lane_settings

SMALL = SACSettings(hidden=(16, 16), batch_size=8)


def make_lane(variant="baseline", seed=0, sac_settings=SMALL, **values):
    """A lane of the toy task; `variant` is a name or a record, and `values` come last, over those of the variant."""
    variant = find_variant(variant) if isinstance(variant, str) else variant
    return Lane("toy", variant, Fraction(1), seed, with_values(lane_settings(variant, sac_settings), values))


@functools.cache
def compiled(function):
    """A function of the learner as one program, its `structure` fixed: taken operation by operation, an update
    compiles hundreds of small ones."""
    fixed = [name for name in ("structure", "training") if name in inspect.signature(function).parameters]
    return jax.jit(function, static_argnames=fixed)


@functools.cache
def _program(kind, episode_length, structure, lanes, capacity):
    return programs.build(kind(episode_length), structure, lanes, capacity, episodes=2)


class Bench:
    """A few lanes on a toy task, and the calls that move them. Equal ones share their compiled functions."""

    def __init__(self, env, lanes, capacity=200):
        self.env, self.lanes = env, tuple(lanes)
        mechanisms = frozenset().union(*(lane.mechanisms for lane in lanes))
        self.structure = structure_of(self.lanes, mechanisms, env.observation_size, env.action_size, env.reward_range,
                                      terminates=env.terminates)
        self.program = _program(type(env), env.episode_length, self.structure, len(lanes), capacity)
        self.roots = lane_keys([lane.key_words for lane in lanes])
        self.coefs = coefficients(self.lanes, env.action_size)

    def fresh(self):
        count = len(self.lanes)
        everyone = jnp.ones(count, bool)
        return self.program.reset_lanes(self.program.blank_state(), self.roots, self.coefs, everyone, everyone,
                                        jnp.zeros(count, jnp.int32))

    def starts(self, episode):
        return self.env.draw([draw_seed(lane.key_words, Stream.EPISODE, episode) for lane in self.lanes])

    def act(self, state, steps, *, utd=Fraction(0), explore=False, phase_step=0):
        """`steps` env steps, cut at the ends of episodes."""
        length = self.env.episode_length
        while steps:
            done = int(state.env_step)
            amount = min(steps, length - done % length)
            begins = done == 0 if self.env.terminates else done % length == 0
            control = Control.acting(amount, explores=explore, begins_episode=begins, utd=utd, phase_step=phase_step)
            state = self.program.train_chunk(state, self.roots, self.coefs, self.starts(done // length), control)
            steps, phase_step = steps - amount, phase_step + amount
        return state

    def prime(self, state, updates):
        """`updates` updates without acting."""
        return self.program.train_chunk(state, self.roots, self.coefs, self.starts(0), Control.priming(updates))


@pytest.fixture
def bench():
    """The class itself, so that a test module needs no import from here."""
    return Bench


@pytest.fixture
def lane():
    """`make_lane`."""
    return make_lane


def same(left, right) -> bool:
    """Whether two arrays hold the same bits, NaNs included."""
    left, right = np.asarray(left), np.asarray(right)
    return left.dtype == right.dtype and left.tobytes() == right.tobytes()


@pytest.fixture
def identical():
    """`same`."""
    return same
