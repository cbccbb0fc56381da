"""Where random numbers come from: one root key per lane, one stream per use, one count per draw.

No key is carried or split while training. Every draw folds (stream, count) into the lane's root, so that a lane's
random numbers depend on (task, seed), or (task, dataset, seed), and on how far it has come. They never depend on its
variant, its UTD, its place, its neighbours or where a run was cut. `divbench.spec.plan.Lane.key_words` makes the root.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np


class Stream(enum.IntEnum):
    """What a key is for. The numbers are part of the results: a changed number changes every score."""

    INITIALISE = 0  # counted by resets; then by network and layer
    ACT = 1  # counted by env steps
    UPDATE = 2  # counted by updates
    MEASURE = 3  # counted by updates
    EPISODE = 4  # counted by episodes of the lane; initial states of training
    EVALUATE = 5  # counted by env steps, updates without acting and episodes; host-side draws of initial states
    ROLLOUT = 6  # counted by updates and env steps; host-side draws of initial states
    COLLECT = 7  # counted by episodes; initial states and, with env steps of training, actions of datasets


def lane_keys(words: Sequence[tuple[int, int]]) -> jax.Array:
    """Root keys of lanes, a typed key array of shape `[L]`, from 64 bits each (two 32-bit words)."""
    return jax.random.wrap_key_data(jnp.asarray(np.asarray(words, np.uint32)), impl="threefry2x32")


def stream_key(root: jax.Array, stream: Stream, count: int | jax.Array) -> jax.Array:
    """The key of draw number `count` of a stream. `root` is one lane's key (scalar); `count` a scalar integer."""
    return jax.random.fold_in(jax.random.fold_in(root, stream.value), count)


def draw_seed(words: tuple[int, int], stream: Stream, *counts: int) -> int:
    """A 64-bit seed for a draw on the host: one start state, from the lane's words, the stream and its counts."""
    sequence = np.random.SeedSequence([*words, stream.value, *counts])
    return int(sequence.generate_state(1, np.uint64)[0])
