"""What a variant's name stands for: a record of divbench, one with a number, several joined, or one's own.

    ofn                       a record of `built_in`
    weight-decay=0.001        with its number; `wd=0.001` for short
    critic_lr=0.003           plain SAC with that setting
    actor-reset-50k-updates   a reset with its interval
    ofn+actor-reset+wd=0.001  all of these together
    mypackage.mine:variant    a `Variant` of one's own, also as one of several; `./mine.py:variant` too
    mypackage.mine:variant=2  the same with its number
    mypackage.mine:SimBa(width=256,blocks=2)  plain SAC with a critic of one's own
"""

from __future__ import annotations

import dataclasses
import importlib
import os
import re
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from divbench.spec.built_in import BUILT_IN, SR_SAC
from divbench.spec.errors import UsageError, nearest
from divbench.spec.fingerprint import fingerprint
from divbench.spec.kinds import parse_number
from divbench.spec.objects import AGENT, CRITIC, OBJECTS, ObjectName, check_object, read_object
from divbench.spec.settings import GIVEN, SACSettings, parse_setting
from divbench.spec.text import format_count, parse_count, split_outside
from divbench.spec.variants import NUMBERED, Reset, Variant

if TYPE_CHECKING:
    from types import ModuleType

ALIASES = {"wd": "weight-decay"}
PATTERNS = {
    "reset-<N>-updates": "the whole agent drawn afresh every N updates, such as reset-100k-updates",
    "actor-reset-<N>-updates": "actor and temperature drawn afresh every N updates",
    "critic-reset-<N>-updates": "critics and their targets drawn afresh every N updates",
    "reset-<N>-steps": "the whole agent drawn afresh every N env steps; so for actor-reset- and critic-reset-",
    "<setting>=<value>": "plain SAC with that setting of --sac, such as critic_lr=0.003",
    "layernorm+layernorm_layers=<N>": "LayerNorm in the critic's hidden layer N, from 1; in two of them: 1and3",
    "layernorm+layernorm_affine=false": "LayerNorm whose scale stays 1 and whose shift stays 0",
    "<variant>=<number>": "a variant with another number, such as weight-decay=0.001 or dropout=0.1",
    "<variant>+<variant>": "several at once, such as ofn+actor-reset or layernorm+weight-decay=0.01",
    "<package.module>:<name>": "a Variant of your own, see docs/variants.md; ./mine.py:name too",
    "<package.module>:<name>=<number>": "the same with another number, where it takes one",
    "<package.module>:<Class>": "plain SAC with a flax.linen critic of your own; its fields too: mine:SimBa(width=256)",
}
_RESET_NAME = re.compile(r"(?P<what>(actor-|critic-)?)reset-(?P<interval>[^-]*)-(?P<unit>updates|steps)")
_WHAT = {"": ("agent", "the whole agent"), "actor-": ("actor", "actor and temperature"),
         "critic-": ("critic", "critics and their targets")}


def find_variant(name: str) -> Variant:
    """The variant of that name.

    A record's own name has one spelling in tables: `reset-0.1M-updates` is
    `reset-100k-updates`, `wd=0.010+ofn` is `ofn+weight-decay`.

    Raises:
      UsageError: with the nearest known name; or two parts that contradict each other.
    """
    parts = [_part(part.strip(), name) for part in split_outside(name, "+")]
    parts = [part for part in parts if part.name != "baseline"] or [BUILT_IN["baseline"]]
    order = list(BUILT_IN)
    parts.sort(key=lambda part: (order.index(part.name.partition("=")[0])
                                 if part.name.partition("=")[0] in BUILT_IN else len(order), part.name))
    found = parts[0] if len(parts) == 1 else _joined(parts)
    return found if ":" in name else _known(found)  # a record from outside keeps its name, whatever it says


def _known(variant: Variant) -> Variant:
    """The record of divbench that says the same, if there is one: `ofn+reset` is `ofn-reset`."""
    return next((known for known in BUILT_IN.values() if known.same_as(variant)), variant)


