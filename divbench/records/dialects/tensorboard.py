"""TensorBoard's event files, made with tensorboardX (extra `tensorboard`): scalars of one run, a record for each step.

A record is its length, the length's masked CRC, an `Event` and the masked CRC of that. The bytes depend on the scalars
alone: tensorboardX's own writer would put the host's name into the file's name and the time of writing into events.
"""

from __future__ import annotations

import importlib.util
import math
import struct
from collections.abc import Iterable, Mapping

from divbench.spec.errors import UsageError

FILE_NAME = "events.out.tfevents.0000000000.divbench"  # a reader looks for `tfevents`; no time and no host in it
_VERSION = "brain.Event:2"
_LARGEST_FLOAT = 3.4028234663852886e38  # scalars are 32-bit floats there


def event_file(points: Iterable[tuple[int, Mapping[str, float]]], wall_time: float = 0.0) -> bytes:
    """The bytes of an event file.

    Args:
      points: step and scalars by tag, in the order in which they are to be shown; a point without scalars is left out.
      wall_time: seconds since 1970 that every event carries.

    Raises:
      UsageError: tensorboardX is not installed.
    """
    if importlib.util.find_spec("tensorboardX") is None:
        raise UsageError("export: 'tensorboard' needs the extra 'tensorboard': pip install 'divbench[tensorboard]'")
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.proto.summary_pb2 import Summary

    events = [Event(wall_time=wall_time, file_version=_VERSION)]
    for step, scalars in points:
        values = [Summary.Value(tag=tag, simple_value=_float32(number)) for tag, number in scalars.items()]
        events += [Event(wall_time=wall_time, step=step, summary=Summary(value=values))] if values else []
    return b"".join(_record(event.SerializeToString()) for event in events)


def _float32(number: float) -> float:
    return math.copysign(math.inf, number) if abs(number) > _LARGEST_FLOAT else number


def _record(payload: bytes) -> bytes:
    from tensorboardX.record_writer import masked_crc32c

    length = struct.pack("<Q", len(payload))
    return length + struct.pack("<I", masked_crc32c(length)) + payload + struct.pack("<I", masked_crc32c(payload))
