"""Making and judging the coefficients of the early warning: examples, logistic regression, reliability.

Lives here: everything that needs lanes whose end is known. Does not live here: the features and the prediction
(`warning`). A lane is its list of rows of the table of values. Pure Python: thousands of examples fit in seconds.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import NamedTuple

from divbench.statistics.shares import wilson
from divbench.verdict.first_cause import when
from divbench.verdict.rules import beyond_bound
from divbench.verdict.warning import HORIZON, features, foreseeable, predict

PENALTY = 1.0  # of the squared coefficients, intercept apart: one example's worth against certainty
STEPS = 50  # of Newton's method; ten are enough where it converges
TOLERANCE = 1e-9
BINS = 10


class Example(NamedTuple):
    """One measurement of a lane: what the model reads, whether the lane diverged within the horizon, the lane's number
    and its task."""

    features: tuple[float, ...]
    happened: bool
    lane: int
    task: str


class Bin(NamedTuple):
    """Predictions of about one size: how many, of how many lanes, their mean, the share that came true, and its 95%
    Wilson interval as if each lane had been asked once, since the measurements of a lane depend on each other."""

    low: float
    high: float
    count: int
    lanes: int
    predicted: float
    observed: float
    observed_low: float
    observed_high: float


@dataclasses.dataclass(frozen=True)
class Calibration:
    """How well the warning does on tasks that it was not fitted on, and the coefficients fitted on all of them.

    Attributes:
      coefficients: intercept first, then in the order of `warning.FEATURES`; fitted on every example.
      reliability: of predictions for each task by coefficients fitted on the other tasks.
      brier: mean squared error of the same predictions.
      climate: the same of a forecaster who always says the share among the other tasks.
      examples, events, lanes, tasks: how many there are.
    """

    coefficients: tuple[float, ...]
    reliability: list[Bin]
    brier: float
    climate: float
    examples: int
    events: int
    lanes: int
    tasks: int


def examples(lanes: Sequence[Sequence]) -> list[Example]:
    """Every measurement after which the lane was watched for `HORIZON` updates more, and whether it diverged or
    exploded within them. Later ones are left out whatever became of them: of those only the lanes that diverged would
    be known, and the share of events too large. So are those at which there is nothing to predict."""
    return [example for number, rows in enumerate(lanes) for example in _of_lane(rows, number)]


def fit(found: Sequence[Example], penalty: float = PENALTY) -> tuple[float, ...]:
    """Coefficients of the logistic model, intercept first: maximum likelihood with a penalty on squared coefficients.

    Newton's method on -log likelihood + penalty / 2 * sum of squares; a step that does not help is halved.

    Raises:
      ValueError: no examples.
    """
    if not found:
        raise ValueError("no examples to fit coefficients to")
    inputs = [(1.0, *example.features) for example in found]
    outcomes = [float(example.happened) for example in found]
    weights = [0.0, *([penalty] * (len(inputs[0]) - 1))]
    # A grain of penalty on the intercept too: without it examples of one outcome would push it to infinity.
    weights[0] = 1e-6 * penalty if penalty > 0.0 else 1e-9
    coefficients = [0.0] * len(inputs[0])
    loss = _loss(coefficients, inputs, outcomes, weights)
    for _ in range(STEPS):
        step = _newton_step(coefficients, inputs, outcomes, weights)
        scale = 1.0
        while scale > TOLERANCE:
            tried = [c - scale * s for c, s in zip(coefficients, step, strict=True)]
            new = _loss(tried, inputs, outcomes, weights)
            if new <= loss:
                break
            scale /= 2.0
        else:
            break
        done = max(abs(a - b) for a, b in zip(tried, coefficients, strict=True)) < TOLERANCE
        coefficients, loss = tried, new
        if done:
            break
    return tuple(coefficients)


def reliability(probabilities: Sequence[float], outcomes: Sequence[bool], lanes: Sequence[int],
                bins: int = BINS) -> list[Bin]:
    """What came true of predictions, by their size: `bins` of equal width over [0, 1], empty ones left out.

    `lanes` says which lane each prediction is of.
    """
    groups: dict[int, list[tuple[float, bool, int]]] = {}
    for entry in zip(probabilities, outcomes, lanes, strict=True):
        groups.setdefault(min(int(entry[0] * bins), bins - 1), []).append(entry)
    rows = []
    for place, group in sorted(groups.items()):
        share = sum(bool(outcome) for _, outcome, _ in group) / len(group)
        asked = len({lane for *_, lane in group})
        rows.append(Bin(place / bins, (place + 1) / bins, len(group), asked, sum(p for p, *_ in group) / len(group),
                        share, *wilson(share, asked)))
    return rows


def brier_score(probabilities: Sequence[float], outcomes: Sequence[bool]) -> float:
    """Mean squared difference of prediction and outcome: 0 is perfect, 0.25 is a coin's; NaN without any."""
    pairs = list(zip(probabilities, outcomes, strict=True))
    return sum((p - bool(o)) ** 2 for p, o in pairs) / len(pairs) if pairs else math.nan


