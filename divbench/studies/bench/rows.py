"""The table of `divbench bench`: a row for each timed cell, and one for each program that does not fit."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

TRAINING, LEARNING, ACTING, SKIPPED = "training", "learning", "acting", "skipped"

Measured: TypeAlias = Any  # a number, or None where nothing was measured


class BenchRow(NamedTuple):
    """How fast one program is at one thing; columns of the table. None where nothing was measured.

    Attributes:
      kind: `training` (env steps and the updates due at that UTD), `learning` (nobody acts), `acting` (no updates), or
        `skipped`.
      task, variant, lanes: of the program.
      utd: updates per env step as written, `8` or `1/2`; empty unless `training`.
      updates_per_second: over all lanes, median of the samples.
      env_steps_per_second: likewise.
      slowest, fastest: rate of the slowest and of the fastest sample over the median.
      samples: how many.
      chunk: env steps of every lane in a timed chunk, or its updates where nobody acts.
      update_flops: of one update of one lane.
      ceiling_flops_per_second: of the matrix products of plain updates of so many lanes, alone, on this device.
      ceiling_share: FLOPs per second of the updates over that.
      compile_seconds: of the training program, which all rows of a program share.
      memory_bytes: after the samples.
      memory_of: what these bytes are of.
      memory_counted: bytes that the lanes need in the suite's run, its whole replay included, by count.
      device, jax, precision, physics: with what it was measured.
      network: widths of the hidden layers, or a critic from outside.
      batch_size: transitions of an update.
      command: as typed.
      note: why a program was skipped.
    """

    kind: str
    task: str
    variant: str
    lanes: int
    utd: str
    updates_per_second: Measured
    env_steps_per_second: Measured
    slowest: Measured
    fastest: Measured
    samples: int
    chunk: int
    update_flops: Measured
    ceiling_flops_per_second: Measured
    ceiling_share: Measured
    compile_seconds: Measured
    memory_bytes: Measured
    memory_of: str
    memory_counted: Measured
    device: str
    jax: str
    precision: str
    physics: str
    network: str
    batch_size: int
    command: str
    note: str = ""

    @property
    def label(self) -> str:
        """What was timed, in words."""
        return f"UTD {self.utd}" if self.kind == TRAINING else self.kind
