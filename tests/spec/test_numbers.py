"""A record's own number: names, lanes, and what is refused."""

import dataclasses
import json

import pytest

from divbench.spec.errors import UsageError
from divbench.spec.naming import find_variant
from divbench.spec.plan import make_groups
from divbench.spec.run_spec import RunSpec
from divbench.spec.variants import Variant, variant_from_plain, variant_to_plain

MINE = "tests.learn.hook_examples"


def test_lanes_of_other_numbers_are_one_group():
    names = f"{MINE}:reg,{MINE}:reg=0.01,{MINE}:reg=1e-1,{MINE}:reg=0"
    spec = RunSpec(suite="smoke", tasks="cheetah-run", seeds=1, variants=names)
    (group,) = make_groups(spec, fused=False)
    assert [lane.variant.name for lane in group.lanes] == ["reg", "reg=0.01", "reg=0.1", "reg=0"]
    assert [lane.variant.numbers("losses") for lane in group.lanes] == [(0.001,), (0.01,), (0.1,), (0.0,)]
    assert len({lane.variant.code for lane in group.lanes}) == 1
    assert RunSpec.from_settings(json.loads(json.dumps(spec.settings()))).settings() == spec.settings()


def test_its_own_number_is_the_record_itself():
    assert find_variant(f"{MINE}:reg=0.001").name == "reg"
    with pytest.raises(UsageError, match="'reg' is named twice"):
        RunSpec(suite="smoke", variants=f"{MINE}:reg,{MINE}:reg=0.0010")


def test_each_function_of_a_sum_has_the_number_of_its_record():
    found = find_variant(f"{MINE}:reg=0.01+{MINE}:ceiling=2+{MINE}:pull+{MINE}:plain+ofn")
    assert found.name == "ofn+ceiling=2+plain+pull+reg=0.01"
    assert found.numbers("features") == (2.0,) and found.numbers("losses") == (None, 7.0, 0.01)
    assert variant_from_plain(json.loads(json.dumps(variant_to_plain(found)))) == found
    assert find_variant(f"ofn+{MINE}:plain").number is None


def test_with_a_strength_the_number_is_the_setting_s():
    found = find_variant(f"{MINE}:weighed=0.25")
    assert (found.name, dict(found.settings), found.number) == ("weighed=0.25", {"dr3_weight": 0.25}, None)
    assert find_variant(f"{MINE}:weighed=0").name == "weighed=0"  # its function remains


@pytest.mark.parametrize(("name", "message"), [
    (f"{MINE}:plain=3", "'plain' takes no number; those that do: .*, and records with a number or a strength"),
    ("tests.learn.critic_examples:SimBa=3", "'SimBa' takes no number"),
    (f"{MINE}:reg=much", f"variant '{MINE}:reg=much': expected a finite number, found 'much'"),
    (f"{MINE}:reg=", "expected a finite number, found ''"),
    (f"{MINE}:reg=1e-60", "float32 cannot tell 1e-60 from 0"),
    (f"{MINE}:reg=1+{MINE}:reg=2", "'reg=1' and 'reg=2' are one record; expected one"),
    (f"{MINE}:reg+{MINE}:reg", "'reg' is there twice"),
])
def test_names_that_are_refused(name, message):
    with pytest.raises(UsageError, match=message) as caught:
        find_variant(name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("fields", "message"), [
    ({}, "number: expected a function that sees it, of features or losses, found none"),
    ({"projections": ("math:sin",)}, "number: expected a function that sees it"),
    ({"losses": ("math:sin",), "number": "1"}, "number: expected a finite number, found '1'"),
    ({"losses": ("math:sin",), "number": (1.0, 2.0)}, "number: expected a finite number"),
    ({"losses": ("math:sin",), "strength": "tau"}, "number: a number in its name sets tau already"),
])
def test_records_that_are_refused(fields, message):
    with pytest.raises(UsageError, match=message):
        Variant("mine", "", "", **{"number": 1.0, **fields})


def test_a_number_is_part_of_what_a_lane_is():
    reg = find_variant(f"{MINE}:reg")
    assert reg != dataclasses.replace(reg, number=0.5) and reg.code == find_variant(f"{MINE}:reg=0.5").code