def calibrate(lanes: Sequence[Sequence]) -> Calibration:
    """Fit the warning on lanes and judge it by leaving one task out at a time.

    Args:
      lanes: lists of rows of the table of values.

    Raises:
      ValueError: no task is left to fit on when one is left out.
    """
    found = examples(lanes)
    tasks = list(dict.fromkeys(example.task for example in found))
    if len(tasks) < 2:
        raise ValueError(f"leaving one task out needs examples of two tasks or more, found {len(tasks)}")
    probabilities, climate, outcomes, asked = [], [], [], []
    for task in tasks:
        others = [example for example in found if example.task != task]
        coefficients = fit(others)
        share = sum(example.happened for example in others) / len(others)
        for example in found:
            if example.task == task:
                asked.append(example.lane)
                probabilities.append(predict(example.features, coefficients))
                climate.append(share)
                outcomes.append(example.happened)
    return Calibration(fit(found), reliability(probabilities, outcomes, asked), brier_score(probabilities, outcomes),
                       brier_score(climate, outcomes), len(found), sum(outcomes),
                       len({example.lane for example in found}), len(tasks))


def _of_lane(rows: Sequence, number: int) -> list[Example]:
    onsets = [rows[stay.start]["update"] for stay in beyond_bound(rows)]
    broken = next((row for row in rows if row.get("nonfinite", "")), None)
    if broken is not None:
        onsets.append(when(broken)[0])
    found = []
    for index, row in enumerate(rows):
        past, update = rows[: index + 1], row["update"]
        if update + HORIZON <= rows[-1]["update"] and foreseeable(past):
            happened = any(update < onset <= update + HORIZON for onset in onsets)
            found.append(Example(features(past), happened, number, row["task"]))
    return found


def _loss(coefficients, inputs, outcomes, weights) -> float:
    total = sum(w * c * c for w, c in zip(weights, coefficients, strict=True)) / 2.0
    for x, y in zip(inputs, outcomes, strict=True):
        logit = sum(c * v for c, v in zip(coefficients, x, strict=True))
        # log(1 + exp(logit)) - y * logit, without overflow
        total += max(logit, 0.0) + math.log1p(math.exp(-abs(logit))) - y * logit
    return total


def _newton_step(coefficients, inputs, outcomes, weights) -> list[float]:
    size = len(coefficients)
    gradient = [w * c for w, c in zip(weights, coefficients, strict=True)]
    hessian = [[weights[i] if i == j else 0.0 for j in range(size)] for i in range(size)]
    for x, y in zip(inputs, outcomes, strict=True):
        p = predict(x[1:], coefficients)
        for i in range(size):
            gradient[i] += (p - y) * x[i]
            for j in range(i + 1):
                hessian[i][j] += p * (1.0 - p) * x[i] * x[j]
    for i in range(size):
        for j in range(i):
            hessian[j][i] = hessian[i][j]
    return _solve(hessian, gradient)


def _solve(matrix: list[list[float]], vector: list[float]) -> list[float]:
    """x of matrix x = vector, by elimination with pivots; the matrix is positive definite by its penalty."""
    size = len(vector)
    rows = [[*matrix[i], vector[i]] for i in range(size)]
    for i in range(size):
        pivot = max(range(i, size), key=lambda r: abs(rows[r][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for r in range(i + 1, size):
            factor = rows[r][i] / rows[i][i]
            rows[r] = [a - factor * b for a, b in zip(rows[r], rows[i], strict=True)]
    solution = [0.0] * size
    for i in reversed(range(size)):
        known = sum(rows[i][j] * solution[j] for j in range(i + 1, size))
        solution[i] = (rows[i][size] - known) / rows[i][i]
    return solution
