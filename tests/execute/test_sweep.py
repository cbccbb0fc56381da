"""The record with a number that docs/variants.md shows, swept as it is told there, on a toy task."""

import divbench
from divbench import cli
from tests.execute.page_examples import PAGE, example

NAMES = "sweep:reg,sweep:reg=0.01,sweep:reg=0.1"
FLAGS = ("--suite smoke --tasks constant-reward --seeds 1 --steps 160 --prime-samples 60 --prime-updates 40 "
         "--eval-every 160 --eval-episodes 1 --measure-every 200 --hidden 16 --batch-size 8 "
         "--sac gamma=0.5,critic_lr=0.01 --quiet --out run").split()


def test_lanes_of_three_numbers_train_in_one_program_and_resume(tmp_path, monkeypatch, capsys):
    assert f"divbench run --suite smoke --variants {NAMES}\n" in PAGE
    (tmp_path / "sweep.py").write_text(example("number=1e-3"))
    monkeypatch.chdir(tmp_path)
    strong = f"{NAMES},sweep:reg=100"
    assert cli.main(["run", *FLAGS, "--variants", strong]) == 0
    tables = divbench.load("run")
    last = {row["variant"]: row["q_replay_mean"] for row in tables.values.to_pylist()}
    assert list(last) == ["reg", "reg=0.01", "reg=0.1", "reg=100"] and len(set(last.values())) == 4
    assert abs(last["reg=100"]) < 0.2 < last["reg=0.1"] < last["reg"]
    assert len({row["group"] for row in tables.timing.to_pylist()}) == 1
    assert [variant["number"] for variant in tables.card["settings"]["variants"]] == [0.001, 0.01, 0.1, 100.0]
    capsys.readouterr()
    assert cli.main(["run", *FLAGS, "--variants", strong]) == 0 and "already finished" in capsys.readouterr().out
    assert cli.main(["run", *FLAGS, "--variants", strong.replace("0.01", "0.02")]) == 2
    assert "holds a run with other settings" in capsys.readouterr().err
