"""`divbench list` names everything there is."""

import os
import subprocess
import sys

import pytest

from divbench.cli.catalogue import DESCRIBE, RECORDS
from divbench.envs.names import ALL_TASKS
from divbench.experiments import catalogue
from divbench.spec.built_in import BUILT_IN
from divbench.spec.naming import PATTERNS
from divbench.spec.suites import SUITES


def names(kind):
    return [line.split()[0] for line in DESCRIBE[kind]().splitlines()[1:] if line and not line.startswith(" ")]


def test_all_names_are_listed():
    assert names("tasks") == [*ALL_TASKS] == [task.name for task in RECORDS["tasks"]()]
    assert names("variants") == [*BUILT_IN, *PATTERNS]
    assert names("suites")[: len(SUITES)] == list(SUITES)


@pytest.mark.parametrize("columns", [90, 100, 200])
def test_lines_are_no_longer_than_there_is_room(columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    for describe in (*DESCRIBE.values(), catalogue.describe):
        text = describe()
        assert max(map(len, text.splitlines())) <= columns
        assert not any(line.endswith(" ") for line in text.splitlines())


def test_in_a_pipe_a_line_has_100_columns():
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    done = subprocess.run([sys.executable, "-m", "divbench", "list"], capture_output=True, text=True, timeout=60,
                          env=environment)
    assert 90 < max(map(len, done.stdout.splitlines())) <= 100
