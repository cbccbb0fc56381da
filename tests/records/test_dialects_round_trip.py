"""Every dialect comes back: a file that is imported and exported, and a run that is exported and imported.

The files are written and read here by code of its own, in the style of the repositories that they come from.
"""

import csv
import io
import json
import math
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divbench.records.dialects.request import DIALECTS, SINGLE_FILES, ExportRequest, ImportRequest
from divbench.records.folder import CARD, FORMAT
from divbench.records.schema import NOT_MEASURED, SCHEMA_VERSION, TABLES
from divbench.records.tables import load, sort_rows, to_arrow, to_parquet
from divbench.report.exporting import export_results
from divbench.report.importing import import_results

# Without file names' own trouble: what is refused there is tested beside `file_name`.
NAMES = st.text(st.sampled_from("abcXYZ019_-+=.<>&'\",äж"), min_size=1, max_size=12).filter(lambda name: name[0] != ".")
METHODS = st.one_of(NAMES, st.builds(lambda name, utd: f"{name}_utd{utd}", NAMES, st.sampled_from(["1", "32", "1-2"])))
TASKS = st.one_of(NAMES, st.sampled_from(["dog-run", "finger-turn_hard", "walker-run"]))
RETURNS = st.one_of(st.floats(), st.floats(0, 1000).map(lambda value: round(value, 1)))
CURVES = st.dictionaries(st.integers(0, 10**9), RETURNS, min_size=1, max_size=4)
RESULTS = st.dictionaries(st.tuples(METHODS, TASKS, st.integers(0, 2000)), CURVES, min_size=1, max_size=5)
FEW = settings(max_examples=12, deadline=None)


def same(one, other):
    """Equal results, NaN equal to itself."""
    return {lane: {step: repr(value) for step, value in curve.items()} for lane, curve in one.items()} == {
        lane: {step: repr(value) for step, value in curve.items()} for lane, curve in other.items()}


def one_spelling(results):
    """The results of tasks that are not one task in two spellings, which is refused."""
    seen = {}
    return {lane: curve for lane, curve in results.items()
            if seen.setdefault(lane[1].replace("_", "-"), lane[1]) == lane[1]}


def write_tdmpc2(folder, results):
    for (method, task, seed), curve in results.items():
        path = folder / method / f"{task}.csv"
        path.parent.mkdir(exist_ok=True)
        text = path.read_text() if path.exists() else "step,reward,seed\n"
        path.write_text(text + "".join(f"{step},{value},{seed}\n" for step, value in curve.items()))


def read_tdmpc2(folder):
    results = {}
    for path in folder.glob("*/*.csv"):
        for row in csv.DictReader(io.StringIO(path.read_text())):
            curve = results.setdefault((path.parent.name, path.stem, int(row["seed"])), {})
            curve[int(row["step"])] = float(row["reward"])
    return results


def write_simba(path, results):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["", "exp_name", "env_name", "seed", "metric", "env_step", "value"])
        for (method, task, seed), curve in results.items():
            for step, value in curve.items():
                for metric, number in (("avg_return", "" if math.isnan(value) else value), ("avg_success", 0.0)):
                    writer.writerow([0, method, task, seed, metric, float(step), number])


def read_simba(path):
    results = {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            assert row["metric"] == "avg_return"
            curve = results.setdefault((row["exp_name"], row["env_name"], int(row["seed"])), {})
            curve[int(row["env_step"])] = float(row["value"])
    return results


def write_replay_ratio(folder, results):
    for (method, task, seed), curve in results.items():
        path = folder / method / task / f"{seed}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{step} {value}\n" for step, value in curve.items()))


def read_replay_ratio(folder):
    return {(path.parts[-3], path.parts[-2], int(path.stem)):
            {int(line.split()[0]): float(line.split()[1]) for line in path.read_text().splitlines()}
            for path in folder.glob("*/*/*.txt")}


