"""Whole runs in this process, tiny: complete tables, one compilation, failures, policies, places of lanes."""

import json
import signal
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import divbench
from divbench import cli, envs
from divbench.cli.commands import training
from divbench.execute import run as running
from divbench.execute.measuring import Evaluator
from divbench.execute.programs import _cached, program_for
from divbench.execute.progress import Progress
from divbench.execute.schedule import Position
from divbench.execute.timing import measure_rate
from divbench.execute.trained_policy import load_policy
from divbench.learn.agents.coefficients import coefficients
from divbench.records.checkpoint import CheckpointStore
from divbench.records.folder import CHECKPOINT, GROUPS
from divbench.records.tables import read_rows
from divbench.report.build import report
from divbench.spec.errors import UsageError
from divbench.spec.plan import make_groups
from divbench.spec.run_spec import RunSpec
from divbench.spec.settings import SACSettings

TASK = "cheetah-run"
UTDS = ("1", "4", "1/2")
FIELDS = {
    "suite": "smoke",
    "tasks": TASK,
    "variants": "baseline",
    "seeds": 2,
    "steps": 260,
    "prime_samples": 100,
    "prime_updates": 30,
    "eval_every": 100,
    "eval_episodes": 1,
    "measure_every": 60,
    "physics": "host",
}
POLICY_STEPS, PRIMING = 160, 30
EVALUATIONS = 5  # at 0, 100 before and after the priming, 200 and 260


def make(out, **changes) -> RunSpec:
    """All runs here that have the same number of lanes share one compiled program."""
    return RunSpec(**{**FIELDS, "sac": SACSettings(hidden=(16,), batch_size=8), **changes}, out=str(out))


def flags(spec: RunSpec) -> list[str]:
    """The command line of a specification of `make`."""
    fields = {name: getattr(spec, name) for name in FIELDS} | {
        "variants": ",".join(v.name for v in spec.variants),
        "tasks": ",".join(spec.tasks),
        "utd": ",".join(map(str, spec.utd)),
        "hidden": "16",
        "batch_size": "8",
        "out": spec.out,
    }
    return [word for name, value in fields.items() for word in ("--" + name.replace("_", "-"), str(value))]


def groups_of(spec: RunSpec) -> dict[str, object]:
    return {str(group.utd): group for group in make_groups(spec, fused=False)}


class InterruptAt(Progress):
    """Sends this process a SIGTERM once, at an update count of a UTD."""

    def __init__(self, utd: str, update: int):
        super().__init__()
        self._at = utd, update

    def advanced(self, group, env_step, update, updates_per_second=None):
        super().advanced(group, env_step, update, updates_per_second)
        if self._at and str(group.utd) == self._at[0] and update >= self._at[1]:
            self._at = None
            signal.raise_signal(signal.SIGTERM)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """UTD 1, 4 and 1/2, two seeds each, in one process; stopped half-way and continued. Spec and folder."""
    spec = make(tmp_path_factory.mktemp("run") / "run", utd=",".join(UTDS))
    _cached.cache_clear()
    first = running.run(spec, progress=InterruptAt("4", 200))
    assert first.interrupted and first.signal == signal.SIGTERM
    result = running.run(spec)
    assert not result.failed and not result.interrupted
    return spec, result.folder


def rows_of(folder, table: str, **where) -> list[dict]:
    """Rows of a table that have these values."""
    return [
        row for row in read_rows(folder)[table] if all(row[name] == value for name, value in where.items())
    ]


