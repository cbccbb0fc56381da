"""The committed budgets of kernels, and programs compiled for accelerators that are not here (`make test-targets`)."""

import dataclasses
from pathlib import Path

import pytest

from divbench.spec.errors import UsageError
from divbench.targets.ahead import refuse_missing
from divbench.targets.budgets import TABLE, exceeded, read_budgets, recount, write_budgets
from divbench.targets.facts import TARGETS

ROOT = Path(__file__).resolve().parents[2]
BUDGETS = read_budgets(ROOT / TABLE)


def test_the_table_is_read_as_it_is_written(tmp_path):
    write_budgets(tmp_path / "table.csv", BUDGETS)
    assert (tmp_path / "table.csv").read_text() == (ROOT / TABLE).read_text()


def test_more_kernels_are_above_a_budget_and_fewer_are_not():
    budget = BUDGETS[0]
    grown = dataclasses.replace(budget, update_kernels=budget.update_kernels + 1)
    assert exceeded(budget, grown) == [f"{budget.name}: update_kernels {budget.update_kernels + 1}, budget "
                                       f"{budget.update_kernels}"]
    assert exceeded(grown, budget) == exceeded(budget, budget) == []
    assert exceeded(budget, dataclasses.replace(budget, temporary_bytes=2 * budget.temporary_bytes))


@pytest.mark.targets
@pytest.mark.parametrize("budget", BUDGETS, ids=lambda budget: budget.name)
def test_no_budget_is_exceeded(budget):
    try:
        refuse_missing(TARGETS[budget.target])
    except UsageError as error:
        pytest.skip(str(error))
    assert exceeded(budget, recount(budget)) == []
