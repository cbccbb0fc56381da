"""The actor, the optimizers and the agent that docs/variants.md shows, run as it is told there, on a toy task."""

import re
import signal

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import divbench
from divbench.execute import run as running
from divbench.records.tables import read_rows
from divbench.spec.run_spec import RunSpec
from tests.execute.page_examples import PAGE, trained
from tests.execute.test_run import InterruptAt

BOTH, AGENT = "actor-reset-60-updates+layered-actor+lion", "td3-capped"
FLAGS = ("--suite smoke --tasks constant-reward --variants layered:layered+tuned:lion+actor-reset-60-updates,"
         "capped:td3 --seeds 1 --steps 160 --prime-samples 60 --prime-updates 20 --eval-every 80 --eval-episodes 1 "
         "--measure-every 40 --hidden 16,12 --batch-size 8 --quiet --diagnose full").split()
EMPTY = {"second_moment", "second_moment_head"}  # Lion has none


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Of a finished run."""
    files = dict(re.findall(r"This is `(\w+\.py)`[^`]*?```python\n(.*?)```", PAGE, re.DOTALL))
    assert all(len(code.splitlines()) <= 30 for name, code in files.items() if name != "mine.py")
    with trained(tmp_path_factory.mktemp("own"), files, FLAGS) as run:
        yield run


def test_their_tables_are_complete(folder):
    tables = divbench.load(folder)
    for name in ("scores", "values", "verdicts"):
        rows = getattr(tables, name).to_pylist()
        assert {row["variant"] for row in rows} == {BOTH, AGENT}
        for column in rows[0]:
            filled = {row["variant"] for row in rows if row[column] not in ("", None) and row[column] == row[column]}
            assert len(filled) != 1 or (column in EMPTY and filled == {AGENT}), (name, column)
    metrics = {variant: {row["metric"] for row in tables.diagnostics.to_pylist() if row["variant"] == variant}
               for variant in (BOTH, AGENT)}
    assert metrics[AGENT] - metrics[BOTH] == {"second_moment_norm"} and metrics[BOTH] < metrics[AGENT]
    rows = [row for row in tables.values.to_pylist() if row["variant"] == BOTH]
    assert rows[-1]["resets"] == 1 and rows[-1]["first_moment"] > 0.0 and rows[-1]["nonfinite"] == ""


def test_a_stop_in_between_changes_no_byte(folder):
    spec = RunSpec.from_settings(divbench.load(folder).card["settings"])
    fields = {name: getattr(spec, name) for name in spec.settings()} | {"out": str(folder.parent / "again")}
    again = RunSpec(**fields, quiet=True)
    stopped = running.run(again, progress=InterruptAt("1", 70))
    assert stopped.interrupted and stopped.signal == signal.SIGTERM
    assert not running.run(again).interrupted
    whole, parts = read_rows(folder), read_rows(folder.parent / "again")
    for table in ("scores", "values", "diagnostics"):
        assert repr(whole[table]) == repr(parts[table]), table


def test_a_policy_of_an_actor_of_ones_own_can_be_loaded(folder):
    policy = divbench.load_policy(folder, f"constant-reward/{BOTH}/utd1/seed0")
    assert policy.structure.own("actor") == "layered:LayeredActor(width=128)"
    obs = jnp.asarray([0.6, 0.8])
    action, sample = policy(obs), policy(obs, jax.random.key(0))
    assert action.shape == (1,) and abs(float(action[0])) < 1.0 and float(sample[0]) != float(action[0])
    params = policy.actor["params"]
    assert params["Dense_0"]["kernel"].shape == (2, 128) and not np.array_equal(params["Dense_2"]["bias"], [0.0])
