"""What gymnasium's tasks read of a simulation, and where it lies in a vector of numbers: `sensordata` to the rest.

Lives here: `layout`, `values` and `all_values`. Does not live here: the simulations (`host`, `mjx`, `draws`).

gymnasium reads its fields where `mj_step` leaves them: not at the new state but one simulation step back, and with
the Runge-Kutta integrator at the last of that step's four trial points. No sensor of MuJoCo's shows them there, so
they are read from the simulation's data, which both kinds of physics leave in the same way.

The vector begins with `position`, what is paid for moving, and `displacement`, by how much it moved during the last
control step. The difference is taken where the position still has all its digits: hundreds of metres from the origin
a float32 position says little about a speed.
"""

from collections.abc import Callable
from typing import Any

import mujoco
import numpy as np

from divbench.envs.base import Field, TaskDefinition


def layout(definition: TaskDefinition, model: mujoco.MjModel) -> dict[str, slice]:
    """Returns where `position`, `displacement` and each field that the task reads lie in the vector."""
    data = mujoco.MjData(model)

    def size(field: Field) -> int:
        return values(field, lambda source: getattr(data, source)).size

    moved = size(definition.moving)
    widths = {"position": moved, "displacement": moved} | {field.source: size(field) for field in definition.reads}
    ends = np.cumsum(list(widths.values())).tolist()
    return {name: slice(end - width, end) for (name, width), end in zip(widths.items(), ends, strict=True)}


def values(field: Field, read: Callable[[str], Any], lead: int = 0) -> Any:
    """Returns a field's rows as a vector `[..., n]`, of numpy or JAX, whichever `read(source)` gives.

    Args:
      field: which. read: `source -> [..., rows, ...]`. lead: how many axes come before the rows: 1 where there are
        lanes, which stay apart.
    """
    whole = read(field.source)
    rows = whole[(slice(None),) * lead + (slice(field.first, field.last),)]
    return rows.reshape(*whole.shape[:lead], -1)


def all_values(definition: TaskDefinition, read: Callable[[str], Any], displacement: Any, lead: int = 0) -> list:
    """Returns the parts of the vector in their order; see `values`."""
    read_fields = [values(field, read, lead) for field in definition.reads]
    return [values(definition.moving, read, lead), displacement, *read_fields]
