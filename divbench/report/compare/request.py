"""What `divbench compare` was asked for: metrics, margins, confidence, pairs and files. Reads and refuses.

The two result sets are opened, and compared, by `divbench.report.compare`; nothing is computed here.
"""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

from divbench.report.compare.margins import NUMBER, Margins, read_margins
from divbench.spec.errors import UsageError
from divbench.spec.text import split_names

MARKDOWN_MARK = "<!-- divbench compare -->"  # first line of the Markdown file; a comment is found again by it
JUNIT_MARK = '<testsuites name="divbench compare"'  # in the first lines of the JUnit file
_HEAD = 200  # characters of a file in which its mark is looked for

DEFAULT_METRICS = ("return", "q")


@dataclasses.dataclass(frozen=True)
class CompareRequest:
    """Two result sets and how they are to be compared.

    Attributes:
      baseline, new: run folders, or folders of run folders.
      metrics: names of `METRICS`, in the order wanted.
      margins: by metric, or `metric:task`, where not the default: return in its own units, q in decades, speed as a
        fraction.
      confidence: of the intervals; 1 minus it is shared by all claims of a regression.
      pairs: `A=B` each; where a name has `=` itself, the result sets say which one separates.
      paired: take lanes of equal seed as pairs.
      strict: undecided is a failure.
      markdown, junit: files to be written, or None.
      shares: like `margins`, but of returns as fractions of |BASELINE's mean|.
      allow_missing: tasks, variants and UTDs of BASELINE that NEW may lack.
      allow_shorter: compare at the common step where NEW ends before BASELINE, or where both ends are apart.
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
    shares: tuple[tuple[str, float], ...] = ()
    allow_missing: tuple[str, ...] = ()
    allow_shorter: bool = False

    @property
    def all_margins(self) -> Margins:
        """`margins` and `shares` as one object, with the defaults of what they lack."""
        return Margins(self.margins, self.shares)

    def margin(self, metric: str, task: str = "", mean: float | None = None, span: float | None = None) -> float:
        """The difference in that metric that does not matter; see `Margins.of`."""
        return self.all_margins.of(metric, task, mean, span)


def make_request(*, margin: str | None = None, **fields: Any) -> CompareRequest:
    """The request of these fields; `margin` as `--margin` is typed.

    Raises:
      UsageError: a margin that is none, a file that cannot be written or is something else than an earlier comparison.
    """
    if margin is not None:
        read = read_margins(margin, fields.get("metrics", DEFAULT_METRICS))
        fields |= {"margins": read.amounts, "shares": read.shares}
    request = CompareRequest(**fields)
    if request.markdown is not None and request.junit is not None and _same_place(request.markdown, request.junit):
        raise UsageError(f"--junit: '{request.junit}' is the file of --markdown too; name another")
    for key, mark in (("markdown", MARKDOWN_MARK), ("junit", JUNIT_MARK)):
        if getattr(request, key) is not None:
            refuse_file(Path(getattr(request, key)), f"--{key}", mark)
    return request


def read_confidence(text: str, what: str) -> float:
    """`0.95` or `95%`; anything that is not from 0.5 to below 1 is a `UsageError`."""
    found = NUMBER.fullmatch(text.strip())
    share = float(text.strip().rstrip("%")) / (100.0 if found[3] else 1.0) if found else 0.0
    if not 0.5 <= share < 1.0:
        raise UsageError(f"{what}: expected a number from 0.5 to below 1 such as 0.95, found '{text}'")
    return share


def read_pairs(text: str, what: str) -> tuple[str, ...]:
    """`A=B,C=D` as its pairs; one without both names is a `UsageError`."""
    pairs = split_names(text, what)
    for pair in pairs:
        name, separator, other = pair.partition("=")
        if not (separator and name.strip() and other.strip()):
            raise UsageError(f"{what}: expected two variants such as ofn=mine, found '{pair}'")
    return pairs


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
