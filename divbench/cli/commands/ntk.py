"""`divbench ntk`: kernels of critics that were never trained, as tables and pictures."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from divbench.cli.answer import Answer
from divbench.cli.codes import refuse_measured, refuse_unwritable
from divbench.studies.ntk.request import TABLE, KernelRequest

if TYPE_CHECKING:
    from divbench.studies.ntk.rows import KernelRow


def ntk(request: KernelRequest) -> Answer:
    refuse_unwritable(request.out)
    folder = Path(request.out)
    refuse_measured(folder, TABLE, request.force)
    from divbench.studies.ntk.files import write_kernels
    from divbench.studies.ntk.measuring import measure_kernels
    from divbench.studies.ntk.summary import as_record, as_text, summarise

    rows = measure_kernels(request, _teller(request))
    files = write_kernels(folder, rows)
    summaries = summarise(rows)
    return Answer(lambda: {"task": request.task, "kernels": as_record(summaries), "files": files},
                  lambda: print(f"{as_text(summaries)}\n\nwritten  {folder}/: {', '.join(files)}"))


def _teller(request: KernelRequest) -> Callable[[KernelRow], None]:
    """What reports every critic: JSON lines on standard error, a line for each kind of critic, or nobody."""
    from divbench.execute.wording import write_line

    total, done = request.critics, 0

    def tell(row: KernelRow) -> None:
        nonlocal done
        done += 1
        if request.json:
            write_line(sys.stderr, json.dumps({
                "event": "measured", "done": done, "of": total, "network": row.network, "activation": row.activation,
                "width": row.width, "depth": row.depth, "initialisation": row.initialisation}))
        elif not request.quiet and row.initialisation + 1 == request.initialisations:
            kind = f"{row.activation}, {row.depth} x {row.width}" if row.activation else row.network
            write_line(sys.stdout, f"{done} of {total} critics: {kind}: average diagonal {row.average_diagonal:.3g}, "
                                   f"row ratio {row.row_ratio:.3g}")

    return tell
