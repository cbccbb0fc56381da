"""One colour a variant, from its name alone; what tells lines of one colour apart."""

import itertools
import random

import pytest

from divbench.report.bounds import STYLES
from divbench.report.colours import (
    BLUE,
    GREEN,
    GREY,
    INDIGO,
    LEARNERS,
    LINES,
    MECHANISMS,
    OTHERS,
    PURPLE,
    VERMILLION,
    as_dots,
    assign,
    colour_of,
    shaded,
)
from divbench.report.page.looks import line_looks
from divbench.report.style import looks
from divbench.spec.built_in import BUILT_IN


@pytest.mark.parametrize(("variant", "like"), [
    ("dropout=0.1", "dropout"),
    ("critic_lr=0.003", "baseline"),
    ("data_fraction=0.1", "baseline"),
    ("layernorm+data_fraction=0.1", "layernorm"),
    ("layernorm+td3+q_weight=2.5", "layernorm"),
    ("no-target+td3+gamma=0.9+q_weight=2.5", "td3"),
    ("reset-100k-updates", "reset"),
    ("reset-200k", "reset"),
    ("actor-reset-25k-updates", "actor-reset"),
    ("critic-reset-200000-steps", "critic-reset"),
    ("ofn+actor-reset-25k-updates", "ofn-actor-reset"),
    ("actor-reset+ofn", "ofn-actor-reset"),
    ("OFN", "ofn"),
    ("mine.py:variant+td3", "mine.py:variant"),
])
def test_numbers_order_and_settings_of_a_name_change_no_colour(variant, like):
    assert colour_of(variant) == colour_of(like)


def test_the_best_known_variants_have_colours_that_no_other_has():
    own = {"baseline": VERMILLION, "ofn": BLUE, "layernorm": GREEN, "reset": PURPLE}
    assert {name: colour_of(name) for name in own} == own
    others = [colour for name, colour in (MECHANISMS | LEARNERS).items() if name not in own]
    assert not set(own.values()) & {*others, *OTHERS}


def test_a_built_in_variant_whose_colour_nobody_chose_has_one_of_the_others():
    known = {part for name in MECHANISMS | LEARNERS for part in name.split("+")}
    for name in set(BUILT_IN) - known:
        assert colour_of(name) in (PURPLE, *OTHERS, *(MECHANISMS[pair] for pair in MECHANISMS if "+" in pair))
    assert colour_of("ofn-reset") == INDIGO


def test_no_variant_is_black_or_grey():
    names = [*BUILT_IN, *(f"variant{number}" for number in range(200))]
    assert not {colour_of(name) for name in names} & {"#000000", GREY}
    assert all(style["color"] == "black" for style in STYLES.values())


def test_a_variant_has_its_colour_whatever_stands_beside_it():
    draw = random.Random(0)
    for _ in range(50):
        names = draw.sample([*BUILT_IN, "mine", "yours", "dropout=0.1"], 12)
        chosen = looks(names)
        assert {name: look["color"] for name, look in chosen.items()} == {name: colour_of(name) for name in names}
        assert len({(look["color"], str(look["linestyle"])) for look in chosen.values()}) == len(names)
        page = line_looks(names[:4], 2)
        assert {look["variant"]: look["light"] for look in page} == {name: colour_of(name) for name in names[:4]}


def test_forty_lines_of_one_colour_are_told_apart():
    chosen = assign({number: (f"dropout=0.{number}", 0) for number in range(10, 50)})
    assert len(set(chosen.values())) == 40 and {look.colour for look in chosen.values()} == {colour_of("dropout")}
    assert {number: look.shade for number, look in chosen.items() if number < 18} == dict.fromkeys(range(10, 18), 0)
    styles = {(style["color"], str(style["linestyle"])) for style in (look.style() for look in chosen.values())}
    assert len(styles) == 40
    assert len(assign({number: ("ofn", 0) for number in range(60)})) == 60


def test_a_line_that_is_asked_for_is_given_to_the_first_who_asks():
    chosen = assign({"a": ("ofn", 2), "b": ("baseline", 2), "c": ("ofn", 2), "d": ("ofn", 0)})
    assert [chosen[key].line for key in "abcd"] == [2, 2, 0, 1]


def test_on_a_page_dashes_tell_runs_and_variants_of_one_colour_apart():
    names = ("ofn", "baseline", "dropout=0.1", "dropout=0.2")
    found = {look["variant"]: look for look in line_looks(names, 2)}
    assert found["ofn"]["dashes"] == found["baseline"]["dashes"]
    four = [*found["dropout=0.1"]["dashes"], *found["dropout=0.2"]["dashes"]]
    assert all(one != other for one, other in itertools.combinations(four, 2))


def test_shades_and_dots():
    assert shaded("#D55E00", 0.0) == "#D55E00" and shaded("#D55E00", 1.0) == "#FFFFFF"
    assert shaded("#806040", -0.5) == "#403020"
    dots = [as_dots({"color": BLUE, "linestyle": line}) for line in LINES]
    assert len({look["marker"] for look in dots}) == len(LINES) and "X" not in {look["marker"] for look in dots}
    assert all(look["linestyle"] == "" and look["color"] == BLUE for look in dots)
