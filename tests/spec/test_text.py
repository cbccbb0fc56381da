"""Numbers and lists as people write them."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divbench.spec import text
from divbench.spec.errors import UsageError

COUNTS = st.integers(0, text.LARGEST_COUNT)


@pytest.mark.parametrize(
    ("written", "count"),
    [
        ("500", 500),
        ("500k", 500_000),
        ("500K", 500_000),
        ("2.56M", 2_560_000),
        ("2560k", 2_560_000),
        ("10_000", 10_000),
        (" 7 ", 7),
        (7, 7),
        ("0.5k", 500),
        ("+3", 3),
        ("0", 0),
    ],
)
def test_counts(written, count):
    assert text.parse_count(written, "--steps") == count


@pytest.mark.parametrize(
    "written",
    [
        "",
        "x",
        "k",
        "1.5",
        "1/2",
        "1e3",
        "1e999999999",
        "nan",
        "-",
        True,
        1.5,
        None,
        [],
        "1.0001k",
        "3 k",
        "٣",
        "2147483648",
        "9" * 500,
    ],
)
def test_no_counts(written):
    with pytest.raises(UsageError, match=r"^--steps: expected"):
        text.parse_count(written, "--steps")


def test_a_count_below_its_minimum():
    with pytest.raises(UsageError, match=r"^--seeds: expected at least 1, found '-1'$"):
        text.parse_count("-1", "--seeds", minimum=1)


@given(COUNTS)
def test_format_count_is_read_back(count):
    assert text.parse_count(text.format_count(count), "x") == count


@given(st.integers(1, 2000), st.sampled_from([1, 1_000, 1_000_000]))
def test_format_count_is_short(number, factor):
    assert len(text.format_count(number * factor)) <= len(str(number)) + 3


@pytest.mark.parametrize(
    ("written", "ratio"),
    [
        ("8", Fraction(8)),
        ("1/2", Fraction(1, 2)),
        ("0.25", Fraction(1, 4)),
        (2, Fraction(2)),
        (0.5, Fraction(1, 2)),
        (Fraction(1, 3), Fraction(1, 3)),
        ("2/4", Fraction(1, 2)),
        ("1.0", Fraction(1)),
    ],
)
def test_utds(written, ratio):
    assert text.parse_utd(written) == ratio


@pytest.mark.parametrize(
    "written", ["0", "-1", "x", "", "2/3", "1.5", "1/0", "1/-2", "nan", "inf", True, None, "1e9"]
)
def test_no_utds(written):
    with pytest.raises(UsageError, match="^--utd: expected a positive whole number or a fraction 1/k, found"):
        text.parse_utd(written)


@given(st.integers(1, 999_999_999), st.booleans())
def test_a_utd_is_read_back_from_its_text(k, below_one):
    ratio = Fraction(1, k) if below_one else Fraction(k)
    assert text.parse_utd(str(ratio)) == ratio


@pytest.mark.parametrize(("written", "rate"), [("450", 450.0), ("1.5k", 1500.0)])
def test_rates(written, rate):
    assert text.parse_rate(written, "--rate") == rate


@pytest.mark.parametrize("written", ["0", "-1", "x", "inf", ""])
def test_no_rates(written):
    with pytest.raises(UsageError, match="^--rate: expected a positive number"):
        text.parse_rate(written, "--rate")


def test_names():
    assert text.split_names("ofn, reset", "--variants") == ("ofn", "reset")
    for broken in ("", "ofn,", ",", "a,,b"):
        with pytest.raises(UsageError, match="--variants: expected names"):
            text.split_names(broken, "--variants")
    with pytest.raises(UsageError, match="'ofn' is named twice"):
        text.split_names("ofn,reset,ofn", "--variants")


@pytest.mark.parametrize(
    ("size", "shown"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (48 * 2**20, "48.0 MiB"), (3 * 2**41, "6.0 TiB")],
)
def test_sizes(size, shown):
    assert text.format_size(size) == shown


def test_a_table_is_aligned():
    table = text.format_table(("task", "obs"), [("cheetah-run", 17), ("x", 5)], right=("obs",))
    assert table.splitlines() == ["task         obs", "cheetah-run   17", "x              5"]


def test_a_span_names_its_ends_once():
    spans = [text.format_span(numbers) for numbers in ((1_000,), (7, 7), (2_500, 1_000, 2_000))]
    assert spans == ["1,000", "7", "1,000 to 2,500"]


def test_a_list_is_not_split_inside_of_parentheses():
    assert text.split_names("a, b(c=1,d=(2,3)) ,e", "--variants") == ("a", "b(c=1,d=(2,3))", "e")
    assert text.split_outside("ofn+m:C(x=1e+5)", "+") == ["ofn", "m:C(x=1e+5)"]


def test_a_table_that_is_too_wide_is_folded_at_blanks():
    rows = [("a-long-name", "one two three", 5, "x"), ("b", "four", 12, "")]
    header = ("name", "words", "n", "")
    assert text.format_table(header, rows, ("n",), width=24).splitlines() == [
        "name         words   n", "a-long-name  one     5  x", "             two", "             three",
        "b            four   12"]
    wide = text.format_table(header, rows, ("n",))
    assert wide == text.format_table(header, rows, ("n",), width=100) and "one two three   5  x" in wide


def test_cells_are_left_as_they_are_without_a_width():
    assert text.format_table(("", ""), [("", "  a  b")]) == "\n    a  b"
