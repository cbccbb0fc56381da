"""By which law a diverging critic grows, and when it will have grown beyond all bounds: fits to a recorded series of Q.

For a homogeneous net of L weight layers whose kernel's direction and policy rest (the critical point, `directions`):

- SGD: dQ/dt = c Q^(1 + p) with p = (2 L - 2) / L, so Q^(-p) falls linearly and reaches 0 in finite time: a crash.
- Adam: every weight moves by about the learning rate each step, so Q grows as (t - t0)^L: never a crash by itself.

One family holds both: Q^(-p) linear in t, with p > 0 a finite-time singularity, p = 0 exponential growth, p < 0 a power
of time with exponent -1 / p. Source: Yue et al., 2310.04411, Theorems 4 and 5. The optimizer decides between the two,
depth only the power. Every interval is a delete-a-block jackknife (`jackknife`) at 95%; every fit is by least squares
in log Q, so an error of a given percentage counts the same however large Q is.
Host side, numpy and scipy. `steps` are gradient updates, `q` a mean Q (its sign is dropped), both `[T]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from divbench.diagnostics.kernels.jackknife import Interval, jackknife

if TYPE_CHECKING:
    import jax
    import numpy as np

Series: TypeAlias = "Sequence[float] | np.ndarray | jax.Array"  # `[T]`
CRASHED = 1e12  # |Q| from which on a critic counts as crashed
POWERS = (-2.0, 3.0)  # between which `growth_power` looks; SGD's lie in [1, 2), Adam's in [-1, 0)
GRID = 51  # powers tried before the best is refined


class CrashForecast(NamedTuple):
    """A crash foretold from a part of a series, and what then happened.

    Attributes:
      predicted: the update at which Q is infinite by the fitted law, with its interval; inf if it never is.
      actual: the first update at which Q was seen beyond `CRASHED` or not finite; None if it never was.
      relative_error: predicted / actual - 1; NaN without an actual crash.
    """

    predicted: Interval
    actual: float | None
    relative_error: float


def singular_power(layers: int) -> float:
    """p = (2 L - 2) / L, of which Q^(-p) falls linearly under SGD; 1 for L = 2 weight layers, below 2 for all.

    Raises:
      ValueError: fewer than two layers, of which nothing is finite-time.
    """
    if layers < 2:
        raise ValueError(f"{layers} weight layers: a linear critic grows exponentially; expected at least 2")
    return (2.0 * layers - 2.0) / layers


def crash_step(steps: Series, q: Series, limit: float = CRASHED) -> float | None:
    """The first step at which |Q| exceeds `limit` or is not finite; None if there is none."""
    import numpy as np

    q = np.asarray(q, np.float64)
    crashed = np.flatnonzero(~(np.abs(q) <= limit))
    return float(np.asarray(steps)[crashed[0]]) if crashed.size else None


def predict_crash(steps: Series, q: Series, layers: int) -> Interval:
    """The step at which Q is infinite if SGD continues as before: where the line through Q^(-p) meets 0.

    The jackknife is of 1 / (crash - first step), which is near normal and passes through 0 where the line becomes
    level: an interval that reaches there has no end, and high is inf.

    Args:
      steps, q: the window that is fitted, after the critical point, at least six points. The window ends where it is
        handed in: what is foretold from it has not been seen.
      layers: L, the critic's weight layers (hidden layers plus one).

    Returns:
      The crash in the unit of `steps`; value inf where Q does not grow.

    Raises:
      ValueError: too few points, steps that do not rise, Q that is 0, changes its sign or is not finite.
    """
    import numpy as np

    power = singular_power(layers)
    steps, log_q = _series(steps, q)
    first = steps[0]

    def rate(kept):
        centre, value, slope, _ = _line(steps[kept], log_q[kept], power)
        left = (1.0 / power - value) / slope if slope else np.inf
        return 1.0 / (centre + left - first) if slope > 0.0 else 1.0 / left

    found = jackknife(rate, len(steps))

    def crash(rate):
        return first + 1.0 / rate if rate > 0.0 else np.inf

    return Interval(float(crash(found.value)), float(crash(found.high)), float(crash(found.low)))


def forecast(steps: Series, q: Series, layers: int, start: float, end: float) -> CrashForecast:
    """`predict_crash` from the measurements with start <= step <= end of a whole series, beside what came after.

    Args:
      steps, q: the whole series; after a crash it may hold anything.
      layers: as in `predict_crash`.
      start, end: of the window, in the unit of `steps`, both included.

    Raises:
      ValueError: as `predict_crash`; or the window ends after the crash, of which nothing is left to foretell.
    """
    import numpy as np

    steps, q = np.asarray(steps, np.float64), np.asarray(q, np.float64)
    actual = crash_step(steps, q)
    if actual is not None and end >= actual:
        raise ValueError(f"the window ends at step {end:g}, the crash is at {actual:g}; expected an earlier end")
    window = (steps >= start) & (steps <= end)
    predicted = predict_crash(steps[window], q[window], layers)
    return CrashForecast(predicted, actual, float("nan") if actual is None else predicted.value / actual - 1.0)


def growth_power(steps: Series, q: Series) -> Interval:
    """The p for which Q^(-p) is nearest to linear in time, the law itself without knowing depth or optimizer.

    An interval above 0 says finite-time singularity, below 0 a power of time, around 0 exponential or undecided. Looked
    for from -2 to 3; a value at an end means that it lies there or beyond. Arguments and errors as in `predict_crash`.
    """
    steps, log_q = _series(steps, q)
    return jackknife(lambda kept: _best_power(steps[kept], log_q[kept]), len(steps))


def polynomial_exponent(steps: Series, q: Series, origin: float | None = None) -> Interval:
    """The exponent of time by which Q grows: under Adam about L, the number of weight layers.

    Args:
      steps, q: as in `predict_crash`.
      origin: t0 in Q = c (t - t0)^n, the step at which the straight march of the weights would have begun; with it the
        exponent is the slope of log Q over log(t - t0). None fits it as well: n = -1 / `growth_power`, inf where that
        is not below 0. Growth that has not gone on for several times its own past leaves t0, and with it n, open:
        the interval says so.

    Raises:
      ValueError: as `predict_crash`; or a step that is not after the origin.
    """
    import numpy as np

    if origin is not None:
        return power_law(np.asarray(steps, np.float64) - origin, q)
    found = growth_power(steps, q)
    return Interval(*(-1.0 / power if power < 0.0 else float("inf") for power in found))


def power_law(x: Series, y: Series) -> Interval:
    """n of y = c x^n, the slope of log |y| over log x: of Q over time, of the parameters' norm over Q (1 / L).

    Args:
      x: `[T]`, above 0, not all equal.
      y: `[T]`, of one sign.

    Raises:
      ValueError: too few points, or values that have no logarithm.
    """
    import numpy as np

    x = np.asarray(x, np.float64)
    if not (np.isfinite(x).all() and (x > 0.0).all()):
        raise ValueError(f"a power law of {x.min():g}; expected positive, finite values on its axis")
    log_x, log_y = np.log(x), _log_size(y)
    if log_x.shape != log_y.shape or np.ptp(log_x) == 0.0:
        raise ValueError(f"series of {log_x.size} and {log_y.size} values; expected as many, the first not constant")

    def slope(kept):
        centred = log_x[kept] - log_x[kept].mean()
        return float(centred @ log_y[kept] / (centred @ centred))

    return jackknife(slope, len(log_x))


def _series(steps: Series, q: Series) -> tuple[np.ndarray, np.ndarray]:
    """Steps and log |Q| less its mean, checked."""
    import numpy as np

    steps, log_q = np.asarray(steps, np.float64), _log_size(q)
    if steps.shape != log_q.shape:
        raise ValueError(f"{steps.size} steps and {log_q.size} values of Q; expected as many")
    if not (np.isfinite(steps).all() and (np.diff(steps) > 0.0).all()):
        raise ValueError("steps do not rise; expected a series in the order of training")
    return steps, log_q - log_q.mean() if log_q.size else log_q


def _log_size(values: Series) -> np.ndarray:
    import numpy as np

    values = np.asarray(values, np.float64)
    if not (np.isfinite(values).all() and (np.abs(np.sign(values).sum()) == values.size)):
        raise ValueError("Q is 0, changes its sign or is not finite; expected a window of growth in one direction")
    return np.log(np.abs(values))


def _line(steps: np.ndarray, log_q: np.ndarray, power: float) -> tuple[float, float, float, float]:
    """The line through y = (1 - Q^(-p)) / p, log Q for p = 0, by least squares of the residuals in log Q.

    y rises with Q for every p, to 1 / p at most if p > 0; dy = Q^(-p) dlog Q gives the weights.
    Returns the weighted centre of the steps, y there, the slope, and the mean squared residual in log Q.
    """
    import numpy as np

    y = -np.expm1(-power * log_q) / power if power else log_q
    weight = np.exp(2.0 * power * (log_q - (log_q.max() if power > 0.0 else log_q.min())))
    centre, value = (float(np.average(series, weights=weight)) for series in (steps, y))
    time = steps - centre
    slope = float(np.sum(weight * time * (y - value)) / np.sum(weight * time * time))
    residual = (y - value - slope * time) * np.exp(power * log_q)
    return centre, value, slope, float(np.mean(np.square(residual)))


def _best_power(steps: np.ndarray, log_q: np.ndarray) -> float:
    import numpy as np
    from scipy.optimize import minimize_scalar

    def misfit(power):
        return _line(steps, log_q, float(power))[3]

    grid = np.linspace(*POWERS, GRID)
    best = int(np.argmin([misfit(power) for power in grid]))
    around = grid[max(best - 1, 0)], grid[min(best + 1, GRID - 1)]
    return float(minimize_scalar(misfit, bounds=around, method="bounded", options={"xatol": 1e-6}).x)
