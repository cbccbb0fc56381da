"""The dialect of marl-eval: JSON of environment, task, algorithm, run and step, as its README describes it.

github.com/instadeepai/marl-eval (Gorsane et al., Towards a Standardised Performance Evaluation Protocol for Cooperative
MARL, 2209.10485). The environment is kept as the suite. A list of several returns is kept as mean, standard deviation,
smallest and largest, and comes back as its mean; a list of one may be an episode or a mean, so nothing is said of its
episodes. `absolute_metrics` (the best policy evaluated again, ten times as often) is not read; written is the largest
return of the lane's evaluations, which nobody evaluated again.
"""

from __future__ import annotations

import json
import math
import re
import statistics
from collections.abc import Iterator
from typing import Any

from divbench.records.dialects.lanes import Collected, DialectLane, DialectResult
from divbench.records.dialects.lines import SourceFile
from divbench.records.dialects.naming import split_method
from divbench.records.dialects.numbers import LARGEST_STEP
from divbench.records.dialects.request import ImportRequest, check_name, spell_task
from divbench.records.dialects.series import RETURN, Exported, by_method
from divbench.spec.errors import UsageError

RETURN_METRICS = ("return", "episode_return", "mean_episode_return")  # the first of these that a file has
ABSOLUTE, STEP = "absolute_metrics", "step_count"
UNNAMED = "unnamed"  # the environment of lanes without a suite
_RUN = re.compile(r"[A-Za-z_-]*(?P<seed>[0-9]{1,15})", re.ASCII)  # `seed_0`, `run_1`, `42`


def read(source: SourceFile, request: ImportRequest, found: Collected) -> None:
    """Take the returns of one file.

    Raises:
      UsageError: a file that is not of the dialect.
    """
    metric, others = request.metric, set()
    for place, lane, steps in _runs(source, request, found):
        if not steps.keys() - {ABSOLUTE}:
            found.leave_out(source, f"{place} was started and has no evaluations", request.strict)
        for name, step in steps.items():
            if name == ABSOLUTE:
                continue
            found.count(source)
            where = f"{place} -> {name}"
            if not isinstance(step, dict) or STEP not in step:
                raise source.refuse(f"expected '{STEP}' and metrics in {where}")
            if metric is None:
                metric = next((known for known in RETURN_METRICS if known in step), None)
            if metric not in step:
                kinds = ", ".join(key for key in step if key != STEP)
                raise source.refuse(f"expected the metric {metric or ' or '.join(RETURN_METRICS)} in {where}, found "
                                    f"{kinds[:200] or 'none'}")
            others.update(step.keys() - {metric, STEP})
            found.add(source, lane, _result(source, where, step[STEP], step[metric]))
    found.skip(source, metric or RETURN_METRICS[0], others)


def _runs(source: SourceFile, request: ImportRequest, found: Collected) -> Iterator[tuple[str, DialectLane, dict]]:
    """Where a run stands in the file, its lane, and its steps."""
    levels = ("environment", "task", "algorithm", "run")

    def walk(tree: Any, names: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], dict]]:
        if not isinstance(tree, dict) or (not tree and len(names) < len(levels)):
            inside = f"'{' -> '.join(names)}'" if names else "the file"
            raise source.refuse(f"expected {' -> '.join((*levels, 'step')[len(names):])} in {inside[:200]}")
        if len(names) == len(levels):
            yield names, tree
            return
        for name, below in tree.items():
            yield from walk(below, (*names, check_name(name, f"{source.path}: {levels[len(names)]}")))

    for names, steps in walk(_parse(source), ()):
        suite, task, method, run = names
        seed = _RUN.fullmatch(run)
        if seed is None:
            raise source.refuse(f"expected a run named by a number, such as seed_0, found '{run}'")
        task = found.rename(source, "task", task, request.task)
        method = found.rename(source, "method", method, request.method)
        suite, spelled = "" if suite == UNNAMED else suite, found.spell(source, spell_task(task), task)
        yield " -> ".join(names), DialectLane(suite, spelled, *split_method(method), int(seed["seed"])), steps


def _parse(source: SourceFile) -> Any:
    def no_repeats(pairs: list[tuple]) -> dict:
        tree = dict(pairs)
        if len(tree) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise source.refuse(f"'{twice[:80]}' stands twice in the same place")
        return tree

    try:
        return json.loads(source.content(), object_pairs_hook=no_repeats)
    except UsageError:
        raise
    except ValueError as error:
        raise source.refuse(f"no readable JSON ({str(error)[:120]})") from None
    except RecursionError:
        raise source.refuse("no readable JSON (nested too deeply)") from None


def _result(source: SourceFile, where: str, step: Any, values: Any) -> DialectResult:
    if isinstance(step, float) and step.is_integer():
        step = int(step)
    if isinstance(step, bool) or not isinstance(step, int) or not 0 <= step <= LARGEST_STEP:
        raise source.refuse(f"expected '{STEP}' as a whole number from 0 in {where}, found {str(step)[:40]}")
    values = values if isinstance(values, list) else [values]
    if not values or not all(value is None or isinstance(value, int | float) and not isinstance(value, bool)
                             for value in values):
        raise source.refuse(f"expected a list of numbers in {where}, found {str(values)[:40]}")
    try:
        returns = [math.nan if value is None else float(value) for value in values]
        if len(returns) == 1:
            return DialectResult(step, returns[0])
        if not all(map(math.isfinite, returns)):
            return DialectResult(step, math.nan, episodes=len(returns))
        mean, sd = statistics.fmean(returns), statistics.pstdev(returns)
        return DialectResult(step, mean, sd, len(returns), min(returns), max(returns))
    except OverflowError:
        raise source.refuse(f"expected numbers that can be added up in {where}, found {str(values)[:40]}") from None


def write(exported: Exported) -> Iterator[tuple[str, bytes]]:
    """The one file: its name is for its caller to say. NaN is written as Python's `json` does, `NaN`."""
    tree: dict = {}
    metric = RETURN_METRICS[0] if exported.metric == RETURN else exported.metric
    for (method, task), lanes in by_method(exported).items():
        for lane in lanes:
            found = exported.steps(lane)
            best = max((value for _, value in found if not math.isnan(value)), default=math.nan)
            run = {f"step_{place}": {STEP: step, metric: [value]} for place, (step, value) in enumerate(found)}
            algorithms = tree.setdefault(lane.suite or UNNAMED, {}).setdefault(exported.spell(task), {})
            algorithms.setdefault(method, {})[f"seed_{lane.seed}"] = run | {ABSOLUTE: {metric: [best]}}
    yield "", (json.dumps(tree, indent=1) + "\n").encode()
