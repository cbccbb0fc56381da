"""Holm's rule: the numbers of its definition, and its laws."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divbench.statistics.estimates import holm


def test_each_chance_times_the_tests_that_are_not_smaller():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == [] and holm([0.2]) == [0.2] and holm([0.6, 0.7]) == [1.0, 1.0]


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=8))
def test_it_keeps_the_order_and_lies_between_each_alone_and_bonferroni(chances):
    found = holm(chances)
    for chance, after in zip(chances, found, strict=True):
        assert chance <= after <= min(1.0, len(chances) * chance)
    for one, two in zip(sorted(zip(chances, found, strict=True)), sorted(zip(chances, found, strict=True))[1:],
                        strict=False):
        assert one[1] <= two[1]
