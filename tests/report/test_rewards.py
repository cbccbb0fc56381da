"""Rewards of replays in reports: worked-out rows, and nothing where they were not measured."""

import math

from divbench.report.build import report
from divbench.report.evidence import weigh
from divbench.report.lanes import lanes_section
from divbench.report.rewards import reward_rows, reward_table, rewards_in_words


def made(fake_run):
    run = fake_run(variants=("ofn",), seeds=(0, 1, 2))
    for seed, means in enumerate(((0.5, 0.4), (0.01, 0.02), (0.2, 0.3))):
        for place, mean in enumerate(means):
            run.add("values", "quadruped-run", "ofn", "1", seed, 1000, 10 * place, q_replay_mean=1.0, q_bound=7.0,
                    q_bound_low=0.0, nonfinite="", reward_mean=mean, reward_max=mean + 0.5, reward_nonzero=mean / 2)
    return run


def test_first_and_last_over_seeds(fake_run, tmp_path):
    (row,) = reward_rows(weigh(made(fake_run).tables(), tmp_path).rewards)
    assert (row.env_step, row.update) == (1000, 10)
    assert row.first == (0.5, 0.01, 0.2) and row.last == (0.4, 0.02, 0.3)
    assert row.largest == 0.9 and row.nonzero == 0.15
    (cells,) = reward_table([row]).rows
    assert cells == ("quadruped-run", "ofn", "1", "0.200 [0.0100, 0.500]", "0.300 [0.0200, 0.400]", "0.900", "15%", "3",
                     "1,000", "10")


def test_a_lane_in_words_stands_in_its_section(fake_run, tmp_path):
    words = rewards_in_words(weigh(made(fake_run).tables(), tmp_path).rewards)
    told = "Rewards of the replay: 0.0200 on average, at most 0.520, 1% not 0."
    assert words["quadruped-run", "ofn", "1", 1] == told
    lane = {"task": "quadruped-run", "variant": "ofn", "utd": "1", "seed": 1, "verdict": "stable", "first_cause": "",
            "first_update": -1, "explanation": "It stayed stable.", "warning": math.nan}
    (line,) = lanes_section([lane], None, words).splitlines()[-1:]
    assert line == f"- **UTD 1, seed 1, stable.** It stayed stable. {told}"


def test_the_summary_has_a_table_where_rewards_were_measured(fake_run, tmp_path, priming):
    report(made(fake_run).write(tmp_path / "new"), quiet=True)
    assert "## Rewards in the replay" in (tmp_path / "new" / "report" / "summary.md").read_text()
    old = priming(seeds=2, every=1000)
    assert reward_rows(weigh(old.tables(), tmp_path).rewards) == []
    assert rewards_in_words(weigh(old.tables(), tmp_path).rewards) == {}
    report(old.write(tmp_path / "old"), quiet=True)
    assert "Rewards in the replay" not in (tmp_path / "old" / "report" / "summary.md").read_text()
