"""Who may import whom, read from the source; and that what must answer at once loads nothing heavy."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import divbench
from divbench.cli.table import EVERY

ROOT = Path(__file__).resolve().parents[1]
HOMES = {"divbench": ROOT / "divbench"} | {
    f"divbench.{name}": ROOT / name for name in ("envs", "experiments", "results")
}
ALLOWED = {
    "cli": {"spec", "execute", "studies", "records", "report", "experiments", "targets",
            "envs"},  # of the last, the names of tasks
    "execute": {"spec", "learn", "diagnostics", "verdict", "records", "envs"},
    "studies": {"spec", "learn", "diagnostics", "records", "envs", "statistics",
                "execute", "report"},  # of these two, the device, timed groups and how pictures look
    "targets": {"spec", "envs", "learn", "execute"},
    "learn": {"spec", "envs", "diagnostics"},  # of the last, PreQN takes the kernel that it steps by
    "report": {"records", "spec", "verdict", "statistics", "envs"},  # of the last, the names of tasks
    "records": {"spec", "envs"},  # of the last, the names of tasks
    "verdict": {"statistics"},
    "statistics": set(),
    "experiments": {"spec", "execute", "studies", "report", "statistics", "envs"},  # names of tasks
    "spec": {"envs"},  # and of it `envs.names` alone
    "envs": set(),
    "diagnostics": set(),
    "results": set(),
    "__main__": {"cli"},
    "": {"spec", "execute", "records", "envs"},  # the package's face: names resolved on first use
}
HEAVY = ("jax", "numpy", "scipy", "mujoco", "dm_control", "pyarrow", "matplotlib", "rich", "flax", "orbax")


def find_modules() -> dict[str, Path]:
    """Every module of the package by its import name."""
    modules = {}
    for package, folder in HOMES.items():
        for path in folder.rglob("*.py"):
            parts = path.relative_to(folder).with_suffix("").parts
            if "runs" in parts:
                continue
            modules[".".join([package, *(part for part in parts if part != "__init__")])] = path
    return modules


MODULES = find_modules()


def wing(module: str) -> str:
    """`divbench.spec.plan` is of the wing `spec`, `divbench` itself of the empty one."""
    return module.split(".")[1] if "." in module else ""


def parse(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def targets(tree: ast.AST, module: str) -> set[str]:
    """The modules of divbench that a tree imports, those named by `from package import name` included."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import; write the module's full name"
            submodules = {f"{node.module}.{alias.name}" for alias in node.names} & set(MODULES)
            found |= submodules or {node.module}
    return {name for name in found if name == "divbench" or name.startswith("divbench.")}


def type_checking_stripped(tree: ast.Module) -> ast.Module:
    """Without the blocks that only type checkers read."""
    tree.body = [
        n for n in tree.body if not (isinstance(n, ast.If) and "TYPE_CHECKING" in ast.unparse(n.test))
    ]
    return tree


IMPORTS = {module: targets(type_checking_stripped(parse(module)), module) for module in MODULES}


def test_the_arrows_cover_every_wing():
    assert {wing(module) for module in MODULES} <= set(ALLOWED)


@pytest.mark.parametrize("module", sorted(MODULES))
def test_arrows(module):
    own = wing(module)
    for target in IMPORTS[module]:
        assert target in MODULES, f"{module} imports {target}, which is no module"
        other = wing(target)
        assert other == own or other in ALLOWED[own], (
            f"{module} imports {target}; {own} -> {other} is no arrow"
        )


@pytest.mark.parametrize("room", ["spec", "cli", "records", "report", "experiments"])
def test_who_trains_nothing_knows_only_the_names_of_the_tasks(room):
    reached = {target for module in MODULES if wing(module) == room for target in IMPORTS[module]}
    assert {target for target in reached if wing(target) == "envs"} <= {"divbench.envs.names"}


def test_names_resolved_on_first_use_follow_the_arrows():
    """What is imported by a text and not by a statement: the package's face, and the functions of commands."""
    assert {wing(home) for home in divbench._HOMES.values()} | {"envs"} == ALLOWED[""]
    assert {f"divbench.cli.commands.{command.home.partition('.')[0]}" for command in EVERY.values()} <= set(MODULES)


def test_no_cycles():
    graph = {module: {target for target in IMPORTS[module] if target != module} for module in MODULES}
    while leaves := {module for module, used in graph.items() if not used & set(graph)}:
        graph = {module: used for module, used in graph.items() if module not in leaves}
    assert not graph, f"these import each other, or lead to such: {sorted(graph)}"


def test_one_module_is_called_critic():
    assert [module for module in MODULES if module.split(".")[-1] == "critic"] == ["divbench.learn.agents.critic"]


def test_no_two_public_classes_share_a_name():
    homes = {}
    for module in MODULES:
        for node in parse(module).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes.setdefault(node.name, []).append(module)
    assert {name: found for name, found in homes.items() if len(found) > 1} == {}


def names_at_the_top(module: str) -> set[str]:
    """Top-level packages that importing the module itself imports, functions and TYPE_CHECKING left out."""
    found = set()
    for node in type_checking_stripped(parse(module)).body:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module.split(".")[0])
    return found


# What reads and refuses a request: the answer comes at once.
LIGHT = [
    *sorted(m for m in MODULES if wing(m) in ("spec", "cli", "statistics") or m.endswith(".request")),
    "divbench",
    "divbench.envs",
    "divbench.envs.gl",
    "divbench.envs.names",
    "divbench.execute",
    "divbench.execute.progress",
    "divbench.targets.facts",
]


@pytest.mark.parametrize("module", LIGHT)
def test_light_modules_import_nothing_heavy(module):
    assert not names_at_the_top(module) & set(HEAVY)


def test_light_modules_load_nothing_heavy(tmp_path):
    code = f"import {', '.join(LIGHT)}, sys; print(*sorted(set({HEAVY}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.split() == []


def test_the_face_resolves_the_light_names_lightly(tmp_path):
    code = f"import divbench, sys; divbench.RunSpec; print(*sorted(set({HEAVY}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.split() == []
