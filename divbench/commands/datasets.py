"""`divbench dataset make`, `info`, `subset`, `import` and `export`: transitions on disk."""

from __future__ import annotations

from pathlib import Path

from divbench.commands.answer import Answer, Failed
from divbench.commands.codes import FAILED, INTERRUPTED, refuse_unwritable


def make(given: dict) -> Answer:
    from divbench.spec.making import read_make

    request = read_make(given)
    refuse_unwritable(request.out)
    from divbench.execute.making import TrainingFailed, make_datasets
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


def info(given: dict) -> Answer:
    from divbench.spec.datasets import InfoRequest

    request = InfoRequest(given["folder"])
    from divbench.report import datasets

    return _described(datasets.open_dataset(request.folder))


def subset(given: dict) -> Answer:
    from divbench.spec.datasets import read_subset

    request = read_subset(given)
    refuse_unwritable(str(request.target))
    from divbench.report import datasets

    return _described(datasets.make_subset(request))


def import_dataset(given: dict) -> Answer:
    from divbench.spec.datasets import read_import

    request = read_import(given)
    refuse_unwritable(request.out)
    from divbench.report import datasets

    return _described(datasets.import_dataset(request))


def export_dataset(given: dict) -> Answer:
    from divbench.spec.datasets import MINARI, read_export

    request = read_export(given)
    refuse_unwritable(request.out if request.to == MINARI else str(Path(request.out).parent))
    from divbench.report import datasets

    made = datasets.export_dataset(request)
    return Answer(lambda: {"exported": made}, lambda: print(datasets.describe_export(request, made)))


def _described(dataset) -> Answer:
    from divbench.report import datasets

    return Answer(lambda: datasets.record(dataset), lambda: print(datasets.describe(dataset)))
