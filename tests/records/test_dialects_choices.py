"""Files of which a part cannot be taken: what is read, what is left out and named, and what a flag decides."""

import json

import pytest

from divbench import cli
from divbench.records.tables import load
from divbench.report.importing import describe_import
from divbench.spec.errors import UsageError

SUCCESS = "step,success,seed\n0,0.0,1\n100000,0.5,1\n"
REWARD = "step,reward,seed\n0,10,1\n100000,100,1\n"
BOTH = "step,reward,success,seed\n0,10,0.0,1\n100000,100,1.0,1\n"
HEADER = "exp_name,env_name,seed,metric,env_step,value\n"
TWICE = (HEADER + "sac,dog-run,0,avg_return,0,1.0\nsac,dog-run,0,avg_return,1000,2.0\n"
         "sac,dog-run,0,avg_return,500,7.0\nsac,dog-run,0,avg_return,1000,4.0\n")
STARTED = {"brax": {"ant": {"ff_sac": {"seed_9": {"absolute_metrics": {}}}}}}
FINISHED = {"brax": {"ant": {"ff_sac": {"seed_1": {
    "step_0": {"step_count": 0, "mean_episode_return": [10.0]},
    "step_1": {"step_count": 1000, "mean_episode_return": [110.0]}}}}}}


def returns(folder):
    return [(row["task"], row["env_step"], row["return_mean"]) for row in load(folder).scores.to_pylist()]


def test_the_metric_that_was_asked_for_is_taken(put, take, tmp_path):
    path = put("sac/push.csv", BOTH)
    folder = take(path, metric="success")
    assert returns(folder) == [("push", 0, 0.0), ("push", 100_000, 1.0)]
    assert load(folder).card["imported"]["metric"] == "success" and "metric   success" in describe_import(folder)
    other = take(path, out=str(tmp_path / "other"))
    assert returns(other)[1] == ("push", 100_000, 100.0) and load(other).card["imported"]["metric"] == "return"


def test_a_file_of_another_metric_alone_can_be_recognised_by_it(put, take):
    with pytest.raises(UsageError, match="missing reward, found step, success, seed; --metric names another"):
        take(put("sac/push.csv", SUCCESS), dialect="tdmpc2")
    assert returns(take(put("sac/push.csv", SUCCESS), metric="success"))[1] == ("push", 100_000, 0.5)


def test_a_dialect_without_names_of_metrics_takes_none(put, take):
    with pytest.raises(UsageError, match="files of high-replay-ratio hold returns alone, found 'success'"):
        take(put("m/t/0.txt", "5000 4.3\n"), metric="success")


@pytest.mark.parametrize("dialect", [None, "tdmpc2"])
def test_files_of_other_metrics_are_left_out_and_named(put, take, dialect):
    put("mixed/sac/push.csv", SUCCESS)
    folder = take(put("mixed/sac/dog-run.csv", REWARD).parents[1], dialect=dialect)
    assert {row[0] for row in returns(folder)} == {"dog-run"}
    imported = load(folder).card["imported"]
    assert [file["name"] for file in imported["files"]] == ["dog-run.csv"] and len(imported["left_out"]) == 1
    assert "left out sac/push.csv: expected the columns step, reward, seed; missing reward" in describe_import(folder)


@pytest.mark.parametrize("dialect", [None, "tdmpc2"])
def test_strict_refuses_what_would_be_left_out(put, take, dialect):
    put("mixed/sac/push.csv", SUCCESS)
    folder = put("mixed/sac/dog-run.csv", REWARD).parents[1]
    with pytest.raises(UsageError, match="push.csv: "):
        take(folder, dialect=dialect, strict=True)


def test_a_broken_file_is_not_left_out(put, take):
    put("mixed/sac/push.csv", "step,reward,seed\n0,ten,1\n")
    with pytest.raises(UsageError, match="push.csv, line 2: expected reward as a number, found 'ten'"):
        take(put("mixed/sac/dog-run.csv", REWARD).parents[1])


@pytest.mark.parametrize(("repeated", "value"), [("first", 2.0), ("last", 4.0), ("mean", 3.0)])
def test_several_rows_of_one_step_are_one_by_choice(put, take, repeated, value):
    folder = take(put("a.csv", TWICE), repeated=repeated)
    assert returns(folder) == [("dog-run", 0, 1.0), ("dog-run", 500, 7.0), ("dog-run", 1000, value)]
    assert load(folder).card["imported"]["repeated"] == {"taken": repeated, "rows": 1, "first": "in/a.csv, line 5"}
    assert f"the first in in/a.csv, line 5; taken is the {repeated}" in describe_import(folder)


def test_several_rows_of_one_step_are_refused_by_default_with_their_lines(put, take):
    with pytest.raises(UsageError, match=r"dog-run/sac/seed0 has two rows for step 1000 \(.*a.csv, line 3 and .*a.csv, "
                                         "line 5.; a lane has one at a step, --repeated first, last, mean takes one"):
        take(put("a.csv", TWICE))


def test_two_spellings_are_one_task(put, take):
    put("in/1.csv", HEADER + "a,dog_trot,0,avg_return,0,1\n")
    folder = take(put("in/2.csv", HEADER + "b,dog-trot,0,avg_return,0,2\n").parent)
    assert returns(folder) == [("dog-trot", 0, 1.0), ("dog-trot", 0, 2.0)]
    assert "renamed  dog_trot is dog-trot" in describe_import(folder)


def test_a_run_that_was_only_started_is_left_out(put, take):
    put("x/started.json", json.dumps(STARTED))
    folder = put("x/finished.json", json.dumps(FINISHED)).parent
    with pytest.raises(UsageError, match="seed_9 was started and has no evaluations"):
        take(folder, strict=True)
    with pytest.raises(UsageError, match="seed_9 was started and has no evaluations"):
        take(folder / "started.json")
    found = take(folder)
    assert returns(found) == [("ant", 0, 10.0), ("ant", 1000, 110.0)]
    assert ("left out x/started.json: brax -> ant -> ff_sac -> seed_9 was started and has no evaluations"
            in describe_import(found))


def test_a_started_run_in_the_same_file(put, take):
    both = {"brax": {"ant": {"ff_sac": {**FINISHED["brax"]["ant"]["ff_sac"], "seed_2": {}}}}}
    found = take(put("a.json", json.dumps(both)))
    assert len(returns(found)) == 2 and "seed_2 was started" in describe_import(found)


def test_the_flags_of_the_command(put, tmp_path, capsys):
    path = str(put("a.csv", TWICE))
    words = ["import", path, "--action-repeat", "2", "--out", str(tmp_path / "o")]
    assert cli.main([*words, "--repeated", "mena"]) == 2
    assert "unknown --repeated 'mena'; did you mean 'mean'? known: first, last, mean, refuse" in capsys.readouterr(
        ).err
    assert cli.main([*words, "--repeated", "mean", "--strict"]) == 0
    assert "taken is the mean" in capsys.readouterr().out
