"""Groups and lanes: all there once, keys independent of place, resets that never fire."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divbench.envs.names import TASKS
from divbench.spec.plan import Lane, make_groups, silent_resets
from divbench.spec.run_spec import RunSpec
from divbench.spec.settings import SACSettings
from divbench.spec.variants import Variant

NAMES = ("baseline", "ofn", "layernorm", "reset", "reset-100k-updates")
SPECS = st.builds(
    lambda tasks, variants, utd, seeds, start: RunSpec(
        suite="smoke",
        tasks=tuple(tasks),
        variants=tuple(variants),
        utd=tuple(utd),
        seeds=seeds,
        seed_start=start,
    ),
    st.lists(st.sampled_from(sorted(TASKS)), min_size=1, max_size=3, unique=True),
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique=True),
    st.lists(
        st.sampled_from([Fraction(1), Fraction(8), Fraction(1, 2)]), min_size=1, max_size=3, unique=True
    ),
    st.integers(1, 4),
    st.integers(0, 100),
)


def lanes_of(groups):
    return [lane for group in groups for lane in group.lanes]


@given(SPECS, st.booleans())
@settings(max_examples=50)
def test_every_lane_is_in_one_group(spec, fused):
    groups = make_groups(spec, fused=fused)
    lanes = lanes_of(groups)
    wanted = len(spec.tasks) * len(spec.variants) * len(spec.utd) * spec.seeds
    assert len(lanes) == wanted == len({lane.name for lane in lanes})
    assert len({lane.key_words for lane in lanes}) == len(spec.tasks) * spec.seeds
    assert len({group.name for group in groups}) == len(groups)
    for group in groups:
        assert all((lane.task, lane.utd) == (group.task, group.utd) for lane in group.lanes)
        assert all(lane.variant.mechanisms <= group.mechanisms for lane in group.lanes)


@given(SPECS)
@settings(max_examples=50)
def test_keys_do_not_depend_on_place(spec):
    one, other = ({lane.name: lane.key_words for lane in lanes_of(make_groups(spec, fused=fused))}
                  for fused in (False, True))
    assert one == other


@given(SPECS)
@settings(max_examples=50)
def test_keys_are_those_of_task_and_seed(spec):
    """Whatever the variant and the UTD; no two seeds and no two tasks share them."""
    words = {}
    for lane in lanes_of(make_groups(spec, fused=False)):
        words.setdefault((lane.task, lane.seed), set()).add(lane.key_words)
    assert all(len(found) == 1 for found in words.values())
    assert len(set.union(*words.values())) == len(words)


def test_key_words_are_two_words_of_a_stated_hash():
    spec = RunSpec(suite="smoke", tasks="cheetah-run", variants="ofn", utd="1/2")
    lane = lanes_of(make_groups(spec, fused=False))[0]
    assert lane.name == "cheetah-run/ofn/utd1/2/seed0"
    assert lane.key_words == (0x00578704, 0x9F34B0AA)  # sha256sum of cheetah-run/seed0
    offline = lanes_of(make_groups(spec, fused=False, dataset="5af3"))[0]
    assert offline.name == lane.name
    assert offline.key_words == (0x3D5D9481, 0x5A36AA06)  # sha256sum of cheetah-run/5af3/seed0


def test_groups_by_mechanisms_on_a_cpu_and_one_where_fused():
    spec = RunSpec(suite="smoke", tasks="cheetah-run", variants="baseline,ofn,layernorm,reset", seeds=2)
    apart = make_groups(spec, fused=False)
    assert [sorted(group.mechanisms) for group in apart] == [[], ["unit_ball"], ["layernorm"]]
    assert [len(group.lanes) for group in apart] == [4, 2, 2]
    (together,) = make_groups(spec, fused=True)
    assert together.mechanisms == {"layernorm", "unit_ball"} and len(together.lanes) == 8
    assert together.name.startswith("cheetah-run_utd1_layernorm+unit_ball_")


def test_another_structure_is_another_group():
    wide = Variant("wide", "wider networks", "", settings=(("hidden", (512, 512)),))
    slow = Variant("slow", "a smaller learning rate", "", settings=(("critic_lr", 1e-4),))
    spec = RunSpec(suite="smoke", tasks="cheetah-run", seeds=1, variants=("baseline", wide, slow))
    narrow, wider = make_groups(spec, fused=True)
    assert [lane.variant.name for lane in narrow.lanes] == ["baseline", "slow"]
    assert [lane.sac.critic_lr for lane in narrow.lanes] == [3e-4, 1e-4]
    assert wider.lanes[0].sac.critic_hidden == wider.lanes[0].sac.actor_hidden == (512, 512)


def test_where_layernorm_acts_is_data_and_how_many_groups_is_structure():
    spec = RunSpec(suite="smoke", tasks="cheetah-run", seeds=1, variants=(
        "layernorm,layernorm+layernorm_layers=2,layernorm+layernorm_affine=false,groupnorm,groupnorm=4"))
    for fused in (False, True):
        groups = make_groups(spec, fused=fused)
        assert [len(group.lanes) for group in groups] == [3, 1, 1]
        assert [sorted(group.mechanisms) for group in groups] == [["layernorm"], ["groupnorm"], ["groupnorm"]]


def test_the_reward_that_is_learned_from_is_data_beside_lanes_that_change_it():
    """Lanes that learn from the task's reward have a program without any of it."""
    spec = RunSpec(suite="smoke", tasks="cheetah-run", seeds=1, variants=(
        "td3,td3+reward_scale=10,td3+reward_scale=0.1+reward_shift=-1,preqn+reward_shift=1"))
    for fused in (False, True):
        found = [(len(group.lanes), sorted(group.mechanisms)) for group in make_groups(spec, fused=fused)]
        assert found == [(1, []), (2, ["reward_shaping"]), (1, ["reward_shaping"])]


def test_a_group_name_is_a_folder_name():
    for group in make_groups(RunSpec(suite="smoke", utd="1/2,8"), fused=True):
        assert "/" not in group.name and group.name.endswith(group.identity)


def test_lanes_are_values():
    spec = RunSpec(suite="smoke")
    lane = lanes_of(make_groups(spec, fused=False))[0]
    assert (
        lane == Lane(lane.task, lane.variant, lane.utd, lane.seed, SACSettings()) and hash(lane) is not None
    )


@pytest.mark.parametrize(("steps", "silent"), [(100_000 + 10_000, True), (100_001 + 10_000, False)])
def test_a_reset_that_never_fires_is_said(steps, silent):
    spec = RunSpec(tasks="cheetah-run", variants="ofn,reset-100k-updates", utd=1, steps=steps)
    lines = silent_resets(spec)
    assert len(lines) == silent
    if silent:
        assert lines[0] == (
            "variant 'reset-100k-updates' never resets at UTD 1: the run makes 100,000 updates a lane, "
            "the first reset is due after 100,000; its lanes are those of plain SAC"
        )


@pytest.mark.parametrize(("interval", "utd", "silent"), [
    (79_995, 8, True), (79_992, 8, False), (40_000, 1, True), (5_000, "1/2", True), (4_999, "1/2", False)])
def test_a_reset_that_is_due_at_the_last_env_step_never_fires(interval, utd, silent):
    spec = RunSpec(tasks="cheetah-run", variants=f"reset-{interval}-updates", utd=utd, steps=20_000)
    assert len(silent_resets(spec)) == silent


def test_each_utd_is_judged_by_itself():
    spec = RunSpec(tasks="cheetah-run", variants="reset", utd="1,8")
    assert [line.split(":")[0] for line in silent_resets(spec)] == ["variant 'reset' never resets at UTD 1"]
