"""How one setting is declared: its meaning, its unit, the values it takes, where it acts, and who reads it.

The declarations are the fields of `settings.SACSettings`. The checks of values, what is compiled in, the numbers of a
lane, the refusals of ignored settings (`unused`) and docs/settings.md (`settings_page`) follow from them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from divbench.spec.errors import UsageError, choose

if TYPE_CHECKING:
    from divbench.spec.settings import SACSettings

ALGORITHMS = ("sac", "td3", "preqn")
SHAPES = "Shapes, and what is compiled"
WEIGHTS, OPTIMIZATION, TARGETS = "Weights", "Optimizers", "Targets and losses"
MECHANISM, DETERMINISTIC = "What a variant switches on", "TD3 and PreQN"
# Sections of docs/settings.md. The settings of SHAPES are static, those of all others are data of a lane.
TOPICS = (SHAPES, WEIGHTS, OPTIMIZATION, TARGETS, MECHANISM, DETERMINISTIC)
TEMPERATURE = "temperature"  # a part of SAC that nothing from outside replaces
_DECLARED = "declared"
T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Range:
    """The values that a setting takes, in words and as a test."""

    words: str
    holds: Callable[..., bool]


AT_LEAST_1 = Range("at least 1", lambda value: value >= 1)
NOT_NEGATIVE = Range("0 or more", lambda value: value >= 0.0)
POSITIVE = Range("more than 0", lambda value: value > 0.0)
BELOW_1 = Range("a number from 0 to below 1", lambda value: 0.0 <= value < 1.0)
UP_TO_1 = Range("a number from 0 to 1", lambda value: 0.0 <= value <= 1.0)
SHARE = Range("a number above 0 and at most 1", lambda value: 0.0 < value <= 1.0)
WIDTHS_RANGE = Range("positive widths such as 256x256", lambda value: bool(value) and all(w >= 1 for w in value))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Setting:
    """The declaration of one setting.

    Attributes:
      topic: of `TOPICS`.
      meaning: for docs/settings.md.
      values: the range of its values, or the names that it takes; None if any value of its kind will do.
      unit: of the value; empty if it has none.
      algorithms: those that read it, of `ALGORITHMS`.
      parts: the parts of a lane that read it, of `objects.OBJECTS` and `TEMPERATURE`, where objects from outside can
        replace them. The setting is ignored once all of them are replaced.
      ignored: why a lane with these settings ignores it, in words; empty if the lane reads it.
      mechanism: what a variant must have before it sets this, and how the two are written; empty if there is none.
      switches_on: the mechanism that any value but the default switches on; empty if there is none.
      becomes: where a lane's numbers (`learn.agents.coefficients`) hold it under another name; empty if under its own.
    """

    topic: str
    meaning: str
    values: Range | tuple[str, ...] | None = None
    unit: str = ""
    algorithms: tuple[str, ...] = ALGORITHMS
    parts: tuple[str, ...] = ()
    ignored: Callable[[SACSettings], str] = lambda settings: ""
    mechanism: tuple[str, str] = ("", "")
    switches_on: str = ""
    becomes: str = ""

    @property
    def static(self) -> bool:
        """Whether it decides shapes or what is compiled: lanes that differ in it cannot share a program."""
        return self.topic == SHAPES

    def check(self, name: str, value: object) -> None:
        """Raise `UsageError` unless the setting, called `name`, takes this value of its kind."""
        if isinstance(self.values, Range):
            if not self.values.holds(value):
                shown = list(value) if isinstance(value, tuple) else value
                raise UsageError(f"{name}: expected {self.values.words}, found {shown}")
        elif self.values is not None:
            choose(name, str(value), self.values)


def setting(default: T, topic: str, meaning: str, values: Range | tuple[str, ...] | None = None, **more: Any) -> T:
    """The field of a dataclass that declares a `Setting`; `more` are its other attributes."""
    declared = Setting(topic=topic, meaning=meaning, values=values, **more)
    return dataclasses.field(default=default, metadata={_DECLARED: declared})


def declarations(record: type) -> dict[str, Setting]:
    """The declarations of all fields of a dataclass, by name."""
    return {field.name: field.metadata[_DECLARED] for field in dataclasses.fields(record)}
