"""Draws anew the pictures of results/claims whose numbers are kept, after a change of how pictures look.

    python benchmarks/draw_anew.py [NAME ...]

Measures and decides nothing. It replaces `figure.png` and `figure.svg` of the outcomes that have a `measured.csv`, or
whose runs are all kept in results/claims/rows, and their copies in docs/images. Other pictures are drawn again when
their claims are put to the test again. Half a minute on two CPU cores.
"""

from __future__ import annotations

import csv
import sys
from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace

from divbench import results
from divbench.experiments.catalogue import EXPERIMENTS
from divbench.experiments.evidence import Evidence, read
from divbench.experiments.experiment import Measured
from divbench.experiments.measuring import TABLE
from divbench.experiments.outcomes import OUTCOME, read_outcome
from divbench.records.durable import write_atomically
from divbench.report.figures import FORMATS, render

CLAIMS = Path(results.__file__).resolve().parent / "claims"
IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"


def read_measured(folder: Path) -> Measured:
    """What an outcome's measurement found, as far as a picture needs it."""
    with open(folder / TABLE, newline="", encoding="utf-8") as file:
        header, *lines = csv.reader(file)
    kind = namedtuple("Row", header)
    rows = [kind(*map(_value, line)) for line in lines]
    return Measured(rows, read_outcome(folder / OUTCOME)["seeds"], {}, (), ())


def _value(text: str):
    if text in ("True", "False"):
        return text == "True"
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def read_runs(record: dict) -> Evidence | None:
    """The lanes behind an outcome; None where one of its runs is not kept."""
    arms, specs = [], []
    for run in record["runs"]:
        folder = CLAIMS / "rows" / f"{run['settings']['suite']}-{run['digest'][:8]}"
        if not folder.is_dir():
            return None
        for arm in run["arms"]:
            arms.append(SimpleNamespace(name=arm, looks=run.get("looks")))
            specs.append(SimpleNamespace(folder=str(folder), prime_updates=run["settings"]["prime_updates"]))
    return read(arms, specs, record["scale"]) if arms else None


def put(figure, folder: Path) -> None:
    """Write a picture into an outcome's folder, and over its copies in docs/images."""
    before = (folder / "figure.png").read_bytes()
    copies = [image for image in IMAGES.glob("*.png") if image.read_bytes() == before]
    for kind in FORMATS:
        write_atomically(folder / f"figure.{kind}", render(figure, kind))
    for image in copies:
        write_atomically(image, (folder / "figure.png").read_bytes())
    print(folder.relative_to(CLAIMS), *(f"and docs/images/{image.name}" for image in copies))


def main(names: list[str]) -> None:
    for file in sorted(CLAIMS.rglob(OUTCOME)):
        folder, record = file.parent, read_outcome(file)
        if names and folder.name not in names:
            continue
        found = read_measured(folder) if (folder / TABLE).exists() else read_runs(record)
        if found is not None:
            put(EXPERIMENTS[folder.name].figure(found), folder)


if __name__ == "__main__":
    main(sys.argv[1:])
