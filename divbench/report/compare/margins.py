"""What `divbench compare` can compare, and the difference in each metric that does not matter.

A margin of returns depends on the task: on BASELINE's mean, and on the range of returns where that is known. Where the
defaults come from is in docs/gate.md.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from divbench.spec.errors import UsageError, choose
from divbench.spec.text import split_names

NUMBER = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?(%?)")
LEAST_OF_RANGE = 0.01  # of the range of a task's returns: a margin that follows a mean is at least this


@dataclasses.dataclass(frozen=True)
class ComparedMetric:
    """What is compared.

    Attributes:
      name: as in `--metric`.
      summary: what it is, in words.
      unit: of differences and margins.
      margin: the default; where `share` is given, the most that the default can be.
      two_sided: an unexpected change of either sign is a regression.
      share: of |BASELINE's mean| that is the default margin, or None where the margin does not depend on the mean.
    """

    name: str
    summary: str
    unit: str
    margin: float
    two_sided: bool = False
    share: float | None = None

    def margin_text(self, margin: float) -> str:
        """`50`, `0.02 decades`, `20%`."""
        return f"{100.0 * margin:g}%" if self.unit == "%" else f"{margin:.4g} {self.unit}".strip()

    @property
    def default_text(self) -> str:
        """`10% of BASELINE's mean, at most 50`; `0.02 decades`."""
        if self.share is None:
            return self.margin_text(self.margin)
        return f"{share_text(self.share)}, at most {self.margin_text(self.margin)}"


METRICS = {
    metric.name: metric
    for metric in (
        ComparedMetric("return", "mean return of the last evaluations that both sides have", "", 50.0, share=0.1),
        ComparedMetric("q", "mean Q on replay with its sign, in decades, at the last measurement that both sides have",
                       "decades", 0.02, two_sided=True),
        ComparedMetric("speed", "updates per second of all lanes of a group", "%", 0.2),
    )
}


@dataclasses.dataclass(frozen=True)
class Margins:
    """Margins that were asked for; a metric without one has its default.

    Attributes:
      amounts: by metric, or `metric:task` for one task, in the metric's own units: q in decades, speed as a fraction.
      shares: likewise, as a fraction of |BASELINE's mean|.
    """

    amounts: tuple[tuple[str, float], ...] = ()
    shares: tuple[tuple[str, float], ...] = ()

    def of(self, metric: str, task: str = "", mean: float | None = None, span: float | None = None) -> float:
        """The difference that does not matter.

        Args:
          metric: a name of `METRICS`.
          task: where it is compared; its own margin wins over that of all tasks.
          mean: BASELINE's, or None if it has no finite number.
          span: the width of the range of the task's returns, or None if it is not known.

        Returns:
          An amount as it was given. What follows a mean is at least `LEAST_OF_RANGE` of a known range.
        """
        amounts, shares, default = dict(self.amounts), dict(self.shares), METRICS[metric]
        least = LEAST_OF_RANGE * (span or 0.0)
        for key in (f"{metric}:{task}", metric):
            if key in amounts:
                return amounts[key]
            if key in shares:
                return max(shares[key] * abs(mean or 0.0), least)
        if default.share is None or mean is None:
            return default.margin
        return max(min(default.margin, default.share * abs(mean)), least)

    def text(self, metric: str) -> str:
        """The margin of a metric in words, with those of single tasks."""
        amounts, shares = ({key: value for key, value in found if key.partition(":")[0] == metric}
                           for found in (self.amounts, self.shares))
        texts = {key: METRICS[metric].margin_text(value) for key, value in amounts.items()}
        texts |= {key: share_text(value) for key, value in shares.items()}
        parts = [texts.pop(metric, METRICS[metric].default_text)]
        return "; ".join(parts + [f"{key.partition(':')[2]} {text}" for key, text in texts.items()])

    @property
    def tasks(self) -> list[str]:
        """The tasks that have margins of their own."""
        keys = [key for key, _ in (*self.amounts, *self.shares)]
        return [key.partition(":")[2] for key in keys if ":" in key]


def share_text(share: float) -> str:
    """`10% of BASELINE's mean`."""
    return f"{100.0 * share:g}% of BASELINE's mean"


def read_margins(text: str, metrics: Sequence[str]) -> Margins:
    """Margins as they are typed: `50`, `return=30,q=0.05`, `return=10%,return:walker-run=20`.

    Args:
      text: a number where one metric is compared; else METRIC=NUMBER or METRIC:TASK=NUMBER, separated by commas.
      metrics: those that are compared.

    Raises:
      UsageError: a number that is none, a metric that is not compared, or a name given twice.
    """
    if "=" not in text:
        if len(metrics) > 1:
            first, second = metrics[:2]
            raise UsageError(f"--margin: {len(metrics)} metrics are compared, say which one is meant, such as "
                             f"{first}={METRICS[first].margin:g},{second}={METRICS[second].margin:g}; found '{text}'")
        return _gathered({metrics[0]: _read(metrics[0], text)})
    margins: dict[str, tuple[float, bool]] = {}
    for part in split_names(text, "--margin"):
        name, separator, number = (word.strip() for word in part.rpartition("="))
        if not separator:
            raise UsageError(f"--margin: expected METRIC=NUMBER separated by commas, found '{part}'")
        metric, colon, task = (word.strip() for word in name.partition(":"))
        if choose("metric", metric, METRICS) not in metrics:
            raise UsageError(f"--margin: '{metric}' is not compared; add it to --metric, which is {','.join(metrics)}")
        if colon and not task:
            raise UsageError(f"--margin: expected METRIC:TASK=NUMBER, found '{part}'")
        key = f"{metric}:{task}" if colon else metric
        if key in margins:
            raise UsageError(f"--margin: '{key}' is given twice; give it once")
        margins[key] = _read(metric, number)
    return _gathered(margins)


def _gathered(found: dict[str, tuple[float, bool]]) -> Margins:
    return Margins(*(tuple((key, number) for key, (number, share) in found.items() if share == wanted)
                     for wanted in (False, True)))


def _read(metric: str, text: str) -> tuple[float, bool]:
    """A margin, and whether it is a share of BASELINE's mean."""
    found = NUMBER.fullmatch(text.strip())
    relative, share = METRICS[metric].unit == "%", METRICS[metric].share is not None
    if found is None or (found[3] and not (relative or share)):
        example = "20% or 0.2" if relative else f"{METRICS[metric].margin:g}"
        more = f"; {metric}=10% is a share of BASELINE's mean" if share else ""
        raise UsageError(f"--margin: expected a number for {metric} such as {example}, found '{text}'{more}")
    margin = float(text.strip().rstrip("%")) / (100.0 if found[3] else 1.0)
    if not 0.0 < margin < (1.0 if relative else float("inf")):
        most = " and below 100% (1.0)" if relative else ""
        raise UsageError(f"--margin: expected more than 0{most} for {metric}, found '{text}'")
    return margin, share and bool(found[3])
