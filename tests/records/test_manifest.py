import numpy as np
import pytest

from divbench.records.manifest import MANIFEST, Manifest
from divbench.spec.errors import UsageError


def test_comes_back_as_written(tmp_path):
    manifest = Manifest(3, 10, {"a": "1"}, {"b": "2"}, {"w": [[2, 3], "float32"]}, {"k": "threefry2x32"},
                        {"step": np.int64(7), "words": np.arange(2, dtype=np.uint32)})
    manifest.write(tmp_path)
    found = Manifest.read(tmp_path)
    assert found.meta == {"step": 7, "words": [0, 1]}
    assert found.arrays == {"w": [[2, 3], "float32"]} and (found.number, found.rows) == (3, 10)


def test_any_changed_byte_is_noticed(tmp_path):
    Manifest(meta={"step": 7}).write(tmp_path)
    path = tmp_path / MANIFEST
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1:])
        with pytest.raises(UsageError, match="manifest.json: checkpoint is damaged; --force starts over"):
            Manifest.read(tmp_path)
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(UsageError, match="damaged"):
            Manifest.read(tmp_path)


def test_refuses_what_json_cannot_hold(tmp_path):
    with pytest.raises(TypeError, match="JSON"):
        Manifest(meta={"step": object()}).write(tmp_path)
    assert not list(tmp_path.iterdir())
