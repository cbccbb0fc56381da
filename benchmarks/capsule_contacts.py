"""How far one control step of physics `mjx` is from C MuJoCo where capsules touch, in float64.

    python benchmarks/capsule_contacts.py --out results/parity/capsules
    python benchmarks/capsule_contacts.py --poses --out results/parity/capsules
    python benchmarks/capsule_contacts.py --count
    python benchmarks/capsule_contacts.py --count --tasks hopper-hop --far 10

`divbench parity` takes many steps from ten resets of each task. This takes one step with random actions from each of
many resets. With `--poses` the states are random poses within the joints' limits, at rest, that have two capsules with
crossing axes. Each step counts as one of three kinds, by C's contacts of its simulation steps: with capsules whose axes
cross, with other contacts of capsules or spheres with capsules, or with neither. Three versions of MJX take it:

  mjx        as it is, but for two exchanges for speed
  divbench   with C's contact where axes cross: physics `mjx`
  exact      with that, and without the 1e-6 in MJX's denominators: what explains the rest

`--count` counts the poses of each task in which capsules touch, in which their axes cross, and in which C gives all of
these a normal perpendicular to the plane of motion, with the model that many metres from the origin.

The tables were made with JAX_DISABLE_MOST_OPTIMIZATIONS=1, which spares most of the minutes of compilation.
"""

import argparse
import contextlib
import csv
import inspect
from pathlib import Path

import jax

jax.config.update("jax_enable_x64", True)

import mujoco  # noqa: E402
import numpy as np  # noqa: E402
from mujoco.mjx._src import math as mjx_math  # noqa: E402

from divbench.envs import mjx_tuning  # noqa: E402
from divbench.envs.environment import make  # noqa: E402
from divbench.envs.models import load_model  # noqa: E402
from divbench.envs.oracle import oracle_of  # noqa: E402

TASKS = {"reset": ("hopper-hop", "finger-spin", "humanoid-run"),
         "crossing pose": ("hopper-hop", "finger-spin", "cheetah-run", "hopper")}
COUNTED = ("cheetah-run", "finger-spin", "hopper-hop", "humanoid-run", "quadruped-run", "hopper", "humanoid")
COLUMNS = ("task", "start", "version", "contacts", "steps", "position", "velocity", "position_median",
           "velocity_median")
CROSSING = 1e-8  # m: no axes were seen nearer to each other than 1e-5 that did not cross
BIASED = ("closest_segment_point", "closest_segment_to_segment_points")
CAPSULE, SPHERE = int(mujoco.mjtGeom.mjGEOM_CAPSULE), int(mujoco.mjtGeom.mjGEOM_SPHERE)


def apart(model: mujoco.MjModel, contact) -> float:
    """The distance of the nearest points of two axes, m; infinite where not both are those of capsules."""
    pair = [contact.geom1, contact.geom2]
    both = model.geom_type[pair].tolist() == [CAPSULE, CAPSULE]
    return contact.dist + model.geom_size[pair, 0].sum() if both else np.inf


def kind_of(model: mujoco.MjModel, data: mujoco.MjData) -> str:
    """The kind of a simulation step, by the contacts in `data`."""
    found = "others"
    for contact in data.contact[: data.ncon]:
        if apart(model, contact) < CROSSING:
            return "crossing"
        if sorted(model.geom_type[[contact.geom1, contact.geom2]].tolist()) in ([CAPSULE, CAPSULE], [SPHERE, CAPSULE]):
            found = "capsules"
    return found


def kind_of_step(model: mujoco.MjModel, data: mujoco.MjData, ctrl, substeps: int) -> str:
    """The kind of a control step from the state in `data`, which is stepped."""
    seen = set()
    data.ctrl[:] = ctrl
    for _ in range(substeps):
        mujoco.mj_fwdPosition(model, data)
        seen.add(kind_of(model, data))
        mujoco.mj_step(model, data)
    return next(kind for kind in ("crossing", "capsules", "others") if kind in seen)


def random_pose(model: mujoco.MjModel, generator: np.random.Generator) -> np.ndarray:
    """Positions `[nq]`: hinges and slides uniform within their limits, unlimited hinges at any angle, all else at its
    default."""
    qpos = model.qpos0.copy()
    for kind, limited, span, address in zip(model.jnt_type, model.jnt_limited, model.jnt_range, model.jnt_qposadr,
                                            strict=True):
        if limited:
            qpos[address] = generator.uniform(*span)
        elif kind == mujoco.mjtJoint.mjJNT_HINGE:
            qpos[address] = generator.uniform(-np.pi, np.pi)
    return qpos


