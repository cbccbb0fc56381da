"""What `divbench import` and `divbench export` were asked for: names, numbers and flags that go together.

Reads no file. The dialects themselves are in `divbench.records.dialects`; what an export holds is decided in
`divbench.report.exporting`.
"""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

from divbench.envs.names import ALL_TASKS
from divbench.spec.errors import UsageError, choose
from divbench.spec.text import refuse_repeats

DIALECTS = ("tdmpc2", "simba", "high-replay-ratio", "marl-eval")
EXPORTS = (*DIALECTS, "csv", "tensorboard", "rliable")
SINGLE_FILES = {"simba": "csv", "marl-eval": "json", "rliable": "json"}  # ending of the one file; others fill a folder
ENV_STEPS, DECISIONS = "env", "decisions"
STEPS = (ENV_STEPS, DECISIONS)
REFUSE = "refuse"
REPEATED = ("first", "last", "mean", REFUSE)  # how several rows of one lane at one step are reduced to one
EXPORT_FOLDER = "report/export"  # below the run folder, unless --out says otherwise
LARGEST_REPEAT = 1_000
LONGEST_NAME = 200  # characters


@dataclasses.dataclass(frozen=True)
class ImportRequest:
    """Result files to be turned into a result folder.

    Attributes:
      paths: files, or folders that are searched for files of the dialect.
      out: the folder to be made; it must not exist, or be empty.
      dialect: one of `DIALECTS`, or None to recognise it.
      action_repeat: env steps that one action lasts; None where the files say it.
      steps_are: whether the files count env steps (`env`) or the agent's decisions (`decisions`); None for what is
        usual in the dialect.
      method: name of the method, where the files do not say it or say it otherwise.
      task: name of the task, likewise.
      metric: which of a file's metrics is taken; None for the return, as the dialect names it.
      repeated: what to do with several rows of one lane at one step, one of `REPEATED`.
      strict: refuse what would otherwise be left out.

    Raises:
      UsageError: no path, a path named twice, an unknown dialect, a number out of range, a name that is none.
    """

    paths: tuple[str, ...] = ()
    out: str = ""
    dialect: str | None = None
    action_repeat: int | None = None
    steps_are: str | None = None
    method: str | None = None
    task: str | None = None
    metric: str | None = None
    repeated: str = REFUSE
    strict: bool = False

    def __post_init__(self) -> None:
        if not self.paths:
            raise UsageError("import: expected files or folders with results, found none")
        refuse_repeats(self.paths, "import")
        if not self.out:
            raise UsageError("--out: expected the folder to be made, found nothing")
        if self.dialect is not None:
            choose("dialect", self.dialect, DIALECTS)
        if self.action_repeat is not None:
            check_repeat(self.action_repeat)
        if self.steps_are is not None:
            choose("--steps-are", self.steps_are, STEPS)
        choose("--repeated", self.repeated, REPEATED)
        for flag in ("method", "task", "metric"):
            if getattr(self, flag) is not None:
                check_name(getattr(self, flag), f"--{flag}")


@dataclasses.dataclass(frozen=True)
class ExportRequest:
    """A run folder to be written in another form.

    Attributes:
      folder: the run folder, finished or still growing.
      to: one of `EXPORTS`.
      out: the file or folder to be made, which must not exist; None for one below the run folder.
      metric: a column of `scores` or `values`; None for the return, or for all where the form holds all.
      normalise: divide returns by the most that a policy can collect in the task; `rliable` only.

    Raises:
      UsageError: an unknown form, or flags that do not go together.
    """

    folder: str
    to: str
    out: str | None = None
    metric: str | None = None
    normalise: bool = False

    def __post_init__(self) -> None:
        choose("form to export to", self.to, EXPORTS)
        if self.out == "":
            raise UsageError("--out: expected a file or folder to be made, found nothing")
        if self.metric is not None and self.to == "csv":
            raise UsageError("--metric: 'csv' holds every column of every table; leave --metric out")
        if self.normalise and self.to != "rliable":
            raise UsageError(f"--normalise: goes with --to rliable alone, found --to {self.to}")

    @property
    def target(self) -> Path:
        """The file or folder to be made."""
        if self.out is not None:
            return Path(self.out)
        ending = SINGLE_FILES.get(self.to)
        return Path(self.folder) / EXPORT_FOLDER / (f"{self.to}.{ending}" if ending else self.to)


def check_repeat(number: int, what: str = "--action-repeat") -> int:
    """The action repeat if it is a whole number from 1 to `LARGEST_REPEAT`, else a `UsageError`."""
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= LARGEST_REPEAT:
        raise UsageError(f"{what}: expected a whole number from 1 to {LARGEST_REPEAT}, found '{number}'")
    return number


def check_name(name: str, what: str) -> str:
    """The name of a task, method or metric if it can stand in a table: one line of 1 to `LONGEST_NAME` printable
    characters, no blank at either end. Any such text will do, `<script>` and `../x` included: it is only text.

    Raises:
      UsageError: anything else.
    """
    if not isinstance(name, str):
        raise UsageError(f"{what}: expected a name, found {name!r}")
    if not name or len(name) > LONGEST_NAME or not name.isprintable() or name != name.strip():
        shown = ascii(name if len(name) <= 40 else f"{name[:37]}...")
        raise UsageError(f"{what}: expected a name of 1 to {LONGEST_NAME} printable characters, found {shown}")
    return name


def spell_task(name: str) -> str:
    """dm_control's spelling of a task that divbench has (`dog_trot` is `dog-trot`); any other name as it is."""
    return _SPELLINGS.get(name.replace("_", "-"), name)


def known_largest(task: str) -> float | None:
    """The most that any policy can collect in one episode of the task: largest reward times its length; infinite for
    one whose rewards have no bound, None for one that is not known here."""
    if task not in ALL_TASKS:
        return None
    reward_max, length = ALL_TASKS[task].reward_max, ALL_TASKS[task].episode_length
    return math.inf if reward_max is None else reward_max * length


def largest_return(task: str) -> float:
    """`known_largest`, to divide by.

    Raises:
      UsageError: a task whose rewards are not known here, or have no bound.
    """
    largest = known_largest(task)
    if largest is None or math.isinf(largest):
        raise UsageError(f"--normalise: the largest return of '{task}' is not known; leave --normalise out")
    return largest


_SPELLINGS = {name.replace("_", "-"): name for name in ALL_TASKS}
