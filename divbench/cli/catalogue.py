"""What `divbench list` shows: suites, tasks and variants as plain tables. Reads the records; defines none."""

from __future__ import annotations

from collections.abc import Callable

from divbench.envs.names import ALL_TASKS
from divbench.spec.built_in import BUILT_IN
from divbench.spec.naming import PATTERNS
from divbench.spec.suites import SUITES
from divbench.spec.text import format_count, format_table, line_width, wrapped


def _suites() -> str:
    rows = [(s.name, len(s.tasks), len(s.variants), s.utd, s.seeds, format_count(s.steps),
             format_count(s.random_steps), format_count(s.prime_updates)) for s in SUITES.values()]
    header = ("suite", "tasks", "variants", "UTD", "seeds", "steps", "random", "priming")
    parts = [line for s in SUITES.values() for line in (
        f"{s.name}: {s.summary}", f"  tasks: {', '.join(s.tasks)}", f"  variants: {', '.join(s.variants)}")]
    members = "\n".join(wrapped(line, line_width(), 4) for line in parts)
    return f"{format_table(header, rows, right=header[1:])}\n\n{members}"


def _tasks() -> str:
    rows = [(t.name, t.observation_size, t.action_size, t.episode_length) for t in ALL_TASKS.values()]
    return format_table(("task", "obs", "act", "episode"), rows, right=("obs", "act", "episode"))


def _variants() -> str:
    rows = [(v.name, v.summary, v.citation) for v in BUILT_IN.values()]
    rows += [(pattern, meaning, "") for pattern, meaning in PATTERNS.items()]
    return format_table(("variant", "what differs from plain SAC", "paper"), rows, width=line_width())


def _variant_records() -> list[dict]:
    own = [{"name": v.name, "summary": v.summary, "citation": v.citation} for v in BUILT_IN.values()]
    return own + [{"pattern": pattern, "summary": meaning} for pattern, meaning in PATTERNS.items()]


# By kind: the table for people, and the same for programs.
DESCRIBE: dict[str, Callable[[], str]] = {"suites": _suites, "tasks": _tasks, "variants": _variants}
RECORDS: dict[str, Callable[[], list]] = {
    "suites": lambda: list(SUITES.values()), "tasks": lambda: list(ALL_TASKS.values()), "variants": _variant_records}
