"""What is read from lanes, and the comparisons and decisions that are made of it."""

import dataclasses
import math

import pytest

from divbench.experiments import comparisons
from divbench.experiments.arms import arm_table
from divbench.experiments.evidence import Evidence
from divbench.experiments.experiment import (
    INCONCLUSIVE,
    NOT_REPRODUCED,
    REPRODUCED,
    Arm,
    Comparison,
    conclude,
)
from divbench.report.series import Series
from divbench.spec.run_spec import RunSpec


@pytest.mark.parametrize(
    ("low", "high", "above", "below"),
    [(1.1, 2.0, REPRODUCED, NOT_REPRODUCED), (0.0, 0.9, NOT_REPRODUCED, REPRODUCED)]
    + [(low, high, INCONCLUSIVE, INCONCLUSIVE) for low, high in [(0.9, 1.1), (1.0, 2.0), (0.0, 1.0), (None, None)]],
)
def test_the_rule_is_symmetrical(low, high, above, below):
    assert Comparison("x", 1.0, low, high, 1.0, "above").status == above
    assert Comparison("x", 1.0, low, high, 1.0, "below").status == below


def test_a_side_must_be_one():
    with pytest.raises(ValueError, match="found 'over'"):
        Comparison("x", 1.0, 0.0, 2.0, 1.0, "over")


def test_one_comparison_refutes_and_all_confirm():
    yes, no, open_ = (Comparison(name, 1.0, low, low + 0.5, 1.0) for name, low in [("a", 1.1), ("b", 0.0), ("c", 0.9)])
    assert conclude(yes, yes).status == REPRODUCED
    assert conclude(yes, open_).status == INCONCLUSIVE
    refuted = conclude(yes, open_, no)
    assert refuted.status == NOT_REPRODUCED and "b: 1 [0, 0.5], claimed above 1" in refuted.sentence
    assert "a: " not in refuted.sentence
    assert conclude().status == INCONCLUSIVE


def test_an_arm_has_one_task_variant_and_utd():
    with pytest.raises(ValueError, match="expected one task"):
        Arm("x", RunSpec(suite="smoke"))


def test_a_lane_is_read_at_an_update(lane):
    seen = lane(exponent=7.0)
    assert seen.log_q() == pytest.approx(7.0) and seen.log_q(0) == pytest.approx(1.0)
    assert seen.log_q(5_250) == pytest.approx(seen.log_q(5_000))
    assert seen.log_excess() == pytest.approx(7.0 - 2.69897)
    record = seen.record()
    assert record["q"] == pytest.approx(1e7) and record["return"] == 200.0


def test_numbers_that_are_not_finite_are_passed_over(lane):
    seen = lane()
    broken = dict(seen.values.columns, q_replay_mean=(3.0, *[float("nan")] * (len(seen.values.points) - 1)))
    seen = dataclasses.replace(seen, values=Series(seen.values.points, broken))
    assert seen.at("q_replay_mean") == 3.0
    gone = dataclasses.replace(seen, values=Series((), dict.fromkeys(broken, ())))
    assert gone.log_q() is None and gone.log_excess() is None


def test_a_q_that_was_lost_with_its_learner_is_the_largest_number(lane):
    seen = lane(exponent=1.0, nonfinite="learner", verdict="exploded")
    assert not seen.lost_q() and seen.log_q() == pytest.approx(1.0), "frozen in time"
    lost = tuple(float("nan") if update > 5_000 else 10.0 for _, update in seen.values.points)
    columns = dict(seen.values.columns, q_replay_mean=lost)
    seen = dataclasses.replace(seen, values=Series(seen.values.points, columns))
    assert seen.log_q() == pytest.approx(38.53, abs=0.01) and seen.log_excess() == pytest.approx(35.83, abs=0.01)
    assert seen.log_q(5_000) == pytest.approx(1.0)
    assert dataclasses.replace(seen, nonfinite="").log_q() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("verdict", "nonfinite", "diverged", "judged"),
    [("stable", "", False, True), ("overestimating", "", False, True), ("diverged", "", True, True),
     ("recovered", "", True, True), ("exploded", "learner", True, True), ("exploded", "physics", False, False)],
)
def test_which_verdicts_count_as_divergence(lane, verdict, nonfinite, diverged, judged):
    seen = lane(verdict=verdict, nonfinite=nonfinite)
    assert (seen.diverged, seen.judged) == (diverged, judged)
    hits, count = comparisons.count_diverged(Evidence("quick", (seen,)), ("baseline",))
    assert (hits, count) == (int(diverged), int(judged))


def test_an_arm_that_is_not_there_is_a_mistake(lane):
    with pytest.raises(ValueError, match="no arm 'ofm'"):
        Evidence("quick", (lane(),)).of("ofm")


