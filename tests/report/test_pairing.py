"""Seeds as pairs: the sign test, what counts as a win, and runs whose seeds are no pairs."""

import csv
import dataclasses
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from divbench import cli
from divbench.report.build import report
from divbench.report.evidence import weigh
from divbench.report.layout import overall_table
from divbench.report.markdown import overall_csv
from divbench.report.pairing import Wins, count_wins, key_rule, sign_test, why_unpaired

TASKS, VARIANTS = ("cheetah-run", "walker-run"), ("baseline", "ofn")


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_sign_test_is_the_exact_binomial_one(wins, losses):
    expected = binomtest(wins, wins + losses, 0.5).pvalue if wins + losses else 1.0
    assert sign_test(wins, losses) == pytest.approx(expected, rel=1e-12)


def test_worked_out_by_hand():
    assert (sign_test(8, 0), sign_test(7, 1), sign_test(4, 4)) == (2 / 256, 18 / 256, 1.0)
    found = count_wins({0: 1.0, 1: 5.0, 2: 2.0, 9: 7.0}, {0: 0.0, 1: 6.0, 2: 2.0, 8: 1.0})
    assert found == Wins(1, 1, 1) and found.text() == "1 of 3, 1 equal, p 1"
    assert Wins(7, 1, 0).text() == "7 of 8, p 0.07" and Wins(0, 0, 0).text() == "-"


def test_which_cards_have_pairs():
    assert why_unpaired({"key_generation": 2}) == ""
    assert why_unpaired({}).startswith("key generation 1,")
    assert why_unpaired({"imported": {}}).startswith("imported results")


def test_lanes_are_paired_by_the_rule_that_their_card_names():
    offline = {"key_generation": 2, "settings": {"dataset_checksum": "5af3"}}
    assert (key_rule({"key_generation": 2, "settings": {}}), key_rule(offline)) == ("2", "2 5af3")
    assert key_rule({"settings": {}}) == key_rule({"imported": {}, "settings": {}}) == ""


@pytest.fixture
def run(fake_run):
    """OFN beats plain SAC in three of four seeds of one task, and in two of four of the other."""
    made = fake_run(tasks=TASKS, variants=VARIANTS, seeds=(0, 1, 2, 3))
    for task, gains in zip(TASKS, ((1.0, 1.0, 1.0, -1.0), (1.0, 1.0, 0.0, -1.0)), strict=True):
        for seed, gain in enumerate(gains):
            for variant in VARIANTS:
                made.add("scores", task, variant, "1", seed, 20, 20,
                         return_mean=100.0 * seed + (gain if variant == "ofn" else 0.0))
    return made


def weighed(run, **card):
    tables = run.tables()
    return weigh(dataclasses.replace(tables, card=tables.card | card), None)


def test_wins_by_seed_over_all_tasks(run):
    found = weighed(run, key_generation=2).overall
    assert [row.wins for row in found.rows] == [None, Wins(5, 2, 1)]
    table = overall_table(found)
    place = table.headings.index("wins by seed")
    assert [row[place] for row in table.rows] == ["-", "5 of 8, 1 equal, p 0.45"]
    assert "with the exact two-sided sign test" in table.note and "no wins by seed" not in table.note
    first, second = csv.DictReader(io.StringIO(overall_csv(found.rows)))
    assert (first["wins"], second["wins"], second["losses"], second["ties"]) == ("", "5", "2", "1")
    assert float(second["sign_test"]) == pytest.approx(58 / 128)
    unpaired = weighed(run).overall
    assert [row.improvement for row in unpaired.rows] == [row.improvement for row in found.rows]


@pytest.mark.parametrize(("card", "reason"), [
    ({}, "no wins by seed: key generation 1, in which variants"),
    ({"imported": {}}, "no wins by seed: imported results"),
])
def test_without_pairs_the_column_is_empty_and_says_why(run, tmp_path, card, reason):
    table = overall_table(weighed(run, **card).overall)
    place = table.headings.index("wins by seed")
    assert {row[place] for row in table.rows} == {"-"} and reason in table.note
    path = run.write(tmp_path / "run")
    (path / "card.json").write_text(json.dumps(run.card() | card))
    report(path, quiet=True)
    assert reason in (path / "report" / "summary.md").read_text()


def test_compare_refuses_pairs_of_two_key_rules(run, tmp_path, capsys):
    folders = []
    for name, card in (("old", {}), ("new", {"key_generation": 2})):
        path = run.write(tmp_path / name)
        (path / "card.json").write_text(json.dumps(run.card() | card))
        folders.append(str(path))
    assert cli.main(["compare", *folders, "--metric", "return"]) == 0
    assert cli.main(["compare", *folders[:1], *folders[:1], "--metric", "return", "--paired"]) == 0
    capsys.readouterr()
    assert cli.main(["compare", *folders, "--metric", "return", "--paired"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "--paired: expected equal key generations, found 1 in BASELINE and 2 in NEW" in line
    assert "leave --paired out" in line
