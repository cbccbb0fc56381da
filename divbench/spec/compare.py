"""What `divbench compare` was asked for: metrics, margins, confidence, pairs and files. Reads and refuses.

The two result sets are opened, and compared, by `divbench.report.compare`; nothing is computed here.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Sequence
from pathlib import Path

from divbench.spec.errors import UsageError, choose
from divbench.spec.text import split_names

MARKDOWN_MARK = "<!-- divbench compare -->"  # first line of the Markdown file; a comment is found again by it
JUNIT_MARK = '<testsuites name="divbench compare"'  # in the first lines of the JUnit file
_NUMBER = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?(%?)")
_HEAD = 200  # characters of a file in which its mark is looked for


@dataclasses.dataclass(frozen=True)
class Metric:
    """What is compared.

    Attributes:
      name: as in `--metric`.
      summary: what it is, in words.
      unit: of differences and margins.
      margin: the default.
      two_sided: an unexpected change of either sign is a regression.
    """

    name: str
    summary: str
    unit: str
    margin: float
    two_sided: bool = False

    def margin_text(self, margin: float) -> str:
        """`50`, `0.02 decades`, `20%`."""
        return f"{100.0 * margin:g}%" if self.unit == "%" else f"{margin:g} {self.unit}".strip()


# docs/gate.md says where the default margins come from.
METRICS = {
    metric.name: metric
    for metric in (
        Metric("return", "mean return of the last evaluations that both sides have", "", 50.0),
        Metric("q", "log10 of |mean Q on replay| at the last measurement that both sides have", "decades", 0.02,
               two_sided=True),
        Metric("speed", "updates per second of all lanes of a group", "%", 0.2),
    )
}
DEFAULT_METRICS = ("return", "q")

# The flags with a value, as a parser wants them: (flag, what stands for the value, help); and those without.
FLAGS = (
    ("--metric", "A,B", f"{', '.join(METRICS)}; {' and '.join(DEFAULT_METRICS)} by default"),
    ("--margin", "X|A=X,B=Y", "difference that does not matter: "
     + ", ".join(f"{m.name} {m.margin_text(m.margin)}" for m in METRICS.values()) + " by default"),
    ("--confidence", "X", "of the intervals; all false alarms together are at most 1 - X; 0.95 by default"),
    ("--pair", "A=B,C=D", "compare BASELINE's variant A with NEW's variant B"),
    ("--markdown", "FILE", "the comparison as Markdown, such as a comment on a pull request"),
    ("--junit", "FILE", "the comparison as JUnit XML, one test case per task, variant and metric"),
)
SWITCHES = (
    ("paired", "pair lanes of equal seed; by default both sides' seeds are taken as independent"),
    ("strict", "undecided is a failure too (exit code 1)"),
)


@dataclasses.dataclass(frozen=True)
class CompareRequest:
    """Two result sets and how they are to be compared.

    Attributes:
      baseline, new: run folders, or folders of run folders.
      metrics: names of `METRICS`, in the order wanted.
      margins: by metric, where not the default: return in its own units, q in decades, speed as a fraction.
      confidence: of the intervals; 1 minus it is shared by all claims of a regression.
      pairs: `A=B` each; where a name has `=` itself, the result sets say which one separates.
      paired: take lanes of equal seed as pairs.
      strict: undecided is a failure.
      markdown, junit: files to be written, or None.
      json: whether the answer is one JSON object.
    """

    baseline: str
    new: str
    metrics: tuple[str, ...] = DEFAULT_METRICS
    margins: tuple[tuple[str, float], ...] = ()
    confidence: float = 0.95
    pairs: tuple[str, ...] = ()
    paired: bool = False
    strict: bool = False
    markdown: str | None = None
    junit: str | None = None
    json: bool = False

    def margin(self, metric: str) -> float:
        """The difference in that metric that does not matter."""
        return dict(self.margins).get(metric, METRICS[metric].margin)


def read_request(given: dict) -> CompareRequest:
    """The request from flags as they were typed: `baseline`, `new`, and the keys of `FLAGS` and `SWITCHES`.

    Raises:
      UsageError: an unknown metric, a margin or confidence that is none, a file that cannot be written or is
        something else than an earlier comparison.
    """
    fields = dict(given)
    if "metric" in fields:
        names = split_names(fields.pop("metric"), "--metric")
        fields["metrics"] = tuple(choose("metric", name, METRICS) for name in names)
    if "margin" in fields:
        fields["margins"] = _margins(fields.pop("margin"), fields.get("metrics", DEFAULT_METRICS))
    if "confidence" in fields:
        fields["confidence"] = _confidence(fields["confidence"])
    if "pair" in fields:
        fields["pairs"] = tuple(_pair(text) for text in split_names(fields.pop("pair"), "--pair"))
    request = CompareRequest(**fields)
    if None not in (request.markdown, request.junit) and _same_place(request.markdown, request.junit):
        raise UsageError(f"--junit: '{request.junit}' is the file of --markdown too; name another")
    for key, mark in (("markdown", MARKDOWN_MARK), ("junit", JUNIT_MARK)):
        if getattr(request, key) is not None:
            refuse_file(Path(getattr(request, key)), f"--{key}", mark)
    return request


def refuse_file(path: Path, flag: str, mark: str) -> None:
    """Raises a `UsageError` if a comparison cannot be put at `path`, or would replace something that is none."""
    if path.is_dir():
        raise UsageError(f"{flag}: expected a file, found that '{path}' is a folder")
    if not path.parent.is_dir():
        raise UsageError(f"{flag}: expected a file in a folder that exists, found '{path}'")
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise UsageError(f"{flag}: expected a file, found that '{path}' is a link or a device; name another file")
    if path.exists():
        try:
            head = path.read_bytes()[:_HEAD].decode("utf-8", "replace")
        except OSError as error:
            raise UsageError(f"{flag}: '{path}' cannot be replaced ({error.strerror})") from None
        if head.strip() and mark not in head:
            raise UsageError(f"{flag}: '{path}' is there already and is not an earlier comparison; name another file")


def _same_place(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _margins(text: str, metrics: Sequence[str]) -> tuple[tuple[str, float], ...]:
    if "=" not in text:
        if len(metrics) > 1:
            first, second = metrics[:2]
            raise UsageError(f"--margin: {len(metrics)} metrics are compared, say which one is meant, such as "
                             f"{first}={METRICS[first].margin:g},{second}={METRICS[second].margin:g}; found '{text}'")
        return ((metrics[0], _margin(metrics[0], text)),)
    margins = {}
    for part in split_names(text, "--margin"):
        name, separator, number = (word.strip() for word in part.partition("="))
        if not separator:
            raise UsageError(f"--margin: expected METRIC=NUMBER separated by commas, found '{part}'")
        if choose("metric", name, METRICS) not in metrics:
            raise UsageError(f"--margin: '{name}' is not compared; add it to --metric, which is {','.join(metrics)}")
        if name in margins:
            raise UsageError(f"--margin: '{name}' is given twice; give it once")
        margins[name] = _margin(name, number)
    return tuple(margins.items())


def _margin(metric: str, text: str) -> float:
    found = _NUMBER.fullmatch(text.strip())
    relative = METRICS[metric].unit == "%"
    if found is None or (found[3] and not relative):
        example = "20% or 0.2" if relative else f"{METRICS[metric].margin:g}"
        raise UsageError(f"--margin: expected a number for {metric} such as {example}, found '{text}'")
    margin = float(text.strip().rstrip("%")) / (100.0 if found[3] else 1.0)
    if not 0.0 < margin < (1.0 if relative else float("inf")):
        most = " and below 100% (1.0)" if relative else ""
        raise UsageError(f"--margin: expected more than 0{most} for {metric}, found '{text}'")
    return margin


def _confidence(text: str) -> float:
    found = _NUMBER.fullmatch(text.strip())
    share = float(text.strip().rstrip("%")) / (100.0 if found[3] else 1.0) if found else 0.0
    if not 0.5 <= share < 1.0:
        raise UsageError(f"--confidence: expected a number from 0.5 to below 1 such as 0.95, found '{text}'")
    return share


def _pair(text: str) -> str:
    name, separator, other = text.partition("=")
    if not (separator and name.strip() and other.strip()):
        raise UsageError(f"--pair: expected two variants such as ofn=mine, found '{text}'")
    return text
