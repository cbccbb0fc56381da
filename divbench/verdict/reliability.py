"""How good probabilities were, once the outcomes are known: reliability by bins, Brier score, ROC.

Lives here: the numbers and their intervals, by drawing whole clusters of examples that depend on each other again.
Nothing of lanes is known here. numpy is imported inside the functions.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from divbench.statistics.bootstrap import percentiles
from divbench.statistics.shares import share_interval

if TYPE_CHECKING:
    import numpy as np

BINS = 10
DRAWS, SEED = 2_000, 0


class Bin(NamedTuple):
    """Predictions of about one size: how many, of how many clusters, what was predicted and what came true on the
    average, and the interval of the latter minus the former."""

    low: float
    high: float
    examples: int
    clusters: int
    predicted: float
    observed: float
    error_low: float
    error_high: float


class Estimated(NamedTuple):
    """A number and its interval."""

    value: float
    low: float
    high: float


class Threshold(NamedTuple):
    """What an alarm above this probability finds: the share of examples with the event that are above it, and of those
    without."""

    threshold: float
    found: float
    false: float


@dataclasses.dataclass(frozen=True)
class Judged:
    """Predictions beside what happened.

    Attributes:
      predicted: the probabilities.
      happened: the outcomes.
      weights: how much each counts.
      clusters: of each what it shares with others that it depends on. Intervals draw clusters, not examples.
    """

    predicted: Sequence[float]
    happened: Sequence[bool]
    weights: Sequence[float]
    clusters: Sequence[Hashable]

    def only(self, chosen: Sequence[bool]) -> Judged:
        """Those of the examples for which `chosen` says so."""
        places = [place for place, kept in enumerate(chosen) if kept]
        return Judged([self.predicted[place] for place in places], [self.happened[place] for place in places],
                      [self.weights[place] for place in places], [self.clusters[place] for place in places])

    def brier(self) -> Estimated:
        """Weighted mean squared difference of prediction and outcome: 0 is perfect, 0.25 is a coin's."""
        import numpy as np

        squares = (np.array(self.predicted) - np.array(self.happened)) ** 2
        return self._estimate(lambda weights: weights @ squares / weights.sum())

    def area(self) -> Estimated:
        """Area under the ROC: how often an example with the event has the larger prediction of a pair, ties half."""
        return self._estimate(lambda weights: _area(self.predicted, self.happened, weights))

    def reliability(self, bins: int = BINS) -> list[Bin]:
        """By `bins` of equal width over [0, 1]; empty ones are left out.

        Where all or none of a bin came true, draws know no spread: there the exact interval of a share, for as many
        independent cases as there are clusters.
        """
        places = [min(int(p * bins), bins - 1) for p in self.predicted]
        return [self.only([own == place for own in places])._bin(place / bins, (place + 1) / bins)
                for place in sorted(set(places))]

    def roc(self, thresholds: Sequence[float]) -> list[Threshold]:
        """The share found and the share of false alarms for each threshold."""
        import numpy as np

        p, y, w = (np.array(column) for column in (self.predicted, self.happened, self.weights))
        return [Threshold(threshold, float(w[(p > threshold) & y].sum() / w[y].sum()),
                          float(w[(p > threshold) & ~y].sum() / w[~y].sum())) for threshold in thresholds]

    def _bin(self, low: float, high: float) -> Bin:
        import numpy as np

        p, y, w = (np.array(column, float) for column in (self.predicted, self.happened, self.weights))
        predicted, observed, clusters = float(w @ p / w.sum()), float(w @ y / w.sum()), len(set(self.clusters))
        if y.min() == y.max():
            bounds = share_interval(clusters if y.max() else 0, clusters)
            error_low, error_high = (bound - predicted for bound in bounds)
        else:
            _, error_low, error_high = self._estimate(lambda weights: weights @ (y - p) / weights.sum())
        return Bin(low, high, len(p), clusters, predicted, observed, error_low, error_high)

    def _estimate(self, statistic: Callable) -> Estimated:
        """`statistic` of the weights, with the 95% percentile interval of draws of clusters; draws that leave it
        undefined are left out."""
        import numpy as np

        weights = np.array(self.weights)
        names = {name: place for place, name in enumerate(dict.fromkeys(self.clusters))}
        places = np.array([names[name] for name in self.clusters])
        random = np.random.default_rng(SEED)
        with np.errstate(invalid="ignore"):
            drawn = [statistic(weights * np.bincount(random.integers(0, len(names), len(names)),
                                                     minlength=len(names))[places]) for _ in range(DRAWS)]
            value = float(statistic(weights))
        known = [x for x in drawn if not np.isnan(x)]
        return Estimated(value, *(percentiles(known) if known else (math.nan, math.nan)))


def _area(predicted: Sequence[float], happened: Sequence[bool], weights: np.ndarray) -> float:
    import numpy as np

    values, places = np.unique(predicted, return_inverse=True)
    events = np.array(happened, bool)
    with_event = np.bincount(places, weights * events, len(values))
    without = np.bincount(places, weights * ~events, len(values))
    below = np.cumsum(without) - without / 2.0
    return float(with_event @ below / np.float64(with_event.sum() * without.sum()))
