"""What a dataset's card says of its columns: counts, lengths and returns of episodes, range of rewards.

Measured in one pass over the columns in blocks of a fixed size, and summed exactly, so the same rows give the same
numbers however they were written. Held are a block and a few numbers for each episode.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy

NO_RETURNS = {"episodes": 0, "mean": None, "sd": None, "min": None, "max": None}


def measure(blocks: Iterable[Mapping[str, numpy.ndarray]], whole_episodes: bool) -> dict:
    """The entries `counts`, `returns` and `rewards` of a card.

    Args:
      blocks: columns of consecutive transitions, `episode` never falling.
      whole_episodes: whether episodes are there in one piece. If not, there are no returns.

    Returns:
      `counts` of transitions, episodes, finished episodes (their last transition is terminal or truncated), and of
      transitions that are terminal and truncated; `returns` of finished episodes (undiscounted; sd divides by their
      number; None without any); `rewards`: mean, min and max.
    """
    import numpy as np

    totals = {"transitions": 0, "terminal": 0, "truncated": 0}
    rewards: list[float] = []  # a sum for each block
    lowest, highest = math.inf, -math.inf
    returns: list[float] = []
    episodes, current, running = 0, None, 0.0
    for block in blocks:
        reward = block["reward"].astype(np.float64)
        totals["transitions"] += len(reward)
        for key in ("terminal", "truncated"):
            totals[key] += int(block[key].sum())
        rewards.append(math.fsum(reward))
        lowest, highest = min(lowest, float(reward.min())), max(highest, float(reward.max()))
        starts = np.flatnonzero(np.diff(block["episode"], prepend=block["episode"][0] - 1))
        sums = np.bincount(np.repeat(np.arange(len(starts)), np.diff(starts, append=len(reward))), reward)
        last = np.append(starts[1:], len(reward)) - 1
        ended = block["terminal"][last] | block["truncated"][last]
        for place, start in enumerate(starts):
            if int(block["episode"][start]) != current:
                current, running, episodes = int(block["episode"][start]), 0.0, episodes + 1
            running += float(sums[place])
            if ended[place]:
                returns.append(running)
    count = totals["transitions"]
    return {
        "counts": {"transitions": count, "episodes": episodes,
                   "finished_episodes": len(returns) if whole_episodes else 0,
                   "terminal": totals["terminal"], "truncated": totals["truncated"]},
        "returns": _spread(returns) if whole_episodes else dict(NO_RETURNS),
        "rewards": {"mean": math.fsum(rewards) / count, "min": lowest, "max": highest},
    }


def _spread(values: list[float]) -> dict:
    if not values:
        return dict(NO_RETURNS)
    mean = math.fsum(values) / len(values)
    sd = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))
    return {"episodes": len(values), "mean": mean, "sd": sd, "min": min(values), "max": max(values)}