def test_growth_over_another_arm(lane):
    lanes = [lane(arm=arm, seed=seed, exponent=end) for arm, end in [("a", 7.0), ("b", 4.0)] for seed in range(6)]
    evidence = Evidence("quick", tuple(lanes))
    alone = comparisons.growth(evidence, "a", "grad_norm", 0)
    assert (alone.effect, alone.low, alone.high) == pytest.approx((6.0, 6.0, 6.0))
    assert comparisons.growth(evidence, "a", "grad_norm", 5_000, 10_000).effect == pytest.approx(2.0)
    assert comparisons.growth(evidence, "a", "grad_norm", 0, over="b").effect == pytest.approx(3.0)


def test_a_published_number_is_subtracted_task_by_task(lane):
    lanes = [lane(task=task, seed=seed, score=score + seed) for task, score in [("dog-run", 100.0), ("dog-trot", 400.0)]
             for seed in range(3)]
    published = {"dog-run": 50.0, "dog-trot": 300.0, "dog-walk": 1.0}
    found = comparisons.return_over_number(Evidence("full", tuple(lanes)), "baseline", published, "them", threshold=0.0)
    assert found.effect == pytest.approx((51 + 101) / 2) and found.status == REPRODUCED


def test_one_task_on_which_a_cure_fails_is_enough(lane):
    lanes = [lane(task=task, seed=seed, exponent=end) for task, end in [("a-run", 4.0), ("b-hop", 1.0)]
             for seed in range(7)]
    found = comparisons.q_over_bound(Evidence("quick", tuple(lanes)), "baseline", "below")
    assert found.status == NOT_REPRODUCED and found.effect == pytest.approx(4.0 - math.log10(500.0))
    other_side = comparisons.q_over_bound(Evidence("quick", tuple(lanes)), "baseline", "above")
    assert other_side.status == NOT_REPRODUCED and other_side.effect < 0.0


@pytest.mark.parametrize(("diverged", "status"), [(0, REPRODUCED), (2, INCONCLUSIVE), (6, NOT_REPRODUCED)])
def test_few_of_six_lanes_diverge(lane, diverged, status):
    lanes = [lane(seed=seed, verdict="diverged" if seed < diverged else "stable") for seed in range(6)]
    assert comparisons.few_diverge(Evidence("quick", tuple(lanes)), "baseline").status == status


def test_a_lane_whose_learner_broke_counts_as_earning_nothing(lane):
    broken = lane(seed=1, score=float("nan"), verdict="exploded", nonfinite="learner")
    assert broken.last_return == 0.0 and lane(score=7.0).last_return == 7.0
    assert lane(score=50.0, verdict="exploded", nonfinite="learner").last_return == 0.0, "its policy is frozen"
    assert lane(score=50.0, first_score=-9.0, verdict="exploded", nonfinite="learner").last_return == -9.0
    assert lane(score=50.0, verdict="exploded", nonfinite="physics").last_return == 50.0
    evidence = Evidence("quick", (lane(score=7.0), broken))
    assert evidence.strata("baseline", lambda one: one.last_return) == [[7.0, 0.0]]


def test_ranks_are_read_from_the_diagnostics():
    from divbench.experiments.evidence import _noted
    from divbench.records.schema import TABLES, TEXT
    from divbench.records.tables import to_arrow

    blank = {column.name: "" if column.kind == TEXT else 0 for column in TABLES["diagnostics"]}
    where = {"task": "x", "variant": "ofn", "utd": "1", "seed": 2}
    rows = [blank | where | {"metric": metric, "update": update, "value": value}
            for metric, update, value in [("srank", 5, 7.0), ("other", 5, 1.0), ("srank", 9, float("nan"))]]
    assert _noted(to_arrow("diagnostics", rows)) == {(("x", "ofn", "1"), 2): {"srank": ((5, 7.0),)}}


def test_a_return_as_a_share_of_another_counts_tasks_alike(lane):
    lanes = [lane(arm=arm, task=task, seed=seed, score=scale * (share + 0.01 * seed))
             for arm, share in (("one", 0.9), ("other", 1.0)) for task, scale in (("small", 10.0), ("large", 5_000.0))
             for seed in range(4)]
    found = comparisons.return_share_of_other(Evidence("full", tuple(lanes)), "one", "other", threshold=0.95)
    assert found.effect == pytest.approx(1.0 - 0.1 / 1.015) and found.low < found.effect < found.high < 0.95
    nothing = [lane(arm=arm, task="small", seed=seed, score=-1.0) for arm in ("one", "other") for seed in range(4)]
    assert comparisons.return_share_of_other(Evidence("full", tuple(nothing)), "one", "other",
                                             threshold=0.95).effect is None


