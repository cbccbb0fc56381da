"""The contact of two capsules whose axes cross, as C MuJoCo makes it.

Lives here: `with_crossings`. Does not live here: where MJX calls it (`mjx_tuning`).

A contact's normal points from one axis's nearest point to the other's. Where the axes cross, these are the same point.
C then takes the cross product of the axes (`mjc_CapsuleCapsule`). MJX adds 1e-6 to a denominator, finds two points
about 1e-6 m apart, and takes their direction, which is that of an error. In a plane many poses cross: hopper's calf and
nose do after about one reset in a hundred. All other contacts keep the numbers that MJX gives them. So do all contacts
of a model with a free joint, because axes in space do not meet exactly.
"""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import mujoco
import numpy as np


def with_crossings(collide: Callable) -> Callable:
    """MJX's collision function of capsule pairs, with C's contact where the axes of a pair cross.

    Args:
      collide: `(model, data, key, geoms [n, 2]) -> dist [n], pos [n, 3], frame [n, 3, 3]`.
    """

    @functools.wraps(collide)
    def corrected(model, data, key, geoms):
        dist, pos, frame = collide(model, data, key, geoms)
        if mujoco.mjtJoint.mjJNT_FREE in model.jnt_type:
            return dist, pos, frame
        centre, axis, size = data.geom_xpos[geoms], data.geom_xmat[geoms][..., 2], model.geom_size[geoms]
        crosses, point, normal = jax.vmap(_crossing)(centre, axis, size[..., 1])
        radius = size[..., 0]
        point = point + normal * (radius[:, :1] - radius[:, 1:]) / 2  # the middle of the overlap
        return (
            jnp.where(crosses, -radius.sum(1), dist),
            jnp.where(crosses[:, None], point, pos),
            jnp.where(crosses[:, None, None], jax.vmap(_frame)(normal), frame),
        )

    return corrected


def _crossing(centre: jax.Array, axis: jax.Array, half: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Whether two segments cross, and where, and the unit vector perpendicular to both.

    C asks whether the nearest points are 1e-15 m apart, which is 4.5 times the rounding of 1 in float64. Here the bound
    is 4.5 times the rounding of 1 in the precision in use.

    Args:
      centre: `[2, 3]` m. axis: `[2, 3]` unit vectors. half: `[2]` half of each length, m.
    """
    between = centre[1] - centre[0]
    across = jnp.cross(axis[0], axis[1])
    square = across @ across
    parallel = square * (half[0] * half[1]) ** 2 < mujoco.mjMINVAL  # C's determinant, and C's bound on it
    square = jnp.where(parallel, 1.0, square)
    normal = across / jnp.sqrt(square)
    along = jnp.array([jnp.cross(between, axis[1]) @ across, jnp.cross(between, axis[0]) @ across]) / square
    rounding = mujoco.mjMINVAL * jnp.finfo(centre.dtype).eps / np.finfo(np.float64).eps
    crosses = ~parallel & jnp.all(jnp.abs(along) <= half) & (jnp.abs(between @ normal) < rounding)
    return crosses, centre[0] + along[0] * axis[0], normal


def _frame(normal: jax.Array) -> jax.Array:
    """A contact's frame `[3, 3]`: the normal, and C's two tangents (`mju_makeFrame`)."""
    upright = jnp.array([0.0, 1.0, 0.0], normal.dtype), jnp.array([0.0, 0.0, 1.0], normal.dtype)
    tangent = jnp.where(jnp.abs(normal[1]) < 0.5, *upright)
    tangent = tangent - normal * (normal @ tangent)
    tangent = tangent / jnp.linalg.norm(tangent)
    return jnp.stack([normal, tangent, jnp.cross(normal, tangent)])
