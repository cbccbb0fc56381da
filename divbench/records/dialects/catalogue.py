"""The dialects by name, and recognising one: by the ending of a file, its header, or two numbers in its first line."""

from __future__ import annotations

import csv
import dataclasses
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from divbench.records.dialects import marl_eval, replay_ratio, simba, tdmpc2
from divbench.records.dialects.lanes import Collected
from divbench.records.dialects.lines import SourceFile
from divbench.records.dialects.numbers import read_number, read_whole
from divbench.records.dialects.request import ImportRequest
from divbench.records.dialects.series import Exported
from divbench.spec.errors import UsageError


@dataclasses.dataclass(frozen=True)
class Dialect:
    """How one code base writes its results.

    Attributes:
      read: takes the rows of a file.
      write: the files of an export by name; of a dialect that is one file, a single one without name.
      ending: of its files.
      usual_repeat: what its action repeat usually is, for whoever has to name it.
      pattern: names of its files in a folder, without the ending.
      counts_env_steps: whether its steps are env steps; False where the dialect leaves it open.
    """

    read: Callable[[SourceFile, ImportRequest, Collected], None]
    write: Callable[[Exported], Iterator[tuple[str, bytes]]]
    ending: str
    usual_repeat: str
    pattern: re.Pattern = re.compile(r"[^.].*")
    counts_env_steps: bool = True

    def is_file_of(self, path: Path) -> bool:
        """Whether a file in a folder may be one of this dialect, by its name."""
        return path.suffix.lower() == self.ending and self.pattern.fullmatch(path.stem) is not None


DIALECTS: dict[str, Dialect] = {
    "tdmpc2": Dialect(tdmpc2.read, tdmpc2.write, ".csv", "2 in TD-MPC2's repository"),
    "simba": Dialect(simba.read, simba.write, ".csv", "2 for dm_control in SimBa's repositories"),
    "high-replay-ratio": Dialect(replay_ratio.read, replay_ratio.write, ".txt",
                                 "1 in high_replay_ratio_continuous_control", replay_ratio.SEED),
    "marl-eval": Dialect(marl_eval.read, marl_eval.write, ".json", "1 where an action lasts one env step",
                         counts_env_steps=False),
}


def recognise(path: Path, metric: str | None = None) -> str:
    """The dialect of a file, by its ending and first line.

    Args:
      path: the file.
      metric: that is asked for; in TD-MPC2's files a column.

    Raises:
      LeftOut: a file of TD-MPC2's layout without the metric.
      UsageError: none is recognised; it says what was found.
    """
    source = SourceFile(path)
    source.check_size()
    if path.suffix.lower() == DIALECTS["marl-eval"].ending:
        return "marl-eval"
    line = next(source.lines(), (0, ""))[1]
    try:
        header = {cell.strip() for cell in next(csv.reader([line]), [])}
    except csv.Error:
        header = set()
    wanted = ("step", metric or tdmpc2.RETURN_METRIC, "seed")
    for name, columns in (("tdmpc2", wanted), ("simba", simba.COLUMNS)):
        if header.issuperset(columns):
            return name
    if _two_numbers(line):
        return "high-replay-ratio"
    known = f"{','.join(tdmpc2.COLUMNS)} (tdmpc2), {','.join(simba.COLUMNS)} (simba), two numbers (high-replay-ratio)"
    refuse = source.leave_out if header.issuperset({"step", "seed"}) else source.refuse
    raise refuse(f"no dialect is recognised: expected a first line {known}, or a .json file (marl-eval), found "
                        f"{ascii(line[:80])}; --dialect names one and says what is missing")


def _two_numbers(line: str) -> bool:
    cells = line.split()
    try:
        return len(cells) == 2 and read_whole(cells[0], "step") >= 0 and read_number(cells[1], "return") is not None
    except ValueError:
        return False


def find_files(paths: tuple[str, ...], dialect: str | None) -> list[Path]:
    """The files that a request names: files as they are; in folders, at any depth, those named like the dialect's.

    Hidden files and folders are passed over. Without a dialect, files named like those of any.

    Raises:
      UsageError: nothing at a path, a folder without such files, or one file named twice.
    """
    kinds = [DIALECTS[dialect]] if dialect else list(DIALECTS.values())
    found: list[Path] = []
    for text in paths:
        path = Path(text)
        try:
            if path.is_dir():
                inside = [file for file in sorted(path.rglob("*")) if file.is_file() and not _hidden(file, path)
                          and any(kind.is_file_of(file) for kind in kinds)]
                if not inside:
                    endings = ", ".join(dict.fromkeys(kind.ending for kind in kinds))
                    raise UsageError(f"{path}: expected result files ({endings}) in this folder, found none")
                found += inside
            elif path.exists():
                found.append(path)
            else:
                raise UsageError(f"{path}: expected a file or folder with results, found nothing")
        except OSError as error:
            raise UsageError(f"{path}: cannot be read ({error.strerror})") from None
    seen: dict[Path, Path] = {}
    for path in found:
        if seen.setdefault(path.resolve(), path) is not path:
            raise UsageError(f"{path}: named twice (also by '{seen[path.resolve()]}'); name each file once")
    return found


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)
