"""Predicted seconds are the sums of their parts; a plan's hours are those of its counts."""

from collections import Counter

import pytest

from divbench.cli.config import read_spec
from divbench.spec.plan import make_groups
from divbench.spec.sizes import mlp_sizes
from divbench.targets.ahead import Compiled
from divbench.targets.counting import BRANCH, LOOP, Count, Part, Region
from divbench.targets.facts import LAUNCH_SECONDS, TARGETS, WAIT_SECONDS
from divbench.targets.prediction import predict, term
from divbench.targets.wording import describe_predictions

H100 = TARGETS["h100"]


def region(kernels, *parts, moved=0):
    return Region("a", Counter(elementwise=kernels), moved, 0, parts)


def compiled(name, whole):
    return Compiled(name, 2.0, 0, 0, 0, 0, None, None, whole)


@pytest.fixture(scope="module")
def planned():
    """A run of one group with loops of known sizes: an update of 100 kernels, an env step of 200, in a round of 1."""
    spec = read_spec({"tasks": "cheetah-run", "variants": "baseline", "seeds": "2", "steps": "20k", "utd": "2",
                      "eval_every": "10k", "measure_every": "10k"}, None)
    group, = make_groups(spec, fused=True)
    nothing = region(0)
    rounds = Part(LOOP, (region(1, Part(BRANCH, (region(200), nothing)),
                                Part(LOOP, (region(100),), None, nothing)),), None, nothing)
    functions = {name: compiled(name, whole) for name, whole in {
        "train_chunk": region(0, rounds), "evaluate": region(0, Part(LOOP, (region(300),), None, nothing)),
        "diagnose": region(7), "reset_lanes": region(9)}.items()}
    return spec, group, predict(spec, group, H100, functions, mlp_sizes(group.lanes[0], group.mechanisms), 8.0)


def test_seconds_of_a_count():
    """Two launches, a wait, and the larger of bytes (2 s) and FLOPs (1 s)."""
    one = Count(Counter(copies=2), int(2 * H100.bandwidth), int(H100.flops("highest")), waits=1)
    found = term("a", 3, one, H100, "highest")
    assert found.seconds == pytest.approx(2 * LAUNCH_SECONDS + WAIT_SECONDS + 2.0)
    assert found.hours == pytest.approx(3 * found.seconds / 3600)


def test_parts_are_done_as_often_as_the_protocol_says(planned):
    spec, group, found = planned
    times = {part.name: (part.times, part.count.launches) for part in found.terms}
    assert times["updates"] == (group.protocol.updates, 100)
    assert times["env steps"] == (20_000, 201)
    assert times["evaluation's env steps"] == (3 * 1000, 300)
    assert times["measurements"][1] == 7


def test_flops_of_updates_are_those_of_the_existing_count(planned):
    _, group, found = planned
    assert found.terms[0].count.flops == 2 * mlp_sizes(group.lanes[0], group.mechanisms).update_flops


def test_compilation_and_evaluation_are_part_of_the_hours(planned):
    found = planned[2]
    assert found.hours == pytest.approx(sum(part.hours for part in found.terms) + 8.0 / 3600)
    assert all(part.hours > 0 for part in found.terms)


def test_the_arithmetic_is_shown(planned):
    text = describe_predictions([planned[2]], H100, "highest")
    assert "predicted for h100, not measured" in text
    assert "updates: 20,000 x (100 launches 0.250 ms + 1 wait 0.010 ms + larger of 0.0 MB 0.000 ms, " in text
    assert "compilation: 8 s" in text


def test_peaks_are_those_of_the_data_sheets():
    """Float32 without tensor cores: A100 19.5 TFLOPS, H100 SXM 67."""
    assert TARGETS["a100"].flops("highest") == pytest.approx(19.5e12, rel=0.01)
    assert H100.flops("highest") == pytest.approx(67e12, rel=0.01)
    assert TARGETS["tpu-v5e"].flops("highest") == 197e12 / 6
