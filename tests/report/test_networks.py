"""Parameters and FLOPs of networks as a table and in lines, from a card."""

import json

from divbench.report.build import report
from divbench.report.facts import read_facts
from divbench.report.networks import network_lines, network_table

CARD = {"networks": [
    {"task": "a-walk", "variants": ["baseline", "ofn"], "network": "mlp 256x256", "critic_parameters": 144_386,
     "actor_parameters": 73_484, "update_flops": 581_566_464},
    {"task": "b-run", "variants": ["baseline", "ofn"], "network": "mlp 256x256", "critic_parameters": 140_000,
     "actor_parameters": 73_484, "update_flops": 581_566_464},
    {"task": "a-walk", "variants": ["own"], "network": "mine:SimBa(width=64)", "critic_parameters": 9_000,
     "actor_parameters": 73_484, "update_flops": 100_000_000},
]}


def test_a_row_for_each_task_and_network():
    table = network_table(CARD)
    assert table.rows[0] == ("a-walk", "baseline, ofn", "mlp 256x256", "144,386", "73,484", "5.82e8")
    assert [row[:2] for row in table.rows[1:]] == [("b-run", "baseline, ofn"), ("a-walk", "own")]
    assert network_table({}).rows == () and network_lines({}) == []


def test_a_line_for_each_network_over_all_tasks():
    assert network_lines(CARD) == [
        "mlp 256x256: critics 140,000 to 144,386 parameters, actor 73,484, 5.82e8 FLOPs an update",
        "mine:SimBa(width=64): critics 9,000 parameters, actor 73,484, 1.00e8 FLOPs an update"]


def test_a_run_that_has_recorded_nothing_yet_names_its_networks_too(fake_run):
    tables = fake_run(finished=None).tables()
    tables.card.update(CARD)
    assert read_facts(tables).network == "mlp 256x256; mine:SimBa(width=64)"


def test_they_are_in_summary_and_page(tmp_path, priming):
    path = priming(seeds=2).write(tmp_path / "run")
    card = json.loads((path / "card.json").read_text())
    (path / "card.json").write_text(json.dumps(card | CARD))
    files = {file.name: file for file in report(path, quiet=True, html=True)}
    for name in ("summary.md", "report.html"):
        assert "144,386" in files[name].read_text()
