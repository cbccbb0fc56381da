"""The options of a run: one table that gives flags and TOML keys their name, their help and their reading.

Which of them were given, and what follows from all of them together, is the work of `divbench.spec.reading`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from divbench.envs.names import PHYSICS
from divbench.spec.errors import UsageError
from divbench.spec.run_spec import MINIMA, PRECISIONS
from divbench.spec.settings import FIELDS, parse_setting
from divbench.spec.text import parse_count, parse_utd, refuse_repeats, split_names, split_widths


@dataclasses.dataclass(frozen=True)
class Option:
    """One option of `run` and `plan`.

    Attributes:
      key: name in a TOML file and field of `RunSpec` (or of its `sac`).
      metavar: placeholder of the value in help; empty for a switch that takes none.
      help: one line.
      read: from (what was written, name for error messages) to the value; what was written is text from a
        flag, any TOML value from a file.
    """

    key: str
    metavar: str
    help: str
    read: Callable[[object, str], object]

    @property
    def flag(self) -> str:
        return "--" + self.key.replace("_", "-")


def _text(value: object, what: str) -> str:
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise UsageError(f"{what}: expected text, found {value!r}")
    return value.strip()


def _switch(value: object, what: str) -> bool:
    if not isinstance(value, bool):
        raise UsageError(f"{what}: expected true or false, found {value!r}")
    return value


def _names(value: object, what: str) -> tuple[str, ...]:
    if isinstance(value, str):
        return split_names(value, what)
    if not isinstance(value, list) or not value or not all(isinstance(name, str) and name for name in value):
        raise UsageError(f"{what}: expected names, as a list or with commas between, found {value!r}")
    refuse_repeats(value, what)
    return tuple(value)


def _count(key: str) -> Callable[[object, str], int]:
    return lambda value, what: parse_count(value, what, MINIMA.get(key, 1))


def _entries(value: object, what: str) -> list:
    """What a comma-separated text, a TOML list or a single value holds; at least one entry."""
    if isinstance(value, str):
        return [entry.strip() for entry in value.split(",")]
    if value == []:
        raise UsageError(f"{what}: expected at least one, found none")
    return value if isinstance(value, list) else [value]


def _utds(value: object, what: str) -> tuple:
    ratios = tuple(parse_utd(entry, what) for entry in _entries(value, what))
    refuse_repeats([str(ratio) for ratio in ratios], what)
    return ratios


def _widths(value: object, what: str) -> tuple[int, ...]:
    return tuple(parse_count(width, what, 1) for entry in _entries(value, what) for width in split_widths(entry))


def _settings(value: object, what: str) -> dict[str, object]:
    """Fields of `SACSettings` from `key=value,key=value` or a TOML table. A list may hold several such
    texts."""
    if isinstance(value, dict):
        pairs = [(str(name), field) for name, field in value.items()]
    else:
        pairs = [pair for text in _texts(value, what) for pair in _pairs(text, what)]
    pairs = [(name.replace("-", "_"), field) for name, field in pairs]
    refuse_repeats([name for name, _ in pairs], what)
    return {name: parse_setting(name, field, f"{what}: {name}") if isinstance(field, str) else field
            for name, field in pairs}


def _texts(value: object, what: str) -> list[str]:
    texts = value if isinstance(value, list) else [value]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise UsageError(f"{what}: expected key=value pairs, found {value!r}")
    return texts


def _pairs(text: str, what: str) -> list[tuple[str, str]]:
    """`hidden=64,64,tau=0.01` has two pairs: an entry without `=` belongs to the value before it."""
    pairs: list[tuple[str, str]] = []
    for entry in text.split(","):
        name, equals, value = entry.partition("=")
        if equals:
            pairs.append((name.strip(), value.strip()))
        elif pairs:
            pairs[-1] = (pairs[-1][0], f"{pairs[-1][1]},{entry.strip()}")
        else:
            raise UsageError(f"{what}: expected key=value such as gamma=0.9, found '{text}'")
    return pairs


OPTIONS: dict[str, Option] = {
    option.key: option
    for option in (
        Option("suite", "NAME", "named tasks, protocol and settings (default: dmc15-500k)", _text),
        Option("tasks", "A,B", "tasks (default: the suite's)", _names),
        Option("variants", "A,B", "variants, trained side by side (default: the suite's)", _names),
        Option("utd", "N,1/K", "gradient updates per env step; each a whole number or 1/k", _utds),
        Option("seeds", "COUNT", "number of seeds", _count("seeds")),
        Option("seed_start", "N", "first seed (default: 0)", _count("seed_start")),
        Option("steps", "COUNT", "env steps of one lane over all phases, such as 500k", _count("steps")),
        Option("physics", "NAME", f"{', '.join(PHYSICS)} (auto: mjx on GPU and TPU, host on CPU; warp: an extra)",
               _text),
        Option("precision", "NAME", f"matmul precision of the learner: {', '.join(PRECISIONS)}", _text),
        Option("eval_every", "COUNT", "env steps (with --dataset: updates) between evaluations", _count("eval_every")),
        Option("eval_episodes", "COUNT", "episodes of one evaluation", _count("eval_episodes")),
        Option("measure_every", "COUNT", "updates between measurements of values", _count("measure_every")),
        Option("diagnose", "KINDS", "cheap, or full: layer by layer, and ranks; also ntk, seem: kernels; with commas "
               "(default: cheap)", _text),
        Option("prime_samples", "COUNT", "random env steps before anything learns", _count("prime_samples")),
        Option("prime_updates", "COUNT", "updates without acting after them; with --dataset, all updates",
               _count("prime_updates")),
        Option("dataset", "DIR", "learn offline from a dataset of one task (divbench dataset), without acting", _text),
        Option("batch_size", "COUNT", "transitions of one update (default: 256)", _count("batch_size")),
        Option("hidden", "NxN", "widths of the hidden layers (default: 256x256), also with commas; --sac "
               "critic_hidden=NxN,actor_hidden=NxN sets them apart", _widths),
        Option("sac", "KEY=VALUE,...", f"any setting of SAC: {', '.join(FIELDS)}", _settings),
        Option("out", "DIR", "run folder (default: results/runs/<suite>-<hash of the settings>)", _text),
        Option("force", "", "start over in a folder that holds another run", _switch),
        Option("quiet", "", "show no progress", _switch),
        Option("json", "", "one JSON object on standard output, progress as JSON lines on standard error",
               _switch),
    )
}
