"""Each option reads what a flag or a TOML file may hold."""

import dataclasses
from fractions import Fraction

import pytest

from divbench.cli.options import OPTIONS
from divbench.spec.errors import UsageError
from divbench.spec.run_spec import RunSpec
from divbench.spec.settings import SACSettings


def test_the_flags_are_the_fields():
    fields = {field.name for field in dataclasses.fields(RunSpec)} | {"batch_size", "hidden"}
    assert set(OPTIONS) == fields
    assert OPTIONS["eval_every"].flag == "--eval-every"


@pytest.mark.parametrize(
    ("key", "written", "value"),
    [
        ("tasks", "cheetah-run, walker-run", ("cheetah-run", "walker-run")),
        ("tasks", ["cheetah-run"], ("cheetah-run",)),
        ("utd", "8,1/2", (Fraction(8), Fraction(1, 2))),
        ("utd", 8, (Fraction(8),)),
        ("utd", [1, "1/2", 0.25], (Fraction(1), Fraction(1, 2), Fraction(1, 4))),
        ("steps", "500k", 500_000),
        ("steps", 500_000, 500_000),
        ("hidden", "256,256", (256, 256)),
        ("hidden", "256x128", (256, 128)),
        ("hidden", " 256 x 128 ", (256, 128)),
        ("variants", " baseline , ofn", ("baseline", "ofn")),
        ("sac", "critic_hidden=64x32,actor_hidden=16", {"critic_hidden": (64, 32), "actor_hidden": (16,)}),
        ("hidden", [64], (64,)),
        ("hidden", 64, (64,)),
        ("force", True, True),
        ("sac", "gamma=0.9,hidden=64,32,tau = 1e-2", {"gamma": 0.9, "hidden": (64, 32), "tau": 0.01}),
        ("sac", ["gamma=0.9", "log-std-rule=clip"], {"gamma": 0.9, "log_std_rule": "clip"}),
        ("sac", {"gamma": 0.9, "hidden": [64, 32]}, {"gamma": 0.9, "hidden": [64, 32]}),
    ],
)
def test_read(key, written, value):
    assert OPTIONS[key].read(written, key) == value


@pytest.mark.parametrize(
    ("key", "written"),
    [
        ("tasks", 3),
        ("tasks", []),
        ("tasks", ["a", 3]),
        ("tasks", ["a", "a"]),
        ("tasks", "a,a"),
        ("tasks", ""),
        ("utd", []),
        ("utd", "1,"),
        ("utd", [[1]]),
        ("utd", {"a": 1}),
        ("utd", "2,2.0"),
        ("steps", True),
        ("steps", 1.5),
        ("steps", "x"),
        ("steps", [1]),
        ("seeds", 0),
        ("seeds", "-1"),
        ("hidden", []),
        ("hidden", "256,"),
        ("hidden", [0]),
        ("hidden", {}),
        ("force", "yes"),
        ("force", 1),
        ("suite", 3),
        ("suite", " "),
        ("out", ""),
        ("out", False),
        ("sac", "gamma"),
        ("sac", "gama=1"),
        ("sac", "gamma=x"),
        ("sac", "gamma=0.9,gamma=0.8"),
        ("sac", 3),
        ("sac", []),
    ],
)
def test_refuse(key, written):
    with pytest.raises(UsageError) as error:
        OPTIONS[key].read(written, "WHAT")
    assert "\n" not in str(error.value)


def test_every_setting_is_named_in_the_help():
    assert all(field.name in OPTIONS["sac"].help for field in dataclasses.fields(SACSettings))
