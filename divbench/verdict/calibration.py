"""Making the coefficients of the early warning: examples from lanes whose end is known, and logistic regression.

Lives here: which measurements are examples, thinning to several spacings, weights, the fit, and predictions for tasks
that were left out. Does not live here: the features and the prediction (`warning`), and how good predictions were
(`reliability`). A lane is its list of rows of the table of values. numpy is imported inside the functions.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from divbench.verdict.first_cause import when
from divbench.verdict.rules import beyond_bound
from divbench.verdict.warning import HORIZON, features, foreseeable, predict, protocol_of

SPACINGS = (100, 500, 1_000, 2_000, 5_000)  # updates between the measurements that a prediction sees
ROUNDED = 0.99  # of a spacing counts as it: UTDs round measurements to whole env steps
PENALTY = 0.01  # of the squared coefficients, intercept apart: a hundredth of a lane against certainty
STEPS = 100  # of Newton's method; ten are enough where it converges
TOLERANCE = 1e-9


class Example(NamedTuple):
    """One measurement of a lane.

    Attributes:
      features: what the model reads, in the order of `warning.FEATURES`.
      happened: whether the lane diverged or exploded within the horizon.
      lane: the lane's number.
      spacing: updates between the measurements that the features saw.
      row: the row of the table of values.
      protocol: of the lane, as `warning.protocol_of` says.
    """

    features: tuple[float, ...]
    happened: bool
    lane: int
    spacing: int
    row: dict
    protocol: str

    @property
    def task(self) -> str:
        return self.row["task"]


def examples(lanes: Iterable[Sequence]) -> list[Example]:
    """Every measurement after which the lane was watched for `HORIZON` updates more, at every spacing, and whether it
    diverged or exploded by the first measurement that is as late as that.

    Later measurements are left out whatever became of them: of those only the lanes that diverged would be known, and
    the share of events too large. So are those at which there is nothing to predict, and those with too few before.
    """
    return [example for number, rows in enumerate(lanes) for example in _of_lane(rows, number)]


def thinned(rows: Sequence) -> dict[int, list]:
    """The same lane measured less often, by spacing. Spacings that leave the same rows count once, as the largest."""
    found: dict[tuple, tuple[int, list]] = {}
    for spacing in SPACINGS:
        kept = at_spacing(rows, spacing)
        found[tuple(row["update"] for row in kept)] = (spacing, kept)
    return dict(found.values())


def at_spacing(rows: Sequence, spacing: float) -> list:
    """The first measurement, and each that is at least about `spacing` updates after the last that was kept."""
    kept = list(rows[:1])
    for row in rows[1:]:
        if row["update"] - kept[-1]["update"] >= ROUNDED * spacing:
            kept.append(row)
    return kept


def onsets(rows: Sequence) -> list[int]:
    """The updates at which the lane diverged or exploded, in order."""
    found = [rows[stay.start]["update"] for stay in beyond_bound(rows)]
    broken = next((row for row in rows if row.get("nonfinite", "")), None)
    return sorted(found if broken is None else [*found, when(broken)[0]])


def weigh(found: Sequence[Example]) -> list[float]:
    """Weights by which every lane counts as one, and its examples alike.

    Measurements of a lane depend on each other, and some lanes have a hundred where others have three.
    """
    counts = Counter(example.lane for example in found)
    return [1.0 / counts[example.lane] for example in found]


def fit(found: Sequence[Example], penalty: float = PENALTY) -> tuple[float, ...]:
    """Coefficients of the logistic model, intercept first: maximum likelihood of the examples with the weights of
    `weigh`, and a penalty on squared coefficients.

    Newton's method on -log likelihood + penalty / 2 * sum of squares; a step that does not help is halved.

    Raises:
      ValueError: no examples.
    """
    if not found:
        raise ValueError("no examples to fit coefficients to")
    import numpy as np

    inputs = np.array([(1.0, *example.features) for example in found])
    outcomes = np.array([float(example.happened) for example in found])
    weights = np.array(weigh(found))
    # A grain of penalty on the intercept too: without it examples of one outcome would push it to infinity.
    penalties = np.array([1e-6, *[1.0] * (inputs.shape[1] - 1)]) * max(penalty, 1e-9)

    def loss(coefficients: np.ndarray) -> float:
        logits = inputs @ coefficients
        return float(weights @ (np.logaddexp(0.0, logits) - outcomes * logits)
                     + penalties @ coefficients**2 / 2.0)

    coefficients = np.zeros(inputs.shape[1])
    for _ in range(STEPS):
        chances = np.exp(-np.logaddexp(0.0, -(inputs @ coefficients)))
        gradient = inputs.T @ (weights * (chances - outcomes)) + penalties * coefficients
        curvature = (inputs.T * (weights * chances * (1.0 - chances))) @ inputs + np.diag(penalties)
        step = np.linalg.solve(curvature, gradient)
        while loss(coefficients - step) > loss(coefficients) and abs(step).max() > TOLERANCE:
            step = step / 2.0
        coefficients = coefficients - step
        if abs(step).max() <= TOLERANCE:
            break
    return tuple(float(c) for c in coefficients)


def predict_left_out(found: Sequence[Example]) -> list[float]:
    """A probability for each example, by coefficients fitted on the examples of the other tasks.

    Raises:
      ValueError: examples of one task alone.
    """
    tasks = list(dict.fromkeys(example.task for example in found))
    if len(tasks) < 2:
        raise ValueError(f"leaving one task out needs examples of two tasks or more, found {len(tasks)}")
    fits = {task: fit([example for example in found if example.task != task]) for task in tasks}
    return [predict(example.features, fits[example.task]) for example in found]


def _of_lane(rows: Sequence, number: int) -> list[Example]:
    stays, begun = beyond_bound(rows), onsets(rows)
    spans = [(rows[stay.start]["update"], math.inf if stay.end is None else rows[stay.end]["update"]) for stay in stays]
    found = []
    for spacing, kept in thinned(rows).items():
        for index, row in enumerate(kept):
            past, update = kept[: index + 1], row["update"]
            end = next((later["update"] for later in rows if later["update"] >= update + HORIZON), None)
            if end is None or any(first <= update < last for first, last in spans) or not foreseeable(past):
                continue
            values = features(past, SPACINGS[0])
            if values is not None:
                happened = any(update < onset <= end for onset in begun)
                found.append(Example(values, happened, number, spacing, row, protocol_of(past)))
    return found
