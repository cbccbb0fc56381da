"""How fast each physics steps each task: C MuJoCo alone, `host`, `mjx`, `warp`, and Playground's port of the task.

    python benchmarks/physics_speed.py --out results/runs/bench/physics_speed
    python benchmarks/physics_speed.py --tasks humanoid-run,dog-run --sides c,host --lanes 8

Each side of each task is measured in a process of its own, one after the other. What is counted and what is not:
benchmarks/README.md. With `--playground-python` the side `playground` is added, run by the Python of a venv that has
`playground` (its own: it wants other versions). At its top this file imports nothing but the standard library, so
that either venv can start it.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

EPISODE = 100  # control steps of one timed call
SECONDS = 2.0  # of timed calls at least; their median counts
SIDES = ("c", "c-step", "host", "mjx", "warp", "playground")
# Playground's names; what it changed is in benchmarks/README.md.
PORTS = {
    "acrobot-swingup": "AcrobotSwingup",
    "cheetah-run": "CheetahRun",
    "finger-spin": "FingerSpin",
    "finger-turn_hard": "FingerTurnHard",
    "fish-swim": "FishSwim",
    "hopper-hop": "HopperHop",
    "hopper-stand": "HopperStand",
    "humanoid-run": "HumanoidRun",
    "humanoid-stand": "HumanoidStand",
    "humanoid-walk": "HumanoidWalk",
    "pendulum-swingup": "PendulumSwingup",
    "reacher-hard": "ReacherHard",
    "swimmer-swimmer6": "SwimmerSwimmer6",
    "walker-run": "WalkerRun",
}
COLUMNS = ("task", "side", "lanes", "steps_per_second", "compile_seconds", "finite", "error")


def _repeat(call) -> float:
    """Median seconds of a call, after one that does not count."""
    call()
    taken = []
    while sum(taken) < SECONDS or len(taken) < 3:
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return sorted(taken)[len(taken) // 2]


def _actions(lanes: int, low, high):
    """`[EPISODE, lanes, size]` float32 random actions within the bounds `[size]`."""
    import numpy as np

    return np.random.default_rng(0).uniform(low, high, (EPISODE, lanes, len(low))).astype(np.float32)


def measure_c(task: str, lanes: int) -> dict:
    """`mujoco.rollout` of divbench's model on as many threads as there are cores, from the same resets."""
    import mujoco
    import numpy as np
    from mujoco import rollout

    from divbench import envs
    from divbench.envs.models import load_model

    env, model = envs.make(task, "host"), load_model(task).model
    start = env.draw(np.arange(lanes, dtype=np.uint64))
    state = np.concatenate([np.zeros((lanes, 1)), start.qpos, start.qvel, start.act], 1)  # FULLPHYSICS
    substeps = round(env.control_timestep / model.opt.timestep)
    actions = _actions(lanes, env.action_low, env.action_high)
    ctrl = np.repeat(actions.swapaxes(0, 1), substeps, 1)
    threads = min(lanes, len(os.sched_getaffinity(0)))
    data = [mujoco.MjData(model) for _ in range(threads)]
    with rollout.Rollout(nthread=threads if threads > 1 else 0) as pool:
        def call():
            nonlocal state
            found, _ = pool.rollout(model, data, state, ctrl)
            state = found[:, -1]

        seconds = _repeat(call)
    return {"steps_per_second": EPISODE * lanes / seconds, "finite": bool(np.isfinite(state).all())}


def measure_c_step(task: str, lanes: int) -> dict:
    """The same by `mujoco.batch`, a control step a call, as anything must do whose next action depends on the state."""
    import mujoco
    import numpy as np
    from mujoco.batch import Batch

    from divbench import envs
    from divbench.envs.models import load_model

    env, model = envs.make(task, "host"), load_model(task).model
    batch = Batch(model, lanes, min(lanes, len(os.sched_getaffinity(0))), persistent=True)
    batch.state[:] = env.draw(np.arange(lanes, dtype=np.uint64)).bits.view(np.float64)
    ctrl, substeps = batch.bind("ctrl"), round(env.control_timestep / model.opt.timestep)
    actions = _actions(lanes, env.action_low, env.action_high)

    def call():
        for action in actions:
            ctrl[:] = action
            batch.step(nstep=substeps, stage=int(mujoco.mjtStage.mjSTAGE_VEL))

    seconds = _repeat(call)
    return {"steps_per_second": EPISODE * lanes / seconds, "finite": bool(np.isfinite(batch.state).all())}


def measure_divbench(task: str, physics: str, lanes: int) -> dict:
    """A compiled loop over divbench's own `step`: physics, observation and reward."""
    import jax

    from divbench import envs

    env = envs.make(task, physics)
    actions = _actions(lanes, env.action_low, env.action_high)
    state = jax.jit(jax.vmap(env.reset))(jax.random.split(jax.random.key(0), lanes))
    found, state = _time_jax(env, state, actions, lanes)
    return found | {"finite": not bool(state.info["nonfinite"].any())}


def measure_playground(task: str, lanes: int) -> dict:
    """The same loop over Playground's `step`, MJX's JAX implementation."""
    import jax
    import jax.numpy as jnp
    from mujoco_playground import registry

    env = registry.load(PORTS[task], config_overrides={"impl": "jax"})
    state = jax.jit(jax.vmap(env.reset))(jax.random.split(jax.random.PRNGKey(0), lanes))
    found, state = _time_jax(env, state, _actions(lanes, [-1] * env.action_size, [1] * env.action_size), lanes)
    return found | {"finite": bool(jnp.isfinite(state.obs).all())}


