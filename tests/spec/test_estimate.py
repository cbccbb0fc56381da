"""Known answers for FLOPs, parameters and bytes; laws for the rest."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divbench.spec import estimate as cost
from divbench.spec.plan import make_groups
from divbench.spec.protocol import build_protocol, offline_protocol
from divbench.spec.run_spec import RunSpec
from divbench.spec.settings import SACSettings
from divbench.spec.sizes import mlp_sizes


def only_group(**fields):
    spec = RunSpec(**{"suite": "smoke", "tasks": "cheetah-run", "variants": "baseline", **fields})
    (group,) = make_groups(spec, fused=True)
    return spec, group


def test_network_bytes():
    # Three copies (weights and two moments) of what learns, one of each target.
    _, group = only_group()
    sizes = mlp_sizes(group.lanes[0], frozenset())
    learned = 73_484 + 2 * 72_193 + 1
    assert cost.network_bytes(SACSettings(), sizes) == 4 * (3 * learned + 2 * 72_193)
    assert cost.network_bytes(SACSettings(algorithm="td3"), sizes) == 4 * (3 * learned + 2 * 72_193 + 73_484)


def test_replay_of_a_full_run_on_cheetah_is_some_50_megabytes():
    rows = 500_000 + 500 + 2
    assert cost.replay_bytes("cheetah-run", 500_000) == 4 * rows * (17 + 6 + 2) == 50_050_200


@pytest.mark.parametrize(
    ("steps", "every", "count"), [(500_000, 5_000, 101), (3_000, 1_000, 4), (3_001, 1_000, 5)]
)
def test_evaluations(steps, every, count):
    assert cost.evaluations(build_protocol(steps=steps, random_steps=0, prime_updates=0, utd=1), every) == count
    assert cost.evaluations(offline_protocol(steps), every) == count


def test_estimate_of_a_group():
    spec, group = only_group(seeds=3, utd=2)
    told = cost.estimate(spec, group, updates_per_second=45.0)
    assert (told.lanes, told.env_steps, told.updates) == (3, 9_000, 3 * (500 + 4_000))
    assert told.evaluation_steps == 3 * 5 * 2 * 1_000  # at 0, 1,000 (twice), 2,000 and 3,000 env steps
    assert told.flops == told.updates * 581_566_464
    assert told.hours == pytest.approx(13_500 / 45 / 3600)
    assert cost.estimate(spec, group).hours is None


def test_an_offline_run_is_evaluated_by_updates():
    spec = RunSpec(tasks="walker2d", dataset="somewhere", prime_updates=8_000, eval_every=2_000, eval_episodes=3,
                   seeds=2)
    (group,) = make_groups(spec, fused=False)
    assert cost.estimate(spec, group).evaluation_steps == 2 * 5 * 3 * 1_000


@given(st.integers(1, 6))
def test_cost_is_proportional_to_lanes(seeds):
    spec, group = only_group(seeds=seeds)
    one = dataclasses.replace(group, lanes=group.lanes[:1])
    many, single = cost.estimate(spec, group, 100.0), cost.estimate(spec, one, 100.0)
    for field in (
        "lanes",
        "env_steps",
        "evaluation_steps",
        "updates",
        "memory_bytes",
        "disk_bytes",
        "flops",
        "hours",
    ):
        assert getattr(many, field) == pytest.approx(seeds * getattr(single, field))


def test_total_adds_all_but_memory():
    spec = RunSpec(suite="smoke", tasks="cheetah-run,hopper-hop", seeds=1, variants="baseline,ofn", utd="1,2")
    told = [cost.estimate(spec, group, 10.0) for group in make_groups(spec, fused=False)]
    whole = cost.total(told)
    assert whole.lanes == 8 and whole.updates == sum(e.updates for e in told)
    assert whole.memory_bytes == max(e.memory_bytes for e in told)
    assert whole.hours == pytest.approx(whole.updates / 10 / 3600)
    assert cost.total([told[0], dataclasses.replace(told[1], hours=None)]).hours is None
