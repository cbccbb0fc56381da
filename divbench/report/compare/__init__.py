"""Comparison of two result sets: is the new one as good as the old, and can a CI job rely on the answer?

`compare(request)` reads, decides and writes; `describe`, `markdown`, `junit` and `record` say it. The request is
`divbench.spec.compare.CompareRequest`; docs/gate.md tells how it is meant and how often it errs.
"""

from divbench.report.compare.comparability import Incomparable
from divbench.report.compare.comparison import compare
from divbench.report.compare.junit import junit
from divbench.report.compare.recording import record
from divbench.report.compare.result import Result
from divbench.report.compare.wording import describe, markdown

__all__ = ["Incomparable", "Result", "compare", "describe", "junit", "markdown", "record"]
