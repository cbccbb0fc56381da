"""Tab: what is offered where, in every shell that is there, and that nothing heavy is loaded for it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from divbench.cli import table
from divbench.cli.commands.completion import FREE, SCRIPTS, candidates, names_of
from divbench.cli.parser import Parser
from divbench.spec.built_in import BUILT_IN
from tests.test_cli import HEAVY


@pytest.mark.parametrize(("typed", "expected"), [
    ("re", ["report", "render", "reproduce"]),
    ("dataset i", ["info", "import"]),
    ("run --seed", ["--seeds", "--seed-start"]),
    ("run --seeds 3 --seed", ["--seed-start"]),
    ("run --suite p", ["priming", "preqn-gym"]),
    ("run --variants ofn,ofn-", ["ofn,ofn-reset", "ofn,ofn-actor-reset", "ofn,ofn-single-critic"]),
    ("run --variants ofn-reset,ofn-r", []),
    ("run --force --physics w", ["warp"]),
    ("dataset make --levels random,e", ["random,expert"]),
    ("render --task dog-t", ["dog-trot"]),
    ("list v", ["variants"]),
    ("cite ofn,layern", ["ofn,layernorm"]),
    ("reproduce utd", ["utd32"]),
    ("explain q_b", ["q_bound", "q_bound_any", "q_bound_low"]),
    ("export run --to t", ["tdmpc2", "tensorboard"]),
    ("dataset export set --to m", ["minari"]),
    ("run --out res", []),
    ("report res", []),
    ("rnu --su", []),
    ("dataset mkae --le", []),
])
def test_the_last_word_is_completed(typed, expected):
    assert candidates(typed.split()) == expected


def test_nothing_typed():
    assert candidates([""]) == candidates([]) == list(table.COMMANDS)
    assert candidates(["run", "--variants", ""]) == list(BUILT_IN)


@pytest.mark.parametrize("command", table.EVERY)
def test_every_name_that_an_argument_takes_is_known(command):
    flags, places = Parser(command, table.EVERY[command]).arguments()
    for argument in (*flags.values(), *places):
        named = re.fullmatch("NAME|A,B|KINDS|SHELL|WHAT|METRIC", argument.metavar or "")
        if named and not {argument.dest, f"{command} {argument.dest}"} & set(FREE):
            assert names_of(command, argument.dest), f"{command} {argument.dest}"


def test_an_answer_loads_nothing_heavy():
    code = ("import sys; from divbench.cli import main; main(['complete', 'explain', 'td_']); "
            f"print(*sorted(set({HEAVY!r}) & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "td_loss\ntd_loss_heldout\n\n", done.stderr


# How a test presses Tab after the words "run --suite pri": as the shell's own machinery calls the function.
PRESSES = {
    "bash": 'COMP_WORDS=(divbench run --suite pri) COMP_CWORD=3; _divbench; printf "%s\\n" "${COMPREPLY[@]}"',
    "fish": 'complete -C "divbench run --suite pri"',
    "zsh": 'words=(divbench run --suite pri) CURRENT=4; compadd() { print -l -- ${@:2}; }; _divbench',
}


@pytest.mark.parametrize("shell", SCRIPTS)
def test_the_script_of_a_shell(shell, tmp_path):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    command = tmp_path / "divbench"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m divbench "$@"\n')
    command.chmod(0o755)
    setup = "compdef() { :; }\n" if shell == "zsh" else ""
    source = f"divbench completion {shell} | source" if shell == "fish" else f'eval "$(divbench completion {shell})"'
    done = subprocess.run([shell, "-c", f"{setup}{source}\n{PRESSES[shell]}"], capture_output=True, text=True,
                          timeout=120, cwd=Path(__file__).parent,
                          env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path)})
    assert done.stdout.split() == ["priming"], done.stderr
