"""How critics from outside are written, and what is refused before anything is trained."""

import json
from collections.abc import Callable

import flax.linen as nn
import pytest
from flax import nnx

from divbench.spec.critics import read_critic
from divbench.spec.errors import UsageError
from divbench.spec.naming import find_variant
from divbench.spec.plan import make_groups
from divbench.spec.run_spec import RunSpec
from divbench.spec.settings import SACSettings
from divbench.spec.variants import Variant, check_together, variant_from_plain, variant_to_plain
from tests.learn import critic_examples

MINE = "tests.learn.critic_examples"


@pytest.mark.parametrize(("written", "meant"), [
    ("a.b:C", "a.b:C"), ("a:C()", "a:C"), ("a:C(width=128, blocks=2)", "a:C(blocks=2,width=128)"),
    ("a:C( act = \"relu\",sizes=(1,2) , on=True)", "a:C(act='relu',on=True,sizes=(1, 2))"),
    ("a:C(x=-1e-3)", "a:C(x=-0.001)"),
])
def test_a_critic_has_one_spelling(written, meant):
    assert str(read_critic(written, "it")) == meant == str(read_critic(meant, "it"))
    assert Variant("mine", "", "", critic=written).critic == meant


@pytest.mark.parametrize("written", ["C", "a:", "a:C(", "a:C(3)", "a:C(**x)", "a:C(x=print)", "a:C(x=[1])",
                                     "a:C(x=1,x=2)", "a:C(x=1)+b", 3])
def test_other_text_is_refused_in_one_line(written):
    with pytest.raises(UsageError, match="it: expected 'package.module:Class' or .*, found ") as caught:
        read_critic(written, "it")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("critic", "message"), [
    (f"{MINE}:SimBa(witdh=3)", "SimBa has no field 'witdh'; known: width, blocks; did you mean 'width'"),
    (f"{MINE}:NnxSimBa(witdh=3)", "NnxSimBa has no field 'witdh'; known: width, blocks; did you mean 'width'"),
    (f"{MINE}:NnxSimBa(rngs=3)", "NnxSimBa has no field 'rngs'"),
    (f"{MINE}:Simba", "expected a flax.linen module class, or .*, found nothing of that name"),
    (f"{MINE}:simba", "expected a flax.linen module class, or .*, found a Variant"),
    ("nosuch.module:C", "module 'nosuch.module' cannot be imported"),
])
def test_a_critic_that_cannot_be_made_is_refused_before_a_run(critic, message):
    with pytest.raises(UsageError, match=message):
        RunSpec(suite="smoke", variants=(Variant("mine", "", "", critic=critic),))


def test_a_module_is_kept_as_its_text():
    """Only fields that are not the class's own defaults are written."""
    for module, text in ((critic_examples.SimBa(width=128, blocks=2), f"{MINE}:SimBa(width=128)"),
                         (critic_examples.Linear(), f"{MINE}:Linear")):
        assert Variant("mine", "", "", critic=module).critic == text
    spec = RunSpec(suite="smoke", variants=(Variant("own", "", "", critic=critic_examples.Linear()),))
    assert RunSpec.from_settings(json.loads(json.dumps(spec.settings()))).variants == spec.variants


class Field(nn.Module):
    act: Callable = nn.relu


def unnamed():
    class Local(nn.Module):
        width: int = 1

    return Local()


@pytest.mark.parametrize(("make", "message"), [
    (unnamed, r"found one whose class '.*unnamed.<locals>.Local' cannot be imported; define it at the top level"),
    (lambda: Field(act=nn.tanh), r"found one whose field act is a \w+, which is no number, text, truth value"),
    (lambda: critic_examples.NnxSimBa(3, 2, rngs=nnx.Rngs(0)), r"found an nnx module.*write '.*:NnxSimBa\(field"),
    (lambda: critic_examples.SimBa, "another process can make again, found <class '"),
    (lambda: 3, "another process can make again, found 3"),
])
def test_a_module_that_another_process_cannot_make_is_refused(make, message):
    with pytest.raises(UsageError, match=message) as caught:
        Variant("mine", "", "", critic=make())
    assert "\n" not in str(caught.value)


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
