"""What an outcome says of standing and lying quadrupeds apart."""

import dataclasses

import pytest

from divbench.experiments import kinds, ofn_priming
from divbench.experiments.catalogue import EXPERIMENTS
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
    assert table["header"] == ["what", "all lanes", "standing, 12 lanes", "lying, 12 lanes"]
    rows = {row[0]: row[1:] for row in table["rows"]}
    assert "one in five" in table["note"] and "mixture" in table["note"] and "above 0.25" in table["note"]
    share = rows["share of diverged lanes, baseline minus ofn"]
    assert share[0].startswith("1 [") and share[1] == share[2] == "1 [0.261, 1] 95%"  # 4 of 4
    assert rows["share of diverged lanes, ofn"][0].startswith("0 [0, 0.206]")  # 0 of 16
    assert rows["share of diverged lanes, ofn"][1].startswith("0 [0, 0.602]")  # 0 of 4


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


@pytest.mark.parametrize("name", [name for name, claim in EXPERIMENTS.items() if claim.kind == "priming"])
def test_every_priming_claim_has_such_a_table(name, lane):
    """Also one that is decided on another task, which then has no number for a kind."""
    found = [with_reward(lane(arm=arm.name, task=arm.spec.tasks[0], seed=seed, primed=arm.spec.prime_updates),
                         0.5 if seed > 109 and arm.spec.tasks == ("quadruped-run",) else 0.0)
             for arm in EXPERIMENTS[name].runs("quick") for seed in arm.spec.seed_list]
    table = kinds.kinds_table(Evidence("quick", tuple(found)), EXPERIMENTS[name].decide)
    assert len(table["rows"]) >= 1 and all(len(row) == 4 for row in table["rows"])
