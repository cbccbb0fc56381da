import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from divbench.verdict.explanation import explain_lane, fold, number
from divbench.verdict.first_cause import FirstCause, first_cause
from divbench.verdict.rules import judge

NAN = math.nan


def explain(rows):
    return explain_lane(rows, judge(rows), first_cause(rows))


def test_a_diverged_lane_in_full(make_rows):
    rows = make_rows(
        [1.0, 10.0, 20.0, 60.0, 150.0, 4.1e6], policy=[1.0, 10.0, 20.0, 120.0, 300.0, 5e6],
        random=[1.0, 10.0, 120.0, 120.0, 150.0, 4e6], earned=[NAN, 5.0, NAN, NAN, 4.0, -6.0],
        rollout=[NAN, 6.0, NAN, NAN, 90.0, 4e6],
        columns={"q_distant_mean": [1.0] * 6, "grad_norm": [300.0, 5.0, 6.0, 7.0, 2_400.0, 90.0],
                 "second_moment": [0.0, 10.0, 10.0, 10.0, 20.0, 5e6],
                 "second_moment_head": [0.0, 9.0, 9.0, 9.0, 9.0, 1.8e6],
                 "param_norm": [40.0, 50.0, 50.0, 51.0, 60.0, 75.0],
                 "feature_norm": [20.0, 30.0, 30.0, 30.0, 60.0, 126.0],
                 "temperature": [1.0, 0.5, 0.25, 0.4, 1.0, 2.0], "entropy": [-5.0, 3.0, 2.0, -4.0, -9.0, -7.0]})
    assert explain(rows) == (
        "The lane diverged at update 300 (env step 1,000): mean Q on replay ended at 4.1e+06, 41,000 times the most "
        "that policies with the entropies seen so far can be worth (100). First mean Q on random actions passed its "
        "bound, at update 200, 200 updates before mean Q on replay did. Mean Q passed its bound on random actions at "
        "update 200, on the policy's actions at update 300, on replayed actions at update 400, never on the most "
        "distant actions. At its peak the gradient norm had grown 400-fold, the optimizer's second moment 5e+05-fold, "
        "the last layer's alone 2e+05-fold and the norm of the features 4.2-fold. The temperature climbed from 0.25 at "
        "update 200 to 2 at update 500, as the policy's entropy was below its target (down to -9 nats). At update 500 "
        "mean Q on a rollout was 4e+06, 4e+06 above the return that followed.")


def test_a_stable_lane_has_one_sentence_or_two(make_rows):
    assert explain(make_rows([1.0, 20.0], earned=[NAN, 15.0], rollout=[NAN, 25.0])) == (
        "The lane stayed stable up to update 100 (env step 1,000): mean Q on replay ended at 20, 20% of the most that "
        "policies with the entropies seen so far can be worth (100); nothing that was measured left its band. At "
        "update 100 mean Q on a rollout was 25, 10 above the return that followed.")
    spike = make_rows([1.0, 20.0, 20.0, 20.0], columns={"grad_norm": [9.0, 2.0, 70.0, 80.0]})
    assert explain(spike).endswith("(100). First the gradient norm left its band, at update 200 (2 at the start, 70 "
                                  "then); nothing came of it so far.")


def test_a_critic_that_died_is_told_of(make_rows):
    norms = {"feature_norm": [2.0, 31.0, 33.0, 0.01, 0.0], "grad_norm": [9.0, 2.0, 70.0, 80.0, 3.0]}
    assert explain(make_rows([1.0, 20.0, 90.0, 0.9, 1.5], columns=norms)).endswith(
        "First the gradient norm left its band, at update 200 (2 at the start, 70 then). From update 300 on the "
        "critic's features are dead: their norm fell from 33 to 0 at the end.")
    for alive in ([2.0, 31.0, 33.0, 0.01, 0.1], [0.0] * 5, [NAN] * 5, [NAN, 2.0, NAN, 1.0, NAN],
                  [2.0, 0.0, 0.0, 9.0, NAN]):
        assert "dead" not in explain(make_rows([1.0, 20.0, 90.0, 0.9, 1.5], columns={"feature_norm": alive}))


def test_a_recovery_says_how_far_it_went_and_since_when(make_rows):
    text = explain(make_rows([1.0, 200.0, 8e5, 40.0, 40.0, 40.0]))
    assert text.startswith("The lane diverged at update 100 (env step 1,000) and recovered: mean Q on replay reached "
                           "8e+05 and is back within 0.5 of the bound from update 300 (env step 1,000) on.")


def test_overestimation(make_rows):
    text = explain(make_rows([20.0] * 4, rollout=[40.0] * 4, earned=[2.0] * 4))
    assert text == ("The lane overestimates from update 100 (env step 1,000) on: mean Q on replay ended at 20, 20% of "
                    "the most that policies with the entropies seen so far can be worth (100). Nothing else that was "
                    "measured left its band. At update 300 mean Q on a rollout was 40, 38 above the return that "
                    "followed.")


