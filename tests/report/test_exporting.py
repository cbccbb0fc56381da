"""A run in other forms: which numbers go out, at which point, and what is refused."""

import csv
import io
import json
import math
import shutil

import pytest

from divbench.records.dialects.request import DIALECTS, EXPORTS, SINGLE_FILES, ExportRequest
from divbench.records.dialects.tensorboard import FILE_NAME, event_file
from divbench.records.schema import TABLES
from divbench.records.tables import load
from divbench.report import exporting
from divbench.report.exporting import export_results
from divbench.report.importing import describe_import
from divbench.spec.errors import UsageError


@pytest.fixture
def run(fake_run, tmp_path):
    """Two tasks, two variants at UTD 1 and 1/2, two seeds; the return is easily told apart."""
    made = fake_run("dmc15-500k", ("cheetah-run", "dog-run"), ("baseline", "ofn"), ("1", "1/2"), (0, 1))
    for t, task in enumerate(made.tasks):
        for v, variant in enumerate(made.variants):
            for u, utd in enumerate(made.utd):
                for seed in made.seeds:
                    for step in (0, 5000):
                        value = 1000 * t + 100 * v + 10 * u + seed + step / 10_000
                        made.add("scores", task, variant, utd, seed, step, step, return_mean=value, episodes=10)
                        made.add("values", task, variant, utd, seed, step, step, q_replay_mean=2 * value)
    return made


def take(made, tmp_path, to, **fields):
    folder = tmp_path / "run"
    if not folder.exists():
        made.write(folder)
    return export_results(ExportRequest(str(folder), to, **fields))


def test_a_dialect_gets_every_lane(run, tmp_path):
    (file,) = take(run, tmp_path, "simba")
    assert file == tmp_path / "run" / "report" / "export" / "simba.csv"
    rows = list(csv.DictReader(io.StringIO(file.read_text())))
    assert len(rows) == 2 * 2 * 2 * 2 * 2
    found = {(row["env_name"], row["exp_name"], row["seed"], row["env_step"]): row["value"] for row in rows}
    assert found["dog-run", "ofn_utd1-2", "1", "5000"] == "1111.5"
    assert found["cheetah-run", "baseline_utd1", "0", "0"] == "0.0"


def test_another_metric_goes_by_its_own_name(run, tmp_path):
    (file,) = take(run, tmp_path, "simba", metric="q_replay_mean")
    rows = list(csv.DictReader(io.StringIO(file.read_text())))
    assert {row["metric"] for row in rows} == {"q_replay_mean"} and rows[-1]["value"] == "2223.0"


@pytest.mark.parametrize("to", ["tdmpc2", "high-replay-ratio"])
def test_a_dialect_without_names_of_metrics_holds_returns_alone(run, tmp_path, to):
    with pytest.raises(UsageError, match=f"--metric: '{to}' has no place for a metric's name .* found 'q_replay_mean'"):
        take(run, tmp_path, to, metric="q_replay_mean")
    for row in run.rows["scores"]:
        row["return_max"] = row["return_mean"] + 1.0
    shutil.rmtree(tmp_path / "run")
    take(run, tmp_path, to, metric="return_max", out=str(tmp_path / "out"))
    file = {"tdmpc2": "dog-run.csv", "high-replay-ratio": "dog-run/1.txt"}[to]
    last = (tmp_path / "out" / "ofn_utd1-2" / file).read_text().splitlines()[-1]
    assert last == {"tdmpc2": "5000,1112.5,1", "high-replay-ratio": "5000 1112.5"}[to]


def test_csv_is_the_tables_own(run, tmp_path):
    files = take(run, tmp_path, "csv")
    assert {file.name for file in files} == {f"{table}.csv" for table in TABLES}
    for file in files:
        assert file.read_bytes() == (tmp_path / "run" / "tables" / file.name).read_bytes()


def test_rliable_by_hand(run, tmp_path):
    (file,) = take(run, tmp_path, "rliable")
    found = json.loads(file.read_text())
    assert (found["tasks"], found["metric"], found["normalised"]) == (["cheetah-run", "dog-run"], "return_mean", False)
    assert found["env_steps"] == {"cheetah-run": 5000, "dog-run": 5000}
    assert found["scores"]["ofn_utd1-2"] == [[110.5, 1110.5], [111.5, 1111.5]]  # [runs, tasks]
    assert list(found["scores"]) == ["baseline_utd1", "baseline_utd1-2", "ofn_utd1", "ofn_utd1-2"]
    (file,) = take(run, tmp_path, "rliable", normalise=True, out=str(tmp_path / "n.json"))
    assert json.loads(file.read_text())["scores"]["ofn_utd1-2"][1] == [0.1115, 1.1115]


