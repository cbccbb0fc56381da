"""Part of a dataset: a share of its transitions, drawn singly, or of its episodes, drawn whole.

SEEM's X% data (arXiv:2310.04411, Figure 9) are taken to be transitions drawn singly, without regard to episodes; that
is the default. Its public code has no such option, so how they are drawn is divbench's own.

The draw depends on the seed and on how many there are to draw from, and on nothing else: number k of the parent has
the place that SplitMix64 (Steele, Lea, Flood, OOPSLA 2014) gives it, and the first ones are taken. So a seed's 1% lie
within its 10%, and no version of a random number generator matters.
"""

from __future__ import annotations

import os
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from divbench.records.datasets.columns import Advanced, block_rows, untold
from divbench.records.datasets.dataset import Dataset
from divbench.records.datasets.request import EPISODES, TRANSITIONS, SubsetRequest
from divbench.records.datasets.writer import DatasetWriter

if TYPE_CHECKING:
    import numpy


def subset(dataset: Dataset, fraction: Fraction, seed: int, *, out: str | os.PathLike | None = None,
           unit: str = TRANSITIONS, advanced: Advanced = untold) -> Dataset:
    """Write part of a dataset as a dataset of its own, its rows in their order.

    Args:
      dataset: the whole.
      fraction: above 0 and at most 1; the nearest number of transitions or episodes is taken, at least one.
      seed: of the draw.
      out: the folder to be made, or None for one beside the dataset.
      unit: what is drawn.
      advanced: called with the number of transitions written, then of those measured.

    Returns:
      The part. Its card names the parent's checksum, counts and returns under `parent`; episodes keep their numbers.
      Held are 24 bytes for each transition of the parent and a block of 16 MiB.

    Raises:
      UsageError: a number out of range, or a place that is taken or cannot be written.
    """
    import numpy as np

    request = SubsetRequest(str(dataset.path), fraction, seed, unit, None if out is None else str(out))
    if unit == EPISODES:
        episode = dataset.transitions()["episode"]
        begins = np.flatnonzero(np.diff(episode, prepend=episode[0] - 1))
        kept = np.zeros(len(begins), bool)
        kept[draw(len(begins), fraction, seed)] = True
        rows = np.flatnonzero(np.repeat(kept, np.diff(begins, append=len(dataset))))
        whole = dataset.whole_episodes
    else:
        rows = draw(len(dataset), fraction, seed)
        whole = dataset.whole_episodes and len(rows) == len(dataset)
    card = dataset.card
    parent = {"checksum": dataset.checksum, "task": card["task"], "level": card["level"], "counts": card["counts"],
              "returns": card["returns"], "fraction": str(fraction), "unit": unit, "seed": seed,
              "parent": card["parent"]}
    described = {key: card[key] for key in ("task", "physics", "level", "policies", "seeds", "imported")}
    with DatasetWriter(request.target, observation_size=dataset.sizes["observation"],
                       action_size=dataset.sizes["action"], whole_episodes=whole) as writer:
        step = block_rows(dataset.sizes)
        for first in range(0, len(rows), step):
            arrays = dataset.transitions()
            writer.append(**{name: array[rows[first:first + step]] for name, array in arrays.items()})
            advanced("writing", writer.rows, len(rows))
        return writer.finish(described | {"parent": parent}, advanced)


def draw(count: int, fraction: Fraction, seed: int) -> numpy.ndarray:
    """Which of `count` things are taken.

    Returns:
      `[k]` numbers below `count`, rising, where k is the whole number nearest to `fraction * count`, at least 1 (halves
      go to the even one).
    """
    import numpy as np

    taken = max(1, round(fraction * count))
    order = np.argsort(places(count, seed), kind="stable")
    return np.sort(order[:taken])


def places(count: int, seed: int) -> numpy.ndarray:
    """`[count]` different 64-bit numbers: outputs of SplitMix64 that begins at a state hashed from the seed."""
    import numpy as np

    with np.errstate(over="ignore"):
        start = _mix(np.uint64(seed) + np.uint64(0x9E3779B97F4A7C15))
        return _mix(start + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15))


def _mix(state: Any) -> Any:
    """SplitMix64's finalizer, one-to-one on 64-bit numbers."""
    import numpy as np

    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))
