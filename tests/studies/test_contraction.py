"""Theorem 2 on random processes: no iteration with a modulus below 1 goes as it cannot, one above 1 diverges."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divbench.envs.finite import optimal_q, random_mdp
from divbench.studies import contraction
from divbench.studies.contraction import Problem, constructed, iterate, make_problem, measure_contraction, stack

STEPS = 3_000


@pytest.fixture(autouse=True)
def x64():
    with jax.enable_x64(True):
        yield


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**31), gamma=st.floats(0.0, 0.97), step=st.floats(0.05, 1.9), off=st.floats(-4.0, 0.0),
       ends=st.integers(0, 3))
def test_a_modulus_below_one_is_kept_at_every_step(seed, gamma, step, off, ends):
    """Of any kernel, symmetric or not, with negative entries or none, where some pairs are hardly ever seen."""
    random, mdp = np.random.default_rng(seed), random_mdp(seed, 4, 2, branching=2, ends=ends, gamma=gamma)
    kernel = np.diag(random.uniform(0.5, 2.0, 8)) + 10.0**off * random.normal(size=(8, 8))
    rho, optimum = random.dirichlet(np.full(8, 2.0)), optimal_q(mdp)
    problem = Problem(kernel, rho, np.asarray(step / np.max(np.diag(kernel) * rho)), np.asarray(gamma), mdp.reward,
                      mdp.onward, optimum, optimum + random.normal(size=(4, 2)))
    (row,) = iterate("any", stack([problem]), STEPS)
    if row.modulus < 1.0:
        assert row.excess <= 1e-9 and row.rate <= row.modulus + 1e-9
        assert row.error <= max(1e-6, 1.001 * row.modulus**STEPS)
    assert not row.conditions or row.modulus < 1.0, "the published conditions are at least as strict"


@pytest.mark.parametrize("gamma", [0.5, 0.8, 0.9, 0.99])
def test_the_constructed_example_goes_by_its_closed_form(gamma):
    (row,) = iterate("constructed", stack([constructed(gamma)]), STEPS)
    assert row.modulus > 1.0 and row.rate == pytest.approx(1.0 + 0.05 * (6.0 * gamma - 5.0), rel=1e-6)
    assert (row.error > 1e12) == (gamma > 5.0 / 6.0) and (row.error < 1e-6) == (gamma < 5.0 / 6.0)
    assert row.steps < STEPS, "it ends once it is clear"


def test_iterations_side_by_side_are_those_alone():
    problems = [make_problem(seed, contraction.draw_process(seed), np.eye(18)) for seed in (3, 4)]
    together, alone = iterate("any", stack(problems), 50), iterate("any", stack(problems[1:]), 50)
    assert together[1]._replace(number=0) == alone[0] and together[0].gamma != together[1].gamma


def test_all_kinds_are_measured_on_both_sides(monkeypatch):
    monkeypatch.setattr(contraction, "LEARNED", 20)
    heard = []
    rows = measure_contraction(12, 500, heard.append)
    assert len(rows) == 3 * 12 + 8 and len(heard) == 3 and heard[2].startswith("learned: 12 processes")
    assert {row.modulus < 1.0 for row in rows if row.kernel == "features"} == {True, False}
    networks = [[row.modulus for row in rows if row.kernel == kind] for kind in ("network", "learned")]
    assert not set(networks[0]) & set(networks[1])
    assert rows[:36] == measure_contraction(12, 500, heard.append)[:36]
