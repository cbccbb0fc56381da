"""Mistakes that the gate's benchmark trains with: SAC's target with -r, and with the entropy's other sign."""

import sys
from pathlib import Path

import jax.numpy as jnp
import pytest

from divbench.learn.agents import sac
from divbench.learn.replay import Batch


@pytest.fixture
def mistakes(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[2] / "benchmarks"))
    import gate_mistakes

    yield gate_mistakes
    del sys.modules["gate_mistakes"]


def test_targets_are_wrong_as_named_and_nothing_else_is(mistakes, monkeypatch):
    """A target that returns what it is given: the reward of its batch, and the weight of the entropy as SAC has it."""
    monkeypatch.setattr(sac, "entropy_weight", lambda learner, coefs: 0.25 * coefs)
    right = sac.entropy_weight

    def target(learner, batch, coefs):
        return batch.reward.tolist(), batch.continues.tolist(), sac.entropy_weight(learner, coefs)

    batch = Batch(*(jnp.asarray([1.0, 2.0]) for _ in Batch._fields))
    assert target(None, batch, 4.0) == ([1.0, 2.0], [1.0, 2.0], 1.0)
    assert mistakes.MISTAKES["reward-negated"](target)(None, batch, 4.0) == ([-1.0, -2.0], [1.0, 2.0], 1.0)
    assert mistakes.MISTAKES["entropy-sign"](target)(None, batch, 4.0) == ([1.0, 2.0], [1.0, 2.0], -1.0)
    assert sac.entropy_weight is right
    assert "entropy_weight" in sac.td_target.__code__.co_names and "td_target" in sac.update.__code__.co_names


def test_a_mistake_is_planted_where_the_command_finds_it(mistakes, monkeypatch):
    from divbench import cli

    seen = []
    monkeypatch.setattr(sac, "td_target", right := sac.td_target)
    monkeypatch.setattr(cli, "main", lambda words: seen.append((words, sac.td_target is right)) or 0)
    assert mistakes.main(["reward-negated", "run", "--suite", "smoke"]) == 0
    assert seen == [(["run", "--suite", "smoke"], False)]


def test_a_mistake_is_named(mistakes, capsys):
    assert mistakes.main(["nothing", "run"]) == 2
    assert "expected one of reward-negated, entropy-sign and a command of divbench" in capsys.readouterr().err