def _part(text: str, whole: str) -> Variant:
    text = ALIASES.get(text, text)
    if text in BUILT_IN:
        return BUILT_IN[text]
    if ":" in text:
        return _from_outside(text)
    if text.endswith(".py"):
        raise UsageError(f"unknown variant '{text}'; expected a name in that file too, such as '{text}:variant'")
    match = _RESET_NAME.fullmatch(text)
    if match:
        scope, words = _WHAT[match["what"]]
        interval = parse_count(match["interval"], f"variant '{text}'", minimum=1)
        unit = {"updates": "updates", "steps": "env_steps"}[match["unit"]]
        return Variant(f"{match['what']}reset-{format_count(interval)}-{match['unit']}",
                       f"{words} drawn afresh every {interval:,} {unit.replace('_', ' ')}, replay buffer kept", SR_SAC,
                       reset=Reset(interval, scope, unit))
    key, equals, value = text.partition("=")
    key = ALIASES.get(key, key)
    if equals and key in BUILT_IN:
        return _with_number(BUILT_IN[key], value, text)
    if equals and key in GIVEN:
        setting = parse_setting(key, value, f"variant '{text}'")
        if isinstance(setting, tuple):
            raise UsageError(f"variant '{text}': {key} is no part of a name; give --sac {text} or a record of your own")
        shown = _shown(setting)
        return Variant(f"{key}={shown}", f"plain SAC with {key} {shown}", BUILT_IN["baseline"].citation,
                       settings=((key, setting),))
    known = [*BUILT_IN, "reset-100k-updates", "actor-reset-100k-updates", "critic-reset-100k-updates"]
    hint = nearest(key if equals else text, [*known, *ALIASES, *GIVEN] if equals else known)
    where = "" if text == whole else f" in '{whole}'"
    raise UsageError(f"unknown variant '{text}'{where}{hint or ';'} 'divbench list variants' shows all")


def _with_number(variant: Variant, text: str, what: str) -> Variant:
    """The record with another number, which is a setting's where it has a `strength`."""
    if variant.number is not None:
        value = parse_number(text, f"variant '{what}'")
        return variant if value == variant.number else _numbered(variant, "its number", value, number=value)
    if not variant.strength:
        numbered = ", ".join(v.name for v in BUILT_IN.values() if v.strength)
        raise UsageError(f"variant '{what}': '{variant.name}' takes no number; those that do: {numbered}"
                         f"{', and records with a number or a strength' if ':' in what else ''}")
    value = parse_setting(variant.strength, text, f"variant '{what}'")
    if dict(variant.settings).get(variant.strength) == value:
        return variant
    alone = len(variant.settings) == 1 and not variant.hooks
    if not value and alone and getattr(SACSettings(), variant.strength) == 0:
        raise UsageError(f"variant '{what}': 0 switches it off; that is plain SAC, 'baseline'")
    settings = dict(variant.settings) | {variant.strength: value}
    return _numbered(variant, variant.strength, value, settings=tuple(settings.items()))


def _numbered(variant: Variant, what: str, value: object, **changes: Any) -> Variant:
    shown = _shown(value)
    return dataclasses.replace(variant, name=f"{variant.name}={shown}", summary=f"{variant.summary}; {what} is {shown}",
                               **changes)


