"""What of a program is one gradient update, one env step or one round: parts of its kernels, found by their loops.

`train_chunk` is a loop of rounds. A round has a branch, the env step, and a loop, the updates; its other kernels are
its own. `evaluate` is a loop of env steps. `diagnose` and `reset_lanes` are carried out as a whole.
"""

from __future__ import annotations

import dataclasses

from divbench.targets.counting import COPIES, ONCE, Count, Part, Region, count, main_branch, main_loop, once

# Rounds of MJX's loops of unknown length: of the solver, and of a line search in it. Counted on a CPU for 30 lanes of
# cheetah-run under 100 random actions: the solver takes 4.8 in the slowest lane, on average. A line search takes 0.7 on
# average and at most 5; the slowest lane's is taken for 2.
SOLVER_ROUNDS = (5, 2)


@dataclasses.dataclass(frozen=True)
class Shares:
    """Counts of what a program is asked for.

    Attributes:
      update: one gradient update of all lanes.
      env_step: one env step of all lanes.
      round: what else a round of training has.
      whole: the whole function where it is no loop of rounds.
    """

    update: Count | None = None
    env_step: Count | None = None
    round: Count | None = None
    whole: Count | None = None

    @property
    def copies(self) -> int | None:
        """Copies of a round of training, updates left out."""
        if self.round is None or self.env_step is None:
            return None
        return self.round.kernels[COPIES] + self.env_step.kernels[COPIES]

    def record(self) -> dict:
        """As JSON values."""
        found = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        told = {name: one.record() for name, one in found.items() if one is not None}
        return told if self.copies is None else {**told, "copies_a_round": self.copies}


def _there(part: Part | None) -> Part:
    """A part of the program that training always has."""
    assert part is not None, "a loop or branch that the program of training has"
    return part


def shares(function: str, region: Region, rounds: tuple[int, ...] = ONCE) -> Shares:
    """The shares of one of a group's functions; `rounds` as in `counting.count`."""
    if function == "train_chunk":
        rounds_of = _there(main_loop(region))
        body = rounds_of.choices[0]
        updates, step = _there(main_loop(body)), _there(main_branch(body))
        rest = count(body, rounds, (updates, step))
        if rounds_of.condition is not None:
            rest = rest.plus(count(rounds_of.condition))
        return Shares(once(updates, rounds), once(step, rounds), dataclasses.replace(rest, waits=rest.waits + 1))
    if function == "evaluate":
        return Shares(env_step=once(_there(main_loop(region)), rounds))
    return Shares(whole=count(region, rounds))

