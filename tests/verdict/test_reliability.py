import math
import random

import pytest

from divbench.statistics.shares import share_interval
from divbench.verdict.reliability import Bin, Judged, Threshold


def judged(told, came, weights=None, clusters=None):
    return Judged(told, came, weights or [1.0] * len(told), clusters or range(len(told)))


def test_a_calibrated_forecaster_is_found_reliable_and_a_bragging_one_not():
    dice = random.Random(1)
    told = [dice.random() for _ in range(3_000)]
    came = [dice.random() < p for p in told]

    def reliable(probabilities):
        """Bins whose interval of the error holds 0."""
        return sum(row.error_low <= 0.0 <= row.error_high for row in judged(probabilities, came).reliability())

    bragging = [min(1.0, 2.0 * p) for p in told]
    assert reliable(told) >= 8 and reliable(bragging) <= 2
    assert judged(told, came).brier().value == pytest.approx(1.0 / 6.0, abs=0.01)
    assert judged(told, came).brier().high < judged(bragging, came).brier().low


def test_bins_of_known_predictions():
    first, last = judged([0.05, 0.09, 1.0, 1.0], [False, True, True, True], [3.0, 1.0, 1.0, 1.0], "abcc").reliability()
    assert first[:6] == (0.0, 0.1, 2, 2, pytest.approx(0.06), pytest.approx(0.25))
    assert (first.error_low, first.error_high) == (pytest.approx(-0.05), pytest.approx(0.91))  # either twice
    assert last == Bin(0.9, 1.0, 2, 1, 1.0, 1.0, pytest.approx(share_interval(1, 1)[0] - 1.0), 0.0)
    assert judged([], []).reliability() == []


def test_the_area_is_the_share_of_pairs_in_order():
    told, came = [0.1, 0.4, 0.4, 0.9], [False, True, False, True]
    assert judged(told, came).area().value == pytest.approx(3.5 / 4.0)  # of four pairs three, and one tie
    assert judged(told, came, [2.0, 1.0, 1.0, 1.0]).area().value == pytest.approx(5.5 / 6.0)
    assert judged([0.1, 0.9], [True, False]).area().value == 0.0
    assert all(map(math.isnan, judged([0.1, 0.9], [True, True]).area()))  # no pair


def test_the_roc_counts_what_is_above_each_threshold():
    one = judged([0.1, 0.4, 0.6, 0.9], [False, True, False, True], [1.0, 1.0, 3.0, 1.0])
    assert one.roc((0.0, 0.5, 0.9)) == [Threshold(0.0, 1.0, 1.0), Threshold(0.5, 0.5, 0.75), Threshold(0.9, 0.0, 0.0)]


def test_examples_of_one_cluster_are_drawn_together():
    """A hundred measurements of ten lanes know no more than ten."""
    dice = random.Random(0)
    came = [dice.random() < 0.5 for _ in range(10)]
    once = judged([0.5 + 0.01 * k for k in range(10)], came).brier()
    many = judged([0.5 + 0.01 * k for k in range(10) for _ in range(10)], [x for x in came for _ in range(10)],
                  clusters=[k for k in range(10) for _ in range(10)]).brier()
    assert many == pytest.approx(once)
