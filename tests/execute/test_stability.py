"""How still lanes stand between two measurements: known answers, and whole runs that are stopped and continued."""

import signal

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import divbench
from divbench import cli
from divbench.envs.toys import ConstantReward
from divbench.execute import programs
from divbench.execute import run as running
from divbench.execute.progress import Progress
from divbench.execute.stability import nothing_before, remember
from divbench.execute.trained_policy import load_policy
from divbench.report.build import report
from divbench.spec.run_spec import RunSpec
from divbench.spec.settings import SACSettings
from tests.learn.conftest import Bench, make_lane

STABILITIES = ("action_stability", "ntk_stability", "parameter_stability")
SPEC = dict(suite="smoke", tasks="constant-reward", variants="baseline,reset-100-updates", steps=160, prime_samples=60,
            prime_updates=40, eval_every=80, eval_episodes=1, measure_every=30,
            sac=SACSettings(hidden=(16, 12), batch_size=8))
FLAGS = ("--suite smoke --tasks constant-reward --variants baseline,reset-100-updates --steps 160 --prime-samples 60 "
         "--prime-updates 40 --eval-every 80 --eval-episodes 1 --measure-every 30 --hidden 16,12 --batch-size 8 "
         "--quiet --diagnose seem").split()  # SPEC once more, as a command
TABLES = ("scores", "values", "diagnostics", "verdicts")


@pytest.fixture(scope="module")
def trained():
    """Two lanes of a toy task after some learning, and their `diagnose` with `seem`."""
    bench = Bench(ConstantReward(7), [make_lane(seed=3), make_lane(seed=4)])
    state = bench.prime(bench.act(bench.fresh(), 30, explore=True), 20)
    program = programs.build(bench.env, bench.structure, 2, 200, 1, "cheap,seem")

    def stabilities(before, state=state):
        _, details = program.diagnose(state._replace(before=before), bench.roots, bench.coefs, bench.starts(0))
        return {name: np.asarray(details[name][""]) for name in STABILITIES}

    return state, stabilities, program


def test_what_did_not_move_is_wholly_stable(trained):
    state, stabilities, _ = trained
    for name, found in stabilities(remember(state.learner)).items():
        np.testing.assert_allclose(found, 1.0, atol=1e-6, err_msg=name)


def test_before_the_first_measurement_there_is_nothing_to_compare_with(trained):
    state, stabilities, program = trained
    for blank in (nothing_before(state.learner), program.blank_state().before):
        assert all(np.all(np.isnan(found)) for found in stabilities(blank).values())


def with_head(network, change):
    """A network whose last layer alone is changed."""
    params = network["params"]
    return {"params": params | {"head": jax.tree.map(change, params["head"])}}


def test_opposite_signs(trained):
    """A critic and a last layer of the actor of the other sign. The kernel of a critic whose last layer alone is turned
    round is the same: every product of two gradients is."""
    state, stabilities, _ = trained
    before = remember(state.learner)
    turned = before._replace(actor=with_head(before.actor, jnp.negative),
                             critic=jax.tree.map(jnp.negative, before.critic))
    found = stabilities(turned)
    np.testing.assert_allclose(found["action_stability"], -1.0, atol=1e-6)
    np.testing.assert_allclose(found["parameter_stability"], -1.0, atol=1e-6)
    assert np.all(found["ntk_stability"] < 1.0 - 1e-4)
    found = stabilities(before._replace(critic=with_head(before.critic, jnp.negative)))
    np.testing.assert_allclose(found["ntk_stability"], 1.0, atol=1e-6)
    assert np.all(found["parameter_stability"] < 1.0 - 1e-4)


def test_a_policy_that_did_nothing_counts_as_unlike(trained):
    state, stabilities, _ = trained
    before = remember(state.learner)
    idle = before._replace(actor=with_head(before.actor, jnp.zeros_like))
    np.testing.assert_array_equal(stabilities(idle)["action_stability"], 0.0)


