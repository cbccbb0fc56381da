"""TensorBoard's event files, written without TensorBoard: scalars of one run, a record for each step.

A file is a sequence of records (length, its masked CRC, payload, its masked CRC), as TensorFlow's `record_writer.h` has
it; a payload is a protocol buffer `Event`, of which `wall_time` (1), `step` (2), `file_version` (3) and `summary` (5)
are used, with one `Summary.Value` (`tag` 1, `simple_value` 2) for each scalar. Scalars are 32-bit floats there: seven
digits, and infinity beyond 3.4e38.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping

FILE_NAME = "events.out.tfevents.0000000000.divbench"  # a reader looks for `tfevents`; no time and no host in it
_VERSION = b"brain.Event:2"
_POLYNOMIAL = 0x82F63B78  # CRC-32C (Castagnoli), bits reversed
_LARGEST_FLOAT = 3.4028234663852886e38
_DOUBLE, _BYTES, _FLOAT = 1, 2, 5  # kinds of fields on the wire; 0 is a varint


def event_file(points: Iterable[tuple[int, Mapping[str, float]]], wall_time: float = 0.0) -> bytes:
    """The bytes of an event file.

    Args:
      points: step and scalars by tag, in the order in which they are to be shown; a point without scalars is left out.
      wall_time: seconds since 1970 that every event carries.
    """
    records = [_record(_event(wall_time, 0, version=_VERSION))]
    records += [_record(_event(wall_time, step, scalars=scalars)) for step, scalars in points if scalars]
    return b"".join(records)


def crc32c(content: bytes) -> int:
    """The CRC-32C checksum (RFC 3720, appendix B.4)."""
    found = 0xFFFFFFFF
    for byte in content:
        found = _TABLE[(found ^ byte) & 0xFF] ^ (found >> 8)
    return found ^ 0xFFFFFFFF


def _make_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
        table.append(value)
    return tuple(table)


_TABLE = _make_table()


def _record(payload: bytes) -> bytes:
    length = struct.pack("<Q", len(payload))
    return length + _masked(length) + payload + _masked(payload)


def _masked(content: bytes) -> bytes:
    checksum = crc32c(content)
    return struct.pack("<I", (((checksum >> 15) | (checksum << 17)) + 0xA282EAD8) & 0xFFFFFFFF)


def _event(wall_time: float, step: int, *, version: bytes = b"", scalars: Mapping[str, float] | None = None) -> bytes:
    parts = [_key(1, _DOUBLE), struct.pack("<d", wall_time)]
    if step:
        parts += [_key(2, 0), _varint(step)]
    if version:
        parts.append(_bytes(3, version))
    if scalars:
        parts.append(_bytes(5, b"".join(_bytes(1, _value(tag, number)) for tag, number in scalars.items())))
    return b"".join(parts)


def _value(tag: str, number: float) -> bytes:
    if abs(number) > _LARGEST_FLOAT:
        number = math.copysign(math.inf, number)
    return _bytes(1, tag.encode()) + _key(2, _FLOAT) + struct.pack("<f", number)


def _bytes(field: int, content: bytes) -> bytes:
    return _key(field, _BYTES) + _varint(len(content)) + content


def _key(field: int, kind: int) -> bytes:
    return bytes([field << 3 | kind])


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)
