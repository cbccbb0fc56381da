"""The rows behind committed outcomes: they can be read, and they are those of the settings that their folder names."""

import hashlib
import json
from pathlib import Path

import pytest

from divbench import results
from divbench.records.schema import check_rows
from divbench.records.tables import to_arrow
from divbench.report.evidence import gather
from divbench.verdict.rows import verdict_rows

ROWS = sorted((Path(results.__file__).parent / "claims" / "rows").glob("*/"))


@pytest.mark.parametrize("run", ROWS, ids=lambda run: run.name)
def test_rows_are_whole_and_named_by_their_settings(run):
    card = json.loads((run / "card.json").read_text())
    digest = hashlib.sha256(json.dumps(card["settings"], sort_keys=True).encode()).hexdigest()
    assert run.name == f"{card['settings']['suite']}-{digest[:8]}"
    found = gather(run)
    assert found.facts.state == f"finished {card['finished']}"
    assert sorted(lane.seed for lane in found.lanes) == card["seeds"]
    assert found.tables.verdicts.to_pylist() == to_arrow(
        "verdicts", check_rows("verdicts", verdict_rows(found.tables.values.to_pylist()))).to_pylist()
    last = max(found.tables.values.column("env_step").to_pylist())
    assert last == card["settings"]["steps"]
