import functools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divbench.verdict.rules import ENTER_AFTER, KINDS, judge

NAN = math.nan
INSIDE = st.floats(0.0, 100.0)


@pytest.fixture(scope="session")
def make_rows(make_rows):
    """Rows of a network that has learned: the first is that of update 100."""
    return functools.partial(make_rows, first=100)


def test_nothing_measured_is_stable():
    verdict = judge([])
    assert (verdict.kind, verdict.update, verdict.cause) == ("stable", -1, "nothing was measured")


@pytest.mark.parametrize("q, kind, update", [
    ([50.0], "stable", 100),
    ([-0.5] * 5, "stable", 500),  # an untrained critic, with a lower bound of 0
    ([104.0] * 5, "stable", 500),  # a critic on the bound, with its noise
    ([200.0], "diverged", 100),
    ([50.0, 200.0], "diverged", 200),
    ([50.0, 200.0, 50.0], "stable", 300),
    ([50.0, 2000.0, 50.0], "diverged", 200),
    ([50.0, 200.0, 300.0, 400.0], "diverged", 200),
    ([50.0, -20.0, -30.0, -40.0], "diverged", 200),
    ([200.0, 200.0, 40.0, 40.0], "diverged", 100),
    ([200.0, 200.0, 90.0, 90.0, 90.0], "diverged", 100),
    ([200.0, 200.0, 40.0, 40.0, 40.0], "recovered", 100),
    ([0.0, 200.0, 200.0, 40.0, 40.0, 40.0, 90.0], "recovered", 200),
    ([200.0, 200.0, 40.0, 40.0, 40.0, 200.0, 200.0], "diverged", 600),
    ([NAN, 200.0, NAN, 200.0, 50.0], "diverged", 200),
    ([NAN] * 3, "stable", 300),
    ([math.inf, 1.0], "diverged", 100),
])
def test_known_series(make_rows, q, kind, update):
    verdict = judge(make_rows(q))
    assert (verdict.kind, verdict.update, verdict.env_step) == (kind, update, 1_000)
    assert verdict.cause and "\n" not in verdict.cause


@pytest.mark.parametrize("final, initial", [(2.7e7, 0.0), (670.0, 0.0)])
def test_priming_that_diverges(make_rows, final, initial):
    """The growth of plain SAC on quadruped-run and cheetah-run, against their bounds at temperature 1."""
    bound = 932.0 if final > 1e6 else 516.0
    q = [initial + final ** (step / 30) for step in range(31)]
    assert judge(make_rows(q, high=bound)).kind == "diverged"


def test_either_of_replayed_and_policy_actions_is_enough(make_rows):
    calm, wild = [1.0] * 4, [1.0, 1.0, 300.0, 300.0]
    assert judge(make_rows(wild, policy=calm)).kind == "diverged"
    assert judge(make_rows(calm, policy=wild)).kind == "diverged"


def test_random_actions_alone_are_a_note(make_rows):
    verdict = judge(make_rows([1.0] * 4, random=[1.0, 300.0, 300.0, 300.0]))
    assert verdict.kind == "stable"
    assert "on random actions it passed the upper bound at update 200" in verdict.cause


def test_the_cause_says_what_went_first(make_rows):
    verdict = judge(make_rows([1.0, 1.0, 1.0, 200.0, 200.0], policy=[1.0, 1.0, 200.0, 200.0, 200.0],
                              random=[1.0, 200.0, 200.0, 200.0, 200.0]))
    assert verdict.update == 300
    assert verdict.cause == ("mean Q on random actions passed the upper bound 100 first, at update 200; "
                             "on policy actions at update 300; on replayed actions at update 400")
    verdict = judge(make_rows([-200.0] * 4, random=[1.0] * 4, low=-50.0))
    assert verdict.cause == ("mean Q on replayed and policy actions passed the lower bound -50 first, "
                             "at update 100; on random actions never")


def test_a_second_excursion_is_judged_by_itself(make_rows):
    q, wild = [200.0, 200.0, 40.0, 40.0, 40.0, 40.0, 200.0, 200.0], [300.0] * 8
    verdict = judge(make_rows(q, random=wild))
    assert verdict.update == 700
    assert verdict.cause.startswith(
        "mean Q on random actions passed the upper bound 100 first, at update 300; on replayed actions at "
        "update 700; on policy actions at update 700")
    assert verdict.cause.endswith("excursion 2, the first began at update 100")


def test_a_recovery_says_since_when(make_rows):
    assert "back within 0.5 of the bound from update 300 on" in judge(
        make_rows([200.0, 200.0, 40.0, 40.0, 40.0])).cause


