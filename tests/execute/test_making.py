"""Datasets of divbench's own agents: who acted, what follows what, and the same again for the same request."""

import itertools
import json
import signal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divbench import cli, envs
from divbench.envs.toys import ConstantReward
from divbench.execute import device
from divbench.execute.failures import Failure
from divbench.execute.making import datasets as making
from divbench.execute.making.collecting import SIDE_BY_SIDE, Collector, uniform_actions
from divbench.execute.making.datasets import make_datasets, medium_evaluation
from divbench.execute.making.request import MakeRequest
from divbench.execute.run import RunResult, run
from divbench.execute.signals import Interrupted
from divbench.records.checkpoint import CheckpointStore
from divbench.records.datasets.request import LEVELS
from divbench.records.datasets.subset import subset
from divbench.spec.errors import UsageError
from divbench.spec.plan import make_groups
from divbench.spec.run_spec import RunSpec
from divbench.spec.settings import SACSettings

TASK, LENGTH = "constant-reward", 10
SMALL = SACSettings(hidden=(16, 16), batch_size=16)
TRANSITIONS, STEPS, MEDIUM_STEPS, RANDOM_STEPS = 250, 300, 150, 100


def request_in(folder, **changes):
    """All evaluations of the toy task return 10, so its medium policy is that of the first after an update."""
    fields = {"transitions": TRANSITIONS, "steps": STEPS, "eval_every": 50, "prime_samples": RANDOM_STEPS, "sac": SMALL,
              "out": str(folder)} | changes
    return MakeRequest((TASK,), **fields)


def make(request, *told):
    """What a request makes, by level, and which of it was there already."""
    made = list(make_datasets(request, *told))
    return dict(zip(request.levels, (one.dataset for one in made), strict=True)), [one.kept for one in made]


