"""`divbench render`: plays one episode of a lane's deterministic policy, or of random actions, and films it.

Lives here: the order of the work, and playing. What was asked for: `request`; frames and files:
`divbench.envs.render` and `divbench.envs.video`.

MuJoCo is imported inside the functions: which OpenGL works is to be known before.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from divbench.envs.gl import NoOpenGL, find_backend
from divbench.envs.names import check_physics
from divbench.execute.rendering.request import RenderRequest, choose_lane, output_file, refuse_task
from divbench.learn.keys import Stream, draw_seed
from divbench.records.folder import read_card
from divbench.spec.errors import UsageError, choose, refusing
from divbench.spec.plan import Lane
from divbench.spec.run_spec import RunSpec

if TYPE_CHECKING:
    from divbench.envs.base import TaskEnvironment


@dataclasses.dataclass(frozen=True)
class Episode:
    """What was played, T control steps: `qpos` `[T + 1, nq]`, `rewards` `[T]`, `target` `[target_size]`.

    `nonfinite` says that the physics or the actions became infinite or not a number in the step after them;
    `terminated` that the last step ended the task.
    """

    qpos: np.ndarray
    rewards: np.ndarray
    target: np.ndarray
    nonfinite: bool
    terminated: bool


@dataclasses.dataclass(frozen=True)
class Film:
    """A film that was written.

    Attributes:
      path: the file.
      who: the lane's name and how long it had trained, or `random actions`.
      physics: what it was played on.
      steps, nonfinite, terminated: as in `Episode`.
      episode_return: undiscounted sum of the rewards of these steps.
      frames, seconds: number of frames drawn, and how much of the episode's time they cover.
    """

    path: Path
    who: str
    physics: str
    steps: int
    nonfinite: bool
    terminated: bool
    episode_return: float
    frames: int
    seconds: float


def render(request: RenderRequest, tell: Callable[[str], None] = print) -> Film:
    """Plays, draws and writes.

    Args:
      request: from `read_request`.
      tell: called with one line before the work begins.

    Raises:
      UsageError: no such run, lane, checkpoint or camera; a file that is there; nothing that can draw.
    """
    card, lane = None, None
    if request.run is not None:
        from divbench.execute.trained_policy import refuse_imported

        card = read_card(request.run, older=True)
        refuse_imported(card, request.run)
        lane = choose_lane(RunSpec.from_settings(card["settings"]), request)
        refuse_task(lane.task)
        with refusing("--physics"):
            check_physics(lane.task, request.physics or "auto")
    path = output_file(request, lane)
    task = request.task if lane is None else lane.task
    try:
        find_backend()
    except NoOpenGL as error:
        raise UsageError(f"render: {error}") from None
    from divbench.envs import render, video

    assert task is not None, "a lane or a task is named"
    with render.Renderer(task, *request.size) as renderer:
        if request.camera is not None:
            renderer.look_from(choose(f"camera of {task}", request.camera, renderer.cameras))
        env, who, episode = _play(request, card, lane, tell)
        every = render.frame_stride(env.control_timestep)
        shown = episode.qpos[::every]
        seconds = len(shown) * every * env.control_timestep
        if path.suffix.lower() == ".png":  # the others would be drawn in vain
            shown = shown[video.spread(len(shown), video.SHEET)]
        frames = renderer.frames(shown, episode.target)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        video.write(path, frames, every * env.control_timestep)
    except OSError as error:
        raise UsageError(f"--out: cannot write '{path}': {error.strerror or error}") from None
    return Film(path, who, env.physics, len(episode.rewards), episode.nonfinite, episode.terminated,
                float(episode.rewards.sum()), len(frames), seconds)


def _play(request: RenderRequest, card: dict | None, lane: Lane | None, tell: Any) -> Any:
    from divbench import envs
    from divbench.execute.trained_policy import load_policy, physics_of

    if lane is None:
        assert request.task is not None, "a task is named where no run is"
        env = envs.make(request.task, request.physics or "auto")
        root = jax.random.fold_in(jax.random.key(request.seed or 0), request.episode)
        first, who = jax.jit(env.reset)(root), "random actions"
        low, high = (jnp.asarray(bound, jnp.float32) for bound in (env.action_low, env.action_high))

        def act(obs, step):
            return jax.random.uniform(jax.random.fold_in(root, step), low.shape, minval=low, maxval=high)
    else:
        assert request.run is not None and card is not None, "a lane is of a run"
        policy = load_policy(request.run, lane.name)
        env = envs.make(lane.task, request.physics or physics_of(card, lane.task))
        # Where an evaluation at this point of the run begins.
        protocol = RunSpec.from_settings(card["settings"]).protocol(lane.utd)
        without = protocol.updates_without_acting(policy.env_step, policy.update)
        seed = draw_seed(policy.lane.key_words, Stream.EVALUATE, policy.env_step, without, request.episode)
        drawn = env.draw(np.asarray([seed], np.uint64))
        first = jax.jit(env.start)(jax.tree.map(lambda leaf: leaf[0], drawn))
        who = f"{lane.name} after {policy.env_step:,} env steps and {policy.update:,} updates"

        def act(obs, step):
            return policy(obs)

    steps = min(request.steps or env.episode_length, env.episode_length)
    tell(f"playing  {who}: {steps} control steps on physics '{env.physics}'")
    return env, who, play(env, act, first, steps)


def play(env: TaskEnvironment, act: Callable, first: Any, steps: int) -> Episode:
    """One episode from a state, up to where the task ends, or becomes infinite or not a number.

    Args:
      env: the environment.
      act: `(obs [O], step []) -> action [A]` within the task's bounds; jittable.
      first: the state it begins in.
      steps: control steps at most.
    """
    from divbench.envs.render import positions

    @jax.jit
    def advance(state, step):
        state = env.step(state, act(state.obs, step))
        return state, (state.info["nonfinite"] > 0) | (state.info["bad_action"] > 0)

    state, nonfinite, terminated = first, False, False
    qpos, rewards = [positions(env, first.data)], []
    for step in range(steps):
        state, nonfinite = advance(state, jnp.int32(step))
        if nonfinite:
            break
        qpos.append(positions(env, state.data))
        rewards.append(float(state.reward))
        terminated = bool(state.done > state.info["truncation"])
        if terminated:
            break
    return Episode(np.stack(qpos), np.asarray(rewards), np.asarray(first.info.get("target", ())), bool(nonfinite),
                   terminated)
