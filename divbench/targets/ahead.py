"""Compiles a group's programs for an accelerator that is not there, through XLA's descriptions of topologies.

Shapes alone are passed: nothing is drawn or executed, and this process's own device stays the CPU.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import math
import os
import re
import time
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import topologies
from jax.sharding import SingleDeviceSharding

from divbench.envs import names
from divbench.execute import device
from divbench.execute.measuring import draw_starts
from divbench.execute.programs import Program, program_for
from divbench.learn import rollout
from divbench.learn.agents.coefficients import coefficients
from divbench.learn.keys import lane_keys
from divbench.learn.trainer import Control
from divbench.spec.errors import UsageError
from divbench.spec.plan import Group
from divbench.spec.run_spec import RunSpec
from divbench.targets.counting import Region, regions
from divbench.targets.facts import CUDA, EXTRAS, Target, gpu_config
from divbench.targets.hlo import read_module

ON_DEVICE = ("mjx", names.TOY)  # physics without a Python callback or a kernel of another library
# libtpu asks a metadata server what machine this is, and lets one process at a time load it. Nobody uses a TPU here.
LIBTPU = {"TPU_SKIP_MDS_QUERY": "1", "TPU_WORKER_HOSTNAMES": "localhost", "ALLOW_MULTIPLE_LIBTPU_LOAD": "1"}
_USED = re.compile(r"Used ([0-9.]+)([KMGT]) of ([0-9.]+)([KMGT]) hbm")  # a TPU's compiler, where memory runs out


@dataclasses.dataclass(frozen=True)
class Compiled:
    """A program, compiled.

    Attributes:
      name: of the function, such as `train_chunk`.
      seconds: of tracing and compiling, on this machine.
      arguments, temporaries: bytes on the device.
      results: bytes of results that take no argument's place.
      elsewhere: bytes of the training state that are no arguments of it, and stay on the device.
      flops, moved: FLOPs and bytes of the whole program with one round of each loop, as XLA says them; None where it
        does not.
      region: its kernels.
    """

    name: str
    seconds: float
    arguments: int
    temporaries: int
    results: int
    elsewhere: int
    flops: float | None
    moved: float | None
    region: Region

    @property
    def needed(self) -> int:
        """Bytes of device memory while it runs."""
        return self.arguments + self.temporaries + self.results + self.elsewhere


class TooLarge(Exception):
    """The compiler says that a program does not fit: its share of the memory, above 1 or NaN where it does not say."""

    def __init__(self, share: float) -> None:
        super().__init__(f"{share:.3g} times the memory")
        self.share = share


def prepare(target: Target, precision: str) -> None:
    """Keep this process on the CPU, and let compilers optimize as they do on the target.

    Raises:
      UsageError: the compiler for the target is not installed.
    """
    refuse_missing(target)
    for name, value in LIBTPU.items():
        os.environ.setdefault(name, value)
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_disable_most_optimizations", False)
    jax.config.update("jax_enable_compilation_cache", False)
    device.prepare(precision)


def refuse_missing(target: Target) -> None:
    """Raise `UsageError` unless the compiler for a target is installed."""
    if not any(importlib.util.find_spec(module) for module in EXTRAS[target.platform]):
        extra = target.platform
        raise UsageError(f"target '{target.name}' needs the extra {extra}: pip install 'divbench[{extra}]'")


def physics_of(task: str, physics: str, target: Target) -> str:
    """The physics of a task on a target.

    Raises:
      UsageError: it leaves the compiled program.
    """
    found = names.resolve_physics(task, physics, accelerator=True)
    if found not in ON_DEVICE:
        raise UsageError(f"--physics: expected mjx for target '{target.name}', found '{found}' for {task}; what calls "
                         "back into Python cannot be compiled for a device that is not there")
    return found


def group_program(group: Group, spec: RunSpec, target: Target) -> Program:
    """The functions of a group as it runs on a target; the same object for groups that share it."""
    return program_for(group, physics_of(group.task, spec.physics, target), spec.eval_episodes, spec.diagnose)


def arguments_of(program: Program, group: Group, target: Target) -> dict[str, tuple]:
    """The shapes that each function of a program is called with, on a device of the target. `group` is one that the
    program is for; its lanes' settings are no part of what is compiled."""
    placed = SingleDeviceSharding(absent_device(target))
    return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=placed),
                        _arguments(program, group))


