"""States at which a task pays and bodies touch: where comparing two simulations says something.

Lives here: `paying_states`. From most resets a reward stays near zero and a body falls freely, and
two codes that agree there have shown little.
"""

from typing import NamedTuple

import numpy as np

from divbench.envs.gymtasks.oracle import GymOracle
from divbench.envs.names import task_info
from divbench.envs.oracle import Oracle

# Tasks in whose model nothing can touch.
WITHOUT_CONTACTS = ("acrobot-swingup", "fish-swim", "pendulum-swingup", "reacher-hard", "swimmer-swimmer6", "swimmer")

# Forward speeds around those that pay, m/s.
_SPEEDS = {
    "cheetah-run": (2.0, 15.0),
    "walker-run": (2.0, 10.0),
    "hopper-stand": (1.0, 3.0),
    "hopper-hop": (1.0, 3.0),
    "quadruped-run": (1.0, 6.0),
    "quadruped-walk": (0.2, 1.0),
    "humanoid-stand": (-0.3, 0.3),
    "humanoid-walk": (0.3, 1.5),
    "humanoid-run": (2.0, 12.0),
    "dog-stand": (-0.3, 0.3),
    "dog-walk": (0.3, 2.0),
    "dog-trot": (1.0, 6.0),
    "dog-run": (3.0, 12.0),
    "ant": (1.0, 5.0),
    "halfcheetah": (2.0, 12.0),
    "hopper": (1.0, 4.0),
    "humanoid": (0.5, 5.0),
    "swimmer": (0.1, 2.0),
    "walker2d": (1.0, 5.0),
}
# Where each of gymnasium's tasks that can terminate is about to: a position, its value, and its speed.
_ENDING = {"ant": (2, 0.98, 1.0), "hopper": (2, 0.19, 2.0), "humanoid": (2, 1.99, 1.5), "walker2d": (2, 0.98, 3.0)}
_HIGHEST_PENETRATION = 0.01  # m, of finger and spinner at the start


class Scene(NamedTuple):
    """A state: `qpos` `[nq]`, `qvel` `[nv]`, `act` `[na]`, `target` `[target_size]`."""

    qpos: np.ndarray
    qvel: np.ndarray
    act: np.ndarray
    target: np.ndarray


def paying_states(oracle: Oracle | GymOracle, count: int, seed: int = 0) -> list[Scene]:
    """States at which `oracle`'s task pays, in most of which something touches if anything can.

    Args:
      oracle: used for looking; left in some state.
      count: how many.
      seed: of the choice, which it decides together with the oracle's own seed.
    """
    generator = np.random.RandomState(seed)
    return [_one(oracle, index, generator) for index in range(count)]


def _one(oracle: Oracle | GymOracle, index: int, generator: np.random.RandomState) -> Scene:
    model, task = oracle.model, oracle.task
    oracle.reset()
    qpos, qvel = oracle.data.qpos.copy(), generator.uniform(-0.5, 0.5, model.nv)
    act = generator.uniform(-0.3, 0.3, model.na)
    speed = generator.uniform(*_SPEEDS.get(task, (0.0, 0.0)))
    match task_info(task).domain:
        case "cheetah":
            qvel[:3] = speed, generator.uniform(-2.0, -0.5), 0.0
            qpos = _lowered(oracle, qpos, 1)
            qpos[1] -= 0.01
        case "walker":
            qpos = generator.uniform(-0.1, 0.1, model.nq)
            qpos[0] = 0.1
            qvel[1] = speed
            qpos = _lowered(oracle, qpos, 0)
        case "hopper":
            qpos = generator.uniform(-0.15, 0.15, model.nq)
            qpos[5] = generator.uniform(0.1, 0.6)
            qpos[1] = 0.1
            qvel[0] = speed
            qpos = _lowered(oracle, qpos, 1)
        case "finger":
            if index % 4:
                qpos = _touching_finger(oracle, generator)
            qvel[2] = generator.uniform(-60.0, -20.0) if task == "finger-spin" else generator.uniform(-0.5, 0.5)
        case "quadruped" | "humanoid" | "dog":
            spread = generator.uniform(0.01, 0.1)
            qpos[:] = model.qpos0
            qpos[7:] += generator.uniform(-spread, spread, model.nq - 7)
            qpos[3:7] += generator.uniform(-spread, spread, 4)
            qpos[3:7] /= np.linalg.norm(qpos[3:7])
            qvel[0] = speed
            qpos = _lowered(oracle, qpos, 2)
        case "fish":
            qvel *= 0.1  # faster, and its light fins throw dm_control's simulation out
            qpos[3:7] = (1.0, 0.0, 0.0, 0.0) + generator.uniform(-0.3, 0.3, 4)
            qpos[3:7] /= np.linalg.norm(qpos[3:7])
        case "acrobot":
            qpos = generator.uniform(-0.6, 0.6, 2)
        case "pendulum":
            qpos = generator.uniform(-0.12, 0.12, 1)
        case "gymnasium":
            qvel[0] = speed
            if task not in WITHOUT_CONTACTS:
                qpos = _lowered(oracle, qpos, 2 if task in ("ant", "humanoid") else 1)
            if index % 4 == 3 and task in _ENDING:
                where, position, velocity = _ENDING[task]
                qpos[where], qvel[where] = position, velocity
    return Scene(qpos, qvel, act, _near_target(oracle, qpos, generator))


def _lowered(oracle: Oracle | GymOracle, qpos: np.ndarray, vertical: int) -> np.ndarray:
    """`qpos` lowered in 2 mm steps until something touches."""
    qpos = qpos.copy()
    for _ in range(2000):
        oracle.put(qpos, 0.0, 0.0)
        if oracle.data.ncon:
            return qpos
        qpos[vertical] -= 0.002
    raise RuntimeError(f"{oracle.task}: nothing touched the ground")


def _touching_finger(oracle: Oracle | GymOracle, generator: np.random.RandomState) -> np.ndarray:
    for _ in range(10_000):
        qpos = generator.uniform(-1.8, 1.8, 3)
        oracle.put(qpos, 0.0, 0.0)
        if oracle.data.ncon and oracle.data.contact.dist.min() > -_HIGHEST_PENETRATION:
            return qpos
    raise RuntimeError(f"{oracle.task}: no state found in which the finger touches")


def _near_target(oracle: Oracle | GymOracle, qpos: np.ndarray, generator: np.random.RandomState) -> np.ndarray:
    """A target near the part of the body that is to reach it; empty for tasks without one."""
    oracle.put(qpos, 0.0, 0.0)
    data = oracle.data
    match oracle.task:
        case "reacher-hard":
            return data.geom("finger").xpos[:2] + generator.uniform(-0.02, 0.02, 2)
        case "finger-turn_hard":
            return data.site("tip").xpos[[0, 2]] + generator.uniform(-0.02, 0.02, 2)
        case "swimmer-swimmer6":
            return data.geom("nose").xpos + generator.uniform(-0.3, 0.3, 3)
        case "fish-swim":
            return data.geom("mouth").xpos + generator.uniform(-0.1, 0.1, 3)
    return np.zeros(0)
