"""What tells the lanes of a group apart, as numbers, and what they share, as structure that is compiled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Self

import jax
import jax.numpy as jnp
import numpy as np

from divbench.learn.networks.switches import Switches
from divbench.spec.mechanisms import IN_HIDDEN_LAYERS, SELECTABLE
from divbench.spec.plan import Lane
from divbench.spec.settings import DECLARED, STRUCTURE, WITH_SECOND_MOMENT, SACSettings
from divbench.spec.variants import NUMBERED

# What is not a setting under its own name. Of `critic_optimizer`, three numbers of 0 or 1 (`optimizers.Rule`).
_OTHERS = ("switches", "critic_averaged", "critic_corrected", "critic_scaled", "target_entropy", "bootstrap_at_limit",
           "loss_numbers")
_SETTINGS = tuple(name for name, declared in DECLARED.items() if not declared.static and not declared.becomes)


_named_tuple: Any = NamedTuple  # whose fields come from a table, which no type checker can follow
_Fields: Any = _named_tuple("Coefficients", [(name, jax.Array) for name in (*_SETTINGS, *_OTHERS)])


class Coefficients(_Fields):
    """The numbers of a lane that are data: float32 scalars (`[L]` once stacked). They are all settings that are not
    static, each under its own name or as what it becomes (`spec.setting.Setting`), and the mechanisms as `switches`.

    `target_entropy` is in nats. `bootstrap_at_limit` is 0 where a time limit ends the future, else 1. `loss_numbers`
    has for each loss from outside the number of its record.
    """

    __slots__ = ()
    switches: Switches
    if TYPE_CHECKING:
        def __getattr__(self, name: str) -> jax.Array: ...
        def _replace(self, **changes: Any) -> Self: ...


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
    """The lanes' coefficients, stacked: every leaf is float32 `[L]`, a normalisation's `[L, hidden layers]`, numbers
    of records `[L, functions]`, nan where there is none."""
    def stack(value):
        return jnp.asarray(np.asarray([value(lane) for lane in lanes], np.float32))

    numbers = {kind: stack(lambda lane, kind=kind: np.asarray(lane.variant.numbers(kind), np.float32))
               for kind in NUMBERED}
    switches = Switches(
        **{name: stack(lambda lane, name=name: _switch(lane, name)) for name in SELECTABLE},
        layernorm_affine=stack(lambda lane: lane.sac.layernorm_affine),
        dropout=stack(lambda lane: lane.sac.dropout_rate), numbers=numbers["features"])
    return Coefficients(
        switches=switches,
        critic_averaged=stack(lambda lane: lane.sac.critic_optimizer != "momentum"),
        critic_corrected=stack(lambda lane: lane.sac.critic_optimizer in ("adam", "adam-no-second-moment")),
        critic_scaled=stack(lambda lane: lane.sac.critic_optimizer in WITH_SECOND_MOMENT),
        target_entropy=stack(lambda lane: -lane.sac.target_entropy_scale * action_size),
        bootstrap_at_limit=stack(lambda lane: lane.sac.time_limit_bootstraps),
        loss_numbers=numbers["losses"],
        **{name: stack(lambda lane, name=name: getattr(lane.sac, name)) for name in _SETTINGS},
    )


def _switch(lane: Lane, mechanism: str) -> bool | list[bool]:
    """Whether a lane has a mechanism; of one in the critics' hidden layers, in which of them."""
    has = mechanism in lane.variant.mechanisms
    if mechanism not in IN_HIDDEN_LAYERS:
        return has
    layers = lane.sac.layernorm_mask if mechanism == "layernorm" else [True] * len(lane.sac.critic_hidden)
    return [has and named for named in layers]


def structure_of(lanes: tuple[Lane, ...], mechanisms: frozenset[str], observation_size: int, action_size: int,
                 reward_range: tuple[float, float] | None, *, terminates: bool = False,
                 offline: bool = False, range_seen: bool = False) -> Structure:
    """The structure that lanes of one group share; `mechanisms` may hold more than theirs."""
    settings = SACSettings(**{field: getattr(lanes[0].sac, field) for field in STRUCTURE})
    return Structure(observation_size, action_size, mechanisms, lanes[0].variant.hooks, settings, reward_range,
                     terminates, offline, range_seen)