def compile_function(program: Program, name: str, arguments: Mapping[str, tuple]) -> Compiled:
    """Compile a function of a program for the device that its arguments are on.

    Args:
      program: of `group_program`.
      name: of the function.
      arguments: of `arguments_of`.

    Raises:
      TooLarge: the compiler says that it does not fit.
    """
    began = time.perf_counter()
    try:
        done = program.functions()[name].lower(*arguments[name]).compile()
    except jax.errors.JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" not in str(error):
            raise
        raise TooLarge(share_needed(str(error))) from None
    seconds = time.perf_counter() - began
    memory, cost = done.memory_analysis(), done.cost_analysis() or {}
    state = arguments["train_chunk"][0]
    # Of the state, `evaluate` gets the actor alone. XLA drops arguments that a function only hands through.
    elsewhere = (bytes_of(state) - bytes_of(state.learner.actor) if name == "evaluate" else
                 max(0, bytes_of(state) - memory.argument_size_in_bytes))
    return Compiled(
        name, seconds, memory.argument_size_in_bytes, memory.temp_size_in_bytes,
        memory.output_size_in_bytes - memory.alias_size_in_bytes, elsewhere, cost.get("flops"),
        cost.get("bytes accessed"), regions(read_module(done.as_text())))


def state_bytes(program: Program, lanes: int) -> int:
    """Bytes of the training state of a number of lanes, by count of shapes."""
    return bytes_of(jax.eval_shape(dataclasses.replace(program, lanes=lanes).blank_state))


def bytes_of(tree: Any) -> int:
    """Bytes of arrays, or of shapes, without padding."""
    return sum(math.prod(leaf.shape) * np.dtype(leaf.dtype).itemsize for leaf in jax.tree.leaves(tree))


def absent_device(target: Target) -> jax.Device:
    """One device of a target, which can be compiled for only."""
    if target.platform == CUDA:
        found = topologies.get_topology_desc(platform=CUDA, topology=target.topology,
                                            target_config=gpu_config(target))
    else:
        found = topologies.get_topology_desc(target.topology, platform=target.platform)
    return found.devices[0]


def _arguments(program: Program, group: Group) -> dict[str, tuple]:
    """The shapes that each function is called with, as in `divbench.execute.loop`."""
    lanes, episodes = program.lanes, program.episodes

    def starts(*shape: int) -> Any:
        return _shapes(draw_starts(program.env, [0] * math.prod(shape), shape))

    state = jax.eval_shape(program.blank_state)
    roots = jax.eval_shape(lambda: lane_keys([lane.key_words for lane in group.lanes]))
    coefs = _shapes(coefficients(group.lanes, program.structure.action_size))
    whole, flag = jax.ShapeDtypeStruct((), jnp.int32), jax.ShapeDtypeStruct((), jnp.bool_)
    masks, counts = jax.ShapeDtypeStruct((lanes,), jnp.bool_), jax.ShapeDtypeStruct((lanes,), jnp.int32)
    shapes: Any = whole, flag, flag, flag, whole, whole, whole, whole
    control = Control(*shapes)
    blank = jax.eval_shape(lambda: rollout.blank_evaluation(program.env, lanes, episodes))
    return {"train_chunk": (state, roots, coefs, starts(lanes), control),
            "evaluate": (state.learner.actor, coefs, blank, starts(lanes, episodes), flag, whole),
            "diagnose": (state, roots, coefs, starts(lanes)),
            "reset_lanes": (state, roots, coefs, masks, masks, counts)}


def _shapes(tree: Any) -> Any:
    return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(np.shape(leaf), leaf.dtype), tree)


def share_needed(text: str) -> float:
    """How much of the memory a compiler's error says that is needed: 1.2 for a fifth more than there is."""
    found = _USED.search(text)
    if not found:
        return math.nan
    scale = {letter: 1024.0**power for power, letter in enumerate("KMGT")}
    return float(found[1]) * scale[found[2]] / (float(found[3]) * scale[found[4]])
