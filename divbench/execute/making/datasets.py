"""`divbench dataset make`: trains agents and keeps what they do as datasets.

Lives here: the order of the work, which policy is the medium one, and what a card says of who acted. Playing episodes
is in `collecting`, training in `run`, what was asked for in `divbench.execute.making.request`.

The levels are those of D4RL (Fu et al., 2020, arXiv:2004.07219). Its paper trains SAC online and stops early for
`medium`; how early is said on D4RL's pages, at about a third of the expert's performance. Here that is a third of the
way from the mean return of uniform actions to the best evaluation of the expert's run.
"""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from divbench import envs
from divbench.execute import device
from divbench.execute.making.collecting import Collector, uniform_actions
from divbench.execute.making.request import MakeRequest
from divbench.execute.progress import make_progress
from divbench.execute.run import run
from divbench.execute.signals import Interrupted, Signals
from divbench.execute.trained_policy import Policy, load_policy
from divbench.learn.replay.drawing import replay_of
from divbench.learn.rollout import action_center_and_scale
from divbench.records.checkpoint import CheckpointStore
from divbench.records.datasets.card import CARD
from divbench.records.datasets.columns import Advanced, check_extent, untold
from divbench.records.datasets.dataset import Dataset, open_dataset
from divbench.records.datasets.request import EXPERT, MEDIUM, MIXED, RANDOM, REPLAY
from divbench.records.datasets.writer import DatasetWriter
from divbench.records.dialects.outputs import refuse_existing
from divbench.records.folder import CHECKPOINT, GROUPS
from divbench.records.tables import read_rows
from divbench.spec.errors import UsageError
from divbench.spec.plan import Lane, make_groups
from divbench.spec.run_spec import RunSpec

RANDOM_EPISODES = 10  # whose mean return is that of uniform actions
REPLAY_BLOCK = 10_000  # transitions of a replay that are written at once


class TrainingFailed(Exception):
    """A run ended with an error; it says which."""


@dataclasses.dataclass(frozen=True)
class Made:
    """A dataset that was asked for; `kept` if it was there already."""

    dataset: Dataset
    kept: bool


@dataclasses.dataclass(frozen=True)
class FinishedRun:
    """A finished run of one lane: its specification, its table of scores, and its last policy."""

    spec: RunSpec
    scores: list[dict]
    policy: Policy

    def record(self, name: str) -> dict:
        """What a card says of the policy. The mean return is that of the deterministic policy, in the evaluation at
        the run's end."""
        last = self.scores[-1]
        return {"name": name, "algorithm": "sac", "run": self.spec.digest(), "env_step": last["env_step"],
                "update": last["update"], "return_mean": last["return_mean"]}


def make_datasets(request: MakeRequest, advanced: Advanced = untold) -> Iterator[Made]:
    """Make all datasets of a request, one after the other; what training they need comes first.

    Args:
      request: what is made. A dataset of the same request that is there already is kept.
      advanced: called with how far a dataset is.

    Raises:
      UsageError: a place that is taken, an agent that learned nothing or went non-finite, a damaged run; in one line.
        What was finished before stays.
      Interrupted: a signal came. The same request resumes the training. No half of a dataset is left.
      TrainingFailed: a run ended with an error.
    """
    device.prepare(RunSpec().precision)
    signals = Signals()
    makers = [_Maker(request, task, signals, advanced) for task in request.tasks]
    there = {(maker.task, level): maker.existing(level) for maker in makers for level in request.levels}
    for maker in makers:
        for level in request.levels:
            dataset = there[maker.task, level]
            yield Made(dataset or maker.make(level), dataset is not None)


