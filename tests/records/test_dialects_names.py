"""How names and numbers of other code bases are read."""


import pytest

from divbench.records.dialects.naming import method_name, split_method
from divbench.records.dialects.numbers import read_number, read_whole


@pytest.mark.parametrize(("variant", "utd", "method"), [
    ("ofn", "8", "ofn_utd8"), ("ofn", "1/2", "ofn_utd1-2"), ("tdmpc2", "", "tdmpc2"), ("a_utd1", "2", "a_utd1_utd2")])
def test_variant_and_utd_are_one_name(variant, utd, method):
    assert method_name(variant, utd) == method and split_method(method) == (variant, utd)


@pytest.mark.parametrize("method", ["sac_utd", "sac_utd0", "sac_utd08", "sac_utd1-1", "sac_utd2-3", "_utd8", "a_utd8b"])
def test_other_endings_are_part_of_the_name(method):
    assert split_method(method) == (method, "")


def test_numbers_as_they_are_written():
    assert [read_whole(text, "step") for text in ("0", "100000", "5000.0", "1e5", " 7 ")] == [0, 10**5, 5000, 10**5, 7]
    assert read_number("-1e-3", "value") == -0.001
    for text in ("1_000", "٣", "0x10", "--1", "9" * 30):
        with pytest.raises(ValueError, match="expected step as a whole number"):
            read_whole(text, "step")
    with pytest.raises(ValueError, match="expected value as a number, found '1_0'"):
        read_number("1_0", "value")
