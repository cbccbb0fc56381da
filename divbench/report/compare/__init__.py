"""Comparison of two result sets: is the new one as good as the old, and can a CI job rely on the answer?

`compare(request)` reads, decides and writes; `describe`, `markdown`, `junit` and `record` say it. The request is
`request.CompareRequest`; docs/gate.md tells how it is meant and how often it errs. Names are resolved on first use, so
that a request that is refused loads no tables.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from divbench.report.compare.comparability import Incomparable
    from divbench.report.compare.comparison import compare
    from divbench.report.compare.junit_file import junit
    from divbench.report.compare.recording import record
    from divbench.report.compare.result import Result
    from divbench.report.compare.wording import describe, markdown

__all__ = ["Incomparable", "Result", "compare", "describe", "junit", "markdown", "record"]

_HOMES = {"Incomparable": "comparability", "Result": "result", "compare": "comparison", "describe": "wording",
          "junit": "junit_file", "markdown": "wording", "record": "recording"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'; it has: {', '.join(__all__)}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
