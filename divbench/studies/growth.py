"""How critics under self-excitation grow, and what a mark of their record foretells: training many, and looking back.

Lives here: the lanes, and for each mark of a lane what is seen from it by looking back over a stretch of its growth.
Does not live here: the training (`studies.semigradient`), the fits (`diagnostics.kernels.growth`), from which mark on a
look back counts, and what follows (`experiments`). Everything is in float64: |Q| spans twelve decades.
Letters in shapes: S lanes, M marks, N transitions.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from divbench.diagnostics.kernels.gram import parameter_count
from divbench.diagnostics.kernels.growth import CRASHED, power_law, predict_crash
from divbench.diagnostics.kernels.jackknife import FEWEST, Interval
from divbench.diagnostics.kernels.layers import gram_of_layers
from divbench.diagnostics.kernels.seem import seem
from divbench.studies.plain_critics import initialise, make_layers_fn, make_q_fn
from divbench.studies.points import uniform_random
from divbench.studies.semigradient import Growth, grow

ACTIVATION, GAMMA = "relu", 0.99
DOUBLING = 8  # marks to a doubling of |Q|
RATIO, MARKS = 2.0 ** (1.0 / DOUBLING), 40 * DOUBLING
DOUBLED, TRIPLED = 2.0, 3.0  # how far is looked back: to half of |Q| for a crash, to a third of the time for a power
STEPS = 1_000  # of the task, of which every lane has its own transitions
UNKNOWN = Interval(float("nan"), float("nan"), float("nan"))


class GrowthRow(NamedTuple):
    """One mark of one lane, and what a look back from it shows; NaN where there is nothing to look back on.

    Rows are of every mark of an SGD lane, each of which may foretell a crash, and of an Adam lane of each doubling of
    |Q| and of the last mark; fits use all marks between. Numbers have nine digits.

    Attributes:
      optimizer: of `studies.semigradient.OPTIMIZERS`.
      layers: L, weight layers of the critic.
      lane: its number, from which weights, transitions and corner are drawn.
      crash: updates before |Q| was first seen beyond 1e12 or not finite; -1 if it never was.
      updates: of the lane in all.
      step: updates before the mark.
      q: mean Q on the data.
      seem: normalised; excites: whether it is above 0 by more than rounding.
      since: updates before the mark to which is looked back.
      kernel_cosine: of the kernel on the data with itself at `since`.
      kernel_growth: log of the kernel's norm over its norm at `since`, divided by the same of |Q|; in a homogeneous
        critic that grows along one direction (2 L - 2) / L.
      predicted, low, high: of an SGD lane, the update of the crash foretold from the marks between, with its interval.
      exponent: of an Adam lane, by which |Q| grows with time between the two.
    """

    optimizer: str
    layers: int
    lane: int
    crash: int
    updates: int
    step: int
    q: float
    seem: float
    excites: bool
    since: float
    kernel_cosine: float
    kernel_growth: float
    predicted: float
    low: float
    high: float
    exponent: float


class Lanes(NamedTuple):
    """What lanes are trained on: obs and next_obs `[S, N, O]`, action and corner `[S, N, A]`."""

    obs: jax.Array
    action: jax.Array
    next_obs: jax.Array
    corner: jax.Array


def measure_growth(task: str, optimizer: str, layers: Sequence[int], lanes: Sequence[int], *, width: int, points: int,
                   learning_rate: float, updates: int, physics: str, tell: Callable[[str], None]) -> list[GrowthRow]:
    """Train critics of each number of layers, and look back from every mark.

    Args:
      task: whose env steps under uniformly random actions are learned from; observations are standardised.
      lanes: numbers of the lanes.
      width, layers: units of a hidden layer, weight layers.
      points: N, transitions of a lane.
      learning_rate, updates: of every lane; one that crashes ends there.
      tell: called with a line for each number of layers.
    """
    steps = uniform_random(task, STEPS, physics)
    rows = []
    with jax.enable_x64(True):
        given, numbers = draw_lanes(steps, lanes, points), jnp.asarray(lanes)
        for count in layers:
            found = jax.device_get(_train(_draw(given, numbers, (width,) * (count - 1)), given, optimizer,
                                          learning_rate, updates))
            for place, lane in enumerate(lanes):
                rows += look_back(optimizer, count, lane, _of(given, place), _of(found, place))
            tell(f"{optimizer}, {count} weight layers: {np.sum(found.crash >= 0)} of {len(lanes)} lanes crashed within "
                 f"{found.updates:,} updates")
    return rows


def draw_lanes(steps: Sequence[np.ndarray], lanes: Sequence[int], points: int) -> Lanes:
    """For each lane transitions of its own, drawn without replacement, and a corner of the actions to rest in."""
    obs, action, following = (np.asarray(part, np.float64) for part in steps)
    centre, spread = obs.mean(0), obs.std(0) + 1e-6
    drawn: list[Any] = []
    for lane in lanes:
        random = np.random.default_rng(lane)
        at = random.choice(len(obs), points, replace=False)
        corner = np.broadcast_to(random.choice([-1.0, 1.0], action.shape[1]), (points, action.shape[1]))
        drawn.append(((obs[at] - centre) / spread, action[at], (following[at] - centre) / spread, corner))
    return Lanes(*(jnp.asarray(np.stack(parts)) for parts in zip(*drawn, strict=True)))


def look_back(optimizer: str, layers: int, lane: int, given: Lanes, found: Growth) -> list[GrowthRow]:
    """The rows of one lane, from its record."""
    count, rows = int(found.marks), []
    step, q = np.asarray(found.step[:count], float), np.asarray(found.q[:count])
    kernels, matrices = (np.asarray(part)[:count] for part in _kernels(found.params, given))
    norms = np.linalg.norm(kernels, axis=(1, 2))
    updates = int(found.crash) if found.crash >= 0 else int(found.updates)
    for here in range(count) if optimizer == "sgd" else sorted({*range(0, count, DOUBLING), count - 1}):
        excitation = seem(matrices[here])
        since = cosine = rate = exponent = float("nan")
        crash = UNKNOWN
        back = looked_back(optimizer, step[:here + 1], q[:here + 1])
        if back is not None:
            since = step[back]
            cosine = float(np.sum(kernels[here] * kernels[back]) / norms[here] / norms[back])
            rate = float(np.log(norms[here] / norms[back]) / np.log(np.abs(q[here] / q[back])))
            between = step[back:here + 1], q[back:here + 1]
            if optimizer == "sgd":
                crash = predict_crash(*between, layers)
            else:
                exponent = power_law(*between).value
        rows.append(GrowthRow(optimizer, layers, lane, int(found.crash), updates, int(step[here]), _rounded(q[here]),
                              _rounded(excitation.normalised), excitation.excites, _rounded(since), _rounded(cosine),
                              _rounded(rate), _rounded(crash.value), _rounded(crash.low), _rounded(crash.high),
                              _rounded(exponent)))
    return rows


def looked_back(optimizer: str, step: np.ndarray, q: np.ndarray) -> int | None:
    """To which mark is looked back from the last one: where |Q| was half as large (SGD), or a third of the time ago.

    None where no mark after the first lies so far back, where too few marks lie between for a fit, or where Q changed
    its sign on the way.

    Args:
      step, q: of all marks up to the last, `[M]`.
    """
    far = np.abs(q) <= np.abs(q[-1]) / DOUBLED * (1.0 + 1e-9) if optimizer == "sgd" else step <= step[-1] / TRIPLED
    back = int(np.flatnonzero(far)[-1]) if far[:-1].any() else 0
    fits = len(q) - back >= FEWEST and (np.sign(q[back:]) == np.sign(q[-1])).all()
    return back if back and fits else None


def _rounded(value: float | jax.Array) -> float:
    return float(f"{value:.9g}")


def _of(tree: Any, lane: int) -> Any:
    """A lane's part of what has an axis of lanes."""
    return jax.tree.map(lambda leaf: leaf[lane] if np.ndim(leaf) else leaf, tree)


