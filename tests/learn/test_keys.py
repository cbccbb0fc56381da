"""Random keys: one root per lane, streams apart, nothing from a lane's place."""

import jax
import numpy as np

from divbench.learn.keys import Stream, draw_seed, lane_keys, stream_key


def test_streams_and_counts_give_different_keys():
    root = lane_keys([(1, 2)])[0]
    data = {tuple(np.asarray(jax.random.key_data(stream_key(root, stream, count))))
            for stream in Stream for count in range(5)}
    assert len(data) == 5 * len(Stream)


def test_a_root_depends_on_its_words_alone():
    words = [(1, 2), (3, 4), (5, 6)]
    forward, backward = lane_keys(words), lane_keys(words[::-1])
    assert np.array_equal(jax.random.key_data(forward), jax.random.key_data(backward)[::-1])


def test_draw_seeds_differ_by_words_stream_and_counts():
    seeds = {draw_seed((a, 7), stream, *counts)
             for a in range(3) for stream in (Stream.EPISODE, Stream.EVALUATE)
             for counts in ((0,), (1,), (0, 0), (1, 0), (0, 1))}
    assert len(seeds) == 30
    assert draw_seed((1, 7), Stream.EPISODE, 3) == draw_seed((1, 7), Stream.EPISODE, 3)
