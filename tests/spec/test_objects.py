"""How objects from outside are written, and what is refused before anything is trained."""

import json
from collections.abc import Callable

import flax.linen as nn
import pytest
from flax import nnx

from divbench.spec.errors import UsageError
from divbench.spec.naming import find_variant
from divbench.spec.objects import read_object
from divbench.spec.plan import make_groups
from divbench.spec.run_spec import RunSpec
from divbench.spec.settings import SACSettings
from divbench.spec.variants import Variant, check_together, lane_settings, variant_from_plain, variant_to_plain
from tests.learn import critic_examples, own_examples

MINE = "tests.learn.critic_examples"
PARTS = "tests.learn.own_examples"


@pytest.mark.parametrize(("written", "meant"), [
    ("a.b:C", "a.b:C"), ("a:C()", "a:C"), ("a:C(width=128, blocks=2)", "a:C(blocks=2,width=128)"),
    ("a:C( act = \"relu\",sizes=(1,2) , on=True)", "a:C(act='relu',on=True,sizes=(1, 2))"),
    ("a:C(x=-1e-3)", "a:C(x=-0.001)"),
])
def test_a_critic_has_one_spelling(written, meant):
    assert str(read_object(written, "critic", "it")) == meant == str(read_object(meant, "critic", "it"))
    assert Variant("mine", "", "", critic=written).critic == meant


def test_a_module_that_is_handed_in_is_kept_as_its_name():
    """The fields that do not have their default are written; of an actor, how many actions there are is not."""
    variant = Variant("mine", "", "", critic=critic_examples.SimBa(blocks=3, width=16),
                      actor=own_examples.Linear(action_size=6, scale=0.5))
    assert variant.critic == f"{MINE}:SimBa(blocks=3)" and variant.actor == f"{PARTS}:Linear(scale=0.5)"
    spec = RunSpec(suite="smoke", variants=(Variant("own", "", "", critic=critic_examples.Linear()),))
    assert RunSpec.from_settings(json.loads(json.dumps(spec.settings()))).variants == spec.variants


class Field(nn.Module):
    act: Callable = nn.relu


def local(module_name=__name__):
    class Local(nn.Module):
        width: int = 1

    Local.__module__ = module_name
    return Local()


@pytest.mark.parametrize(("make", "message"), [
    (local, r"found one whose class '.*local.<locals>.Local' cannot be imported; define it at the top level"),
    (lambda: local("__main__"), "found one whose class '__main__.*Local' cannot be imported"),
    (lambda: Field(act=nn.tanh), r"found one whose field act is a \w+, which is no number, text, truth value"),
    (lambda: critic_examples.NnxSimBa(3, 2, rngs=nnx.Rngs(0)), r"found an nnx module.*write '.*:NnxSimBa\(field"),
    (lambda: critic_examples.SimBa, "another process can make again, found <class '"),
    (lambda: 3, "another process can make again, found 3"),
])
def test_a_module_that_no_other_process_could_make_is_refused(make, message):
    with pytest.raises(UsageError, match=message) as caught:
        Variant("mine", "", "", critic=make())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("written", ["C", "a:", "a:C(", "a:C(3)", "a:C(**x)", "a:C(x=print)", "a:C(x=[1])",
                                     "a:C(x=1,x=2)", "a:C(x=1)+b", 3])
def test_other_text_is_refused_in_one_line(written):
    with pytest.raises(UsageError, match="it: expected 'package.module:Class' or .*, found ") as caught:
        read_object(written, "critic", "it")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("critic", "message"), [
    (f"{MINE}:SimBa(witdh=3)", "SimBa has no field 'witdh'; did you mean 'width'\\? known: width, blocks"),
    (f"{MINE}:NnxSimBa(witdh=3)", "NnxSimBa has no field 'witdh'; did you mean 'width'\\? known: width, blocks"),
    (f"{MINE}:NnxSimBa(rngs=3)", "NnxSimBa has no field 'rngs'"),
    (f"{MINE}:Simba", "expected a flax.linen module class, or .*, found nothing of that name"),
    (f"{MINE}:simba", "expected a flax.linen module class, or .*, found a Variant"),
    ("nosuch.module:C", "module 'nosuch.module' cannot be imported"),
])
def test_a_critic_that_cannot_be_made_is_refused_before_a_run(critic, message):
    with pytest.raises(UsageError, match=message):
        RunSpec(suite="smoke", variants=(Variant("mine", "", "", critic=critic),))


