"""Variants by name, and what their records refuse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divbench.spec.errors import UsageError
from divbench.spec.text import LARGEST_COUNT, format_count
from divbench.spec.variants import BUILT_IN, Reset, Variant, find_variant


def test_built_in_variants():
    assert list(BUILT_IN) == ["baseline", "ofn", "layernorm", "reset"]
    assert BUILT_IN["baseline"].mechanisms == frozenset()
    assert BUILT_IN["ofn"].mechanisms == {"unit_ball"}
    assert BUILT_IN["layernorm"].mechanisms == {"layernorm"}
    assert BUILT_IN["reset"].reset == Reset(2_560_000, "agent")
    assert all(variant.citation and "\n" not in variant.summary for variant in BUILT_IN.values())
    assert all(find_variant(name) is variant for name, variant in BUILT_IN.items())


@given(st.integers(1, LARGEST_COUNT))
def test_a_reset_of_any_interval(interval):
    variant = find_variant(f"reset-{interval}-updates")
    assert variant.reset == Reset(interval)
    assert variant.name == f"reset-{format_count(interval)}-updates"
    assert find_variant(variant.name) == variant


def test_one_name_for_one_interval():
    names = {find_variant(f"reset-{n}-updates").name for n in ("2560k", "2.56M", "2560000", "2_560_000")}
    assert names == {"reset-2560k-updates"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ofm", "unknown variant 'ofm'.*did you mean 'ofn'"),
        ("OFN", "unknown variant 'OFN'"),
        ("", "unknown variant ''"),
        ("reset-0-updates", "expected at least 1"),
        ("reset-x-updates", "variant 'reset-x-updates': expected a whole number"),
        ("reset-..-updates", "expected a whole number"),
        ("reset-1.5-updates", "expected a whole number"),
        ("reset-100k", "unknown variant 'reset-100k'.*did you mean"),
    ],
)
def test_unknown_names(name, message):
    with pytest.raises(UsageError, match=message):
        find_variant(name)


def test_records_that_cannot_be():
    with pytest.raises(UsageError, match="unknown mechanism 'dropout'"):
        Variant("mine", "", "", mechanisms=frozenset({"dropout"}))
    for reset in (Reset(0), Reset(10, "critic")):
        with pytest.raises(UsageError, match="expected a reset interval of 1 or more and a scope of agent"):
            Variant("mine", "", "", reset=reset)
