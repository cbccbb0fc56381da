"""All tasks together: which lanes and steps enter, what a table, a CSV and LaTeX say of them."""

import csv
import io
import math

import pytest

from divbench.report.evidence import weigh
from divbench.report.latex import escaped, latex_table
from divbench.report.layout import overall_table
from divbench.report.markdown import overall_csv
from divbench.report.overall import efficiency_curves, overall, profiles
from divbench.report.overall_figure import overall_figure
from divbench.report.series import read_cells
from divbench.statistics import aggregates as stats
from divbench.statistics.coverage import COVERAGE, coverage

TASKS, VARIANTS = ("cheetah-run", "walker-run"), ("baseline", "ofn")


@pytest.fixture
def two_tasks(fake_run):
    """Returns 100 * task + 10 * variant + seed at step 20, a tenth of it at step 10."""
    run = fake_run(tasks=TASKS, variants=VARIANTS, seeds=(0, 1, 2, 3))
    for i, task in enumerate(TASKS):
        for j, variant in enumerate(VARIANTS):
            for seed in run.seeds:
                final = 100.0 * (i + 1) + 10.0 * j + seed
                for step, share in ((10, 0.1), (20, 1.0)):
                    run.add("scores", task, variant, "1", seed, step, step, return_mean=share * final)
    return run


def returns(run):
    return read_cells(run.tables().scores, ("return_mean",), (run.tasks, run.variants, run.utd))


def test_aggregates_are_those_of_the_last_common_step(two_tasks):
    found = overall(returns(two_tasks))
    assert (found.tasks, found.missing, found.places) == (TASKS, (), ((20, 0), (20, 0)))
    assert [(row.variant, row.utd, row.seeds, row.lost) for row in found.rows] == [
        ("baseline", "1", 4, 0), ("ofn", "1", 4, 0)]
    expected = stats.aggregate([[110.0, 111.0, 112.0, 113.0], [210.0, 211.0, 212.0, 213.0]])
    assert {name: getattr(found.rows[1], name) for name in stats.AGGREGATES} == expected
    assert expected["iqm"].effect == expected["mean"].effect == 161.5
    assert found.rows[0].improvement is None and found.rows[1].improvement.effect == 1.0
    assert found.reference == ("baseline", "1") and "4 seeds" in found.note


def test_one_task_is_not_put_together(two_tasks):
    two_tasks.rows["scores"] = [row for row in two_tasks.rows["scores"] if row["task"] == TASKS[0]]
    assert overall(returns(two_tasks)).rows == ()


def test_a_lane_behind_moves_its_task_back(two_tasks):
    rows = two_tasks.rows["scores"]
    rows.remove(next(row for row in rows if (row["task"], row["seed"], row["env_step"]) == (TASKS[1], 2, 20)))
    found = overall(returns(two_tasks))
    assert found.places == ((20, 0), (10, 0))
    assert found.rows[0].mean.effect == pytest.approx((101.5 + 20.15) / 2)


def test_groups_that_prime_are_put_together_where_the_one_behind_is(two_tasks, fake_run):
    """All evaluations of priming, and offline all there are, stand at one env step; UTD tells nothing about them."""
    run = fake_run(tasks=TASKS, variants=VARIANTS, seeds=(0, 1, 2))
    for task in TASKS:
        for variant, utd, reached in (("baseline", "1", (0, 500)), ("ofn", "8", (0, 500, 1_000))):
            for seed in run.seeds:
                for update in reached:
                    run.add("scores", task, variant, utd, seed, 60, update, return_mean=float(update + seed))
    found = overall(returns(run))
    assert found.places == ((60, 500), (60, 500)) and [row.mean.effect for row in found.rows] == [501.0, 501.0]
    assert "at env step 60 after 500 updates without acting, with bootstrap" in overall_table(found).note
    assert "at env step 20, with" in overall_table(overall(returns(two_tasks))).note
    for task in TASKS:  # both act: an update is not the same at UTD 1 and 8
        for variant, utd, update in (("baseline", "1", 1_040), ("ofn", "8", 1_320)):
            for seed in run.seeds:
                run.add("scores", task, variant, utd, seed, 100, update, return_mean=7.0)
    assert overall(returns(run)).places == ((100, 0), (100, 0))


