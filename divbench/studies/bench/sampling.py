"""How long a timed sample is, and what several samples say: a median and a spread."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import NamedTuple

SAMPLES = 5


class Sampled(NamedTuple):
    """The rate of something, from samples of equal work.

    Attributes:
      rate: of the median sample, per second.
      slowest, fastest: rate of the slowest and of the fastest sample over that.
      samples: how many.
      chunk: work of a chunk.
    """

    rate: float
    slowest: float
    fastest: float
    samples: int
    chunk: int


def doubled(timed: Callable[[int], float], seconds: float, most: int | None = None) -> int:
    """How much work takes about `seconds`, at least 1 and at most `most`.

    Args:
      timed: seconds that so much work takes. It is called with 1, which warms up, and then twice each with 1, 2, 4,
        ...: the faster time counts, so that one interruption does not make samples short.
      seconds: wanted.
      most: work of one call at most; None for no limit.
    """
    work = 1
    timed(work)
    while True:
        found = min(timed(work), timed(work))
        if found >= seconds / 2 or work == most:
            break
        work = 2 * work if most is None else min(2 * work, most)
    wanted = max(1, round(work * seconds / found))
    return wanted if most is None else min(wanted, most)


def sample(timed: Callable[[int], float], seconds: float, most: int | None = None) -> Sampled:
    """Time `SAMPLES` samples of about `seconds` together, after a warm-up. A sample is one chunk, or as many as it
    takes where a chunk can be no longer.

    Args:
      timed, most: as in `doubled`.
      seconds: of all samples.
    """
    chunk = doubled(timed, seconds / SAMPLES, most)
    calls = max(1, round(seconds / SAMPLES / timed(chunk)))
    return summarised([sum(timed(chunk) for _ in range(calls)) for _ in range(SAMPLES)], chunk, calls)


def summarised(seconds: list[float], chunk: int, calls: int = 1) -> Sampled:
    """The rate of samples that took so many seconds, each of `calls` chunks."""
    middle = statistics.median(seconds)
    return Sampled(chunk * calls / middle, middle / max(seconds), middle / min(seconds), len(seconds), chunk)
