"""What a variant is: a frozen record of what differs from plain SAC. Data only; `learn` gives meaning.

The records that come with divbench are in `built_in`, what a name stands for is in `naming`.
"""

from __future__ import annotations

import dataclasses
import math
import re
from typing import Any

from divbench.spec.errors import UsageError, unknown
from divbench.spec.kinds import read_number
from divbench.spec.mechanisms import MECHANISMS, OF_THE_ACTOR, PAIRWISE, SHAPING
from divbench.spec.objects import CRITIC, OBJECTS, OPTIMIZER, read_object
from divbench.spec.settings import BOTH, DECLARED, SACSettings, with_values
from divbench.spec.unused import UNUSED_BY_PREQN, why_unused

RESET_SCOPES = ("agent", "actor", "critic")
RESET_UNITS = ("updates", "env_steps")
HOOKS = ("features", "losses", "projections")
NUMBERED = ("features", "losses")  # kinds of functions that see a number of their record
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.=+-]*")


@dataclasses.dataclass(frozen=True)
class Reset:
    """Draw fresh weights again and again; the replay buffer is kept.

    Attributes:
      interval: gradient updates of one lane between resets, or env steps.
      scope: `agent` is all that learns: actor, critics, target critics, temperature and their optimizer states;
        `actor` is the actor and the temperature with theirs; `critic` the critics and their targets with theirs.
      unit: `updates` or `env_steps`.
    """

    interval: int
    scope: str = "agent"
    unit: str = "updates"


