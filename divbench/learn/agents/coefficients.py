"""What tells the lanes of a group apart, as numbers, and what they share, as structure that is compiled in."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from divbench.learn.networks.switches import Switches
from divbench.spec.plan import Lane
from divbench.spec.settings import STRUCTURE, SACSettings
from divbench.spec.variants import NUMBERED


class Coefficients(NamedTuple):
    """The numbers of a lane that are data: float32 scalars (`[L]` once stacked). Names as in `SACSettings`. Of the
    mechanisms, LayerNorm has a number for each hidden layer of the critics."""

    switches: Switches
    init_gain: jax.Array
    log_std_gain: jax.Array
    log_std_min: jax.Array
    log_std_max: jax.Array
    actor_lr: jax.Array
    critic_lr: jax.Array
    temperature_lr: jax.Array
    adam_b1: jax.Array
    adam_b2: jax.Array
    adam_eps: jax.Array
    critic_b1: jax.Array
    critic_b2: jax.Array
    critic_eps: jax.Array
    critic_averaged: jax.Array  # this and the next two: 0 or 1, what `critic_optimizer` says, see `optimizers.Rule`
    critic_corrected: jax.Array
    critic_scaled: jax.Array
    weight_decay: jax.Array
    clip_norm: jax.Array
    gamma: jax.Array
    reward_scale: jax.Array
    reward_shift: jax.Array
    tau: jax.Array
    target_period: jax.Array  # gradient steps
    mean_weight: jax.Array
    in_distribution_targets: jax.Array  # 0 or 1
    huber_delta: jax.Array
    conservative_weight: jax.Array
    dr3_weight: jax.Array
    exploration_noise: jax.Array
    target_noise: jax.Array
    target_noise_clip: jax.Array
    policy_delay: jax.Array  # updates
    q_weight: jax.Array
    cloning_weight: jax.Array
    search_cosine: jax.Array
    search_shrink: jax.Array
    initial_temperature: jax.Array
    target_entropy: jax.Array  # nats
    data_fraction: jax.Array  # of an offline lane
    bootstrap_at_limit: jax.Array  # 1: a time limit does not end the future; 0: it does
    loss_numbers: jax.Array  # of the record of each loss from outside; those of feature functions are in `switches`


class Structure(NamedTuple):
    """What is compiled in: hashable, the same for all lanes of a group."""

    observation_size: int
    action_size: int
    mechanisms: frozenset[str]
    hooks: tuple[tuple[str, str], ...]  # functions and objects from outside, (kind, where they are)
    settings: SACSettings  # only the fields of `settings.STRUCTURE` are read from here
    reward_range: tuple[float, float] | None  # the task's, of one env step; None if unknown; enters the bound on Q
    terminates: bool = False  # whether an episode can end before the time limit
    offline: bool = False  # whether the transitions are a dataset's, which all lanes share, and nobody acts
    range_seen: bool = False  # whether `reward_range` is a dataset's, because the task states none

    def own(self, kind: str) -> str:
        """Where the object from outside of that kind of `spec.objects` is; empty if there is none."""
        return dict(self.hooks).get(kind, "")

    @property
    def bound_seen(self) -> bool:
        """Whether the bounds on Q come from rewards seen so far."""
        return self.range_seen or self.reward_range is None


def coefficients(lanes: tuple[Lane, ...], action_size: int) -> Coefficients:
    """The lanes' coefficients, stacked: every leaf is float32 `[L]`, LayerNorm's `[L, hidden layers]`, numbers of
    records `[L, functions]`, nan where there is none."""
    def stack(value):
        return jnp.asarray(np.asarray([value(lane) for lane in lanes], np.float32))

    fields = {name: stack(lambda lane, name=name: getattr(lane.sac, name))
              for name in Coefficients._fields if hasattr(SACSettings, name)}
    others = {m: stack(lambda lane, m=m: m in lane.variant.mechanisms)
              for m in ("feature_layernorm", "unit_ball", "actor_layernorm")}
    numbers = {kind: stack(lambda lane, kind=kind: np.asarray(lane.variant.numbers(kind), np.float32))
               for kind in NUMBERED}
    layernorm = stack(lambda lane: ["layernorm" in lane.variant.mechanisms and named
                                    for named in lane.sac.layernorm_mask])
    return Coefficients(
        switches=Switches(
            layernorm=layernorm, layernorm_affine=stack(lambda lane: lane.sac.layernorm_affine),
            dropout=stack(lambda lane: lane.sac.dropout_rate), numbers=numbers["features"], **others),
        critic_averaged=stack(lambda lane: lane.sac.critic_optimizer != "momentum"),
        critic_corrected=stack(lambda lane: lane.sac.critic_optimizer in ("adam", "adam-no-second-moment")),
        critic_scaled=stack(lambda lane: lane.sac.critic_optimizer in ("adam", "rmsprop")),
        target_entropy=stack(lambda lane: -lane.sac.target_entropy_scale * action_size),
        bootstrap_at_limit=stack(lambda lane: lane.sac.time_limit_bootstraps),
        loss_numbers=numbers["losses"],
        **fields,
    )


def structure_of(lanes: tuple[Lane, ...], mechanisms: frozenset[str], observation_size: int, action_size: int,
                 reward_range: tuple[float, float] | None, *, terminates: bool = False,
                 offline: bool = False, range_seen: bool = False) -> Structure:
    """The structure that lanes of one group share; `mechanisms` may hold more than theirs."""
    settings = SACSettings(**{field: getattr(lanes[0].sac, field) for field in STRUCTURE})
    return Structure(observation_size, action_size, mechanisms, lanes[0].variant.hooks, settings, reward_range,
                     terminates, offline, range_seen)
