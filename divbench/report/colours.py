"""The colour of a variant: the same in every picture and on every page, whatever is drawn beside it.

Lines of one colour are told apart by their dashes, then by shades of the colour. Colours are those of Okabe and Ito,
"Color Universal Design" (2008), and four darker ones. Black is for bounds alone, grey for what belongs to no variant.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Hashable, Mapping
from typing import NamedTuple, TypeVar

ORANGE, SKY, GREEN, BLUE = "#E69F00", "#56B4E9", "#009E73", "#0072B2"
VERMILLION, PURPLE, GREY = "#D55E00", "#CC79A7", "#595959"
WINE, INDIGO, OLIVE, BROWN = "#882255", "#5B4BB5", "#8A8A00", "#7F4F24"

BASELINE = "baseline"
# By mechanism. A variant that has several takes the colour of the first one here that it has, `a+b` of both.
MECHANISMS = {
    "ofn+actor-reset": SKY, "ofn+single-critic": OLIVE, "ofn+reset": INDIGO, "ofn": BLUE, "layernorm": GREEN,
    "reset": PURPLE, "actor-reset": ORANGE, "critic-reset": WINE, "batchnorm": ORANGE, "groupnorm": SKY,
    "weight-norm": INDIGO, "spectral-norm": WINE, "single-critic": WINE, "mean-critic": OLIVE, "weight-decay": OLIVE,
    "dropout": ORANGE, "actor-layernorm": OLIVE, "rmsprop": OLIVE, "adam-b1-0": ORANGE, "adam-no-second-moment": WINE,
    "adam-low-b2": INDIGO, "adam-eps": BROWN, "sgd": SKY, "sgd-momentum": SKY, "huber": OLIVE, "grad-clip": ORANGE,
    "dr3": INDIGO, "conservative": WINE, "in-distribution-targets": ORANGE,
}
# What the mechanisms above are put on top of: they count where a variant has nothing else.
LEARNERS = {"preqn": INDIGO, "td3-bc": OLIVE, "td3": BROWN, "ddpg": ORANGE, "hard-target": OLIVE, "no-target": SKY,
            BASELINE: VERMILLION}
OTHERS = (ORANGE, SKY, WINE, INDIGO, OLIVE, BROWN)  # of variants from elsewhere, by their names
SPELLED = {"ofn-reset": "ofn+reset", "ofn-actor-reset": "ofn+actor-reset", "ofn-single-critic": "ofn+single-critic",
           "reset-200k": "reset"}
_RESET = re.compile(r"((?:actor-|critic-)?reset)-[0-9]+[kM]?-(?:updates|steps)")

LINES = ("-", (0, (5, 1.2)), (0, (1.5, 1)), "-.", (0, (6, 1.5, 1, 1.5, 1, 1.5)), (0, (9, 1.5)), (0, (3, 1, 3, 2.5)),
         (0, (0.8, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P", "p", "*")  # in place of a line where there is none
SHADES = (0.0, -0.4, 0.4, -0.65, 0.65)  # of a colour: the share of black in it if below 0, else of white


class Look(NamedTuple):
    """How one line is drawn: the colour of its variant, and places in `LINES` and `SHADES`."""

    colour: str
    line: int
    shade: int

    def style(self) -> dict:
        """Arguments of matplotlib's `plot`."""
        return {"color": shaded(self.colour, SHADES[self.shade]), "linestyle": LINES[self.line]}


def colour_of(variant: str) -> str:
    """The colour of a variant, from its name alone.

    Numbers in a name and settings of `--sac` change nothing: `dropout=0.1` has the colour of `dropout`, and plain SAC
    with another learning rate that of plain SAC.
    """
    parts = [part for written in variant.lower().split("+") for part in _stem(written).split("+") if part]
    for mechanism, colour in MECHANISMS.items():
        if set(mechanism.split("+")) <= set(parts):
            return colour
    for part in parts:
        if part not in LEARNERS:
            return OTHERS[zlib.crc32(part.encode()) % len(OTHERS)]
    return next((colour for learner, colour in LEARNERS.items() if learner in parts), LEARNERS[BASELINE])


def _stem(part: str) -> str:
    """A part of a variant's name without its number; empty for a setting."""
    name, number, _ = part.partition("=")
    name = SPELLED.get(name, _RESET.sub(r"\1", name))
    return name if not number or name in MECHANISMS or name in LEARNERS else ""


Line = TypeVar("Line", bound=Hashable)


def assign(lines: Mapping[Line, tuple[str, int]]) -> dict[Line, Look]:
    """The look of every line of a picture.

    Args:
      lines: for each line its variant, and the place in `LINES` that it takes if no line of its colour has it yet.

    Returns:
      By line. No two are alike up to 40 lines of one colour.
    """
    taken: dict[str, set[tuple[int, int]]] = {}
    chosen = {}
    for key, (variant, wish) in lines.items():
        colour = colour_of(variant)
        own = taken.setdefault(colour, set())
        wish %= len(LINES)
        order = (wish, *range(len(LINES)))
        shade, line = next(((shade, line) for shade in range(len(SHADES)) for line in order
                            if (line, shade) not in own), (0, wish))
        own.add((line, shade))
        chosen[key] = Look(colour, line, shade)
    return chosen


def shaded(colour: str, share: float) -> str:
    """A colour mixed with that share of white, or of black where it is below 0; `#rrggbb`."""
    target = 255 if share > 0 else 0
    parts = (int(colour[place:place + 2], 16) for place in (1, 3, 5))
    return "#" + "".join(f"{round(part + abs(share) * (target - part)):02X}" for part in parts)


def as_dots(look: Mapping) -> dict:
    """The style of a line as that of dots without a line between them."""
    line = next(place for place, style in enumerate(LINES) if style == look["linestyle"])
    return {"color": look["color"], "linestyle": "", "marker": MARKERS[line]}
