"""`divbench completion`: scripts for shells, and what they ask for at each press of Tab.

A script calls `divbench complete` with the words typed so far, of which the last may be empty or unfinished, and offers
what it prints. Where nothing is printed, the shell offers files. Commands and flags are those of the parsers. The names
that a flag takes are in `NAMES`; where any name may be right, the flag is in `FREE`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from divbench.cli import table
from divbench.cli.answer import Answer
from divbench.cli.parser import Parser
from divbench.execute.parity import request as parity
from divbench.experiments import request as experiments
from divbench.records.datasets import request as datasets
from divbench.records.dialects import request as exchange
from divbench.report.compare import margins
from divbench.spec import run_spec
from divbench.spec.built_in import BUILT_IN
from divbench.spec.settings import ACTIVATIONS, GIVEN
from divbench.spec.suites import SUITES
from divbench.studies.ntk import request as kernels
from divbench.targets.facts import FUNCTIONS, TARGETS

SCRIPTS = {
    "bash": """\
_divbench() {
    local IFS=$'\\n'
    COMPREPLY=($(divbench complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _divbench divbench
""",
    "zsh": """\
_divbench() {
    local -a found
    found=(${(f)"$(divbench complete "${(@)words[2,CURRENT]}" 2>/dev/null)"})
    if (( $#found )); then compadd -- $found; else _files; fi
}
compdef _divbench divbench
""",
    "fish": """\
function __divbench
    set -l words (commandline -opc) (commandline -ct | string collect --allow-empty)
    set -l found (divbench complete $words[2..] 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c divbench -f -a '(__divbench)'
""",
}
# The names that an argument takes, by its key; with the command in front where commands differ.
NAMES: dict[str, Iterable[str]] = {
    "activations": ACTIVATIONS, "against": table.AGAINST, "diagnose": run_spec.KINDS, "dialect": exchange.DIALECTS,
    "layout": datasets.LAYOUTS, "level": datasets.LEVELS, "levels": datasets.LEVELS, "physics": run_spec.PHYSICS,
    "precision": run_spec.PRECISIONS, "precisions": parity.PRECISIONS, "repeated": exchange.REPEATED,
    "sac": [f"{name}=" for name in GIVEN], "scale": experiments.SCALES, "shell": table.SHELLS,
    "steps_are": exchange.STEPS, "suite": SUITES, "task": run_spec.ALL_TASKS, "tasks": run_spec.ALL_TASKS,
    "target": TARGETS, "programs": FUNCTIONS, "unit": datasets.UNITS,
    "variant": BUILT_IN, "variants": BUILT_IN, "weights": kernels.WEIGHTS, "what": table.LISTS,
    "compare metric": margins.METRICS, "export to": exchange.EXPORTS, "dataset export to": datasets.LAYOUTS,
    "reproduce name": experiments.NAMES,
}
FREE = ("camera", "critic", "method", "dataset export name", "import metric", "export metric")  # any name may be right


def completion(given: dict) -> Answer:
    script = SCRIPTS[given["shell"]]
    return Answer(lambda: {"shell": given["shell"], "script": script}, lambda: print(script, end=""))


def candidates(words: list[str]) -> list[str]:
    """What the last of the words after `divbench` can become; the whole word, also where it is a list with commas."""
    *before, word = words or [""]
    commands = table.COMMANDS
    if before[:1] == [table.DATASET]:
        commands, before = table.DATASET_COMMANDS, before[1:]
    if not before:
        return [name for name in commands if name.startswith(word)]
    command = before[0] if commands is table.COMMANDS else f"{table.DATASET} {before[0]}"
    if command not in table.EVERY:
        return []
    flags, places = Parser(command, table.EVERY[command]).arguments()
    if before[-1] in flags and flags[before[-1]].metavar:
        return _names(command, flags[before[-1]], word)
    if word.startswith("-"):
        return [flag for flag in flags if flag.startswith(word) and flag not in before]
    return [name for place in places for name in _names(command, place, word)]


def names_of(command: str, key: str) -> Iterable[str]:
    """The names that an argument of a command takes; none where files or numbers are meant."""
    if (command, key) == ("explain", "metric"):
        from divbench.report.explain import NAMES as EXPLAINED

        return EXPLAINED
    return NAMES.get(f"{command} {key}", NAMES.get(key, ()))


def _names(command: str, argument: Any, word: str) -> list[str]:
    done, comma, last = word.rpartition(",") if "," in argument.metavar else ("", "", word)
    return [f"{done}{comma}{name}" for name in names_of(command, argument.dest)
            if name.startswith(last) and name not in done.split(",")]
