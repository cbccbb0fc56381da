"""What `divbench parity` may be asked for."""

import functools
import importlib.util

import pytest

from divbench.cli.argument import read_request as read
from divbench.cli.table import EVERY
from divbench.envs.names import GYM_TASKS, SIMULATED
from divbench.spec.errors import UsageError

read_request = functools.partial(read, EVERY["parity"])


def test_gymnasiums_tasks_are_compared_when_they_are_named():
    assert read_request({}).tasks == SIMULATED
    request = read_request({"tasks": ",".join(GYM_TASKS), "physics": "host", "starts": "8", "steps": "2k"})
    assert (request.tasks, request.physics, request.starts, request.steps) == (tuple(GYM_TASKS), ("host",), 8, 2000)


@pytest.mark.parametrize(("missing", "extra"), [("gymnasium", r"divbench\[gym\]"), ("imageio", r"gymnasium\[mujoco\]")])
def test_what_they_are_compared_with_must_be_installed(monkeypatch, missing, extra):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else found(name))
    with pytest.raises(UsageError, match=f"^--tasks: .*'ant'.*: pip install '{extra}'$"):
        read_request({"tasks": "cheetah-run,ant"})
    assert read_request({"tasks": "cheetah-run"}).tasks == ("cheetah-run",)


def test_an_episode_of_dm_control_ends_after_so_many_steps():
    assert read_request({"tasks": "cheetah-run", "steps": "1k"}).steps == 1_000
    with pytest.raises(UsageError, match="--steps: expected at most 1,000, an episode of cheetah-run, found '1001'"):
        read_request({"tasks": "cheetah-run", "steps": "1001"})
