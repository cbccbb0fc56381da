"""A lane's numbers and a group's structure hold every setting, in one of the two."""

import dataclasses
from fractions import Fraction

import jax
import numpy as np
import pytest

from divbench.learn.agents.coefficients import Coefficients, coefficients, structure_of
from divbench.learn.normalisations import NORMALISATIONS
from divbench.spec.mechanisms import IN_HIDDEN_LAYERS, SELECTABLE
from divbench.spec.naming import find_variant
from divbench.spec.plan import Lane
from divbench.spec.settings import DECLARED, SACSettings

OTHERS = {"algorithm": "td3", "critic_hidden": (8, 4), "actor_hidden": (4,), "activation": "tanh",
          "initialisation": "lecun_normal", "log_std_rule": "clip", "critic_optimizer": "momentum",
          "layernorm_layers": "1"}


def lane(name, sac):
    return Lane("constant-reward", find_variant(name), Fraction(1), 0, sac)


def other(name):
    """A value that is not the default."""
    value = getattr(SACSettings, name)
    return OTHERS.get(name, not value if isinstance(value, bool) else value + 1 if isinstance(value, int) else 0.625)


@pytest.mark.parametrize("name", DECLARED)
def test_each_setting_changes_the_numbers_it_is_said_to_become_or_the_structure(name):
    changed = dataclasses.replace(SACSettings(), **{name: other(name)})
    plain, mine = (lane("layernorm", sac) for sac in (SACSettings(), changed))
    before, after = (dict(jax.tree_util.tree_leaves_with_path(coefficients((one,), 6))) for one in (plain, mine))
    found = {jax.tree_util.keystr(path).lstrip(".") for path in before
             if not np.array_equal(before[path], after[path])}
    structures = {structure_of((one,), frozenset(), 2, 6, None) for one in (plain, mine)}
    declared = DECLARED[name]
    assert found <= (set() if declared.static else set((declared.becomes or name).split(", ")))
    assert bool(found) != declared.static and len(structures) == (2 if declared.static else 1)


def test_every_name_that_a_setting_becomes_is_there():
    numbers = coefficients((lane("baseline", SACSettings()),), 6)
    for declared in DECLARED.values():
        for path in declared.becomes.split(", ") if declared.becomes else ():
            assert path in Coefficients._fields or path.removeprefix("switches.") in numbers.switches._fields


@pytest.mark.parametrize("name", SELECTABLE)
def test_a_switch_is_on_in_the_lane_that_has_the_mechanism(name):
    variant = "ofn" if name == "unit_ball" else name.replace("_", "-")
    both = tuple(lane(own, SACSettings(hidden=(8, 8, 8))) for own in ("baseline", variant))
    switches = coefficients(both, 6).switches
    shape = (3,) if name in IN_HIDDEN_LAYERS else ()
    np.testing.assert_array_equal(getattr(switches, name), [np.zeros(shape), np.ones(shape)])
    assert all(not np.any(getattr(switches, own)) for own in SELECTABLE if own != name)


def test_each_mechanism_of_hidden_layers_is_computed():
    assert {*NORMALISATIONS, "batchnorm"} == set(IN_HIDDEN_LAYERS)
