"""Result files of other code bases become a result folder, or one line says why not."""

import hashlib
import json
import math
import os

import pytest

from divbench.records.dialects.catalogue import DIALECTS, find_files, recognise
from divbench.records.schema import RESULT_TABLES
from divbench.records.tables import load
from divbench.report.build import report
from divbench.report.importing import describe_import
from divbench.spec.errors import UsageError

TDMPC2 = "step,reward,seed\n0,4.5,2\n100000,7.6,2\n0,6.5,1\n100000,39.1,1\n"
SIMBA = (",exp_name,env_name,seed,metric,env_step,value\n0,simbaV2_utd8,dog_trot,0,avg_return,0.0,10.25\n"
         "1,simbaV2_utd8,dog_trot,0,avg_return,50000.0,64.5\n2,simbaV2_utd8,dog_trot,0,avg_success,0.0,0.0\n")
TEXT = "5000 4.3\n10000 2.5\n"
MARL = {"Matrax": {"Climbing-v0": {"ff_ippo": {"seed_0": {
    "absolute_metrics": {"mean_episode_return": [174.9]},
    "step_0": {"step_count": 30720, "elapsed_time": 0.0, "mean_episode_return": [-79.125]},
    "step_1": {"step_count": 61440, "elapsed_time": 6.9, "mean_episode_return": [1.0, 2.0, 6.0]}}}}}}
EXAMPLES = {"tdmpc2": ("tdmpc2/dog-run.csv", TDMPC2), "simba": ("sac.csv", SIMBA),
            "high-replay-ratio": ("exp_redq_env_name_finger-turn_hard_max_steps_1000000/7.txt", TEXT),
            "marl-eval": ("metrics.json", json.dumps(MARL))}


def rows_of(folder):
    return [(row["task"], row["variant"], row["utd"], row["seed"], row["env_step"], row["return_mean"])
            for row in load(folder).scores.to_pylist()]


