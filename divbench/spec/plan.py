"""From a run specification to groups: the lanes that share one compiled program. Pure; trains nothing."""

from __future__ import annotations

import dataclasses
import hashlib
from fractions import Fraction

from divbench.spec.mechanisms import SELECTABLE
from divbench.spec.protocol import Protocol
from divbench.spec.run_spec import RunSpec
from divbench.spec.settings import STRUCTURE, SACSettings
from divbench.spec.variants import Variant, lane_mechanisms, lane_settings

KEY_GENERATION = 2  # of the rule by which `Lane.key_words` and the streams make random numbers; a card names it


@dataclasses.dataclass(frozen=True)
class Lane:
    """One (variant, seed) slot of the vmapped axis; its settings include what the variant replaces.

    Attributes:
      dataset: checksum of the dataset that an offline lane learns from; empty for a lane that acts.
    """

    task: str
    variant: Variant
    utd: Fraction
    seed: int
    sac: SACSettings
    dataset: str = ""

    @property
    def name(self) -> str:
        return f"{self.task}/{self.variant.name}/utd{self.utd}/seed{self.seed}"

    @property
    def mechanisms(self) -> frozenset[str]:
        """What must be compiled in for it."""
        return lane_mechanisms(self.variant, self.sac)

    @property
    def key_words(self) -> tuple[int, int]:
        """64 bits of SHA-256 over (task, seed): the root of every random number of the lane.

        Of an offline lane, over (task, dataset, seed). Variant and UTD are no part of it, so that lanes of one seed
        meet the same initial states, random actions, minibatches, noise and initial weights: comparisons are paired.
        """
        text = "/".join([self.task, *([self.dataset] if self.dataset else []), f"seed{self.seed}"])
        digest = hashlib.sha256(text.encode()).digest()
        return int.from_bytes(digest[:4], "big"), int.from_bytes(digest[4:8], "big")


@dataclasses.dataclass(frozen=True)
class Group:
    """Lanes of one compiled program: same task, UTD, structure and protocol."""

    task: str
    utd: Fraction
    mechanisms: frozenset[str]  # compiled in; a superset of each lane's
    hooks: tuple[tuple[str, str], ...]  # functions from outside, (kind, where they are); each lane's own
    lanes: tuple[Lane, ...]
    protocol: Protocol

    @property
    def name(self) -> str:
        """Readable and usable as a folder name, ending in `identity`:
        `cheetah-run_utd1-2_layernorm_3f09ac`."""
        utd = str(self.utd).replace("/", "-")
        what = "+".join([*sorted(self.mechanisms), *(["hooks"] if self.hooks else [])])
        return "_".join([self.task, f"utd{utd}", what or "plain", self.identity])

    @property
    def identity(self) -> str:
        """Six hexadecimal digits of the lanes' names, so that no two groups of a run share a folder."""
        text = ",".join(lane.name for lane in self.lanes)
        return hashlib.sha256(text.encode()).hexdigest()[:6]


def make_groups(spec: RunSpec, *, fused: bool, dataset: str = "") -> tuple[Group, ...]:
    """All groups of a run, in the order they are trained.

    Args:
      spec: the run.
      fused: one group for all mechanisms of a (task, UTD) that coefficients can select among (pays on a GPU
        or TPU); otherwise one group per set of mechanisms (pays on a CPU).
      dataset: checksum of what an offline run learns from; part of its lanes' random keys.
    """
    groups = []
    for task in spec.tasks:
        for utd in spec.utd:
            lanes = [Lane(task, variant, utd, seed, lane_settings(variant, spec.sac), dataset)
                     for variant in spec.variants for seed in spec.seed_list]
            for members in _by_structure(lanes, fused):
                mechanisms = frozenset().union(*(lane.mechanisms for lane in members))
                groups.append(
                    Group(task, utd, mechanisms, members[0].variant.hooks, tuple(members), spec.protocol(utd)))
    return tuple(groups)


def _by_structure(lanes: list[Lane], fused: bool) -> list[list[Lane]]:
    buckets: dict[tuple, list[Lane]] = {}
    for lane in lanes:
        apart = lane.mechanisms - set(SELECTABLE) if fused else lane.mechanisms
        structure = tuple(getattr(lane.sac, field) for field in STRUCTURE)
        buckets.setdefault((structure, apart, lane.variant.hooks), []).append(lane)
    return list(buckets.values())


def silent_resets(spec: RunSpec) -> list[str]:
    """One line per (variant, UTD) whose reset never fires in the run, so that nobody compares it unawares.

    A reset is due after `interval` updates (or env steps) of a lane; one due at the very end does not fire.
    """
    lines = []
    for variant in spec.variants:
        if variant.reset is None:
            continue
        unit = variant.reset.unit.replace("_", " ")
        for utd in spec.utd:
            protocol = spec.protocol(utd)
            total, last = getattr(protocol, variant.reset.unit), protocol.phases[-1]
            step = last.updates_at(last.env_steps) if variant.reset.unit == "updates" else 1  # at its end none is reset
            if total - step < variant.reset.interval:
                plain = not (lane_mechanisms(variant, lane_settings(variant, spec.sac)) or variant.settings
                             or variant.hooks)
                like = "of plain SAC" if plain else "of it without a reset"
                lines.append(f"variant '{variant.name}' never resets at UTD {utd}: the run makes {total:,} "
                             f"{unit} a lane, the first reset is due after {variant.reset.interval:,}; "
                             f"its lanes are those {like}")
    return lines
