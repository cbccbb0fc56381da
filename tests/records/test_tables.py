import csv
import itertools
import json
import math
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from divbench.records.folder import RunFolder
from divbench.records.schema import RESULT_TABLES, TABLES, column_names
from divbench.records.tables import load, read_rows, write_tables
from divbench.spec.errors import UsageError
from divbench.verdict import KINDS, verdict_rows

FACTS = {"command": "divbench run", "device": "cpu", "physics": "host", "precision": "highest"}


def make_run(path, rows_of_group, verdicts=(), *, finish=True, flushes=lambda: False):
    with RunFolder.open(path, {"steps": 1}, FACTS) as run:
        for group, rows in rows_of_group:
            for table, row in rows:
                journal = run.group(group).timing if table == "timing" else run.group(group).journal
                journal.append(table, [row])
                if flushes():
                    journal.flush()
        if finish:
            write_tables(path, verdicts)
            run.mark_finished()
    return path


@pytest.fixture
def groups(make_row):
    """Two groups; lanes of three UTDs and two seeds; three measurements per lane."""
    numbers = {"scores": "return_mean", "values": "td_loss"}
    return [(name, [(table, make_row(table, variant=name, utd=utd, seed=seed, env_step=step, update=step * 2,
                                     **{column: step / 3}))
                    for step in (0, 5, 10) for utd in ("1/2", "8", "16") for seed in (0, 1)
                    for table, column in numbers.items()])
            for name in ("baseline", "ofn")]


def test_equal_rows_give_equal_bytes(tmp_path, groups, make_row):
    verdicts = [make_row("verdicts", variant="ofn", seed=seed, verdict="stable") for seed in (1, 0)]
    chance = random.Random(1)
    one = make_run(tmp_path / "one", groups, verdicts)
    split = [(f"{name}_part{part}", rows[part::2]) for name, rows in reversed(groups) for part in (1, 0)]
    other = make_run(tmp_path / "other", split, verdicts[::-1], flushes=lambda: chance.random() < 0.5)
    for table in RESULT_TABLES:
        for ending in ("parquet", "csv"):
            name = f"tables/{table}.{ending}"
            assert (one / name).read_bytes() == (other / name).read_bytes(), name


def test_rows_are_sorted_by_lane_and_time(tmp_path, groups):
    scores = load(make_run(tmp_path / "run", groups)).scores.to_pylist()
    places = [(row["variant"], row["utd"], row["seed"], row["env_step"]) for row in scores]
    assert places == list(itertools.product(("baseline", "ofn"), ("1/2", "8", "16"), (0, 1), (0, 5, 10)))


def test_csv_and_parquet_hold_the_same_numbers(tmp_path, make_row):
    numbers = [0.1, 1e-300, -0.0, 2**53 + 0.0, math.inf, -math.inf, math.nan, 1 / 3]
    rows = [("values", make_row("values", env_step=step, td_loss=number, nonfinite='a,"b'))
            for step, number in enumerate(numbers)]
    path = make_run(tmp_path / "run", [("g", rows)])
    with open(path / "tables" / "values.csv", newline="") as file:
        lines = list(csv.reader(file))
    assert tuple(lines[0]) == column_names("values")
    column = lines[0].index("td_loss")
    stored = load(path).values
    assert stored.column("nonfinite")[0].as_py() == 'a,"b' == lines[1][lines[0].index("nonfinite")]
    for line, found, number in zip(lines[1:], stored.column("td_loss").to_pylist(), numbers, strict=True):
        assert repr(float(line[column])) == repr(found) == repr(number)


def test_a_growing_folder_is_read_from_its_journals(tmp_path, groups):
    path = make_run(tmp_path / "run", groups, finish=False)
    with open(path / "groups" / "ofn" / "journal.jsonl", "ab") as file:
        file.write(b'{"table": "scores", "row": {"su')
    found = load(path)
    assert found.scores.num_rows == 36 and found.values.num_rows == 36 and found.verdicts.num_rows == 0
    assert found.card["settings"] == {"steps": 1}
    write_tables(path, [])
    assert (path / "tables" / "scores.csv").exists()


def test_a_run_without_rows_yet_has_empty_tables(tmp_path):
    found = load(make_run(tmp_path / "run", [], finish=False))
    for table in TABLES:
        assert getattr(found, table).num_rows == 0
        assert tuple(getattr(found, table).column_names) == column_names(table)


def test_published_tables_need_no_journals(tmp_path, groups):
    path = make_run(tmp_path / "run", groups)
    for leftover in ("groups", "divbench.lock"):
        (path / leftover).rename(tmp_path / leftover)
    assert load(path).scores.num_rows == 36


def test_timing_lies_in_a_table_of_its_own(tmp_path, make_row):
    rows = [("timing", make_row("timing", group="g", event="train", seconds=1.5))]
    path = make_run(tmp_path / "run", [("g", rows)])
    assert load(path).timing.to_pylist()[0]["seconds"] == 1.5
    assert read_rows(path)["timing"][0]["event"] == "train"


