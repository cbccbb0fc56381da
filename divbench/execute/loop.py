"""Training one group to its end: chunk after chunk, and at each stop what is due there.

At a stop: evaluate, measure, reset, journal, checkpoint. A signal is handled between chunks and between blocks of an
evaluation; what is due at that stop is then left for the process that continues. Results depend on none of this.
"""

from __future__ import annotations

import contextlib
import math
import time
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from divbench.execute.checkpointing import Checkpointer
from divbench.execute.measuring import (
    Evaluator,
    diagnostic_rows,
    lane_columns,
    measure,
    score_rows,
    value_rows,
)
from divbench.execute.programs import Program
from divbench.execute.schedule import Due, Position, Schedule
from divbench.execute.signals import Interrupted, Signals
from divbench.execute.stability import remember
from divbench.learn.agents.coefficients import coefficients
from divbench.learn.keys import Stream, draw_seed, lane_keys
from divbench.learn.trainer import Control, TrainState
from divbench.spec.plan import Group
from divbench.spec.run_spec import RunSpec
from divbench.spec.variants import RESET_UNITS

if TYPE_CHECKING:
    from divbench.execute.progress import Progress
    from divbench.records.folder import GroupFolder

CHUNK_SECONDS = 5.0  # of training between two looks at whether a signal came
FIRST_CHUNK = 50  # updates (or env steps) of a phase's first chunk, before its pace is known


