"""The package as others get it: wheel, mapped folders, light imports, documented columns."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

import divbench
from divbench.records.schema import TABLES

ROOT = Path(__file__).resolve().parent.parent
MAPPED = ("envs", "experiments", "results")
OWN = ("runs", "datasets")  # below `results`: what this checkout made, no part of the project


def run(*command, **options) -> str:
    """Standard output of a command that must succeed; its errors are shown if it does not."""
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, f"{command}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def packages_on_disk() -> set[str]:
    found = set()
    for top, name in [("divbench", "divbench"), *((folder, f"divbench.{folder}") for folder in MAPPED)]:
        for file in (ROOT / top).rglob("__init__.py"):
            found.add(".".join([name, *file.parent.relative_to(ROOT / top).parts]))
    return found


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built from a copy (no earlier build's leavings) with files planted where runs and datasets land."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("src", "divbench", *MAPPED):
        ignored = ("__pycache__", *(OWN if name == "results" else ()))
        shutil.copytree(ROOT / name, source / name, symlinks=True,
                        ignore=shutil.ignore_patterns("*.egg-info", *ignored))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for folder in ("runs", "datasets/deep", "baselines/planted/tables"):
        (source / "results" / folder).mkdir(parents=True)
        (source / "results" / folder / "planted.csv").write_text("x\n")
    run(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        out,
        source,
    )
    return next(out.glob("divbench-*.whl"))


@pytest.fixture
def foreign_folder(tmp_path) -> Path:
    """Somebody else's repository: its `envs`, `experiments` and `results` must never be taken for ours."""
    for name in MAPPED:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise ImportError('the wrong folder')\n")
    return tmp_path


def test_every_package_on_disk_is_listed():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    assert set(listed) == packages_on_disk(), "edit [tool.setuptools] packages in pyproject.toml"
    assert len(set(listed)) == len(listed)


def test_src_holds_the_package_and_its_mapped_folders_and_nothing_else():
    assert [path.name for path in (ROOT / "src").iterdir() if path.suffix != ".egg-info"] == ["divbench"]
    for name, folder in [("divbench", "divbench"), *((f"divbench/{folder}", folder) for folder in MAPPED)]:
        assert (ROOT / "src" / name).resolve() == ROOT / folder


def test_wheel_holds_every_module_and_the_evidence_but_nothing_made_here(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for top, inside in [("divbench", "divbench"), *((folder, f"divbench/{folder}") for folder in MAPPED)]:
        for file in (ROOT / top).rglob("*.py"):
            relative = file.relative_to(ROOT / top)
            if top != "results" or relative.parts[0] not in OWN:
                assert f"{inside}/{relative.as_posix()}" in names
    assert {"divbench/py.typed", "divbench/cli/references.bib", "divbench/report/page/assets/page.js"} <= names
    assert "divbench/results/baselines/planted/tables/planted.csv" in names
    for file in (ROOT / "results").rglob("*"):
        relative = file.relative_to(ROOT / "results")
        if relative.parts[0] not in OWN and file.suffix in (".csv", ".json", ".parquet"):
            assert f"divbench/results/{relative.as_posix()}" in names
    assert not [name for name in names if name.startswith(tuple(f"divbench/results/{folder}/" for folder in OWN))]
    assert {name.split("/")[0] for name in names} == {
        "divbench",
        f"divbench-{divbench.__version__}.dist-info",
    }


def test_wheel_metadata(wheel):
    archive = zipfile.ZipFile(wheel)
    folder = f"divbench-{divbench.__version__}.dist-info"
    assert "divbench = divbench.cli:main" in archive.read(f"{folder}/entry_points.txt").decode()
    metadata = archive.read(f"{folder}/METADATA").decode()
    for line in (
        "License-Expression: Apache-2.0",
        "Requires-Dist: mujoco<3.18,>=3.17",
        "Requires-Dist: mujoco-mjx<3.18,>=3.17",
        "Requires-Python: >=3.11",
    ):
        assert line in metadata
    assert f"{folder}/licenses/LICENSE" in archive.namelist()


def test_the_citation_names_this_version():
    text = (ROOT / "CITATION.cff").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"\nversion: {project['version']}\n" in text and f"\nlicense: {project['license']}\n" in text
    assert " ".join(text.split("abstract: >-")[1].split("authors:")[0].split()) == f"{project['description']}."
    assert re.findall(r"^  - ([\w -]+)$", text, re.M) == project["keywords"]


def test_wheel_works_beside_a_foreign_envs_folder(wheel, foreign_folder):
    site = foreign_folder / "site"
    run(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", site, wheel)
    environment = os.environ | {"PYTHONPATH": str(site)}
    code = "import divbench, divbench.envs, divbench.results as r; print(divbench.envs.__file__, r.__file__)"
    for path in run(sys.executable, "-c", code, cwd=foreign_folder, env=environment).split():
        assert Path(path).is_relative_to(site / "divbench")
    assert "cheetah-run" in run(sys.executable, "-m", "divbench", "list", cwd=foreign_folder, env=environment)


def test_importing_divbench_imports_no_jax():
    code = (
        "import sys, divbench; divbench.RunSpec, divbench.SACSettings, divbench.Variant; "
        "print(sorted({'jax', 'flax', 'numpy', 'mujoco', 'dm_control', 'pyarrow'} & set(sys.modules)))"
    )
    assert run(sys.executable, "-c", code).strip() == "[]"


@pytest.mark.parametrize("name", divbench.__all__)
def test_every_export_resolves(name):
    assert getattr(divbench, name) is not None
    assert name in dir(divbench)


def test_an_unknown_export_is_named():
    with pytest.raises(AttributeError, match="'divbench' has no attribute 'train'"):
        divbench.train  # noqa: B018


@pytest.mark.parametrize("table", TABLES)
def test_documented_columns_are_the_schema_s(table):
    text = (ROOT / "docs" / "tables.md").read_text()
    section = re.search(rf"^## {table}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    assert section, f"docs/tables.md has no section '## {table}'"
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*) \|$", section[1], re.M)
    expected = [(column.name, column.kind, column.description) for column in TABLES[table]]
    assert rows == expected, "docs/tables.md and divbench/records/schema.py differ"


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_installed_wheel_trains_in_an_empty_venv(wheel, foreign_folder):
    """A fresh venv gets the wheel and its dependencies, nothing else; the smoke suite must run, and compiled as usual.
    """
    place = foreign_folder / "venv"
    venv.create(place, with_pip=True)
    run(place / "bin" / "python", "-m", "pip", "install", "--quiet", "-c", ROOT / "constraints.txt", wheel)
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("PYTHONPATH", "XLA_FLAGS") and not name.startswith("JAX_")}
    command = place / "bin" / "divbench"
    assert "hopper-hop" in run(command, "list", cwd=foreign_folder, env=environment)
    words = "run --suite smoke --seeds 1 --out smoke --quiet".split()
    run(command, *words, cwd=foreign_folder, env=environment)
    for table in TABLES.keys() - {"diagnostics"}:  # written with `--diagnose full` alone
        assert (foreign_folder / "smoke" / "tables" / f"{table}.csv").read_text().count("\n") > 1