def test_what_cannot_be_read_is_one_line(tmp_path, groups):
    with pytest.raises(UsageError, match="no such folder"):
        load(tmp_path / "missing")
    with pytest.raises(UsageError, match="not a divbench run folder"):
        load(tmp_path)
    path = make_run(tmp_path / "run", groups)
    table = path / "tables" / "scores.parquet"
    whole = table.read_bytes()
    for content in (b"", whole[:-20], whole[:100], b"PAR1"):
        table.write_bytes(content)
        with pytest.raises(UsageError, match="scores.parquet: table cannot be read") as caught:
            load(path)
        assert "\n" not in str(caught.value)
    table.write_bytes((path / "tables" / "values.parquet").read_bytes())
    with pytest.raises(UsageError, match="expected the columns of table 'scores'"):
        load(path)
    table.unlink()
    with pytest.raises(UsageError, match="no such table"):
        load(path)


def test_tables_of_schema_2_are_read_and_judged(tmp_path, groups):
    path = make_run(tmp_path / "run", groups)
    card = json.loads((path / "card.json").read_text())
    (path / "card.json").write_text(json.dumps(card | {"schema_version": 2}))
    since = ["q_bound_any", "bound_seen", "mc_q_used"]
    old = pq.read_table(path / "tables" / "values.parquet").drop_columns(since)
    pq.write_table(old, path / "tables" / "values.parquet")
    tables = load(path)
    rows = tables.values.to_pylist()
    assert all(math.isnan(row[name]) for row in rows for name in since)
    assert {row["verdict"] for row in verdict_rows(rows)} <= set(KINDS)
    (path / "tables" / "diagnostics.parquet").unlink()  # schema 2 had it
    with pytest.raises(UsageError, match="no such table"):
        load(path)


def test_warnings_of_older_schemas_were_about_another_horizon_and_are_not_read(tmp_path, groups, make_row):
    path = make_run(tmp_path / "run", groups, [make_row("verdicts", warning=0.89, update=500)])
    card = json.loads((path / "card.json").read_text())
    (path / "card.json").write_text(json.dumps(card | {"schema_version": 2}))
    assert load(path).verdicts["warning"].to_pylist() == [0.89]  # an old run whose verdicts were judged anew
    file = path / "tables" / "verdicts.parquet"
    pq.write_table(pq.read_table(file).replace_schema_metadata({"divbench_schema_version": "2"}), file)
    row, = load(path).verdicts.to_pylist()
    assert math.isnan(row["warning"]) and row["update"] == 500


def test_tables_of_an_older_schema_are_read_and_nothing_is_made_up(tmp_path, groups):
    path = make_run(tmp_path / "run", groups)
    card = json.loads((path / "card.json").read_text())
    (path / "card.json").write_text(json.dumps(card | {"schema_version": 1}))
    old = pq.read_table(path / "tables" / "values.parquet").drop_columns(["second_moment", "q_distant_mean", "network"])
    widths = ["", *["256x256"] * (old.num_rows - 1)]  # an imported result says nothing
    old = old.append_column("hidden", pa.array(widths))
    pq.write_table(old, path / "tables" / "values.parquet")
    (path / "tables" / "diagnostics.parquet").unlink()
    tables = load(path)
    assert all(math.isnan(row["second_moment"]) for row in tables.values.to_pylist())
    assert tables.values.num_rows == old.num_rows and tuple(tables.values.column_names) == column_names("values")
    assert tables.values["grad_norm"].equals(old["grad_norm"])
    assert tables.values["network"].to_pylist() == ["", *["mlp 256x256"] * (old.num_rows - 1)]
    assert tables.diagnostics.num_rows == 0
    published = load(Path(__file__).resolve().parents[2] / "results" / "baselines" / "prime-15k")
    assert published.card["schema_version"] == 1
    assert {(row["explanation"], row["first_update"]) for row in published.verdicts.to_pylist()} == {("", -1)}
    for table in (published.scores, published.values, published.verdicts, published.timing):
        assert set(table["network"].to_pylist()) == {"mlp 256x256"}  # that they call hidden, 256x256
    (path / "tables" / "scores.parquet").unlink()
    with pytest.raises(UsageError, match="no such table"):
        load(path)
    (path / "card.json").write_text(json.dumps(card | {"schema_version": 99}))
    with pytest.raises(UsageError, match="written with table schema 99"):
        load(path)


def test_journals_of_an_older_schema_are_read_as_not_measured(tmp_path, groups):
    """Of a run that was never finished: what its rows lack is nan, as in older tables."""
    path = make_run(tmp_path / "run", groups)
    card = json.loads((path / "card.json").read_text())
    (path / "card.json").write_text(json.dumps(card | {"schema_version": 2, "finished": None}))
    whole = load_unfinished(path)
    for journal in (path / "groups").glob("*/journal.jsonl"):
        lines = [json.loads(line) for line in journal.read_text().splitlines()]
        for line in lines:
            line["row"].pop("second_moment", None)
            line["row"]["hidden"] = line["row"].pop("network").removeprefix("mlp ")
        journal.write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = load_unfinished(path)
    assert found.num_rows == whole.num_rows > 0
    assert all(math.isnan(row["second_moment"]) for row in found.to_pylist())
    assert found.drop_columns("second_moment").equals(whole.drop_columns("second_moment"))
    (path / "card.json").write_text(json.dumps(card | {"finished": None}))
    with pytest.raises(UsageError, match="line 1 is damaged"):
        load(path)


def load_unfinished(path):
    return load(path).values
