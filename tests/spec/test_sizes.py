"""Known answers for parameters and FLOPs of divbench's own networks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divbench.spec.plan import make_groups
from divbench.spec.run_spec import RunSpec
from divbench.spec.settings import SACSettings
from divbench.spec.sizes import layer_products, mlp_sizes, update_flops

ONES = layer_products(1, (1,), 2), layer_products(1 + 1, (1,), 1)  # one unit everywhere: 1 + 2 and 2 + 1 products


def lane_of(**fields):
    spec = RunSpec(**{"suite": "smoke", "tasks": "cheetah-run", "variants": "baseline", "seeds": 1, **fields})
    (group,) = make_groups(spec, fused=True)
    return group.lanes[0]


def test_flops_counted_by_hand():
    forward = 3 + 2 * 3  # actor and both targets
    critics = 2 * (3 + 3 + 1)  # forward, weights, inputs of the head alone
    actor = (3 + 3 + 2) + 2 * (3 + 3)  # actor forward, weights, inputs of its head; critics forward and inputs
    assert update_flops(*ONES, 1) == 2 * (forward + critics + actor)


# As above, with 11 products a row for the actor, and for each critic 3 forward, 7 learned and 6 for the actor's loss.
@pytest.mark.parametrize(("mechanism", "critics", "expected"), [
    ("", 1, 11 + 16),
    ("batchnorm", 2, 11 + 2 * (2 * 3 + 2 * 7 + 6)),
    ("dr3", 2, 11 + 2 * 16 + 2 * 2 * (2 + 2)),  # the hidden layer forward and towards its weights, twice
    ("conservative", 2, 11 + 2 * 16 + 4 * 3 + 8 * 2 * 7),
])
def test_flops_of_mechanisms_counted_by_hand(mechanism, critics, expected):
    assert update_flops(*ONES, 1, critics, frozenset({mechanism})) == 2 * expected


@given(st.lists(st.integers(1, 9_000), min_size=2, max_size=4), st.lists(st.integers(1, 9_000), min_size=2, max_size=4),
       st.integers(1, 64))
def test_flops_are_proportional_to_the_batch(actor, critic, batch):
    assert update_flops(actor, critic, batch) == batch * update_flops(actor, critic, 1)


def test_sizes_of_the_published_networks_on_cheetah():
    products = 17 * 256 + 256 * 256 + 256 * 12, 23 * 256 + 256 * 256 + 256
    actor, critic = products[0] + 256 + 256 + 12, products[1] + 256 + 256 + 1
    assert (actor, critic) == (73_484, 72_193)
    flops = 2 * 256 * (4 * products[0] - 17 * 256 + 12 * products[1] - 2 * 23 * 256)
    assert flops == 581_566_464
    assert mlp_sizes(lane_of(), frozenset()) == (actor, 2 * critic, 2, 3 * 4 * 512, flops)
    assert mlp_sizes(lane_of(), frozenset({"layernorm"})).critics == 2 * (critic + 4 * 256)


def test_actor_and_critics_have_widths_of_their_own():
    lane = lane_of(sac=SACSettings(critic_hidden=(8, 4, 2), actor_hidden=(16,)))
    found = mlp_sizes(lane, frozenset())
    assert found.actor == 18 * 16 + 17 * 12 and found.critics == 2 * (24 * 8 + 9 * 4 + 5 * 2 + 3)
    assert (found.layers, found.activations) == (3, 4 * (16 + 2 * 14))
