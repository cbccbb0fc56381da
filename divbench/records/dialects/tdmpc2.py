"""The dialect of TD-MPC2's results: CSV `step,reward,seed`, a file for each task, a folder for each method.

As in `results/` of github.com/nicklashansen/tdmpc2 (Hansen et al., TD-MPC2, 2310.16828): `tdmpc2/dog-run.csv`. Steps
there are env steps; the code runs with action repeat 2, which no file says. Files of Meta-World and the like have the
column `success` in place of `reward`: `--metric success` reads them.
"""

from __future__ import annotations

from collections.abc import Iterator

from divbench.records.dialects.columns import read_columns
from divbench.records.dialects.lanes import Collected, DialectLane, DialectResult
from divbench.records.dialects.lines import SourceFile
from divbench.records.dialects.naming import file_name, split_method
from divbench.records.dialects.numbers import read_number, read_whole, write_number
from divbench.records.dialects.request import ImportRequest, check_name, spell_task
from divbench.records.dialects.series import Exported, by_method

COLUMNS = ("step", "reward", "seed")
RETURN_METRIC = "reward"


def read(source: SourceFile, request: ImportRequest, found: Collected) -> None:
    """Take the rows of one file. The task is its name and the method that of its folder, unless the request says so.

    Raises:
      UsageError: a file that is not of the dialect.
    """
    written = found.rename(source, "task", check_name(source.path.stem, f"{source.path}: task"), request.task)
    task = found.spell(source, spell_task(written), written)
    folder = source.path.absolute().parent.name
    method = folder if request.method else check_name(folder, f"{source.path}: method, from the folder")
    variant, utd = split_method(found.rename(source, "method", method, request.method))
    metric = request.metric or RETURN_METRIC
    for line, (step, value, seed) in read_columns(source, ("step", metric, "seed"), metric):
        found.count(source)
        try:
            lane = DialectLane("", task, variant, utd, read_whole(seed, "seed"))
            found.add(source, lane, DialectResult(read_whole(step, "step"), read_number(value, metric)), line)
        except ValueError as error:
            raise source.refuse(str(error), line) from None


def write(exported: Exported) -> Iterator[tuple[str, bytes]]:
    """The files of a folder by name: `METHOD/TASK.csv`.

    Raises:
      UsageError: a name that cannot be a file's.
    """
    for (method, task), lanes in by_method(exported).items():
        rows = [f"{step},{write_number(value)},{lane.seed}\n" for lane in lanes for step, value in exported.steps(lane)]
        folder, name = file_name(method, "method"), file_name(exported.spell(task), "task")
        yield f"{folder}/{name}.csv", "".join([",".join(COLUMNS), "\n", *rows]).encode()
