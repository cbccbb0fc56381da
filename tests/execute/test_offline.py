"""Runs on a dataset: the same loop, without an env step."""

import json

import numpy as np
import pytest

import divbench
from divbench.envs.toys import ConstantReward
from divbench.execute.offline import NormalisedTask, read_offline
from divbench.execute.run import run
from divbench.records.datasets.subset import draw
from divbench.records.datasets.writer import DatasetWriter
from divbench.records.tables import read_rows
from divbench.spec.errors import UsageError
from divbench.spec.run_spec import RunSpec
from divbench.spec.settings import SACSettings
from divbench.spec.text import parse_fraction

SMALL = SACSettings(hidden=(16, 16), batch_size=16, gamma=0.5, critic_lr=3e-3, tau=0.05)
EPISODES, LENGTH = 20, 10


def write_dataset(folder, *, observation_size=2, scale=1.0):
    """Episodes on a circle of radius `scale`, with random actions and a reward of 1."""
    chance = np.random.default_rng(0)
    described = {"task": "constant-reward", "physics": "toy", "policies": [{"name": "random"}], "seeds": [0],
                 "level": "random"}
    with DatasetWriter(folder, observation_size=observation_size, action_size=1) as writer:
        for _ in range(EPISODES):
            angles = chance.uniform(0, 2 * np.pi) + 0.3 * np.arange(LENGTH + 1)
            circle = scale * np.stack([np.cos(angles), np.sin(angles)], 1)[:, :observation_size].astype(np.float32)
            writer.append(obs=circle[:-1], action=chance.uniform(-1, 1, (LENGTH, 1)).astype(np.float32),
                          reward=np.ones(LENGTH, np.float32), next_obs=circle[1:],
                          terminal=np.zeros(LENGTH, bool), truncated=np.arange(LENGTH) == LENGTH - 1)
        writer.finish(described)
    return str(folder)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp("sets") / "circle", scale=50.0)


def make_spec(dataset, out, **fields):
    fields = {"variants": ("td3",), "seeds": 1, "prime_updates": 30, "eval_every": 30, "measure_every": 30,
              "eval_episodes": 1, "sac": SMALL} | fields
    return RunSpec(suite="smoke", tasks=("constant-reward",), dataset=dataset, out=str(out), **fields)


@pytest.fixture(scope="module")
def finished(dataset, tmp_path_factory):
    """A finished offline run of a dataset whose observations are far from 1."""
    out = tmp_path_factory.mktemp("runs") / "offline"
    spec = make_spec(dataset, out, variants=("td3", "data_fraction=0.1"), prime_updates=1_500, eval_every=500,
                     measure_every=500)
    assert not run(spec).failed
    return out


def test_rows_are_normalised_permuted_and_complete(dataset):
    data = read_offline(dataset, "constant-reward", "toy")
    assert data.rows.shape == (1, EPISODES * LENGTH, 2 * 2 + 2 * 1 + 3)
    obs, action = data.rows[0, :, :2], data.rows[0, :, 2]
    np.testing.assert_allclose(obs.mean(0), 0.0, atol=1e-5)
    np.testing.assert_allclose(obs.std(0), 1.0, rtol=1e-3)
    stored = divbench.execute.offline.open_dataset(dataset).transitions()
    share = draw(len(data), parse_fraction("10%"), 0)
    assert sorted(action[:len(share)]) == sorted(np.asarray(stored["action"])[share, 0])
    taken, next_action = data.rows[0, :, -1], data.rows[0, :, -2]
    assert taken.sum() == EPISODES * (LENGTH - 1) and np.all(next_action[taken == 0] == action[taken == 0])


def test_nobody_acts_and_everything_is_on_time(finished):
    rows = read_rows(finished)
    assert {row["env_step"] for row in rows["scores"]} == {0}
    assert sorted({row["update"] for row in rows["scores"]}) == [0, 500, 1_000, 1_500]
    assert sorted({row["update"] for row in rows["values"]}) == [0, 500, 1_000, 1_500]
    assert {row["variant"] for row in rows["values"]} == {"td3", "data_fraction=0.1"}
    assert {row["phase"] for row in rows["timing"]} == {"offline"}


def test_q_is_what_the_data_say(finished):
    """A reward of 1 is worth 2 at a discount of one half; TD3 has no entropy to add."""
    last = [row for row in read_rows(finished)["values"] if row["update"] == 1_500 and row["variant"] == "td3"]
    assert last[0]["q_replay_mean"] == pytest.approx(2.0, rel=0.05) and last[0]["q_bound"] == pytest.approx(2.0)
    assert last[0]["mc_return_mean"] == pytest.approx(2.0, rel=0.1)  # played in the task, seen as the dataset is


