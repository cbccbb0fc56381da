"""`divbench render` on a tiny run: the episode that is played, the files, what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from divbench import cli, envs
from divbench.cli.argument import read_request
from divbench.cli.table import EVERY
from divbench.envs.gl import NoOpenGL
from divbench.execute import run as running
from divbench.execute.rendering import film as rendering
from divbench.execute.rendering.request import choose_lane
from divbench.records.folder import read_card
from divbench.records.tables import read_rows
from divbench.spec.run_spec import RunSpec
from divbench.spec.settings import SACSettings

TASK = "pendulum-swingup"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    spec = RunSpec(suite="smoke", tasks=TASK, variants="baseline", seeds=2, steps=60, prime_samples=40, prime_updates=5,
                   eval_every=1000, eval_episodes=2, measure_every=1000, physics="host",
                   sac=SACSettings(hidden=(16,), batch_size=8), out=str(tmp_path_factory.mktemp("run") / "run"))
    result = running.run(spec)
    assert not result.failed
    return result.folder


def played(folder, **given):
    """The episode that a request plays; nothing is drawn."""
    request = read_request(EVERY["render"], {"run": str(folder), **given})
    card = read_card(folder)
    lane = choose_lane(RunSpec.from_settings(card["settings"]), request)
    return rendering._play(request, card, lane, tell=lambda line: None)[2]


def test_the_first_episodes_are_the_last_evaluation_s(folder):
    episodes = [played(folder, seed="1", episode=number) for number in ("0", "1")]
    assert [len(episode.rewards) for episode in episodes] == [1000, 1000]
    assert episodes[0].qpos.shape == (1001, 1) and not episodes[0].nonfinite
    row = [row for row in read_rows(folder)["scores"] if row["seed"] == 1][-1]
    returns = [episode.rewards.sum() for episode in episodes]
    np.testing.assert_allclose([min(returns), max(returns)], [row["return_min"], row["return_max"]], rtol=1e-3)
    assert (episodes[0].qpos[0] != episodes[1].qpos[0]).all()


def test_an_episode_stops_where_actions_are_no_numbers():
    env = envs.make(TASK, "host")
    first = env.start(jax.tree.map(lambda leaf: leaf[0], env.draw(np.zeros(1, np.uint64))))
    episode = rendering.play(env, lambda obs, step: jnp.full(1, jnp.where(step == 3, jnp.nan, 1.0)), first, 10)
    assert episode.nonfinite and len(episode.rewards) == 3 and episode.qpos.shape == (4, 1)
    assert np.isfinite(episode.qpos).all()


@pytest.mark.slow
def test_a_task_of_gymnasiums_ends_where_its_evaluation_does(tmp_path):
    """The episode of the last evaluation, played again, has the return that was recorded."""
    spec = RunSpec(suite="smoke", tasks="hopper", variants="baseline", seeds=1, steps=60, prime_samples=40,
                   prime_updates=5, eval_every=1000, eval_episodes=1, measure_every=1000, physics="host",
                   sac=SACSettings(hidden=(16,), batch_size=8), out=str(tmp_path / "run"))
    episode = played(running.run(spec).folder)
    (*_, row) = read_rows(tmp_path / "run")["scores"]
    assert episode.terminated and not episode.nonfinite and len(episode.rewards) < 1000
    np.testing.assert_allclose(episode.rewards.sum(), row["return_mean"], rtol=1e-3)


def test_a_film_of_a_lane(opengl, folder, capsys):
    words = ["render", str(folder), "--seed", "1", "--steps", "20", "--size", "64x48"]
    assert cli.main(words) == 0
    told = capsys.readouterr().out
    path = folder / "videos" / f"{TASK}_baseline_utd1_seed1.gif"
    expected = played(folder, seed="1", steps="20").rewards.sum()
    assert f"{TASK}/baseline/utd1/seed1 after 60 env steps" in told
    assert f"return   {expected:.1f} over 20 control steps\n" in told and f"{path}: 11 frames, 0.4 s" in told
    with Image.open(path) as film:
        assert film.size == (64, 48)
    before = path.read_bytes()
    assert cli.main(words) == 2
    assert "is there already" in capsys.readouterr().err and path.read_bytes() == before
    assert cli.main([*words, "--camera", "lookat", "--force"]) == 0
    assert path.read_bytes() != before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_film_says_that_the_task_ended(opengl, tmp_path, capsys):
    words = ["render", "--task", "hopper", "--size", "64x48", "--physics", "host", "--out", str(tmp_path / "x.gif")]
    assert cli.main(words) == 0
    assert "control steps, the last of which ended the task\n" in capsys.readouterr().out


@pytest.mark.parametrize("ending", ["png", "mp4"])
def test_random_actions_without_a_run(opengl, tmp_path, monkeypatch, capsys, ending):
    if ending == "mp4":
        pytest.importorskip("imageio_ffmpeg", reason="needs the extra 'video'")
    monkeypatch.chdir(tmp_path)
    words = ["render", "--task", "reacher-hard", "--steps", "30", "--size", "64x48", "--physics", "host"]
    assert cli.main([*words, "--out", f"new/film.{ending}"]) == 0
    told = capsys.readouterr().out
    assert "random actions: 30 control steps on physics 'host'" in told
    assert f"film.{ending}: {12 if ending == 'png' else 16} frames, 0.6 s" in told
    assert [str(path) for path in tmp_path.rglob("*.*")] == [str(tmp_path / "new" / f"film.{ending}")]


def refused(words, capsys):
    assert cli.main(["render", *words]) == 2
    told = capsys.readouterr()
    assert told.err.count("\n") == 1 and told.out == ""
    return told.err


def test_what_the_run_refuses(folder, capsys):
    assert "2 lanes fit; choose one by --seed 0|1" in refused([str(folder)], capsys)
    assert "unknown seed of this run '5'; known: 0, 1" in refused([str(folder), "--seed", "5"], capsys)
    assert "unknown variant of this run 'ofn'" in refused([str(folder), "--variant", "ofn"], capsys)


def test_without_opengl_nothing_is_written(folder, capsys, monkeypatch, tmp_path):
    def nothing_works():
        raise NoOpenGL("no OpenGL works here: tried egl")

    monkeypatch.setattr(rendering, "find_backend", nothing_works)
    monkeypatch.chdir(tmp_path)
    assert "render: no OpenGL works here" in refused(["--task", TASK], capsys)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_camera(opengl, folder, capsys):
    words = [str(folder), "--seed", "0", "--camera", "lokat"]
    assert f"unknown camera of {TASK} 'lokat'; did you mean 'lookat'? known: fixed, lookat" in refused(words, capsys)