@pytest.mark.parametrize("rollout, earned, kind", [
    ([40.0] * 3, [2.0] * 3, "overestimating"),
    ([40.0] * 2, [2.0] * 2, "stable"),  # too few to be sustained
    ([40.0] * 3, [30.0] * 3, "stable"),  # more, but not by half
    ([9.0] * 3, [0.0] * 3, "stable"),  # many times as much, but less than a tenth of the bound
    ([2.0] * 3, [40.0] * 3, "stable"),  # below what it is worth
    ([-1.0] * 3, [-20.0] * 3, "overestimating"),
    ([40.0, NAN, 40.0, 40.0], [2.0, 2.0, 2.0, 2.0], "overestimating"),
    ([40.0] * 3, [NAN] * 3, "stable"),  # no rollout was made
    ([40.0, 40.0, 40.0, 20.0, 20.0], [19.0] * 5, "overestimating"),
    ([40.0, 40.0, 40.0, 20.0, 20.0, 20.0], [19.0] * 6, "stable"),
])
def test_overestimation(make_rows, rollout, earned, kind):
    assert judge(make_rows([20.0] * len(rollout), rollout=rollout, earned=earned)).kind == kind


def test_overestimation_that_passed_is_a_note(make_rows):
    verdict = judge(make_rows([20.0] * 6, rollout=[40.0] * 3 + [20.0] * 3, earned=[19.0] * 6))
    assert verdict.cause.endswith("above the Monte-Carlo return from update 100 to 400")


def test_divergence_comes_before_overestimation(make_rows):
    assert judge(make_rows([200.0] * 4, rollout=[200.0] * 4)).kind == "diverged"


@pytest.mark.parametrize("culprit", ["learner", "optimizer", "physics"])
def test_an_explosion_names_the_culprit_and_the_moment(make_rows, culprit):
    rows = make_rows([1.0, 200.0, 200.0, NAN, NAN])
    for row in rows[3:]:
        row.update(nonfinite=culprit, nonfinite_step=1_234, nonfinite_update=377)
    verdict = judge(rows)
    assert (verdict.kind, verdict.env_step, verdict.update) == ("exploded", 1_234, 377)
    assert verdict.cause == f"the {culprit} went non-finite first; mean Q had passed its bound at update 200"
    for row in rows[3:]:
        row.update(nonfinite_step=-1, nonfinite_update=-1)
    assert judge(rows).update == 400


@given(q=st.lists(INSIDE, min_size=1, max_size=20), earned=st.lists(INSIDE, min_size=20, max_size=20))
def test_a_series_inside_the_bounds_never_diverges(make_rows, q, earned):
    verdict = judge(make_rows(q, earned=earned[:len(q)], rollout=q))
    assert verdict.kind in ("stable", "overestimating")


@given(q=st.lists(st.floats(1.0, 100.0), min_size=1, max_size=20), scale=st.floats(106.0, 1e12),
       sign=st.sampled_from([1.0, -1.0]))
def test_a_series_scaled_beyond_the_bounds_is_never_stable(make_rows, q, scale, sign):
    verdict = judge(make_rows([sign * scale * value for value in q]))
    assert (verdict.kind, verdict.update) == ("diverged", 100)


@given(q=st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=20), unit=st.sampled_from([2.0**-6, 2.0**6]))
def test_the_unit_of_reward_does_not_matter(make_rows, q, unit):
    scaled = [unit * value for value in q]
    one, other = judge(make_rows(q, rollout=q)), judge(make_rows(scaled, rollout=scaled, high=100.0 * unit))
    assert (one.kind, one.update) == (other.kind, other.update)


@given(q=st.lists(st.floats(-1e4, 1e4) | st.just(NAN), min_size=1, max_size=20), cut=st.integers(0, 20))
def test_every_series_has_one_verdict_and_an_explosion_is_final(make_rows, q, cut):
    rows = make_rows(q)
    assert judge(rows).kind in KINDS
    rows[min(cut, len(q) - 1)]["nonfinite"] = "learner"
    assert judge(rows).kind == "exploded"


@given(q=st.lists(st.floats(-1e4, 1e4), max_size=20), more=st.integers(0, 10))
def test_staying_beyond_keeps_the_verdict_and_its_place(make_rows, q, more):
    beyond = [200.0] * ENTER_AFTER
    one, other = judge(make_rows(q + beyond)), judge(make_rows(q + beyond + [200.0] * more))
    assert one.kind == "diverged" and (one.kind, one.update) == (other.kind, other.update)


@given(q=st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=20))
def test_a_long_calm_end_is_never_called_diverged(make_rows, q):
    assert judge(make_rows(q + [10.0] * 3)).kind in ("recovered", "stable")


