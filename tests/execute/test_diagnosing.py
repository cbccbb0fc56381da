"""What is measured at both levels: complete, consistent with itself, and no part of what trains."""

import numpy as np
import pytest

import divbench
from divbench.envs.toys import ConstantReward
from divbench.execute import programs
from divbench.execute import run as running
from divbench.learn.agents.coefficients import structure_of
from divbench.records.metrics import METRICS
from divbench.spec.naming import find_variant
from divbench.spec.plan import Lane
from divbench.spec.run_spec import RunSpec
from divbench.spec.settings import SACSettings
from divbench.spec.variants import lane_settings
from tests.learn.conftest import Bench, make_lane

SMALL = SACSettings(hidden=(16, 12), batch_size=8)
SPEC = dict(suite="smoke", tasks="pendulum-swingup", variants="ofn", steps=150, prime_samples=60,
            prime_updates=40, eval_every=150, eval_episodes=1, measure_every=50, physics="host", sac=SMALL)


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """Tables of the same run at both levels."""
    place = tmp_path_factory.mktemp("levels")
    results = [running.run(RunSpec(**SPEC, diagnose=level, out=str(place / level))) for level in ("cheap", "full")]
    return [divbench.load(result.folder) for result in results]


@pytest.mark.bits
def test_the_level_changes_nothing_that_is_learned(both):
    """Scores to the bit; what is measured is compiled in another form, and agrees but for rounding."""
    cheap, full = both
    assert cheap.scores.equals(full.scores)
    for name in cheap.values.column_names:
        mine, theirs = cheap.values[name].to_numpy(), full.values[name].to_numpy()
        if mine.dtype == np.float64:
            np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-5)
        else:
            np.testing.assert_array_equal(mine, theirs)


def test_every_metric_of_the_registry_is_there_at_its_level(both):
    cheap, full = both
    assert cheap.diagnostics.num_rows == 0
    # What algorithms note down and kernels are asked for apart, see test_preqn and test_kernel_measures.
    expected = {metric.name for metric in METRICS.values() if (metric.where, metric.level) == ("diagnostics", "full")}
    rows = full.diagnostics.to_pylist()
    assert {row["metric"] for row in rows} == expected
    layers = {metric: {row["layer"] for row in rows if row["metric"] == metric} for metric in expected}
    for name, found in layers.items():
        hidden = {"hidden1", "hidden2"}
        assert found == ((hidden if name == "dormant" else hidden | {"head"}) if METRICS[name].per_layer else {""})
    measured = {(row["variant"], row["update"]) for row in full.values.to_pylist()}
    assert {(row["variant"], row["update"]) for row in rows} == measured
    assert all(np.isfinite(row["value"]) for row in rows)


@pytest.mark.parametrize(("whole", "part"), [
    ("grad_norm", "gradient_norm"), ("first_moment", "first_moment_norm"), ("second_moment", "second_moment_norm"),
    ("update_norm", "step_norm"), ("param_norm", "parameter_norm")])
def test_layers_add_up_to_the_whole(both, whole, part):
    _, full = both
    parts = {}
    for row in full.diagnostics.to_pylist():
        if row["metric"] == part:
            key = row["variant"], row["update"]
            parts[key] = parts.get(key, 0.0) + row["value"] ** 2
    for row in full.values.to_pylist():
        assert parts[row["variant"], row["update"]] ** 0.5 == pytest.approx(row[whole], rel=1e-4, abs=1e-12)


def test_columns_agree_with_each_other(both):
    for row in both[1].values.to_pylist():
        assert row["mc_bias"] == pytest.approx(row["mc_q_mean"] - row["mc_return_mean"], rel=1e-4, abs=1e-3)
        assert row["effective_lr"] == pytest.approx(row["update_norm"] / row["param_norm"], rel=1e-5)
        assert row["second_moment_head"] <= row["second_moment"] * 1.0001
        assert row["q_bound_low"] <= 0.0 < row["q_bound"] <= row["q_bound_any"] and row["bound_seen"] == 0.0
        assert row["mc_q_used"] <= row["mc_q_mean"]  # the lesser of two critics
        assert row["reward_excess"] == 0.0 and 0.0 <= row["dormant_share"] <= 1.0
        assert -1.0 <= row["q_distance_correlation"] <= 1.0
        assert row["q_random_mean"] <= row["q_random_max"] and abs(row["q_distant_mean"]) <= row["q_distant_max"]


def program(level):
    one = Lane("toy", find_variant("ofn"), 1, 0, lane_settings(find_variant("ofn"), SMALL))
    env = ConstantReward(7)
    structure = structure_of((one,), one.mechanisms, env.observation_size, env.action_size, env.reward_range)
    return programs.build(env, structure, 1, 50, 1, level)


def test_the_training_program_knows_nothing_of_it():
    """The same text at both levels; only `diagnose` grows, and only at `full` is a decomposition in it."""
    bench = Bench(ConstantReward(7), [make_lane("ofn", sac_settings=SMALL)], capacity=50)
    state = bench.fresh()
    starts = bench.starts(0)
    texts = {}
    for level in ("cheap", "full"):
        built = program(level)
        texts[level] = built.train_chunk.lower(state, bench.roots, bench.coefs, starts, control()).as_text()
        texts[level, "diagnose"] = built.diagnose.lower(state, bench.roots, bench.coefs, starts).as_text()
    assert texts["cheap"] == texts["full"]
    assert "gesdd" in texts["full", "diagnose"] and "gesdd" not in texts["cheap", "diagnose"]


def control():
    from divbench.learn.trainer import Control

    return Control.acting(1, explores=True, begins_episode=True)
