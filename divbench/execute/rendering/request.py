"""What `divbench render` was asked for: reads and refuses, picks the lane and names the file. Draws nothing."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import re
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

from divbench.envs.names import ALL_TASKS, MODELLED, check_physics
from divbench.spec.errors import UsageError, choose, refusing
from divbench.spec.naming import find_variant
from divbench.spec.plan import Lane, make_groups
from divbench.spec.run_spec import RunSpec

VIDEOS = "videos"  # the folder's name in a run
WITHOUT_RUN = "results/runs/videos"
ENDINGS = (".gif", ".mp4", ".png")
_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")
_SMALLEST, _LARGEST = 16, 4096  # pixels


@dataclasses.dataclass(frozen=True)
class RenderRequest:
    """An episode to be shown: whose, on which physics, from where, and into which file.

    Attributes:
      run: the run folder, or None for random actions.
      task, variant, utd, seed: of the lane; None where the run may decide. Without a run, the task is given and the
        seed is that of the random actions.
      physics: None for the run's own; without a run, `auto`.
      steps: control steps to be shown at most, or None for the whole episode.
      episode: number of the start state.
      camera: a camera of the task's model, or None for the one that shows the task best.
      size: width and height of a frame, in pixels.
      out: the file, or None for a name made of the lane's.
      force: replace a file that is there.
    """

    run: str | None = None
    task: str | None = None
    variant: str | None = None
    utd: Fraction | None = None
    seed: int | None = None
    physics: str | None = None
    steps: int | None = None
    episode: int = 0
    camera: str | None = None
    size: tuple[int, int] = (320, 240)
    out: str | None = None
    force: bool = False

    @property
    def folder(self) -> str:
        """Where the file goes."""
        if self.out:
            return str(Path(self.out).parent)
        return str(Path(self.run) / VIDEOS) if self.run else WITHOUT_RUN


def make_request(**fields: Any) -> RenderRequest:
    """The request of these fields.

    Raises:
      UsageError: an unknown name, flags that do not go together, a file of another kind or one whose kind needs a
        package that is not installed, or one that is there already.
    """
    request = RenderRequest(**fields)
    if request.task is not None:
        refuse_task(request.task)
    if request.run is None:
        _refuse_without_run(request)
    elif not Path(request.run).exists() and request.run in ALL_TASKS:
        raise UsageError(f"render: expected a run folder, found a task; --task {request.run} shows it without a run")
    if request.out is not None:
        _refuse_file(request)
    return request


def refuse_task(task: str) -> None:
    """Raises a `UsageError` unless there is such a task, and it has a model."""
    if choose("task", task, ALL_TASKS) not in MODELLED:
        raise UsageError(f"render: task '{task}' has no model to draw")


def read_size(text: str, what: str) -> tuple[int, int]:
    """Width and height of a frame from `320x240`; anything else is a `UsageError`."""
    found = _SIZE.fullmatch(text.strip())
    size = (int(found[1]), int(found[2])) if found else (0, 0)
    if not all(_SMALLEST <= side <= _LARGEST for side in size):
        raise UsageError(f"{what}: expected WIDTHxHEIGHT such as 320x240, each side from {_SMALLEST} to {_LARGEST} "
                         f"pixels, found '{text}'")
    return size


def _refuse_without_run(request: RenderRequest) -> None:
    if request.task is None:
        raise UsageError("render: expected a run folder, or --task for random actions, found neither")
    for key in ("variant", "utd"):
        if getattr(request, key) is not None:
            raise UsageError(f"--{key}: names a lane of a run; give the run folder too")
    with refusing("--physics"):
        check_physics(request.task, request.physics or "auto")


def _refuse_file(request: RenderRequest) -> None:
    path = Path(request.out or "")
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise UsageError(f"--out: expected a file that ends in {', '.join(ENDINGS)}, found '{request.out}'")
    if ending == ".mp4":
        if importlib.util.find_spec("imageio_ffmpeg") is None:
            raise UsageError("--out: MP4 needs the extra 'video': pip install 'divbench[video]'")
        if any(side % 2 for side in request.size):
            raise UsageError(f"--size: MP4 takes even sides only, found '{'x'.join(map(str, request.size))}'")
    refuse_existing(path, request.force)


def refuse_existing(path: Path, force: bool) -> None:
    """Raises a `UsageError` if there is something at `path` that may not be replaced."""
    if path.is_dir():
        raise UsageError(f"--out: expected a file, found that '{path}' is a folder")
    if path.exists() and not force:
        raise UsageError(f"--out: '{path}' is there already; choose another --out, or --force to replace it")


def choose_lane(spec: RunSpec, request: RenderRequest) -> Lane:
    """The lane of a run that fits the request.

    Raises:
      UsageError: none fits, or several do; it names what there is to choose from.
    """
    lanes = [lane for group in make_groups(spec, fused=True) for lane in group.lanes]
    ways = {"task": lambda lane: lane.task, "variant": lambda lane: lane.variant.name,
            "utd": lambda lane: str(lane.utd), "seed": lambda lane: str(lane.seed)}
    for key, of in ways.items():
        if getattr(request, key) is not None:
            there = _distinct(map(of, lanes))
            asked = str(getattr(request, key))
            if key == "variant" and asked not in there:
                with contextlib.suppress(UsageError):  # another spelling, such as wd=0.01; else it is refused below
                    asked = find_variant(asked).name
            wanted = choose(f"{key} of this run", asked, there)
            lanes = [lane for lane in lanes if of(lane) == wanted]
    if len(lanes) > 1:
        choices = [f"--{key} {'|'.join(_distinct(map(of, lanes)))}" for key, of in ways.items()
                   if len(_distinct(map(of, lanes))) > 1]
        raise UsageError(f"render: {len(lanes)} lanes fit; choose one by {' and '.join(choices)}")
    return lanes[0]


def _distinct(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def output_file(request: RenderRequest, lane: Lane | None) -> Path:
    """The file to be written.

    Raises:
      UsageError: it is there already and may not be replaced.
    """
    who = [request.task or "", "random", f"seed{request.seed or 0}"]
    if lane is not None:
        who = [lane.task, lane.variant.name, f"utd{lane.utd}".replace("/", "-"), f"seed{lane.seed}"]
    if request.episode:
        who.append(f"episode{request.episode}")
    path = Path(request.out or Path(request.folder) / f"{'_'.join(who)}.gif")
    refuse_existing(path, request.force)
    return path
