"""Arms compared seed by seed: how often one lane beats the lane of the same task and seed, and the exact sign test.

Lanes of a seed share their random numbers since key generation 2 (`divbench.spec.plan.Lane.key_words`), so that equal
seeds are pairs. Runs of generation 1 and imported results are unpaired: `why_unpaired` gives the reason.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Hashable, Mapping
from typing import TypeVar

from divbench.records.card import key_generation
from divbench.spec.run_spec import CHECKSUM

PAIRED_SINCE = 2  # the key generation from which on lanes of a seed share random numbers of training


@dataclasses.dataclass(frozen=True)
class Wins:
    """Pairs of lanes by which side is greater.

    Attributes:
      wins, losses, ties: how many pairs the first side wins, loses, and in how many both are equal.
    """

    wins: int
    losses: int
    ties: int

    @property
    def pairs(self) -> int:
        return self.wins + self.losses + self.ties

    @property
    def chance(self) -> float:
        """The two-sided sign test's p-value; equal pairs are left out."""
        return sign_test(self.wins, self.losses)

    def text(self) -> str:
        """`7 of 8, p 0.070`; `6 of 8, 1 equal, p 0.13`; `-` without pairs."""
        if not self.pairs:
            return "-"
        equal = f", {self.ties} equal" if self.ties else ""
        return f"{self.wins} of {self.pairs}{equal}, p {self.chance:.2g}"


Key = TypeVar("Key", bound=Hashable)


def count_wins(first: Mapping[Key, float], second: Mapping[Key, float]) -> Wins:
    """How often the first side's number is greater than the second's of the same key, of the keys that both have."""
    pairs = [(first[key], second[key]) for key in first if key in second]
    return Wins(sum(a > b for a, b in pairs), sum(a < b for a, b in pairs), sum(a == b for a, b in pairs))


def sign_test(wins: int, losses: int) -> float:
    """The probability of a split at least as uneven where both sides are as likely to win (exact, two-sided).

    1.0 without any pair. Source: Dixon and Mood, The statistical sign test, JASA 41 (1946).
    """
    count, fewest = wins + losses, min(wins, losses)
    return min(1.0, 2.0 * sum(math.comb(count, k) for k in range(fewest + 1)) / 2.0**count)


def key_rule(card: Mapping) -> str:
    """What the random numbers of a card's lanes derive from beside task and seed: the key generation and, of an offline
    run, its dataset. Lanes of two runs are pairs where it is equal; empty where they are none (`why_unpaired`)."""
    if why_unpaired(card):
        return ""
    return f"{key_generation(card)} {card.get('settings', {}).get(CHECKSUM, '')}".strip()


def why_unpaired(card: Mapping) -> str:
    """Why lanes of equal seed of that card's run are no pairs, in words; empty where they are."""
    generation = key_generation(card)
    if generation is None:
        return "imported results do not say what lanes of a seed share"
    if generation < PAIRED_SINCE:
        return f"key generation {generation}, in which variants of a seed share no random numbers of training"
    return ""
