"""What a group will cost, in numbers: lanes, steps, updates, memory, disk, FLOPs and hours at a given rate.

Arithmetic on a specification only. Nothing is trained, measured or created here; a measured rate comes from
`divbench.execute.timing`. Sizes count what is known to grow (networks, replay, rows) and leave out the
constant part of a process and its compiler.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from divbench.envs.names import task_info
from divbench.spec.plan import Group
from divbench.spec.protocol import Protocol
from divbench.spec.run_spec import FULL, NTK, SEEM, RunSpec
from divbench.spec.settings import SACSettings
from divbench.spec.sizes import Sizes, mlp_sizes

FLOAT = 4  # bytes of a float32
UPDATES_PER_SECOND = 370.0  # over all lanes on two fast CPU cores, as measured for three plain lanes
NETWORKS_KEPT = 2  # checkpoints on disk at a time: the newest and the one that it replaces
SCORE_ROW, VALUE_ROW, DETAIL_ROW = 300, 1_900, 400  # bytes of a row in journal, Parquet and CSV together


@dataclasses.dataclass(frozen=True)
class GroupCost:
    """The cost of one group. All counts are of the whole group, not of one lane, unless they say so.

    Attributes:
      group: name of the group.
      lanes: number of lanes.
      env_steps: training env steps.
      evaluation_steps: env steps of all evaluations.
      updates: gradient updates.
      memory_bytes: on the device: parameters, optimizer moments, targets, replay or dataset, activations of a
        batch.
      lane_bytes: what of it each lane adds.
      disk_bytes: in the run folder: replay segments, networks of two checkpoints, rows of tables.
      flops: of all updates, as `sizes.update_flops` counts them.
      hours: of all updates at the given rate, or None; acting and evaluation come on top.
    """

    group: str
    lanes: int
    env_steps: int
    evaluation_steps: int
    updates: int
    memory_bytes: int
    lane_bytes: int
    disk_bytes: int
    flops: int
    hours: float | None = None


def network_bytes(sac: SACSettings, sizes: Sizes) -> int:
    """Everything that learns in one lane: actor, critics and temperature with two moments each, and the targets: of the
    critics, under TD3 of the actor too."""
    targets = sizes.critics + (sizes.actor if sac.algorithm == "td3" else 0)
    return FLOAT * (3 * (sizes.actor + sizes.critics + 1) + targets)


def replay_bytes(task: str, env_steps: int) -> int:
    """Replay of one lane: a row (observation, action, reward, continuation) for each step, one more for the
    last observation of each episode, and two spare rows; where episodes can end at any time, a row with both
    observations and one more number for each step, and a spare one."""
    info = task_info(task)
    if info.terminates:
        return FLOAT * (env_steps + 1) * (2 * info.observation_size + info.action_size + 3)
    rows = env_steps + env_steps // info.episode_length + 2
    return FLOAT * rows * (info.observation_size + info.action_size + 2)


def activation_bytes(task: str, batch_size: int, sizes: Sizes) -> int:
    """A batch while it is learned from, in one lane: two transitions' worth of inputs and the activations for each row,
    and one gradient per parameter."""
    info = task_info(task)
    row = 2 * (info.observation_size + info.action_size + 2) + sizes.activations
    return FLOAT * (batch_size * row + sizes.actor + sizes.critics)


def evaluations(protocol: Protocol, every: int) -> int:
    """Evaluations of one lane: at the beginning, after each `every` env steps (offline: updates), after priming, and at
    the end."""
    last = protocol.phases[-1].kind
    length = protocol.updates if last == "offline" else protocol.env_steps
    primed = any(phase.kind == "priming" for phase in protocol.phases)
    return 1 + length // every + primed + (last != "priming" and length % every > 0)


def measurements(protocol: Protocol, every: int) -> int:
    """Measurements of one lane: before its first update, after each `every` updates, at most one for each env step,
    and at the end."""
    count, before, last = 1, 0, 0
    for phase in protocol.phases:
        crossed = (before + phase.updates) // every - before // every
        count += min(crossed, phase.env_steps) if phase.acts else crossed
        before += phase.updates
        last = phase.updates_at(phase.env_steps)
    ends_apart = len(protocol.phases) > 1 and before // every == (before - last) // every
    return count + ends_apart


def diagnostic_count(hidden_layers: int) -> int:
    """Rows of the table of diagnostics of one measurement of one lane: six norms and rates a layer, the dormant share
    of each hidden one, four ranks and a dot product."""
    return 6 * (hidden_layers + 1) + hidden_layers + 5


def dataset_bytes(task: str, transitions: int) -> int:
    """A dataset on the device, once for all lanes: of each transition two observations, two actions, and three numbers
    more."""
    info = task_info(task)
    return FLOAT * transitions * (2 * info.observation_size + 2 * info.action_size + 3)


def estimate(spec: RunSpec, group: Group, updates_per_second: float | None = None, transitions: int = 0,
             sizes: Sizes | None = None) -> GroupCost:
    """The cost of one group.

    Args:
      spec: the run that the group is part of.
      group: one of `make_groups(spec, ...)`.
      updates_per_second: gradient updates per second summed over the group's lanes, or None if no rate is
        known.
      transitions: how many the dataset has that the group learns from, if it does.
      sizes: of a lane's networks; None for divbench's own.
    """
    sac, lanes, protocol = group.lanes[0].sac, len(group.lanes), group.protocol
    info = task_info(group.task)
    sizes = sizes or mlp_sizes(group.lanes[0], group.mechanisms)
    networks = network_bytes(sac, sizes)
    replay = replay_bytes(group.task, protocol.env_steps)
    scores, values = evaluations(protocol, spec.eval_every), measurements(protocol, spec.measure_every)
    updates = lanes * protocol.updates
    kinds = spec.diagnose.split(",")
    details = sum(rows for kind, rows in ((FULL, diagnostic_count(sizes.layers)), (NTK, 5), (SEEM, 6))
                  if kind in kinds)
    lane_bytes = networks + replay + activation_bytes(group.task, sac.batch_size, sizes)
    return GroupCost(
        group=group.name,
        lanes=lanes,
        env_steps=lanes * protocol.env_steps,
        evaluation_steps=lanes * scores * spec.eval_episodes * info.episode_length,
        updates=updates,
        memory_bytes=lanes * lane_bytes + dataset_bytes(group.task, transitions),
        lane_bytes=lane_bytes,
        disk_bytes=lanes * (replay + NETWORKS_KEPT * networks + scores * SCORE_ROW
                            + values * (VALUE_ROW + details * DETAIL_ROW)),
        flops=updates * sizes.update_flops,
        hours=None if updates_per_second is None else updates / updates_per_second / 3600.0,
    )


def total(estimates: Sequence[GroupCost]) -> GroupCost:
    """The cost of a run whose groups are trained one after the other: sums, but the largest memory."""
    summed = {field: sum(getattr(e, field) for e in estimates)
              for field in ("lanes", "env_steps", "evaluation_steps", "updates", "disk_bytes", "flops")}
    hours = [e.hours for e in estimates if e.hours is not None]
    return GroupCost(group="total", memory_bytes=max(e.memory_bytes for e in estimates),
                     lane_bytes=max(e.lane_bytes for e in estimates),
                     hours=None if len(hours) < len(estimates) else sum(hours), **summed)
