"""Small datasets for tests: episodes of random numbers, and a writer of them."""

import numpy as np

from divbench.records.datasets.dataset import Dataset
from divbench.records.datasets.writer import DatasetWriter

CARD = {"task": "cheetah-run", "physics": "host", "level": "medium", "policies": [{"name": "sac", "updates": 1000}],
        "seeds": [0]}


def make_rows(lengths=(4, 3, 5), ends=("truncated", "terminal", ""), *, sizes=(3, 2), seed=0) -> dict:
    """Transitions of episodes of these lengths that end so, each observation the one that the last led to."""
    rng = np.random.default_rng(seed)
    parts = []
    for length, end in zip(lengths, ends, strict=True):
        observations = rng.normal(size=(length + 1, sizes[0])).astype(np.float32)
        last = np.arange(length) == length - 1
        parts.append({"obs": observations[:-1], "action": rng.uniform(-1, 1, (length, sizes[1])).astype(np.float32),
                      "reward": rng.normal(size=length).astype(np.float32), "next_obs": observations[1:],
                      "terminal": last & (end == "terminal"), "truncated": last & (end == "truncated")})
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def write(path, rows=None, *, cuts=(), card=CARD, **options) -> Dataset:
    """A dataset of these rows, appended in pieces that begin at `cuts`."""
    rows = make_rows() if rows is None else rows
    count = len(rows["reward"])
    with DatasetWriter(path, observation_size=rows["obs"].shape[1], action_size=rows["action"].shape[1],
                       **options) as writer:
        for first, end in zip([0, *cuts], [*cuts, count], strict=True):
            writer.append(**{key: values[first:end] for key, values in rows.items()})
        return writer.finish(card)