def test_rows_are_complete(finished):
    spec, folder = finished
    tables = divbench.load(folder)
    scores = tables.scores.to_pylist()
    found = [
        (row["task"], row["variant"], row["utd"], row["seed"], row["env_step"], row["update"])
        for row in scores
    ]
    updates = {utd: int(POLICY_STEPS * Fraction(utd)) + PRIMING for utd in UTDS}
    assert sorted(found) == sorted(
        (TASK, "baseline", utd, seed, step, update)
        for utd in UTDS
        for seed in (0, 1)
        for step, update in (
            (0, 0),
            (100, 0),
            (100, PRIMING),
            (200, int(100 * Fraction(utd)) + PRIMING),
            (260, updates[utd]),
        )
    )
    assert len(found) == len(UTDS) * 2 * EVALUATIONS
    assert all(row["episodes"] == 1 for row in scores)
    assert len(tables.verdicts.to_pylist()) == len(UTDS) * 2
    for utd in UTDS:
        for seed in (0, 1):
            own = [row["update"] for row in rows_of(folder, "values", utd=utd, seed=seed)]
            assert own[0] == 0 and own[-1] == updates[utd] and sorted(set(own)) == own


def test_everything_is_compiled_once(finished):
    """Three UTDs, two seeds, three phases, a state restored: each function was compiled once."""
    spec, _ = finished
    programs = {program_for(group, "host", spec.eval_episodes) for group in groups_of(spec).values()}
    assert len(programs) == 1
    sizes = {name: function._cache_size() for name, function in programs.pop().functions().items()}
    assert sizes == dict.fromkeys(("train_chunk", "evaluate", "diagnose", "reset_lanes"), 1)


@pytest.mark.parametrize("utd", UTDS)
def test_updates_are_utd_times_steps(finished, utd):
    """By the counters that the compiled loop keeps itself, and by the optimizer's own."""
    spec, folder = finished
    state = (
        CheckpointStore(folder / GROUPS / groups_of(spec)[utd].name / CHECKPOINT).load(with_rows=False).tree
    )
    updates = int(POLICY_STEPS * Fraction(utd)) + PRIMING
    assert (int(state["env_step"]), int(state["update"])) == (260, updates)
    counts = {name: value.tolist() for name, value in state.items() if name.endswith(".count")}
    assert len(counts) == 3 and set(map(tuple, counts.values())) == {(updates, updates)}


def test_a_finished_run_is_left_alone(finished):
    spec, folder = finished
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert running.run(spec).already_finished
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


@pytest.mark.parametrize(("force", "again"), [(False, "the same command continues"),
                                              (True, "the same command without --force continues")])
def test_an_interrupted_run_says_how_it_goes_on(tmp_path, capsys, force, again):
    training._show(make(tmp_path, force=force), running.RunResult(tmp_path, interrupted=True, signal=2), "")
    assert capsys.readouterr().out == f"interrupted; {again} from the checkpoint in {tmp_path}\n"


@pytest.mark.bits
def test_a_loaded_policy_is_the_one_that_was_scored(finished):
    """Playing the last evaluation again with it gives the recorded returns."""
    spec, folder = finished
    group = groups_of(spec)["4"]
    policies = [load_policy(folder, lane.name) for lane in group.lanes]
    end = Position(2, POLICY_STEPS, policies[0].env_step, policies[0].update)
    assert (end.env_step, end.update) == (260, POLICY_STEPS * 4 + PRIMING)
    program = program_for(group, "host", spec.eval_episodes)
    state = program.reset_lanes(program.blank_state(), *lane_arguments(group, program))
    actor = jax.tree.map(lambda *leaves: jnp.stack(leaves), *(policy.actor for policy in policies))
    state = state._replace(learner=state.learner._replace(actor=actor))
    coefs = coefficients(group.lanes, program.structure.action_size)
    returns = Evaluator(program, group, lambda: None).returns(state, coefs, end)
    recorded = [
        rows_of(folder, "scores", utd="4", seed=seed, env_step=260)[0]["return_mean"] for seed in (0, 1)
    ]
    assert recorded == returns.mean(1).tolist()


def lane_arguments(group, program):
    from divbench.learn.keys import lane_keys

    lanes = program.lanes
    return (
        lane_keys([lane.key_words for lane in group.lanes]),
        coefficients(group.lanes, program.structure.action_size),
        jnp.ones(lanes, bool),
        jnp.ones(lanes, bool),
        jnp.zeros(lanes, jnp.int32),
    )


