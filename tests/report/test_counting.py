"""What counts in tables, aggregates, pictures and comparisons, and that what does not is named."""

import json
import math

import pytest

from divbench import cli
from divbench.report.build import contents
from divbench.report.compare import Incomparable, compare
from divbench.report.compare.request import CompareRequest
from divbench.report.counting import count_lanes
from divbench.report.evidence import gather, weigh
from divbench.report.layout import overall_table, q_table
from divbench.report.page.payload import make_payload
from divbench.report.series import Cell, Series

CELL = Cell("dog-run", "sac", "")
HEADER = "exp_name,env_name,seed,metric,env_step,value\n"


def lane(*values, every=10, column="return_mean"):
    return Series(tuple((every * place, -1) for place in range(len(values))), {column: tuple(values)})


def rising(count, seed=0.0):
    return lane(*(place + seed / 10 for place in range(count)))


def test_a_lane_that_ends_before_half_of_the_way_is_left_out_and_named():
    lanes = {0: rising(11), 1: rising(11, 1), 2: rising(1, 2), 3: rising(5, 3), 4: rising(6, 4)}
    found = count_lanes({CELL: lanes}, finished=True)
    assert list(found.cells[CELL]) == [0, 1, 4]
    assert found.notes == (
        "dog-run, sac: seed 2 ends at env step 0, the furthest at env step 100; it is left out",
        "dog-run, sac: seed 3 ends at env step 40, the furthest at env step 100; it is left out",
        "dog-run, sac: seed 4 ends at env step 50, the furthest at env step 100; the cell counts where all of its "
        "lanes have been")


def test_in_a_growing_folder_no_lane_is_short():
    lanes = {0: rising(11), 1: rising(1, 1)}
    assert count_lanes({CELL: lanes}, finished=False) == count_lanes({CELL: lanes}, finished=False)
    assert list(count_lanes({CELL: lanes}, finished=False).cells[CELL]) == [0, 1]


def test_lanes_that_make_updates_alone_are_short_by_updates():
    def priming(count, seed):
        return Series(tuple((1_000, 500 * place) for place in range(count)),
                      {"q_replay_mean": tuple(seed + place for place in range(count))})

    found = count_lanes({CELL: {0: priming(9, 0.0), 1: priming(3, 0.5)}}, finished=True)
    assert list(found.cells[CELL]) == [0] and "update 1,000, the furthest at" in found.notes[0]


def test_a_copied_lane_counts_once_and_is_named():
    lanes = {0: rising(5), 1: rising(5), 2: rising(5, 1)}
    found = count_lanes({CELL: lanes}, finished=True)
    assert list(found.cells[CELL]) == [0, 2]
    assert found.notes == ("dog-run, sac: seed 1 has the rows of seed 0 to the last bit, and is left out",)


@pytest.mark.parametrize("values", [(0.0, 0.0, 0.0, 0.0), (10.0, 10.0, 10.0), (math.nan, math.nan, 1.0)])
def test_lanes_that_earn_the_same_all_the_time_are_no_copies(values):
    found = count_lanes({CELL: {0: lane(*values), 1: lane(*values)}}, finished=True)
    assert list(found.cells[CELL]) == [0, 1] and not found.notes


@pytest.fixture
def imported(tmp_path, capsys):
    """`imported(name, rows, ...)`: a result folder of SimBa's layout."""

    def make(name, rows, *flags):
        file = tmp_path / f"{name}.csv"
        file.write_text(HEADER + "".join(",".join(map(str, row)) + "\n" for row in rows))
        assert cli.main(["import", str(file), "--action-repeat", "1", "--out", str(tmp_path / name), *flags]) == 0
        capsys.readouterr()
        return tmp_path / name

    return make


def curves(method, task, height, metric="avg_return", seeds=range(5), upto=100_000):
    return [(method, task, seed, metric, step, height * step / 100_000 + seed + 0.1)
            for seed in seeds for step in range(0, upto + 1, 10_000)]


def test_one_lane_that_ended_at_its_first_evaluation_does_not_move_its_task_to_step_0(imported, capsys):
    rows = [row for task in ("dog-run", "cheetah-run") for method, height in (("sac", 800), ("ofn", 850))
            for row in curves(method, task, height)]
    short = [row for row in rows if row[:3] != ("sac", "dog-run", 4) or row[4] == 0]
    folder = imported("short", short)
    evidence = gather(folder)
    (iqm,) = [row.iqm.effect for row in evidence.overall.rows if row.variant == "sac"]
    assert iqm == pytest.approx(802.0, abs=1.0) and evidence.overall.places == ((100_000, 0), (100_000, 0))
    note = "dog-run, sac: seed 4 ends at env step 0, the furthest at env step 100,000; it is left out"
    assert evidence.notes == (note,)
    files = contents(evidence)
    assert note.encode() in files["summary.md"] and "all_tasks.png" in files
    facts = dict(map(tuple, make_payload([evidence])["runs"][0]["facts"]))
    assert facts["note"] == note
    assert cli.main(["report", str(folder)]) == 0 and "note: dog-run, sac: seed 4 ends at" in capsys.readouterr().out
    assert cli.main(["report", str(folder), "--json"]) == 0 and json.loads(capsys.readouterr().out)["notes"] == [note]


@pytest.mark.parametrize("spelling", ["HalfCheetah-v4", "halfcheetah", "push"])
def test_a_task_of_another_or_unknown_range_is_in_no_pooled_number_however_it_is_spelled(imported, spelling):
    rows = [row for task in ("cheetah-run", "walker-run") for method, height in (("a", 800), ("b", 400))
            for row in curves(method, task, height)]
    before = gather(imported("before", rows)).overall
    rows += [row for method, height in (("a", 9_000), ("b", 12_000)) for row in curves(method, spelling, height)]
    found = gather(imported("after", rows)).overall
    assert found.rows == before.rows and found.unlike == (spelling,)
    note = f"without {spelling}, whose returns have another scale, or one that is not known"
    assert note in overall_table(found).note


