"""docs/settings.md, made from the declarations of the settings: `python -m divbench.cli.settings_page` prints it."""

from __future__ import annotations

from divbench.spec.objects import OBJECTS
from divbench.spec.setting import ALGORITHMS, SHAPES, TEMPERATURE, TOPICS, Range, Setting
from divbench.spec.settings import DECLARED, FIELDS, SACSettings

HEAD = """# Settings

The numbers of the algorithms: `--sac key=value,key=value`, `sac.key` in `--config FILE.toml`, and, as part of a
variant's name, `critic_lr=0.003` or `ofn+tau=0.01`. Values are written as here: `3e-4`, `clip`, `false`, `512x512`. The
flag `--hidden 512x512` sets the widths of critics and actor. A variant's own settings replace the run's. What an
algorithm has no use for is not looked at; a variant that sets it is rejected.

The defaults are those of the public SAC implementation on which DMC15-500k was defined (D'Oro et al., ICLR 2023). The
column "read by" names the algorithms that read a setting and the mechanism that it needs. It also names the
[objects of your own](variants.md#your-own) that replace its readers.

This page is printed by `python -m divbench.cli.settings_page`, from the declarations in `divbench/spec/settings.py`.
"""
STATIC = "Lanes that differ in one of these never share a program. All other settings are numbers of a lane.\n"
COLUMNS = ("key", "default", "values", "read by", "meaning")
KINDS = {"str": "text", "int": "a whole number", "float": "a number", "bool": "`true` or `false`"}


def page() -> str:
    """The page: a section for each topic, a row for each setting."""
    sections = [HEAD]
    for topic in TOPICS:
        rows = [_row(name, declared) for name, declared in DECLARED.items() if declared.topic == topic]
        table = ["| " + " | ".join(cells) + " |" for cells in (COLUMNS, *rows)]
        table.insert(1, "|---" * len(COLUMNS) + "|")
        sections += [f"## {topic}\n", *([STATIC] if topic == SHAPES else []), "\n".join(table) + "\n"]
    return "\n".join(sections)


def _row(name: str, declared: Setting) -> tuple[str, ...]:
    return f"`{name}`", f"`{_default(name)}`", _values(name, declared), _readers(declared), declared.meaning


def _default(name: str) -> str:
    """The default as `--sac` reads it."""
    value = getattr(SACSettings, name)
    if isinstance(value, tuple):
        return "x".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _values(name: str, declared: Setting) -> str:
    if isinstance(declared.values, tuple):
        values = ", ".join(f"`{value}`" for value in declared.values)
    else:
        values = declared.values.words if isinstance(declared.values, Range) else KINDS[FIELDS[name]]
    return f"{values}; {declared.unit}" if declared.unit else values


def _readers(declared: Setting) -> str:
    every = declared.algorithms == ALGORITHMS
    readers = "all" if every else ", ".join(f"`{algorithm}`" for algorithm in declared.algorithms)
    mechanism, _ = declared.mechanism
    replaced = [f"`{part}`" for part in declared.parts if part in OBJECTS]
    if mechanism:
        return f"{readers}, with `{mechanism}`"
    if TEMPERATURE in declared.parts:
        return f"{readers}; beside {replaced[0]} `sac` alone"
    return f"{readers}; not beside {' with '.join(replaced)}" if replaced else readers


if __name__ == "__main__":
    print(page(), end="")