def test_explosions(make_rows):
    rows = make_rows([1.0, 2.0, 2.0], columns={"grad_norm": [90.0, 5.0, 6.0], "reward_excess": [0.0, 0.0, 0.0]})
    rows[2].update(nonfinite="physics", nonfinite_update=170, nonfinite_step=1_170)
    assert explain(rows).startswith("The lane exploded: the physics went non-finite at update 170 (env step 1,170). "
                                    "Nothing that was measured had left its band before.")
    rows[1]["grad_norm"], rows[2]["nonfinite"] = 9_500.0, "learner"
    assert ("First the gradient norm left its band, at update 100 (90 at the start, 9,500 then), 70 updates before the "
            "explosion.") in explain(rows)


def test_an_explosion_after_q_passed_its_bound_is_not_the_first_thing(make_rows):
    rows = make_rows([1.0, 2.0, 300.0, 300.0, NAN], random=[1.0] * 5)
    rows[4].update(nonfinite="learner", nonfinite_update=350)
    assert "Nothing that was measured" not in explain(rows) and "replayed actions at update 200" in explain(rows)


def test_a_frozen_lane_is_told_of_until_it_froze(make_rows):
    rows = make_rows([1.0, 2.0, 2.0, 2.0], rollout=[0.0, 5.0, 6.0, 7.0], columns={"temperature": [1.0, 0.1, 0.4, 0.9]})
    for row in rows[2:]:
        row.update(nonfinite="learner", nonfinite_update=150)
    text = explain(rows)
    assert "At update 150 mean Q on a rollout was 6," in text and "to 0.4 at update 150" in text


def test_a_reset_is_no_climb_of_the_temperature(make_rows):
    names = {"temperature": [1.0, 0.4, 0.05, 0.9, 0.8], "resets": [0, 0, 0, 1, 1]}
    assert "temperature" not in explain(make_rows([1.0, 300.0, 300.0, 300.0, 300.0], columns=names))
    names["temperature"][4] = 1.9
    assert "climbed from 0.9 at update 300 to 1.9 at update 400" in explain(
        make_rows([1.0, 300.0, 300.0, 300.0, 300.0], columns=names))


def test_a_part_of_the_moment_grows_from_where_the_whole_does(make_rows):
    whole = [0.0, 100.0, 1.5e4, 1e6, 1e8]
    columns = {"second_moment": whole, "second_moment_head": [value / 2.0 for value in whole]}
    text = explain(make_rows([1.0, 300.0, 300.0, 300.0, 300.0], columns=columns))
    assert "the optimizer's second moment had grown 1e+06-fold and the last layer's alone 1e+06-fold" in text


def test_a_reward_outside_the_range_voids_the_rest(make_rows):
    rows = make_rows([1.0, 5e7, 5e7], columns={"reward_excess": [1e6, 3e6, 2e6]})
    assert ("First, at update 0, a replayed reward lay outside the task's range (by up to 3e+06), so "
            "every bound and what is judged by it is void.") in explain(rows)


def test_where_q_ended_beside_bounds_of_any_sign(make_rows):
    least = "the least that policies with the entropies seen so far can be worth"
    assert f"ended at -300, below {least} (0); its share of the bound is 1.71" in explain(
        make_rows([-300.0] * 2, high=420.0))
    assert f"ended at -30, below {least} (-10); its share of the bound is 1.18" in explain(
        make_rows([-20.0, -30.0], low=-10.0))
    assert f"ended at -800, 8.7% of {least} (-9,164)" in explain(make_rows([-800.0] * 2, low=-9_164.0, high=747.0))
    assert "ended at -80, between 0 and the bound (-321)" in explain(make_rows([-80.0] * 2, low=-500.0, high=-321.0))
    assert explain([]) == "Nothing was measured."


def test_the_bound_of_any_policy_is_named_where_it_is_another(make_rows):
    text = explain(make_rows([900.0] * 3, high=747.0, columns={"q_bound_any": [932.0] * 3}))
    assert "1.2 times the most that policies with the entropies seen so far can be worth (747; any policy: 932)" in text
    assert "any policy" not in explain(make_rows([900.0] * 3, high=747.0, columns={"q_bound_any": [747.0] * 3}))


def test_beyond_the_rewards_seen_so_far_is_called_that(make_rows):
    text = explain(make_rows([10.0, 200.0, 300.0], columns={"bound_seen": [1.0] * 3}))
    assert text.startswith("The lane diverged at update 100 (env step 1,000), beyond what was seen: mean Q on replay "
                           "ended at 300, 3 times the most that the rewards seen so far allow (100).")


def test_a_runaway_temperature_is_the_first_thing(make_rows):
    text = explain(make_rows([1.0, 20.0, 300.0, 400.0], columns={"temperature": [0.5, 2.0, 5.1, 7.0]}))
    assert ("First the temperature passed 10 times its initial value, at update 200 (0.5 at the start, 5.1 then), at "
            "the same measurement as mean Q on replay passed its bound.") in text


