"""Many tests together: Holm's adjusted chances. Does not live here: Tarone's level of the gate's tests (`ranks`)."""

from __future__ import annotations

from collections.abc import Sequence


def holm(chances: Sequence[float]) -> list[float]:
    """Chances that may each be held against the level of all tests together (Holm, 1979, Scand. J. Statist. 6, 65-70).

    For any dependence among the tests, the chance that any of those rejected was true is at most the level.

    Args:
      chances: of each test, two-sided.

    Returns:
      In the same order: the largest, over the tests with a chance as small or smaller, of that chance times the number
      of tests that are not smaller; 1 at most.
    """
    order = sorted(range(len(chances)), key=lambda place: chances[place])
    found, largest = [0.0] * len(chances), 0.0
    for passed, place in enumerate(order):
        largest = max(largest, min(1.0, (len(chances) - passed) * chances[place]))
        found[place] = largest
    return found
