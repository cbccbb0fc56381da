"""Functions from outside: they can say what divbench's variants say, and what cannot be loaded is told in a line."""

import jax
import numpy as np
import pytest

from divbench.envs.toys import ConstantReward
from divbench.learn.hooks import of_kind, resolve
from divbench.spec.errors import UsageError
from tests.learn.conftest import Bench, make_lane
from tests.learn.hook_examples import PAIRS


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
