"""What `divbench dataset make` may be asked for, and the runs that it trains for it."""

import dataclasses
import functools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divbench.cli.argument import read_request as read
from divbench.cli.table import EVERY
from divbench.envs.names import TASKS
from divbench.execute.making.request import MakeRequest
from divbench.records.datasets.request import LEVELS
from divbench.spec.errors import UsageError
from divbench.spec.settings import SACSettings

read_make = functools.partial(read, EVERY["dataset make"])


def test_flags_become_requests():
    assert read_make({"tasks": "cheetah-run,walker-run", "levels": "medium,expert", "transitions": "100k",
                      "seed": "3", "out": "there"}) == MakeRequest(
        ("cheetah-run", "walker-run"), ("medium", "expert"), 100_000, 3, "there")
    assert read_make({"tasks": "cheetah-run"}).levels == LEVELS
    like_a_run = read_make({"tasks": "hopper", "steps": "50k", "eval_every": "5k", "prime_samples": "1k",
                            "physics": "host", "sac": ["hidden=16,16,batch_size=16", "tau=0.1"]})
    assert like_a_run == MakeRequest(("hopper",), steps=50_000, eval_every=5_000, prime_samples=1_000, physics="host",
                                     sac=SACSettings(hidden=(16, 16), batch_size=16, tau=0.1))


@pytest.mark.parametrize(("change", "message"), [
    ({"tasks": "cheetah-rum"}, "unknown task 'cheetah-rum'; did you mean 'cheetah-run'"),
    ({"tasks": "cheetah-run,cheetah-run"}, "--tasks: 'cheetah-run' is named twice"),
    ({"tasks": "cheetah-run,"}, "--tasks: expected names separated by commas"),
    ({"levels": "medium-replays"}, "unknown level 'medium-replays'; did you mean 'medium-replay'"),
    ({"levels": "expert,expert"}, "--levels: 'expert' is named twice"),
    ({"transitions": "0"}, "--transitions: expected at least 1, found '0'"),
    ({"transitions": "11M"}, "--transitions: expected a whole number from 1 to 10,000,000, found '11000000'"),
    ({"transitions": "999", "levels": "medium-expert"}, "--transitions: expected an even number"),
    ({"seed": "-1"}, "--seed: expected at least 0"),
    ({"out": ""}, "--out: expected the file or folder to be made"),
    ({"steps": "9k"}, "--steps: expected at least the 10000 random steps"),
    ({"steps": "10k"}, "--steps: expected more than the 10000 random steps before the agent learns, found '10000'"),
    ({"eval_every": "0"}, "--eval-every: expected at least 1"),
    ({"prime_samples": "0"}, "--prime-samples: expected at least 1"),
    ({"physics": "hots"}, "unknown physics 'hots'; did you mean 'host'"),
    ({"sac": ["gama=0.9"]}, "unknown SAC setting 'gama'.*did you mean 'gamma'"),
    ({"sac": ["algorithm=td3"]}, "--sac: algorithm: datasets are made by sac, found 'td3'"),
    ({"sac": ["time_limit_bootstraps=false"]}, "--sac: time_limit_bootstraps: expected true"),
])
def test_what_is_wrong_with_a_make_is_named(change, message):
    with pytest.raises(UsageError, match=message) as error:
        read_make({"tasks": "cheetah-run"} | change)
    assert "\n" not in str(error.value)


def test_an_odd_number_is_fine_without_halves():
    assert read_make({"tasks": "cheetah-run", "levels": "medium", "transitions": "999"}).transitions == 999


def test_a_make_needs_tasks_and_takes_every_one():
    with pytest.raises(UsageError, match="dataset make: expected --tasks"):
        read_make({})
    with pytest.raises(UsageError, match="--tasks: expected names separated by commas, found none"):
        MakeRequest(())
    assert MakeRequest(tuple(TASKS)).target("cheetah-run", "medium-replay").as_posix() == (
        "results/datasets/cheetah-run-medium-replay")


def test_the_medium_run_is_the_expert_s_but_for_its_length():
    request = MakeRequest(("hopper",), seed=7, steps=100_000)
    expert, medium = request.run_spec("hopper"), request.run_spec("hopper", 30_000)
    assert dataclasses.replace(medium, steps=100_000, out=expert.out) == expert
    assert (expert.seed_list, expert.variants[0].name, [str(utd) for utd in expert.utd]) == ((7,), "baseline", ["1"])
    assert expert.out == f"results/datasets/runs/hopper-{expert.digest()}" != medium.out


@settings(deadline=None)
@given(st.data())
def test_a_digest_tells_requests_apart(data):
    """Every field but the place, the physics and the names of others enters it."""
    changes = {"transitions": 20, "seed": 1, "steps": 20_000, "eval_every": 7, "prime_samples": 5,
               "sac": SACSettings(gamma=0.9)}
    picked = [data.draw(st.sets(st.sampled_from(sorted(changes)))) for _ in range(2)]
    levels = [data.draw(st.sampled_from(LEVELS[1:])) for _ in range(2)]
    requests = [MakeRequest(("hopper", "cheetah-run"), **{name: changes[name] for name in names}, out=out)
                for names, out in zip(picked, "ab", strict=True)]
    one, other = (request.digest("hopper", level) for request, level in zip(requests, levels, strict=True))
    assert (one == other) == (picked[0] == picked[1] and levels[0] == levels[1])
    assert one == dataclasses.replace(requests[0], tasks=("hopper",), physics="host").digest("hopper", levels[0])
    assert one != requests[0].digest("cheetah-run", levels[0])
