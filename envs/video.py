"""Frames to files: GIF, MP4, and a sheet of pictures as PNG.

Lives here: `write`, `spread`. Does not live here: drawing the frames (`render`). MP4 needs the extra `video`.
"""

import contextlib
import importlib.util
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

SUFFIXES = (".gif", ".mp4", ".png")
SHEET, SHEET_COLUMNS = 12, 4  # pictures of a sheet at most, and how many side by side


def write(path: str | os.PathLike, frames: Sequence[np.ndarray], frame_seconds: float) -> None:
    """Writes frames to a file, by its ending: `.gif`, `.mp4`, or `.png`, a sheet of `SHEET` of them.

    The file appears when it is whole; one of that name is replaced.

    Args:
      path: in a folder that exists.
      frames: at least one, `[height, width, 3]` uint8; both even for MP4.
      frame_seconds: how long each is shown. A GIF counts hundredths of a second, and keeps time over all.

    Raises:
      ValueError: another ending, in one line.
      ModuleNotFoundError: MP4 without the extra `video`, in one line.
      OSError: the file cannot be written.
    """
    path = Path(path)
    writers = {".gif": _write_gif, ".mp4": _write_mp4, ".png": _write_sheet}
    if path.suffix.lower() not in writers:
        raise ValueError(f"expected a file that ends in {', '.join(SUFFIXES)}, got '{path.name}'")
    with _whole_or_not_at_all(path) as temporary:
        writers[path.suffix.lower()](temporary, frames, frame_seconds)


@contextlib.contextmanager
def _whole_or_not_at_all(path: Path) -> Iterator[Path]:
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _write_gif(path: Path, frames: Sequence[np.ndarray], frame_seconds: float) -> None:
    from PIL import Image

    ends = np.round(np.arange(len(frames) + 1) * frame_seconds * 100)
    durations = [int(duration) * 10 for duration in np.diff(ends)]  # ms
    # One palette for all: with one each, still parts of the picture flicker and are stored again each time. By
    # coverage, so that a small body of its own colour keeps it.
    chosen = [np.asarray(frames[index])[::2, ::2] for index in spread(len(frames), SHEET)]
    palette = Image.fromarray(np.concatenate(chosen)).quantize(256, method=Image.Quantize.MAXCOVERAGE)
    pictures = [Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    pictures[0].save(path, format="GIF", save_all=True, append_images=pictures[1:], duration=durations, loop=0)


def _write_mp4(path: Path, frames: Sequence[np.ndarray], frame_seconds: float) -> None:
    if importlib.util.find_spec("imageio_ffmpeg") is None:
        raise ModuleNotFoundError("MP4 needs the extra 'video': pip install 'divbench[video]'", name="imageio_ffmpeg")
    import imageio_ffmpeg

    height, width, _ = frames[0].shape
    shape = ["-s", f"{width}x{height}", "-r", f"{1 / frame_seconds:.6f}"]
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", *shape, "-i", "-"]
    h264 = ["-c:v", "libx264", "-crf", "18", "-pix_fmt", "yuv420p", "-movflags", "+faststart", "-f", "mp4"]
    # Started here and not by imageio_ffmpeg, whose way of it is a plain fork, unsafe beside JAX's threads.
    done = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-y", *raw, *h264, str(path)],
        input=b"".join(frame.tobytes() for frame in frames),
        capture_output=True,
    )
    if done.returncode:
        raise OSError(f"ffmpeg: {' '.join(done.stderr.decode(errors='replace').split())}")


def _write_sheet(path: Path, frames: Sequence[np.ndarray], frame_seconds: float) -> None:
    """In the order of time, line by line, from the first frame to the last."""
    from PIL import Image

    chosen = [frames[index] for index in spread(len(frames), SHEET)]
    height, width, _ = chosen[0].shape
    columns = min(SHEET_COLUMNS, len(chosen))
    sheet = Image.new("RGB", (columns * width, -(-len(chosen) // columns) * height))
    for place, frame in enumerate(chosen):
        sheet.paste(Image.fromarray(frame), (place % columns * width, place // columns * height))
    sheet.save(path, format="PNG")


def spread(count: int, most: int) -> list[int]:
    """At most `most` indices below `count`, evenly spread, first and last among them."""
    return [int(index) for index in np.linspace(0, count - 1, min(count, most)).round()]
