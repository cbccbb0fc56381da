"""Drawing committed pictures again: what is read from an outcome's folder, and which copies are replaced."""

import json
import sys
from pathlib import Path

import pytest

from divbench import results
from divbench.experiments import theorem_2
from divbench.experiments.catalogue import EXPERIMENTS
from divbench.experiments.outcomes import OUTCOME
from divbench.report.colours import BLUE, colour_of

CLAIMS = Path(results.__file__).parent / "claims"
BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def draw_anew(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import draw_anew

    yield draw_anew
    sys.modules.pop("draw_anew", None)


def test_what_was_measured_is_read_back(draw_anew):
    found = draw_anew.read_measured(CLAIMS / "theorem-2")
    assert found.draws == json.loads((CLAIMS / "theorem-2" / OUTCOME).read_text())["seeds"]
    assert {theorem_2.fate(row) for row in found.rows} == {"converged", "neither", "diverged"}
    assert found.rows[0].conditions is True and isinstance(found.rows[0].steps, int)


def test_kept_runs_are_read_by_what_the_outcome_says_of_them(draw_anew):
    folder = CLAIMS / "actor-reset"
    record = json.loads((folder / OUTCOME).read_text())
    evidence = draw_anew.read_runs(record)
    assert len(evidence.lanes) == len(record["lanes"])
    assert {lane.arm for lane in evidence.lanes} == {lane["arm"] for lane in record["lanes"]}
    (axes,) = EXPERIMENTS["actor-reset"].figure(evidence).axes
    drawn = {line.get_color() for line in axes.lines if len(line.get_xdata())}
    assert {BLUE, colour_of("reset"), colour_of("actor-reset")} < drawn and len(drawn) == 5
    record["runs"][0]["digest"] = "gone"
    assert draw_anew.read_runs(record) is None


def test_copies_of_a_picture_are_replaced_and_no_others(draw_anew, tmp_path, monkeypatch):
    monkeypatch.setattr(draw_anew, "IMAGES", tmp_path / "images")
    monkeypatch.setattr(draw_anew, "CLAIMS", tmp_path)
    monkeypatch.setattr(draw_anew, "render", lambda figure, kind: f"new {kind}".encode())
    for place, content in {"claim/figure.png": b"old", "images/claim.png": b"old", "images/other.png": b"else"}.items():
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_bytes(content)
    draw_anew.put(None, tmp_path / "claim")
    assert [(tmp_path / place).read_bytes() for place in ("claim/figure.png", "claim/figure.svg", "images/claim.png",
                                                          "images/other.png")] == [b"new png", b"new svg", b"new png",
                                                                                   b"else"]