def test_a_surge_is_a_rise_and_ties_tell_nothing_of_the_order(lane):
    from divbench.experiments.evidence import SEEM
    from divbench.experiments.seem_surge import decide, surged

    def with_seem(*series, seed=0):
        return dataclasses.replace(lane(arm="plain", exponent=8, seed=seed), noted={SEEM: series})

    assert surged(with_seem((0, 0.01), (500, 0.6), (1_000, 0.7))) == 500
    assert surged(with_seem((0, 0.5), (500, 0.6))) is None and surged(with_seem((0, -0.1), (500, -0.2))) is None
    left = 4_000  # where Q of these lanes passes its bound
    ties = tuple(with_seem((0, 0.01), (left, 0.7), seed=seed) for seed in range(9))
    found = decide(Evidence("quick", ties))
    assert found.comparisons[0].effect is None and "at the same measurement in 9" in found.context[0]
    first = tuple(with_seem((0, 0.01), (500, 0.7), seed=seed) for seed in range(9))
    assert decide(Evidence("quick", ties + first)).comparisons[0].effect == 1.0


def test_pictures_show_a_lane_until_it_stopped(lane):
    whole = lane(exponent=5.0)
    assert whole.drawn(whole.values, "q_replay_mean") == whole.values.columns["q_replay_mean"]
    broken = dataclasses.replace(whole, stopped=(1_000, 6), nonfinite="learner")
    q, returns = broken.drawn(broken.values, "q_replay_mean"), broken.drawn(broken.scores, "return_mean")
    assert q[:2] == whole.values.columns["q_replay_mean"][:2] and all(map(math.isnan, q[2:]))
    assert returns[0] == whole.scores.columns["return_mean"][0] and math.isnan(returns[1])


def two_arms(lane, *, seeds, generation=2, gap=2.0, tasks=("a-run", "b-hop")):
    """One arm's Q, moments and returns above another's by the same gap for every seed, while seeds differ by more."""
    lanes = [lane(arm=arm, task=task, seed=seed, exponent=3.0 + 3.0 * seed + (gap if arm == "high" else 0.0),
                  score=100.0 * seed + (60.0 if arm == "high" else 0.0))
             for arm in ("high", "low") for task in tasks for seed in range(seeds)]
    return Evidence("quick", tuple(lanes), cards={"runs/x": {"key_generation": generation}, "runs/y": {
        "key_generation": generation}})


@pytest.mark.parametrize(("cards", "paired"), [
    ({}, False), ({"a": {}}, False), ({"a": {"key_generation": 1}}, False), ({"a": {"key_generation": 2}}, True),
    ({"a": {"key_generation": 2}, "b": {}}, False), ({"a": {"key_generation": 2}, "b": {"key_generation": 2}}, True)])
def test_arms_are_paired_where_all_runs_share_their_random_numbers(cards, paired):
    assert Evidence("quick", (), cards=cards).paired is paired


def test_pairs_are_of_one_seed_and_of_judged_lanes(lane):
    lanes = [lane(arm="a", seed=seed, score=10.0 * seed) for seed in (3, 1, 2)]
    lanes += [lane(arm="b", seed=1, score=7.0), lane(arm="b", seed=3, score=8.0, nonfinite="physics"),
              lane(arm="b", seed=4, score=9.0)]
    assert Evidence("quick", tuple(lanes)).pairs("a", "b", lambda one: one.last_return) == [[(10.0, 7.0)]]


def test_a_difference_that_every_pair_has_is_seen_in_pairs_alone(lane):
    paired = comparisons.q_over_other(two_arms(lane, seeds=3), "high", "low")
    assert (paired.effect, paired.low, paired.high) == pytest.approx((2.0, 2.0, 2.0))
    assert paired.level == 1 - 2 / 64 and paired.method == "sign flips of 6 pairs" and paired.status == REPRODUCED
    apart = comparisons.q_over_other(two_arms(lane, seeds=3, generation=1), "high", "low")
    assert apart.method == "rank sums, 3 seeds a side of each of 2 tasks" and apart.status == INCONCLUSIVE
    returns = comparisons.return_over_other(two_arms(lane, seeds=3), "high", "low", threshold=50.0)
    assert returns.status == REPRODUCED and returns.effect == pytest.approx(60.0)
    welch = comparisons.return_over_other(two_arms(lane, seeds=3, generation=1), "high", "low")
    assert welch.method == "Welch's t, 3 seeds a task" and welch.status == INCONCLUSIVE and welch.level == 0.95
    share = comparisons.return_share_of_other(two_arms(lane, seeds=3), "high", "low", threshold=1.5)
    assert share.effect == pytest.approx(1.6) and share.low == pytest.approx(1.6) and share.status == REPRODUCED


@pytest.mark.parametrize(("seeds", "generation", "status", "method"), [
    (3, 1, REPRODUCED, "exact difference of shares, 3 and 3 lanes"),
    (3, 2, INCONCLUSIVE, "exact difference of shares, 3 pairs"),
    (6, 2, REPRODUCED, "exact difference of shares, 6 pairs")])
