"""`divbench reproduce` of a claim that a measurement decides: measure, decide, draw, and write the outcome down.

Nothing is kept between two calls: a measurement takes minutes, and the same one gives the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable

from divbench.execute.wording import plural
from divbench.experiments.experiment import MeasuredExperiment
from divbench.experiments.recording import outcome_folder, refuse_other, verdict_record, write_outcome
from divbench.experiments.request import ReproduceRequest
from divbench.studies.ntk.request import refuse_physics

TABLE = "measured.csv"


def check(experiment: MeasuredExperiment, request: ReproduceRequest) -> None:
    """Refuse what cannot be measured, or would replace the outcome of another scale or physics.

    Raises:
      UsageError: in one line.
    """
    for task in experiment.tasks:
        refuse_physics(task, request.physics)
    refuse_other(outcome_folder(experiment, request), request)


def describe_measurement(experiment: MeasuredExperiment, request: ReproduceRequest) -> str:
    """What would be measured, and how long it takes."""
    minutes = plural(round(experiment.minutes(request.scale)), "minute")
    return f"{experiment.describe(request.scale)}\nabout {minutes} on two CPU cores"


def measurement_record(experiment: MeasuredExperiment, request: ReproduceRequest) -> dict:
    """The same as plain JSON values; there are no runs."""
    return {"experiment": experiment.name, "scale": request.scale, "folder": str(outcome_folder(experiment, request)),
            "measures": experiment.describe(request.scale), "runs": []}


def settle(experiment: MeasuredExperiment, request: ReproduceRequest, tell: Callable[[str], None]) -> dict:
    """Measure, decide and draw, and write the outcome's files with every number measured in `measured.csv`.

    Returns:
      The record in `outcome.json`.

    Raises:
      UsageError: a folder that cannot be written.
    """
    from divbench.studies.ntk.summary import as_csv

    measured = experiment.measure(request.scale, request.physics, tell)
    record = verdict_record(experiment, request, experiment.decide(measured)) | {
        "seeds": measured.draws, "tasks": list(experiment.tasks), **measured.card, "lanes": [], "runs": [],
        "measured": {"header": list(measured.header), "rows": [list(row) for row in measured.summary]},
    }
    write_outcome(outcome_folder(experiment, request), record, experiment.figure(measured),
                  {TABLE: as_csv(measured.rows)})
    return record
