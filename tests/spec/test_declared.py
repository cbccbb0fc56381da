"""What a critic from outside says of itself, and what it is refused together with."""

import pytest

from divbench.spec.declared import Needs, check_critic, needs_of_class
from divbench.spec.errors import UsageError
from divbench.spec.naming import find_variant
from divbench.spec.settings import SACSettings
from divbench.spec.variants import lane_settings

MINE = "tests.learn.critic_examples"


class Plain:
    """It says nothing."""


class Full:
    understands, ensembled, joint = {"dropout", "layernorm"}, 2, True
    mutable, rngs, features_at = ["batch_stats"], "noise", ("q1/head", "q2/head")


def test_class_attributes_and_what_is_assumed_without_them():
    assert needs_of_class(Plain, {}, "it") == Needs()
    assert Needs().moves("batch_stats")
    full = needs_of_class(Full, {"joint": False}, "it")
    assert full == Needs(frozenset(Full.understands), 2, False, frozenset({"batch_stats"}), ("noise",),
                         ("q1/head", "q2/head"))
    assert full.moves("batch_stats") and not full.moves("constants")


@pytest.mark.parametrize(("field", "value", "message"), [
    ("understands", {"layer_norm"}, "it: understands: unknown switch 'layer_norm'; did you mean 'layernorm'\\? known"),
    ("understands", 3, "it: understands: expected names, found 3"),
    ("ensembled", True, "it: ensembled: expected how many critics the module holds, found True"),
    ("joint", 1, "it: joint: expected True or False, found 1"),
    ("features_at", ("a", "b", "c"), "features_at: expected one path, or one for each of the 0 critics .* found 3"),
])
def test_attributes_of_another_kind_are_refused(field, value, message):
    with pytest.raises(UsageError, match=message):
        needs_of_class(Plain, {field: value}, "it")


def check(name, **settings):
    variant = find_variant(name)
    check_critic(variant, lane_settings(variant, SACSettings(**settings)))


@pytest.mark.parametrize("mechanism", ["layernorm", "groupnorm", "batchnorm", "spectral-norm", "weight-norm",
                                       "dropout"])
def test_a_switch_that_it_does_not_understand_is_refused(mechanism):
    with pytest.raises(UsageError, match="goes with divbench's own critics alone, found 'tests.learn.*no switch; ofn"):
        check(f"{MINE}:simba+{mechanism}")


def test_a_switch_that_it_understands_goes_with_it():
    check(f"{MINE}:Switched+layernorm+dropout=0.1")
    with pytest.raises(UsageError, match="'groupnorm' .* which understands dropout, layernorm; ofn and"):
        check(f"{MINE}:Switched+groupnorm")


@pytest.mark.parametrize(("name", "message"), [
    (f"{MINE}:normed+dr3", "joint does not go together with 'dr3', which looks at the critics outside"),
    (f"{MINE}:normed+conservative", "joint does not go together with 'conservative'"),
    (f"{MINE}:Twins+single-critic", "holds 2 critics .ensembled., found critics=1"),
    (f"{MINE}:Stacked(ensembled=3)", "holds 3 critics .ensembled., found critics=2"),
])
def test_what_does_not_go_together(name, message):
    with pytest.raises(UsageError, match=message) as caught:
        check(name)
    assert "\n" not in str(caught.value)
