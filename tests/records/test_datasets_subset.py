"""Parts of a dataset, and what is said of it: draws that lie within each other, and fixed for ever."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divbench.records.datasets.dataset import open_dataset
from divbench.records.datasets.info import describe
from divbench.records.datasets.subset import draw, subset
from divbench.spec.errors import UsageError
from tests.records.made_datasets import CARD, make_rows, write


def test_a_subset_is_rows_of_its_parent(tmp_path):
    rows = make_rows(lengths=[10] * 10, ends=["truncated"] * 10)
    dataset = write(tmp_path / "set", rows)
    part = subset(dataset, Fraction(1, 10), 3)
    assert part.path == tmp_path / "set-10pct-seed3" and open_dataset(part.path).card == part.card
    kept = draw(100, Fraction(1, 10), 3)
    for key, values in part.transitions().items():
        np.testing.assert_array_equal(values, dataset.transitions()[key][kept])
    assert not part.whole_episodes and part.card["returns"]["episodes"] == 0
    assert part.card["counts"]["finished_episodes"] == 0
    parent = part.card["parent"]
    assert (parent["checksum"], parent["fraction"], parent["unit"], parent["seed"]) == (
        dataset.checksum, "1/10", "transitions", 3)
    assert parent["returns"] == dataset.card["returns"] and part.card["policies"] == CARD["policies"]
    assert subset(dataset, Fraction(1, 10), 3, out=tmp_path / "again").checksum == part.checksum
    assert subset(dataset, Fraction(1, 10), 4).checksum != part.checksum
    with pytest.raises(UsageError, match="is there already"):
        subset(dataset, Fraction(1, 10), 3)


def test_a_subset_of_episodes_keeps_them_whole(tmp_path):
    lengths = [3, 1, 4, 1, 5, 9, 2, 6]
    dataset = write(tmp_path / "set", make_rows(lengths, ["terminal"] * 8))
    part = subset(dataset, Fraction(1, 2), 0, unit="episodes")
    kept = draw(8, Fraction(1, 2), 0)
    episode = part.transitions()["episode"]
    assert np.unique(episode).tolist() == kept.tolist()
    assert [int((episode == number).sum()) for number in kept] == [lengths[number] for number in kept]
    assert part.whole_episodes and part.card["returns"]["episodes"] == 4
    again = subset(part, Fraction(1, 4), 0, unit="episodes")
    assert again.card["parent"]["parent"]["checksum"] == dataset.checksum
    assert set(again.transitions()["episode"].tolist()) < set(kept.tolist())


def test_all_of_it_is_the_same_data(tmp_path):
    dataset = write(tmp_path / "set")
    for unit in ("transitions", "episodes"):
        part = subset(dataset, Fraction(1), 5, unit=unit)
        assert part.checksum == dataset.checksum and part.whole_episodes and part.card["parent"]["fraction"] == "1"


@given(st.integers(1, 3000), st.integers(0, 2**31 - 1), st.fractions(0, 1), st.fractions(0, 1))
@settings(max_examples=30, deadline=None)
def test_draws_are_of_the_right_size_and_lie_within_each_other(count, seed, one, other):
    small, large = sorted(share or Fraction(1, 7) for share in (one, other))
    few, many = draw(count, small, seed), draw(count, large, seed)
    assert len(few) == max(1, round(small * count)) and len(many) == max(1, round(large * count))
    assert (np.diff(many) > 0).all() and 0 <= many[0] and many[-1] < count
    assert set(few.tolist()) <= set(many.tolist())


def drawn_by_hand(count, taken, seed):
    """SplitMix64 in whole numbers of Python."""
    def mix(z):
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
        return z ^ z >> 31

    gamma = 0x9E3779B97F4A7C15
    start = mix((seed + gamma) % 2**64)
    return sorted(sorted(range(count), key=lambda k: mix((start + (k + 1) * gamma) % 2**64))[:taken])


def test_a_draw_is_fixed_for_ever():
    """It decides what 10% of a dataset are, so it must never change, with no version of anything."""
    assert draw(20, Fraction(1, 4), 0).tolist() == [5, 7, 11, 12, 19]
    for seed in (0, 1, 2**31 - 1):
        assert draw(1000, Fraction(1, 10), seed).tolist() == drawn_by_hand(1000, 100, seed)


def test_draws_favour_no_row():
    """Over 2,000 seeds each of 50 rows is among the tenth about 200 times; 5 standard deviations are 67."""
    hits = np.zeros(50)
    for seed in range(2000):
        hits[draw(50, Fraction(1, 10), seed)] += 1
    assert hits.sum() == 10_000 and abs(hits - 200).max() < 67


def test_info_says_what_it_is(tmp_path):
    dataset = write(tmp_path / "set")
    text = describe(dataset)
    for line in ("task         cheetah-run", "physics      host", "policy       sac: updates 1000",
                 "transitions  12, of them 1 terminal and 1 truncated", "episodes     3, of them 2 finished",
                 f"checksum     {dataset.checksum}"):
        assert line in text.splitlines()
    part = describe(subset(dataset, Fraction(1, 4), 1))
    assert "returns      none: transitions were drawn singly" in part.splitlines()
    assert f"1/4 of the transitions, drawn singly, seed 1, of 12 transitions with checksum {dataset.checksum}" in part
    unfinished = describe(write(tmp_path / "open", make_rows((3,), ("",))))
    assert "returns      none: no episode is finished" in unfinished.splitlines()


def test_info_shows_the_words_of_others_as_text(tmp_path):
    """A card may come from anywhere; no word of it moves the cursor of who reads it."""
    text = describe(write(tmp_path / "set", card=CARD | {"policies": [{"name": "a\x1b[2Jb\nc", "é": "\u202e"}]}))
    assert "policy       a\\x1b[2Jb\\nc: é \\u202e" in text.splitlines()
