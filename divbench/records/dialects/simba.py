"""The dialect of SimBa's results: CSV `exp_name,env_name,seed,metric,env_step,value`, methods and tasks in one file.

As in `results/` of github.com/SonyResearch/simba (Lee et al., SimBa, 2410.09754) and github.com/DAVIAN-Robotics/SimbaV2
(Lee et al., SimbaV2, 2502.15280). The files there have pandas' row numbers as a first column, steps written `50000.0`,
and a success rate beside the return; `avg_return` is the return. Steps are env steps; no file says the action repeat,
which is 2 there for dm_control.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from divbench.records.dialects.columns import read_columns
from divbench.records.dialects.lanes import Collected, DialectLane, DialectResult
from divbench.records.dialects.lines import SourceFile
from divbench.records.dialects.naming import split_method
from divbench.records.dialects.numbers import read_number, read_whole, write_number
from divbench.records.dialects.request import ImportRequest, check_name, spell_task
from divbench.records.dialects.series import RETURN, Exported, by_method

COLUMNS = ("exp_name", "env_name", "seed", "metric", "env_step", "value")
RETURN_METRIC = "avg_return"


def read(source: SourceFile, request: ImportRequest, found: Collected) -> None:
    """Take the rows of one file that hold the return.

    Raises:
      UsageError: a file that is not of the dialect, or holds no return.
    """
    wanted = request.metric or RETURN_METRIC
    others = set()
    for line, (method, task, seed, metric, step, value) in read_columns(source, COLUMNS):
        found.count(source)
        if metric != wanted:
            others.add(metric)
            continue
        try:
            check_name(method, "exp_name")
            check_name(task, "env_name")
            seed = read_whole(seed, "seed")
            result = DialectResult(read_whole(step, "env_step"), read_number(value, "value"))
        except ValueError as error:  # a UsageError is one
            raise source.refuse(str(error), line) from None
        task = found.rename(source, "task", task, request.task)
        variant, utd = split_method(found.rename(source, "method", method, request.method))
        lane = DialectLane("", found.spell(source, spell_task(task), task), variant, utd, seed)
        found.add(source, lane, result, line)
    found.skip(source, wanted, others)


def write(exported: Exported) -> Iterator[tuple[str, bytes]]:
    """The one file: its name is for its caller to say."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    metric = RETURN_METRIC if exported.metric == RETURN else exported.metric
    for (method, task), lanes in by_method(exported).items():
        for lane in lanes:
            writer.writerows([method, exported.spell(task), lane.seed, metric, step, write_number(value)]
                             for step, value in exported.steps(lane))
    yield "", text.getvalue().encode()