def _time_jax(env, state, actions, lanes: int):
    import jax

    def play(state, actions):
        return jax.lax.scan(lambda state, action: (jax.vmap(env.step)(state, action), None), state, actions)[0]

    began = time.perf_counter()
    compiled = jax.jit(play).lower(state, actions).compile()
    compile_seconds = time.perf_counter() - began

    def call():
        nonlocal state
        state = jax.block_until_ready(compiled(state, actions))

    seconds = _repeat(call)
    return {"steps_per_second": EPISODE * lanes / seconds, "compile_seconds": compile_seconds}, state


def measure(side: str, task: str, lanes: int) -> dict:
    """One cell of the table, in this process."""
    if side == "c":
        return measure_c(task, lanes)
    if side == "c-step":
        return measure_c_step(task, lanes)
    if side == "playground":
        return measure_playground(task, lanes)
    return measure_divbench(task, side, lanes)


def in_a_process(python: str, side: str, task: str, lanes: int, limit: float) -> dict:
    """One cell of the table, measured by a fresh process; a failure becomes its `error`."""
    command = [python, __file__, "--measure", f"{side},{task},{lanes}"]
    environment = os.environ | {"MUJOCO_GL": "disable"}
    row = dict.fromkeys(COLUMNS, "") | {"task": task, "side": side, "lanes": lanes}
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=limit)
    except subprocess.TimeoutExpired:
        return row | {"error": f"not done in {limit:.0f} s"}
    if done.returncode:
        return row | {"error": (done.stderr.strip().splitlines() or ["?"])[-1][:200]}
    return row | json.loads(done.stdout.strip().splitlines()[-1])


def as_markdown(rows: list[dict], machine: dict) -> str:
    """Two tables: control steps per second, and seconds to compile."""
    columns = sorted({(row["side"], row["lanes"]) for row in rows}, key=lambda c: (SIDES.index(c[0]), c[1]))
    tasks = list(dict.fromkeys(row["task"] for row in rows))
    cells = {(row["task"], row["side"], row["lanes"]): row for row in rows}

    def table(key: str, form: str, kept) -> list[str]:
        head = [f"{side} x{lanes}" for side, lanes in kept]
        lines = ["| task | " + " | ".join(head) + " |", "|---" + "|---:" * len(head) + "|"]
        for task in tasks:
            values = [cells.get((task, *column), {}) for column in kept]
            shown = [format(float(v[key]), form) if v.get(key) not in (None, "") else "-" for v in values]
            lines.append(f"| {task} | " + " | ".join(shown) + " |")
        return lines

    compiled = [column for column in columns if column[0] not in ("c", "c-step")]
    lines = ["# Control steps per second, summed over the lanes", ""]
    lines += [", ".join(f"{key} {value}" for key, value in machine.items()), ""]
    lines += [*table("steps_per_second", ",.0f", columns), "", "Seconds to trace and compile:", ""]
    lines += table("compile_seconds", ".1f", compiled)
    failed = [f"* {row['task']}, {row['side']} x{row['lanes']}: {row['error']}" for row in rows if row["error"]]
    infinite = [f"* {row['task']}, {row['side']} x{row['lanes']}: not finite" for row in rows if row["finite"] is False]
    return "\n".join([*lines, *(["", *failed, *infinite] if failed or infinite else []), ""])


def _machine(playground: str | None) -> dict:
    from importlib import metadata

    machine = {"cores": len(os.sched_getaffinity(0)), "python": platform.python_version()}
    machine |= {name: metadata.version(name) for name in ("jax", "mujoco", "mujoco-mjx")}
    if playground:
        code = "from importlib.metadata import version as v; print(v('playground'), 'with jax', v('jax'), " \
            "'mujoco', v('mujoco'))"
        done = subprocess.run([playground, "-c", code], capture_output=True, text=True, check=True)
        machine["playground"] = done.stdout.strip()
    return machine


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", help="all of them by default")
    parser.add_argument("--sides", help=f"of {','.join(SIDES)}; by default those that are installed")
    parser.add_argument("--lanes", default="1,8,32")
    parser.add_argument("--playground-python", help="the Python of a venv that has playground")
    parser.add_argument("--limit", type=float, default=600, help="seconds for one cell")
    parser.add_argument("--out", type=Path, help="OUT.csv and OUT.md; an OUT.csv that is there is added to")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        side, task, lanes = given.measure.split(",")
        print(json.dumps(measure(side, task, int(lanes))))
        return
    import importlib.util

    from divbench.envs.names import SIMULATED, TASKS

    installed = {"warp": importlib.util.find_spec("warp"), "playground": given.playground_python}
    sides = given.sides.split(",") if given.sides else [side for side in SIDES if installed.get(side, True)]
    rows, machine = [], _machine(given.playground_python)
    if given.out and given.out.with_suffix(".csv").exists():
        with open(given.out.with_suffix(".csv"), newline="") as file:
            rows = [row | {"lanes": int(row["lanes"]), "finite": row["finite"] != "False"}
                    for row in csv.DictReader(file)]
    for task in given.tasks.split(",") if given.tasks else SIMULATED:
        for side in sides:
            available = task in PORTS if side == "playground" else side in ("c", "c-step", *TASKS[task].physics)
            if not available:
                continue
            python = given.playground_python if side == "playground" else sys.executable
            for lanes in map(int, given.lanes.split(",")):
                row = in_a_process(python, side, task, lanes, given.limit)
                rows = [r for r in rows if (r["task"], r["side"], r["lanes"]) != (task, side, lanes)] + [row]
                print(row, file=sys.stderr, flush=True)
                if given.out:
                    _write(rows, given.out, machine)
    if not given.out:
        print(as_markdown(rows, machine))


def _write(rows: list[dict], out: Path, machine: dict) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    with open(out.with_suffix(".csv"), "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    out.with_suffix(".md").write_text(as_markdown(rows, machine))


if __name__ == "__main__":
    main()
