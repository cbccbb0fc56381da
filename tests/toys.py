"""A task for tests of the loop, in the shape of `divbench.envs.Environment`."""

import jax.numpy as jnp

from divbench.envs import State
from divbench.envs.toys import ConstantReward


class StepCounter(ConstantReward):
    """Its observation is (angle at the start, steps so far) and its reward the number of the step."""

    def _state(self, angle, reward, steps) -> State:
        state = super()._state(angle, reward, steps)
        return state.replace(obs=jnp.stack([angle - 0.3 * steps, steps.astype(jnp.float32)]),
                             reward=steps.astype(jnp.float32))