def test_a_task_that_returns_more_than_its_name_allows_is_of_another_range(imported):
    rows = [row for task, height in (("cheetah-run", 800), ("walker-run", 700), ("dog-run", 5_000))
            for row in curves("a", task, height)]
    assert gather(imported("out", rows)).overall.unlike == ("dog-run",)


def test_tasks_of_no_known_range_are_named_where_nothing_is_pooled(imported):
    evidence = gather(imported("out", curves("a", "Ant-v4", 4_000) + curves("a", "push", 300)))
    assert evidence.overall.rows == () and evidence.notes == (
        "no numbers over all tasks: without Ant-v4, push, whose returns have another scale, or one that is not known",)


def test_a_success_rate_is_called_one_and_has_its_own_range(imported):
    rows = [(method, task, seed, "avg_success", 1_000, value * (1 + seed) / 5) for task in ("push", "reach")
            for method, value in (("a", 0.9), ("b", 0.6)) for seed in range(5)]
    evidence = gather(imported("out", rows, "--metric", "avg_success"))
    found = evidence.overall
    assert (found.metric, found.target, found.unlike) == ("avg_success", 1.0, ())
    assert found.rows[0].optimality_gap.effect == pytest.approx(1 - 0.9 * 0.6)
    files = contents(evidence)
    text = files["summary.md"].decode()
    assert "Avg_success of 2 tasks" in text and "optimality gap: to 1.00" in text
    assert " avg_success |" in text and " return " not in text
    (column,) = [column for column in make_payload([evidence])["columns"] if column["name"] == "return_mean"]
    assert column["label"] == "avg_success"


def test_a_success_rate_is_not_compared_with_a_return(imported):
    rates = [("a", "push", seed, "avg_success", step, 0.5 + seed / 100) for seed in range(5) for step in (0, 1_000)]
    old = imported("old", rates, "--metric", "avg_success")
    with pytest.raises(Incomparable, match="metric of the scores is avg_success in BASELINE and return in NEW"):
        compare(CompareRequest(str(old), str(imported("other", curves("a", "push", 1))), metrics=("return",)))
    worse = [(*row[:2], row[2] + 10, *row[3:5], row[5] / 2) for row in rates]
    new = imported("new", worse, "--metric", "avg_success")
    found = compare(CompareRequest(str(old), str(new), metrics=("return",)))
    assert found.decision == "regressed" and found.rows[0].margin == pytest.approx(0.052)
    assert any("compared as return are avg_success" in note for note in found.notes)


def test_the_gate_names_copied_lanes(imported):
    rows = curves("a", "dog-run", 500)
    copied = [*curves("a", "dog-run", 500, seeds=range(4)), *((*row[:2], 9, *row[3:]) for row in rows if row[2] == 0)]
    found = compare(CompareRequest(str(imported("old", rows)), str(imported("new", copied)), metrics=("return",)))
    assert "NEW: dog-run, a: seed 9 has the rows of seed 0 to the last bit" in found.notes


def test_a_variant_that_exploded_is_not_the_best_in_the_table_of_q(fake_run):
    """It broke at its first update: its last finite Q is that of fresh weights, 10 times smaller than any other."""
    run = fake_run(tasks=("pendulum-swingup",), variants=("baseline", "fast"), seeds=(0, 1))
    for variant, q in (("baseline", 1.0), ("fast", 0.1)):
        for seed in run.seeds:
            for update in (0, 500):
                broken = {"nonfinite": "learner", "nonfinite_step": 0, "nonfinite_update": 1}
                run.add("values", "pendulum-swingup", variant, "1", seed, 0, update, q_replay_mean=q, q_bound=100.0,
                        **(broken if variant == "fast" and update else {}))
    evidence = weigh(run.tables(), None)
    baseline, fast = evidence.q
    assert (baseline.reference_ratio, fast.reference_ratio) == (1.0, None)
    table = q_table(evidence.q)
    assert table.rows[1][table.headings.index("baseline / this")] == "2 not finite"


def test_a_reference_that_broke_makes_no_other_variant_look_worse(fake_run):
    run = fake_run(tasks=("t",), variants=("baseline", "ofn", "small"), seeds=(0, 1))
    for variant, q in (("baseline", 50.0), ("ofn", 100.0), ("small", 5.0)):
        for seed in run.seeds:
            for update in (0, 500):
                run.add("values", "t", variant, "1", seed, 0, update,
                        q_replay_mean=math.nan if (variant, seed, update) == ("baseline", 1, 500) else q)
    _, ofn, small = weigh(run.tables(), None).q
    assert ofn.reference_ratio is None and small.reference_ratio == pytest.approx(10.0)


def test_the_page_counts_as_the_tables_do(imported):
    """A short lane is drawn, and has no part in its cell's middle, nor in what the cell came to."""
    rows = [row for row in curves("sac", "dog-run", 800) if row[2] != 4 or row[4] == 0]
    evidence = gather(imported("out", rows))
    found = make_payload([evidence])
    (outcome,) = found["outcomes"]["return_mean"]
    assert (outcome["step"], outcome["of"]) == (100_000, 4) and outcome["low"] == "800"
    assert len([text for text in found["curves"]["return_mean"] if text]) == 5
    (score,) = found["scores"]
    assert score["mean"].startswith("802 ")
