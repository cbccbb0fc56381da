"""Runs that a gate must not pass: each fails with exit code 1 and a line that names it; with its flag it passes, with a
note. The files are those of TD-MPC2's layout, `step,reward,seed`."""

import json
import xml.etree.ElementTree as ET

import pytest

from divbench import cli
from divbench.report.compare import compare, describe, markdown, record
from divbench.report.compare.junit_file import junit
from divbench.report.compare.request import CompareRequest
from divbench.spec.errors import UsageError

STEPS = range(0, 100_001, 10_000)
TASKS = ("cheetah-run", "walker-run")


def curve(seed, height, shape=lambda seed, step, value: value):
    """Evaluations of a lane that learns to earn `height`, seeds a little apart; `shape` changes single ones."""
    return [(step, shape(seed, step, height * step / 100_000 * (1 + seed % 5 / 100) + seed % 5 - 2)) for step in STEPS]


@pytest.fixture
def result(tmp_path, capsys):
    """`result(name, tasks, ...)`: an imported result folder."""

    def make(name, tasks=TASKS, seeds=range(5), height=500.0, shape=lambda seed, step, value: value, upto=100_000,
             steps=lambda step: step):
        folder = tmp_path / "files" / name / "sac"
        folder.mkdir(parents=True)
        for task in tasks:
            rows = [f"{steps(step)},{value},{seed}" for seed in seeds for step, value in curve(seed, height, shape)
                    if step <= (upto(seed) if callable(upto) else upto)]
            (folder / f"{task}.csv").write_text("\n".join(["step,reward,seed", *rows, ""]))
        (tmp_path / name).parent.mkdir(exist_ok=True)
        assert cli.main(["import", str(folder), "--action-repeat", "1", "--out", str(tmp_path / name)]) == 0
        capsys.readouterr()
        return str(tmp_path / name)

    return make


@pytest.fixture
def gate(capsys):
    """`gate(old, new, *flags)`: exit code and output of `divbench compare --metric return`."""

    def run(old, new, *flags):
        code = cli.main(["compare", old, new, "--metric", "return", *flags])
        return code, capsys.readouterr().out

    return run


OTHER = range(10, 15)


def test_the_same_curves_of_other_seeds_are_equal(result, gate):
    code, text = gate(result("old"), result("new", seeds=OTHER))
    assert code == 0 and text.startswith("equal: ") and "compared at env step 80,000 to 100,000" in text
    assert "UTD 1" not in text and "update" not in text  # neither is known of an import


@pytest.mark.parametrize("flags", [(), ("--strict",)])
def test_a_third_less_is_a_regression(result, gate, flags):
    code, text = gate(result("old"), result("new", seeds=OTHER, height=333.0), *flags)
    assert code == 1 and text.startswith("regressed: return over all cells; return of cheetah-run, sac; return of walk")


@pytest.mark.parametrize("flags", [(), ("--strict",)])
def test_a_run_that_stopped_early_fails(result, gate, flags):
    code, text = gate(result("old"), result("new", seeds=OTHER, upto=20_000), *flags)
    first = text.splitlines()[0]
    assert code == 1 and first.startswith("incomplete: NEW ends at env step 20,000, BASELINE at env step 100,000 (che")
    assert "--allow-shorter compares at the common step" in first


def test_a_shorter_run_is_compared_at_the_common_step_by_leave(result, gate):
    code, text = gate(result("old"), result("new", seeds=OTHER, upto=20_000), "--allow-shorter")
    assert code == 0 and text.startswith("equal: ")
    assert "note: NEW ends at env step 20,000, BASELINE at env step 100,000" in text
    assert "compared at env step 10,000 to 20,000" in text  # without the evaluation before training


def test_one_lane_that_stopped_early_is_named(result, gate):
    code, text = gate(result("old"), result("new", seeds=OTHER, upto=lambda seed: 20_000 if seed == 12 else 100_000))
    assert code == 1 and text.startswith("incomplete: NEW ends at env step 20,000 in seed 12, BASELINE at env step 100")


def test_where_the_baseline_ends_first_its_end_is_the_step(result, gate):
    code, text = gate(result("old", upto=50_000), result("new", seeds=OTHER))
    assert code == 0 and "compared at env step 30,000 to 50,000" in text
    assert "note: BASELINE ends at env step 50,000, NEW at env step 100,000: compared at BASELINE's end" in text


def test_the_evaluation_before_training_counts_only_where_it_is_the_only_one(result, gate):
    old, new = result("old", upto=0), result("new", seeds=OTHER)
    code, text = gate(old, new)
    assert code == 1 and text.startswith("incomplete: no common step after training began: BASELINE ends at env step 0")
    code, text = gate(old, result("fresh", seeds=OTHER, upto=0))
    assert code == 0 and "compared at env step 0" in text
    assert gate(new, old, "--allow-shorter")[0] == 1


