"""The parity measurement finds what differs, and nothing where nothing does."""

import dataclasses

import numpy as np
import pytest

from divbench.envs import make, parity
from divbench.envs.environment import Environment
from divbench.envs.host import HostPhysics


def test_host_is_dm_control():
    row = parity.measure("hopper-hop", "host", "float64", starts=4, steps=6)
    assert (row.state_1, row.state_n) == (0.0, 0.0)
    assert max(row.obs_1, row.obs_n, row.reward_1, row.reward_n) < 1e-12
    assert row.reward_max > 0.1 and row.contacts > 0 and 0 < row.touching <= 1


def test_a_planted_difference_is_found(monkeypatch):
    real = make("hopper-hop", "host")
    definition = real._definition
    planted = dataclasses.replace(definition, reward=lambda sensed: definition.reward(sensed) + 0.01)
    wrong = Environment(real.info, planted, real._task_model, HostPhysics(real._task_model, real.substeps))
    monkeypatch.setattr(parity, "make", lambda task, physics: wrong)
    row = parity.measure("hopper-hop", "host", "float64", starts=4, steps=6)
    assert row.reward_1 == pytest.approx(0.01) and row.state_n == 0.0


def test_nothing_finite_is_the_largest_of_all():
    assert parity._largest(np.array([1.0, np.nan])) == np.inf
    assert parity._largest(np.array([1.0, -3.0])) == 3.0


@pytest.mark.parametrize("name", ["pendulum-swingup", "reacher-hard"])
def test_resets_are_drawn_alike(name):
    p_value, coordinates = parity.reset_difference(name, draws=200)
    assert p_value > 0.01
    assert coordinates == {"pendulum-swingup": 1, "reacher-hard": 4}[name]


def test_another_distribution_of_resets_is_found(monkeypatch):
    real = make("reacher-hard", "host")

    class Shrunk:
        def draw(self, seeds):
            start = real.draw(seeds)
            return start.replace(target=start.target * 0.7)

    monkeypatch.setattr(parity, "make", lambda task, physics: Shrunk())
    assert parity.reset_difference("reacher-hard", draws=200)[0] < 0.01


def test_a_coordinate_that_begins_elsewhere_is_found_though_nobody_draws_it(monkeypatch):
    real = make("reacher-hard", "host")

    class Raised:
        def draw(self, seeds):
            start = real.draw(seeds)
            return start.replace(qvel=start.qvel + 0.5)

    monkeypatch.setattr(parity, "make", lambda task, physics: Raised())
    assert parity.reset_difference("reacher-hard", draws=20)[0] == 0.0