def medium_evaluation(scores: list[dict], random_return: float) -> tuple[dict, dict]:
    """The first evaluation of a learned policy that is a third of the way from random to the best.

    Args:
      scores: rows of the table of scores, by env step.
      random_return: mean return of uniform actions.

    Returns:
      The row, and mean returns: what it had to reach at least, of uniform actions, and of the best evaluation.

    Raises:
      UsageError: no evaluation is as good as uniform actions.
    """
    learned = [row for row in scores if row["update"] > 0 and math.isfinite(row["return_mean"])]
    best = max((row["return_mean"] for row in learned), default=-math.inf)
    if best < random_return:
        raise UsageError(f"--steps: expected enough for the agent to be better than random actions, whose mean return "
                         f"is {random_return:.6g}; its best is {best:.6g}")
    least = random_return + (best - random_return) / 3
    found = next(row for row in learned if row["return_mean"] >= least)
    return found, {"return_least": least, "return_random": random_return, "return_best": best}


class _Maker:
    """Makes the datasets of one task; what several levels need, a run or a compiled policy, is made once."""

    def __init__(self, request: MakeRequest, task: str, signals: Signals, advanced: Advanced) -> None:
        self.task = task
        self._request, self._signals, self._advanced = request, signals, advanced
        self._env = envs.make(task, device.resolve_physics(task, request.physics))
        self._lane = _lane(request.run_spec(task))
        self._runs: dict[int, FinishedRun] = {}
        self._collectors: dict[int, Collector] = {}
        self._random_return: float | None = None

    def existing(self, level: str) -> Dataset | None:
        """The dataset of that level if it is there and of this request; None if the place is free.

        Raises:
          UsageError: the place is taken by something else, the dataset is damaged, or would become too large.
        """
        path = self._request.target(self.task, level)
        sizes = {"observation": self._env.observation_size, "action": self._env.action_size}
        check_extent(self._request.transitions, sizes, f"--transitions: {path}")
        if not (path / CARD).is_file():
            refuse_existing(path)
            return None
        dataset = open_dataset(path, self._advanced)
        card, digest = dataset.card, self._request.digest(self.task, level)
        same = [policy.get("request") == digest for policy in card["policies"]]
        if not same or not all(same) or card["parent"] or card["physics"] != self._env.physics:
            raise UsageError(f"--out: '{path}' is there already, was not made by this request and is not overwritten; "
                             f"choose another --out")
        return dataset

    def make(self, level: str) -> Dataset:
        """Train what is missing, play, and write the dataset of that level."""
        request = self._request
        self._signals.check()  # it may have come after the last look at it
        if level != RANDOM:
            self._expert()
        if level in (MEDIUM, REPLAY, MIXED):
            self._medium()
        with self._signals, DatasetWriter(request.target(self.task, level),
                                          observation_size=self._env.observation_size,
                                          action_size=self._env.action_size) as writer:
            policies = self._fill(writer, level)
            digest = request.digest(self.task, level)
            return writer.finish({"task": self.task, "physics": self._env.physics, "level": level,
                                  "policies": [policy | {"request": digest} for policy in policies],
                                  "seeds": [request.seed]}, self._told)

    def _fill(self, writer: DatasetWriter, level: str) -> list[dict]:
        """Write the transitions of a level; what the card says of who acted."""
        total = self._request.transitions
        if level == RANDOM:
            self._write_episodes(writer, self._random(), total)
            return [{"name": RANDOM, "actions": "uniform", "env_step": 0}]
        if level == EXPERT:
            self._write_episodes(writer, self._policy(self._expert()), total)
            return [self._expert().record(EXPERT)]
        medium, how = self._medium()
        if level == REPLAY:
            self._write_replay(writer, medium)
            return [medium.record(REPLAY) | {"random_steps": self._request.prime_samples} | how]
        if level == MEDIUM:
            self._write_episodes(writer, self._policy(medium), total)
            return [medium.record(MEDIUM) | how]
        self._write_episodes(writer, self._policy(medium), total // 2)
        writer.end_episode()
        self._write_episodes(writer, self._policy(self._expert()), total)
        return [medium.record(MEDIUM) | how, self._expert().record(EXPERT)]

    def _write_episodes(self, writer: DatasetWriter, collector: Collector, until: int) -> None:
        """Episodes until the dataset has `until` transitions; the last one is cut."""
        for rows in collector.episodes():
            left = until - writer.rows
            writer.append(**{name: column[:left] for name, column in rows.items()})
            self._told("playing", writer.rows, self._request.transitions)
            if writer.rows == until:
                return

    def _write_replay(self, writer: DatasetWriter, trained: FinishedRun) -> None:
        """All transitions that a run made, the first of them if there are more than were asked for."""
        loaded: Any = CheckpointStore(_group_folder(trained.spec) / CHECKPOINT).load()
        replay: Any = replay_of(self._env, trained.policy.structure)
        rows = np.pad(loaded.rows, ((0, 0), (0, 1), (0, 0)))
        replay.add_last_observation(rows, trained.spec.steps, loaded.tree["env.obs"])
        center, scale = action_center_and_scale(self._env)
        total = min(self._request.transitions, trained.spec.steps)
        for first in range(0, total, REPLAY_BLOCK):
            part = replay.stored(rows[0], first, min(first + REPLAY_BLOCK, total))
            writer.append(**part._replace(action=center + scale * part.action)._asdict())
            self._told("writing", writer.rows, total)

    def _random(self) -> Collector:
        return self._collector(0, uniform_actions(self._env))

    def _policy(self, trained: FinishedRun) -> Collector:
        return self._collector(trained.policy.env_step, trained.policy)

    def _collector(self, env_step: int, act: Callable) -> Collector:
        if env_step not in self._collectors:
            self._collectors[env_step] = Collector(self._env, self._lane, env_step, act, self._signals.check)
        return self._collectors[env_step]

    def _expert(self) -> FinishedRun:
        return self._run(self._request.steps)

    def _medium(self) -> tuple[FinishedRun, dict]:
        """The run that ends with the medium policy, and what a card says of how it was chosen."""
        expert = self._expert()
        if self._random_return is None:
            with self._signals:
                self._random_return = self._random().mean_return(RANDOM_EPISODES)
        row, returns = medium_evaluation(expert.scores, self._random_return)
        medium = self._run(row["env_step"])
        if medium.scores[-1]["return_mean"] != row["return_mean"]:
            print(f"{medium.spec.out}: the evaluation at its end is {medium.scores[-1]['return_mean']:.6g}, in the "
                  f"expert's run it was {row['return_mean']:.6g}; equal runs differ here", file=sys.stderr)
        return medium, {"chosen": returns | {"run": expert.spec.digest()}}

    def _run(self, steps: int) -> FinishedRun:
        """The finished run of the lane over so many env steps."""
        if steps not in self._runs:
            self._runs[steps] = _trained(self._request.run_spec(self.task, steps))
        return self._runs[steps]

    def _told(self, doing: str, done: int, total: int) -> None:
        self._signals.check()
        self._advanced(doing, done, total)


def _trained(spec: RunSpec) -> FinishedRun:
    """Train a run to its end, or resume it; one that is finished is read alone."""
    try:
        with make_progress(spec, sys.stderr) as progress:
            result = run(spec, progress=progress, check=False)
    except UsageError as error:
        hint = f"remove '{spec.out}' to start over"
        text = str(error).replace("choose another --out, or --force to start over", hint)
        raise UsageError(text.replace("--force starts over", hint)) from None
    if result.other_keys:
        raise UsageError(f"{result.other_keys.partition('; choose')[0]}; remove '{spec.out}' to start over")
    if result.interrupted:
        raise Interrupted(result.signal)
    if result.failed:
        raise TrainingFailed(str(result.failed[0]))
    rows = read_rows(spec.folder)
    exploded = [row for row in rows["values"] if row["nonfinite"]]
    if exploded:
        raise UsageError(f"{spec.out}: the agent went non-finite by env step {exploded[0]['env_step']:,}; choose "
                         f"another --seed")
    return FinishedRun(spec, rows["scores"], load_policy(spec.folder, _lane(spec).name))


def _lane(spec: RunSpec) -> Lane:
    return make_groups(spec, fused=False)[0].lanes[0]


def _group_folder(spec: RunSpec) -> Path:
    """The folder of the run's only group."""
    return Path(spec.folder) / GROUPS / make_groups(spec, fused=False)[0].name
