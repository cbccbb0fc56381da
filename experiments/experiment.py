"""The records of a claim: what is asked, the runs that answer it, and what came out. No claim is decided here."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from divbench.execute.making.request import MakeRequest
from divbench.spec.estimate import UPDATES_PER_SECOND
from divbench.spec.run_spec import RunSpec
from divbench.statistics.estimates import CONFIDENCE, Tested

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from divbench.experiments.evidence import Evidence

REPRODUCED, NOT_REPRODUCED, INCONCLUSIVE = "reproduced", "not reproduced", "inconclusive"
ROUNDING = 1e-9  # of a chance
KINDS = ("priming", "online", "offline", "kernel")


@dataclasses.dataclass(frozen=True)
class Arm:
    """One side of a comparison on one task: a run whose lanes differ in their seeds alone.

    Attributes:
      name: what it is called in tables and pictures; the variant's name unless something else sets it apart. Arms of
        one name are pooled, whether they differ in the task or in the seeds.
      spec: the run. Two experiments that need the same lanes make the same specification and share its folder.
      looks: updates between the measurements that count, if the run was measured more often than the arms beside it;
        what is measured more often is seen beyond its bound more often. None: all count.
    """

    name: str
    spec: RunSpec
    looks: int | None = None

    def __post_init__(self) -> None:
        if len(self.spec.tasks) != 1 or len(self.spec.variants) != 1 or len(self.spec.utd) != 1:
            raise ValueError(f"arm '{self.name}': expected one task, variant and UTD, found {self.spec.tasks}, "
                             f"{[v.name for v in self.spec.variants]}, {self.spec.utd}")

    @property
    def updates(self) -> int:
        """Gradient updates of all its lanes."""
        return run_updates(self.spec)


def run_updates(spec: RunSpec) -> int:
    """Gradient updates of all lanes of a run of one task, variant and UTD."""
    return spec.seeds * spec.protocol(spec.utd[0]).updates


def making_updates(request: MakeRequest) -> int:
    """Gradient updates of the experts that datasets are made of; the medium policies take as many again at most."""
    return len(request.tasks) * (request.steps - request.prime_samples) if request.trains else 0


@dataclasses.dataclass(frozen=True)
class Comparison:
    """One number that a claim makes a statement about.

    Attributes:
      what: the number in words.
      effect: its estimate; None if the evidence holds none.
      low, high: its confidence interval; None if too few lanes say anything about it.
      threshold: where the claim's side begins.
      side: `above` or `below`: on which side of the threshold the claim places the number.
      level: the confidence that the interval reaches; None where it is not known.
      for_claim: the chance of numbers that speak as strongly for the claim, if it were wrong about this number.
      against_claim: the chance of numbers that speak as strongly against it, if it were right.
      least: the smallest `for_claim` that so many lanes could have.
      method: how interval and chances are made, in words.
    """

    what: str
    effect: float | None
    low: float | None
    high: float | None
    threshold: float
    side: str = "above"
    level: float | None = None
    for_claim: float | None = None
    against_claim: float | None = None
    least: float | None = None
    method: str = ""

    def __post_init__(self) -> None:
        if self.side not in ("above", "below"):
            raise ValueError(f"side: expected above or below, found '{self.side}'")

    @classmethod
    def of(cls, what: str, found: Tested, threshold: float, side: str = "above") -> Comparison:
        """The comparison of a number that was tested against the same threshold."""
        chances = (found.above, found.least_above), (found.below, found.least_below)
        (own, least), (other, _) = chances if side == "above" else chances[::-1]
        number = found.estimate
        return cls(what, number.effect, number.low, number.high, threshold, side, number.level, own, other, least,
                   found.method)

    @classmethod
    def undecided(cls, what: str, effect: float | None, threshold: float, side: str = "above") -> Comparison:
        """The comparison of a number of which a claim's own rule makes no interval."""
        return cls(what, effect, None, None, threshold, side, None, 1.0, 1.0)

    @classmethod
    def fact(cls, what: str, value: float | None, threshold: float, side: str = "above") -> Comparison:
        """The comparison of a number that is no estimate, so that it is its own interval."""
        if value is None:
            return cls.undecided(what, None, threshold, side)
        holds, fails = value > threshold, value < threshold
        if side == "below":
            holds, fails = fails, holds
        return cls(what, value, value, value, threshold, side, 1.0, float(not holds), float(not fails), 0.0,
                   "no estimate: the number itself")

    @property
    def reach(self) -> float | None:
        """The confidence at which so many lanes could place the number on the claimed side at best."""
        return None if self.least is None else max(0.0, 1.0 - 2.0 * self.least)

    @property
    def out_of_reach(self) -> bool:
        """Whether so few lanes can never place the number on the claimed side, whatever they do."""
        return self.reach is not None and self.reach < CONFIDENCE - ROUNDING

    @property
    def status(self) -> str:
        """`reproduced` if the whole interval lies on the claimed side, `not reproduced` if it lies wholly on the
        other, else `inconclusive`. An end on the threshold itself lies on neither side."""
        if self.low is None or self.high is None:
            return INCONCLUSIVE
        above, below = self.low > self.threshold, self.high < self.threshold
        claimed, other = (above, below) if self.side == "above" else (below, above)
        return REPRODUCED if claimed else NOT_REPRODUCED if other else INCONCLUSIVE

    def in_words(self) -> str:
        """`what (order statistics, 8 seeds): 3.1 [2.8, 3.6] 99.2%, claimed above 1`."""
        found = "no number" if self.effect is None else f"{self.effect:.3g}"
        level = "" if self.level is None else f" {percent(self.level)}"
        interval = "no interval" if self.low is None else f"[{self.low:.3g}, {self.high:.3g}]{level}"
        if self.reach is not None and self.out_of_reach:
            interval += f", {percent(self.reach)} at best where {percent(CONFIDENCE)} is needed"
        method = f" ({self.method})" if self.method else ""
        return f"{self.what}{method}: {found} {interval}, claimed {self.side} {self.threshold:g}"


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What the evidence says about a claim.

    Attributes:
      comparisons: every number that decided; the first is the headline. All must be reproduced for the claim to be;
        one that is not refutes it.
      sentence: the outcome in one sentence.
      context: further numbers in words, such as published ones; they decide nothing.
    """

    comparisons: tuple[Comparison, ...]
    sentence: str
    context: tuple[str, ...] = ()

    @property
    def chance(self) -> float | None:
        """The chance that Holm's rule over claims takes: two-sided, of the less likely of two errors, that the claim is
        called reproduced, for which all comparisons must err, or not reproduced, for which one of them must. None where
        a comparison has none."""
        own = [chance for comparison in self.comparisons if (chance := comparison.for_claim) is not None]
        other = [chance for comparison in self.comparisons if (chance := comparison.against_claim) is not None]
        if not own or not len(own) == len(other) == len(self.comparisons):
            return None
        return min(1.0, 2.0 * max(own), 2.0 * len(other) * min(other))

    @property
    def status(self) -> str:
        found = [comparison.status for comparison in self.comparisons]
        if NOT_REPRODUCED in found:
            return NOT_REPRODUCED
        return REPRODUCED if found and set(found) == {REPRODUCED} else INCONCLUSIVE


@dataclasses.dataclass(frozen=True, kw_only=True)
class Claim:
    """A published claim, whether it takes training or a measurement to put it to the test.

    Attributes:
      name: as `divbench reproduce` takes it.
      claim: what is said to hold, one sentence.
      quick_claim: what the quick scale decides in its place, one sentence; empty if it decides the claim itself.
      source: paper and section or figure.
      kind: `priming` (updates without acting), `online`, `offline` (a dataset), or `kernel` (a measurement of critics
        by themselves).
      quick_shows: what the quick scale can and cannot show.
    """

    name: str
    claim: str
    source: str
    kind: str
    quick_shows: str
    quick_claim: str = ""

    def decided(self, scale: str) -> str:
        """The sentence that the status of an outcome of that scale is about."""
        return self.quick_claim if scale == "quick" and self.quick_claim else self.claim


@dataclasses.dataclass(frozen=True, kw_only=True)
class Experiment(Claim):
    """A claim that training runs decide.

    Attributes:
      runs: the arms at a scale, `quick` or `full`. Specifications are made when it is called, never on import.
      decide: the outcome of finished runs.
      figure: the picture of them.
      datasets: those that its offline runs learn from, at a scale; made before them.
    """

    runs: Callable[[str], tuple[Arm, ...]]
    decide: Callable[[Evidence], Outcome]
    figure: Callable[[Evidence], Figure]
    datasets: Callable[[str], tuple[MakeRequest, ...]] = lambda scale: ()

    def minutes(self, scale: str) -> float:
        """Minutes of its updates on two CPU cores if nothing has been trained yet; acting comes on top."""
        updates = sum(arm.updates for arm in self.runs(scale))
        return (updates + sum(making_updates(request) for request in self.datasets(scale))) / UPDATES_PER_SECOND / 60.0


@dataclasses.dataclass(frozen=True)
class Measured:
    """What a measurement found.

    Attributes:
      rows: named tuples of one kind, one for each thing measured.
      draws: how many things were drawn of each kind; the outcome's seeds.
      card: device, physics, precision and versions.
      header, summary: the table of the outcome's page, as text.
    """

    rows: Sequence[Any]
    draws: int
    card: dict
    header: tuple[str, ...]
    summary: Sequence[tuple[str, ...]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class MeasuredExperiment(Claim):
    """A claim that a measurement of critics by themselves decides: no agent, no run.

    Attributes:
      measure: `(scale, physics, tell) -> Measured`; `tell` is called with lines of progress.
      tasks: whose points it uses.
      describe: what it measures at a scale, in a sentence.
      decide: the outcome of a measurement.
      figure: the picture of it.
      took: minutes on two CPU cores, by scale.
    """

    measure: Callable[[str, str, Callable[[str], None]], Measured]
    tasks: tuple[str, ...]
    describe: Callable[[str], str]
    decide: Callable[[Measured], Outcome]
    figure: Callable[[Measured], Figure]
    took: Mapping[str, float]

    def minutes(self, scale: str) -> float:
        """Minutes that it took on two CPU cores."""
        return self.took[scale]


def percent(level: float) -> str:
    """`99.2%`: a level, rounded down so that it promises nothing more."""
    return f"{math.floor(1_000.0 * level + ROUNDING) / 10.0:g}%"


def conclude(*comparisons: Comparison, context: tuple[str, ...] = ()) -> Outcome:
    """The outcome of some comparisons, with the sentence that their statuses make."""
    outcome = Outcome(comparisons, "", context)
    decisive = [c for c in comparisons if c.status == outcome.status]
    lead = {
        REPRODUCED: "The claim holds here",
        NOT_REPRODUCED: "The claim does not hold here",
        INCONCLUSIVE: "The evidence is too thin to decide",
    }[outcome.status]
    return dataclasses.replace(outcome, sentence=f"{lead}: {'; '.join(c.in_words() for c in decisive)}.")
