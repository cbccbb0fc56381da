"""What import and export may be asked for."""

import functools
import re

import pytest

from divbench.cli.argument import read_request as read
from divbench.cli.table import EVERY
from divbench.envs.names import TASKS
from divbench.records.dialects import request as exchange
from divbench.records.dialects.request import ExportRequest, ImportRequest
from divbench.spec.errors import UsageError

read_import = functools.partial(read, EVERY["import"])
read_export = functools.partial(read, EVERY["export"])


def test_flags_become_a_request():
    request = read_import({"paths": ["a.csv", "b"], "out": "there", "dialect": "tdmpc2", "action_repeat": "2",
                           "steps_are": "decisions", "method": "SAC", "task": "dog-run"})
    assert request == ImportRequest(("a.csv", "b"), "there", "tdmpc2", 2, "decisions", "SAC", "dog-run")


@pytest.mark.parametrize(("change", "message"), [
    ({"paths": []}, "import: expected files or folders"),
    ({"paths": ["a", "a"]}, "'a' is named twice"),
    ({"out": ""}, "--out: expected the folder"),
    ({"dialect": "tdmpc"}, "unknown dialect 'tdmpc'; did you mean 'tdmpc2'"),
    ({"action_repeat": "0"}, "--action-repeat: expected at least 1, found '0'"),
    ({"action_repeat": "two"}, "--action-repeat: expected a whole number"),
    ({"action_repeat": "1001"}, "--action-repeat: expected a whole number from 1 to 1000"),
    ({"steps_are": "env_steps"}, "unknown --steps-are 'env_steps'; known: env, decisions"),
    ({"method": " SAC"}, "--method: expected a name of 1 to 200 printable"),
    ({"task": "dog\nrun"}, r"--task: expected a name .* found 'dog\\nrun'"),
    ({"metric": ""}, "--metric: expected a name"),
])
def test_what_is_wrong_is_named(change, message):
    with pytest.raises(UsageError, match=message) as error:
        read_import({"paths": ["a.csv"], "out": "there"} | change)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("given", "message"), [
    ({"folder": "run"}, "export: expected --to, one of tdmpc2, simba"),
    ({"folder": "run", "to": "tensor-board"}, "unknown form to export to 'tensor-board'.*did you mean 'tensorboard'"),
    ({"folder": "run", "to": "csv", "metric": "td_loss"}, "--metric: 'csv' holds every column"),
    ({"folder": "run", "to": "simba", "normalise": True}, "--normalise: goes with --to rliable alone"),
    ({"folder": "run", "to": "simba", "out": ""}, "--out: expected a file or folder"),
])
def test_export_flags_that_do_not_go_together(given, message):
    with pytest.raises(UsageError, match=message):
        read_export(given)


@pytest.mark.parametrize("to", exchange.EXPORTS)
def test_the_default_place_is_below_the_run(to):
    target = ExportRequest("runs/mine", to).target
    assert target.parent.as_posix() == "runs/mine/report/export"
    assert target.name == (f"{to}.{exchange.SINGLE_FILES[to]}" if to in exchange.SINGLE_FILES else to)
    assert ExportRequest("runs/mine", to, out="x/y").target.as_posix() == "x/y"


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "../x", "a,b", 'a"b', "ä" * 200])
def test_any_printable_line_is_a_name(name):
    assert exchange.check_name(name, "task") == name


@pytest.mark.parametrize("name", ["", "a" * 201, "a\nb", "a\0b", "a ", "\ud800", "\x1b[31m"])
def test_what_cannot_stand_in_a_table_is_no_name(name):
    with pytest.raises(UsageError, match="^task: expected a name") as error:
        exchange.check_name(name, "task")
    assert re.fullmatch(r"[ -~]+", str(error.value)), "the refusal repeats what it refuses"


@pytest.mark.parametrize("task", TASKS)
def test_a_task_is_known_with_dashes_and_with_underscores(task):
    for written in (task, task.replace("-", "_"), task.replace("_", "-")):
        assert exchange.spell_task(written) == task


def test_other_tasks_keep_their_spelling():
    assert exchange.spell_task("h1_stand-hard_v0") == "h1_stand-hard_v0"


def test_the_largest_return_is_reward_times_length():
    assert exchange.largest_return("cheetah-run") == 1000.0
    assert exchange.largest_return("constant-reward") == 10.0
    with pytest.raises(UsageError, match="largest return of 'Hopper-v4' is not known"):
        exchange.largest_return("Hopper-v4")
