"""How often the gate fails the same code, and how often it fails a planted mistake, on lanes that were really trained.

    divbench run --suite smoke --seeds 40 --out POOL
    divbench run --suite smoke --seeds 12 --seed-start 100 --sac gamma=0.9 --out GAMMA
    python benchmarks/gate_mistakes.py reward-negated run --suite smoke --seeds 12 --seed-start 100 --out NEGATED
    taskset -c 0 divbench run --suite smoke --seeds 16 --out ONE-CORE
    python benchmarks/gate_power.py --pool POOL --planted "gamma 0.9=GAMMA" --planted "reward negated=NEGATED" \\
        --again "one core=ONE-CORE" --out results/runs/bench/gate

False alarms: both sides are drawn from the pool, no seed on both; it is the same code, so every failure is a false
alarm. Power: the new side is drawn from a run with a mistake planted in it, or from the pool with a mistake planted in
its tables (`gate_tables`); the baseline is drawn from the pool. `--again` names a run of the pool's code and seeds on
another machine or number of cores: equal seeds are then compared with `--paired`, and every failure is a false alarm.
Each pair is compared as the command compares two folders, at its defaults, and with `--strict`.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from gate_tables import PLANTED

from divbench.report.compare.comparison import compare_sets
from divbench.report.compare.request import CompareRequest
from divbench.report.compare.result_set import ResultSet, read_result_set
from divbench.statistics.shares import share_interval

LEAST_POOL, LEAST_PAIRS = 40, 200
COLUMNS = ("new side", "seeds a side", "pool", "pairs", "failed", "share", "low", "high", "undecided", "strict",
           "seen by")
UNCHANGED = "the same code"


@dataclasses.dataclass(frozen=True)
class NewSide:
    """Where the new side of a pair comes from.

    Attributes:
      lanes: those that it is drawn from; None for the pool, of which no seed is then on both sides.
      change: what is planted in its tables.
      paired: whether it has the baseline's seeds, compared with `--paired`.
    """

    lanes: ResultSet | None = None
    change: Callable[[ResultSet], ResultSet] | None = None
    paired: bool = False


@dataclasses.dataclass
class Counts:
    """Pairs that failed at the defaults, that were undecided, and that failed with `--strict`; and what failed them."""

    failed: int = 0
    undecided: int = 0
    strict: int = 0
    seen: Counter = dataclasses.field(default_factory=Counter)


def seeds_of(side: ResultSet) -> list[int]:
    """The seeds that every cell of a result set has."""
    lanes = [set(found) for found in (*side.values.values(), *side.scores.values())]
    return sorted(set.intersection(*lanes))


def draw(pool: ResultSet, new: NewSide, seeds: int, pairs: int) -> Counts:
    """Compare so many pairs of so many seeds a side."""
    chance, request, counts = random.Random(0), CompareRequest("", "", paired=new.paired), Counts()
    for _ in range(pairs):
        baseline, other = _sides(pool, new, seeds, chance)
        result = compare_sets(baseline, new.change(other) if new.change else other, request)
        counts.failed += result.exit_code == 1
        counts.undecided += result.decision == "undecided"
        counts.strict += dataclasses.replace(result, request=dataclasses.replace(request, strict=True)).exit_code == 1
        counts.seen.update({row.label or f"{row.cell.task}, {row.cell.variant}"
                            for row in result.rows if row.decision == "regressed"})
        counts.seen.update({failure.kind for failure in result.failures})
    return counts


def _sides(pool: ResultSet, new: NewSide, seeds: int, chance: random.Random) -> tuple[ResultSet, ResultSet]:
    if new.lanes is None:
        drawn = chance.sample(seeds_of(pool), 2 * seeds)
        return pool.only(drawn[:seeds]), pool.only(drawn[seeds:])
    if new.paired:
        drawn = chance.sample(sorted(set(seeds_of(pool)) & set(seeds_of(new.lanes))), seeds)
        return pool.only(drawn), new.lanes.only(drawn)
    return pool.only(chance.sample(seeds_of(pool), seeds)), new.lanes.only(chance.sample(seeds_of(new.lanes), seeds))


def measure(pool: ResultSet, sides: dict[str, NewSide], seeds: list[int], pairs: int) -> list[dict]:
    """A row for each number of seeds and each new side."""
    rows = []
    for count in seeds:
        for name, side in sides.items():
            found = draw(pool, side, count, pairs)
            low, high = share_interval(found.failed, pairs)
            most = "; ".join(f"{where} {times / pairs:.0%}" for where, times in found.seen.most_common(3))
            cells = (name, count, len(seeds_of(pool)), pairs, found.failed, found.failed / pairs, max(0.0, low), high,
                     found.undecided / pairs, found.strict / pairs, most)
            rows.append(dict(zip(COLUMNS, cells, strict=True)))
    return rows


def sides_of(planted: dict[str, ResultSet], again: dict[str, ResultSet]) -> dict[str, NewSide]:
    """All new sides: the same code, the same code in pairs, mistakes that were trained, mistakes in tables."""
    return {UNCHANGED: NewSide(), **{f"the same code, {name}, --paired": NewSide(side, paired=True)
                                     for name, side in again.items()},
            **{name: NewSide(side) for name, side in planted.items()},
            **{name: NewSide(change=change) for name, change in PLANTED.items()}}


def as_markdown(rows: list[dict], facts: str) -> str:
    lines = ["# False alarms and power of the gate", "", facts, "",
             "| new side | seeds a side | pairs | failed | 95% interval | undecided | failed, `--strict` | seen by |",
             "|---|---:|---:|---:|---:|---:|---:|---|"]
    lines += [f"| {row['new side']} | {row['seeds a side']} | {row['pairs']:,} | {row['share']:.1%} | "
              f"{row['low']:.1%} to {row['high']:.1%} | {row['undecided']:.1%} | {row['strict']:.1%} | "
              f"{row['seen by'] or '-'} |" for row in rows]
    return "\n".join([*lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pool", required=True, help=f"a run of at least {LEAST_POOL} seeds")
    parser.add_argument("--planted", action="append", default=[], metavar="NAME=DIR", help="a run with a mistake in it")
    parser.add_argument("--again", action="append", default=[], metavar="NAME=DIR",
                        help="a run of the pool's code and seeds, made on other cores")
    parser.add_argument("--seeds", default="8", help="seeds a side, separated by commas")
    parser.add_argument("--pairs", type=int, default=1_000)
    parser.add_argument("--out", type=Path, help="OUT.csv and OUT.md")
    given = parser.parse_args()
    pool = read_result_set(given.pool, "--pool")
    if len(seeds_of(pool)) < LEAST_POOL or given.pairs < LEAST_PAIRS:
        parser.error(f"expected a pool of at least {LEAST_POOL} seeds and at least {LEAST_PAIRS} pairs, found "
                     f"{len(seeds_of(pool))} and {given.pairs}")
    planted, again = ({name: read_result_set(folder, flag) for name, _, folder in
                       (text.rpartition("=") for text in texts)}
                      for flag, texts in (("--planted", given.planted), ("--again", given.again)))
    rows = measure(pool, sides_of(planted, again), [int(count) for count in given.seeds.split(",")], given.pairs)
    card = pool.runs[0].card
    networks = ", ".join(pool.facts_of(pool.cells[0])["network"])
    facts = (f"Suite {card['settings']['suite']}, a pool of {len(seeds_of(pool))} seeds, {len(pool.cells)} cells; "
             f"{networks}, batches of {card['settings']['sac']['batch_size']}; physics {card['physics']}, device "
             f"{card['device']}, jax {card['versions']['jax']}, divbench {card['versions']['divbench']}. Made by "
             "`benchmarks/gate_power.py`.")
    text = as_markdown(rows, facts)
    print(text)
    if given.out:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.with_suffix(".md").write_text(text)
        with given.out.with_suffix(".csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