@dataclasses.dataclass(frozen=True)
class Variant:
    """What differs from plain SAC.

    Attributes:
      name: as written in `--variants` and in tables.
      summary: one line of help.
      citation: the paper the mechanism comes from.
      mechanisms: what is switched on; a subset of `MECHANISMS`, explained in docs/variants.md.
      settings: fields of `SACSettings` that it replaces, as (name, value) pairs.
      reset: when to draw fresh weights, or None.
      strength: the setting that a number in its name sets, as in `weight-decay=0.01`; empty if there is none.
      number: what a number in its name sets where there is no `strength`, as in `mine:reg=0.01`. Its `features` and
        `losses` see it; lanes of other numbers share a program. None if it takes none. Of several records joined, one
        for each of these functions.
      features, losses, projections: functions of one's own, each written `package.module:function`. What they
        are called with is said in `divbench.learn.hooks`.
      critic: a flax module of one's own in place of the critics' MLP, `package.module:Class(field=value)`, or a linen
        module itself, which is kept as that text. How it is called is said in `divbench.learn.networks.foreign`.
      actor: one in place of the actor's MLP; see `divbench.learn.networks.foreign_actor`.
      optimizer, actor_optimizer: a function of one's own that returns an optax.GradientTransformation for the critics,
        or for the actor: `package.module:function(learning_rate=0.001)`.
      agent: an algorithm of one's own, `package.module:name`; see `divbench.learn.agents.agent`.
      code: the fingerprint of each function of its own (`divbench.spec.fingerprint`): lanes are not continued with
        other code. It is no setting, and is filled in by `RunSpec`.
    """

    name: str
    summary: str = dataclasses.field(compare=False)
    citation: str = dataclasses.field(compare=False)
    mechanisms: frozenset[str] = frozenset()
    settings: tuple[tuple[str, object], ...] = ()
    reset: Reset | None = None
    strength: str = dataclasses.field(default="", compare=False)
    features: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()
    projections: tuple[str, ...] = ()
    critic: str = ""
    actor: str = ""
    optimizer: str = ""
    actor_optimizer: str = ""
    agent: str = ""
    number: float | tuple[float | None, ...] | None = None
    code: tuple[tuple[str, str], ...] = dataclasses.field(default=(), compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise UsageError(f"variant {self.name!r}: expected a name of letters, digits and any of . _ = + -")
        pairs = self.settings.items() if isinstance(self.settings, dict) else self.settings
        object.__setattr__(self, "settings", tuple((name, value) for name, value in pairs))
        object.__setattr__(self, "mechanisms", frozenset(self.mechanisms))
        for kind in HOOKS:
            object.__setattr__(self, kind, tuple(getattr(self, kind)))
        strange = sorted(self.mechanisms - set(MECHANISMS))
        if strange:
            raise UsageError(f"variant '{self.name}': {unknown('mechanism', strange[0], MECHANISMS)}")
        reset = self.reset
        if reset is not None and (not isinstance(reset, Reset) or reset.interval < 1 or reset.scope not in RESET_SCOPES
                                  or reset.unit not in RESET_UNITS):
            raise UsageError(f"variant '{self.name}': expected a reset interval of 1 or more, a scope of "
                             f"{', '.join(RESET_SCOPES)} and a unit of {', '.join(RESET_UNITS)}, found {reset}")
        self._check_number()
        for kind, text in self.objects.items():
            object.__setattr__(self, kind, str(read_object(text, kind, f"variant '{self.name}': {kind}")))
        for kind in HOOKS:
            for hook in getattr(self, kind):
                if not isinstance(hook, str) or hook.count(":") != 1 or not all(hook.split(":")):
                    raise UsageError(f"variant '{self.name}': {kind}: expected 'package.module:function', "
                                     f"found {hook!r}")

    def _check_number(self) -> None:
        functions = len(self.features) + len(self.losses)
        if self.number is None or isinstance(self.number, tuple) and len(self.number) == functions:
            return
        what = f"variant '{self.name}': number"
        object.__setattr__(self, "number", read_number(self.number, what))
        if self.strength:
            raise UsageError(f"{what}: a number in its name sets {self.strength} already; expected one of the two")
        if not functions:
            raise UsageError(f"{what}: expected a function that sees it, of {' or '.join(NUMBERED)}, found none")

    def numbers(self, kind: str) -> tuple[float | None, ...]:
        """What each function of a kind of `NUMBERED` sees as the number of its record; None where that has none."""
        if not isinstance(self.number, tuple):
            return (self.number,) * len(getattr(self, kind))
        place = len(self.features)
        return self.number[:place] if kind == "features" else self.number[place:]

    @property
    def objects(self) -> dict[str, str]:
        """What it puts in the place of divbench's own, by kind: of `OBJECTS` those that it has."""
        return {kind: getattr(self, kind) for kind in OBJECTS if getattr(self, kind)}

    @property
    def hooks(self) -> tuple[tuple[str, str], ...]:
        """All functions of its own as (kind, where they are) pairs, and its `objects` last."""
        return (*((kind, hook) for kind in HOOKS for hook in getattr(self, kind)), *self.objects.items())

    def same_as(self, other: Variant) -> bool:
        """Whether both are the same but for their names and the order of their settings."""
        renamed = dataclasses.replace(other, name=self.name, settings=self.settings)
        return renamed == self and dict(other.settings) == dict(self.settings)


def lane_settings(variant: Variant, sac: SACSettings) -> SACSettings:
    """The settings of a lane: a run's, with those that the variant replaces."""
    return with_values(sac, dict(variant.settings))


def check_together(variant: Variant, sac: SACSettings) -> None:
    """Raise `UsageError` if what a lane has does not go together; `sac` are the lane's settings."""
    names = [name for name, _ in variant.settings if name != BOTH]
    for name in names:
        mechanism, example = DECLARED[name].mechanism
        if mechanism and mechanism not in variant.mechanisms:
            raise UsageError(f"variant '{variant.name}': {name} means nothing without {mechanism}; expected both, as "
                             f"in '{example}'")
    if "groupnorm" in variant.mechanisms:
        _check_groups(variant.name, sac.groupnorm_groups, sac.critic_hidden)
    if sac.algorithm == "preqn":
        strange = sorted(lane_mechanisms(variant, sac) - {*PAIRWISE, SHAPING})
        strange += [name for name in names if name in UNUSED_BY_PREQN]
        strange += [hook for kind, hook in variant.hooks if kind in (*HOOKS, CRITIC, OPTIMIZER)]
        if strange:
            raise UsageError(f"variant '{variant.name}': preqn does not go together with '{strange[0]}': its step is "
                             "made from the kernel of Q alone")
    inside = sorted(variant.mechanisms & set(OF_THE_ACTOR))
    if variant.actor and inside:
        raise UsageError(f"variant '{variant.name}': '{inside[0]}' goes with divbench's own actor alone, found "
                         f"'{variant.actor}'")
    for name in names:
        reason = why_unused(name, sac, variant.objects)
        if reason:
            raise UsageError(f"variant '{variant.name}': {name} changes nothing: {reason}")
    clash = sorted(lane_mechanisms(variant, sac) & {"conservative", "dr3"}) or [*variant.losses]
    if "batchnorm" in variant.mechanisms and clash:
        raise UsageError(f"variant '{variant.name}': batchnorm does not go together with '{clash[0]}', which looks at "
                         "the critics outside of the pass whose statistics they are normalised by")


def _check_groups(name: str, groups: int, widths: tuple[int, ...]) -> None:
    """Raise `UsageError` unless each layer has that many groups of equal size. A group of one unit is refused as well:
    it is its own mean, and whatever it held is 0."""
    common = math.gcd(*widths)
    possible = [count for count in range(1, min(widths) // 2 + 1) if common % count == 0]
    if groups not in possible:
        nearest = f"; the nearest is {min(possible, key=lambda count: abs(count - groups))}" if possible else ""
        raise UsageError(f"variant '{name}': groupnorm_groups: expected a number that divides the critics' widths "
                         f"{','.join(map(str, widths))} into groups of 2 units or more, found {groups}{nearest}")


def lane_mechanisms(variant: Variant, sac: SACSettings) -> frozenset[str]:
    """Everything that must be compiled in for a lane; `sac` are the lane's settings, the variant's included."""
    by_setting = {declared.switches_on for name, declared in DECLARED.items()
                  if declared.switches_on and getattr(sac, name) != getattr(SACSettings, name)}
    return variant.mechanisms | by_setting


def variant_to_plain(variant: Variant) -> dict:
    """What a variant does, as JSON values; its summary and citation decide nothing and are left out."""
    plain = {"name": variant.name, "mechanisms": sorted(variant.mechanisms),
             "settings": [[name, list(value) if isinstance(value, tuple) else value]
                          for name, value in variant.settings],
             "reset": variant.reset and dataclasses.asdict(variant.reset)}
    optional: dict[str, Any] = {kind: list(getattr(variant, kind)) or None for kind in HOOKS} | variant.objects
    optional["number"] = list(variant.number) if isinstance(variant.number, tuple) else variant.number
    return plain | {name: value for name, value in optional.items() if value is not None}


def variant_from_plain(record: dict) -> Variant:
    """The variant of `variant_to_plain`, without words."""
    settings = tuple((name, tuple(value) if isinstance(value, list) else value)
                     for name, value in record["settings"])
    number = record.get("number")
    own: dict[str, Any] = {kind: tuple(record.get(kind, ())) for kind in HOOKS}
    own |= {kind: record.get(kind, "") for kind in OBJECTS}
    return Variant(name=record["name"], summary="", citation="", mechanisms=frozenset(record["mechanisms"]),
                   settings=settings, reset=record["reset"] and Reset(**record["reset"]), **own,
                   number=tuple(number) if isinstance(number, list) else number)