def _shown(value: object) -> str:
    """A setting as names show it: it reads back as the same value, and has no `+`."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value).removesuffix(".0").replace("e+", "e")
    return str(value)


def _joined(parts: list[Variant]) -> Variant:
    name = "+".join(part.name for part in parts)
    settings: dict[str, tuple[object, str]] = {}
    for part in parts:
        for key, value in part.settings:
            held = settings.setdefault(key, (value, part.name))
            if held[0] != value:
                raise UsageError(f"variant '{name}': '{held[1]}' sets {key} to {held[0]}, '{part.name}' to {value}")
    periods: dict[str, Any] = {part.name: dict(part.settings).get("target_period", 1) for part in parts
               if "algorithm" not in dict(part.settings)}
    for other, period in periods.items():
        if "no-target" in periods and period != 1:
            raise UsageError(f"variant '{name}': 'no-target' has targets from the critics themselves, '{other}' from "
                             f"copies up to {period - 1} updates old; expected one of them")
    resets = [part for part in parts if part.reset]
    if len(resets) > 1:
        raise UsageError(f"variant '{name}': expected one reset, found '{resets[0].name}' and '{resets[1].name}'")
    objects: dict[str, str] = {}
    for kind, own in (pair for part in parts for pair in part.objects.items()):
        if objects.setdefault(kind, own) != own:
            raise UsageError(f"variant '{name}': expected one {kind}, found '{objects[kind]}' and '{own}'")
    for one, other in zip(parts, parts[1:], strict=False):
        if one.name.partition("=")[0] == other.name.partition("=")[0]:
            both = "is there twice" if one.name == other.name else f"and '{other.name}' are one record; expected one"
            raise UsageError(f"variant '{name}': '{one.name}' {both}")
    numbers = tuple(number for kind in NUMBERED for part in parts for number in part.numbers(kind))
    return Variant(
        name, "; ".join(part.summary for part in parts),
        "; ".join(dict.fromkeys(part.citation for part in parts if part.citation)),
        mechanisms=frozenset().union(*(part.mechanisms for part in parts)),
        settings=tuple((key, value) for key, (value, _) in settings.items()),
        reset=resets[0].reset if resets else None,
        features=tuple(hook for part in parts for hook in part.features),
        losses=tuple(hook for part in parts for hook in part.losses),
        projections=tuple(hook for part in parts for hook in part.projections),
        code=tuple(dict(pair for part in parts for pair in part.code).items()),
        number=numbers if any(number is not None for number in numbers) else None,
        **objects,
    )


def _from_outside(text: str) -> Variant:
    """The record of that name in `package.module`, found where Python finds modules, or in the current directory; or
    plain SAC with the critic of that name."""
    module_name, _, name = text.partition(":")
    what = f"variant '{text}'"
    module = load_module(module_name, what)
    name, equals, number = name.partition("=") if "(" not in name else (name, "", "")
    variant = getattr(module, name, None)
    if isinstance(getattr(module, name.partition("(")[0], None), type):
        variant = _with_critic(f"{module.__name__}:{name}", what)
    if not isinstance(variant, Variant):
        held = [key for key, value in vars(module).items() if isinstance(value, Variant)]
        found = "nothing of that name" if variant is None else f"a {type(variant).__name__}"
        raise UsageError(f"{what}: expected a divbench.spec.variants.Variant in "
                         f"{getattr(module, '__file__', module_name)}, found {found}{nearest(name, held)}")
    if "+" in variant.name or _means_something(variant.name):
        raise UsageError(f"{what}: expected a name of its own, found '{variant.name}', which divbench understands")
    return with_code(_with_number(variant, number, text) if equals else variant)


def _with_critic(text: str, what: str) -> Variant:
    """Plain SAC with a critic from outside, named by its class and the fields that are set: `SimBa-width=128`."""
    critic = read_object(text, CRITIC, what)
    fields = "".join(f"-{key}={re.sub('[^A-Za-z0-9_.]+', '_', str(value)).strip('_')}" for key, value in critic.fields)
    return Variant(critic.name + fields, f"plain SAC with the critic {critic}", "", critic=str(critic))


def _means_something(name: str) -> bool:
    try:
        _part(name, name)
    except UsageError as error:
        return "unknown variant" not in str(error)
    return True


def with_code(variant: Variant) -> Variant:
    """The variant with the fingerprint of each of its own functions and objects, which are looked up; with an agent of
    its own, with the setting `algorithm` that the agent is a record of.

    Raises:
      UsageError: one that is not there, or is of another kind.
    """
    what = f"variant '{variant.name}'"
    code, settings = {}, dict(variant.settings)
    for kind, hook in variant.hooks:
        place, _, name = hook.partition(":")
        module = load_module(place, what)
        if kind in OBJECTS:
            named = read_object(hook, kind, what)
            name, found = named.name, getattr(module, named.name, None)
            check_object(found, named, kind, what)
            if (kind == AGENT and found is not None
                    and settings.setdefault("algorithm", found.algorithm) != found.algorithm):
                raise UsageError(f"{what}: agent '{hook}' reads the settings of {found.algorithm}; expected algorithm "
                                 f"{found.algorithm} or none, found {settings['algorithm']}")
        elif not callable(getattr(module, name, None)):
            raise UsageError(f"{what}: no function '{name}' in module '{place}'")
        code[hook] = fingerprint(module, name)
    return dataclasses.replace(variant, code=tuple(code.items()), settings=tuple(settings.items()))


def load_object(named: ObjectName, what: str) -> Any:
    """What an object's module has by its name; None if nothing.

    Raises:
      UsageError: as `load_module`.
    """
    return getattr(load_module(named.module, what), named.name, None)


def load_module(name: str, what: str) -> ModuleType:
    """A module by its dotted name, for `what`; looked for in the current directory too, after all other places. Or by
    its file, `./mine.py`, in the folder of which its own functions are then found.

    Raises:
      UsageError: it cannot be imported; the message says why.
    """
    # Host physics needs this, and a module that makes a JAX array starts JAX before anything else can say so.
    os.environ.setdefault("JAX_CPU_ENABLE_ASYNC_DISPATCH", "false")
    place = Path.cwd()
    if name.endswith(".py"):
        place, name = _place_of(Path(name), what)
    sys.path.append(str(place))
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        reason = (str(error).strip().splitlines() or [""])[0]
        raise UsageError(f"{what}: module '{name}' cannot be imported ({type(error).__name__}: {reason}"
                         f"{_line_of(error)})") from None
    finally:
        sys.path.pop()


def _place_of(file: Path, what: str) -> tuple[Path, str]:
    """The folder of a file and the name of its module.

    Raises:
      UsageError: no such file, or a module of that name came from another one.
    """
    if not file.is_file():
        raise UsageError(f"{what}: no such file '{file}'; expected a Python file, or a module's dotted name")
    loaded = getattr(sys.modules.get(file.stem), "__file__", None)
    if file.stem in sys.modules and (loaded is None or Path(loaded).resolve() != file.resolve()):
        raise UsageError(f"{what}: a module '{file.stem}' is there already, from {loaded or 'Python itself'}; give the "
                         "file another name")
    return file.resolve().parent, file.stem


def _line_of(error: BaseException) -> str:
    """`; mine.py, line 3` where a module's own code raised the error; empty where the import itself did."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__)
              if "importlib" not in frame.filename and frame.filename != __file__]
    return f"; {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
