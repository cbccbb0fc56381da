import numpy as np
import pytest

from divbench.records.schema import LANE_COLUMNS, TABLES, check_rows, column_names


def test_result_tables_state_how_they_were_made():
    for table in ("scores", "values", "verdicts"):
        assert set(column_names(table)) >= {"suite", "task", "variant", "utd", "seed", "physics", "env_step",
                                            "update", "action_repeat", "network", "precision"}
    assert column_names("values")[:len(LANE_COLUMNS)] == LANE_COLUMNS


@pytest.mark.parametrize("table", TABLES)
def test_every_column_is_described_once(table):
    names = column_names(table)
    assert len(set(names)) == len(names)
    assert all(column.description and "\n" not in column.description for column in TABLES[table])


def test_wall_clock_is_in_timing_only():
    for table in ("scores", "values", "verdicts"):
        assert not {"seconds", "updates_per_second"} & set(column_names(table))


def test_numpy_scalars_become_python_numbers(make_row):
    row, = check_rows("scores", [make_row("scores", return_mean=np.float32(0.1), seed=np.int32(3))])
    assert type(row["return_mean"]) is float and row["return_mean"] == float(np.float32(0.1))
    assert type(row["seed"]) is int
    assert tuple(row) == column_names("scores")


def test_a_row_that_does_not_fit_is_refused(make_row):
    missing, extra = make_row("scores"), make_row("scores", surprise=1)
    del missing["seed"]
    with pytest.raises(ValueError, match="missing columns.*seed"):
        check_rows("scores", [missing])
    with pytest.raises(ValueError, match="unknown columns.*surprise"):
        check_rows("scores", [extra])
    with pytest.raises(ValueError, match="unknown table"):
        check_rows("nothing", [])
    for values in ({"seed": 1.5}, {"seed": True}, {"task": 3}, {"return_mean": "high"}):
        with pytest.raises(ValueError, match="expected"):
            check_rows("scores", [make_row("scores", **values)])
