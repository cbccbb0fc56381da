"""Kernels of critics that were never trained, on points of a task: collecting the points, and measuring.

Lives here: the rails-random policy, and the order of the work. Stepping: `points`; what is measured of a kernel:
`diagnostics.kernels`; perceptrons: `studies.plain_critics`; critics from outside: `learn.networks.foreign`. Source of
the protocol: Achiam et al., 1903.08894, figures 4 and 7. Letters in shapes: N points, O observation size,
A action size.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from divbench.diagnostics.kernels import summaries
from divbench.diagnostics.kernels.gram import parameter_count
from divbench.diagnostics.kernels.layers import gram_of_layers
from divbench.envs import names
from divbench.execute import device
from divbench.learn.networks import dense, ensemble
from divbench.learn.networks.foreign import foreign_critic
from divbench.records.card import usable_cpus, versions
from divbench.spec.networks import mlp_of, widths_text
from divbench.studies.ntk.request import OF_THE_MODULE, KernelRequest
from divbench.studies.ntk.rows import KernelRow
from divbench.studies.plain_critics import initialise, make_layers_fn
from divbench.studies.points import random_steps

PRECISION = "float64"  # of the kernels: in float32 most condition numbers would be rounding
_CRITICS = 1  # seed; that of the points is 0


@functools.lru_cache(maxsize=1)
def rails_random(task: str, steps: int, physics: str = "auto") -> tuple[np.ndarray, np.ndarray]:
    """Observations `[N, O]` and actions `[N, A]` of N env steps under random corners of the box of actions.

    Each entry of an action is -1 or 1, with equal chances, of actions that critics see in [-1, 1]. Episodes that end
    are followed by others. The same arguments give the same points; the last ones are kept.

    Raises:
      UsageError: the physics went non-finite on the way.
    """
    obs, action, _ = random_steps(task, steps, physics, jax.random.rademacher)
    return obs, action


def card(tasks: Sequence[str], physics: str) -> dict:
    """With what a measurement on these tasks is made: device, CPU cores, physics, precision and versions, as JSON
    values. Without a task the physics is `toy`: nothing is stepped."""
    resolved = dict.fromkeys(device.resolve_physics(task, physics) for task in tasks)
    return {"device": device.describe_device(), "physics": ", ".join(resolved) or names.TOY, "precision": PRECISION,
            "cpus": usable_cpus(), "versions": versions()}


def measure_kernels(request: KernelRequest, tell: Callable[[KernelRow], None] = lambda row: None) -> list[KernelRow]:
    """The kernel of every critic that was asked for, in a few numbers, in float64.

    Initialisation number i begins with the same weights in perceptrons of one shape, whatever their activation, and the
    points are the same for all.

    Args:
      request: what is measured; where results go is not read.
      tell: called with every row as soon as there is one.

    Raises:
      UsageError: the physics went non-finite, or a critic from outside is none.
    """
    obs, action = rails_random(request.task, request.steps, request.physics)
    physics = device.resolve_physics(request.task, request.physics)
    describe, rows = _describe if request.spectrum else _describe_without_spectrum, []
    with jax.enable_x64(True):
        points = jnp.asarray(obs, jnp.float64), jnp.asarray(action, jnp.float64)
        for drawn in (_from_outside if request.critic else _perceptrons)(request, points):
            found = {name: value.item() for name, value in describe(drawn.kernel).items()}
            rows.append(KernelRow(request.task, request.steps, physics, PRECISION, **drawn.named,
                                  parameters=parameter_count(drawn.params), **found))
            tell(rows[-1])
    return rows


class _Drawn(NamedTuple):
    """A critic: the columns that say which, its parameters, and its kernel `[N, N]`."""

    named: dict
    params: Any
    kernel: jax.Array


def _perceptrons(request: KernelRequest, points: Any) -> Iterator[_Drawn]:
    """Multi-layer perceptrons, by activation, shape and initialisation."""
    inputs = sum(part.shape[1] for part in points)
    for activation, shape, number in itertools.product(request.activations, request.shapes,
                                                       range(request.initialisations)):
        hidden = (shape.width,) * shape.depth
        params = _draw(_key(number), inputs, hidden, request.weights)
        named = {"weights": request.weights, "activation": activation, **shape._asdict(), "initialisation": number,
                 "network": mlp_of(widths_text(hidden))}
        yield _Drawn(named, params, _kernel(activation, params, points))


def _from_outside(request: KernelRequest, points: Any) -> Iterator[_Drawn]:
    """The critic from outside, by initialisation: drawn as a run draws its first critic, widened to float64."""
    sizes = tuple(part.shape[1] for part in points)
    module = foreign_critic(request.critic, *sizes, frozenset())
    for number in range(request.initialisations):
        with jax.enable_x64(False):
            drawn = _draw_module(module, _key(number), *sizes)
        variables = jax.tree.map(lambda leaf: jnp.asarray(leaf[0], jnp.float64), drawn)
        named = {"weights": OF_THE_MODULE, "activation": "", "width": -1, "depth": -1, "initialisation": number,
                 "network": request.critic}
        yield _Drawn(named, variables["params"], _module_kernel(module, variables, points))


def _key(number: int) -> jax.Array:
    """The key of initialisation number `number`."""
    return jax.random.fold_in(jax.random.key(_CRITICS), number)


_draw = jax.jit(initialise, static_argnums=(1, 2, 3))


@functools.partial(jax.jit, static_argnums=(0, 2, 3))
def _draw_module(module: Any, key: jax.Array, observation_size: int, action_size: int) -> dict:
    """Variables of one critic, leaves `[1, ...]`."""
    return ensemble.draw(module, key, 1, observation_size, action_size, 1.0)


@functools.partial(jax.jit, static_argnums=0)
def _module_kernel(module: Any, variables: Any, points: Any) -> jax.Array:
    """The kernel `[N, N]` of a critic from outside."""
    return gram_of_layers(dense.gradients(module, variables, *points).layers)


@functools.partial(jax.jit, static_argnums=0)
def _kernel(activation: str, params: Any, points: Any) -> jax.Array:
    """The kernel `[N, N]` of a critic."""
    return gram_of_layers(jax.vmap(make_layers_fn(activation), (None, 0, 0))(params, *points))


_describe = jax.jit(summaries.describe)  # a program of its own: kernels are of one size, critics are not


@jax.jit
def _describe_without_spectrum(kernel: jax.Array) -> dict[str, jax.Array]:
    nothing = jnp.full((), jnp.nan)
    return {"average_diagonal": summaries.average_diagonal(kernel), "row_ratio": summaries.row_ratio(kernel),
            "condition_number": nothing, "rank": nothing}