def test_what_the_untrained_network_says_does_not_count(make_rows):
    rows = make_rows([-900.0, 10.0, 10.0, 10.0], rollout=[-900.0, 0.0, 0.0, 0.0], earned=[-5_000.0, 0.0, 0.0, 0.0],
                     first=0)
    verdict = judge(rows)
    assert (verdict.kind, verdict.cause) == ("stable", "mean Q stayed inside the bounds")
    assert judge(rows[:1]).kind == "stable", "nor at the end of what there is so far"
    over = make_rows([0.0] * 3, rollout=[0.0] * 3, earned=[-1_000.0, -30.0, -40.0], first=0)
    assert judge(over).kind == "stable", "two measurements in a row have learned anything"
    assert judge(make_rows([0.0] * 3, rollout=[0.0] * 3, earned=[-1_000.0, -30.0, -40.0])).kind == "overestimating"


def test_where_nothing_can_be_earned_as_far_as_is_known_nothing_is_judged(make_rows):
    rows = make_rows([0.0, 1e-6, -1e-6, 2e-6], high=0.0, rollout=[0.0, 1e-6, 1e-6, 1e-6])
    assert judge(rows).kind == "stable"
    assert judge(rows + make_rows([30.0, 30.0], high=10.0, first=400)).kind == "diverged"


def test_a_lower_bound_that_entropy_made_hides_nothing_above(make_rows):
    """Quadruped-run: the untrained policy's entropy takes the lower bound to twelve times the upper one."""
    bounds = {"high": 747.0, "low": -9_164.0}
    assert judge(make_rows([80.0, 790.0, 800.0, 800.0], **bounds)).kind == "diverged"
    assert judge(make_rows([80.0, 780.0, 780.0, 780.0], **bounds)).kind == "stable", "within five hundredths of it"
    assert judge(make_rows([80.0] * 4, rollout=[80.0] * 4, earned=[4.0] * 4, **bounds)).kind == "overestimating"
    assert judge(make_rows([80.0] * 4, rollout=[77.0] * 4, earned=[4.0] * 4, **bounds)).kind == "stable"


def test_beyond_the_rewards_seen_so_far_has_a_tolerance_and_words_of_its_own(make_rows):
    seen = {"bound_seen": [1.0] * 4}
    outgrown = make_rows([50.0, 140.0, 140.0, 140.0], columns=seen)  # it may earn more than any reward so far
    assert judge(outgrown).kind == "stable"
    verdict = judge(make_rows([50.0, 160.0, 160.0, 160.0], columns=seen))
    assert (verdict.kind, verdict.update) == ("diverged", 200)
    assert verdict.cause == ("mean Q on replayed, policy and random actions passed the upper bound 100 first, at "
                             "update 200, beyond what was seen by more than 50%")
    assert "seen" not in judge(make_rows([50.0, 160.0, 160.0, 160.0])).cause


def test_a_wide_tolerance_does_not_bring_a_lane_back_sooner(make_rows):
    rows = make_rows([200.0, 200.0, 60.0, 60.0, 60.0], columns={"bound_seen": [1.0] * 5})
    assert judge(rows).kind == "diverged"
    assert judge(make_rows([200.0, 200.0, 50.0, 50.0, 50.0], columns={"bound_seen": [1.0] * 5})).kind == "recovered"


def test_the_worked_cases_of_a_bound_on_each_side(make_rows):
    """TD3 without entropy, and quadruped-run with it: one rule for verdict and share."""
    assert judge(make_rows([-300.0] * 3, low=0.0, high=420.0)).kind == "diverged"
    assert judge(make_rows([-800.0] * 3, low=-9_164.0, high=747.0)).kind == "stable"


def test_overestimation_is_of_the_q_that_targets_use(make_rows):
    """Two critics whose mean is far above the return, while the lesser, from which all learning goes, is not."""
    rollout, earned = [40.0] * 4, [20.0] * 4
    assert judge(make_rows([20.0] * 4, rollout=rollout, earned=earned)).kind == "overestimating", "an older table"
    used = {"mc_q_used": [19.0] * 4}
    assert judge(make_rows([20.0] * 4, rollout=rollout, earned=earned, columns=used)).kind == "stable"
    verdict = judge(make_rows([20.0] * 4, rollout=rollout, earned=earned, columns={"mc_q_used": [35.0] * 4}))
    assert verdict.cause == ("the Q that targets use on a rollout's states 35, their return 20, from update 100 on")


def test_a_lane_whose_last_q_is_no_larger_than_the_return_does_not_overestimate(make_rows):
    rollout = [40.0, 40.0, 40.0, 18.0]
    ended = judge(make_rows([20.0] * 4, rollout=rollout, earned=[19.0] * 4))
    assert ended.kind == "stable" and ended.cause.endswith("above the Monte-Carlo return from update 100 to 400")
    again = judge(make_rows([20.0] * 5, rollout=[*rollout, 40.0], earned=[19.0] * 5))  # after a reset, for instance
    assert (again.kind, again.update) == ("overestimating", 100)
