"""When what is due: a pure function of the protocol. The loop walks from stop to stop; wall-clock time enters nowhere.

A position is how far all lanes of a group are. Positions at which something is due (a measurement, an evaluation, a
reset, a new episode, the end of a phase) are the stops; a chunk of training never goes past the next one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from divbench.spec.protocol import Phase, Protocol


@dataclasses.dataclass(frozen=True)
class Position:
    """How far the lanes are.

    Attributes:
      phase: index of the phase.
      done: env steps of this phase that are done, or updates of it where nobody acts.
      env_step, update: of one lane, over all phases.
    """

    phase: int
    done: int
    env_step: int
    update: int


@dataclasses.dataclass(frozen=True)
class Due:
    """What has to be done at a position, in this order."""

    evaluate: bool = False
    measure: bool = False
    resets: tuple[str, ...] = ()  # names of the variants whose lanes are drawn afresh

    def __bool__(self) -> bool:
        return self.evaluate or self.measure or bool(self.resets)


@dataclasses.dataclass(frozen=True)
class Schedule:
    """The stops of a protocol.

    Attributes:
      protocol: the phases.
      eval_every: env steps between evaluations; updates in an offline phase.
      measure_every: updates between measurements.
      reset_intervals: updates between resets, by variant name.
      episode_length: env steps of an episode.
      step_resets: env steps between resets, by variant name.
    """

    protocol: Protocol
    eval_every: int
    measure_every: int
    reset_intervals: Mapping[str, int]
    episode_length: int
    step_resets: Mapping[str, int] = dataclasses.field(default_factory=dict)

    def start(self) -> Position:
        """Before everything."""
        return Position(0, 0, 0, 0)

    def finished(self, at: Position) -> bool:
        """Whether `at` is the end of the last phase."""
        return at.phase == len(self.protocol.phases) - 1 and at.done == self._length(at.phase)

    def next_stop(self, at: Position) -> Position:
        """The next position at which something may be due; `at` must not be the end of the run."""
        if at.done == self._length(at.phase):
            at = Position(at.phase + 1, 0, at.env_step, at.update)
        phase = self.protocol.phases[at.phase]
        candidates = [self._length(at.phase)]
        if not phase.acts:
            evaluations = (self.eval_every,) if phase.kind == "offline" else ()
            candidates += [at.done + _to_next(at.update, every) for every in (*self._update_intervals(), *evaluations)]
        else:
            candidates += [at.done + _to_next(at.env_step, every)
                           for every in (self.eval_every, self.episode_length, *self.step_resets.values())]
            if phase.utd:
                base = at.update - phase.updates_after(at.done)
                for every in self._update_intervals():
                    candidates.append(phase.steps_until(at.update + _to_next(at.update, every) - base))
        return self.advance(at, min(candidates) - at.done)

    def advance(self, at: Position, amount: int) -> Position:
        """`amount` env steps further in this phase, or updates where nobody acts."""
        phase = self.protocol.phases[at.phase]
        done = at.done + amount
        if not phase.acts:
            return Position(at.phase, done, at.env_step, at.update + amount)
        updates = phase.updates_after(done) - phase.updates_after(at.done)
        return Position(at.phase, done, at.env_step + amount, at.update + updates)

    def due(self, at: Position) -> Due:
        """What is due at `at`, whichever way it was reached."""
        phase, end = self.protocol.phases[at.phase], self.finished(at)
        acted = phase.acts and at.done > 0
        evaluate = (at == self.start() or end or acted and at.env_step % self.eval_every == 0
                    or phase.kind == "priming" and at.done == phase.updates
                    or phase.kind == "offline" and at.update % self.eval_every == 0)
        learns_next = at.update == 0 and (at.done == self._length(at.phase) or phase.kind == "offline")
        measure = end or learns_next or self._crossed(at, phase, self.measure_every)
        resets = [name for name, every in self.reset_intervals.items() if self._crossed(at, phase, every)]
        resets += [name for name, every in self.step_resets.items() if acted and at.env_step % every == 0]
        return Due(evaluate, measure, () if end else tuple(resets))

    def _crossed(self, at: Position, phase: Phase, every: int) -> bool:
        """Whether the last env step of this phase (or update, where nobody acts) reached a multiple of `every`
        updates."""
        if at.done == 0 or phase.kind == "random":
            return False
        return at.update // every > (at.update - phase.updates_at(at.done)) // every

    def _update_intervals(self) -> tuple[int, ...]:
        return (self.measure_every, *self.reset_intervals.values())

    def _length(self, phase: int) -> int:
        phase = self.protocol.phases[phase]
        return phase.env_steps if phase.acts else phase.updates


def _to_next(count: int, every: int) -> int:
    """How far from `count` to the next larger multiple of `every`."""
    return every - count % every
