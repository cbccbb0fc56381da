"""A plan looks at the dataset that is to be learned from: at its size, and at whether it is of the task."""

import json
import subprocess
import sys

import pytest

from divbench import cli
from divbench.execute.dataset_check import checked_card
from divbench.spec.errors import UsageError
from divbench.spec.run_spec import RunSpec
from tests.records.made_datasets import CARD, make_rows, write

WALKER = {**CARD, "task": "walker2d"}
PLAN = ["plan", "--tasks", "walker2d", "--variants", "td3+no-target", "--prime-updates", "8k", "--rate", "200"]


def spec(dataset, variants="td3"):
    return RunSpec(tasks="walker2d", variants=variants, dataset=dataset, prime_updates=8_000)


@pytest.fixture(autouse=True)
def sets(tmp_path, monkeypatch):
    """Datasets of walker2d and of another task in the current directory."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "small", make_rows(sizes=(17, 6)), card=WALKER)
    write(tmp_path / "large", make_rows([100] * 10, ["truncated"] * 10, sizes=(17, 6)), card=WALKER)
    write(tmp_path / "other", make_rows(sizes=(17, 6)))
    write(tmp_path / "narrow", make_rows(sizes=(16, 6)), card=WALKER)


def test_memory_counts_the_dataset_once(capsys):
    memory = {}
    for name in ("small", "large"):
        assert cli.main([*PLAN, "--dataset", name, "--json"]) == 0
        memory[name] = json.loads(capsys.readouterr().out)["total"]["memory_bytes"]
    assert [checked_card(spec(name))["counts"]["transitions"] for name in ("small", "large")] == [12, 1_000]
    assert memory["large"] - memory["small"] == 988 * (17 + 6 + 1 + 1 + 17 + 6 + 1) * 4


@pytest.mark.parametrize(("name", "message"), [
    ("nix", "nix: expected a dataset's folder, found none"),
    ("other", "--tasks: dataset other is of 'cheetah-run', found 'walker2d'"),
    ("narrow", "--dataset: walker2d has observations of 17 and actions of 6 numbers, found 16 and 6 in narrow"),
])
def test_a_dataset_that_does_not_suit_is_one_line(name, message, capsys):
    assert cli.main([*PLAN, "--dataset", name]) == 2
    told = capsys.readouterr()
    assert told.out == "" and told.err.startswith(f"divbench: {message}") and told.err.count("\n") == 1
    with pytest.raises(UsageError, match=message):
        checked_card(spec(name))


@pytest.mark.parametrize("command", [PLAN[:-2], ["run", *PLAN[1:-2], "--quiet"]])
def test_a_variant_that_needs_the_next_action_refuses_transitions_drawn_singly(command, capsys):
    assert cli.main(["dataset", "subset", "large", "--fraction", "10%", "--out", "thin"]) == 0
    capsys.readouterr()
    place = command.index("--variants") + 1
    command = [*command[:place], "td3,td3+in-distribution-targets", *command[place + 1:], "--dataset", "thin"]
    assert cli.main(command) == 2
    told = capsys.readouterr()
    assert told.err == ("divbench: --variants: 'in-distribution-targets+td3' needs the action that followed each "
                        "transition, found transitions drawn singly in thin; expected a dataset of whole episodes\n")
    assert checked_card(spec("thin")) and checked_card(spec("large", "td3+in-distribution-targets"))


def test_nothing_heavy_is_loaded():
    code = (f"import sys; from divbench.cli import main; main({[*PLAN, '--dataset', 'large']!r}); "
            "print(*{'jax', 'numpy'} & set(sys.modules))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stdout.splitlines()[-1] == "", done.stderr
