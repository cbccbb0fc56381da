"""How often the gate cries wolf, and how often it catches a planted mistake, on lanes that were really trained.

    divbench run --suite smoke --seeds 40 --out POOL
    divbench run --suite smoke --seeds 12 --seed-start 100 --sac gamma=0.9 --out GAMMA
    python benchmarks/gate_power.py --pool POOL --planted "gamma 0.9=GAMMA" --out results/runs/bench/gate

False alarms: both sides are drawn from the pool, no seed on both; it is the same code, so every regression that
`divbench compare` claims is a false alarm. Power: the new side is drawn from a run with a mistake planted in it, the
baseline from the pool. Each pair is compared as the command compares two folders, at its defaults.
"""

from __future__ import annotations

import argparse
import csv
import random
from collections import Counter
from pathlib import Path

from divbench.report.compare.comparison import compare_sets
from divbench.report.compare.result_set import ResultSet, read_result_set
from divbench.spec.compare import CompareRequest
from divbench.statistics.shares import share_interval

LEAST_POOL, LEAST_PAIRS = 40, 200
COLUMNS = ("new side", "seeds a side", "pool", "pairs", "regressed", "share", "low", "high", "seen by")
UNCHANGED = "the same code"


def seeds_of(side: ResultSet) -> list[int]:
    """The seeds that every cell of a result set has."""
    lanes = [set(found) for found in (*side.values.values(), *side.scores.values())]
    return sorted(set.intersection(*lanes))


def draw(pool: ResultSet, planted: ResultSet | None, seeds: int, pairs: int) -> tuple[int, Counter]:
    """How many of so many pairs are called regressed, and in how many each cell was."""
    chance, request = random.Random(0), CompareRequest("", "")
    regressed, seen = 0, Counter()
    for _ in range(pairs):
        if planted is None:
            drawn = chance.sample(seeds_of(pool), 2 * seeds)
            sides = pool.only(drawn[:seeds]), pool.only(drawn[seeds:])
        else:
            sides = (pool.only(chance.sample(seeds_of(pool), seeds)),
                     planted.only(chance.sample(seeds_of(planted), seeds)))
        result = compare_sets(*sides, request)
        regressed += result.exit_code == 1
        seen.update("all cells" if row.cell is None else f"{row.cell.task}, {row.cell.variant}"
                    for row in result.rows if row.decision == "regressed")
    return regressed, seen


def measure(pool: ResultSet, planted: dict[str, ResultSet], seeds: list[int], pairs: int) -> list[dict]:
    """A row for each number of seeds and each new side."""
    rows = []
    for count in seeds:
        for name, side in {UNCHANGED: None, **planted}.items():
            hits, seen = draw(pool, side, count, pairs)
            low, high = share_interval(hits, pairs)
            most = "; ".join(f"{where} {times / pairs:.0%}" for where, times in seen.most_common(3))
            cells = (name, count, len(seeds_of(pool)), pairs, hits, hits / pairs, low, high, most)
            rows.append(dict(zip(COLUMNS, cells, strict=True)))
    return rows


def as_markdown(rows: list[dict], facts: str) -> str:
    lines = ["# False alarms and power of the gate", "", facts, "",
             "| new side | seeds a side | pairs | regressed | 95% interval | where, most often |",
             "|---|---:|---:|---:|---:|---|"]
    lines += [f"| {row['new side']} | {row['seeds a side']} | {row['pairs']:,} | {row['share']:.1%} | "
              f"{row['low']:.1%} to {row['high']:.1%} | {row['seen by'] or '-'} |" for row in rows]
    return "\n".join([*lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pool", required=True, help=f"a run of at least {LEAST_POOL} seeds")
    parser.add_argument("--planted", action="append", default=[], metavar="NAME=DIR", help="a run with a mistake in it")
    parser.add_argument("--seeds", default="8", help="seeds a side, separated by commas")
    parser.add_argument("--pairs", type=int, default=1_000)
    parser.add_argument("--out", type=Path, help="OUT.csv and OUT.md")
    given = parser.parse_args()
    pool = read_result_set(given.pool, "--pool")
    if len(seeds_of(pool)) < LEAST_POOL or given.pairs < LEAST_PAIRS:
        parser.error(f"expected a pool of at least {LEAST_POOL} seeds and at least {LEAST_PAIRS} pairs, found "
                     f"{len(seeds_of(pool))} and {given.pairs}")
    planted = {name: read_result_set(folder, "--planted") for name, _, folder in
               (text.rpartition("=") for text in given.planted)}
    rows = measure(pool, planted, [int(count) for count in given.seeds.split(",")], given.pairs)
    card = pool.runs[0].card
    facts = (f"Suite {card['settings']['suite']}, a pool of {len(seeds_of(pool))} seeds, {len(pool.cells)} cells; "
             f"physics {card['physics']}, device {card['device']}, jax {card['versions']['jax']}, divbench "
             f"{card['versions']['divbench']}. Made by `benchmarks/gate_power.py`.")
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
