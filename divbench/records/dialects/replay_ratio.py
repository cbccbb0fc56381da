"""The dialect of high_replay_ratio_continuous_control's results: text `step return`, a file for each seed.

As in `results/` of github.com/proceduralia/high_replay_ratio_continuous_control (D'Oro et al., ICLR 2023), whose
folders are named `exp_NAME_env_name_TASK_max_steps_1000000`, and in `curves/` of
github.com/evgenii-nikishin/rl_with_resets (Nikishin et al., 2205.07802), where a folder for the method holds one for
each task. Files are `0.txt`, `1.txt`, ...
Action repeat is 1 in both, which no file says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from divbench.records.dialects.lanes import Collected, DialectLane, DialectResult
from divbench.records.dialects.lines import SourceFile
from divbench.records.dialects.naming import file_name, split_method
from divbench.records.dialects.numbers import read_number, read_whole, write_number
from divbench.records.dialects.request import ImportRequest, check_name, spell_task
from divbench.records.dialects.series import Exported, by_method

SEED = re.compile(r"(?:seed_?)?(?P<seed>[0-9]{1,15})", re.ASCII)  # a file's name without `.txt`
_FOLDER = re.compile(r"(?:(?P<before>.+)_)?env_name_(?P<task>.+?)"
                     r"(?:_(?P<after>(?:max_steps|updates_per_step|resets|reset_interval|replay_ratio|seed)_.+))?")


def read(source: SourceFile, request: ImportRequest, found: Collected) -> None:
    """Take the rows of one file. Seed, task and method come from its name and folders, unless the request names them.

    Raises:
      UsageError: a file that is not of the dialect.
    """
    if request.metric is not None:
        raise source.refuse(f"expected no --metric, as files of high-replay-ratio hold returns alone, found "
                            f"'{request.metric}'")
    seed = SEED.fullmatch(source.path.stem)
    if seed is None:
        raise source.refuse("expected a file named by its seed, such as 0.txt")
    method, written = read_folders(source.path.absolute().parent)
    written = written if request.task else check_name(written, f"{source.path}: task, from the folder")
    written = found.rename(source, "task", written, request.task)
    method = method if request.method else check_name(method, f"{source.path}: method, from the folder")
    method = found.rename(source, "method", method, request.method)
    lane = DialectLane("", found.spell(source, spell_task(written), written), *split_method(method), int(seed["seed"]))
    for line, text in source.lines():
        found.count(source)
        cells = text.split()
        if len(cells) != 2:
            raise source.refuse(f"expected a step and a return, found {ascii(text[:40])}", line)
        try:
            found.add(source, lane, DialectResult(read_whole(cells[0], "step"), read_number(cells[1], "return")), line)
        except ValueError as error:
            raise source.refuse(str(error), line) from None


def read_folders(folder: Path) -> tuple[str, str]:
    """Method and task from the folder that holds the files of the seeds.

    `exp_redq_env_name_fish-swim_max_steps_1000000` is the method `exp_redq_max_steps_1000000` on `fish-swim`; else the
    folder's name is the task and that of the folder above the method.
    """
    named = _FOLDER.fullmatch(folder.name)
    if named is None:
        return folder.parent.name, folder.name
    method = "_".join(part for part in (named["before"], named["after"]) if part)
    return method or folder.parent.name, named["task"]


def write(exported: Exported) -> Iterator[tuple[str, bytes]]:
    """The files of a folder by name: `METHOD/TASK/SEED.txt`.

    Raises:
      UsageError: a name that cannot be a file's.
    """
    for (method, task), lanes in by_method(exported).items():
        folder = f"{file_name(method, 'method')}/{file_name(exported.spell(task), 'task')}"
        for lane in lanes:
            rows = [f"{step} {write_number(value)}\n" for step, value in exported.steps(lane)]
            yield f"{folder}/{lane.seed}.txt", "".join(rows).encode()
