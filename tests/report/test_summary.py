"""The terminal report at several widths, and as plain text."""

import io
import math

import pytest

from divbench.report.layout import number
from divbench.report.summary import MOST_LANES, print_summary
from divbench.spec.errors import UsageError


def printed(path, width, **options):
    from rich.console import Console

    console = Console(file=io.StringIO(), width=width, **options)
    print_summary(path, console)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_everything_is_said_within_the_width(tmp_path, priming, width):
    run = priming()
    text = printed(run.write(tmp_path / "run"), width)
    lines = text.splitlines()
    places = [line for line in lines if line.startswith(("tables", "summary", "pictures"))]
    assert max(len(line) for line in lines if line not in places) <= width
    assert "\x1b" not in text and "…" not in text
    for fact in (
        "priming",
        "physics host",
        "action repeat 1",
        "UTD 1",
        "4 seeds (0-3)",
        "network mlp 256x256",
        "precision highest",
        "jax 0.10.2",
        "dm-control 1.0.50",
        "too few",
    ):
        assert fact in text
    lanes = [line for line in lines if line.startswith(("quadruped-run", "hopper-hop")) and "able" in line]
    assert len(lanes) == 16
    assert (
        sum(" diverged " in line for line in lines) == 7 and sum(" exploded " in line for line in lines) == 1
    )
    assert len(places) == 1 and "verdicts.csv" in places[0]


def test_long_names_cut_no_figure_off(tmp_path, fake_run):
    run = fake_run(tasks=("swimmer-swimmer6",), variants=("layernorm",), seeds=(0,))
    run.add("values", "swimmer-swimmer6", "layernorm", "1", 0, 10_050, 123_456, q_replay_mean=-15.4, q_bound=1976.0)
    run.add("scores", "swimmer-swimmer6", "layernorm", "1", 0, 10_050, 123_456, return_mean=23.5, episodes=1)
    rows = [line for line in printed(run.write(tmp_path / "run"), 60).splitlines() if "swimmer-swimmer6" in line]
    assert sum("123,456" in line for line in rows) == 3, rows


def test_widths_of_all_networks_are_named(tmp_path, fake_run):
    """A variant's record may have widths of its own."""
    run = fake_run(tasks=("hopper-hop",), variants=("baseline", "wide"), seeds=(0,))
    run.add("values", "hopper-hop", "baseline", "1", 0, 500, 500, q_replay_mean=1.0)
    run.add("values", "hopper-hop", "wide", "1", 0, 500, 500, q_replay_mean=1.0, network="mlp 512x512")
    assert "network mlp 256x256; mlp 512x512" in printed(run.write(tmp_path / "run"), 120)


def test_colour_only_on_a_terminal(tmp_path, priming):
    path = priming(seeds=2).write(tmp_path / "run")
    assert "\x1b[" in printed(path, 80, force_terminal=True, color_system="standard")


def test_many_lanes_are_counted_and_the_unstable_ones_listed(tmp_path, priming):
    run = priming(seeds=11)
    assert len(run.rows["verdicts"]) > MOST_LANES
    text = printed(run.write(tmp_path / "run"), 100)
    assert "lanes that are not stable" in text and "Verdicts per variant" in text


def test_nothing_recorded_yet(tmp_path, fake_run):
    assert "Nothing is recorded yet" in printed(fake_run(finished=None).write(tmp_path / "run"), 80)


def test_missing_folder(tmp_path):
    with pytest.raises(UsageError, match="no such folder"):
        print_summary(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0.0, "0"),
        (314.159, "314"),
        (36.94, "36.9"),
        (-0.03123, "-0.0312"),
        (9_999.4, "9,999"),
        (9_999.6, "1.00e4"),
        (2.71e7, "2.71e7"),
        (3e-5, "3.00e-5"),
        (0.00099996, "0.00100"),
        (9.996, "10.0"),
        (999.5, "1,000"),
        (12.35, "12.4"),
        (1.005, "1.01"),
        (-1234.5, "-1,235"),
        (math.inf, "inf"),
    ],
)
def test_numbers_show_three_figures(value, text):
    assert number(value) == text
