"""A short measurement of how fast a group learns on this machine, for `divbench plan`. Writes nothing."""

from __future__ import annotations

from divbench.execute import device
from divbench.execute.timing import TimedGroup
from divbench.spec.plan import Group

SECONDS = 2.0  # of measured updates
RANDOM_STEPS = 200


def measure_rate(group: Group, physics: str = "auto", precision: str = "highest") -> float:
    """Gradient updates per second summed over the lanes of a group, replay sampling included, acting not.

    Args:
      group: its program is compiled and run for a few seconds on transitions of random actions, also where it
        learns from a dataset.
      physics: `auto`, `mjx`, `host` or `warp`.
      precision: JAX matmul precision of the learner.
    """
    device.prepare(precision)
    timed = TimedGroup(group, device.resolve_physics(group.task, physics), RANDOM_STEPS)
    updates = 8
    while (seconds := timed.updates(updates)) <= SECONDS / 2:
        updates *= 2
    return updates * timed.lanes / seconds
