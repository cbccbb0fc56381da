"""The GitHub Action and the workflow to copy: well-formed, and every divbench command in them is one."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from divbench.cli.argument import FLAG, read_request
from divbench.cli.config import read_spec
from divbench.cli.parser import Parser, parse
from divbench.cli.table import EVERY
from divbench.report.compare.request import MARKDOWN_MARK

ROOT = Path(__file__).resolve().parents[2]
ACTION = ROOT / ".github" / "actions" / "divbench-gate" / "action.yml"
WORKFLOW = ROOT / "docs" / "examples" / "gate.yml"
INPUTS = {"python-version", "install", "suite", "baseline", "metrics", "margin", "comment", "allow-missing",
          "allow-shorter"}


@pytest.fixture(scope="module")
def action():
    return yaml.safe_load(ACTION.read_text())


@pytest.fixture(scope="module")
def scripts(action):
    return [step["run"] for step in action["runs"]["steps"] if "run" in step]


def test_the_action_has_what_a_composite_action_needs(action):
    assert action.keys() == {"name", "description", "inputs", "outputs", "runs"}
    assert action["runs"]["using"] == "composite" and INPUTS <= action["inputs"].keys()
    for name, entry in action["inputs"].items():
        assert entry.keys() == {"description", "default"} and isinstance(entry["default"], str), name
    for step in action["runs"]["steps"]:
        assert ("uses" in step) != ("run" in step) and ("run" not in step or step["shell"] == "bash")


def test_every_input_is_used_and_no_script_is_spliced(action, scripts):
    text = ACTION.read_text()
    named = set(re.findall(r"inputs\.([\w-]+)", text))
    assert named == action["inputs"].keys()
    assert not any("${{" in script for script in scripts)  # what a stranger names would run as a command
    ids = {step["id"] for step in action["runs"]["steps"] if "id" in step}
    assert set(re.findall(r"steps\.([\w-]+)\.", text)) == ids
    for step, output in re.findall(r"steps\.([\w-]+)\.outputs\.([\w-]+)", text):
        (script,) = [s["run"] for s in action["runs"]["steps"] if s.get("id") == step]
        assert f"{output}=" in script


def test_scripts_are_bash(scripts):
    for script in scripts:
        done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def commands(scripts, name):
    for script in scripts:
        for line in script.replace("\\\n", " ").splitlines():
            if line.strip().startswith(f"divbench {name} "):
                yield shlex.split(line.strip())[2:]


def test_the_run_is_one(action, scripts):
    (words,) = commands(scripts, "run")
    values = {"$SUITE": [action["inputs"]["suite"]["default"]],
              "${words[@]}": action["inputs"]["arguments"]["default"].split()}
    typed = [part for word in words for part in values.get(word, [word])]
    spec = read_spec(parse(Parser("run", EVERY["run"]), typed))
    assert (spec.suite, spec.seeds) == ("smoke", 8)


def test_the_comparison_is_one(action, scripts, tmp_path):
    (words,) = commands(scripts, "compare")
    flags = [word for word in words if word.startswith("--")]
    flags_taken = {argument.flag for argument in EVERY["compare"].arguments if argument.place == FLAG}
    assert set(flags) <= flags_taken
    (script,) = [script for script in scripts if 'divbench compare "$baseline"' in script]
    added = re.findall(r"flags\+=\((--[\w-]+)", script)
    assert set(added) <= flags_taken
    request = read_request(EVERY["compare"], {"baseline": "a", "new": "b", "markdown": str(tmp_path / "c.md"),
                                              "metric": action["inputs"]["metrics"]["default"]})
    assert request.metrics == ("return", "q")


def test_the_comment_is_found_by_the_mark_that_files_have(scripts):
    assert sum(MARKDOWN_MARK in script for script in scripts) == 2  # what is written without a comparison; the comment


def test_the_workflow_to_copy(action):
    workflow = yaml.safe_load(WORKFLOW.read_text())
    assert workflow.keys() == {"name", True, "permissions", "jobs"}  # YAML reads `on` as true
    assert workflow["permissions"] == {"contents": "read", "actions": "read", "pull-requests": "write"}
    (job,) = workflow["jobs"].values()
    checkout, gate = job["steps"]
    assert (ROOT / gate["uses"] / "action.yml").samefile(ACTION)
    assert gate["with"].keys() <= action["inputs"].keys()
    spec = read_spec(parse(Parser("run", EVERY["run"]), ["--suite", gate["with"]["suite"],
                                                        *action["inputs"]["arguments"]["default"].split()]))
    assert spec.seeds >= 7  # with fewer, no single cell of its twelve could ever be called regressed
