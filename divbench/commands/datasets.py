"""`divbench dataset make`, `info`, `subset`, `import` and `export`: transitions on disk."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from divbench.commands.codes import FAILED, INTERRUPTED, OK, reader_may_leave, refuse_unwritable


def make(given: dict) -> int:
    from divbench.spec.making import read_make

    request = read_make(given)
    refuse_unwritable(request.out)
    from divbench.execute.making import TrainingFailed, make_datasets
    from divbench.execute.signals import Interrupted
    from divbench.report import datasets

    try:
        for made in make_datasets(request, datasets.Lines()):
            kept = "kept         it was there already, made by the same request\n" if made.kept else ""
            _tell(f"{kept}{datasets.describe(made.dataset)}\n")
    except Interrupted as heard:
        print("divbench: interrupted; the same command resumes the training", file=sys.stderr)
        return INTERRUPTED + heard.args[0]
    except TrainingFailed as error:
        print(f"divbench: failed: {error}", file=sys.stderr)
        return FAILED
    return OK


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
