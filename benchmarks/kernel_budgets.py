"""Count the kernels of every row of results/targets/kernels.csv anew, and write the table.

    python benchmarks/kernel_budgets.py [TARGET ...]     # only rows of these targets; the others stay

Needs the extras `cuda` and `tpu`; a row takes about a minute. Review what changed before committing it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from divbench.targets.budgets import TABLE, exceeded, read_budgets, recount, write_budgets

PATH = Path(__file__).resolve().parents[1] / TABLE


def main(targets: list[str]) -> None:
    rows = read_budgets(PATH)
    for place, budget in enumerate(rows):
        if targets and budget.target not in targets:
            continue
        rows[place] = recount(budget)
        print("\n".join(exceeded(budget, rows[place]) or [f"{budget.name}: within its budget"]), flush=True)
        write_budgets(PATH, rows)


if __name__ == "__main__":
    main(sys.argv[1:])
