"""How large the networks of a lane are: divbench's own by arithmetic, those from outside by tracing.

Tracing calls the module with shapes alone: nothing is drawn, computed or compiled. Letters in shapes: B batch,
O observation size, A action size.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import ClosedJaxpr, Jaxpr

from divbench.envs.names import task_info
from divbench.execute.failures import failure_of
from divbench.learn.agents import critic as critics
from divbench.learn.agents.choice import agent_of
from divbench.learn.agents.coefficients import coefficients, structure_of
from divbench.learn.replay import Batch
from divbench.spec.errors import UsageError
from divbench.spec.networks import network_of
from divbench.spec.plan import Group, Lane
from divbench.spec.sizes import Sizes, mlp_sizes

ROWS = 9_973  # of a pass that activations are counted of; a prime number, that no layer has as a width


def sizes_of(lane: Lane, mechanisms: frozenset[str]) -> Sizes:
    """The networks of a lane; `mechanisms` are those that are compiled in.

    Raises:
      UsageError: an object from outside that is not what it must be. What its code raises is passed on.
    """
    if not lane.variant.objects:
        return mlp_sizes(lane, mechanisms)
    variant = dataclasses.replace(lane.variant, settings=())  # they are in the lane's, and may hold a list
    return traced_sizes(dataclasses.replace(lane, variant=variant, utd=Fraction(1), seed=0, dataset=""), mechanisms)


def planned_sizes(group: Group) -> Sizes:
    """The networks of each lane of a group.

    Raises:
      UsageError: an object from outside that is not what it must be, or whose code raises an error: with the line.
    """
    lane = group.lanes[0]
    try:
        return sizes_of(lane, group.mechanisms)
    except UsageError:
        raise
    except Exception as error:  # of code from outside, whatever it is
        modules = [text.partition(":")[0] for text in lane.variant.objects.values()]
        raise UsageError(str(failure_of(group.name, error, modules))) from None


def group_sizes(group: Group) -> Sizes | None:
    """The networks of each lane of a group; None where the group's own code raises an error, which is reported when
    the group is trained.

    Raises:
      UsageError: an object from outside that is not what it must be.
    """
    return _attempted(group.lanes[0], group.mechanisms)


def network_facts(groups: Iterable[Group]) -> list[dict]:
    """What a card says of networks, as JSON values: for each task, network and size, the variants that have it."""
    lanes = {(lane.task, lane.variant.name): lane for group in groups for lane in group.lanes}
    found: dict[tuple, list[str]] = {}
    for lane in lanes.values():
        sizes = _attempted(lane, lane.mechanisms)
        if sizes is not None:
            key = (lane.task, network_of(lane), sizes.critics, sizes.actor, sizes.update_flops)
            found.setdefault(key, []).append(lane.variant.name)
    return [{"task": task, "variants": variants, "network": network, "critic_parameters": critics,
             "actor_parameters": actor, "update_flops": flops}
            for (task, network, critics, actor, flops), variants in found.items()]


def _attempted(lane: Lane, mechanisms: frozenset[str]) -> Sizes | None:
    try:
        return sizes_of(lane, mechanisms)
    except UsageError:
        raise
    except Exception:  # of code from outside, whatever it is
        return None


@functools.lru_cache(maxsize=256)
def traced_sizes(lane: Lane, mechanisms: frozenset[str]) -> Sizes:
    """The networks of a lane by tracing, whatever it has.

    Activations of critics are the numbers that the gradient of Q keeps of a pass, with as many gradients. Those of the
    actor are of divbench's own.
    """
    info = task_info(lane.task)
    structure = structure_of((lane,), mechanisms, info.observation_size, info.action_size, None)
    agent = agent_of(structure)
    coefs = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype),
                         coefficients((lane,), info.action_size))
    key = jax.eval_shape(lambda: jax.random.key(0))
    learner = jax.eval_shape(lambda key, coefs: agent.initialise(key, 0, coefs, structure), key, coefs)

    def pairs(rows: int) -> tuple[jax.ShapeDtypeStruct, ...]:
        return tuple(jax.ShapeDtypeStruct((rows, size), jnp.float32)
                     for size in (info.observation_size, info.action_size))

    def kept(critic, obs, action, coefs):
        """What the gradient of Q keeps of a pass, and the hidden layers."""
        def values(params, action):
            found = critics.forward({**critic, "params": params}, obs, action, coefs, structure)
            return found.q, found.hidden

        return jax.vjp(values, critic["params"], action, has_aux=True)[1:]

    pullback, hidden = jax.eval_shape(kept, learner.critic, *pairs(ROWS), coefs)
    activations = sum(leaf.size for leaf in jax.tree.leaves(pullback) if ROWS in leaf.shape) // ROWS
    obs, action = pairs(lane.sac.batch_size)
    numbers = jax.ShapeDtypeStruct((lane.sac.batch_size,), jnp.float32)

    def updated(learner, batch, coefs, key):
        return agent.update(agent, learner, batch, coefs, structure, key)

    parts: Any = obs, action, numbers, numbers, obs, action, numbers  # shapes in place of arrays
    batch = Batch(*parts)
    update = jax.make_jaxpr(updated)(learner, batch, coefs, key)
    return Sizes(
        actor=_count(learner.actor["params"]),
        critics=_count(learner.critic["params"]),
        layers=len(hidden),
        activations=4 * sum(lane.sac.actor_hidden) + 2 * activations,
        update_flops=2 * products(update.jaxpr),
    )


def products(program: Jaxpr) -> int:
    """Multiplications of the matrix products and convolutions of a program. A loop whose length is not known counts
    once; of branches the largest counts."""
    total = 0
    for equation in program.eqns:
        name, params = equation.primitive.name, equation.params
        inner = [products(part) for part in _programs(params)]
        out: Any = equation.outvars[0].aval
        if name == "dot_general":
            contracted = params["dimension_numbers"][0][0]
            first: Any = equation.invars[0].aval
            total += out.size * math.prod(first.shape[i] for i in contracted)
        elif name == "conv_general_dilated":
            kernel: Any = equation.invars[1].aval
            outputs = kernel.shape[params["dimension_numbers"].rhs_spec[0]]
            total += out.size * kernel.size // outputs
        elif name == "cond":
            total += max(inner)
        else:
            total += sum(inner) * (params["length"] if name == "scan" else 1)
    return total


def _programs(params: dict) -> Iterator[Jaxpr]:
    """The programs inside the parameters of an equation."""
    for value in params.values():
        for part in value if isinstance(value, tuple | list) else (value,):
            if isinstance(part, ClosedJaxpr):
                yield part.jaxpr
            elif isinstance(part, Jaxpr):
                yield part


def _count(tree: Any) -> int:
    return sum(leaf.size for leaf in jax.tree.leaves(tree))
