"""A critic from outside learns, is measured and is selected as divbench's own."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax.traverse_util import flatten_dict

from divbench.diagnostics.kernels.gram import gram
from divbench.envs.toys import ConstantReward
from divbench.execute import programs
from divbench.execute.stability import remember
from divbench.learn.agents import critic as critics
from divbench.learn.agents import kernel
from divbench.learn.agents.coefficients import coefficients, structure_of
from divbench.learn.networks.foreign import foreign_critic
from divbench.spec.errors import UsageError
from divbench.spec.variants import Variant
from tests.learn.conftest import Bench, compiled, make_lane
from tests.learn.critic_examples import HERE

values, passed, layers = compiled(critics.values), compiled(critics.forward), compiled(kernel.kernel)


@functools.cache
def trained(name):
    """Bench and state of two seeds after some learning, and what `diagnose` finds then."""
    bench = Bench(ConstantReward(7), [make_lane(name, seed) for seed in (0, 1)])
    state = bench.prime(bench.act(bench.fresh(), 60, explore=True), 60)
    program = programs.build(bench.env, bench.structure, 2, 200, 1, "full,ntk,seem")
    columns, details = program.diagnose(state._replace(before=remember(state.learner)), bench.roots, bench.coefs,
                                        bench.starts(0))
    return bench, state, columns | details


def not_finite(found):
    return {metric for metric, numbers in found.items()
            if not all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(numbers))}


def lane_of(name):
    bench, state, _ = trained(name)
    return jax.tree.map(lambda leaf: leaf[0], (state.learner, bench.coefs)), bench.structure


def points(count=9):
    keys = jax.random.split(jax.random.key(1))
    return jax.random.normal(keys[0], (count, 2)), jax.random.uniform(keys[1], (count, 1), minval=-1.0)


NAMES = [f"{HERE}:simba", f"{HERE}:simba+ofn", f"td3+{HERE}:simba+feature-layernorm", f"{HERE}:normed",
         f"{HERE}:linear", f"{HERE}:NnxNormed(rate=0.5)"]


@pytest.mark.parametrize("name", [*NAMES, pytest.param(f"{HERE}:Twins", marks=pytest.mark.slow)])
def test_it_learns_and_is_measured_in_full(name):
    """No number that the baseline has is missing, and the program is compiled once."""
    bench, state, found = trained(name)
    assert np.all(np.asarray(state.learner.alive))
    fresh = bench.fresh().learner
    for before, after in zip(jax.tree.leaves(fresh.critic), jax.tree.leaves(state.learner.critic), strict=True):
        assert not np.array_equal(before, after) and np.all(np.isfinite(after))
    kernels = [leaf for path, leaf in flatten_dict(fresh.critic["params"]).items() if path[-1] == "kernel"]
    assert kernels and all(len(np.unique(np.asarray(leaf).reshape(4, -1), axis=0)) == 4 for leaf in kernels)
    assert bench.program.functions()["train_chunk"]._cache_size() == 1
    _, _, plain = trained("baseline")
    assert found.keys() >= plain.keys() and not_finite(found) <= not_finite(plain) | {"ntk_condition"}


def test_a_constant_reward_is_worth_what_it_says():
    bench = Bench(ConstantReward(7), [make_lane(f"{HERE}:simba+td3", gamma=0.5, tau=0.05, critic_lr=3e-3)])
    state = bench.prime(bench.act(bench.fresh(), 150, explore=True), 600)
    measured, _ = bench.program.diagnose(state, bench.roots, bench.coefs, bench.starts(0))
    assert float(measured["q_replay_mean"][0]) == pytest.approx(2.0, rel=0.05)


def test_maps_act_on_what_its_last_dense_reads():
    features = {}
    for name in NAMES[:3]:
        (learner, coefs), structure = lane_of(name)
        features[name] = np.asarray(passed(learner.critic, *points(), coefs, structure).features)
    plain, ball, normed = features.values()
    np.testing.assert_allclose(np.linalg.norm(ball, axis=-1), 1.0, rtol=1e-5)
    assert np.all(np.abs(np.linalg.norm(plain, axis=-1) - 1.0) > 0.1)
    np.testing.assert_allclose(normed.mean(-1), 0.0, atol=1e-5)
    np.testing.assert_allclose(normed.std(-1), 1.0, atol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_its_kernel_is_that_of_the_jacobian(name):
    (learner, coefs), structure = lane_of(name)
    first = jax.tree.map(lambda leaf: leaf[:1], learner.critic)

    def q_fn(params, obs, action):
        return values({**first, "params": params}, obs[None], action[None], coefs, structure)[0, 0]

    expected = gram(q_fn, first["params"], points())
    found = layers(first, *points(), coefs, structure)
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize("name", [f"{HERE}:normed", f"{HERE}:NnxNormed(rate=0.5)"])
def test_running_statistics_move_in_learning_alone_and_dropout_acts_in_it(name):
    (learner, coefs), structure = lane_of(name)
    statistics, = learner.critic["batch_stats"].values()
    assert not np.allclose(statistics["mean"], 0.0) and not np.allclose(statistics["var"], 1.0)
    key = jax.random.key(0)
    measured = [values(learner.critic, *points(), coefs, structure) for _ in range(2)]
    np.testing.assert_array_equal(*measured)
    learned = [passed(learner.critic, *points(), coefs, structure, jax.random.fold_in(key, n), training=True).q
               for n in range(2)]
    assert not np.allclose(*learned) and not np.allclose(learned[0], measured[0])
    assert passed(learner.critic, *points(), coefs, structure).changed == {}


@pytest.mark.parametrize(("critic", "message"), [
    ("NoDense", r"expected a last Dense that reads features \[3, width\], or features_at, found none"),
    ("Tokens", r"found one that reads \[3, 1, 2\] for 3 pairs"),
    ("Elsewhere", r"features_at: expected a layer with parameters that is called, found 'haed'.*did you mean 'head'"),
    ("Many", r"expected Q of shape \[3\] or \[3, 1\] for 3 pairs, found \(3, 5\)"),
    ("NotLinen", r"expected a flax.linen or flax.nnx Module, found a NotLinen"),
    ("Needy", r"critic '.*Needy': .*missing 1 required positional argument: 'width'"),
])
def test_what_is_no_critic_is_refused_in_one_line(critic, message):
    with pytest.raises(UsageError, match=message) as caught:
        foreign_critic(f"{HERE}:{critic}", 2, 1, frozenset())
    assert "\n" not in str(caught.value)


def made(*names):
    """Critics of a lane of each name, drawn with one key, and the lanes' coefficients, stacked; and their structure."""
    lanes = tuple(make_lane(name) for name in names)
    coefs = coefficients(lanes, 1)
    structure = structure_of(lanes, frozenset().union(*(lane.mechanisms for lane in lanes)), 2, 1, (0.0, 1.0))
    draw = jax.jit(jax.vmap(lambda coefs: critics.initialise(jax.random.key(2), coefs, structure)))
    return draw(coefs), coefs, structure


