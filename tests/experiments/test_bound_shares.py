"""The share of a bound: one rule for verdicts, claims and pages."""

import dataclasses
import math

import pytest

from divbench.experiments import comparisons
from divbench.experiments.evidence import Evidence
from divbench.report.evidence import weigh
from divbench.report.layout import number
from divbench.report.page.payload import make_payload
from divbench.report.series import Series
from divbench.verdict import judge
from tests.report.conftest import FakeRun


def bounded(made, q, low, high, seen=0.0):
    """A lane whose Q and bounds are these throughout, and the kind of verdict that its series has."""
    columns = {"q_replay_mean": q, "q_bound_low": low, "q_bound": high, "bound_seen": seen}
    count = len(made.values.points)
    values = made.values.columns | {name: (value,) * count for name, value in columns.items()}
    names = ("q_policy_mean", "q_random_mean", "mc_q_mean", "mc_return_mean")
    rows = [columns | dict.fromkeys(names, math.nan) | {"update": update, "env_step": env_step, "nonfinite": ""}
            for env_step, update in made.values.points]
    return dataclasses.replace(made, values=Series(made.values.points, values)), judge(rows).kind


@pytest.mark.parametrize(("q", "limits", "share", "verdict"), [
    (-300.0, (0.0, 420.0), 1.0 + 300.0 / 420.0, "diverged"),  # TD3
    (-800.0, (-9_164.0, 747.0), 800.0 / 9_164.0, "stable"),  # SAC
    (770.0, (-9_164.0, 747.0), 770.0 / 747.0, "stable"),  # within the tolerance
    (790.0, (-9_164.0, 747.0), 790.0 / 747.0, "diverged"),
    (140.0, (0.0, 100.0, 1.0), 1.4, "stable"),  # beyond what was seen, within its tolerance
    (160.0, (0.0, 100.0, 1.0), 1.6, "diverged"),
])
def test_verdict_claim_and_page_agree(lane, tmp_path, q, limits, share, verdict):
    made, kind = bounded(lane(), q, *limits)
    assert kind == verdict
    assert made.log_excess() == pytest.approx(math.log10(share))
    claims = [comparisons.q_over_bound(Evidence("quick", (made,)), "baseline", side) for side in ("above", "below")]
    beyond = [claim.effect > claim.threshold for claim in claims]
    assert beyond == [verdict == "diverged"] * 2
    low, high, *seen = limits
    run = FakeRun(variants=("baseline",), seeds=(0,))
    for update in (0, 100, 200):
        run.add("values", "quadruped-run", "baseline", "1", 0, 1_000, update, q_replay_mean=q, q_policy_mean=q,
                q_bound=high, q_bound_low=low, bound_seen=float(*seen))
    (outcome,) = make_payload([weigh(run.tables(), tmp_path)])["outcomes"]["q_replay_mean"]
    assert outcome["share"] == number(share) and outcome["beyond"] == (verdict == "diverged")


def test_between_0_and_the_bounds_a_claim_has_no_number(lane):
    made, kind = bounded(lane(), -80.0, -500.0, -321.0)
    assert made.log_excess() is None and kind == "stable"


def test_a_lane_whose_optimizer_broke_is_broken_too(lane):
    assert lane(score=50.0, verdict="exploded", nonfinite="optimizer").last_return == 0.0
    seen = lane(verdict="exploded", nonfinite="optimizer")
    assert seen.judged and seen.diverged