def tree(folder):
    return {str(path): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def rows_of(dataset, first=0, last=None):
    return {name: np.array(column[first:last]) for name, column in dataset.transitions().items() if name != "episode"}


def assert_same(one, other):
    for name, column in one.items():
        np.testing.assert_array_equal(column, other[name], err_msg=name)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("sets")


@pytest.fixture(scope="module")
def made(place):
    """All five levels of the toy task."""
    datasets, kept = make(request_in(place))
    assert not any(kept)
    return datasets


@pytest.mark.parametrize("level", LEVELS)
def test_transitions_chain_and_the_time_limit_is_no_end(made, level):
    dataset = made[level]
    columns, episode = rows_of(dataset), dataset.transitions()["episode"]
    count = MEDIUM_STEPS if level == "medium-replay" else TRANSITIONS
    assert dataset.card["level"] == level and len(dataset) == count
    inside = episode[1:] == episode[:-1]
    np.testing.assert_array_equal(columns["next_obs"][:-1][inside], columns["obs"][1:][inside])
    angle = np.arctan2(columns["obs"][:, 1], columns["obs"][:, 0])
    ahead = np.arctan2(columns["next_obs"][:, 1], columns["next_obs"][:, 0])
    np.testing.assert_allclose((ahead - angle) % (2 * np.pi), 0.3, atol=1e-5)  # across an episode's end too
    assert not columns["terminal"].any() and np.all(columns["reward"] == 1.0)
    lengths = np.bincount(episode)
    halves = {"medium-expert": [LENGTH] * 12 + [5] + [LENGTH] * 12 + [5]}
    assert list(lengths) == halves.get(level, [LENGTH] * (count // LENGTH))
    ends = np.flatnonzero(np.append(~inside, level != "medium-expert"))
    cut = {124} if level == "medium-expert" else set()
    assert set(np.flatnonzero(columns["truncated"])) == set(ends) - cut
    assert np.abs(columns["action"]).max() <= 1.0 and columns["action"].std() > 0.05


def test_episodes_of_all_levels_begin_alike_and_go_on_by_who_acts(made):
    random, medium, expert = (rows_of(made[level]) for level in ("random", "medium", "expert"))
    np.testing.assert_array_equal(random["obs"], expert["obs"])  # the toy's observation moves whatever is done
    for one, other in itertools.combinations((random, medium, expert), 2):
        assert np.abs(one["action"] - other["action"]).max() > 0.1
    assert abs(np.abs(random["action"]).mean() - 0.5) < 0.1
    assert len(np.unique(random["obs"][::LENGTH], axis=0)) == TRANSITIONS // LENGTH


def test_half_is_medium_and_half_is_expert(made):
    half = TRANSITIONS // 2
    for first, level in ((0, "medium"), (half, "expert")):
        own = rows_of(made[level], 0, half)
        assert_same(own, rows_of(made["medium-expert"], first, first + half))


@pytest.mark.bits
def test_the_replay_is_what_the_expert_had_seen_by_then(made, place):
    """The medium policy comes of a second, shorter run of the same lane; it saw and did the same, to the last bit."""
    spec = request_in(place).run_spec(TASK)
    name = make_groups(spec, fused=False)[0].name
    rows = CheckpointStore(Path(spec.out) / "groups" / name / "checkpoint").load().rows[0]
    taken = rows[[t + t // LENGTH for t in range(MEDIUM_STEPS)]]
    replay = rows_of(made["medium-replay"])
    for name, columns in (("obs", slice(0, 2)), ("action", slice(2, 3))):
        np.testing.assert_array_equal(replay[name], taken[:, columns])
    learned = replay["action"][RANDOM_STEPS:, 0]
    assert len(np.unique(learned)) == MEDIUM_STEPS - RANDOM_STEPS


def test_cards_say_who_acted(made, place):
    request = request_in(place)
    runs = [request.run_spec(TASK, steps).digest() for steps in (STEPS, MEDIUM_STEPS)]
    for level, dataset in made.items():
        card = dataset.card
        assert (card["task"], card["physics"], card["seeds"]) == (TASK, "toy", [0])
        assert {policy["request"] for policy in card["policies"]} == {request.digest(TASK, level)}
    chosen = {"return_least": 10.0, "return_random": 10.0, "return_best": 10.0, "run": runs[0]}
    medium = {"algorithm": "sac", "run": runs[1], "env_step": MEDIUM_STEPS, "update": MEDIUM_STEPS - RANDOM_STEPS,
              "return_mean": 10.0}
    expert = medium | {"run": runs[0], "env_step": STEPS, "update": STEPS - RANDOM_STEPS, "name": "expert"}
    expected = {"random": [{"name": "random", "actions": "uniform", "env_step": 0}], "expert": [expert],
                "medium": [medium | {"name": "medium", "chosen": chosen}],
                "medium-replay": [medium | {"name": "medium-replay", "random_steps": RANDOM_STEPS, "chosen": chosen}]}
    expected["medium-expert"] = expected["medium"] + [expert]
    for level, policies in expected.items():
        found = [{key: value for key, value in policy.items() if key != "request"}
                 for policy in made[level].card["policies"]]
        assert found == policies


@pytest.mark.bits
def test_equal_requests_make_equal_bytes_and_other_seeds_others(made, tmp_path):
    again, _ = make(request_in(tmp_path / "again", levels=tuple(reversed(LEVELS))))
    for level, dataset in made.items():
        assert {path.name: path.read_bytes() for path in dataset.path.iterdir()} == {
            path.name: path.read_bytes() for path in again[level].path.iterdir()}
    other, _ = make(request_in(tmp_path / "other", seed=1, levels=("random", "expert")))
    assert all(other[level].checksum != made[level].checksum for level in other)


def test_what_is_there_is_kept_or_refused(made, place, tmp_path):
    before = tree(place)
    again, kept = make(request_in(place))
    assert all(kept) and {level: dataset.checksum for level, dataset in again.items()} == {
        level: dataset.checksum for level, dataset in made.items()}
    for changes in ({"seed": 1}, {"transitions": 100}, {"steps": 400}, {"sac": SACSettings(hidden=(8,))}):
        with pytest.raises(UsageError, match="medium' is there already, was not made by this request"):
            make(request_in(place, levels=("medium",), **changes))
    assert tree(place) == before
    subset(made["expert"], Fraction(1, 2), 0, out=tmp_path / f"{TASK}-expert")
    with pytest.raises(UsageError, match="was not made by this request"):
        make(request_in(tmp_path, levels=("random", "expert")))
    assert [path.name for path in tmp_path.iterdir()] == [f"{TASK}-expert"]


def test_more_steps_change_nothing_for_random_actions(made, place):
    assert request_in(place).digest(TASK, "random") == request_in(place, steps=999).digest(TASK, "random")
    assert request_in(place).digest(TASK, "expert") != request_in(place, steps=999).digest(TASK, "expert")


def test_a_run_learns_from_a_made_dataset(made, tmp_path):
    spec = RunSpec(tasks=(TASK,), variants=("td3",), seeds=1, dataset=str(made["medium-expert"].path),
                   prime_updates=40, eval_every=40, measure_every=40, eval_episodes=1, sac=SMALL, out=str(tmp_path))
    assert not run(spec).failed
    card = json.loads((tmp_path / "card.json").read_text())
    assert card["dataset"]["checksum"] == made["medium-expert"].checksum and card["finished"]


def scores_of(returns):
    return [{"env_step": 10 * place, "update": max(0, 10 * place - 20), "return_mean": value}
            for place, value in enumerate(returns)]


def test_medium_is_a_third_of_the_way():
    row, returns = medium_evaluation(scores_of([99.0, 99.0, 99.0, 20.0, 41.0, 39.0, 100.0, 60.0]), 10.0)
    assert row["env_step"] == 40 and returns == {"return_least": 40.0, "return_random": 10.0, "return_best": 100.0}


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=4, max_size=12), st.floats(-1e6, 1e6))
def test_medium_is_the_first_that_is_good_enough(returns, random_return):
    scores = scores_of(returns)
    best = max(returns[3:])  # the others were evaluated before any update
    if best < random_return:
        with pytest.raises(UsageError, match="--steps: expected enough for the agent to be better than random"):
            medium_evaluation(scores, random_return)
        return
    row, found = medium_evaluation(scores, random_return)
    assert random_return <= found["return_least"] <= best == found["return_best"]
    earlier = [other["return_mean"] for other in scores[3:] if other["env_step"] < row["env_step"]]
    assert row["update"] > 0 and row["return_mean"] >= found["return_least"] > max(earlier, default=-np.inf)


def test_falling_ends_an_episode_and_the_next_begins(tmp_path):
    """gymnasium's hopper under random actions: it falls within a few steps, and never meets the time limit."""
    request = MakeRequest(("hopper",), ("random",), transitions=600, physics="host", out=str(tmp_path))
    dataset = make(request)[0]["random"]
    columns, episode = rows_of(dataset), np.asarray(dataset.transitions()["episode"])
    inside = episode[1:] == episode[:-1]
    np.testing.assert_array_equal(columns["next_obs"][:-1][inside], columns["obs"][1:][inside])
    assert np.all(columns["terminal"][:-1] == ~inside) and not columns["truncated"].any()
    assert dataset.card["counts"]["finished_episodes"] >= SIDE_BY_SIDE > 1  # more than one round side by side
    height, pitch = columns["next_obs"][:, 0], columns["next_obs"][:, 1]
    healthy = (height > 0.7) & (np.abs(pitch) < 0.2)  # as gymnasium's Hopper-v4 has it
    assert np.all(columns["terminal"] == ~healthy)


def test_random_actions_fill_the_task_s_own_bounds():
    device.prepare("highest")
    env = ConstantReward()
    env.action_low, env.action_high = np.asarray([2.0]), np.asarray([6.0])
    lane = make_groups(request_in("unused").run_spec(TASK), fused=False)[0].lanes[0]
    collector = Collector(env, lane, 0, uniform_actions(env), lambda: None)
    actions = np.concatenate([rows["action"] for rows in itertools.islice(collector.episodes(), 2 * SIDE_BY_SIDE)])
    assert 2.0 <= actions.min() < 2.1 and 5.9 < actions.max() < 6.0 and abs(actions.mean() - 4.0) < 0.2


def test_a_policy_that_is_no_number_is_refused():
    env = envs.make(TASK)
    lane = make_groups(request_in("unused").run_spec(TASK), fused=False)[0].lanes[0]
    collector = Collector(env, lane, 0, lambda obs, key: obs[:1] * np.nan, lambda: None)
    with pytest.raises(UsageError, match="constant-reward: physics or policy went non-finite in episode 0"):
        next(collector.episodes())


def test_interrupted_while_playing_nothing_is_left_and_the_same_request_goes_on(made, tmp_path):
    def interrupt(doing, done, total):
        if doing == "playing" and done > TRANSITIONS // 2:
            signal.raise_signal(signal.SIGTERM)

    request = request_in(tmp_path / "sets", levels=("random",))
    with pytest.raises(Interrupted) as heard:
        make(request, interrupt)
    assert heard.value.args == (signal.SIGTERM,) and not list(tmp_path.iterdir())
    assert make(request)[0]["random"].checksum == made["random"].checksum


WORDS = ["dataset", "make", "--tasks", TASK, "--levels", "expert", "--steps", "300", "--prime-samples", "100", "--out",
         "sets"]


@pytest.mark.parametrize(("result", "code", "said"), [
    ({"interrupted": True, "signal": 2}, 130, "divbench: interrupted; the same command resumes the training\n"),
    ({"failed": (Failure("group", "MemoryError: none", "", ""),)}, 1, "divbench: failed: group: MemoryError: none\n"),
])
def test_training_that_does_not_end_is_told(result, code, said, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(making, "run", lambda spec, progress, check: RunResult(Path(spec.out), **result))
    assert cli.main(WORDS) == code
    assert capsys.readouterr() == ("", said) and not list(tmp_path.iterdir())


def test_the_command_makes_and_keeps(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["dataset", "make", "--tasks", TASK, "--levels", "random", "--transitions", "50", "--out", "sets"]
    assert cli.main(words) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"dataset      sets/{TASK}-random\n") and "transitions  50, of them 0 terminal" in told
    assert cli.main(words) == 0
    assert capsys.readouterr().out == f"kept         it was there already, made by the same request\n{told}"
    assert cli.main([*words, "--seed", "1"]) == 2
    assert "is there already, was not made by this request and is not overwritten" in capsys.readouterr().err