def test_a_missing_task_fails_unless_it_may_be_missing(result, gate):
    old, new = result("old"), result("new", tasks=("cheetah-run",), seeds=OTHER)
    for flags in ((), ("--strict",)):
        code, text = gate(old, new, *flags)
        assert code == 1
        assert text.splitlines()[0] == "incomplete: missing in NEW: walker-run, sac (--allow-missing walker-run)"
    code, text = gate(old, new, "--allow-missing", "walker-run")
    assert code == 0 and "note: missing in NEW, as allowed: walker-run, sac" in text


def test_a_name_that_may_be_missing_is_one_of_the_baseline(result, gate, capsys):
    old = result("old")
    assert cli.main(["compare", old, old, "--metric", "return", "--allow-missing", "walker-rum"]) == 2
    assert ("--allow-missing: 'walker-rum' is no task, variant or UTD of BASELINE; did you mean 'walker-run'? "
            "there are cheetah-run, walker-run, sac") in capsys.readouterr().err


def test_fewer_seeds_are_a_note(result, gate):
    code, text = gate(result("old"), result("new", seeds=range(10, 14)))
    assert code == 0 and "note: NEW has 4 seeds, BASELINE 5 (cheetah-run, sac; walker-run, sac)" in text


def broken(seed, step, value):
    return float("nan") if seed % 10 == 2 and step >= 60_000 else value


def test_a_lane_that_is_newly_not_finite_fails(result, gate):
    old, new = result("old"), result("new", seeds=OTHER, shape=broken)
    for flags in ((), ("--strict",)):
        code, text = gate(old, new, *flags)
        assert code == 1
        assert text.startswith("regressed: return of cheetah-run, sac (1 of 5 lanes newly not finite, seed 12); return")


def test_where_the_baseline_has_such_a_lane_the_rank_test_decides(result, gate):
    code, text = gate(result("old", shape=broken), result("new", seeds=OTHER, shape=broken))
    assert code == 0 and "newly" not in text and "not finite: 1 -> 1" in text


def test_small_returns_have_small_margins(result, gate):
    """38 beside 0 on a task whose range is not known."""
    old = result("old", tasks=("swimmer",), height=38.0)
    code, text = gate(old, result("new", tasks=("swimmer",), seeds=OTHER, height=0.0))
    assert code == 1 and text.startswith("regressed: return of swimmer, sac\n")
    assert gate(old, result("third", tasks=("swimmer",), seeds=OTHER, height=25.0))[0] == 1
    assert gate(old, result("same", tasks=("swimmer",), seeds=OTHER, height=38.0))[0] == 0


def test_a_margin_of_a_share_and_of_one_task(result, gate, capsys):
    old, new = result("old"), result("new", seeds=OTHER, height=333.0)
    assert gate(old, new, "--margin", "return=40%")[0] == 0
    code, text = gate(old, new, "--margin", "return=40%,return:walker-run=20")
    assert code == 1 and text.startswith("regressed: return over all cells; return of walker-run, sac\n")
    assert "margin 40% of BASELINE's mean; walker-run 20" in text
    assert cli.main(["compare", old, new, "--metric", "return", "--margin", "return:walker=3"]) == 2
    assert ("--margin: 'walker' is no task of BASELINE; did you mean 'walker-run'? it has cheetah-run, walker-run"
            ) in capsys.readouterr().err


def test_returns_of_other_scales_are_not_put_together(result):
    """halfcheetah's returns have no bound: 10,000 beside 500 would drown the other tasks."""
    tasks = (*TASKS, "halfcheetah")
    old, new = result("old", tasks=tasks), result("new", tasks=tasks, seeds=OTHER)
    found = compare(CompareRequest(old, new, metrics=("return",)))
    (pooled,) = [row for row in found.rows if row.cell is None]
    assert pooled.label == "cells with returns from 0 to 1000" and pooled.cells == (2, 2)
    assert [row.cell.task for row in found.rows if row.leading and row.cell] == ["halfcheetah"]


def test_an_undecided_task_that_is_in_no_row_over_cells_decides(result, tmp_path):
    """However equal the other tasks are, the whole is not called equal."""
    old = result("old", tasks=(*TASKS, "halfcheetah"))
    result("both/equal", seeds=OTHER)
    result("both/spread", tasks=("halfcheetah",), seeds=OTHER,
           shape=lambda seed, step, value: value * (1 + (seed % 5 - 2) / 5))
    found = compare(CompareRequest(old, str(tmp_path / "both"), metrics=("return",), strict=True))
    assert [row.decision for row in found.rows if row.leading] == ["equal", "undecided"]
    assert (found.decision, found.exit_code) == ("undecided", 1)
    assert describe(found).startswith("undecided: no regression found, and none ruled out; return of halfcheetah, sac")


