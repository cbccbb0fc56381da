"""The growth of each layer, from tables of values and diagnostics."""

import pyarrow as pa

from divbench.report.layers import layer_table
from divbench.report.layout import LaneVerdict
from divbench.report.series import Cell

LANE = {"task": "hopper-hop", "variant": "ofn", "utd": "1", "seed": 3}
VERDICTS = [LaneVerdict(Cell("hopper-hop", "ofn", "1"), seed, "stable", None, "") for seed in (3, 4)]


def tables(norms, frozen_from=None):
    """A lane measured every 100 updates: `norms` by metric and layer."""
    count = len(next(iter(norms.values())))
    values = [{**LANE, "env_step": 1_000, "update": 100 * index,
               "nonfinite": "learner" if frozen_from is not None and index >= frozen_from else ""}
              for index in range(count)]
    details = [{**LANE, "env_step": 1_000, "update": 100 * index, "metric": metric, "layer": layer, "value": value}
               for (metric, layer), series in norms.items() for index, value in enumerate(series)]
    return pa.Table.from_pylist(values), pa.Table.from_pylist(details)


def test_a_row_for_each_layer_from_the_input_on():
    found = layer_table(*tables({
        ("second_moment_norm", "head"): [0.0, 1.0, 1.0, 1.0, 400.0, 7.0],
        ("second_moment_norm", "hidden10"): [0.0, 1.0, 1.0, 2.0, 3.0, 3.0],
        ("second_moment_norm", "hidden2"): [0.0, 2.0, 2.0, 2.0, 2.0, 9.0],
        ("gradient_norm", "head"): [50.0, 1.0, 2.0, 3.0, 10.0, 1.0],
        ("srank", ""): [9.0] * 6,
    }), VERDICTS)
    assert found.headings[:5] == ("task", "variant", "UTD", "seed", "layer")
    name = ("hopper-hop", "ofn", "1", "3")
    assert found.rows == ((*name, "hidden2", "-", "-", "4.5-fold", "-"), (*name, "hidden10", "-", "-", "3-fold", "-"),
                          (*name, "head", "5-fold", "-", "400-fold", "-"))


def test_a_frozen_lane_counts_up_to_where_it_was_frozen():
    norms = {("parameter_norm", "head"): [1.0, 1.0, 1.0, 2.0, 8.0]}
    (row,), (frozen,) = (layer_table(*tables(norms, start), VERDICTS).rows for start in (None, 3))
    assert (row[-1], frozen[-1]) == ("8-fold", "2-fold")


def test_without_diagnostics_there_is_nothing_to_show():
    values, details = tables({("second_moment_norm", "head"): [0.0, 1.0]})
    assert layer_table(values, details.slice(0, 0), VERDICTS).rows == ()
