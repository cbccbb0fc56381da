"""Lanes that would fit, by count, and refusals in one line."""

import dataclasses

import pytest

from divbench.cli.config import read_spec
from divbench.execute import memory
from divbench.spec.errors import UsageError
from divbench.spec.plan import make_groups
from divbench.targets import ahead, fitting, groups
from divbench.targets.facts import TARGETS

BIG = {"tasks": "cheetah-run", "variants": "baseline", "seeds": "2000", "utd": "1"}


@pytest.mark.parametrize("shared, each", [(0, 10), (35, 10), (0, 7), (99, 1), (101, 10), (-60, 20)])
def test_the_largest_number_of_lanes(shared, each):
    """Also where the first guess, in proportion, is too large or too small."""
    expected = max(0, (100 - shared) // each)
    assert fitting.largest(50, 100, lambda lanes: shared + each * lanes) == expected


def test_a_compiler_that_runs_out_says_by_how_much():
    text = "RESOURCE_EXHAUSTED: Ran out of memory in memory space hbm. Used 31.50G of 15.75G hbm. Exceeded hbm capacity"
    share = ahead.share_needed(text)
    assert share == 2.0
    spec = read_spec({**BIG, "seeds": "8"}, None)
    group, = make_groups(spec, fused=True)
    error = fitting.refusal_of_compiler(group, TARGETS["tpu-v5e"], ahead.TooLarge(share))
    assert "2.00 times the memory" in str(error) and str(error).endswith("4 of its 8 lanes fit")
    silent = fitting.refusal_of_compiler(group, TARGETS["h100"], ahead.TooLarge(ahead.share_needed("no numbers")))
    assert "ran out of memory" in str(silent)


def test_what_cannot_fit_is_refused_before_it_is_compiled(monkeypatch):
    monkeypatch.setattr(ahead, "prepare", lambda *_: None)
    monkeypatch.setattr(ahead, "group_program", lambda *_: pytest.fail("a program was built"))
    with pytest.raises(UsageError, match=r"needs .* of memory, 59\.3 GiB are there; \d+ of its 2000 lanes fit"):
        groups.compile_groups(read_spec(BIG, None), TARGETS["h100"], ("train_chunk",))


def test_the_memory_of_a_target_is_not_that_of_this_machine():
    spec = read_spec({**BIG, "seeds": "1"}, None)
    with pytest.raises(UsageError, match="1.0 MiB are there; not even one lane fits"):
        memory.refuse_what_does_not_fit(spec, make_groups(spec, fused=True), there=2**20)


def test_the_state_of_more_lanes_is_counted():
    """Each further lane adds the same; what else a program needs is in proportion."""
    spec = read_spec({"tasks": "constant-reward", "variants": "baseline", "seeds": "3", "steps": "10k", "hidden": "4"},
                     None)
    group, = make_groups(spec, fused=True)
    program = ahead.group_program(group, spec, TARGETS["h100"])
    two, three, four = (ahead.state_bytes(program, lanes) for lanes in (2, 3, 4))
    assert four - three == three - two > 4 * 10_000  # at least a replay of one number a step
    one = ahead.Compiled("train_chunk", 0.0, three, 600, 0, 0, None, None, None)
    needed = fitting.needed_by(one, program)
    assert (needed(3), needed(4)) == (three + 600, four + 800)
    tight = dataclasses.replace(TARGETS["tpu-v5e"], memory=two + 400)
    with pytest.raises(UsageError, match="train_chunk needs .* of tpu-v5e are there; 2 of its 3 lanes fit"):
        fitting.refuse_what_does_not_fit(group, program, tight, one)


@pytest.mark.parametrize("physics, found", [("host", "host"), ("warp", "warp")])
def test_physics_that_leave_the_program_are_refused(physics, found):
    with pytest.raises(UsageError, match=f"expected mjx for target 'h100', found '{found}' for cheetah-run"):
        ahead.physics_of("cheetah-run", physics, TARGETS["h100"])
    with pytest.raises(UsageError, match="found 'host' for dog-run"):  # it has no mjx
        ahead.physics_of("dog-run", "auto", TARGETS["h100"])
    assert ahead.physics_of("cheetah-run", "auto", TARGETS["h100"]) == "mjx"


@pytest.mark.parametrize("target, extra", [("h100", "cuda"), ("tpu-v5e", "tpu")])
def test_a_missing_compiler_is_a_line_that_names_the_extra(monkeypatch, target, extra):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    line = rf"target '{target}' needs the extra {extra}: pip install 'divbench\[{extra}\]'"
    with pytest.raises(UsageError, match=line):
        ahead.refuse_missing(TARGETS[target])
