"""Write the page of one or several run folders, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from divbench.records.card import now
from divbench.records.durable import write_atomically
from divbench.report.evidence import RunEvidence, gather
from divbench.report.page.document import make_document
from divbench.report.page.payload import make_payload, run_names
from divbench.report.page.raw import raw_tables
from divbench.spec.errors import UsageError

FOLDER, NAME = "report", "report.html"


def write_page(path: str | os.PathLike, *, others: Sequence[str | os.PathLike] = (), against: Iterable | None = None,
               refresh: float | None = None) -> Path:
    """Write `report/report.html` in the run folder `path`: one file that needs no network.

    Args:
      path: a run folder, finished or growing.
      others: more run folders, shown beside it.
      against: published curves, with the attributes that `divbench.report.page.overlays` names, such as those of
        `divbench.records.published.curves`; those of tasks that no run has are left out.
      refresh: for a folder that is growing: the seconds after which an open page loads itself again.

    Raises:
      UsageError: a missing, foreign or damaged folder, one named twice, or one that cannot be written.
    """
    return put(path, page([gather(folder) for folder in distinct([path, *others])], against, refresh=refresh))


def put(path: str | os.PathLike, content: bytes) -> Path:
    """Place a page in the run folder `path`, whole or not at all."""
    file = Path(path) / FOLDER / NAME
    try:
        file.parent.mkdir(exist_ok=True)
        write_atomically(file, content)
    except OSError as error:
        raise UsageError(f"{file}: page cannot be written ({error.strerror})") from None
    return file


def page(evidences: Sequence[RunEvidence], against: Iterable | None = None, *, refresh: float | None = None) -> bytes:
    """The page of runs that are read already. Of finished runs it is the same bytes every time."""
    payload = make_payload(evidences, against or (), refresh=refresh, now=now())
    raw = raw_tables(evidences, run_names([evidence.path for evidence in evidences]))
    return make_document(payload, raw).encode()


def distinct(paths: Sequence[str | os.PathLike]) -> list[Path]:
    """The folders as paths.

    Raises:
      UsageError: one is named twice.
    """
    folders = [Path(path) for path in paths]
    for place, folder in enumerate(folders):
        if folder.resolve() in [earlier.resolve() for earlier in folders[:place]]:
            raise UsageError(f"{folder}: expected different run folders, found this one twice")
    return folders
