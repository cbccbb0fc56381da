"""Shares of bounds over lanes, and what reports say and draw of bounds."""

import json
import math

import pytest

from divbench import cli
from divbench.records.journal import Journal
from divbench.report.aggregate import Q_COLUMNS, q_rows
from divbench.report.bounds import ANY, BOUND, NAMES, SHORT, Share, share_of
from divbench.report.curves import bound_entries, make_panels
from divbench.report.evidence import weigh
from divbench.report.layout import q_table
from divbench.report.page.payload import make_payload
from divbench.report.series import read_cells

NAN = math.nan


@pytest.mark.parametrize(("lanes", "expected"), [
    ([(50.0, 0.0, 100.0, 0.0)], Share(0.5)),
    ([(50.0, NAN, 100.0, NAN)], Share(0.5)),  # an older table, or results from elsewhere
    ([(-300.0, 0.0, 420.0, 0.0)], Share(1.0 + 300.0 / 420.0, beyond=True)),
    ([(104.0, 0.0, 100.0, 0.0)], Share(1.04)),
    ([(140.0, 0.0, 100.0, 1.0)], Share(1.4)),  # the range is only the one seen
    ([(160.0, 0.0, 100.0, 1.0)], Share(1.6, beyond=True)),
    ([(-80.0, -500.0, -321.0, 0.0)], Share(None, short=True)),
    ([(-80.0, -500.0, -321.0, 0.0), (-400.0, -500.0, -321.0, 0.0)], Share(0.8)),
    ([(10.0, 0.0, 100.0, 0.0), (30.0, 0.0, 100.0, 0.0), (900.0, 0.0, 100.0, 0.0)], Share(0.3)),
    ([(NAN, 0.0, 100.0, 0.0)], Share(None)),
    ([], Share(None)),
])
def test_the_share_of_several_lanes(lanes, expected):
    found = share_of(lanes)
    assert found.share == (None if expected.share is None else pytest.approx(expected.share))
    assert (found.beyond, found.short) == (expected.beyond, expected.short)


def shifted(fake_run):
    """One lane whose rewards are shifted by -5, on its way from 0 to its bounds; another within its own."""
    run = fake_run(variants=("shifted", "plain"), seeds=(0,))
    for update, q in ((0, 0.0), (100, -80.0)):
        run.add("values", "t", "shifted", "1", 0, 1_000, update, q_replay_mean=q, q_bound=-321.0, q_bound_low=-500.0)
        run.add("values", "t", "plain", "1", 0, 1_000, update, q_replay_mean=-q, q_bound=100.0, q_bound_low=-10.0)
    return run.tables()


def test_a_table_shows_no_ratio_where_there_is_none(fake_run):
    table = q_table(q_rows(read_cells(shifted(fake_run).values, Q_COLUMNS)))
    cells = {row[1]: row[table.headings.index("Q/bound")] for row in table.rows}
    assert cells == {"shifted": SHORT, "plain": "0.800"}
    assert "between 0, where a critic starts, and both bounds" in table.note and "any policy" not in table.note


def test_a_page_has_the_same_shares(fake_run, tmp_path):
    found = make_payload([weigh(shifted(fake_run), tmp_path)])
    outcomes = {found["cells"][row["cell"]]["variant"]: row for row in found["outcomes"]["q_replay_mean"]}
    assert {name: (row["share"], row["short"]) for name, row in outcomes.items()} == {
        "shifted": ("-", True), "plain": ("0.800", False)}


def measured(fake_run, any_policy):
    run = fake_run(variants=("baseline",), seeds=(0, 1))
    for seed in (0, 1):
        for update in (0, 100):
            run.add("values", "t", "baseline", "1", seed, 1_000, update, q_replay_mean=3.0, q_bound=50.0 + seed,
                    q_bound_low=0.0, q_bound_any=any_policy + seed)
    return run.tables()


@pytest.mark.parametrize(("any_policy", "names"), [
    (93.0, [BOUND, ANY]), (50.0, [BOUND]), (NAN, [BOUND])])  # a second line only where it is another
def test_pictures_and_pages_have_a_second_line_for_any_policy(fake_run, tmp_path, any_policy, names):
    tables = measured(fake_run, any_policy)
    cells = read_cells(tables.values, ("q_replay_mean", BOUND, ANY))
    panels = make_panels(cells, "q_replay_mean", "mean Q", by_updates=True)
    assert [label for label, _ in bound_entries(panels)] == [NAMES[name] for name in names]
    assert panels[0].bound == ([0.0, 100.0], [51.0, 51.0])
    assert panels[0].bound_any == (([0.0, 100.0], [94.0, 94.0]) if ANY in names else ([], []))
    found = make_payload([weigh(tables, tmp_path)])
    assert [bound["name"] for bound in found["bounds"] if bound["name"] in found["curves"]] == names
    assert [bound["label"] for bound in found["bounds"]] == list(NAMES.values())


def growing(run, path):
    """The folder of a run that goes on, which `divbench report` judges itself."""
    (path / "groups" / "g").mkdir(parents=True)
    (path / "card.json").write_text(json.dumps(run.card()))
    journal = Journal(path / "groups" / "g" / "journal.jsonl")
    journal.append("values", run.rows["values"])
    journal.close()
    return str(path)


def test_the_command_says_the_same_in_all_its_files(fake_run, tmp_path, capsys):
    """TD3 far below its bounds, a lane that outgrew the rewards it has seen, one whose optimizer broke."""
    run = fake_run(variants=("td3", "outgrown", "broken"), seeds=(0,), finished=None)
    bounds = {"td3": (0.0, 420.0, 0.0), "outgrown": (0.0, 100.0, 1.0), "broken": (0.0, 420.0, 0.0)}
    for variant, last in (("td3", -300.0), ("outgrown", 140.0), ("broken", 4e14)):
        for update in (0, 100, 200):
            low, high, seen = bounds[variant]
            broken = {"nonfinite": "optimizer", "nonfinite_step": 1_000, "nonfinite_update": 170} \
                if (variant, update) == ("broken", 200) else {}
            q = last if update else 0.0
            run.add("values", "t", variant, "1", 0, 1_000, update, q_replay_mean=q, q_policy_mean=q, q_bound_low=low,
                    q_bound=high, bound_seen=seen, **broken)
    folder = growing(run, tmp_path / "run")
    assert cli.main(["report", folder, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert {lane["variant"]: lane["verdict"] for lane in answer["verdicts"]} == {
        "td3": "diverged", "outgrown": "stable", "broken": "exploded"}
    shares = {row["variant"]: (row["bound_ratio"], row["bound_beyond"]) for row in answer["q"]}
    assert shares["td3"] == (pytest.approx(1.0 + 300.0 / 420.0), True) and shares["outgrown"] == (1.4, False)
    lanes = (tmp_path / "run" / "report" / "lanes.md").read_text()
    assert "its share of the bound is 1.71" in lanes
    assert "the optimizer went non-finite at update 170" in lanes
    assert "1.4 times the most that the rewards seen so far allow (100)" in lanes
    summary = (tmp_path / "run" / "report" / "summary.md").read_text()
    assert " 1.71 " in summary and "the optimizer went non-finite first" in summary