def test_it_is_part_of_the_record_and_of_its_origin():
    variant = find_variant(f"{MINE}:simba+ofn")
    assert variant.critic == f"{MINE}:SimBa(blocks=1)" and variant.mechanisms == {"unit_ball"}
    assert [hook for hook, _ in variant.code] == [variant.critic]
    assert variant_from_plain(json.loads(json.dumps(variant_to_plain(variant)))) == variant
    with pytest.raises(UsageError, match=r"expected one critic, found '.*Linear' and '.*SimBa\(blocks=1\)'"):
        find_variant(f"{MINE}:simba+{MINE}:linear")


def test_lanes_of_another_critic_are_a_group_of_their_own():
    variants = f"baseline,ofn,{MINE}:simba,{MINE}:simba+ofn,{MINE}:linear"
    spec = RunSpec(suite="smoke", tasks="cheetah-run", variants=variants)
    groups = [{lane.variant.name for lane in group.lanes} for group in make_groups(spec, fused=True)]
    assert groups == [{"baseline", "ofn"}, {"ofn+simba", "simba"}, {"linear"}]


def test_preqn_is_refused():
    variant = find_variant(f"{MINE}:simba+preqn")
    with pytest.raises(UsageError, match="preqn does not go together with 'tests.learn.critic_examples:SimBa"):
        check_together(variant, SACSettings(algorithm="preqn", critics=1))


def test_the_name_of_a_class_is_plain_sac_with_that_critic():
    """With fields or without, also as one of several, and beside others in one list."""
    assert find_variant(f"{MINE}:SimBa").name == "SimBa"
    spec = RunSpec(suite="smoke", variants=f"baseline,{MINE}:SimBa(width=8, blocks=1),ofn+{MINE}:SimBa(width=8)")
    assert [variant.name for variant in spec.variants] == ["baseline", "SimBa-blocks=1-width=8", "ofn+SimBa-width=8"]
    assert [variant.critic for variant in spec.variants[1:]] == [f"{MINE}:SimBa(blocks=1,width=8)",
                                                                 f"{MINE}:SimBa(width=8)"]
    assert [hook for hook, _ in spec.variants[1].code] == [spec.variants[1].critic]
    for text, message in ((f"{MINE}:SimBa(witdh=3)", "SimBa has no field 'witdh'.*did you mean 'width'"),
                          (f"{MINE}:SimBa(3)", "expected 'package.module:Class' or"),
                          (f"{MINE}:simba(3)", "found nothing of that name")):
        with pytest.raises(UsageError, match=message):
            find_variant(text)


@pytest.mark.parametrize(("fields", "message"), [
    ({"optimizer": f"{PARTS}:clipped(0.1)"}, "optimizer: expected 'package.module:function' or .*0.001\\)', found"),
    ({"actor_optimizer": f"{PARTS}:clipped(learning_rat=1.0)"}, "actor_optimizer '.*': clipped has no field "
                                                                "'learning_rat'; did you mean 'learning_rate'\\? "),
    ({"optimizer": f"{PARTS}:linear"}, "expected a function that returns an optax.GradientTransformation, found a Var"),
    ({"optimizer": "optax:lioness"}, "optimizer 'optax:lioness': expected a function that .*, found nothing of that"),
    ({"actor": f"{PARTS}:clipped"}, "actor '.*clipped': expected a flax.linen module class, found a function"),
    ({"actor": f"{PARTS}:Linear(action_size=3)"}, "action_size is the task's, expected no value for it"),
    ({"actor": f"{PARTS}:Linear(scal=3)"}, "Linear has no field 'scal'; did you mean 'scale'\\? known: scale"),
    ({"agent": f"{PARTS}:THREE(a=1)"}, "agent: expected 'package.module:name', found"),
    ({"agent": f"{PARTS}:three"}, "agent '.*three': expected a divbench.learn.agents.agent.Agent, found a function"),
])
def test_a_part_that_cannot_be_made_is_refused_before_a_run(fields, message):
    with pytest.raises(UsageError, match=message) as caught:
        RunSpec(suite="smoke", variants=(Variant("mine", "", "", **fields),))
    assert "\n" not in str(caught.value)


