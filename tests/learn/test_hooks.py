"""Functions from outside: they can say what divbench's variants say, and what cannot be loaded is told in a line."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from divbench.envs.toys import ConstantReward
from divbench.learn.agents.critic import forward, loss
from divbench.learn.hooks import of_kind, resolve
from divbench.learn.replay import Batch
from divbench.spec.errors import UsageError
from divbench.spec.variants import Variant
from tests.learn.conftest import Bench, make_lane
from tests.learn.hook_examples import HERE, PAIRS


def learned(variant):
    bench = Bench(ConstantReward(7), [make_lane(variant)])
    plain = Bench(ConstantReward(7), [make_lane("baseline")])
    bench.roots, bench.starts = plain.roots, plain.starts
    return bench.prime(bench.act(bench.fresh(), 30, explore=True), 40).learner


IN_EVERY_RUN = ("huber", "ofn", "weight-norm")  # one of each kind; each pair is two programs


@pytest.mark.parametrize("name", [pytest.param(name, marks=() if name in IN_EVERY_RUN else pytest.mark.slow)
                                  for name in PAIRS])
def test_a_variant_written_as_a_function_from_outside_learns_the_same(name):
    ours, theirs, plain = learned(name), learned(PAIRS[name]), learned("baseline")
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-3, atol=2e-4), ours.critic, theirs.critic)
    heads = (learner.critic["params"]["head"]["kernel"] for learner in (ours, plain))
    assert not np.allclose(*heads, rtol=1e-3)


def test_functions_are_found_by_kind_and_in_order():
    hooks = (("losses", "math:sin"), ("features", "math:cos"), ("losses", "math:tan"))
    assert [hook.__name__ for hook in of_kind(hooks, "losses")] == ["sin", "tan"]
    assert of_kind(hooks, "projections") == []


@pytest.mark.parametrize(("hook", "message"), [
    ("nosuchmodule:f", "hook 'nosuchmodule:f': module 'nosuchmodule' cannot be imported .ModuleNotFoundError"),
    ("math:sine", "expected a function, found nothing"),
    ("math:pi", "expected a function, found a float"),
])
def test_what_cannot_be_loaded_is_one_line(hook, message):
    with pytest.raises(UsageError, match=message) as caught:
        resolve(hook)
    assert "\n" not in str(caught.value)


def test_each_lane_and_each_function_sees_the_number_of_its_record():
    """The losses of two lanes in one program, by what their records add to the loss of plain SAC."""
    names = [f"{HERE}:reg=0.5+{HERE}:pull+{HERE}:ceiling=0.25", f"{HERE}:reg=2+{HERE}:pull=3+{HERE}:ceiling=0.01"]
    bench = Bench(ConstantReward(7), [make_lane(name) for name in names])
    learner = jax.tree.map(lambda leaf: jnp.stack([leaf[0], leaf[0]]), bench.fresh().learner)
    size, key = 5, jax.random.key(0)
    obs, action = (jax.random.normal(jax.random.key(n), (size, width)) for n, width in enumerate(
        (bench.structure.observation_size, bench.structure.action_size)))
    batch = Batch(obs, action, jnp.zeros(size), jnp.zeros(size), obs, action, jnp.ones(size))

    def told(critic, coefs):
        seen = forward(critic, obs, action, coefs, bench.structure)
        total = loss(critic, batch, jnp.zeros(size), action, None, coefs, bench.structure, key)[0]
        return seen.q, seen.features, total

    q, features, total = jax.vmap(told)(learner.critic, bench.coefs)
    np.testing.assert_allclose(jnp.max(features, (1, 2, 3)), [0.25, 0.01], rtol=1e-6)
    plain = jnp.sum(jnp.mean(jnp.square(q), -1), -1)
    added = jnp.asarray([0.5, 2.0]) * jnp.mean(jnp.square(q), (1, 2)) + jnp.asarray([7.0, 3.0])
    np.testing.assert_allclose(total, plain + added, rtol=1e-5)


def test_a_function_whose_record_has_no_number_sees_nan():
    lane = make_lane(Variant("bare", "", "", losses=(f"{HERE}:small_q",)))
    assert np.isnan(Bench(ConstantReward(7), [lane]).coefs.loss_numbers).all()