def test_lanes_are_compared_each_with_itself_and_a_frozen_one_with_nothing(trained):
    state, stabilities, _ = trained
    before = remember(state.learner)
    other = jax.tree.map(lambda leaf: leaf.at[1].set(-leaf[1]), before)
    found = stabilities(other)["parameter_stability"]
    np.testing.assert_allclose(found, [1.0, -1.0], atol=1e-6)
    frozen = state._replace(learner=state.learner._replace(alive=jnp.asarray([True, False])))
    for found in stabilities(before, frozen).values():
        assert list(np.isnan(found)) == [False, True]


class Interrupt(Progress):
    """Sends this process a SIGTERM once, at an update count."""

    def __init__(self, update: int):
        super().__init__()
        self.update = update

    def advanced(self, group, env_step, update, updates_per_second=None):
        super().advanced(group, env_step, update, updates_per_second)
        if self.update is not None and update >= self.update:
            self.update = None
            signal.raise_signal(signal.SIGTERM)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Folders of the same run: measured cheaply, with `seem`, and with `seem`, stopped twice and continued."""
    place = tmp_path_factory.mktemp("seem")
    folders = {"whole": place / "whole"}
    assert cli.main(["run", *FLAGS, "--out", str(folders["whole"])]) == 0
    for name, level, stops in (("cheap", "cheap", ()), ("stopped", "seem", (35, 80))):
        spec = RunSpec(**SPEC, diagnose=level, out=str(place / name))
        for update in stops:
            assert running.run(spec, progress=Interrupt(update)).interrupted
        result = running.run(spec)
        assert not result.failed and not result.interrupted
        folders[name] = result.folder
    return folders


@pytest.mark.bits
def test_a_continued_run_compares_with_the_same_measurement(runs):
    for table in TABLES:
        for kind in ("csv", "parquet"):
            whole, stopped = ((runs[name] / "tables" / f"{table}.{kind}").read_bytes() for name in ("whole", "stopped"))
            assert whole == stopped, table


def test_nothing_that_is_learned_depends_on_it(runs):
    cheap, seem = (divbench.load(runs[name]) for name in ("cheap", "whole"))
    assert cheap.scores.equals(seem.scores)
    assert cheap.diagnostics.num_rows == 0


def test_every_measurement_but_the_first_has_its_rows(runs):
    rows = [row for row in divbench.load(runs["whole"]).diagnostics.to_pylist() if row["metric"] in STABILITIES]
    updates = sorted({row["update"] for row in rows})
    assert updates[0] == 0 and len(rows) == len(STABILITIES) * 2 * len(updates)
    for row in rows:
        assert row["layer"] == ""
        assert np.isnan(row["value"]) if row["update"] == 0 else -1.0 <= row["value"] <= 1.0 + 1e-6
    moved = [row["value"] for row in rows if row["metric"] == "parameter_stability" and row["update"]]
    plain = [row["value"] for row in rows if row["metric"] == "parameter_stability" and row["update"]
             and row["variant"] == "baseline"]
    assert min(plain) > 0.9 and min(moved) < 0.5  # a reset draws a critic that has nothing to do with the old one


def test_policies_are_read_from_checkpoints_that_keep_a_measurement(runs):
    policy = load_policy(runs["whole"], "constant-reward/baseline/utd1/seed0")
    assert policy.update > 0


def test_the_report_names_critical_points_where_they_were_measured(runs):
    for name, told in (("whole", True), ("cheap", False)):
        report(runs[name], quiet=True)
        text = (runs[name] / "report" / "lanes.md").read_text()
        assert ("Critical point: " in text) is told
        assert (text.count("critical point at update") + text.count(", no critical point") == 2) is told


def test_without_it_checkpoints_keep_nothing_more(runs):
    def names(folder):
        manifest = next(folder.glob("groups/*/checkpoint/manifest.json")).read_text()
        return '"before.actor' in manifest, '"learner.actor' in manifest

    assert names(runs["cheap"]) == (False, True) and names(runs["whole"]) == (True, True)
