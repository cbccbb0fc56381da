"""`divbench dataset info`, `subset`, `import` and `export`: transitions on disk."""

from __future__ import annotations

import json
from pathlib import Path

from divbench.commands.codes import OK, reader_may_leave, refuse_unwritable


def info(given: dict) -> int:
    from divbench.spec.datasets import InfoRequest

    request = InfoRequest(given["folder"])
    from divbench.report import datasets

    dataset = datasets.open_dataset(request.folder)
    with reader_may_leave():
        print(json.dumps(datasets.record(dataset)) if given.get("json") else datasets.describe(dataset))
    return OK


def subset(given: dict) -> int:
    from divbench.spec.datasets import read_subset

    request = read_subset(given)
    refuse_unwritable(str(request.target))
    from divbench.report import datasets

    return _tell(datasets.describe(datasets.make_subset(request)))


def import_dataset(given: dict) -> int:
    from divbench.spec.datasets import read_import

    request = read_import(given)
    refuse_unwritable(request.out)
    from divbench.report import datasets

    return _tell(datasets.describe(datasets.import_dataset(request)))


def export_dataset(given: dict) -> int:
    from divbench.spec.datasets import MINARI, read_export

    request = read_export(given)
    refuse_unwritable(request.out if request.to == MINARI else str(Path(request.out).parent))
    from divbench.report import datasets

    return _tell(datasets.describe_export(request, datasets.export_dataset(request)))


def _tell(text: str) -> int:
    with reader_may_leave():
        print(text)
    return OK
