"""What `divbench list` shows: suites, tasks and variants as plain tables. Reads the records; defines none."""

from __future__ import annotations

from divbench.envs.names import ALL_TASKS
from divbench.spec.built_in import BUILT_IN
from divbench.spec.naming import PATTERNS
from divbench.spec.suites import SUITES
from divbench.spec.text import format_count, format_table


def describe(kind: str) -> str:
    """The table of `suites`, `tasks` or `variants`."""
    return {"suites": _suites, "tasks": _tasks, "variants": _variants}[kind]()


def _suites() -> str:
    rows = [(s.name, len(s.tasks), ",".join(s.variants), s.utd, s.seeds, format_count(s.steps),
             format_count(s.random_steps), format_count(s.prime_updates), s.summary) for s in SUITES.values()]
    header = ("suite", "tasks", "variants", "UTD", "seeds", "steps", "random", "priming", "summary")
    members = "\n".join(f"{s.name}: {','.join(s.tasks)}" for s in SUITES.values())
    table = format_table(header, rows, right=("tasks", "UTD", "seeds", "steps", "random", "priming"))
    return f"{table}\n\n{members}"


def _tasks() -> str:
    rows = [(t.name, t.observation_size, t.action_size, t.episode_length) for t in ALL_TASKS.values()]
    return format_table(("task", "obs", "act", "episode"), rows, right=("obs", "act", "episode"))


def _variants() -> str:
    rows = [(v.name, v.summary, v.citation) for v in BUILT_IN.values()]
    rows += [(pattern, meaning, "") for pattern, meaning in PATTERNS.items()]
    return format_table(("variant", "what differs from plain SAC", "paper"), rows)
