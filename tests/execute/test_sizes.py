"""Sizes of networks: arithmetic and tracing agree on divbench's own, and hand counts on those from outside."""

import json

import jax
import jax.numpy as jnp
import pytest

from divbench import cli
from divbench.execute.sizes import group_sizes, network_facts, planned_sizes, products, sizes_of, traced_sizes
from divbench.spec.errors import UsageError
from divbench.spec.plan import make_groups
from divbench.spec.run_spec import RunSpec
from divbench.spec.settings import SACSettings
from divbench.spec.sizes import mlp_sizes
from divbench.spec.variants import Variant

MINE = "tests.learn.critic_examples"
SMALL = SACSettings(critic_hidden=(32, 24, 16), actor_hidden=(40, 20), batch_size=7)


def groups_of(variants, tasks="cheetah-run", sac=SMALL):
    return make_groups(RunSpec(suite="smoke", tasks=tasks, variants=variants, seeds=2, sac=sac), fused=False)


@pytest.mark.parametrize(("name", "exact"), [
    ("baseline", True), *(pytest.param(name, exact, marks=pytest.mark.slow)
                          for name, exact in (("batchnorm", True), ("layernorm", False)))])
def test_arithmetic_on_the_mlp_is_what_a_trace_finds(name, exact):
    """Of LayerNorm the trace counts a few sums more: its gradients take them as products."""
    (group,) = groups_of(name)
    counted, traced = mlp_sizes(group.lanes[0], group.mechanisms), traced_sizes(group.lanes[0], group.mechanisms)
    assert counted[:3] == traced[:3]
    assert traced.update_flops == pytest.approx(counted.update_flops, rel=0.0 if exact else 0.1)
    assert counted.activations <= traced.activations <= 2 * counted.activations
    assert sizes_of(group.lanes[0], group.mechanisms) == counted


def test_a_critic_from_outside_by_hand():
    """One Dense of 17 + 6 inputs: forward for target, loss and actor, towards its weights, and towards its inputs."""
    (group,) = groups_of((Variant("linear", "", "", critic=f"{MINE}:Linear", settings={"actor_hidden": [40, 20]}),))
    sizes, plain = group_sizes(group), mlp_sizes(group.lanes[0], frozenset())
    assert (sizes.actor, sizes.critics, sizes.layers) == (plain.actor, 2 * 24, 1)
    actor = 17 * 40 + 40 * 20 + 20 * 12
    assert sizes.update_flops == 2 * 7 * (4 * actor - 17 * 40 + 2 * 5 * 23)
    traced = traced_sizes.cache_info().misses
    assert sizes == group_sizes(group) and traced_sizes.cache_info().misses == traced


def test_an_actor_from_outside_by_hand():
    """Two Dense of 17 inputs and 6 outputs: forward for target and loss, and towards their weights."""
    (group,) = groups_of((Variant("acting", "", "", actor="tests.learn.own_examples:Linear"),))
    sizes, plain = group_sizes(group), mlp_sizes(group.lanes[0], frozenset())
    assert sizes.actor == 12 * 18 and sizes.critics == plain.critics
    hidden = SMALL.actor_hidden
    mlp = 17 * hidden[0] + hidden[0] * hidden[1] + hidden[1] * 12
    assert plain.update_flops - sizes.update_flops == 2 * 7 * (4 * mlp - 17 * hidden[0] - 3 * 12 * 17)


def test_a_wider_critic_needs_more_than_the_mlp_of_a_plan():
    (group,) = groups_of(f"{MINE}:SimBa(width=64)")
    sizes, plain = group_sizes(group), mlp_sizes(group.lanes[0], frozenset())
    block = 64 * 256 + 256 + 256 * 64 + 64 + 2 * 64
    assert sizes.critics == 2 * (24 * 64 + 2 * block + 2 * 64 + 65)
    assert sizes.activations > 2 * plain.activations and sizes.update_flops > 10 * plain.update_flops


def test_products_of_loops_branches_and_convolutions():
    square = jnp.ones((4, 4))

    def program(x):
        x = jax.lax.fori_loop(0, 5, lambda _, x: x @ square, x)  # a scan: 5 times 64
        x = jax.lax.cond(x[0, 0] > 0.0, lambda x: x @ square @ square, lambda x: x @ square, x)  # the larger: 128
        x = jax.jit(lambda x: jnp.einsum("ij,kj->ik", x, square))(x)  # 64
        return jax.lax.conv(jnp.ones((2, 3, 8)), jnp.ones((5, 3, 2)), (1,), "VALID") + jnp.sum(x)  # 2 * 5 * 7 * 6

    assert products(jax.make_jaxpr(program)(square).jaxpr) == 5 * 64 + 128 + 64 + 420


def test_what_a_card_says():
    rows = network_facts(groups_of(f"baseline,ofn,layernorm,{MINE}:linear", "cheetah-run,hopper-hop"))
    assert [(row["task"], row["variants"], row["network"]) for row in rows] == [
        (task, variants, network) for task in ("cheetah-run", "hopper-hop") for variants, network in (
            (["baseline", "ofn"], "mlp 32x24x16, actor 40x20"), (["layernorm"], "mlp 32x24x16, actor 40x20"),
            (["linear"], f"{MINE}:Linear, actor 40x20"))]
    assert rows[1]["critic_parameters"] == rows[0]["critic_parameters"] + 2 * 2 * 72


def test_code_that_fails_is_left_to_the_training_and_what_is_no_critic_is_refused():
    (group,) = groups_of((Variant("broken", "", "", critic=f"{MINE}:Broken"),))
    assert group_sizes(group) is None and network_facts([group]) == []
    with pytest.raises(UsageError, match=r"ZeroDivisionError: .* \(critic_examples.py, line \d+, in __call__\)"):
        planned_sizes(group)
    (group,) = groups_of((Variant("many", "", "", critic=f"{MINE}:Many"),))
    with pytest.raises(UsageError, match="expected Q of shape"):
        group_sizes(group)


def test_a_plan_counts_the_module(capsys):
    words = ["plan", "--suite", "smoke", "--tasks", "cheetah-run", "--rate", "100", "--json", "--variants"]
    told = {}
    for name in ("baseline", f"{MINE}:SimBa(width=256)"):
        assert cli.main([*words, name]) == 0
        (told[name],) = json.loads(capsys.readouterr().out)["groups"]
    plain, wide = told.values()
    assert wide["flops"] > 10 * plain["flops"] and wide["lane_bytes"] > 5 * plain["lane_bytes"]
    assert wide["disk_bytes"] > 5 * plain["disk_bytes"]
