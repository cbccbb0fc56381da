"""What `divbench explain` says."""

import subprocess
import sys

import pytest

from divbench.records.metrics import METRICS
from divbench.records.schema import TABLES
from divbench.report.explain import explain, overview
from divbench.spec.errors import UsageError
from divbench.spec.text import line_width


@pytest.mark.parametrize("name", METRICS)
def test_everything_that_is_known_of_a_metric_is_said(name):
    text, metric = explain(name), METRICS[name]
    lines = text.splitlines()
    assert lines[0] == name
    assert all(len(line) <= line_width() and line == line.rstrip() for line in lines)
    words = " ".join(text.split())
    for said in (metric.meaning, metric.formula, metric.source, metric.where, metric.level):
        assert said in words


def test_the_facts_of_a_metric_of_layers_and_of_one_without_unit():
    assert "one per  layer of the critics" in explain("dormant")
    assert "unit     none" in explain("dormant")
    assert "level    full, measured with full diagnostics only" in explain("dormant")
    assert "one per  lane" in explain("q_bound")
    assert "unit     return" in explain("q_bound")
    assert "level    cheap, measured always" in explain("q_bound")


def test_an_unknown_metric_is_refused_with_the_nearest():
    with pytest.raises(UsageError, match="unknown metric or column 'sranks'.*did you mean 'srank'") as refused:
        explain("sranks")
    assert "\n" not in str(refused.value)
    with pytest.raises(UsageError, match="unknown metric or column ''"):
        explain("")


@pytest.mark.parametrize("table", TABLES)
def test_every_column_of_every_table_is_explained(table):
    for column in TABLES[table]:
        text = explain(column.name)
        assert text.startswith(f"{column.name}\n") and all(len(line) <= line_width() for line in text.splitlines())
        if column.name not in METRICS:
            words = " ".join(text.split())
            assert column.description[1:] in words and table in words and column.kind in words


def test_a_column_that_means_two_things_says_both():
    text = explain("update")
    assert "table  scores, values, diagnostics (a column)" in text and "table  verdicts (a column)" in text


def test_the_overview_has_one_aligned_line_for_each_metric():
    head, *rows = overview().splitlines()
    assert [row.split()[0] for row in rows] == list(METRICS)
    assert [row.split()[1] for row in rows] == [metric.level for metric in METRICS.values()]
    start = head.index("meaning")
    assert all(row[start - 2:start] == "  " and row[start].isupper() for row in rows)
    for row, metric in zip(rows, METRICS.values(), strict=True):
        assert metric.meaning.startswith(row[start:]) and not row.endswith((".", ":", " "))


def test_explaining_loads_nothing_heavy(tmp_path):
    code = ("import sys; from divbench.report.explain import explain, overview; explain('srank'); overview(); "
            "print(*{'jax', 'numpy', 'pyarrow', 'matplotlib'} & set(sys.modules))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.split() == []
