"""Seeds that not every cell has, and pairs of which one partner has no number: who is exchanged with whom."""

import itertools

import pytest

from divbench.report.compare.decisions import judge
from divbench.report.compare.request import CompareRequest
from divbench.report.compare.samples import Numbers, Sample
from divbench.report.series import Cell


def sample(variant, baseline, new, metric="return"):
    return Sample(metric, Cell("cheetah-run", variant, "1"), Numbers(baseline, baseline), Numbers(new, new), "here")


def overall(samples, **fields):
    return judge(samples, CompareRequest("a", "b", metrics=("return",), **fields))[0]


def test_seeds_of_one_cell_are_not_exchanged_with_seeds_of_two():
    """Ten seeds have `ofn` alone, three have both; of these and the three new ones one deal in 20 is the worst."""
    old = {seed: 900.0 + seed for seed in range(3)}
    more = old | {seed: 800.0 + seed for seed in range(3, 13)}
    new = {seed: 100.0 + seed for seed in range(3)}
    row = overall([sample("ofn", more, new), sample("layernorm", old, new)], confidence=0.5)
    assert row.cell is None and row.chance == pytest.approx(2 * 1 / 20)  # half of the error is for rows over all cells


def test_without_a_seed_to_exchange_nothing_is_claimed_over_all_cells():
    new = {seed: 100.0 + seed for seed in range(5)}
    sides = ({seed: 900.0 + seed for seed in seeds} for seeds in (range(5), range(5, 10)))
    row = overall([sample(variant, side, new) for variant, side in zip(("ofn", "layernorm"), sides, strict=True)])
    assert row.chance == 1.0 and row.decision != "regressed"


def test_the_chance_is_that_of_all_deals_within_equal_seeds():
    """Counted by hand over the deals of the seeds with both cells; the others stay where they are."""
    both, alone = {0: 5.0, 1: 1.0, 2: 7.0}, {0: 5.0, 1: 1.0, 2: 7.0, 3: 4.0}
    news = {0: 2.0, 1: 6.0}, {0: 0.5, 1: 3.0}
    row = overall([sample("ofn", alone, news[0]), sample("layernorm", both, news[1])], confidence=0.5)

    def ranks(old, new):
        pool = [*old.values(), *new.values()]
        return {(side, seed): sum(other < x for other in pool) + (sum(other == x for other in pool) + 1) / 2
                for side, lanes in enumerate((old, new)) for seed, x in lanes.items()}

    cells = ranks(alone, news[0]), ranks(both, news[1])
    lanes = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]
    total = {lane: cells[0][lane] + cells[1][lane] for lane in lanes}
    sums = [sum(total[lane] for lane in chosen) for chosen in itertools.combinations(lanes, 2)]
    below = sum(x <= total[1, 0] + total[1, 1] for x in sums) / len(sums)
    assert row.chance == pytest.approx(min(1.0, 2 * below))


def test_a_partner_without_a_number_takes_its_pair_along():
    """Seeds differ by far more than the change of 1; pairs put together wrongly would show the seeds' spread."""
    numbers = {seed: 100.0 * seed for seed in range(6)}
    lost = float("-inf")
    old = Numbers(numbers | {0: lost}, {seed: x for seed, x in numbers.items() if seed != 0})
    new = Numbers({seed: x + 1 for seed, x in numbers.items()} | {5: lost},
                  {seed: x + 1 + seed / 1000 for seed, x in numbers.items() if seed != 5})
    found = Sample("return", Cell("cheetah-run", "ofn", "1"), old, new, "here")
    (row,) = judge([found], CompareRequest("a", "b", metrics=("return",), paired=True))
    assert row.difference.effect == pytest.approx(1.0025) and row.difference.high < 1.01
