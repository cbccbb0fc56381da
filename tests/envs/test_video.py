"""Files of frames: count, duration, colours; whole or not there at all."""

import importlib.util
import subprocess

import numpy as np
import pytest
from PIL import Image

from divbench.envs import video


def moving_square(count, width=48, height=32):
    """A red square that moves to the right over a grey ground."""
    frames = np.full((count, height, width, 3), 90, np.uint8)
    for index, frame in enumerate(frames):
        frame[8:16, index : index + 8] = (200, 30, 30)
    return list(frames)


@pytest.mark.parametrize("seconds", [0.03, 0.05, 1 / 30])
def test_a_gif_plays_in_real_time(tmp_path, seconds):
    frames = moving_square(20)
    video.write(tmp_path / "a.gif", frames, seconds)
    with Image.open(tmp_path / "a.gif") as found:
        assert (found.n_frames, found.size, found.info["loop"]) == (20, (48, 32), 0)
        durations = []
        for index in range(found.n_frames):
            found.seek(index)
            durations.append(found.info["duration"])
            np.testing.assert_allclose(np.asarray(found.convert("RGB")), frames[index], atol=8)
    assert sum(durations) == pytest.approx(1000 * 20 * seconds, abs=5) and np.ptp(durations) <= 10


def test_an_mp4_plays_in_real_time(tmp_path):
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg", reason="needs the extra 'video'")
    frames = moving_square(20)
    video.write(tmp_path / "a.mp4", frames, 0.04)
    count, seconds = imageio_ffmpeg.count_frames_and_secs(str(tmp_path / "a.mp4"))
    assert count == 20 and seconds == pytest.approx(0.8, abs=0.02)
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-i", str(tmp_path / "a.mp4")]
    raw = subprocess.run([*command, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], capture_output=True, check=True).stdout
    found = np.frombuffer(raw, np.uint8).reshape(20, 32, 48, 3).astype(int)
    assert np.abs(found - np.stack(frames)).mean() < 10  # upright, red is red


@pytest.mark.parametrize(("count", "size", "last"), [(1, (48, 32), 0), (12, (192, 96), 11), (100, (192, 96), 99)])
def test_a_sheet_shows_first_and_last(tmp_path, count, size, last):
    frames = [np.full((32, 48, 3), shade, np.uint8) for shade in range(count)]
    video.write(tmp_path / "a.png", frames, 0.03)
    with Image.open(tmp_path / "a.png") as found:
        sheet = np.asarray(found)
        assert found.size == size
    assert sheet[0, 0, 0] == 0 and sheet[-1, -1, 0] == last


def test_another_ending(tmp_path):
    with pytest.raises(ValueError, match=r"expected a file that ends in \.gif, \.mp4, \.png, got 'a\.avi'"):
        video.write(tmp_path / "a.avi", moving_square(1), 0.03)


def test_mp4_without_its_package(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match="extra 'video'"):
        video.write(tmp_path / "a.mp4", moving_square(1), 0.03)
    assert list(tmp_path.iterdir()) == []


def test_nothing_half_written_stays(tmp_path, monkeypatch):
    def full_disk(path, frames, frame_seconds):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    (tmp_path / "a.gif").write_bytes(b"old")
    monkeypatch.setattr(video, "_write_gif", full_disk)
    with pytest.raises(OSError, match="No space left"):
        video.write(tmp_path / "a.gif", moving_square(2), 0.03)
    assert [path.name for path in tmp_path.iterdir()] == ["a.gif"]
    assert (tmp_path / "a.gif").read_bytes() == b"old"
