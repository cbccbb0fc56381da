"""The rule errs at most as often as it says, on pools that no formula would like, and sees a planted change."""

import numpy as np
import pytest

from divbench.report.compare.false_alarms import grid, made_up, rates
from divbench.report.compare.request import CompareRequest

FEW = 120  # comparisons: at a rate of 5%, 13 alarms or more in one of 100 such tests


@pytest.mark.parametrize(("shape", "seeds"), [("normal", (3, 3)), ("lognormal", (5, 5)), ("two heaps", (3, 3)),
                                              ("three heaps", (10, 3))])
def test_false_alarms_are_few(shape, seeds):
    found = rates(made_up(shape, np.random.default_rng(1)), grid(2, 2), seeds, comparisons=FEW)
    assert found.regressed <= 12


def test_welch_is_not_the_rule_for_a_reason():
    found = rates(made_up("two heaps", np.random.default_rng(1)), grid(2, 2), (2, 2), comparisons=FEW, welch=True)
    assert found.welch > 30 and found.regressed <= 12


def test_variants_that_share_their_seeds_fate_raise_no_alarm():
    """All variants of a task have the same numbers: as if a seed's start states decided everything."""
    random = np.random.default_rng(2)
    drawn = {}

    def draw(metric, cell, side, count):
        if cell.variant == "variant0":
            drawn[metric, side] = dict(enumerate(random.normal(0.0, 100.0, count)))
        return drawn[metric, side]

    found = rates(draw, grid(1, 3), (5, 5), comparisons=FEW)
    assert found.regressed <= 12


@pytest.mark.parametrize("shape", ["normal", "two heaps"])
def test_a_planted_change_is_seen(shape):
    change = {"q": 50.0, "return": 0.0}
    found = rates(made_up(shape, np.random.default_rng(3), change), grid(2, 2), (4, 4), comparisons=20,
                  request=CompareRequest("", "", margins=(("q", 0.1),)))
    assert found.regressed == 20
