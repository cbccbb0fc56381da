"""What an outcome says of standing and lying quadrupeds apart."""

import dataclasses

import pytest

from divbench.experiments import kinds, ofn_priming
from divbench.experiments.evidence import Evidence
from divbench.report.series import Series


def with_reward(lane, reward):
    """The lane whose replay has that mean reward."""
    columns = lane.values.columns | {"reward_mean": (reward,) * len(lane.values.points)}
    return dataclasses.replace(lane, keys="", values=Series(lane.values.points, columns))


@pytest.fixture
def lanes(lane):
    """Of plain SAC: standing ones diverge by six decades, lying ones by two; OFN's do not; hopper-hop has no kinds."""
    made = []
    for arm, standing, lying in (("baseline", 9.0, 5.0), ("ofn", 1.0, 1.0), ("layernorm", 1.0, 1.0)):
        for seed in range(8):
            stands = seed >= 4
            made.append(with_reward(lane(arm=arm, seed=seed, exponent=standing if stands else lying),
                                    0.5 if stands else 0.01))
            made.append(with_reward(lane(arm=arm, seed=seed, exponent=7.0 if arm == "baseline" else 1.0,
                                         task="hopper-hop"), 0.0))
    return tuple(made)


def test_a_kind_is_the_reward_of_the_random_phase(lane):
    assert kinds.kind_of(with_reward(lane(), 0.2501)) == "standing"
    assert kinds.kind_of(with_reward(lane(), 0.25)) == "lying"
    assert kinds.kind_of(with_reward(lane(task="hopper-hop"), 0.5)) == ""
    bare = lane()
    assert kinds.kind_of(dataclasses.replace(bare, values=Series(bare.values.points, bare.values.columns | {
        "reward_mean": (float("nan"),) * len(bare.values.points)}))) == "", "generation 1 did not measure it"


def test_each_kind_has_its_own_numbers(lanes):
    table = kinds.kinds_table(Evidence("quick", lanes), ofn_priming.decide)
    assert table["header"] == ["what", "both", "standing, 12 lanes", "lying, 12 lanes"]
    rows = {row[0]: row[1:] for row in table["rows"]}
    assert "one in five" in table["note"] and "mixture" in table["note"] and "above 0.25" in table["note"]
    share = rows["share of diverged lanes, baseline minus ofn"]
    assert all(cell.startswith("1 [") for cell in share)
    assert rows["share of diverged lanes, ofn"][0].startswith("0 [0, 0.206]")  # 0 of 16
    assert rows["share of diverged lanes, ofn"][1].startswith("0 [0, 0.265]")  # 0 of 12: 4 and all of hopper-hop


def test_numbers_of_a_kind_are_of_its_lanes(lanes):
    """A rule that reads Q off: 10^9 standing, 10^5 lying."""
    from divbench.experiments.comparisons import growth
    from divbench.experiments.experiment import conclude

    quadrupeds = tuple(lane for lane in lanes if lane.task == "quadruped-run")
    table = kinds.kinds_table(Evidence("quick", quadrupeds),
                              lambda evidence: conclude(growth(evidence, "baseline", "q_replay_mean", 0)))
    (row,) = table["rows"]
    assert row[1:] == ["6 [4, 8] 99.2%", "8", "4"]


def test_without_two_kinds_there_is_no_table(lanes):
    for kept in ("hopper-hop", "none"):
        some = tuple(lane for lane in lanes if lane.task == kept or (kept == "none" and lane.seed < 4))
        assert kinds.kinds_table(Evidence("quick", some), ofn_priming.decide) is None
