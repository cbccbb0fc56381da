"""Variants: named, frozen records of what differs from plain SAC. Data only; `learn` gives meaning."""

from __future__ import annotations

import dataclasses
import re

from divbench.spec.errors import UsageError, nearest
from divbench.spec.text import format_count, parse_count

MECHANISMS = ("layernorm", "unit_ball")
RESET_SCOPES = ("agent",)


@dataclasses.dataclass(frozen=True)
class Reset:
    """Draw fresh weights every `interval` updates; the replay buffer is kept.

    Scope `agent` is all that learns: actor, critics, target critics, temperature and their optimizer states.
    """

    interval: int  # gradient updates of one lane
    scope: str = "agent"


@dataclasses.dataclass(frozen=True)
class Variant:
    """What differs from plain SAC.

    Attributes:
      name: as written in `--variants`, in tables and in random keys.
      summary: one line of help.
      citation: the paper the mechanism comes from.
      mechanisms: critic mechanisms that are on; a subset of `MECHANISMS`. `layernorm` is LayerNorm with
        affine parameters before each ReLU of the critic; `unit_ball` divides the critic's last hidden
        features (after the ReLU) by their L2 norm.
      settings: fields of `SACSettings` that it replaces, as (name, value) pairs.
      reset: when to draw fresh weights, or None.
    """

    name: str
    summary: str
    citation: str
    mechanisms: frozenset[str] = frozenset()
    settings: tuple[tuple[str, object], ...] = ()
    reset: Reset | None = None

    def __post_init__(self):
        unknown = sorted(self.mechanisms - set(MECHANISMS))
        if unknown:
            known = ", ".join(MECHANISMS)
            raise UsageError(f"variant '{self.name}': unknown mechanism '{unknown[0]}'; known: {known}")
        if self.reset is not None and (self.reset.interval < 1 or self.reset.scope not in RESET_SCOPES):
            raise UsageError(f"variant '{self.name}': expected a reset interval of 1 or more and a scope of "
                             f"{', '.join(RESET_SCOPES)}, found {self.reset}")


_SAC = "Haarnoja et al., Soft Actor-Critic Algorithms and Applications, 1812.05905"
_SR_SAC = "D'Oro et al., Sample-Efficient RL by Breaking the Replay Ratio Barrier, ICLR 2023"

BUILT_IN = {
    v.name: v
    for v in (
        Variant("baseline", "plain soft actor-critic", _SAC),
        Variant("ofn", "output feature normalization: the critic's last hidden features on the unit ball",
                "Hussing et al., Dissecting Deep RL with High Update Ratios, 2403.05996",
                mechanisms=frozenset({"unit_ball"})),
        Variant("layernorm", "LayerNorm with affine parameters before each ReLU of the critic",
                "Yue et al., Understanding, Predicting and Better Resolving Q-Value Divergence in "
                "Offline-RL, 2310.04411", mechanisms=frozenset({"layernorm"})),
        Variant("reset", "the whole agent drawn afresh every 2,560,000 updates, replay buffer kept", _SR_SAC,
                reset=Reset(2_560_000)),
    )
}
_RESET_NAME = re.compile(r"reset-(?P<interval>[^-]*)-updates")
PATTERNS = ("reset-<N>-updates",)


def find_variant(name: str) -> Variant:
    """The variant of that name: a built-in one, or `reset-<N>-updates` such as `reset-100k-updates`.

    The record's own name has one spelling for each interval: `reset-0.1M-updates` is `reset-100k-updates`, in
    tables and in random keys too.

    Raises:
      UsageError: with the nearest known name.
    """
    if name in BUILT_IN:
        return BUILT_IN[name]
    match = _RESET_NAME.fullmatch(name)
    if match:
        interval = parse_count(match["interval"], f"variant '{name}'", minimum=1)
        return Variant(f"reset-{format_count(interval)}-updates",
                       f"the whole agent drawn afresh every {interval:,} updates, replay buffer kept",
                       _SR_SAC, reset=Reset(interval))
    known = ", ".join([*BUILT_IN, *PATTERNS])
    hint = nearest(name, [*BUILT_IN, "reset-100k-updates"])
    raise UsageError(f"unknown variant '{name}'; known: {known}{hint}")


def variant_to_plain(variant: Variant) -> dict:
    """What a variant does, as JSON values; its summary and citation decide nothing and are left out."""
    return {"name": variant.name, "mechanisms": sorted(variant.mechanisms),
            "settings": [[name, list(value) if isinstance(value, tuple) else value]
                         for name, value in variant.settings],
            "reset": variant.reset and dataclasses.asdict(variant.reset)}


def variant_from_plain(record: dict) -> Variant:
    """The variant of `variant_to_plain`; with a built-in one's words if it is one."""
    settings = tuple((name, tuple(value) if isinstance(value, list) else value)
                     for name, value in record["settings"])
    known = BUILT_IN.get(record["name"])
    return Variant(name=record["name"], summary=known.summary if known else "",
                   citation=known.citation if known else "", mechanisms=frozenset(record["mechanisms"]),
                   settings=settings, reset=record["reset"] and Reset(**record["reset"]))