@given(used=st.lists(st.floats(-100.0, 100.0) | st.just(NAN), min_size=1, max_size=12),
       earned=st.lists(st.floats(-100.0, 100.0), min_size=12, max_size=12))
def test_no_paragraph_says_overestimates_beside_a_q_below_the_return(make_rows, used, earned):
    text = explain(make_rows([20.0] * len(used), rollout=used, earned=earned, columns={"mc_q_used": used}))
    assert not ("overestimates" in text and "below the return that followed" in text)


def test_the_rollout_is_told_of_by_the_q_that_targets_use(make_rows):
    text = explain(make_rows([20.0] * 4, rollout=[40.0] * 4, earned=[2.0] * 4, columns={"mc_q_used": [30.0] * 4}))
    assert text.endswith("At update 300 the Q that targets use on a rollout was 30, 28 above the return that followed.")


def test_an_explosion_of_the_optimizer(make_rows):
    rows = make_rows([1.0, 2.0, 4e14, 4e14])
    for row in rows[3:]:
        row.update(nonfinite="optimizer", nonfinite_update=270, nonfinite_step=1_270)
    text = explain(rows)
    assert text.startswith("The lane exploded: the optimizer went non-finite at update 270 (env step 1,270).")
    rows = make_rows([1.0, 2.0, 2.0])
    rows[2].update(nonfinite="optimizer", nonfinite_update=170, nonfinite_step=1_170)
    assert first_cause(rows) == FirstCause("optimizer", 170, 1_170)
    assert "Nothing that was measured had left its band before." in explain(rows)


def test_too_large_steps_before_an_explosion_are_told(make_rows):
    rows = make_rows([1.0, 2.0, 2.0], columns={"effective_lr": [0.001, 0.1, 0.1]})
    for row in rows[1:]:
        row |= {"nonfinite": "learner", "nonfinite_update": 40}
    assert first_cause(rows) == FirstCause("effective_lr", 40, 1_000)
    assert "First the size of the critics' steps left its band, at update 40 (10% of" in explain(rows)


@pytest.mark.parametrize("series, told", [
    ([1.0, 0.05, 20.0, 0.01], "climbed from 0.05 at update 100 to 20 at update 200"),
    ([1.0, 0.05, 20.0, 0.06], "climbed from 0.05 at update 100 to 20 at update 200"),
    ([0.1, 0.5, 0.01, 3.0], "climbed from 0.01 at update 200 to 3 at update 300")])
def test_the_largest_climb_of_the_temperature_is_told(make_rows, series, told):
    assert told in explain(make_rows([1.0, 300.0, 300.0, 300.0], columns={"temperature": series}))


def test_what_was_not_measured_is_not_said(make_rows):
    text = explain(make_rows([1.0, 200.0, 300.0], earned=[NAN] * 3, rollout=[NAN] * 3))
    for word in ("distant", "gradient", "moment", "features", "parameters", "temperature", "entropy", "rollout", "nan"):
        assert word not in text


@pytest.mark.parametrize("value, text", [
    (0.0, "0"), (0.03125, "0.0312"), (36.94, "36.9"), (999.4, "999"), (2_300.4, "2,300"), (4.1e6, "4.1e+06"),
    (-1_234.0, "-1,234"), (1e-7, "1e-07"), (math.inf, "inf")])
def test_numbers_for_people(value, text):
    assert number(value) == text


@pytest.mark.parametrize("ratio, text", [(4.24, "4.2-fold"), (404.0, "400-fold"), (6_540.0, "6,500-fold"),
                                         (1.24e5, "1.2e+05-fold")])
def test_growths_for_people(ratio, text):
    assert fold(ratio) == text


CELL = st.floats(-1e30, 1e30) | st.sampled_from([NAN, math.inf, -math.inf])


@example(q=[0.0] * 4, other=[-7e13, -2e12, NAN, 31.0, *[0.0] * 6], culprit="learner", place=2)  # a band left frozen
@given(q=st.lists(CELL, min_size=1, max_size=10), other=st.lists(CELL, min_size=10, max_size=10),
       culprit=st.sampled_from(["", "learner", "optimizer", "physics"]), place=st.integers(0, 9))
def test_every_series_has_one_paragraph(make_rows, q, other, culprit, place):
    names = ("grad_norm", "second_moment", "feature_norm", "param_norm", "temperature", "entropy", "reward_excess",
             "effective_lr")
    rows = make_rows(q, earned=other, rollout=q, columns={name: other for name in names})
    for row in rows[min(place, len(q) - 1):]:
        row["nonfinite"] = culprit
    text = explain(rows)
    assert text.startswith("The lane ") and text.endswith(".") and "\n" not in text and "  " not in text
