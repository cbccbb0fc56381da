"""What `divbench ntk` was asked for: what is read, and what is refused in a line."""

import functools

import pytest

from divbench.cli.argument import read_request as read
from divbench.cli.table import EVERY
from divbench.spec.errors import UsageError
from divbench.studies.ntk.request import KernelRequest, Shape

read_request = functools.partial(read, EVERY["ntk"])

MINE = "tests.learn.critic_examples"


def test_what_was_typed_is_read():
    given = {"task": "ant", "activations": "sin, relu", "widths": "64,8", "depths": "2,1", "initialisations": "3",
             "steps": "1k", "weights": "orthogonal", "physics": "host", "out": "there", "json": True}
    assert read_request(given) == KernelRequest(
        "ant", ("sin", "relu"), (Shape(8, 1), Shape(8, 2), Shape(64, 1), Shape(64, 2)), 3, 1_000, "orthogonal",
        physics="host", out="there", json=True)


def test_by_default_it_is_the_published_protocol_with_ten_initialisations():
    request = read_request({"task": "ant"})
    assert request.activations == ("relu", "tanh", "sin") and request.steps == 1_000 and request.initialisations == 10
    assert {shape.width for shape in request.shapes} == {32, 64, 128, 256}
    assert {shape.depth for shape in request.shapes} == {1, 2, 3, 4} and len(request.shapes) == 16
    assert request.out == "results/runs/ntk/ant" and request.spectrum


def test_a_critic_of_ones_own_is_read():
    request = read_request({"task": "ant", "critic": f"{MINE}:SimBa(width=8)", "initialisations": "3"})
    assert (request.critic, request.critics) == (f"{MINE}:SimBa(width=8)", 3)
    assert request.out == "results/runs/ntk/ant-SimBa-width=8"
    assert read_request({"task": "ant", "critic": f"{MINE}:simba"}).critic == f"{MINE}:SimBa(blocks=1)"
    assert read_request({"task": "ant"}).critics == 3 * 16 * 10


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "ntk: expected --task NAME"),
        ({"task": "atn"}, "unknown task 'atn'; did you mean 'ant'"),
        ({"task": "constant-reward"}, "unknown task 'constant-reward'"),
        ({"task": "ant", "physics": "warp"}, "--physics: task 'ant' has no physics 'warp'"),
        ({"task": "ant", "physics": "hots"}, "unknown physics 'hots'.*did you mean 'host'"),
        ({"task": "ant", "activations": "relu,sine"}, "unknown activation 'sine'; did you mean 'sin'"),
        ({"task": "ant", "activations": "relu,relu"}, "--activations: 'relu' is named twice"),
        ({"task": "ant", "weights": "glorot"}, "unknown weights 'glorot'.*did you mean 'glorot_uniform'"),
        ({"task": "ant", "widths": "8,0"}, "--widths: expected at least 1, found '0'"),
        ({"task": "ant", "widths": "8,8"}, "--widths: '8' is named twice"),
        ({"task": "ant", "depths": "two"}, "--depths: expected a whole number.*found 'two'"),
        ({"task": "ant", "initialisations": "0"}, "--initialisations: expected at least 1, found '0'"),
        ({"task": "ant", "steps": "1"}, "--steps: expected at least 2, found '1'"),
        ({"task": "ant", "critic": f"{MINE}:SimBa", "widths": "8"},
         f"--widths: a critic of your own has its own, found --critic '{MINE}:SimBa'; expected one of the two"),
        ({"task": "ant", "critic": f"{MINE}:SimBa", "weights": "orthogonal"}, "--weights: a critic of your own"),
        ({"task": "ant", "critic": f"{MINE}:SimBa(widht=8)"}, "has no field 'widht'.*did you mean 'width'"),
        ({"task": "ant", "critic": "ofn"}, "--critic: expected a flax.linen critic of your own.*found 'ofn'"),
        ({"task": "ant", "critic": f"{MINE}:simba+ofn"}, "--critic: expected .* and nothing beside it"),
        ({"task": "ant", "steps": "11k"}, "--steps: expected at most 10,000, found '11k'"),
    ],
)
def test_what_is_wrong_is_one_line(given, message):
    with pytest.raises(UsageError, match=message) as refused:
        read_request(given)
    assert "\n" not in str(refused.value)
