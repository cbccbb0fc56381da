"""What the class of a critic from outside declares of itself, and what such a critic is refused together with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from divbench.spec.errors import UsageError, unknown
from divbench.spec.mechanisms import MLP_ALONE, UNDERSTOOD
from divbench.spec.naming import load_object
from divbench.spec.objects import CRITIC, read_object
from divbench.spec.settings import SACSettings
from divbench.spec.variants import Variant, lane_mechanisms


class Needs(NamedTuple):
    """What a critic's class says of itself by class attributes, and what is assumed where it says nothing.

    Attributes:
      understands: switches of a lane that it handles itself, of `mechanisms.UNDERSTOOD`.
      ensembled: how many critics one module is; 0 if it is one, returns Q `[B]`, and is stacked by the house.
      joint: whether (s, a) and (s', a') pass through together in learning, as BatchNorm wants it (1902.05605).
      mutable: collections that move in the pass that learns; None for all but `params`.
      rngs: random streams beside `dropout`.
      features_at: path of the layer whose input is the features, `blocks/head`, or one for each critic; empty for the
        last Dense.
    """

    understands: frozenset[str] = frozenset()
    ensembled: int = 0
    joint: bool = False
    mutable: frozenset[str] | None = None
    rngs: tuple[str, ...] = ()
    features_at: tuple[str, ...] = ()

    def moves(self, collection: str) -> bool:
        """Whether a collection other than `params` moves in the pass that learns."""
        return self.mutable is None or collection in self.mutable


def needs_of_class(found: type, fields: Mapping[str, object], what: str) -> Needs:
    """What a class says of itself; `fields` that are set in a critic's name go before its attributes.

    Raises:
      UsageError: an attribute of another kind than expected.
    """
    def value(name):
        return fields.get(name, getattr(found, name, Needs._field_defaults[name]))

    ensembled, joint, mutable = value("ensembled"), value("joint"), value("mutable")
    if not isinstance(ensembled, int) or isinstance(ensembled, bool) or ensembled < 0:
        raise UsageError(f"{what}: ensembled: expected how many critics the module holds, found {ensembled!r}")
    if not isinstance(joint, bool):
        raise UsageError(f"{what}: joint: expected True or False, found {joint!r}")
    needs = Needs(frozenset(_names(value("understands"), "understands", what)), ensembled, joint,
                  None if mutable is None else frozenset(_names(mutable, "mutable", what)),
                  _names(value("rngs"), "rngs", what), _names(value("features_at"), "features_at", what))
    for name in sorted(needs.understands - set(UNDERSTOOD)):
        raise UsageError(f"{what}: understands: {unknown('switch', name, UNDERSTOOD)}")
    if len(needs.features_at) > 1 and len(needs.features_at) != ensembled:
        raise UsageError(f"{what}: features_at: expected one path, or one for each of the {ensembled} critics that the "
                         f"module holds, found {len(needs.features_at)}")
    return needs


def _names(value: object, attribute: str, what: str) -> tuple[str, ...]:
    """Names given as one text or as several; those of a set in the order of the alphabet."""
    several = value if isinstance(value, (tuple, list, set, frozenset)) else (value,)
    if not all(isinstance(name, str) for name in several):
        raise UsageError(f"{what}: {attribute}: expected names, found {value!r}")
    return tuple(sorted(several) if isinstance(several, (set, frozenset)) else several)


def check_critic(variant: Variant, sac: SACSettings) -> None:
    """Raise `UsageError` if a lane with a critic of its own has what that critic does not go together with."""
    if not variant.critic:
        return
    what = f"variant '{variant.name}': critic '{variant.critic}'"
    critic = read_object(variant.critic, CRITIC, what)
    needs = needs_of_class(load_object(critic, what), dict(critic.fields), what)
    mechanisms = lane_mechanisms(variant, sac)
    strange = sorted(mechanisms & set(MLP_ALONE) - needs.understands)
    if strange:
        known = ", ".join(sorted(needs.understands)) or "no switch"
        raise UsageError(f"variant '{variant.name}': '{strange[0]}' goes with divbench's own critics alone, found "
                         f"'{variant.critic}', which understands {known}; ofn and feature-layernorm go with any critic")
    outside = sorted(mechanisms & {"conservative", "dr3"}) or [*variant.losses]
    if needs.joint and outside:
        raise UsageError(f"{what}: joint does not go together with '{outside[0]}', which looks at the critics outside "
                         "of the pass whose statistics they are normalised by")
    if needs.ensembled not in (0, sac.critics):
        raise UsageError(f"{what}: holds {needs.ensembled} critics (ensembled), found critics={sac.critics}")
