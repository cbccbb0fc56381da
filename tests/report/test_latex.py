"""Tables for a paper: numbers in math mode, a label, a caption that says what was measured and how."""

import dataclasses

import pytest

from divbench.report.facts import read_facts
from divbench.report.latex import latex_table
from divbench.report.layout import TextColumn, TextTable


@pytest.fixture
def facts(fake_run):
    return dataclasses.replace(read_facts(fake_run().tables()), protocol="12,000 env steps, 10,000 of them random")


def cells(facts, *texts):
    """How the cells of a row are written."""
    columns = tuple(TextColumn(f"c{place}") for place, _ in enumerate(texts))
    text = latex_table("scores", TextTable("Scores", columns, (texts,), "a note"), facts)
    line = text.splitlines()[text.splitlines().index(r"    \midrule") + 1]
    return line.strip().removesuffix(r" \\").split(" & ")


def test_numbers_are_in_math_mode_and_names_are_not(facts):
    assert cells(facts, "-8,241", "2.71e7", "1.0e-12", "314 ± 89.0", "-1.18e4 [-2e4, 1,200,000]", "1/2") == [
        "$-8{,}241$", r"$2.71 \times 10^{7}$", r"$1.0 \times 10^{-12}$", r"$314 \pm 89.0$",
        r"$-1.18 \times 10^{4}\ [-2 \times 10^{4}, 1{,}200{,}000]$", "$1/2$"]
    assert cells(facts, "wd=0.01_x", "-", "7 of 8, p 0.070", "nan", "dog-run", "1e", "3%") == [
        r"wd=0.01\_x", "--", "7 of 8, p 0.070", "nan", "dog-run", "1e", r"3\%"]


def test_the_caption_can_be_read_alone(facts):
    table = TextTable("Scores", (TextColumn("task", right=False), TextColumn("a_b")), (("dog-run", "1"),),
                      "return: mean ± sd")
    facts = dataclasses.replace(facts, suite="My suite_2", tasks=("a", "b_c"), network="mlp 256x256")
    lines = latex_table("scores", table, facts).splitlines()
    (caption,) = [line for line in lines if r"\caption" in line]
    assert caption.startswith(r"  \caption[{Scores}]{Scores: a and b\_c. Return: mean $\pm$ sd. Protocol: 12,000 env ")
    assert "UTD 1, 2 seeds (0, 1), network mlp 256x256, precision highest.}" in caption
    assert lines[lines.index(caption) + 1] == r"  \label{tab:my-suite-2-scores}" and r"    task & a\_b \\" in lines
    many = dataclasses.replace(facts, tasks=tuple(map(str, range(9))))
    assert r"{Scores: 9 tasks. " in latex_table("scores", table, many)


@pytest.mark.parametrize(("settings", "protocol"), [
    ({"steps": 12_000, "prime_samples": 10_000, "prime_updates": 0}, "12,000 env steps, 10,000 of them random"),
    ({"steps": 21_000, "prime_samples": 1_000, "prime_updates": 100_000},
     "21,000 env steps, 1,000 of them random, 100,000 updates without acting after them"),
    ({"steps": 0, "prime_samples": 0, "prime_updates": 5_000, "dataset": "x"},
     "5,000 updates on a dataset, without acting"),
    ({}, ""),
])
def test_the_protocol_in_words(settings, protocol, fake_run):
    run = fake_run()
    tables = run.tables()
    tables.card["settings"].update(settings)
    assert read_facts(tables).protocol == protocol