def test_a_task_that_one_variant_lacks_is_named_and_left_out(two_tasks):
    for seed in two_tasks.seeds:
        two_tasks.add("scores", "hopper-hop", "ofn", "1", seed, 20, 20, return_mean=999.0)
    found = overall(returns(two_tasks))
    assert (found.tasks, found.missing) == (TASKS, ("hopper-hop",))
    assert "not every variant has hopper-hop" in overall_table(found).note


def test_tasks_of_another_scale_are_named_and_left_out(two_tasks):
    before = overall(returns(two_tasks))
    for task in ("halfcheetah", "constant-reward"):
        for variant in VARIANTS:
            for seed in two_tasks.seeds:
                two_tasks.add("scores", task, variant, "1", seed, 20, 20, return_mean=9_000.0)
    found = overall(returns(two_tasks))
    assert found.unlike == ("halfcheetah", "constant-reward") and found.rows == before.rows
    assert "without halfcheetah, constant-reward, whose returns have another scale" in overall_table(found).note


def test_lanes_that_are_not_finite_are_counted(two_tasks):
    for row in two_tasks.rows["scores"]:
        if (row["task"], row["variant"], row["seed"]) == (TASKS[0], "ofn", 1):
            row["return_mean"] = math.nan
    found = overall(returns(two_tasks))
    assert [(row.seeds, row.lost) for row in found.rows] == [(4, 0), (4, 1)]
    assert overall_table(found).rows[1][-1] == "4, 1 lost" and "that broke are lost" in overall_table(found).note
    assert efficiency_curves(returns(two_tasks), TASKS)["ofn", "1"][20].effect == found.rows[1].iqm.effect == stats.iqm(
        [[110.0, 0.0, 112.0, 113.0], [210.0, 211.0, 212.0, 213.0]])


def test_curves_and_profiles(two_tasks):
    cells = returns(two_tasks)
    curve = efficiency_curves(cells, TASKS)["baseline", "1"]
    assert {step: round(e.effect, 9) for step, e in curve.items()} == {10: 15.15, 20: 151.5}
    shares = profiles(cells, overall(cells), [0.0, 150.0, 201.5, 300.0])["baseline", "1"]
    assert [share.effect for share in shares] == [1.0, 0.5, 0.25, 0.0]


def lose_one(run):
    """One lane of ofn earns less than all of baseline's, so that the probability of improvement is below 1."""
    next(row for row in run.rows["scores"] if (row["variant"], row["env_step"]) == ("ofn", 20))["return_mean"] = 99.0


def test_tables_pictures_and_latex_say_what_bootstraps_cover(two_tasks):
    lose_one(two_tasks)
    evidence = weigh(two_tasks.tables(), None)
    covered = {name: math.floor(100 * coverage(name, 2, 3)) for name in COVERAGE}  # of 4 seeds as of 3
    table = overall_table(evidence.overall)
    told = (f"measured coverage, at worst: IQM {covered['iqm']}%, mean {covered['mean']}%, "
            f"median {covered['median']}%, optimality gap {covered['optimality_gap']}%, "
            f"P(better) near one half {covered['improvement']}%")
    assert f"with bootstrap intervals over seeds; {told}; optimality gap: to" in table.note
    assert "measured coverage, at worst: IQM" in latex_table("overall", table, evidence.facts)
    figure = overall_figure(evidence.tables, evidence.facts, evidence.overall)
    (words,) = [text.get_text() for text in figure.texts if "bands" in text.get_text()]
    assert (f"bands: bootstrap over seeds; measured coverage, at worst: interquartile mean {covered['iqm']}%, "
            f"share of lanes near one half {covered['profile']}%") in words
    assert "95" not in table.note + words


def test_the_least_coverage_of_all_rows_is_said(two_tasks):
    """Rows of 5 and of 3 seeds."""
    lose_one(two_tasks)
    for row in list(two_tasks.rows["scores"]):
        if row["variant"] == "ofn" and row["seed"] == 3:
            two_tasks.rows["scores"].remove(row)
        elif row["variant"] == "baseline" and row["seed"] == 3:
            two_tasks.rows["scores"].append({**row, "seed": 4})
    found = overall(returns(two_tasks))
    assert [row.mean.level for row in found.rows] == [coverage("mean", 2, 5), coverage("mean", 2, 3)]
    assert found.rows[1].improvement.level == coverage("improvement", 2, 3)
    assert f"mean {math.floor(100 * coverage('mean', 2, 3))}%" in overall_table(found).note


