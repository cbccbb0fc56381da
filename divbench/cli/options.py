"""The options of a run: one table that gives flags and TOML keys their name, their help and their reading.

Which of them were given, and what follows from all of them together, is the work of `divbench.cli.config`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from divbench.cli.argument import Argument, count
from divbench.envs.names import PHYSICS
from divbench.spec.errors import UsageError
from divbench.spec.run_spec import MINIMA, PRECISIONS
from divbench.spec.settings import FIELDS, parse_setting
from divbench.spec.text import parse_count, parse_utd, refuse_repeats, split_names, split_widths


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


def _count(key: str) -> Callable[[Any, str], int]:
    return count(MINIMA.get(key, 1))


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


def _settings(value: object, what: str) -> dict[str, Any]:
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
    texts: list[Any] = value if isinstance(value, list) else [value]
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


OPTIONS: dict[str, Argument] = {
    option.key: option
    for option in (
        Argument("suite", "NAME", "named tasks, protocol and settings (default: dmc15-500k)", _text),
        Argument("tasks", "A,B", "tasks (default: the suite's)", _names),
        Argument("variants", "A,B", "variants, trained side by side (default: the suite's)", _names),
        Argument("utd", "N,1/K", "gradient updates per env step; each a whole number or 1/k", _utds),
        Argument("seeds", "COUNT", "number of seeds", _count("seeds")),
        Argument("seed_start", "N", "first seed (default: 0)", _count("seed_start")),
        Argument("steps", "COUNT", "env steps of one lane over all phases, such as 500k", _count("steps")),
        Argument("physics", "NAME", f"{', '.join(PHYSICS)} (auto: mjx on GPU and TPU, host on CPU; warp: an extra)",
                 _text),
        Argument("precision", "NAME", f"matmul precision of the learner: {', '.join(PRECISIONS)}", _text),
        Argument("eval_every", "COUNT", "env steps (with --dataset: updates) between evaluations",
                 _count("eval_every")),
        Argument("eval_episodes", "COUNT", "episodes of one evaluation", _count("eval_episodes")),
        Argument("measure_every", "COUNT", "updates between measurements of values", _count("measure_every")),
        Argument("diagnose", "KINDS", "cheap, or full: layer by layer, and ranks; also ntk, seem: kernels; with commas "
                 "(default: cheap)", _text),
        Argument("prime_samples", "COUNT", "random env steps before anything learns", _count("prime_samples")),
        Argument("prime_updates", "COUNT", "updates without acting after them; with --dataset, all updates",
                 _count("prime_updates")),
        Argument("dataset", "DIR", "learn offline from a dataset of one task (divbench dataset), without acting",
                 _text),
        Argument("batch_size", "COUNT", "transitions of one update (default: 256)", _count("batch_size")),
        Argument("hidden", "NxN", "widths of the hidden layers (default: 256x256), also with commas; --sac "
                 "critic_hidden=NxN,actor_hidden=NxN sets them apart", _widths),
        Argument("sac", "KEY=VALUE,...", f"any setting of SAC: {', '.join(FIELDS)}", _settings, again=True),
        Argument("out", "DIR", "run folder (default: results/runs/<suite>-<hash of the settings>)", _text),
        Argument("force", "", "start over in a folder that holds another run", _switch),
        Argument("quiet", "", "show no progress", _switch),
        Argument("json", "", "one JSON object on standard output, progress as JSON lines on standard error",
                 _switch),
    )
}
# Those that are flags of `run` and `plan` alone; every command has `--json`.
RUN_OPTIONS = tuple(option for key, option in OPTIONS.items() if key != "json")