def write_marl_eval(path, results):
    tree = {}
    for (method, task, seed), curve in results.items():
        steps = {f"step_{place}": {"step_count": step, "elapsed_time": 1.0, "mean_episode_return": [value]}
                 for place, (step, value) in enumerate(curve.items())}
        tree.setdefault("DMC", {}).setdefault(task, {}).setdefault(method, {})[f"run_{seed}"] = {
            "absolute_metrics": {"mean_episode_return": [1.0]}, **steps}
    path.write_text(json.dumps(tree))


def read_marl_eval(path):
    (tree,) = json.loads(path.read_text()).values()
    results = {}
    for task, methods in tree.items():
        for method, runs in methods.items():
            for run, steps in runs.items():
                (best,) = steps.pop("absolute_metrics")["return"]
                curve = {step["step_count"]: step["return"][0] for step in steps.values()}
                finite = [value for value in curve.values() if not math.isnan(value)]
                assert repr(best) == repr(max(finite, default=math.nan))
                results[method, task, int(run.removeprefix("seed_"))] = curve
    return results


FILES = {"tdmpc2": (write_tdmpc2, read_tdmpc2), "simba": (write_simba, read_simba),
         "high-replay-ratio": (write_replay_ratio, read_replay_ratio), "marl-eval": (write_marl_eval, read_marl_eval)}


@pytest.mark.parametrize("dialect", DIALECTS)
@FEW
@given(results=RESULTS.map(one_spelling))
def test_what_is_imported_is_exported_again(dialect, results):
    write, read = FILES[dialect]
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        path = place / (f"in.{SINGLE_FILES[dialect]}" if dialect in SINGLE_FILES else "in")
        if dialect not in SINGLE_FILES:
            path.mkdir()
        write(path, results)
        folder = import_results(ImportRequest((str(path),), str(place / "out"), action_repeat=2, steps_are="env"))
        export_results(ExportRequest(str(folder), dialect, str(place / "back")))
        assert same(read(place / "back"), results)


def make_run(path, results):
    """A finished run with these returns: lane (task, variant, utd, seed) to returns by env step."""
    blank = {column.name: NOT_MEASURED[column.kind] for column in TABLES["scores"]}
    rows = [blank | {"suite": "dmc15-500k", "task": task, "variant": variant, "utd": utd, "seed": seed,
                     "physics": "host", "action_repeat": 1, "env_step": step, "update": 2 * step, "return_mean": value}
            for (task, variant, utd, seed), curve in results.items() for step, value in curve.items()]
    (path / "tables").mkdir(parents=True)
    card = {"format": FORMAT, "schema_version": SCHEMA_VERSION, "settings": {}, "sessions": [],
            "finished": "2025-01-31T12:00:00Z"}
    (path / CARD).write_text(json.dumps(card))
    for name in TABLES:
        table = to_arrow(name, sort_rows("scores", rows) if name == "scores" else [])
        (path / "tables" / f"{name}.parquet").write_bytes(to_parquet(table))
    return path


def scores(folder):
    found = {}
    for row in load(folder).scores.to_pylist():
        lane = found.setdefault((row["task"], row["variant"], row["utd"], row["seed"]), {})
        lane[row["env_step"]] = row["return_mean"]
    return found


LANES = st.tuples(st.sampled_from(["dog-run", "finger-turn_hard", "h1_walk-v0"]), NAMES,
                  st.sampled_from(["1", "32", "1/2"]), st.integers(0, 20))
RUNS = st.dictionaries(LANES, CURVES, min_size=1, max_size=5)


@pytest.mark.parametrize("dialect", DIALECTS)
@FEW
@given(results=RUNS)
def test_a_run_that_is_exported_comes_back_lane_by_lane(dialect, results):
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        run = make_run(place / "run", results)
        files = export_results(ExportRequest(str(run), dialect))
        source = files[0] if dialect in SINGLE_FILES else run / "report" / "export" / dialect
        folder = import_results(ImportRequest((str(source),), str(place / "out"), dialect, 1))
        assert same(scores(folder), results)
