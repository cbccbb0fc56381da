"""By which powers the Q of random critics, its gradient and its kernel grow with their parameters: drawing, measuring.

What is fitted: `diagnostics.kernels.homogeneity`; the points: `studies.ntk.measuring.rails_random`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from divbench.diagnostics.kernels.homogeneity import Exponents, expected, homogeneity
from divbench.studies.ntk.measuring import rails_random
from divbench.studies.plain_critics import initialise, make_q_fn

CRITICS = {"relu": ("relu", False), "relu with biases": ("relu", True), "tanh": ("tanh", False), "sin": ("sin", False)}


class HomogeneityRow(NamedTuple):
    """One critic.

    Attributes:
      critic: of `CRITICS`.
      layers: weight layers, one more than hidden ones.
      initialisation: number of the draw.
      output, gradient, kernel: exponents of the three.
      output_law, gradient_law, kernel_law: what they are in a homogeneous net.
      departure: largest |log(size) - fit|; 0 where each follows a power law, whichever.
    """

    critic: str
    layers: int
    initialisation: int
    output: float
    gradient: float
    kernel: float
    output_law: float
    gradient_law: float
    kernel_law: float
    departure: float


def measure_homogeneity(task: str, width: int, depths: Sequence[int], initialisations: int, points: int, physics: str,
                        tell: Callable[[str], None]) -> list[HomogeneityRow]:
    """Exponents of every critic, in float64. Biases, where a critic has them, are normal with the standard deviation
    of its layer's weights; else they would be 0 and stay so.

    Args:
      task, points, physics: whose env steps Q is looked at on, and how many.
      width, depths: of the hidden layers.
      initialisations: how many critics are drawn of each kind.
      tell: called with a line for each kind of critic.
    """
    seen, rows = rails_random(task, points, physics), []
    with jax.enable_x64(True):
        obs, action = (jnp.asarray(part, jnp.float64) for part in seen)
        at = obs, action
        inputs = sum(part.shape[1] for part in at)
        for critic, (activation, biases) in CRITICS.items():
            for depth in depths:
                law = expected(depth + 1)
                for number in range(initialisations):
                    key = jax.random.fold_in(jax.random.key(0), number)
                    params = initialise(key, inputs, (width,) * depth, biases=biases)
                    if biases:
                        params = _with_biases(jax.random.fold_in(key, 1), params)
                    output, gradient, kernel, departure = map(float, _exponents(activation, params, at))
                    rows.append(HomogeneityRow(critic, depth + 1, number, output, gradient, kernel, float(law.output),
                                               float(law.gradient), float(law.kernel), departure))
            tell(f"{critic}: measured")
    return rows


@functools.partial(jax.jit, static_argnums=0)
def _exponents(activation: str, params: Any, at: tuple[jax.Array, jax.Array]) -> Exponents:
    return homogeneity(make_q_fn(activation), params, at)


def _with_biases(key: jax.Array, params: Any) -> list[dict[str, jax.Array]]:
    return [layer | {"bias": jnp.std(layer["kernel"]) * jax.random.normal(one, layer["bias"].shape, jnp.float64)}
            for one, layer in zip(jax.random.split(key, len(params)), params, strict=True)]