def alone(name):
    """`made` of one lane, without its axis."""
    critic, coefs, structure = made(name)
    return *jax.tree.map(lambda leaf: leaf[0], (critic, coefs)), structure


def test_functions_of_ones_own_act_on_its_features_and_its_parameters():
    critic, coefs, structure = alone(f"{HERE}:hooked")
    plain, *_ = alone(f"{HERE}:simba")
    assert np.max(passed(critic, *points(), coefs, structure).features) == 0.25
    first, untouched = critic["params"]["Dense_0"], plain["params"]["Dense_0"]
    np.testing.assert_array_equal(first["kernel"], np.clip(untouched["kernel"], -0.1, 0.1))
    np.testing.assert_array_equal(first["bias"], np.broadcast_to([[0.0], [1.0]], (2, 16)))
    np.testing.assert_array_equal(critic["params"]["Dense_1"]["kernel"], plain["params"]["Dense_1"]["kernel"])


@pytest.mark.parametrize("critic", ["Twins", "Trunk", "Pair"])
def test_functions_of_ones_own_see_one_critic_of_a_module_that_holds_both(critic):
    own = Variant("own", "", "", critic=f"{HERE}:{critic}", features=(f"{HERE}:ceiling",))
    variables, coefs, structure = alone(own)
    features = passed(variables, *points(), coefs, structure, jax.random.key(0), training=True).features
    assert features.shape[:2] == (2, 9) and np.max(features) == 0.25