def test_shares_of_diverged_lanes_are_compared_in_pairs_where_there_are_pairs(lane, seeds, generation, status, method):
    lanes = [lane(arm=arm, seed=seed, verdict=verdict) for arm, verdict in (("a", "diverged"), ("b", "stable"))
             for seed in range(seeds)]
    found = comparisons.diverged_more(Evidence("quick", tuple(lanes), cards={"x": {"key_generation": generation}}), "a",
                                      "b")
    assert (found.status, found.method, found.effect) == (status, method, 1.0)


def test_an_interval_says_its_level_and_what_so_few_lanes_could_reach(lane):
    five, eight = (comparisons.q_over_bound(Evidence("quick", tuple(lane(seed=seed) for seed in range(seeds))),
                                            "baseline", "below") for seeds in (5, 8))
    assert eight.in_words() == ("log10 of Q over the bound, baseline, largest of the tasks (order statistics, 8 "
                                "seeds): -1.7 [-1.7, -1.7] 99.2%, claimed below 0.0211893")
    assert five.status == INCONCLUSIVE and five.out_of_reach and not eight.out_of_reach
    assert "no interval, 93.7% at best where 95% is needed" in five.in_words()


def test_the_chance_of_an_outcome_is_that_of_the_error_that_it_could_be():
    def part(own, other):
        return Comparison("x", 1.0, 0.5, 2.0, 0.0, for_claim=own, against_claim=other)

    assert conclude(part(0.01, 0.99), part(0.002, 1.0)).chance == pytest.approx(0.02), "all must err"
    assert conclude(part(0.9, 0.001), part(0.002, 1.0)).chance == pytest.approx(0.004), "one of two must err"
    assert conclude(part(0.9, 0.9)).chance == 1.0
    assert conclude(part(None, None), part(0.01, 0.9)).chance is None and conclude().chance is None


def test_a_fact_is_its_own_interval():
    fact = Comparison.fact("x", 3.0, 2.0)
    assert (fact.low, fact.high, fact.level, fact.status, fact.for_claim) == (3.0, 3.0, 1.0, REPRODUCED, 0.0)
    assert Comparison.fact("x", 3.0, 2.0, "below").status == NOT_REPRODUCED
    assert Comparison.fact("x", None, 2.0).status == INCONCLUSIVE and Comparison.fact("x", 2.0, 2.0).for_claim == 1.0


def test_arms_tell_the_rewards_of_their_replays_where_they_were_measured(lane):
    def paid(seed, first, last):
        seen = lane(seed=seed)
        rewards = {"reward_mean": (first, *[last] * 30), "reward_max": (1.0 + last,) * 31,
                   "reward_nonzero": (last / 2,) * 31}
        return dataclasses.replace(seen, values=Series(seen.values.points, seen.values.columns | rewards))

    lanes = (paid(0, 0.5, 0.4), paid(1, 0.01, 0.02), paid(2, 0.2, 0.3))
    assert lanes[0].record()["reward_mean_first"] == 0.5 and lanes[0].record()["reward_max"] == 1.4
    table = arm_table(Evidence("quick", lanes))
    assert table["rows"][0][-4:] == ["0.2000", "0.3000", "1.4000", "0.15"]
    assert len(table["header"]) == len(table["rows"][0])
    nothing = dict.fromkeys(("reward_mean", "reward_max", "reward_nonzero"), (math.nan,) * 31)
    old = lane()
    old = dataclasses.replace(old, values=Series(old.values.points, old.values.columns | nothing))
    table = arm_table(Evidence("quick", (old,)))
    assert len(table["header"]) == len(table["rows"][0]) == 8
    assert not any("reward" in name for name in (*table["header"], *old.record()))


def test_arms_are_paired_by_seed_where_seeds_share_their_keys(lane):
    def arm(name, scores, keys):
        return tuple(dataclasses.replace(lane(arm=name, seed=seed, score=score), keys=keys)
                     for seed, score in enumerate(scores))

    first, other = arm("baseline", (10.0, 20.0, 30.0), "2"), arm("ofn", (11.0, 21.0, 29.0, 99.0), "2")
    table = arm_table(Evidence("quick", first + other))
    assert table["header"][-1] == "return above the first arm's, by seed"
    assert [row[-1] for row in table["rows"]] == ["-", "2 of 3, p 1"]
    apart = arm_table(Evidence("quick", first + arm("ofn", (11.0, 21.0), "2 5af3")))
    assert [row[-1] for row in apart["rows"]] == ["-", "-"]
    old = arm_table(Evidence("quick", arm("baseline", (1.0,), "") + arm("ofn", (2.0,), "")))
    assert not any("by seed" in name for name in old["header"])
