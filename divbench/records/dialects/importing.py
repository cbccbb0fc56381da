"""From result files of other code bases to a result folder that is read like one of a finished run.

The folder holds `card.json` and `tables/`: scores as far as the files say them, and no rows elsewhere. What was assumed
is in the card under `imported`.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from divbench.records.card import command_line, now, versions
from divbench.records.dialects.catalogue import DIALECTS, Dialect, find_files, recognise
from divbench.records.dialects.lanes import Collected
from divbench.records.dialects.lines import LeftOut, SourceFile
from divbench.records.dialects.outputs import refuse_existing, write_folder
from divbench.records.dialects.request import DECISIONS, ENV_STEPS, ImportRequest
from divbench.records.folder import CARD, FORMAT, TABLES_FOLDER
from divbench.records.schema import SCHEMA_VERSION, TABLES
from divbench.records.tables import ROWS_PER_GROUP, to_arrow, to_csv, to_parquet
from divbench.spec.errors import UsageError


def import_results(request: ImportRequest) -> Path:
    """Read result files and make a result folder of them.

    Returns:
      The folder. Its card says under `imported` what was read and assumed: `dialect` and whether it was `guessed`; each
      file's name, SHA-256 and rows; `action_repeat` and whether the flag or a file says it; what `steps_are`;
      `metrics_skipped`; the number of `nonfinite` returns; `spellings` of tasks, and which were `renamed`; the
      `metric`; what was `left_out`; which rows were `repeated` at a step and what was taken.

    Raises:
      UsageError: anything wrong, in one line; nothing is made then.
    """
    refuse_existing(Path(request.out))
    files = find_files(request.paths, request.dialect)
    name = request.dialect or _guess(files, request)
    files = files if request.dialect else find_files(request.paths, name)
    found = Collected()
    sources = _read(DIALECTS[name], [SourceFile(path) for path in files], request, found)
    found.settle(request.repeated)
    repeat = _action_repeat(sources, request, name)
    steps_are = _steps_are(request, name, repeat)
    card = _card(request, name, sources, found, repeat, steps_are)
    factor = repeat if steps_are == DECISIONS else 1
    write_folder(Path(request.out), _contents(card, lambda: found.score_rows(repeat, factor)))
    return Path(request.out)


def _read(dialect: Dialect, sources: list[SourceFile], request: ImportRequest, found: Collected) -> list[SourceFile]:
    """Take the rows of all files; returns those that have any. Without any, the reason is that of the first."""
    for source in sources:
        source.check_size()
    for source in sources:
        try:
            dialect.read(source, request, found)
            if not source.rows and not any(left.note.startswith(f"{source.label}: ") for left in found.left_out):
                raise source.leave_out("expected results, found no rows")
        except LeftOut as reason:
            if request.strict:
                raise
            found.left_out.append(reason)
    taken = [source for source in sources if source.rows]
    if not taken:
        raise found.left_out[0]
    return taken


def _guess(files: list[Path], request: ImportRequest) -> str:
    guesses: dict[str, Path] = {}
    reasons = []
    for path in reversed(files):
        try:
            guesses[recognise(path, request.metric)] = path
        except LeftOut as reason:
            reasons.append(reason)
    if reasons and (request.strict or not guesses):
        raise reasons[-1]
    if len(guesses) > 1:
        found = " and ".join(f"{path} ({name})" for name, path in sorted(guesses.items()))
        raise UsageError(f"import: expected files of one dialect, found {found[:300]}; --dialect chooses one")
    return next(iter(guesses))


def _action_repeat(sources: list[SourceFile], request: ImportRequest, name: str) -> int:
    """What the files and the flag agree on."""
    stated: dict[int, SourceFile] = {}
    for source in sources:
        if source.repeat is not None:
            stated.setdefault(source.repeat, source)
    if len(stated) > 1:
        (one, first), (other, second) = list(stated.items())[:2]
        raise UsageError(f"import: mixed action repeats, {one} in {first.path} and {other} in {second.path}; a result "
                         f"folder has one, import them into folders of their own")
    silent = next((source for source in sources if source.repeat is None), None)
    if request.action_repeat is None:
        if silent is not None:
            raise UsageError(f"--action-repeat: {silent.path} ({name}) does not say how many env steps an action "
                             f"lasts; name it ({DIALECTS[name].usual_repeat})")
        return next(iter(stated))
    if stated and request.action_repeat not in stated:
        repeat, source = next(iter(stated.items()))
        raise UsageError(f"--action-repeat: mixed action repeats, {request.action_repeat} here and {repeat} in "
                         f"{source.path}")
    return request.action_repeat


def _steps_are(request: ImportRequest, name: str, repeat: int) -> str:
    if request.steps_are is None and repeat > 1 and not DIALECTS[name].counts_env_steps:
        raise UsageError(f"--steps-are: {name} leaves open whether a step is an env step or a decision, which differ "
                         f"at action repeat {repeat}; name it, {ENV_STEPS} or {DECISIONS}")
    return request.steps_are or ENV_STEPS


def _card(request: ImportRequest, name: str, sources: list[SourceFile], found: Collected, repeat: int,
          steps_are: str) -> dict:
    lanes = found.in_order()
    suites = [suite for suite in dict.fromkeys(lane.suite for lane in lanes) if suite]
    said = {key: getattr(request, key) for key in ("method", "task", "metric") if getattr(request, key) is not None}
    time = now()
    return {
        "format": FORMAT,
        "schema_version": SCHEMA_VERSION,
        "settings": {
            "suite": ", ".join(suites) or f"imported from {name}",
            "tasks": list(dict.fromkeys(lane.task for lane in lanes)),
            "variants": [{"name": variant} for variant in dict.fromkeys(lane.variant for lane in lanes)],
            "utd": list(dict.fromkeys(lane.utd for lane in lanes)),
        },
        "command": command_line(sys.argv),
        "seeds": sorted({lane.seed for lane in lanes}),
        "versions": {},  # those that made the results are not known
        "start": time,
        "finished": time,
        "sessions": [],
        "imported": {
            "dialect": name,
            "guessed": request.dialect is None,
            "metric": request.metric or "return",
            "files": [{"name": source.name, "sha256": source.digest.hexdigest(), "rows": source.rows}
                      for source in sources],
            "lanes": len(lanes),
            "rows": sum(source.rows for source in sources),
            "action_repeat": repeat,
            "action_repeat_from": "flag" if request.action_repeat is not None else "files",
            "steps_are": steps_are,
            "steps_are_from": "flag" if request.steps_are is not None else "dialect",
            "given": said,
            "metrics_skipped": sorted(found.skipped),
            "nonfinite": found.nonfinite,
            "spellings": {task: written[0] for task, written in found.spellings.items() if task != written[0]},
            "renamed": {task: others for task, written in found.spellings.items()
                        if (others := [name for name in written if name != task])},
            "left_out": [left.note for left in found.left_out],
            "repeated": {"taken": request.repeated, "rows": found.repeated[0], "first": found.repeated[1]},
            "divbench": versions()["divbench"],
        },
    }


def _contents(card: dict, score_rows: Callable[[], Iterator[dict]]) -> Iterator[tuple[str, bytes]]:
    """The files of the folder by name. The rows of scores are made twice, so that they are never held all at once."""
    import pyarrow as pa

    yield CARD, (json.dumps(card, indent=2) + "\n").encode()
    for table in TABLES:
        rows = score_rows if table == "scores" else tuple
        parts = [to_arrow(table, part) for part in _batches(rows(), ROWS_PER_GROUP)]
        arrow = pa.concat_tables(parts) if parts else to_arrow(table, ())
        yield f"{TABLES_FOLDER}/{table}.parquet", to_parquet(arrow)
        yield f"{TABLES_FOLDER}/{table}.csv", to_csv(table, rows())


def _batches(rows: Iterable[dict], size: int) -> Iterator[list[dict]]:
    rows = iter(rows)
    while batch := list(itertools.islice(rows, size)):
        yield batch