def test_rliable_compares_where_all_lanes_of_a_task_have_been(run, tmp_path):
    run.rows["scores"] = [row for row in run.rows["scores"]
                          if (row["task"], row["seed"], row["env_step"]) != ("dog-run", 1, 5000)]
    (file,) = take(run, tmp_path, "rliable")
    found = json.loads(file.read_text())
    assert found["env_steps"] == {"cheetah-run": 5000, "dog-run": 0}
    assert found["scores"]["baseline_utd1"] == [[0.5, 1000.0], [1.5, 1001.0]]


def test_rliable_takes_the_last_of_several_values_at_one_step(fake_run, tmp_path):
    made = fake_run(prime_updates=10)
    for update in (0, 5, 10):
        made.add("values", "hopper-hop", "ofn", "1", 0, 1000, update, q_replay_mean=float(update))
    (file,) = take(made, tmp_path, "rliable", metric="q_replay_mean")
    assert json.loads(file.read_text())["scores"] == {"ofn_utd1": [[10.0]]}
    with pytest.raises(UsageError, match="hopper-hop/ofn/utd1/seed0 has several values at env step 1000"):
        take(made, tmp_path, "simba", metric="q_replay_mean")


@pytest.mark.parametrize(("drop", "message"), [
    (("dog-run", "ofn", "1", 1), "found that 'ofn_utd1' has seeds: 2 on cheetah-run, 1 on dog-run"),
    (("dog-run", "ofn", "1", None), "found that 'ofn_utd1' has seeds: 2 on cheetah-run, 0 on dog-run"),
])
def test_rliable_wants_a_full_matrix(run, tmp_path, drop, message):
    *cell, seed = drop
    run.rows["scores"] = [row for row in run.rows["scores"]
                          if [row["task"], row["variant"], row["utd"]] != cell or seed not in (None, row["seed"])]
    with pytest.raises(UsageError, match=message):
        take(run, tmp_path, "rliable")


def test_rliable_names_the_task_without_a_common_step_and_the_one_without_a_scale(run, tmp_path):
    for row in run.rows["scores"]:
        row["env_step"] += row["seed"]
    with pytest.raises(UsageError, match="found none that all lanes of 'cheetah-run' share"):
        take(run, tmp_path, "rliable")
    for table in ("scores", "values"):
        for row in run.rows[table]:
            row["task"] = f"gym-{row['task']}"
    shutil.rmtree(tmp_path / "run")
    for row in run.rows["scores"]:
        row["env_step"] -= row["seed"]
    with pytest.raises(UsageError, match="largest return of 'gym-cheetah-run' is not known"):
        take(run, tmp_path, "rliable", normalise=True)
    with pytest.raises(UsageError, match="--normalise: divides returns, found the metric 'q_replay_mean'"):
        take(run, tmp_path, "rliable", normalise=True, metric="q_replay_mean")


def test_tensorboard_has_one_run_per_lane(run, tmp_path):
    files = take(run, tmp_path, "tensorboard")
    folder = tmp_path / "run" / "report" / "export" / "tensorboard"
    assert len(files) == 16 and folder / "dog-run" / "ofn_utd1-2" / "seed1" / FILE_NAME in files
    file = folder / "cheetah-run" / "baseline_utd1" / "seed1" / FILE_NAME
    finished = 1738324800.0  # 2025-01-31T12:00:00Z
    assert file.read_bytes() == event_file(
        [(0, {"scores/return_mean": 1.0, "values/q_replay_mean": 2.0}),
         (5000, {"scores/return_mean": 1.5, "values/q_replay_mean": 3.0})], finished)


def test_tensorboard_counts_updates_in_a_run_that_primes(fake_run, tmp_path):
    made = fake_run(prime_updates=10, finished=None)
    for update in (0, 10):
        made.add("values", "hopper-hop", "ofn", "1", 0, 1000, update, td_loss=float(update))
    (file,) = take(made, tmp_path, "tensorboard", metric="td_loss")
    assert file.read_bytes() == event_file([(0, {"values/td_loss": 0.0}), (10, {"values/td_loss": 10.0})])