def test_a_loaded_policy_acts_within_bounds(finished):
    """Jitted and vmapped, as the mode and as a sample, on observations of any size."""
    _, folder = finished
    policy, env = load_policy(folder, f"{TASK}/baseline/utd1/seed1"), envs.make(TASK, physics="host")
    obs = jax.random.normal(jax.random.key(0), (64, env.observation_size)) * 10.0
    modes = jax.jit(jax.vmap(policy))(obs)
    samples = jax.jit(jax.vmap(policy))(obs, jax.random.split(jax.random.key(1), 64))
    for actions in (modes, samples):
        assert actions.shape == (64, env.action_size)
        assert (np.asarray(actions) >= env.action_low).all() and (
            np.asarray(actions) <= env.action_high
        ).all()
    assert (modes[0] == policy(obs[0])).all() or np.allclose(modes[0], policy(obs[0]), atol=1e-5)
    assert not np.allclose(modes, samples)
    with pytest.raises(AssertionError, match="one observation; vmap over more"):
        policy(obs)


def test_loaded_critics_are_the_networks_of_the_checkpoint(finished):
    """Q by hand, compiled over many pairs, and with a gradient of every parameter."""
    _, folder = finished
    critic, env = divbench.load_critic(folder, f"{TASK}/baseline/utd1/seed1"), envs.make(TASK, physics="host")
    obs = np.asarray(jax.random.normal(jax.random.key(0), (16, env.observation_size)))
    action = np.asarray(jax.random.uniform(jax.random.key(1), (16, env.action_size), minval=-1.0))
    q = jax.jit(jax.vmap(critic))(obs, action)
    params = jax.tree.map(np.asarray, critic.variables["params"])
    for n in range(2):
        x = np.concatenate([obs, action], 1)
        for layer in sorted(name for name in params if name.startswith("hidden")):
            x = np.maximum(x @ params[layer]["dense"]["kernel"][n] + params[layer]["dense"]["bias"][n], 0.0)
        by_hand = (x @ params["head"]["kernel"][n] + params["head"]["bias"][n])[:, 0]
        np.testing.assert_allclose(q[:, n], by_hand, rtol=1e-4, atol=1e-5)
    slopes = jax.grad(lambda variables: critic.q(variables, obs[0], action[0]).sum())(critic.variables)
    assert all(np.any(np.asarray(leaf) != 0.0) for leaf in jax.tree.leaves(slopes["params"]))
    with pytest.raises(AssertionError, match="one action; vmap over more"):
        critic(obs[0], action)
    assert repr(critic) == f"<2 critics of {TASK}/baseline/utd1/seed1 at update {critic.update:,}>"
    assert critic.update == divbench.load_policy(folder, f"{TASK}/baseline/utd1/seed1").update > 0


def test_unknown_lane(finished):
    _, folder = finished
    with pytest.raises(UsageError, match=r"lane.*seed0"):
        load_policy(folder, f"{TASK}/baseline/utd1/seed7")


@pytest.mark.bits
def test_a_group_that_fails_leaves_the_others_running(finished, tmp_path, monkeypatch, capsys):
    """It is named, the exit code is 1, and the same command makes up for it: tables as if unbroken, and a report that
    was made in between is that of the finished run."""
    spec, folder = finished
    again = make(tmp_path / "run", utd=",".join(UTDS))
    broken = groups_of(again)["4"].name

    def fail_for_one(group, *args):
        if group.name == broken:
            raise RuntimeError("out of paper\nsecond line")
        return program_for(group, *args)

    monkeypatch.setattr(running, "program_for", fail_for_one)
    assert cli.main(["run", *flags(again), "--quiet"]) == 1
    output = capsys.readouterr().out
    assert f"failed: {broken}: RuntimeError: out of paper\n" in output
    error = tmp_path / "run" / "groups" / broken / "error.txt"
    assert f"traceback in {error}\n" in output and "in fail_for_one" in error.read_text()
    assert {row["utd"] for row in divbench.load(again.out).scores.to_pylist()} == {"1", "1/2"}
    assert json.loads((tmp_path / "run" / "card.json").read_text())["finished"] is None
    report(again.out, quiet=True)
    summary = tmp_path / "run" / "report" / "summary.md"
    assert "State: not finished." in summary.read_text()

    monkeypatch.undo()
    assert cli.main(["run", *flags(again), "--quiet"]) == 0
    assert not error.exists()
    assert "State: finished 20" in summary.read_text() and "not re-made" not in capsys.readouterr().out
    for name in ("scores.csv", "values.csv", "verdicts.csv"):
        assert (tmp_path / "run" / "tables" / name).read_bytes() == (folder / "tables" / name).read_bytes()


