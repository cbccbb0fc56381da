"""The section of Markdown on what happened to each lane."""

import math

import pytest

from divbench.report.lanes import NOTE_CRITICAL, lanes_section, share
from divbench.verdict import CriticalPoint


def lane(task="hopper-hop", variant="baseline", utd="1", seed=0, **more):
    return {"task": task, "variant": variant, "utd": utd, "seed": seed, "verdict": "stable", "first_cause": "",
            "first_update": -1, "explanation": "The lane stayed stable.", "warning": 0.034} | more


def test_a_lane_on_one_line_with_its_facts():
    rows = [lane(verdict="diverged", first_cause="grad_norm", first_update=2_300, warning=math.nan,
                 explanation="The lane diverged.")]
    assert lanes_section(rows).splitlines()[-1] == (
        "- **UTD 1, seed 0, diverged, first cause `grad_norm` at update 2,300.** The lane diverged.")
    assert lanes_section([lane()]).splitlines()[-1] == (
        "- **UTD 1, seed 0, stable, warning 3%.** The lane stayed stable.")


def test_the_critical_points_of_a_run_that_was_measured_for_them():
    points = {("hopper-hop", "baseline", "1", 1): CriticalPoint(12_000, 13_000)}
    text = lanes_section([lane(), lane(seed=1)], points)
    assert text.splitlines()[-2:] == [
        "- **UTD 1, seed 0, stable, no critical point, warning 3%.** The lane stayed stable.",
        "- **UTD 1, seed 1, stable, critical point at update 12,000, warning 3%.** The lane stayed stable."]
    assert NOTE_CRITICAL in text and "ritical point" not in lanes_section([lane()])


def test_lanes_are_grouped_by_task_and_variant_and_ordered():
    rows = [lane("walker-run", utd="8"), lane("hopper-hop"), lane("walker-run", "ofn"), lane("walker-run", utd="1/2"),
            lane("walker-run", utd="1", seed=1), lane("walker-run", utd="1")]
    lines = lanes_section(rows).splitlines()
    assert [line for line in lines if line.startswith("#")] == [
        "## What happened to each lane", "### walker-run, baseline", "### walker-run, ofn", "### hopper-hop, baseline"]
    first = lines[lines.index("### walker-run, baseline"):lines.index("### walker-run, ofn")]
    assert [line.split(", stable")[0][4:] for line in first if line.startswith("-")] == [
        "UTD 1/2, seed 0", "UTD 1, seed 0", "UTD 1, seed 1", "UTD 8, seed 0"]


def test_nothing_to_tell_is_an_empty_section():
    assert lanes_section([]) == ""
    old = {name: value for name, value in lane().items() if name not in ("explanation", "first_cause", "warning")}
    assert lanes_section([old]) == "" and lanes_section([lane(explanation="")]) == ""


def test_no_character_of_a_name_or_an_explanation_becomes_a_mark():
    text = lanes_section([lane("finger-turn_hard", "a*b", explanation="One\nline | here.")])
    assert "### finger-turn\\_hard, a\\*b" in text and "One line \\| here." in text


def test_a_made_up_run_tells_of_every_lane(priming):
    tables = priming(seeds=2, every=1000).tables()
    text = lanes_section(tables.verdicts.to_pylist())
    assert text.count("\n- **UTD 1, seed ") == tables.verdicts.num_rows == 12
    assert text.count("### ") == 6 and text.endswith(".\n")
    assert text.count("The lane diverged at") == 3 and text.count("The lane exploded") == 1


@pytest.mark.parametrize("probability, text", [(0.0, "below 1%"), (0.034, "3%"), (0.5, "50%"), (0.999, "above 99%")])
def test_probabilities_for_people(probability, text):
    assert share(probability) == text
