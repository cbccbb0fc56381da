"""What the tests of faults share: starting processes and comparing folders byte by byte."""

import functools
import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from divbench import cli

# The run of all these tests, as flags; `driver.py` has the same settings, so that all tables must be equal.
FLAGS = (
    "--suite smoke --tasks hopper-stand --variants baseline,reset-250-updates --steps 1400 "
    "--prime-samples 600 --prime-updates 300 --eval-every 400 --eval-episodes 1 --measure-every 150 "
    "--physics host --hidden 16 --batch-size 8"
).split()
RESULTS = tuple(
    f"{table}.{kind}" for table in ("scores", "values", "verdicts") for kind in ("csv", "parquet")
)


class Faults:
    """Helpers, handed out by the fixture `faults`."""

    flags = FLAGS

    @staticmethod
    def start(*command: str) -> subprocess.Popen:
        """Start `python <command>` with captured output."""
        return subprocess.Popen(
            [sys.executable, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @classmethod
    def run(cls, folder: Path, *more: str) -> subprocess.Popen:
        """Start `divbench run` into a folder."""
        return cls.start("-m", "divbench", "run", *FLAGS, "--out", str(folder), *more)

    @staticmethod
    def finish(process: subprocess.Popen, code: int = 0) -> tuple[str, str]:
        """Wait for a process; its output and errors. Its exit code must be `code`."""
        output, errors = process.communicate()
        assert process.returncode == code, errors[-3000:]
        return output, errors

    @staticmethod
    def tables(folder: Path) -> dict[str, bytes]:
        """The result tables by name."""
        return {name: (Path(folder) / "tables" / name).read_bytes() for name in RESULTS}

    @staticmethod
    def tree(folder: Path) -> dict[str, tuple]:
        """SHA-256 and time of change of everything below a folder, by relative path."""
        found = {}
        for path in sorted([Path(folder), *Path(folder).rglob("*")]):
            content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
            found[str(path.relative_to(folder))] = content, path.stat().st_mtime_ns
        return found


@pytest.fixture(scope="session")
def faults() -> type[Faults]:
    return Faults


@pytest.fixture(scope="session")
def whole(faults, tmp_path_factory) -> Callable[[], dict[str, bytes]]:
    """The tables of a run that nothing happened to. It runs beside the test that first asks for them."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    process = faults.run(folder, "--quiet")

    def tables() -> dict[str, bytes]:
        faults.finish(process)
        return faults.tables(folder)

    yield functools.cache(tables)
    process.kill()
    process.wait()


@pytest.fixture
def command(faults, capsys) -> Callable[..., tuple[int, str, str]]:
    """`divbench run` in this process: exit code, output, errors."""

    def call(folder: Path, *more: str) -> tuple[int, str, str]:
        code = cli.main(["run", *FLAGS, "--out", str(folder), *more])
        return code, *capsys.readouterr()

    return call