def test_an_nnx_module_with_the_same_weights_is_the_same_critic():
    linen, coefs, structure = alone(f"{HERE}:SimBa")
    critic, _, of_nnx = alone(f"{HERE}:NnxSimBa")
    old = linen["params"]
    blocks = {str(n): {"norm": old[f"LayerNorm_{n}"], "up": old[f"Dense_{2 * n + 1}"],
                       "down": old[f"Dense_{2 * n + 2}"]} for n in range(2)}
    same = {"params": {"first": old["Dense_0"], "blocks": blocks, "norm": old["LayerNorm_2"], "head": old["Dense_5"]}}
    assert jax.tree.map(jnp.shape, same) == jax.tree.map(jnp.shape, critic)
    here, there = (passed(*given) for given in ((linen, *points(), coefs, structure), (same, *points(), coefs, of_nnx)))
    np.testing.assert_allclose(here.q, there.q, rtol=1e-6)
    assert len(here.hidden) == len(there.hidden) == 5
    for one, other in zip(here.hidden, there.hidden, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    first, second = (jax.tree.map(lambda leaf: leaf[:1], critic) for critic in (linen, same))
    np.testing.assert_allclose(layers(first, *points(), coefs, structure), layers(second, *points(), coefs, of_nnx),
                               rtol=1e-5)


def test_a_module_takes_the_switches_that_it_understands_lane_by_lane_in_one_program():
    names = [f"{HERE}:Switched", f"layernorm+{HERE}:Switched", f"dropout=0.5+{HERE}:Switched"]
    critic, coefs, structure = made(*names)
    calls = []

    @jax.jit
    @jax.vmap
    def q(critic, coefs, key):
        calls.append(1)
        return critics.forward(critic, *points(), coefs, structure, key, training=True).q

    first, second = (np.asarray(q(critic, coefs, jax.random.split(jax.random.key(n), 3))) for n in range(2))
    assert len(calls) == 1
    np.testing.assert_array_equal(first[:2], second[:2])
    assert not np.allclose(first[0], first[1]) and not np.allclose(first[2], second[2])
    x = np.concatenate(points(), -1) @ critic["params"]["Dense_0"]["kernel"][0] + 0.0
    head = critic["params"]["Dense_1"]["kernel"][0]
    np.testing.assert_allclose(first[0], (np.maximum(x, 0.0) @ head)[..., 0], rtol=1e-5, atol=1e-6)


def test_where_features_cannot_be_read_they_are_nan_and_the_reason_is_kept():
    critic, coefs, structure = alone(f"{HERE}:Twins(shown=False)")
    found = passed(critic, *points(), coefs, structure)
    assert np.all(np.isfinite(found.q)) and np.all(np.isnan(found.features)) and found.features.shape == (2, 9, 1)
    assert kernel.method(structure).startswith("formed: twins/Dense_0/bias, twins/Dense_0/kernel, ")
    assert "a transform; variable_axes={'intermediates': 0} would show it" in critics.module_of(structure).unread
    with pytest.raises(UsageError, match="'dr3' acts on features: expected a last Dense"):
        foreign_critic(f"{HERE}:Twins(shown=False)", 2, 1, frozenset({"dr3"}))
    ball = frozenset({"unit_ball"})
    assert foreign_critic(f"{HERE}:Twins(shown=False)", 2, 1, ball).heads == (("twins", "Dense_3"),)
    with pytest.raises(UsageError, match="'unit_ball' acts on features"):
        foreign_critic(f"{HERE}:Stacked", 2, 1, ball)


def test_what_a_class_says_of_itself_is_done():
    """Collections that do not move, random streams of other names, and a head that is no Dense."""
    critic, coefs, structure = alone(f"{HERE}:Elsewhere(features_at='head')")
    moved = [passed(critic, *points(), coefs, structure, jax.random.key(n), training=True) for n in range(2)]
    assert moved[0].changed.keys() == {"counted"} and critic.keys() == {"params", "counted", "constants"}
    assert not np.allclose(moved[0].q, moved[1].q)
    np.testing.assert_allclose(moved[0].features @ critic["params"]["head"]["weight"][..., None],
                               passed(critic, *points(), coefs, structure).q[..., None], rtol=1e-5)
