import math

from divbench.records.schema import check_rows
from divbench.verdict import verdict_rows

LANE = {"suite": "smoke", "task": "cheetah-run", "variant": "ofn", "utd": "8", "seed": 0, "physics": "host",
        "action_repeat": 1, "network": "mlp 256x256", "precision": "highest"}


def test_one_row_per_lane_that_fits_the_table(make_rows):
    calm = [LANE | row | {"update": 5 * row["update"]} for row in make_rows([1.0, 2.0, 3.0])]
    wild = [LANE | {"variant": "baseline"} | row for row in make_rows([1.0, 200.0, 300.0])]
    mixed = [row for pair in zip(calm, wild, strict=True) for row in pair]
    first, second = check_rows("verdicts", verdict_rows(mixed))
    assert (first["variant"], first["verdict"], first["q_final"]) == ("ofn", "stable", 3.0)
    assert (second["variant"], second["verdict"], second["q_final"]) == ("baseline", "diverged", 300.0)
    assert second["update"] == 100 and second["q_bound"] == 100.0
    assert (first["first_cause"], first["first_update"]) == ("", -1) and 0.0 <= first["warning"] <= 1.0
    assert (second["first_cause"], second["first_update"]) == ("q_random_mean", 100) and math.isnan(second["warning"])
    assert first["explanation"].startswith("The lane stayed stable")
    assert second["explanation"].startswith("The lane diverged at update 100")
    assert verdict_rows([]) == []


def test_lanes_differ_by_task_variant_utd_and_seed(make_rows):
    row = make_rows([1.0])[0]
    changes = ({}, {"task": "walker-run"}, {"variant": "reset"}, {"utd": "1/2"}, {"seed": 1})
    assert len(verdict_rows([LANE | row | change for change in changes])) == 5