def test_the_reward_that_is_learned_from_is_data_of_a_lane(dataset, tmp_path):
    """2 * 1 - 0.5 at every step: Q, its bound and the Monte-Carlo return are in that unit, scores in the task's."""
    shaped = "td3+reward_scale=2+reward_shift=-0.5"
    spec = make_spec(dataset, tmp_path / "shaped", variants=("td3", shaped), prime_updates=1_500, eval_every=1_500,
                     measure_every=1_500)
    assert not run(spec).failed
    rows = read_rows(spec.out)
    for variant, worth, least in (("td3", 2.0, 0.0), (shaped, 3.0, -1.0)):  # the task says 0 to 1
        (last,) = (row for row in rows["values"] if (row["variant"], row["update"]) == (variant, 1_500))
        assert last["q_replay_mean"] == pytest.approx(worth, rel=0.05)
        assert (last["q_bound"], last["q_bound_low"]) == pytest.approx((worth, least))
        assert last["mc_return_mean"] == pytest.approx(worth, rel=0.01) and last["reward_excess"] == 0.0
    returns = {row["variant"]: row["return_mean"] for row in rows["scores"] if row["update"] == 1_500}
    assert returns["td3"] == returns[shaped] == ConstantReward().episode_length


def test_the_card_names_the_dataset_and_the_policy_acts_as_trained(finished, dataset):
    card = json.loads((finished / "card.json").read_text())
    data = read_offline(dataset, "constant-reward", "toy")
    assert card["dataset"]["checksum"] == data.checksum == card["settings"]["dataset_checksum"]
    policy = divbench.load_policy(finished, "constant-reward/td3/utd1/seed0")
    assert np.all(np.isfinite(policy(np.asarray([50.0, 0.0]))))
    np.testing.assert_allclose(policy.mean, data.mean)


def test_a_run_goes_on_with_the_same_dataset_only(finished, dataset, tmp_path):
    spec = make_spec(dataset, finished, variants=("td3", "data_fraction=0.1"), prime_updates=1_500, eval_every=500,
                     measure_every=500)
    assert run(spec).already_finished
    other = write_dataset(tmp_path / "other", scale=2.0)
    (tmp_path / "link").symlink_to(dataset)
    linked = make_spec(str(tmp_path / "link"), tmp_path / "run")
    run(linked)
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to(other)
    with pytest.raises(UsageError, match="dataset_checksum"):
        run(linked)


@pytest.mark.bits
def test_where_chunks_and_checkpoints_lie_changes_nothing(dataset, tmp_path, monkeypatch):
    from divbench.execute import loop

    fields = {"variants": ("td3", "baseline"), "prime_updates": 60, "eval_every": 40, "measure_every": 25}
    whole = make_spec(dataset, tmp_path / "whole", **fields)
    run(whole)
    cut = make_spec(dataset, tmp_path / "cut", **fields)
    monkeypatch.setattr(loop, "CHUNK_SECONDS", 1e-4)
    monkeypatch.setattr(loop, "FIRST_CHUNK", 7)
    run(cut, checkpoint_seconds=0.0)
    for table in ("scores", "values"):
        assert (tmp_path / "whole/tables" / f"{table}.csv").read_bytes() == (
            tmp_path / "cut/tables" / f"{table}.csv").read_bytes()


def test_the_task_is_seen_as_the_data_are(dataset):
    data, env = read_offline(dataset, "constant-reward", "toy"), ConstantReward(5)
    seen = NormalisedTask(env, data)
    plain, normal = env.start(0.5), seen.start(0.5)
    np.testing.assert_allclose(normal.obs, (plain.obs - data.mean) / data.deviation, rtol=1e-6)
    after = seen.step(normal, np.zeros(1))
    np.testing.assert_allclose(after.obs, (env.step(plain, np.zeros(1)).obs - data.mean) / data.deviation, rtol=1e-6)
    assert seen.episode_length == 5 and float(after.reward) == 1.0


@pytest.mark.parametrize(("fields", "message"), [
    ({"steps": 1_000}, "--steps: a run on a dataset makes no env steps, found '1000'"),
    ({"prime_samples": 10}, "--prime-samples: a run on a dataset makes no env steps"),
    ({"utd": 8}, "--utd: a run on a dataset makes no env steps to count updates by, found '8'"),
    ({"prime_updates": 0}, "--prime-updates: expected at least 1 update on the dataset"),
    ({"variants": ("reset-200k",)}, "variant 'reset-200k': its reset counts env steps"),
])
def test_what_an_offline_run_cannot_have(fields, message):
    with pytest.raises(UsageError, match=message):
        make_spec("somewhere", "out", **fields)


def test_one_task_and_its_own_dataset(dataset, tmp_path):
    with pytest.raises(UsageError, match="--tasks: a dataset is of one task, name it; found 3 tasks"):
        RunSpec(suite="smoke", dataset=dataset)
    with pytest.raises(UsageError, match=f"--tasks: dataset {dataset} is of 'constant-reward', found 'cheetah-run'"):
        read_offline(dataset, "cheetah-run", "host")
    narrow = write_dataset(tmp_path / "narrow", observation_size=1)
    with pytest.raises(UsageError, match="observations of 2 and actions of 1 numbers, found 1 and 1"):
        read_offline(narrow, "constant-reward", "toy")
