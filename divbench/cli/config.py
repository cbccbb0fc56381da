"""From options and a TOML file to one `RunSpec`: layering, unknown keys, and the one line that says what is wrong.

What each option means is said in `options`; which values go together is checked by `RunSpec`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any

from divbench.cli.argument import read_values
from divbench.cli.options import OPTIONS
from divbench.spec.errors import UsageError, unknown
from divbench.spec.run_spec import RunSpec
from divbench.spec.settings import SACSettings, typed_values, with_values

IN_SAC = ("batch_size", "hidden")  # options that are arguments of `SACSettings`


def read_spec(flags: Mapping[str, Any], config: str | None = None) -> RunSpec:
    """The run that flags as they were typed and a TOML file ask for; see `make_spec`."""
    return make_spec(read_values(OPTIONS.values(), flags), config)


def make_spec(options: Mapping[str, Any], config: str | None = None) -> RunSpec:
    """The run that options and a TOML file ask for; an option overrides the same key of the file.

    Args:
      options: key to value, for the options that were given.
      config: path of the TOML file, or None.

    Raises:
      UsageError: anything wrong, in one line that names the flag or the file and key.
    """
    given = _one_sac(dict(options), "--sac")
    from_file = read_file(config) if config is not None else {}
    sac = {**from_file.pop("sac", {}), **given.pop("sac", {})}
    try:
        return RunSpec(**{**from_file, **given}, sac=with_values(SACSettings(), sac))
    except UsageError as error:
        if config is None:
            raise
        raise UsageError(f"{error} (settings of {config} included)") from None


def read_file(path: str) -> dict[str, Any]:
    """The options that a TOML file gives, read and checked one by one; `sac` is a dictionary.

    Raises:
      UsageError: starting with the file's name: no such file, broken syntax (with its line), an unknown key,
        a value of the wrong type.
    """
    try:
        return _one_sac(_read_keys(_load(path)), "sac")
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


def _load(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            text = file.read().decode("utf-8-sig")  # as editors on Windows write it
    except FileNotFoundError:
        raise UsageError("no such file; expected a TOML file of settings") from None
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError("expected TOML in UTF-8, found other bytes") from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(_syntax(str(error), text)) from None
    except ValueError:  # Python reads no whole number of more than some 4,300 digits
        raise UsageError("expected numbers of a few digits, found one of thousands") from None


def _syntax(message: str, text: str) -> str:
    """tomllib's message with the line first, as editors and compilers write it."""
    found = re.search(r" \(at (?:line (?P<line>\d+), column \d+|end of document)\)$", message)
    if found is None:
        return f"broken TOML: {message}"
    line = found["line"] or len(text.splitlines()) or 1
    return f"line {line}: broken TOML: {message[: found.start()]}"


def _read_keys(table: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for written, value in table.items():
        key = written.replace("-", "_")
        if key not in OPTIONS:
            raise UsageError(unknown("key", written, OPTIONS))
        if key in values:
            raise UsageError(f"key '{written}' is given twice; give it once")
        values[key] = OPTIONS[key].read(value, written)
    return values


def _one_sac(values: dict[str, Any], what: str) -> dict[str, Any]:
    """`values` with the options that are settings of SAC moved into `sac`, types checked."""
    given = values.pop("sac", {})
    own = {key: values.pop(key) for key in IN_SAC if key in values}
    for key in own:
        if key in given:
            raise UsageError(f"{OPTIONS[key].flag}: also given in {what}; give it once")
    sac = typed_values({**given, **own})
    return {**values, "sac": sac} if sac else values
