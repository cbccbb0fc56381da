"""How the words of a command are read: flags in full and once, errors in one line. What a command takes: `table`."""

from __future__ import annotations

import argparse
from collections.abc import Container
from typing import Any, NoReturn

from divbench.cli.argument import FLAG, JSON, NO_CACHE, PERHAPS, SEVERAL, Argument, Command
from divbench.spec.errors import UsageError, nearest

_HOW_MANY: dict[str, dict[str, Any]] = {PERHAPS: {"nargs": "?", "default": argparse.SUPPRESS}, SEVERAL: {"nargs": "+"}}


class Parser(argparse.ArgumentParser):
    """argparse whose errors are a `UsageError` and whose flags are never abbreviated. Every command has `--json`."""

    def __init__(self, name: str, command: Command) -> None:
        super().__init__(prog=f"divbench {name}", description=command.summary, allow_abbrev=False)
        self.command = name
        for argument in (JSON, *command.arguments, *([NO_CACHE] if command.compiles else [])):
            self._add(argument)

    def _add(self, argument: Argument) -> None:
        text = argument.help.replace("%", "%%")
        if argument.place != FLAG:
            self.add_argument(argument.key, metavar=argument.metavar, help=text, **_HOW_MANY.get(argument.place, {}))
        elif not argument.metavar:
            self.add_argument(argument.flag, action="store_true", default=argparse.SUPPRESS, help=text)
        else:
            self.add_argument(argument.flag, action="append" if argument.again else Once, metavar=argument.metavar,
                              help=text, default=argparse.SUPPRESS)

    def arguments(self) -> tuple[dict[str, argparse.Action], list[argparse.Action]]:
        """The flags by how they are typed, and the arguments without one, in order."""
        flags = {flag: action for action in self._actions for flag in action.option_strings}
        return flags, [action for action in self._actions if not action.option_strings]

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message.removeprefix('argument ')}; 'divbench {self.command} --help' says more")


class Once(argparse.Action):
    """Store a value; refuse a flag that is given twice."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any,
                 option_string: str | None = None) -> None:
        if hasattr(namespace, self.dest):
            raise UsageError(f"{option_string}: given twice; give it once")
        setattr(namespace, self.dest, values)


def parse(parser: Parser, words: list[str]) -> dict | None:
    """What was given, by key; None if help was asked for and printed."""
    if "-h" in words or "--help" in words:
        print(parser.format_help(), end="")
        return None
    known, places = parser.arguments()
    namespace, unknown = parser.parse_known_args(_joined(words, known))
    if unknown:
        found = unknown[0].partition("=")[0]
        if found.startswith("-"):
            raise UsageError(f"unknown flag '{found}'{nearest(found, known) or ';'} 'divbench {parser.command} --help' "
                             "lists all")
        names = " ".join(str(action.metavar or action.dest) for action in places)
        raise UsageError(f"one word too many, '{found}': expected {names or 'flags'} alone; "
                         f"'divbench {parser.command} --help' says more")
    return vars(namespace)


def _joined(words: list[str], known: Container[str]) -> list[str]:
    """`--utd -1` as `--utd=-1`, so that a negative number reaches the check of its flag, and `--variants a, b`, three
    words, as two."""
    joined: list[str] = []
    for word in words:
        negative = word[:1] == "-" and word[1:2].isdigit()
        goes_on = len(joined) > 1 and word[:1] != "-" and (joined[-1].endswith(",") or word.startswith(","))
        if negative and joined and joined[-1] in known:
            joined[-1] += f"={word}"
        elif goes_on:
            joined[-1] += word
        else:
            joined.append(word)
    return joined
