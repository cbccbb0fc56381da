"""Event files, read back by a reader written here from the description of the format, and by TensorBoard's own."""

import math
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divbench.records.dialects import tensorboard
from divbench.records.dialects.tensorboard import FILE_NAME, event_file
from divbench.spec.errors import UsageError


def crc32c(content):
    """The CRC-32C checksum (RFC 3720, appendix B.4), bit by bit."""
    found = 0xFFFFFFFF
    for byte in content:
        found ^= byte
        for _ in range(8):
            found = (found >> 1) ^ (0x82F63B78 if found & 1 else 0)
    return found ^ 0xFFFFFFFF


def unmask(masked):
    rotated = (masked - 0xA282EAD8) & 0xFFFFFFFF
    return ((rotated >> 17) | (rotated << 15)) & 0xFFFFFFFF


def read_records(content):
    while content:
        length, check = struct.unpack("<QI", content[:12])
        payload, after = content[12:12 + length], content[12 + length:16 + length]
        assert unmask(check) == crc32c(content[:8]) and unmask(struct.unpack("<I", after)[0]) == crc32c(payload)
        yield payload
        content = content[16 + length:]


def read_fields(message):
    """Field number and value of each field of a protocol buffer."""
    place = 0

    def varint():
        nonlocal place
        number = shift = 0
        while True:
            byte = message[place]
            place += 1
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number

    while place < len(message):
        field, kind = divmod(varint(), 8)
        if kind == 0:
            yield field, varint()
            continue
        size = {1: 8, 5: 4}.get(kind) or varint()
        value, place = message[place:place + size], place + size
        yield field, struct.unpack({1: "<d", 5: "<f"}[kind], value)[0] if kind in (1, 5) else value


def read_events(content):
    """Wall time, step and scalars of each event; the first one's version."""
    first, *rest = [dict(read_fields(record)) for record in read_records(content)]
    assert first[3] == b"brain.Event:2"
    for event in rest:
        values = [dict(read_fields(value)) for field, value in read_fields(event[5]) if field == 1]
        yield event.get(1, 0.0), event.get(2, 0), {value[1].decode(): value[2] for value in values}


@pytest.mark.parametrize(("content", "checksum"), [
    (b"", 0), (b"123456789", 0xE3069283), (bytes(32), 0x8A9136AA), (b"\xff" * 32, 0x62A8AB43),
    (bytes(range(32)), 0x46DD794E)])  # RFC 3720, appendix B.4
def test_checksums_of_the_standard(content, checksum):
    assert crc32c(content) == checksum


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2**53), st.dictionaries(st.text(min_size=1, max_size=9), st.floats(width=32),
                                                                 min_size=1, max_size=3)), max_size=4),
       st.floats(0, 2e9))
def test_what_is_written_is_read(points, time):
    events = list(read_events(event_file(points, time)))
    assert repr(events) == repr([(time, step, scalars) for step, scalars in points])


def test_points_without_scalars_are_left_out_and_large_numbers_are_infinite():
    events = list(read_events(event_file([(1, {}), (2, {"q": 1e300, "p": -1e39, "n": math.nan})])))
    assert repr(events) == "[(0.0, 2, {'q': inf, 'p': -inf, 'n': nan})]"


def test_tensorboard_reads_it(tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    (tmp_path / FILE_NAME).write_bytes(event_file([(0, {"a/b": 1.5}), (10**10, {"a/b": 2.5})], 3.0))
    found = accumulator.EventAccumulator(str(tmp_path)).Reload()
    assert [(event.wall_time, event.step, event.value) for event in found.Scalars("a/b")] == [(3.0, 0, 1.5),
                                                                                              (3.0, 10**10, 2.5)]


def test_without_the_extra_it_is_named(monkeypatch):
    monkeypatch.setattr(tensorboard.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"needs the extra 'tensorboard': pip install 'divbench\[tensorboard\]'"):
        event_file([(1, {"q": 1.0})])