class GroupLoop:
    """The host side of one group's training. Make one, then call `run`.

    Args:
      group, program: what is trained.
      spec: the run.
      physics: `mjx`, `host` or `warp`.
      folder: the group's folder (`divbench.records.folder.GroupFolder`).
      progress: the observer (`divbench.execute.progress.Progress`).
      signals: what tells of Ctrl-C and SIGTERM.
      checkpoint_seconds: wall-clock seconds between checkpoints.
      data: what an offline run learns from (`divbench.execute.offline.OfflineData`).
    """

    def __init__(self, group: Group, program: Program, *, spec: RunSpec, physics: str, folder: GroupFolder,
                 progress: Progress, signals: Signals, checkpoint_seconds: float, data: Any = None) -> None:
        self.group, self.program, self.folder, self.progress = group, program, folder, progress
        self.signals, self.checkpoint_seconds, self.data = signals, checkpoint_seconds, data
        self.roots = lane_keys([lane.key_words for lane in group.lanes])
        self.coefs = coefficients(group.lanes, program.structure.action_size)
        resets = {lane.variant.name: lane.variant.reset for lane in group.lanes if lane.variant.reset}
        intervals = {unit: {name: reset.interval for name, reset in resets.items() if reset.unit == unit}
                     for unit in RESET_UNITS}
        self.schedule = Schedule(group.protocol, spec.eval_every, spec.measure_every, intervals["updates"],
                                 program.env.episode_length, intervals["env_steps"])
        self.columns = [lane_columns(lane, spec.suite, physics, spec.precision) for lane in group.lanes]
        self._shared = {name: value for name, value in self.columns[0].items() if name not in ("variant", "seed")}
        self._evaluator = Evaluator(program, group, signals.check)
        self._checkpointer = Checkpointer(folder, program.replay)
        self._pace: dict[int, float] = {}  # seconds per unit of a phase's work, by phase
        self._saved_at = time.monotonic()

    def run(self) -> None:
        """Train to the end, from the last checkpoint if there is one.

        Raises:
          Interrupted: a signal came; a checkpoint has been written.
          UsageError: the checkpoint is damaged.
        """
        state, at, pending = self._begin()
        while True:
            if pending:
                try:
                    state = self._do(self.schedule.due(at), state, at)
                except Interrupted:
                    self._save(state, at, pending=True)
                    raise
                pending = False
            if self.schedule.finished(at):
                break
            if self.signals.raised() or time.monotonic() - self._saved_at > self.checkpoint_seconds:
                self._save(state, at, pending)
                self.signals.check()
            state, at, pending = self._train_to(self.schedule.next_stop(at), state, at)
        self._save(state, at, pending=False)
        self.folder.mark_done()

    def _begin(self) -> tuple[TrainState, Position, bool]:
        restored = self._checkpointer.restore(jax.eval_shape(self.program.blank_state))
        self.progress.group_started(self.group, resumed_at=restored and (restored[1].env_step, restored[1].update))
        if restored:
            state, at, pending = restored
        else:
            lanes = self.program.lanes
            at, pending = self.schedule.start(), True
            with self._timed("compile", at):
                everyone = jnp.ones(lanes, bool)
                state = self.program.reset_lanes(self.program.blank_state(), self.roots, self.coefs, everyone, everyone,
                                                 jnp.zeros(lanes, jnp.int32))
                jax.block_until_ready(state)
        if self.data is not None:  # checkpoints do not hold it
            state = state._replace(rows=jnp.asarray(self.data.rows))
        with self._timed("compile", at):
            nothing = Control.acting(0, explores=False, begins_episode=False)
            state = self._train(state, at, nothing)
            self._evaluator.compile(state, self.coefs)
            jax.block_until_ready(state)
        return state, at, pending

    def _train_to(self, stop: Position, state: TrainState, at: Position) -> tuple[TrainState, Position, bool]:
        """Chunks up to `stop`; cut short after the chunk in which a signal or a checkpoint became due.

        Returns the state, the position reached, and whether it is a stop whose due work is still to be done.
        """
        if at.phase != stop.phase:
            at = Position(stop.phase, 0, at.env_step, at.update)
        phase = self.group.protocol.phases[at.phase]
        unit = 1.0 if not phase.acts or not phase.utd else 1.0 / max(1.0, float(phase.utd))
        while at.done < stop.done:
            pace = self._pace.get(at.phase)
            amount = FIRST_CHUNK * unit if pace is None else CHUNK_SECONDS / pace
            amount = max(1, min(stop.done - at.done, int(amount)))
            began = time.perf_counter()
            state = self._train(state, at, self._control(at, amount))
            jax.block_until_ready(state)
            seconds = time.perf_counter() - began
            self._pace[at.phase] = seconds / amount
            before, at = at, self.schedule.advance(at, amount)
            rate = self._time_row("train", at, seconds, (at.update - before.update) * self.program.lanes)
            waited = self.progress.first_update
            self.progress.advanced(self.group, at.env_step, at.update, rate)
            if waited is None and self.progress.first_update is not None:
                self._time_row("first_update", at, self.progress.first_update)
            overdue = time.monotonic() - self._saved_at > self.checkpoint_seconds
            if at.done < stop.done and (self.signals.raised() or overdue):
                return state, at, False
        return state, at, True

    def _train(self, state: TrainState, at: Position, control: Control) -> TrainState:
        """A chunk. What only measurements look at passes it by: one training program whatever is measured."""
        trained = self.program.train_chunk(state._replace(before=None), self.roots, self.coefs, self._starts(at),
                                           control)
        return trained._replace(before=state.before)

    def _do(self, due: Due, state: TrainState, at: Position) -> TrainState:
        """What is due at a stop; rows reach the journal only once all of it is done."""
        scores, values, details = [], [], []
        if due.evaluate:
            with self._timed("evaluate", at):
                scores = score_rows(self.columns, self._evaluator.returns(state, self.coefs, at), at)
        if due.measure:
            with self._timed("measure", at):
                measured, by_layer = measure(self.program, self.group, state, self.roots, self.coefs, at)
                values = value_rows(self.columns, measured, state, at)
                details = diagnostic_rows(self.columns, by_layer, at)
            if state.before is not None:
                state = state._replace(before=remember(state.learner))
        if due.resets:
            scopes = [lane.variant.reset.scope if lane.variant.reset and lane.variant.name in due.resets else ""
                      for lane in self.group.lanes]
            actors, critics = (jnp.asarray([scope in ("agent", part) for scope in scopes])
                               for part in ("actor", "critic"))
            state = self.program.reset_lanes(state, self.roots, self.coefs, actors, critics, state.resets + 1)
        self.folder.journal.append("scores", scores)
        self.folder.journal.append("values", values)
        self.folder.journal.append("diagnostics", details)
        if scores:
            self.progress.scored(self.group, scores)
        if values:
            self.progress.measured(self.group, values)
        return state

    def _control(self, at: Position, amount: int) -> Control:
        """A chunk of `amount` env steps, or of updates where the phase does not act."""
        phase = self.group.protocol.phases[at.phase]
        if not phase.acts:
            return Control.priming(amount)
        # Where episodes end at their own times, all but the first begin within a chunk.
        env = self.program.env
        begins = at.env_step == 0 if env.terminates else at.env_step % env.episode_length == 0
        return Control.acting(amount, explores=phase.kind == "random", begins_episode=begins, utd=phase.utd,
                              phase_step=at.done)

    def _starts(self, at: Position) -> Any:
        """Start states of the episode that `at` lies in, one a lane; drawn once an episode."""
        episode = at.env_step // self.program.env.episode_length
        if getattr(self, "_drawn", (None,))[0] != episode:
            seeds = [draw_seed(lane.key_words, Stream.EPISODE, episode) for lane in self.group.lanes]
            self._drawn = episode, self.program.env.draw(np.asarray(seeds, np.uint64))
        return self._drawn[1]

    def _save(self, state: TrainState, at: Position, pending: bool) -> None:
        with self._timed("checkpoint", at):
            self._checkpointer.save(state, at, pending)
        self._saved_at = time.monotonic()

    @contextlib.contextmanager
    def _timed(self, event: str, at: Position) -> Any:
        began = time.perf_counter()
        yield
        self._time_row(event, at, time.perf_counter() - began)

    def _time_row(self, event: str, at: Position, seconds: float, updates: int | None = None) -> float | None:
        """Write a row of the table of timing; returns updates per second over all lanes, None if there were none."""
        rate = updates / seconds if updates else None
        variants = ",".join(dict.fromkeys(lane.variant.name for lane in self.group.lanes))
        self.folder.timing.append("timing", [self._shared | {
            "group": self.group.name, "variants": variants, "lanes": self.program.lanes, "env_step": at.env_step,
            "update": at.update, "phase": self.group.protocol.phases[at.phase].kind, "event": event,
            "seconds": seconds, "updates_per_second": math.nan if rate is None else rate}])
        return rate