def test_curves_on_other_grids_are_compared_at_near_steps(result, gate):
    """10,000 and 9,999 are one place; only steps 0 and 1 are common to both."""
    old = result("old", steps=lambda step: max(1, step))
    new = result("new", seeds=OTHER, height=333.0, steps=lambda step: max(1, step - step // 10_000))
    code, text = gate(old, new)
    assert code == 1 and text.startswith("regressed: ")
    assert "compared at env step 80,000 to 100,000 of BASELINE and env step 79,992 to 99,990 of NEW" in text
    assert gate(old, result("same", seeds=range(5), steps=lambda step: max(1, step - step // 10_000)))[0] == 0


def test_grids_that_meet_early_only_are_not_called_compared(result, gate):
    old = result("old")
    new = result("new", seeds=OTHER, steps=lambda step: step if step <= 10_000 else step - 4_000)
    code, text = gate(old, new)
    assert code == 1 and "NEW ends at env step 96,000, BASELINE at env step 100,000" in text
    code, text = gate(old, new, "--allow-shorter")
    assert code == 0 and "compared at env step 10,000" in text
    assert "note: the last evaluation that all lanes have is at env step 10,000, the end at env step 96,000" in text


def test_every_output_names_the_place_and_has_no_holes(result):
    old, new = result("old"), result("new", tasks=("cheetah-run",), seeds=OTHER)
    found = compare(CompareRequest(old, new, metrics=("return",)))
    for text in (describe(found), markdown(found), junit(found)):
        assert "at env step 80,000 to 100,000" in text and "UTD <" not in text and "UTD \"" not in text
    saved = json.loads(json.dumps(record(found), allow_nan=False))
    assert saved["failures"] == [{"kind": "missing", "text": "missing in NEW: walker-run, sac (--allow-missing "
                                  "walker-run)"}]
    (row,) = saved["rows"]
    assert row["env_step"] == {"baseline": [80_000, 100_000], "new": [80_000, 100_000]} and row["update"] is None
    suites = ET.fromstring(junit(found).encode())
    assert [suite.get("name") for suite in suites] == ["completeness", "return"]
    assert (suites.get("tests"), suites.get("failures")) == ("2", "1")
    case = suites.find("testsuite[@name='return']/testcase")
    assert case.get("name") == "sac" and float(case.get("time")) > 0.0 and float(suites.get("time")) > 0.0
    assert suites.get("timestamp").endswith("+00:00")


@pytest.fixture
def measured(tmp_path, fake_run):
    """`measured(name, q, ...)`: a run of eight lanes whose critics say `q` in every row."""

    def make(name, q, seeds=range(8)):
        run = fake_run(tasks=("cheetah-run",), variants=("sac",), seeds=tuple(seeds))
        for seed in seeds:
            for env_step in (0, 1_000, 2_000):
                where = ("cheetah-run", "sac", "1", seed, env_step, env_step)
                run.add("scores", *where, return_mean=100.0 + seed % 8, episodes=10)
                run.add("values", *where, q_replay_mean=q + seed % 8 / 1_000)
        return str(run.write(tmp_path / name))

    return make


def test_a_q_of_the_other_sign_is_a_regression(measured):
    old, new = measured("old", 10.0), measured("new", -10.0, seeds=range(10, 18))
    found = compare(CompareRequest(old, new))
    assert (found.decision, found.exit_code) == ("regressed", 1)
    (row,) = [row for row in found.rows if row.metric == "q"]
    assert row.difference.effect == pytest.approx(-8.0, abs=0.001)
    assert record(found)["rows"][1]["new"] == pytest.approx(-10.0, abs=0.01)
    assert "at env step 2,000, update 2,000" in describe(found)


def test_a_q_that_falls_below_zero_is_compared_by_its_size(measured):
    """-100 beside -10 is a decade lower, and -10 beside -10 is equal."""
    old = measured("old", -10.0)
    found = compare(CompareRequest(old, measured("new", -100.0, seeds=range(10, 18)), metrics=("q",)))
    assert found.decision == "regressed" and found.rows[0].difference.effect == pytest.approx(-1.0, abs=0.001)
    assert compare(CompareRequest(old, measured("same", -10.0, seeds=range(10, 18)))).decision == "equal"


def test_a_metric_that_new_lacks_fails(measured, tmp_path, fake_run):
    run = fake_run(tasks=("cheetah-run",), variants=("sac",))
    for seed in range(10, 18):
        for env_step in (0, 1_000, 2_000):
            run.add("scores", "cheetah-run", "sac", "1", seed, env_step, env_step, return_mean=100.0 + seed % 8)
    old, new = measured("old", 10.0), str(run.write(tmp_path / "new"))
    found = compare(CompareRequest(old, new))
    assert (found.decision, found.exit_code) == ("incomplete", 1)
    assert describe(found).startswith("incomplete: NEW has no q of cheetah-run, sac, UTD 1; --metric can leave it out")
    assert compare(CompareRequest(old, new, metrics=("return",))).exit_code == 0


def test_planned_lengths_that_differ_are_refused_unless_allowed(measured):
    old, new = measured("old", 10.0), measured("new", 10.0, seeds=range(10, 18))
    for folder, steps in ((old, 2_000), (new, 4_000)):
        path = f"{folder}/card.json"
        with open(path) as file:
            card = json.load(file)
        card["settings"]["steps"] = steps
        with open(path, "w") as file:
            json.dump(card, file)
    with pytest.raises(UsageError, match="env steps is 2,000 in BASELINE and 4,000 in NEW .*; --allow-shorter"):
        compare(CompareRequest(old, new))
    assert compare(CompareRequest(old, new, allow_shorter=True)).exit_code == 0
