"""`divbench dataset make`, `info`, `subset`, `import` and `export`: transitions on disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from divbench.cli.answer import Answer, Failed
from divbench.cli.codes import FAILED, INTERRUPTED, refuse_unwritable
from divbench.execute.making.request import MakeRequest
from divbench.records.datasets.request import (
    MINARI,
    DatasetExportRequest,
    DatasetImportRequest,
    InfoRequest,
    SubsetRequest,
)

if TYPE_CHECKING:
    from divbench.records.datasets.dataset import Dataset


def make(request: MakeRequest) -> Answer:
    refuse_unwritable(request.out)
    from divbench.execute.making.datasets import TrainingFailed, make_datasets
    from divbench.execute.signals import Interrupted
    from divbench.report import datasets

    found = []
    try:
        for made in make_datasets(request, datasets.Lines()):
            kept = "kept         it was there already, made by the same request\n" if made.kept else ""
            print(f"{kept}{datasets.describe(made.dataset)}\n", flush=True)
            found.append({**datasets.record(made.dataset), "kept": made.kept})
    except Interrupted as heard:
        raise Failed("interrupted; the same command resumes the training", INTERRUPTED + heard.args[0]) from None
    except TrainingFailed as error:
        raise Failed(f"failed: {error}", FAILED) from None
    return Answer(lambda: {"datasets": found}, lambda: None)


def info(request: InfoRequest) -> Answer:
    from divbench.report import datasets

    return _described(datasets.open_dataset(request.folder))


def subset(request: SubsetRequest) -> Answer:
    refuse_unwritable(str(request.target))
    from divbench.report import datasets

    return _described(datasets.make_subset(request))


def import_dataset(request: DatasetImportRequest) -> Answer:
    refuse_unwritable(request.out)
    from divbench.report import datasets

    return _described(datasets.import_dataset(request))


def export_dataset(request: DatasetExportRequest) -> Answer:
    refuse_unwritable(request.out if request.to == MINARI else str(Path(request.out).parent))
    from divbench.report import datasets

    made = datasets.export_dataset(request)
    return Answer(lambda: {"exported": made}, lambda: print(datasets.describe_export(request, made)))


def _described(dataset: Dataset) -> Answer:
    from divbench.report import datasets

    return Answer(lambda: datasets.record(dataset), lambda: print(datasets.describe(dataset)))
