"""What the learner's source amounts to: files that import flax, chex and optax, lines of `learn/`, files of an update.

    python benchmarks/counts.py                     # of this checkout
    python benchmarks/counts.py ../before . --files

Files of an update are those that one must read to follow `sac.update`: `learn/agents/sac.py` and what it imports of
`learn/`, and what these import of it in turn. Tests and benchmarks do not count.
"""

from __future__ import annotations

import argparse
import ast
from pathlib import Path

LIBRARIES = ("flax", "chex", "optax")
FOLDERS = ("divbench", "envs", "experiments")
LEARN, UPDATE = "divbench/learn", "divbench/learn/agents/sac.py"


def counts(checkout: Path) -> dict[str, tuple[int, list[str]]]:
    """By what is counted: the number, and the files that it is of."""
    imports = {str(path.relative_to(checkout)): imported(path)
               for folder in FOLDERS for path in sorted((checkout / folder).rglob("*.py"))}
    found = {}
    for library in LIBRARIES:
        files = [path for path, names in imports.items() if any(name.split(".")[0] == library for name in names)]
        found[f"files that import {library}"] = len(files), files
    own = [path for path in imports if path.startswith(f"{LEARN}/")]
    found["lines of learn/"] = sum((checkout / path).read_text().count("\n") for path in own), own
    files = reached(imports)
    found["files that sac.update reads"] = len(files), files
    return found


def imported(path: Path) -> set[str]:
    """Dotted names that a file imports; of `from package import name` the package and `package.name`."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def reached(imports: dict[str, set[str]]) -> list[str]:
    """The files of `learn/` that the update's file leads to by imports, itself among them."""
    homes = {path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): path
             for path in imports if path.startswith(LEARN)}
    found, new = set(), {UPDATE}
    while new:
        found |= new
        new = {homes[name] for path in new for name in imports[path] & homes.keys()} - found
    empty = {path for path in found if path.endswith("__init__.py") and not imports[path]}
    return sorted(found - empty)


def as_markdown(sides: dict[str, dict], files: bool) -> str:
    """A table with a column for each checkout, and below it the files."""
    names = list(next(iter(sides.values())))
    lines = ["| count | " + " | ".join(sides) + " |", "|---|" + "---:|" * len(sides)]
    lines += [f"| {name} | " + " | ".join(f"{side[name][0]:,}" for side in sides.values()) + " |" for name in names]
    for place, side in sides.items() if files else ():
        for name in names:
            lines += ["", f"{place}: {name}", "", *(f"- {path}" for path in side[name][1])]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkouts", nargs="*", type=Path, default=[Path(__file__).resolve().parents[1]])
    parser.add_argument("--files", action="store_true", help="list them")
    given = parser.parse_args()
    print(as_markdown({str(path): counts(path) for path in given.checkouts}, given.files))


if __name__ == "__main__":
    main()