@pytest.mark.parametrize("dialect", EXAMPLES)
def test_a_file_saved_on_windows_is_read(dialect, put, take, tmp_path):
    """With a byte-order mark and CRLF: the same rows, and the dialect is recognised."""
    name, text = EXAMPLES[dialect]
    expected = rows_of(take(put(name, text)))
    saved = put(f"saved/{name}", b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert rows_of(take(saved, out=str(tmp_path / "again"))) == expected != []


def test_tdmpc2_by_hand(put, take):
    assert rows_of(take(put(*EXAMPLES["tdmpc2"]))) == [
        ("dog-run", "tdmpc2", "", 1, 0, 6.5), ("dog-run", "tdmpc2", "", 1, 100_000, 39.1),
        ("dog-run", "tdmpc2", "", 2, 0, 4.5), ("dog-run", "tdmpc2", "", 2, 100_000, 7.6)]


def test_simba_by_hand(put, take):
    folder = take(put(*EXAMPLES["simba"]))
    assert rows_of(folder) == [("dog-trot", "simbaV2", "8", 0, 0, 10.25), ("dog-trot", "simbaV2", "8", 0, 50_000, 64.5)]
    imported = load(folder).card["imported"]
    assert imported["metrics_skipped"] == ["avg_success"] and imported["spellings"] == {"dog-trot": "dog_trot"}


def test_high_replay_ratio_by_hand(put, take):
    lane = ("finger-turn_hard", "exp_redq_max_steps_1000000", "", 7)
    assert rows_of(take(put(*EXAMPLES["high-replay-ratio"]))) == [(*lane, 5000, 4.3), (*lane, 10000, 2.5)]


def test_folders_name_method_and_task(put, take):
    put("sac_utd32/walker-run/0.txt", TEXT)
    put("sac_utd32/walker-run/README.txt", "not a seed")
    put("sac_utd32/.hidden/1.txt", "not to be seen")
    found = take(put("sac_utd32/walker-run/1.txt", TEXT).parents[2], dialect="high-replay-ratio")
    assert {row[:4] for row in rows_of(found)} == {("walker-run", "sac", "32", 0), ("walker-run", "sac", "32", 1)}


def test_marl_eval_by_hand(put, take):
    found = load(take(put(*EXAMPLES["marl-eval"]))).scores.to_pylist()
    names = ("suite", "task", "variant", "seed", "env_step", "return_mean", "episodes")
    assert [tuple(row[name] for name in names) for row in found] == [
        ("Matrax", "Climbing-v0", "ff_ippo", 0, 30720, -79.125, -1),
        ("Matrax", "Climbing-v0", "ff_ippo", 0, 61440, 3.0, 3)]
    assert math.isnan(found[0]["return_sd"])
    assert found[1]["return_sd"] == pytest.approx(math.sqrt(14 / 3))  # divided by n, as in a run's own tables
    assert (found[1]["return_min"], found[1]["return_max"]) == (1.0, 6.0)


@pytest.mark.parametrize("dialect", EXAMPLES)
def test_a_dialect_is_recognised(put, dialect):
    assert recognise(put(*EXAMPLES[dialect])) == dialect


@pytest.mark.parametrize("dialect", EXAMPLES)
def test_an_imported_folder_is_that_of_a_finished_run(put, take, dialect):
    path = put(*EXAMPLES[dialect])
    folder = take(path)
    tables = load(folder)
    assert tables.scores.num_rows and not any(getattr(tables, name).num_rows for name in RESULT_TABLES[1:])
    assert tables.card["finished"] and tables.card["sessions"] == []
    row = tables.scores.to_pylist()[0]
    assert [row[name] for name in ("physics", "network", "precision", "update", "action_repeat")] == ["", "", "", -1, 2]
    imported = tables.card["imported"]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert imported["files"] == [{"name": path.name, "sha256": digest, "rows": tables.scores.num_rows}]
    assert (imported["dialect"], imported["guessed"], imported["action_repeat"]) == (dialect, True, 2)
    assert str(path.parent) not in (folder / "card.json").read_text()


@pytest.mark.parametrize("dialect", EXAMPLES)
def test_an_imported_folder_is_reported_on(put, take, dialect, capsys):
    folder = take(put(*EXAMPLES[dialect]))
    files = {path.name for path in report(folder)}
    assert {"learning_curves.png", "summary.md"} <= files and "q_curves.png" not in files
    assert "UTD unknown" in capsys.readouterr().out or dialect == "simba"


def test_the_import_is_described(put, take):
    text = describe_import(take(put(*EXAMPLES["simba"]), steps_are=None))
    assert "dialect  simba (recognised by the first line): 1 file, 1 lane, 2 rows" in text
    assert "steps    env steps (assumed, as usual in this dialect); action repeat 2" in text
    assert "skipped  metrics avg_success" in text


def test_decisions_become_env_steps(put, take):
    folder = take(put(*EXAMPLES["tdmpc2"]), steps_are="decisions", action_repeat=4)
    assert [row[4] for row in rows_of(folder)] == [0, 400_000, 0, 400_000]
    assert load(folder).card["imported"]["steps_are"] == "decisions"
    assert "the agent's decisions, converted to env steps; action repeat 4" in describe_import(folder)


def test_names_on_the_command_line_win(put, take):
    folder = take(put(*EXAMPLES["tdmpc2"]), method="TD-MPC2_utd1", task="dog_run")
    assert {row[:3] for row in rows_of(folder)} == {("dog-run", "TD-MPC2", "1")}
    assert load(folder).card["imported"]["given"] == {"method": "TD-MPC2_utd1", "task": "dog_run"}


@pytest.mark.parametrize("written", ["nan", "NaN", "", "inf", "-inf"])
def test_a_return_that_is_not_finite_is_kept_and_counted(put, take, written):
    folder = take(put("m/dog-run.csv", f"step,reward,seed\n0,1,0\n1000,{written},0\n"))
    value = float(written or "nan")
    assert repr(rows_of(folder)[1][5]) == repr(value) and load(folder).card["imported"]["nonfinite"] == 1
    assert "1 non-finite return" in describe_import(folder)


def test_files_that_state_the_action_repeat_need_no_flag(put, take):
    text = "step,reward,seed,action_repeat\n0,1,0,4\n1000,2,0,4\n"
    imported = load(take(put("m/dog-run.csv", text), action_repeat=None)).card["imported"]
    assert (imported["action_repeat"], imported["action_repeat_from"]) == (4, "files")


H = "step,reward,seed\n"
R = "step,reward,seed,action_repeat\n"


def one_step(step):
    """marl-eval JSON of one step."""
    return json.dumps({"e": {"t": {"m": {"seed_0": {"s": step}}}}})


BAD = {
    "missing column": ("m/a.csv", "step,seed\n1,2\n", "tdmpc2", "expected the columns .*missing reward, found step"),
    "near column": ("m/a.csv", "step,rewards,seed\n1,2,3\n", "tdmpc2", "missing reward.*did you mean 'rewards'"),
    "column twice": ("m/a.csv", "step,reward,seed,seed\n1,2,3,4\n", "tdmpc2", "column 'seed' stands there twice"),
    "no dialect": ("m/a.csv", "time,score\n1,2\n", None, "no dialect is recognised.*found 'time,score'"),
    "empty": ("m/a.csv", "", "tdmpc2", "missing step, reward, seed, found nothing"),
    "header alone": ("m/a.csv", H, None, "expected results, found no rows"),
    "short row": ("m/a.csv", H + "1,2\n", None, "line 2: expected 3 cells as in the header, found 2"),
    "duplicate": ("m/a.csv", TDMPC2 + "0,1.0,1\n", None, "a/m/seed1 has two rows for step 0"),
    "text return": ("m/a.csv", H + "1,high,3\n", None, "line 2: expected reward as a number, found 'high'"),
    "half step": ("m/a.csv", H + "1.5,2,3\n", None, "line 2: expected step as a whole number from 0, found '1.5'"),
    "negative step": ("m/a.csv", H + "-1,2,3\n", None, "expected step as a whole number from 0, found '-1'"),
    "nan step": ("m/a.csv", H + "nan,2,3\n", None, "expected step as a whole number from 0, found 'nan'"),
    "huge step": ("m/a.csv", H + "1e300,2,3\n", None, "expected step as a whole number"),
    "seed": ("m/a.csv", H + "1,2,x\n", None, "expected seed as a whole number from 0, found 'x'"),
    "quote": ("m/a.csv", H + '1,"2,3\n', None, "no readable CSV"),
    "mixed repeats": ("m/a.csv", R + "1,2,3,2\n2,2,3,4\n", None, "line 3: mixed action repeats, 2 and 4"),
    "odd repeat": ("m/a.csv", R + "1,2,3,0\n", None, "line 2: action_repeat: expected .* from 1"),
    "other repeat": ("m/a.csv", R + "1,2,3,4\n", None, "mixed action repeats, 2 here and 4 in"),
    "bytes": ("m/a.csv", H.encode() + b"1,2,\xff\n", None, "line 2: expected UTF-8 text"),
    "zero byte": ("m/a.csv", H.encode() + b"1,2,\x003\n", None, "line 2: expected text, found a zero byte"),
    "no return": ("a.csv", SIMBA.replace("avg_return", "score"), None, "metric 'avg_return', found avg_success, score"),
    "bell in a name": ("a.csv", SIMBA.replace("dog_trot,0,avg_return,0.0", '"dog\x07",0,avg_return,0.0'), None,
                       r"line 2: env_name: expected a name .* found 'dog\\x07'"),
    "three numbers": ("m/t/0.txt", "1 2\n3 4 5\n", None, "line 2: expected a step and a return, found '3 4 5'"),
    "no seed": ("m/t/first.txt", TEXT, "high-replay-ratio", "expected a file named by its seed, such as 0.txt"),
    "broken JSON": ("a.json", '{"a": ', None, "no readable JSON"),
    "JSON list": ("a.json", "[1]", None, "expected environment -> task -> algorithm -> run -> step in the file"),
    "shallow JSON": ("a.json", '{"e": {"t": 1}}', None, "expected algorithm -> run -> step in 'e -> t'"),
    "deep JSON": ("a.json", "[" * 100_000, None, "no readable JSON"),
    "JSON twice": ("a.json", '{"e": {}, "e": {}}', None, "'e' stands twice in the same place"),
    "no step count": ("a.json", one_step({"return": [1]}), None, "expected 'step_count'"),
    "no return in JSON": ("a.json", one_step({"step_count": 1, "won": [1]}), None,
                          "expected the metric return or episode_return or mean_episode_return in .*, found won"),
    "text in JSON": ("a.json", one_step({"step_count": 1, "return": ["x"]}), None, "expected a list of numbers"),
    "huge in JSON": ("a.json", one_step({"step_count": 1, "return": [1e308, 1e308]}), None, "that can be added up"),
    "run without number": ("a.json", one_step({}).replace("seed_0", "first"), None, "expected a run named by a number"),
    "step twice in JSON": ("a.json", json.dumps(MARL).replace("61440", "30720"), None, "has two rows for step 30720"),
    "two suites": ("a.json", json.dumps(MARL | {"Other": MARL["Matrax"]}), None, "is found in 'Matrax' and in 'Other'"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused_in_one_line_and_leaves_nothing(put, take, tmp_path, case):
    name, text, dialect, message = BAD[case]
    path = put(name, text)
    with pytest.raises(UsageError, match=message) as error:
        take(path, dialect=dialect)
    assert "\n" not in str(error.value) and len(str(error.value)) < 600
    assert os.listdir(tmp_path) == ["in"]


def test_the_action_repeat_must_be_said(put, take):
    with pytest.raises(UsageError, match=r"--action-repeat: .*dog-run.csv \(tdmpc2\) does not say .*2 in TD-MPC2's"):
        take(put(*EXAMPLES["tdmpc2"]), action_repeat=None)


def test_marl_eval_must_say_what_its_steps_are_where_it_matters(put, take):
    path = put(*EXAMPLES["marl-eval"])
    with pytest.raises(UsageError, match="--steps-are: marl-eval leaves open .* env or decisions"):
        take(path, steps_are=None)
    assert take(path, steps_are=None, action_repeat=1)


def test_mixed_action_repeats_between_files_name_both(put, take):
    for name, repeat in (("a", 1), ("b", 2)):
        path = put(f"m/{name}.csv", f"step,reward,seed,action_repeat\n1,2,3,{repeat}\n")
    with pytest.raises(UsageError, match=r"mixed action repeats, 1 in .*a\.csv and 2 in .*b\.csv"):
        take(path.parent, action_repeat=None)


def test_one_name_cannot_stand_for_two(put, take):
    path = put("a.csv", SIMBA + "3,other,dog_trot,0,avg_return,0.0,1\n")
    with pytest.raises(UsageError, match="--method: names one method, found 'simbaV2_utd8' and 'other'"):
        take(path, method="mine")


@pytest.mark.parametrize(("first", "second", "kind"), [
    ("TD-MPC2/dog-run.csv", "SAC/dog-run.csv", "method"), ("SAC/dog-run.csv", "SAC/dog-walk.csv", "task")])
def test_names_of_folders_and_files_cannot_stand_for_two_either(put, take, first, second, kind):
    """Their lanes would become more seeds of one."""
    paths = [put(name, f"step,reward,seed\n0,1.0,{seed}\n") for seed, name in enumerate((first, second))]
    with pytest.raises(UsageError, match=f"--{kind}: names one {kind}, found"):
        take(*paths, **{kind: "dog-trot"})


def test_what_is_there_is_never_overwritten(put, take, tmp_path, picture):
    path = put(*EXAMPLES["tdmpc2"])
    folder = take(path)
    before = picture(folder)
    with pytest.raises(UsageError, match="--out: .*is there already and is not overwritten"):
        take(path)
    assert picture(folder) == before
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError, match="--out: .*is there already"):
        take(path, out=str(tmp_path / "file"))
    with pytest.raises(UsageError, match="--out: .* cannot be"):
        take(path, out=str(tmp_path / "file" / "below"))
    (tmp_path / "empty").mkdir()
    assert rows_of(take(path, out=str(tmp_path / "empty"))) == rows_of(folder)


def test_nothing_to_read_is_said(put, take, tmp_path):
    with pytest.raises(UsageError, match="expected a file or folder with results, found nothing"):
        take(tmp_path / "missing.csv")
    (tmp_path / "in").mkdir()
    with pytest.raises(UsageError, match="expected result files .* in this folder, found none"):
        take(tmp_path / "in")
    with pytest.raises(UsageError, match=r"\(.txt\) in this folder, found none"):
        take(put("m/a.csv", TDMPC2).parent, dialect="high-replay-ratio")
    with pytest.raises(UsageError, match="named twice"):
        find_files((str(tmp_path / "in"), str(tmp_path / "in" / "m" / "a.csv")), "tdmpc2")


def test_files_of_two_dialects_are_not_mixed_unasked(put, take):
    put("a.csv", SIMBA)
    folder = put("m/dog-run.csv", TDMPC2).parents[1]
    with pytest.raises(UsageError, match=r"files of one dialect, found .*\(simba\) and .*\(tdmpc2\); --dialect"):
        take(folder)


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "../x", "/etc/passwd", "a|b", "=1+1"])
def test_names_that_are_only_text_are_taken(put, take, name):
    folder = take(put("a.csv", SIMBA.replace("dog_trot", name)))
    assert {row[0] for row in rows_of(folder)} == {name}
    assert load(folder).card["settings"]["tasks"] == [name]


def test_every_dialect_has_an_example_here():
    assert set(EXAMPLES) == set(DIALECTS)