def lanes_of(folder, table: str, **where) -> list[list[float]]:
    """The numbers of a lane's rows, in order."""
    return [
        [value for value in row.values() if isinstance(value, float)]
        for row in rows_of(folder, table, **where)
    ]


@pytest.fixture(scope="module")
def beside_another(finished, tmp_path_factory):
    """The lane of seed 0 at UTD 1 beside a lane of another variant, in both orders."""
    place = tmp_path_factory.mktemp("places")
    runs = []
    for order in ("baseline,reset-50-updates", "reset-50-updates,baseline"):
        runs.append(running.run(make(place / order[:5], variants=order, utd="1", seeds=1)).folder)
    return runs


@pytest.mark.bits
@pytest.mark.parametrize("table", ["scores", "values"])
def test_place_and_neighbour_do_not_matter(finished, beside_another, table):
    """Another seed or another variant beside it, before it or after it: the same bits."""
    lane = {"variant": "baseline", "utd": "1", "seed": 0}
    expected = lanes_of(finished[1], table, **lane)
    for folder in beside_another:
        np.testing.assert_array_equal(lanes_of(folder, table, **lane), expected)
    other = [lanes_of(folder, table, variant="reset-50-updates") for folder in beside_another]
    np.testing.assert_array_equal(*other)


def test_a_neighbour_that_resets_is_reset(beside_another):
    resets = [
        [row["resets"] for row in rows_of(folder, "values", variant="reset-50-updates")]
        for folder in beside_another
    ]
    assert resets[0] == resets[1] and resets[0][-1] == 3  # at 50, 100 and 150 of 190 updates
    assert {row["resets"] for row in rows_of(beside_another[0], "values", variant="baseline")} == {0}


@pytest.mark.slow
def test_another_number_of_lanes_changes_rounding_only(finished, tmp_path):
    folder = running.run(make(tmp_path / "run", utd="1", seeds=1)).folder
    lane = {"variant": "baseline", "utd": "1", "seed": 0}
    assert [row["update"] for row in rows_of(folder, "values", **lane)] == [
        row["update"] for row in rows_of(finished[1], "values", **lane)
    ]
    alone, beside = (rows_of(path, "values", **lane) for path in (folder, finished[1]))
    for column in (
        "q_replay_mean",
        "q_policy_mean",
        "q_random_mean",
        "td_loss",
        "grad_norm",
        "temperature",
        "q_bound",
    ):
        np.testing.assert_allclose(
            [row[column] for row in alone], [row[column] for row in beside], rtol=1e-3, atol=1e-4
        )
    first, expected = (lanes_of(path, "scores", **lane)[0] for path in (folder, finished[1]))
    np.testing.assert_allclose(first, expected, rtol=1e-3)


def test_a_rate_is_measured_and_nothing_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    group = make_groups(make("unused", utd="1", seeds=1), fused=False)[0]
    assert measure_rate(group, "host") > 0
    assert list(tmp_path.iterdir()) == []


def test_a_rate_is_measured_where_a_dataset_is_learned_from(tmp_path, monkeypatch):
    """Of a task that terminates too; the dataset itself is not needed."""
    monkeypatch.chdir(tmp_path)
    spec = RunSpec(tasks="hopper", dataset="somewhere", variants="td3", prime_updates=10, seeds=1,
                   sac=SACSettings(hidden=(16,), batch_size=8))
    assert measure_rate(make_groups(spec, fused=False)[0], "host") > 0
    assert list(tmp_path.iterdir()) == []