def lane_of(name):
    """The variant of that name and its lane's settings."""
    variant = find_variant(name)
    return variant, lane_settings(variant, SACSettings())


@pytest.mark.parametrize(("name", "message"), [
    *((f"{PARTS}:adam+{other}", f"{setting} changes nothing: 'optax:adam\\(learning_rate=0.0003\\)' takes its place")
      for other, setting in (("sgd", "critic_optimizer"), ("rmsprop", "critic_optimizer"), ("adam-eps", "critic_eps"),
                             ("critic_lr=0.001", "critic_lr"), ("adam-low-b2", "critic_b2"),
                             ("weight-decay", "weight_decay"), ("grad-clip", "clip_norm"),
                             ("actor_lr=0.1", "actor_lr"))),
    (f"td3+{PARTS}:adam+adam_b1=0.5", "adam_b1 changes nothing: 'optax:adam"),
    (f"{PARTS}:linear+actor-layernorm", "'actor_layernorm' goes with divbench's own actor alone, found '.*Linear"),
    (f"{PARTS}:linear+log_std_gain=0.1", "log_std_gain changes nothing: '.*Linear\\(scale=0.5\\)' takes its place"),
    (f"{PARTS}:linear+{MINE}:simba+init_gain=0.1", "init_gain changes nothing: '.*SimBa.*' and '.*Linear.*' have"),
    (f"{PARTS}:adam+preqn", "preqn does not go together with 'optax:adam"),
    (f"{PARTS}:delayed+conservative", "conservative_weight changes nothing: td3 has no use for it; expected sac"),
    (f"{PARTS}:threes+policy_delay=4", "policy_delay changes nothing: sac has no use for it; expected td3"),
])
def test_what_a_part_takes_the_place_of_is_refused_beside_it(name, message):
    with pytest.raises(UsageError, match=message):
        check_together(*lane_of(name))


@pytest.mark.parametrize("name", [f"{PARTS}:adam+adam_b1=0.5", f"preqn+{PARTS}:linear", f"{PARTS}:adam+critic-reset",
                                  f"{PARTS}:linear+actor-reset", f"{PARTS}:linear+init_gain=0.1",
                                  f"{PARTS}:delayed+ofn+policy_delay=4"])
def test_what_is_read_goes_with_a_part(name):
    """The temperature's Adam beside an optimizer of the actor, for one."""
    check_together(*lane_of(name))


def test_parts_are_in_the_record():
    variant = find_variant(f"{PARTS}:adam+{PARTS}:linear+{PARTS}:delayed")
    assert variant.objects == {"actor": f"{PARTS}:Linear(scale=0.5)", "agent": f"{PARTS}:DELAYED",
                               "optimizer": "optax:adam(learning_rate=0.0003)",
                               "actor_optimizer": "optax:adam(learning_rate=0.0003)"}
    assert {hook for hook, _ in variant.code} == set(variant.objects.values())
    assert variant_from_plain(json.loads(json.dumps(variant_to_plain(variant)))) == variant


def test_an_agent_says_whose_settings_it_reads():
    assert dict(find_variant(f"{PARTS}:delayed").settings) == {"algorithm": "td3"}
    with pytest.raises(UsageError, match="'preqn' sets algorithm to preqn, 'delayed' to td3"):
        find_variant(f"{PARTS}:delayed+preqn")
    variant = Variant("mine", "", "", agent=f"{PARTS}:DELAYED", settings={"algorithm": "sac"})
    with pytest.raises(UsageError, match="reads the settings of td3; expected algorithm td3 or none, found sac"):
        RunSpec(suite="smoke", variants=(variant,))

def test_widths_of_a_network_from_outside_are_its_own():
    for kind, text in (("critic", f"{MINE}:Linear"), ("actor", f"{PARTS}:Linear")):
        with pytest.raises(UsageError, match=f"{kind}_hidden changes nothing: '{text}' takes its place"):
            RunSpec(suite="smoke", variants=(Variant("own", "", "", settings={f"{kind}_hidden": (8,)},
                                                     **{kind: text}),))
