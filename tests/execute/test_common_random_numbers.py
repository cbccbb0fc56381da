"""Lanes of one seed meet the same random numbers, whatever their variant and their UTD; lanes of two seeds none."""

import json
import shutil

import numpy as np
import pytest

import divbench
from divbench import cli
from divbench.execute.trained_policy import load_policy
from divbench.records.checkpoint import CheckpointStore
from divbench.records.folder import CHECKPOINT, GROUPS, read_card
from divbench.report.rewards import REWARD_COLUMNS
from divbench.spec.plan import make_groups
from divbench.spec.run_spec import RunSpec

TASK, RANDOM, RESET = "cheetah-run", 40, "reset-64-updates"
FLAGS = (f"--suite smoke --tasks {TASK} --seeds 2 --steps 72 --prime-samples {RANDOM} --prime-updates 0 "
         "--eval-every 72 --eval-episodes 1 --measure-every 64 --hidden 16 --batch-size 8 --quiet").split()


SHARED = ("--variants", f"baseline,ofn,layernorm,{RESET}", "--utd", "1,8", "--physics", "host")


def run(out, *words) -> int:
    return cli.main(["run", *FLAGS, *words, "--out", str(out)])


def trained(out, *words):
    assert run(out, *words) == 0
    return out


def checkpoints(folder) -> dict:
    """Of each lane, by (variant, UTD, seed): its replay rows and its arrays at the end."""
    spec, found = RunSpec.from_settings(read_card(folder)["settings"]), {}
    for group in make_groups(spec, fused=False):
        loaded = CheckpointStore(folder / GROUPS / group.name / CHECKPOINT).load()
        for place, lane in enumerate(group.lanes):
            arrays = {name: leaf[place] for name, leaf in loaded.tree.items() if leaf.ndim}
            found[lane.variant.name, str(lane.utd), lane.seed] = loaded.rows[place], arrays
    return found


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """baseline, OFN, LayerNorm and resets at UTD 1 and 8, two seeds each."""
    return trained(tmp_path_factory.mktemp("shared") / "run", *SHARED)


def random_phases(folder) -> dict[int, list[np.ndarray]]:
    """By seed, the transitions of the random phase of every lane."""
    found = {}
    for (_, _, seed), (rows, _) in checkpoints(folder).items():
        found.setdefault(seed, []).append(rows[:RANDOM])
    return found


def test_the_random_phase_is_one_and_the_same_to_the_last_bit(finished):
    phases = random_phases(finished)
    assert [len(lanes) for lanes in phases.values()] == [8, 8]
    for first, *others in phases.values():
        assert first.any() and all(first.tobytes() == other.tobytes() for other in others)


@pytest.mark.slow
def test_so_it_is_on_the_device_but_for_rounding(tmp_path):
    folder = trained(tmp_path / "run", "--variants", "baseline,layernorm", "--utd", "1", "--physics", "mjx")
    for first, *others in random_phases(folder).values():
        assert others and all(np.allclose(first, other, rtol=0.0, atol=1e-6) for other in others)


def test_two_seeds_share_nothing(finished):
    lanes = checkpoints(finished)
    for variant, utd in {(variant, utd) for variant, utd, _ in lanes}:
        (one, one_has), (other, other_has) = lanes[variant, utd, 0], lanes[variant, utd, 1]
        assert not set(one[:RANDOM, :23].ravel()) & set(other[:RANDOM, :23].ravel())  # observations and actions
        kernels = [name for name in one_has if name.endswith("kernel") and "moments" not in name]
        assert len(kernels) == 6
        assert not any(np.any(one_has[name] == other_has[name]) for name in kernels)


def rows_of(folder, table):
    """Rows by (variant, UTD, seed) and (env step, update)."""
    found = {}
    for row in getattr(divbench.load(folder), table).to_pylist():
        lane = found.setdefault((row["variant"], row["utd"], row["seed"]), {})
        lane[row["env_step"], row["update"]] = {name: value for name, value in row.items() if name != "variant"}
    return found


def test_resets_change_nothing_before_the_first(finished):
    lanes = rows_of(finished, "values")
    for seed in (0, 1):
        plain, reset = lanes["baseline", "8", seed], lanes[RESET, "8", seed]
        before = [at for at in plain if at[1] <= 64]
        assert len(before) == 2 and len(plain) == 5
        assert repr([plain[at] for at in before]) == repr([reset[at] for at in before])
        assert all(plain[at]["q_replay_mean"] != reset[at]["q_replay_mean"] for at in plain if at[1] > 64)
        never = lanes["baseline", "1", seed], lanes[RESET, "1", seed]  # 32 updates
        assert repr(never[0]) == repr(never[1])


def test_evaluations_begin_in_the_same_states(finished):
    """Of agents that have not learned yet, which are the same too, so returns agree."""
    lanes = rows_of(finished, "scores")
    for seed in (0, 1):
        first = {lanes[lane][0, 0]["return_mean"] for lane in lanes if lane[2] == seed}
        assert max(first) - min(first) < 1e-3 * max(first)
        exact = {lanes[name, utd, seed][0, 0]["return_mean"] for name in ("baseline", RESET) for utd in ("1", "8")}
        assert len(exact) == 1
    assert lanes["baseline", "1", 0][0, 0]["return_mean"] != lanes["baseline", "1", 1][0, 0]["return_mean"]


def test_rewards_of_the_replay_are_measured_and_told(finished):
    """Those of the random phase are the same in all lanes of a seed; what is told is what the replay holds."""
    values, held = rows_of(finished, "values"), checkpoints(finished)
    for seed in (0, 1):
        first = {tuple(values[lane][RANDOM, 0][name] for name in REWARD_COLUMNS) for lane in values if lane[2] == seed}
        rewards = held["ofn", "8", seed][0][:RANDOM, 23].astype(np.float64)
        assert first == {(np.mean(rewards), np.max(rewards), np.mean(rewards != 0.0))}
        assert 0.0 < np.mean(rewards) < np.max(rewards)
    last = held["ofn", "8", 1][0][:, 23].astype(np.float64)
    row = values["ofn", "8", 1][72, 256]
    assert len(last) == 72 and row["reward_mean"] == pytest.approx(np.mean(last), rel=1e-12)
    assert cli.main(["report", str(finished), "--html", "--quiet"]) == 0
    summary, lanes, page = ((finished / "report" / name).read_text()
                            for name in ("summary.md", "lanes.md", "report.html"))
    (table,) = [part for part in summary.split("## ") if part.startswith("Rewards in the replay")]
    means = [f"{values['ofn', '8', s][RANDOM, 0]['reward_mean']:.3g}" for s in (0, 1)]
    assert all(mean in table for mean in means)
    words = f"Rewards of the replay: {row['reward_mean']:.3g} on average"
    assert words in lanes and words in page


@pytest.mark.parametrize("ended", [True, False])
def test_a_run_of_another_key_rule_is_read_but_not_continued(finished, tmp_path, capsys, ended):
    folder = shutil.copytree(finished, tmp_path / "run")
    card = read_card(folder)
    old = {name: value for name, value in card.items() if name != "key_generation"} | {"schema_version": 2}
    (folder / "card.json").write_text(json.dumps(old if ended else old | {"finished": None}))
    capsys.readouterr()
    assert run(folder, *SHARED) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "holds a run of key generation 1, this divbench has 2" in line and "--force to start over" in line
    assert cli.main(["report", str(folder), "--quiet"]) == 0
    assert load_policy(folder, f"{TASK}/ofn/utd8/seed1").update == 256
