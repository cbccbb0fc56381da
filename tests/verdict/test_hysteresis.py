import pytest
from hypothesis import given
from hypothesis import strategies as st

from divbench.verdict.hysteresis import BETWEEN, CLEAR, FAR, GONE, IN, UNKNOWN, Excursion, excursions

LETTERS = {"i": IN, "F": FAR, "c": CLEAR, "b": BETWEEN, "?": UNKNOWN, "g": GONE}


def find(text, last_counts=True):
    marks = [LETTERS[letter] for letter in text]
    found = excursions(marks, enter_after=2, leave_after=3, last_counts=last_counts)
    return [(excursion.start, excursion.end) for excursion in found]


@pytest.mark.parametrize("text, expected", [
    ("", []),
    ("ccc", []),
    ("ii", [(0, None)]),
    ("cicic", []),
    ("cibic", []),
    ("ci?ic", [(1, None)]),
    ("cFc", [(1, None)]),
    ("ciFc", [(1, None)]),
    ("iicc", [(0, None)]),
    ("iiccc", [(0, 2)]),
    ("iiccbccc", [(0, 5)]),
    ("iicc?c", [(0, 2)]),
    ("iicccii", [(0, 2), (5, None)]),
    ("iicccicc", [(0, 2)]),
    ("ci", [(1, None)]),
    ("ci?", [(1, None)]),
    ("iiccci", [(0, 2), (5, None)]),
    ("iig", [(0, 2)]),  # gone altogether: once is enough at the end,
    ("iicgi", [(0, None)]),  # not on the way
    ("iicg?", [(0, 2)]),
    ("iibg?", [(0, 3)]),
    ("iigc", [(0, None)]),
    ("gig", []),
    ("iigccg", [(0, 2)]),
])
def test_known_series(text, expected):
    assert find(text) == expected


def test_the_last_measurement_alone_counts_only_if_asked():
    assert find("ci", last_counts=False) == [] and find("ciii", last_counts=False) == [(1, None)]


@given(text=st.text("iFcb?", max_size=30))
def test_excursions_are_ordered_and_only_the_last_is_open(text):
    found = excursions([LETTERS[letter] for letter in text], enter_after=2, leave_after=3, last_counts=True)
    assert all(isinstance(excursion, Excursion) for excursion in found)
    assert all(excursion.end is not None for excursion in found[:-1])
    places = [place for excursion in found for place in (excursion.start, excursion.end) if place is not None]
    assert places == sorted(set(places))
    assert all(text[excursion.start] in "iF" for excursion in found)


@given(text=st.text("icb?", max_size=20), more=st.text("icb?", max_size=20))
def test_what_is_sustained_is_not_taken_back(text, more):
    before, after = find(text, last_counts=False), find(text + more, last_counts=False)
    assert [start for start, _ in after][:len(before)] == [start for start, _ in before]
