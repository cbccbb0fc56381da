"""How large the networks of a lane are, and what an update of them costs: parameters, activations, FLOPs.

Arithmetic on divbench's own networks. Those from outside are measured by `divbench.execute.sizes`.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

from divbench.envs.names import task_info
from divbench.spec.mechanisms import IN_HIDDEN_LAYERS, MECHANISMS
from divbench.spec.plan import Lane


class Sizes(NamedTuple):
    """The networks of one lane.

    Attributes:
      actor: its parameters.
      critics: parameters of all critics together.
      layers: hidden layers of a critic.
      activations: numbers that each row of a batch needs in actor and critics while it is learned from.
      update_flops: of one update, as `update_flops` counts them.
    """

    actor: int
    critics: int
    layers: int
    activations: int
    update_flops: int


def mlp_sizes(lane: Lane, mechanisms: frozenset[str]) -> Sizes:
    """The sizes of divbench's own networks; `mechanisms` are those that are compiled in.

    Activations are the hidden values before and after each nonlinearity, with as many gradients.
    """
    info, sac = task_info(lane.task), lane.sac
    actor = layer_products(info.observation_size, sac.actor_hidden, 2 * info.action_size)
    critic = layer_products(info.observation_size + info.action_size, sac.critic_hidden, 1)
    units = sum(sac.critic_hidden)
    scales = units * sum(MECHANISMS[name].parameters for name in mechanisms & set(IN_HIDDEN_LAYERS))
    return Sizes(
        actor=sum(actor) + sum(sac.actor_hidden) + 2 * info.action_size,
        critics=sac.critics * (sum(critic) + units + 1 + scales),
        layers=len(sac.critic_hidden),
        activations=4 * (sum(sac.actor_hidden) + sac.critics * units),
        update_flops=update_flops(actor, critic, sac.batch_size, sac.critics, mechanisms),
    )


def layer_products(inputs: int, hidden: tuple[int, ...], outputs: int) -> tuple[int, ...]:
    """Multiplications of a dense network for one row, a number per layer: `inputs -> hidden... ->
    outputs`."""
    return tuple(a * b for a, b in itertools.pairwise((inputs, *hidden, outputs)))


def update_flops(actor: tuple[int, ...], critic: tuple[int, ...], batch_size: int, critics: int = 2,
                 mechanisms: frozenset[str] = frozenset()) -> int:
    """FLOPs of the matrix products of one SAC update of one lane.

    With the `layer_products` of the actor, `a` in all, and of one of N critics, `c` in all, `a1` and `c1` those of
    their first layers, and 2 FLOPs for a product with its addition:

      target       actor and all target critics forward                              a + N c
      critic loss  all critics forward, then towards weights and inputs,
                   nothing being needed behind the first layer                       N (3 c - c1)
      actor loss   actor forward and backward, all critics forward and towards
                   their inputs, no critic weights                                   3 a - a1 + 2 N c

    which is 2 B (4 a - a1 + 12 c - 2 c1) for a batch of B and two critics. `batchnorm` doubles what the critics do for
    target and loss, `dr3` adds two passes through their hidden layers, forward and back, `conservative` the critic loss
    of eight more actions a row, four of them the actor's. Normalisation, activations, functions from outside and the
    optimizer are left out; they cost time, but few FLOPs.
    """
    forward, learned = critics * sum(critic), critics * (3 * sum(critic) - critic[0])
    passes = 2 if "batchnorm" in mechanisms else 1
    products = sum(actor) + passes * (forward + learned) + 3 * sum(actor) - actor[0] + 2 * forward
    if "dr3" in mechanisms:
        products += 2 * critics * (3 * sum(critic[:-1]) - critic[0])
    if "conservative" in mechanisms:
        products += 4 * sum(actor) + 8 * learned
    return 2 * batch_size * products
