"""The rows behind committed outcomes: they can be read, and they are those of the settings that their folder names."""

import hashlib
import json
from pathlib import Path

import pytest

from divbench import results
from divbench.experiments.catalogue import EXPERIMENTS
from divbench.experiments.evidence import read, thinned
from divbench.experiments.experiment import Experiment
from divbench.experiments.outcomes import OUTCOME, read_outcome
from divbench.experiments.recording import RULE, SO_FAR
from divbench.experiments.reproduce import make_plan, outcome_record
from divbench.experiments.request import ReproduceRequest
from divbench.records.schema import check_rows
from divbench.records.tables import to_arrow
from divbench.report.evidence import gather, weigh
from divbench.verdict.rows import verdict_rows

CLAIMS = Path(results.__file__).parent / "claims"
ROWS = sorted((CLAIMS / "rows").glob("*/"))
TRAINED = {name for name, claim in EXPERIMENTS.items() if isinstance(claim, Experiment)}


def alike(found, kept) -> bool:
    """Equal, numbers but for a rounding: another Python, numpy or processor sums a little otherwise."""
    if isinstance(kept, dict):
        return found.keys() == kept.keys() and all(alike(found[key], kept[key]) for key in kept)
    if isinstance(kept, list):
        return len(found) == len(kept) and all(alike(*pair) for pair in zip(found, kept, strict=True))
    return found == (pytest.approx(kept, rel=1e-9, abs=0.0, nan_ok=True) if isinstance(kept, float) else kept)


@pytest.mark.parametrize("run", ROWS, ids=lambda run: run.name)
def test_rows_are_whole_and_named_by_their_settings(run):
    card = json.loads((run / "card.json").read_text())
    digest = hashlib.sha256(json.dumps(card["settings"], sort_keys=True).encode()).hexdigest()
    assert run.name == f"{card['settings']['suite']}-{digest[:8]}"
    found = gather(run)
    assert found.facts.state == f"finished {card['finished']}"
    assert sorted(lane.seed for lane in found.lanes) == card["seeds"]
    judged = to_arrow("verdicts", check_rows("verdicts", verdict_rows(found.tables.values.to_pylist())))
    for row, again in zip(found.tables.verdicts.to_pylist(), judged.to_pylist(), strict=True):
        for column in row:
            assert alike(again[column], row[column]), (column, again[column], row[column])
    last = max(found.tables.values.column("env_step").to_pylist())
    assert last == card["settings"]["steps"]


def test_each_folder_of_rows_is_one_that_a_claim_asks_for():
    """A change of what a folder is named by would else leave the rows unread."""
    asked = {Path(arm.spec.folder).name for name in TRAINED for arm in EXPERIMENTS[name].runs("quick")}
    assert {run.name for run in ROWS} <= asked


def _answered() -> list[str]:
    """The committed outcomes whose runs are all kept."""
    kept = {run.name for run in ROWS}
    names = [file.parent.name for file in sorted(CLAIMS.glob(f"*/{OUTCOME}")) if file.parent.name in TRAINED]
    return [name for name in names if {Path(arm.spec.folder).name for arm in EXPERIMENTS[name].runs("quick")} <= kept]


def _committed() -> list[tuple[str, bool]]:
    """The same, and those that rest on the runs that there are so far."""
    so_far = [file.parent.name for file in sorted(CLAIMS.glob(f"{SO_FAR}/*/{OUTCOME}"))]
    return [*((name, False) for name in _answered()), *((name, True) for name in so_far)]


@pytest.mark.parametrize(("name", "so_far"), _committed())
def test_the_rows_decide_as_the_committed_outcome_says(name, so_far, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "runs").symlink_to(CLAIMS / "rows")
    request = ReproduceRequest(name=name, so_far=so_far)
    plan = make_plan(EXPERIMENTS[name], request)
    evidence = read(plan.arms, plan.specs, "quick")
    found = json.loads(json.dumps(outcome_record(plan, evidence, plan.experiment.decide(evidence))))
    committed = read_outcome(CLAIMS / plan.folder.relative_to(request.out) / OUTCOME)
    assert committed["rule"] == RULE
    assert found.keys() == committed.keys()
    for key in found:
        assert alike(found[key], committed[key]), key


def test_a_run_that_was_measured_more_often_counts_as_if_it_had_not_been():
    """Plain SAC at UTD 32, measured every 5,000 updates of 480,000, at every fourth of them."""
    kept = CLAIMS / "rows" / "dmc15-500k-31a95821"
    tables = gather(kept).tables
    few = thinned(tables, 20_000)
    updates = [*range(0, 480_001, 20_000)]
    assert few.values.column("update").to_pylist() == updates and few.values.schema == tables.values.schema
    assert set(few.diagnostics.column("update").to_pylist()) == set(updates)
    found = weigh(few, kept).lanes
    beyond = [row["update"] for row in few.values.to_pylist() if row["q_replay_mean"] > 1.05 * row["q_bound"]]
    assert [(lane.verdict, lane.point[1]) for lane in found] == [("diverged", beyond[0])]


def test_the_last_measurement_stays_where_it_is_no_multiple():
    tables = gather(CLAIMS / "rows" / "dmc15-500k-31a95821").tables
    assert thinned(tables, 350_000).values.column("update").to_pylist() == [0, 350_016, 480_000]