def crossing_pose(model: mujoco.MjModel, data: mujoco.MjData, generator: np.random.Generator) -> np.ndarray:
    """The next random pose in which two capsules' axes cross."""
    while True:
        data.qpos[:] = random_pose(model, generator)
        mujoco.mj_fwdPosition(model, data)
        if kind_of(model, data) == "crossing":
            return data.qpos.copy()


def count(task: str, poses: int, far: float) -> str:
    """A line of counts, by C; `far`: m along the first coordinate."""
    model = load_model(task).model
    data, generator = mujoco.MjData(model), np.random.default_rng(0)
    touching = crossing = upright = 0
    for _ in range(poses):
        data.qpos[:] = random_pose(model, generator)
        data.qpos[0] += far
        mujoco.mj_fwdPosition(model, data)
        kind = kind_of(model, data)
        touching += kind != "others"
        crossing += kind == "crossing"
        upright += kind == "crossing" and all(abs(contact.frame[1]) > 0.5 for contact in data.contact[: data.ncon]
                                              if apart(model, contact) < CROSSING)
    return f"{task}: of {poses} poses {touching} touch, {crossing} cross, {upright} of these with C's cross product"


@contextlib.contextmanager
def version(name: str):
    """MJX as it is, as divbench has it, or with exact nearest points too."""
    with contextlib.ExitStack() as kept:
        if name == "mjx":
            kept.callback(setattr, mjx_tuning, "_EXCHANGES", mjx_tuning._EXCHANGES)
            mjx_tuning._EXCHANGES = mjx_tuning._faster()
        if name == "exact":
            for function in BIASED:
                kept.callback(setattr, mjx_math, function, getattr(mjx_math, function))
                source = inspect.getsource(getattr(mjx_math, function))
                assert "+ 1e-6" in source
                exec(source.replace("+ 1e-6", ""), vars(mjx_math))
        jax.clear_caches()
        yield


def measure(task: str, starts: int, kind_of_start: str):
    """Rows of a task: the largest and the median difference for each version and kind of step."""
    oracle, generator = oracle_of(task, seed=1), np.random.default_rng(1)
    env = make(task, "mjx")
    begun, kinds, ended = [], [], []
    shadow = mujoco.MjData(oracle.model)
    actions = oracle.actions((starts,))
    for action in actions:
        if kind_of_start == "crossing pose":
            oracle.put(crossing_pose(oracle.model, shadow, generator), 0.0, 0.0)
        else:
            oracle.reset()
        start = oracle.start()
        if not env.info.gymnasium_id:  # dm_control's model has sensors of its own
            start = start.replace(sensordata=np.zeros(env._task_model.model.nsensordata))
        begun.append(start)
        mujoco.mj_copyData(shadow, oracle.model, oracle.data)
        kinds.append(kind_of_step(oracle.model, shadow, action, env.substeps))
        oracle.step(action)
        ended.append((oracle.data.qpos.copy(), oracle.data.qvel.copy()))
    for name in ("mjx", "divbench", "exact"):
        with version(name):

            @jax.jit
            def step(start, action):
                data = env.step(env.start(start), action).data
                return data.qpos, data.qvel

            errors = [[np.abs(ours - theirs).max() for ours, theirs in zip(step(start, action), end, strict=True)]
                      for start, action, end in zip(begun, actions, ended, strict=True)]
        for kind in sorted(set(kinds)):
            chosen = np.array([error for error, its in zip(errors, kinds, strict=True) if its == kind])
            values = (f"{value:.1e}" for value in (*chosen.max(0), *np.median(chosen, 0)))
            yield dict(zip(COLUMNS, (task, kind_of_start, name, kind, len(chosen), *values), strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", help="by default those that show something")
    parser.add_argument("--starts", type=int, default=200, help="steps of each task")
    parser.add_argument("--poses", action="store_true", help="start from poses that cross, not from resets")
    parser.add_argument("--count", action="store_true", help="count 20,000 poses of each task and step none")
    parser.add_argument("--far", type=float, default=0.0, help="of counted poses, metres from the origin")
    parser.add_argument("--out", type=Path, help="folder for resets.csv or poses.csv")
    args = parser.parse_args()
    start = "crossing pose" if args.poses else "reset"
    tasks = args.tasks.split(",") if args.tasks else COUNTED if args.count else TASKS[start]
    if args.count:
        for task in tasks:
            print(count(task, 20_000, args.far), flush=True)
        return
    rows = []
    for task in tasks:
        for row in measure(task, args.starts, start):
            rows.append(row)
            print(*row.values(), sep="  ", flush=True)
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        with (args.out / ("poses.csv" if args.poses else "resets.csv")).open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