def test_two_seeds_have_no_interval_and_nothing_is_said_of_its_coverage(two_tasks):
    two_tasks.rows["scores"] = [row for row in two_tasks.rows["scores"] if row["seed"] < 2]
    two_tasks.seeds = (0, 1)
    evidence = weigh(two_tasks.tables(), None)
    note = overall_table(evidence.overall).note
    assert "coverage" not in note and "with bootstrap" not in note and "no bootstrap interval below 3" in note
    figure = overall_figure(evidence.tables, evidence.facts, evidence.overall)
    assert any("no bands below 3 seeds of a task" in text.get_text() for text in figure.texts)


def test_csv_has_four_columns_for_an_estimate(two_tasks):
    first, second = csv.DictReader(io.StringIO(overall_csv(overall(returns(two_tasks)).rows)))
    assert (first["variant"], first["improvement"], second["improvement"]) == ("baseline", "", "1.0")
    assert float(second["iqm_low"]) <= float(second["iqm"]) == 161.5 <= float(second["iqm_high"])
    assert (float(second["iqm_level"]), first["improvement_level"]) == (coverage("iqm", 2, 3), "")


def test_the_figure_has_a_row_for_each_utd(two_tasks, fake_run):
    for row in list(two_tasks.rows["scores"]):
        two_tasks.rows["scores"].append({**row, "utd": "8"})
    two_tasks.utd = ("1", "8")
    evidence = weigh(two_tasks.tables(), None)
    figure = overall_figure(evidence.tables, evidence.facts, evidence.overall)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["UTD 1", "", "UTD 8", ""]
    lines = [line for line in figure.axes[0].get_lines() if len(line.get_xdata())]
    assert [list(line.get_xdata()) for line in lines] == [[10, 20], [10, 20]]
    empty = fake_run()
    evidence = weigh(empty.tables(), None)
    assert overall_figure(evidence.tables, evidence.facts, evidence.overall) is None


def test_latex_takes_names_as_text(two_tasks):
    evidence = weigh(two_tasks.tables(), None)
    text = latex_table("overall", overall_table(evidence.overall), evidence.facts)
    assert text.count(r"\\") == 3 and r"\toprule" in text and text.count("{") == text.count("}")
    assert r"\%, mean" in text and r"action\_repeat" not in text
    assert escaped(r"a_b & 5% of \x{y} <z> ± $1^2~#|") == (
        r"a\_b \& 5\% of \textbackslash{}x\{y\} \textless{}z\textgreater{} $\pm$ "
        r"\$1\textasciicircum{}2\textasciitilde{}\#\textbar{}")


def test_latex_takes_no_name_for_an_argument_of_the_row_before(two_tasks):
    two_tasks.variants = ("baseline", "*[2em]")
    for row in two_tasks.rows["scores"]:
        row["variant"] = row["variant"].replace("ofn", "*[2em]")
    evidence = weigh(two_tasks.tables(), None)
    text = latex_table("overall", overall_table(evidence.overall), evidence.facts)
    assert "\n    {}*[2em] & $1$ &" in text and "\n    baseline & $1$ &" in text


def test_variants_at_utds_of_their_own_and_returns_below_zero_are_drawn(fake_run):
    """As in results of other code: no variant has the other's UTD."""
    run = fake_run(tasks=TASKS, variants=VARIANTS, utd=("1", "8"), seeds=(0, 1))
    for task in TASKS:
        for variant, utd in zip(VARIANTS, run.utd, strict=True):
            for seed in run.seeds:
                for step in (10, 20):
                    run.add("scores", task, variant, utd, seed, step, step, return_mean=-100.0 - step - seed)
    evidence = weigh(run.tables(), None)
    figure = overall_figure(evidence.tables, evidence.facts, evidence.overall)
    curves, profile = figure.axes[0], figure.axes[1]
    assert [len(axes.lines) for axes in figure.axes] == [1, 1, 1, 1]
    assert curves.get_ylim()[0] < -120.0 and profile.get_xlim()[0] == -121.0
    assert profile.lines[0].get_ydata()[0] == 0.5  # of -120 and -121, on two tasks, one each is above -121
