"""How the words of a command are read: flags in full and once, errors in one line. Which flags there are: `parsers`."""

from __future__ import annotations

import argparse
from collections.abc import Container

from divbench.spec.errors import UsageError, nearest

JSON = "json"  # the key, and as --json the flag


class Parser(argparse.ArgumentParser):
    """argparse whose errors are a `UsageError` and whose flags are never abbreviated. Every command has `--json`."""

    def __init__(self, command: str, summary: str):
        super().__init__(prog=f"divbench {command}", description=summary, allow_abbrev=False)
        self.command = command
        add_switch(self, JSON, "one JSON object on standard output, all else on standard error")

    def arguments(self) -> tuple[dict[str, argparse.Action], list[argparse.Action]]:
        """The flags by how they are typed, and the arguments without one, in order."""
        flags = {flag: action for action in self._actions for flag in action.option_strings}
        return flags, [action for action in self._actions if not action.option_strings]

    def error(self, message: str):
        raise UsageError(f"{message.removeprefix('argument ')}; 'divbench {self.command} --help' says more")


class Once(argparse.Action):
    """Store a value; refuse a flag that is given twice."""

    def __call__(self, parser, namespace, values, option_string=None):
        if hasattr(namespace, self.dest):
            raise UsageError(f"{option_string}: given twice; give it once")
        setattr(namespace, self.dest, values)


def add_switch(parser: Parser, key: str, text: str) -> None:
    """A flag without a value."""
    parser.add_argument(f"--{key}", action="store_true", default=argparse.SUPPRESS, help=text)


def add_values(parser: Parser, *rows: tuple[str, str, str]) -> None:
    """Flags that take one value, and are given once: (flag, what stands for the value, help)."""
    for flag, metavar, text in rows:
        parser.add_argument(flag, action=Once, metavar=metavar, help=text.replace("%", "%%"), default=argparse.SUPPRESS)


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
        names = " ".join(action.metavar or action.dest for action in places)
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
