"""Counts the kernels of a compiled program by kind, and the bytes that they read and write, loop by loop.

A kernel is an instruction that the device starts by itself: a fusion, a library call, a copy. What only names or
groups values is none. A loop of unknown length counts as many rounds as the caller says; of branches the one with the
most kernels counts. Its condition is part of a round, and is read by the host on a GPU, as is what a branch depends
on.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections import Counter
from collections.abc import Iterable

from divbench.targets.hlo import BYTES, Instruction, Module, arrays, size_of

PRODUCTS, REDUCTIONS, ELEMENTWISE, COPIES, LIBRARY, COLLECTIVES = KINDS = (
    "products", "reductions", "elementwise", "copies", "library", "collectives")

ONCE = (1,)  # round of every loop of unknown length
LOOP, BRANCH, CALL = "loop", "branch", "call"
# Instructions that are no kernels: names of values, and ends of what was started before.
FREE = frozenset({
    "parameter", "constant", "tuple", "get-tuple-element", "bitcast", "after-all", "add-dependency", "partition-id",
    "replica-id", "opt-barrier", "domain", "copy-done", "slice-done", "async-done", "async-update", "all-reduce-done",
    "all-gather-done", "collective-permute-done", "recv-done", "send-done"})
FREE_CALLS = frozenset({"AllocateBuffer", "AssumeGatherIndicesInBound", "ConcatBitcast", "Sharding",
                        "annotate_device_placement"})
_COLLECTIVE = re.compile(r"all-reduce|all-gather|all-to-all|collective-|reduce-scatter|send|recv")
_COPY = frozenset({"copy", "copy-start", "slice-start", "transpose"})
_PRODUCT_CALLS = re.compile(r"gemm|matmul|cublas|cudnn\$conv")
_PARTS = frozenset({"dynamic-slice", "gather", "slice"})  # read only as much of their first operand as they return


@dataclasses.dataclass(frozen=True)
class Part:
    """A loop, a branch or a call inside a computation; `kind` is one of `LOOP`, `BRANCH`, `CALL`.

    Attributes:
      choices: what is carried out: the body of a loop, the branches of a conditional.
      trips: rounds of a loop, None where unknown; 1 for everything else.
      condition: what decides whether a loop of unknown length has a further round.
    """

    kind: str
    choices: tuple[Region, ...]
    trips: int | None = 1
    condition: Region | None = None


@dataclasses.dataclass(frozen=True)
class Region:
    """A computation: its own kernels by kind, the bytes that these move, the FLOPs of its own matrix products, and the
    parts inside."""

    name: str
    kernels: Counter
    moved: int
    flops: int
    parts: tuple[Part, ...]

    def loops(self) -> Iterable[Part]:
        """Loops of this computation and of what it calls, not of branches or of other loops."""
        for part in self.parts:
            if part.kind == LOOP:
                yield part
            elif part.kind == CALL:
                yield from part.choices[0].loops()

    def branches(self) -> Iterable[Part]:
        """Conditionals, likewise."""
        for part in self.parts:
            if part.kind == BRANCH:
                yield part
            elif part.kind == CALL:
                yield from part.choices[0].branches()


@dataclasses.dataclass(frozen=True)
class Count:
    """What a region costs when it is carried out once.

    Attributes:
      kernels: by kind.
      moved: bytes that kernels read and write.
      flops: of matrix products.
      waits: how often the next kernel depends on a number just computed: in each round of a loop of unknown length, and
        at each branch.
      loops: of unknown length, each counted once.
    """

    kernels: Counter = dataclasses.field(default_factory=Counter)
    moved: int = 0
    flops: int = 0
    waits: int = 0
    loops: int = 0

    @property
    def launches(self) -> int:
        """All kernels together."""
        return self.kernels.total()

    def plus(self, other: Count, times: int = 1) -> Count:
        """The sum with another count, taken several times."""
        added = Counter({kind: times * number for kind, number in other.kernels.items()})
        return Count(self.kernels + added, self.moved + times * other.moved, self.flops + times * other.flops,
                     self.waits + times * other.waits, self.loops + other.loops)

    def record(self) -> dict:
        """As JSON values."""
        return {"kernels": self.launches, **{kind: self.kernels[kind] for kind in KINDS}, "bytes": self.moved,
                "flops": self.flops, "waits": self.waits, "loops_of_unknown_length": self.loops}


def count(region: Region, rounds: tuple[int, ...] = ONCE, without: Iterable[Part] = ()) -> Count:
    """The cost of a region, with everything inside.

    Args:
      region: what is counted.
      rounds: of each loop of unknown length: of the outer ones, of those inside of them, and so on; the last for all
        that are deeper.
      without: parts that are left out.
    """
    total = Count(region.kernels, region.moved, region.flops)
    for part in region.parts:
        if any(part is other for other in without):
            continue
        if part.trips is None:
            total = total.plus(once(part, rounds[1:] or rounds, without), rounds[0])
        else:
            total = total.plus(once(part, rounds, without), part.trips)
    return total


def once(part: Part, rounds: tuple[int, ...] = ONCE, without: Iterable[Part] = ()) -> Count:
    """One round of a loop, its condition included where its length is unknown; of branches the largest. Arguments as in
    `count`, of the loops inside."""
    inner = max((count(choice, rounds, without) for choice in part.choices), key=lambda one: one.launches)
    if part.condition is not None:
        inner = inner.plus(count(part.condition, rounds))
    waits, loops = int(part.kind == BRANCH or part.trips is None), int(part.trips is None)
    return dataclasses.replace(inner, waits=inner.waits + waits, loops=inner.loops + loops)


def regions(module: Module) -> Region:
    """The entry computation of a program, with everything inside."""
    return _region(module, module.entry)


def main_loop(region: Region) -> Part | None:
    """The loop with the most kernels, a round of each inner one; None where there is no loop."""
    return max(region.loops(), key=lambda part: once(part).launches, default=None)


def main_branch(region: Region) -> Part | None:
    """The conditional with the most kernels, likewise."""
    return max(region.branches(), key=lambda part: once(part).launches, default=None)


def _region(module: Module, name: str) -> Region:
    kernels: Counter = Counter()
    parts: list[Part] = []
    moved, flops = 0, 0
    for line in module.computations[name]:
        if line.op == "while":
            condition = None if line.trips() is not None else _region(module, line.computation("condition"))
            parts.append(Part(LOOP, (_region(module, line.computation("body")),), line.trips(), condition))
        elif line.op == "conditional":
            parts.append(Part(BRANCH, tuple(_region(module, branch) for branch in line.branches())))
        elif line.op == "call":
            parts.append(Part(CALL, (_region(module, line.computation("to_apply")),)))
        elif kind := kind_of(module, line):
            kernels[kind] += 1
            moved += _moved(module, name, line)
            flops += _flops(module, name, line)
    return Region(name, kernels, moved, flops, tuple(parts))


def kind_of(module: Module, line: Instruction) -> str:
    """Which of `KINDS` an instruction is; empty if it is no kernel."""
    if line.op in FREE:
        return ""
    if line.op == "custom-call":
        target = re.search(r'custom_call_target="([^"]*)"', line.attributes)
        name = target[1] if target else ""
        if name in FREE_CALLS:
            return ""
        return PRODUCTS if _PRODUCT_CALLS.search(name) else LIBRARY
    ops = {line.op}
    if line.op in ("fusion", "async-start"):
        ops = {inner.op for inner in _inside(module, line.computation("calls"))}
    if any(_COLLECTIVE.match(op) for op in ops):
        return COLLECTIVES
    if ops & {"dot", "convolution"}:
        return PRODUCTS
    if ops & {"reduce", "reduce-window"}:
        return REDUCTIONS
    return COPIES if ops - FREE <= _COPY else ELEMENTWISE


def _inside(module: Module, name: str) -> Iterable[Instruction]:
    """The instructions of a fusion, those of fusions inside of it included."""
    for line in module.computations.get(name, ()):
        yield line
        if line.op == "fusion":
            yield from _inside(module, line.computation("calls"))


def _moved(module: Module, place: str, line: Instruction) -> int:
    """Bytes of the device's memory that a kernel reads and writes. Of an array that it only takes parts from, or writes
    a part into, the part counts."""
    types = module.types[place]
    if line.op != "fusion":
        return _op_moved(line, types)
    inside = module.computations[line.computation("calls")]
    inner = {one.name: one.type for one in inside}
    read = 0
    for one in inside:
        whole = size_of(types.get(line.operands[one.number], "")) if one.op == "parameter" else 0
        if whole:
            users = [user for user in inside if one.name in user.operands]
            partly = users and all(_takes_part(one.name, user) for user in users)
            read += sum(map(_part_read, users)) if partly else whole
    root = next(one for one in inside if one.root)
    results = [root] if root.op != "tuple" else [one for one in inside if one.name in root.operands]
    return read + min(size_of(line.type), sum(_written(one, inner) for one in results))


def _op_moved(line: Instruction, types: dict[str, str]) -> int:
    if line.op in ("copy-start", "slice-start"):  # from one memory into another: the smaller of source and result
        return min((BYTES.get(kind, 0) * math.prod(shape) for kind, shape in arrays(line.type) if shape), default=0)
    read = 0
    for place, name in enumerate(line.operands):
        partly = place == 0 and line.op in (*_PARTS, "dynamic-update-slice")
        whole = size_of(types.get(name, ""))
        read += _part_read(line) if partly else whole
    return read + _written(line, types)


def _takes_part(name: str, user: Instruction) -> bool:
    return (user.op in _PARTS or user.op == "dynamic-update-slice") and user.operands.index(name) == 0


def _part_read(user: Instruction) -> int:
    """Bytes of its first operand that an instruction reads; an update of a slice overwrites it and reads none."""
    return 0 if user.op == "dynamic-update-slice" else size_of(user.type)


def _written(line: Instruction, types: dict[str, str]) -> int:
    return size_of(types.get(line.operands[1], "")) if line.op == "dynamic-update-slice" else size_of(line.type)


def _flops(module: Module, place: str, line: Instruction) -> int:
    """FLOPs of the matrix products of a kernel, 2 for each product with its addition; 0 where the text does not say
    over what they sum, as of a TPU's convolutions."""
    if line.op == "fusion":
        name = line.computation("calls")
        return sum(_flops(module, name, inner) for inner in module.computations[name])
    written = line.attributes
    found = re.search(r'lhs_contracting_dim(?:s=\{|ensions":\[)([0-9",]*)', written)
    if found is None or not line.operands:
        return 0
    shapes = [shape for _, shape in arrays(module.types[place].get(line.operands[0], ""))]
    if not shapes:
        return 0
    summed = math.prod(shapes[0][int(axis)] for axis in re.findall(r"\d+", found[1]))
    result = next((math.prod(shape) for _, shape in arrays(line.type)), 0)
    return 2 * summed * result
