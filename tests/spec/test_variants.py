"""Records of variants: what they refuse, what a lane needs, and the way through JSON."""

import json

import pytest

from divbench.spec.built_in import BUILT_IN
from divbench.spec.errors import UsageError
from divbench.spec.settings import SACSettings
from divbench.spec.variants import Reset, Variant, lane_mechanisms, lane_settings, variant_from_plain, variant_to_plain


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_record_speaks_for_itself(name):
    variant = BUILT_IN[name]
    assert variant.name == name and variant.citation and variant.summary and "\n" not in variant.summary
    assert any(sign in variant.citation for sign in ("et al.", " and "))  # authors
    settings = lane_settings(variant, SACSettings())
    differs = settings != SACSettings() or variant.mechanisms or variant.reset
    assert differs or name == "baseline"
    if variant.strength:
        assert isinstance(getattr(settings, variant.strength), (int, float))


@pytest.mark.parametrize("name", BUILT_IN)
def test_json_and_back(name):
    variant = BUILT_IN[name]
    assert variant_from_plain(json.loads(json.dumps(variant_to_plain(variant)))) == variant


def test_json_and_back_with_functions_of_ones_own():
    mine = Variant("mine", "", "", losses=("a.b:c",), features=("a.b:d", "e:f"))
    assert variant_from_plain(json.loads(json.dumps(variant_to_plain(mine)))) == mine
    assert mine.hooks == (("features", "a.b:d"), ("features", "e:f"), ("losses", "a.b:c"))


def test_sets_dictionaries_and_lists_will_do():
    loose = Variant("mine", "", "", mechanisms={"layernorm"}, settings={"gamma": 0.5}, losses=["a:b"])
    assert loose == Variant("mine", "", "", mechanisms=frozenset({"layernorm"}), settings=(("gamma", 0.5),),
                            losses=("a:b",))
    assert hash(loose) is not None


def test_words_do_not_tell_variants_apart():
    assert Variant("mine", "one", "here") == Variant("mine", "other", "there")


@pytest.mark.parametrize(("field", "value", "mechanism"), [
    ("dropout_rate", 0.1, "dropout"), ("conservative_weight", 1.0, "conservative"), ("dr3_weight", 0.1, "dr3"),
    ("clip_norm", 1.0, "clip"), ("weight_decay", 0.1, "decay")])
def test_a_setting_compiles_in_what_it_needs(field, value, mechanism):
    ofn = BUILT_IN["ofn"]
    assert lane_mechanisms(ofn, SACSettings()) == {"unit_ball"}
    assert lane_mechanisms(ofn, SACSettings(**{field: value})) == {"unit_ball", mechanism}


def test_records_that_cannot_be():
    with pytest.raises(UsageError, match="unknown mechanism 'laynorm'"):
        Variant("mine", "", "", mechanisms=frozenset({"laynorm"}))
    for reset in (Reset(0), Reset(10, "head"), Reset(10, unit="episodes")):
        with pytest.raises(UsageError, match="expected a reset interval of 1 or more, a scope of agent, actor, critic"):
            Variant("mine", "", "", reset=reset)
    for name in ("", "a/b", "a,b", "a b", "-a", 3):
        with pytest.raises(UsageError, match="expected a name of letters"):
            Variant(name, "", "")
    with pytest.raises(UsageError, match="expected a reset interval"):
        Variant("mine", "", "", reset=1_000)
    for hook in ("nowhere", "a:b:c", ":b", 3):
        with pytest.raises(UsageError, match="losses: expected 'package.module:function'"):
            Variant("mine", "", "", losses=(hook,))
