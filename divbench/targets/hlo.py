"""Reads the text of a compiled program: XLA's scheduled HLO, one instruction a line.

A program consists of computations: the entry, the bodies of loops and branches, and the insides of fusions.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import re
from collections.abc import Iterator

BYTES = {"pred": 1, "s4": 1, "u4": 1, "s8": 1, "u8": 1, "s16": 2, "u16": 2, "bf16": 2, "f16": 2, "s32": 4, "u32": 4,
         "f32": 4, "s64": 8, "u64": 8, "f64": 8, "c64": 8, "c128": 16}

_COMPUTATION = re.compile(r"(?P<entry>ENTRY )?%?(?P<name>[\w.\-]+) \(.*-> .*\{$")
_INSTRUCTION = re.compile(r" +(?P<root>ROOT )?%?(?P<name>[\w.\-]+) = (?P<rest>.*)$")
_ARRAY = re.compile(r"([a-z]+[0-9]*)\[([0-9,]*)\](\{[^}]*\})?")
_ON_CHIP = re.compile(r"S\([1-9]")  # of a layout: not the device's memory but one of a TPU's own, such as S(1)
_NAME = re.compile(r"%([\w.\-]+)")


@dataclasses.dataclass(frozen=True)
class Instruction:
    """One line of a computation.

    Attributes:
      name: its name in the computation.
      type: of its result, as written.
      op: what it does, such as `fusion`.
      operands: names of the instructions that it reads.
      attributes: the rest of the line.
      number: of a parameter.
      root: whether it is the result of its computation.
    """

    name: str
    type: str
    op: str
    operands: tuple[str, ...]
    attributes: str
    root: bool
    number: int = 0

    def computation(self, key: str) -> str:
        """The name of the computation that an attribute such as `calls` or `body` names; empty if there is none."""
        found = re.search(rf"\b{key}=%?([\w.\-]+)", self.attributes)
        return found[1] if found else ""

    def branches(self) -> tuple[str, ...]:
        """Names of the computations of a conditional's branches."""
        listed = re.search(r"branch_computations=\{([^}]*)\}", self.attributes)
        if listed:
            return tuple(name.strip().lstrip("%") for name in listed[1].split(","))
        return tuple(self.computation(f"{which}_computation") for which in ("true", "false"))

    def trips(self) -> int | None:
        """How many rounds a loop has; None where the compiler does not know."""
        found = re.search(r'"known_trip_count":\{"n":"(\d+)"', self.attributes)
        return int(found[1]) if found else None


@dataclasses.dataclass(frozen=True)
class Module:
    """A program: instructions by computation, in the order in which they run."""

    entry: str
    computations: dict[str, tuple[Instruction, ...]]

    @functools.cached_property
    def types(self) -> dict[str, dict[str, str]]:
        """Types of results by computation and instruction."""
        return {name: {line.name: line.type for line in lines} for name, lines in self.computations.items()}


def read_module(text: str) -> Module:
    """Read a program's text.

    Raises:
      ValueError: there is no entry computation.
    """
    computations: dict[str, list[Instruction]] = {}
    entry = current = ""
    for line in text.splitlines():
        header = _COMPUTATION.match(line)
        if header:
            current = header["name"]
            computations[current] = []
            entry = current if header["entry"] else entry
        elif line.startswith("}"):
            current = ""
        elif current and (match := _INSTRUCTION.match(line)):
            computations[current].append(_instruction(match))
    if not entry:
        raise ValueError("expected the text of an HLO module, found no ENTRY computation")
    return Module(entry, {name: tuple(lines) for name, lines in computations.items()})


def arrays(text: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Element type and shape of each array of a type as written, also inside tuples."""
    for kind, sizes, _ in _ARRAY.findall(text):
        yield kind, _shape(sizes)


def size_of(text: str) -> int:
    """Bytes of the device's memory that a type as written takes, without padding; those of a memory on the chip are
    left out."""
    return sum(BYTES.get(kind, 0) * math.prod(_shape(sizes)) for kind, sizes, layout in _ARRAY.findall(text)
               if not _ON_CHIP.search(layout))


def _shape(sizes: str) -> tuple[int, ...]:
    return tuple(int(size) for size in sizes.split(",") if size)


def _instruction(match: re.Match) -> Instruction:
    rest = match["rest"]
    split = _closing(rest) + 1 if rest.startswith("(") else rest.index(" ")
    written, call = rest[:split], rest[split:].lstrip()
    op, _, inside = call.partition("(")
    end = _closing("(" + inside) - 1
    number = int(inside[:end]) if op == "parameter" else 0
    return Instruction(match["name"], written, op, tuple(_NAME.findall(inside[:end])), inside[end + 1:],
                       bool(match["root"]), number)


def _closing(text: str) -> int:
    """Where the parenthesis that a text begins with is closed."""
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return place
    return len(text)
