"""Initial weights of lanes of one seed: equal wherever the shapes of two networks agree, whatever else differs."""

import jax
import numpy as np
import pytest
from jax.nn.initializers import lecun_normal, orthogonal

from divbench.learn.agents import sac
from divbench.learn.agents.coefficients import coefficients, structure_of
from divbench.learn.keys import lane_keys
from divbench.learn.networks import ensemble
from divbench.learn.networks.mlp import DeterministicActor, GaussianActor, MLPCritic
from divbench.spec.settings import SACSettings
from tests.learn.conftest import make_lane, same

OBS, ACTION = 5, 2
PLAIN = SACSettings(hidden=(8, 8))


def critic(seed=0, mechanisms=(), critics=2, hidden=(8, 8), **fields):
    module = MLPCritic(hidden, mechanisms=frozenset(mechanisms), **fields)
    return ensemble.draw(module, jax.random.key(seed), critics, OBS, ACTION, 1.0)


def kernels(network):
    """From the input on."""
    params = network["params"]
    hidden = sorted((name for name in params if name != "head"), key=lambda name: int(name.removeprefix("hidden")))
    return [*(params[name]["dense"]["kernel"] for name in hidden), params["head"]["kernel"]]


@pytest.mark.parametrize("initialisation", ["orthogonal", "lecun_normal"])
def test_weights_are_drawn_by_the_rule_of_key_generation_2(initialisation):
    """The rule, written out: gain times a draw from the key with the critic's number and the layer's place folded in.
    Every bit counts: a changed draw changes every score."""
    fold, key, gain = jax.random.fold_in, jax.random.key(7), np.float32(2.0**0.5)
    draws = {"orthogonal": lambda *given: gain * orthogonal(1.0)(*given), "lecun_normal": lecun_normal()}
    draw = draws[initialisation]
    module = MLPCritic((8, 6), initialisation=initialisation)
    found = kernels(ensemble.draw(module, key, 2, OBS, ACTION, gain))
    for number in range(2):
        for place, shape, kernel in ((2, (7, 8), found[0]), (3, (8, 6), found[1]), (0, (6, 1), found[2])):
            assert same(kernel[number], draw(fold(fold(key, number), place), shape, np.float32))
    actor = kernels(GaussianActor(ACTION, (8,), initialisation=initialisation).draw(key, OBS, gain, gain))
    assert same(actor[0], draw(fold(key, 2), (OBS, 8), np.float32))
    for place, half in enumerate(np.split(np.asarray(actor[1]), 2, 1)):
        assert same(half, draw(fold(key, place), (8, ACTION), np.float32))


@pytest.mark.parametrize("changes", [
    {"mechanisms": ("layernorm",)}, {"mechanisms": ("groupnorm",)}, {"mechanisms": ("batchnorm",)},
    {"mechanisms": ("dropout", "unit_ball")}, {"activation": "tanh"},
])
def test_mechanisms_change_no_kernel(changes):
    assert all(map(same, kernels(critic()), kernels(critic(**changes))))


def test_a_single_critic_is_the_first_of_several():
    several = kernels(critic(critics=5))
    for count in (1, 2):
        assert all(same(few, many[:count]) for few, many in zip(kernels(critic(critics=count)), several, strict=True))
    assert not np.allclose(several[0][0], several[0][1])


def test_a_deeper_critic_shares_the_layers_of_equal_shape():
    first, second, head = kernels(critic())
    shared = kernels(critic(hidden=(8, 8, 8)))
    assert same(first, shared[0]) and same(second, shared[1]) and same(head, shared[3])
    assert not np.allclose(shared[1], shared[2])


def test_a_wider_layer_leaves_the_one_before_it_alone():
    assert same(kernels(critic())[0], kernels(critic(hidden=(8, 16)))[0])


def test_actors_of_sac_and_td3_share_hidden_layers_and_means():
    key = jax.random.key(3)
    sampled = GaussianActor(ACTION, (8, 8)).draw(key, OBS, 1.0, 0.5)
    fixed = DeterministicActor(ACTION, (8, 8), layernorm=True).draw(key, OBS, 1.0)
    deeper = GaussianActor(ACTION, (8, 8, 8)).draw(key, OBS, 1.0, 0.5)
    assert all(map(same, kernels(sampled)[:2], kernels(fixed)[:2]))
    assert same(kernels(sampled)[2][:, :ACTION], kernels(fixed)[2])
    assert same(kernels(sampled)[2], kernels(deeper)[3])


def test_resets_and_seeds_draw_other_weights():
    lane = make_lane(sac_settings=PLAIN)
    structure = structure_of((lane,), frozenset(), OBS, ACTION, (0.0, 1.0))
    coefs = jax.tree.map(lambda leaf: leaf[0], coefficients((lane,), ACTION))
    drawn = {}
    for seed in (0, 1):
        root = lane_keys([make_lane(seed=seed).key_words])[0]
        for count in (0, 1):
            learner = sac.initialise(root, count, coefs, structure)
            drawn[seed, count] = [*kernels(learner.actor), *kernels(learner.critic)]
    again = sac.initialise(lane_keys([make_lane("reset").key_words])[0], 1, coefs, structure)
    assert all(map(same, drawn[0, 1], [*kernels(again.actor), *kernels(again.critic)]))
    names = list(drawn)
    for place, one in enumerate(names):
        for other in names[:place]:
            assert not any(np.any(a == b) for a, b in zip(drawn[one], drawn[other], strict=True))