@functools.partial(jax.jit, static_argnums=(2, 3, 4))
def _train(params: Any, given: Lanes, optimizer: str, learning_rate: float, updates: int) -> Growth:
    return grow(make_q_fn(ACTIVATION), params, (given.obs, given.action), (given.next_obs, given.corner),
                jnp.full(given.obs.shape[0], GAMMA), optimizer=optimizer, learning_rate=learning_rate, updates=updates,
                marks=MARKS, ratio=RATIO, limit=CRASHED)


@functools.partial(jax.jit, static_argnums=2)
def _draw(given: Lanes, numbers: jax.Array, hidden: tuple[int, ...]) -> Any:
    """Critics of all lanes, without biases."""
    inputs = given.obs.shape[-1] + given.action.shape[-1]
    keys = jax.vmap(lambda number: jax.random.fold_in(jax.random.key(0), number))(numbers)
    return jax.vmap(lambda key: initialise(key, inputs, hidden, biases=False))(keys)


@jax.jit
def _kernels(params: Any, given: Lanes) -> jax.Array:
    """Of every mark of a lane the kernel on X `[M, N, N]`, and A of `diagnostics.kernels.seem`, `[M, N, N]`."""
    points = given.obs.shape[0]
    obs, action = jnp.concatenate([given.next_obs, given.obs]), jnp.concatenate([given.corner, given.action])
    layers_fn = make_layers_fn(ACTIVATION)

    def of_mark(params):
        both = gram_of_layers(jax.vmap(layers_fn, (None, 0, 0))(params, obs, action))
        now = both[points:, points:]
        return now, (GAMMA * both[:points, points:] - now) / parameter_count(params)

    return jax.lax.map(of_mark, params)