def test_nan_goes_out_where_it_is_evidence(run, tmp_path):
    """A return that is not finite, and what a lane says after it is recorded as no longer finite."""
    run.rows["scores"][0]["return_mean"] = math.nan
    run.rows["values"][1].update(q_replay_mean=math.nan, nonfinite="learner")
    run.rows["values"][2].update(q_replay_mean=math.nan)
    run.write(tmp_path / "run")
    tables = load(tmp_path / "run")
    scores = exporting.read_metric(tables, "return_mean", "simba").lanes
    values = exporting.read_metric(tables, "q_replay_mean", "simba").lanes
    (first, second, *_) = scores
    assert math.isnan(scores[first][0].value) and len(scores[first]) == 2
    assert math.isnan(values[first][1].value) and len(values[first]) == 2
    assert [measured.env_step for measured in values[second]] == [5000]


@pytest.mark.parametrize("to", (*DIALECTS, "rliable"))
def test_mixed_action_repeats_are_refused_where_they_cannot_be_told(run, tmp_path, to):
    run.rows["scores"][0]["action_repeat"] = 2
    with pytest.raises(UsageError, match=f"mixed action repeats, 1 and 2; --to {to} cannot say"):
        take(run, tmp_path, to)
    assert not (tmp_path / "run" / "report").exists()


@pytest.mark.parametrize("to", EXPORTS)
def test_an_export_is_never_overwritten(run, tmp_path, to, picture):
    files = take(run, tmp_path, to)
    before = picture(tmp_path)
    with pytest.raises(UsageError, match="--out: .*is there already and is not overwritten"):
        take(run, tmp_path, to)
    assert picture(tmp_path) == before and all(file.is_file() for file in files)


@pytest.mark.parametrize("to", ["csv", "simba"])
def test_a_place_without_a_name_is_refused(run, tmp_path, to, monkeypatch):
    path = run.write(tmp_path / "run")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    for out in (".", "..", "/"):
        with pytest.raises(UsageError, match=f"--out: expected .*, found .*'{out}'"):
            export_results(ExportRequest(str(path), to, out))
    assert list((tmp_path / "empty").iterdir()) == []


@pytest.mark.parametrize("to", SINGLE_FILES)
def test_a_single_file_does_not_take_the_place_of_a_folder(run, tmp_path, to):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="--out: expected a new file, found that .*empty' is a folder"):
        take(run, tmp_path, to, out=str(tmp_path / "empty"))


@pytest.fixture
def picture():
    """`picture(folder)`: every path below it with its bytes."""
    return lambda folder: {path: path.is_file() and path.read_bytes() for path in folder.rglob("*")}


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "..", ".hidden", "a\\b", "ä" * 101])
@pytest.mark.parametrize("to", ["tdmpc2", "high-replay-ratio", "tensorboard"])
@pytest.mark.parametrize("column", ["task", "variant"])
def test_names_that_would_lead_elsewhere_are_refused(fake_run, tmp_path, name, to, column, picture):
    made = fake_run()
    names = [name if column == which else "x" for which in ("task", "variant")]
    made.add("scores", *names, "1", 0, 0, 0, return_mean=1.0)
    if column == "variant" and name == "..":
        made.rows["scores"][0]["utd"] = ""
    made.write(tmp_path / "run")
    before = picture(tmp_path)
    with pytest.raises(UsageError, match="cannot be a file name") as error:
        take(made, tmp_path, to, out=str(tmp_path / "out"))
    assert picture(tmp_path) == before and "\n" not in str(error.value)


@pytest.mark.parametrize("to", EXPORTS)
def test_names_with_markup_are_only_text(fake_run, tmp_path, to):
    made = fake_run()
    made.add("scores", "<b>x", "<script>alert(1)<", "1", 0, 0, 0, return_mean=1.0)
    for file in take(made, tmp_path, to):
        assert (tmp_path / "run" / "report" / "export") in file.parents


def test_what_is_not_there_cannot_be_exported(fake_run, tmp_path):
    made = fake_run()
    for to in ("simba", "tensorboard", "rliable"):
        with pytest.raises(UsageError, match="export: expected numbers in .*, found none"):
            take(made, tmp_path, to)
    with pytest.raises(UsageError, match="unknown metric to export 'return'; did you mean 'return_sd'"):
        take(made, tmp_path, "simba", metric="return")
    with pytest.raises(UsageError, match="missing: no such folder"):
        export_results(ExportRequest(str(tmp_path / "missing"), "csv"))
    assert describe_import(tmp_path / "run").endswith("a run of divbench, nothing imported")
