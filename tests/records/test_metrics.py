"""The registry of metrics says something about everything that is measured, and about nothing else."""

import ast
import inspect

import pytest

from divbench.records import metrics
from divbench.records.metrics import METRICS

PER_LAYER = {"gradient_norm", "first_moment_norm", "second_moment_norm", "step_norm", "parameter_norm",
             "effective_rate", "dormant"}
WHOLE = {"srank", "pca_rank", "entropy_rank", "feature_rank", "dr3_dot"}
KERNEL = {"ntk_diagonal", "ntk_row_ratio", "ntk_condition", "ntk_rank", "update_cosine", "seem", "seem_normalised",
          "seem_resolution", "action_stability", "ntk_stability", "parameter_stability"}
NOTED = {"search_cosine_least", "search_shrinks", "search_rejected", "kernel_condition", "kernel_rank"}  # by preqn


def names(where):
    return [name for name, metric in METRICS.items() if metric.where == where]


def test_the_metrics_of_the_long_table():
    assert set(names("diagnostics")) == PER_LAYER | WHOLE | KERNEL | NOTED
    assert {name for name, metric in METRICS.items() if metric.per_layer} == PER_LAYER


def test_no_metric_is_written_twice():
    defined = [call for call in ast.walk(ast.parse(inspect.getsource(metrics))) if isinstance(call, ast.Call)
               and getattr(call.func, "id", "") in ("_value", "_whole", "_layer", "_asked")]
    assert len(defined) == len(METRICS)


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_is_complete(name):
    metric = METRICS[name]
    assert metric.name == name
    assert (metric.where, metric.level) in {("values", "cheap")} | {
        ("diagnostics", level) for level in ("full", "ntk", "seem", "preqn")}
    assert all((metric.unit, metric.formula, metric.meaning, metric.source))
    assert bool(metric.summary) == (metric.where == "values") and (metric.summary or metric.plot is None)
    assert metric.meaning[0].isupper() and metric.meaning.endswith(".")
    assert not metric.formula.endswith(".") and "\n" not in metric.formula + metric.meaning
    assert "  " not in metric.formula + metric.meaning + metric.source
