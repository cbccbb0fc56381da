"""The critic that docs/variants.md shows, run as it is told there, on a toy task."""


import jax.numpy as jnp
import pytest

import divbench
from divbench import cli
from divbench.learn.networks.foreign import foreign_critic
from divbench.records.folder import read_card
from divbench.report.build import report
from tests.execute.page_examples import example, trained

OWN = {"simba", "ofn+simba"}
FLAGS = ("--suite smoke --tasks constant-reward --variants baseline,residual:simba,residual:simba+ofn --seeds 1 "
         "--steps 160 --prime-samples 60 --prime-updates 20 --eval-every 80 --eval-episodes 1 --measure-every 40 "
         "--hidden 16,12 --batch-size 8 --quiet --diagnose full,ntk,seem").split()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Of a finished run."""
    simba = example("class SimBa")
    assert len(simba.splitlines()) <= 30
    with trained(tmp_path_factory.mktemp("own"), {"residual.py": simba}, FLAGS) as run:
        yield run


def test_its_lanes_have_every_number_that_the_baseline_has(folder):
    tables = divbench.load(folder)
    for name in ("scores", "values", "verdicts"):
        rows = getattr(tables, name).to_pylist()
        assert {row["variant"] for row in rows} == {"baseline", *OWN}
        for column in rows[0]:
            filled = {row["variant"] for row in rows if row[column] not in ("", None) and row[column] == row[column]}
            assert filled >= OWN or "baseline" not in filled, (name, column)
    metrics = {variant: {row["metric"] for row in tables.diagnostics.to_pylist() if row["variant"] == variant}
               for variant in ("baseline", *OWN)}
    assert metrics["simba"] == metrics["ofn+simba"] == metrics["baseline"]
    layers = {row["layer"] for row in tables.diagnostics.to_pylist() if row["variant"] == "simba"}
    assert {"Dense_0", "LayerNorm_2", "head"} < layers


def test_the_card_and_explain_say_how_its_kernel_is_measured(folder, capsys):
    known = {"critic": "residual:SimBa(width=128)", "kernel": "layer by layer", "features": "what head reads"}
    assert read_card(folder)["critics"] == dict.fromkeys(("simba", "ofn+simba"), known)
    assert cli.main(["explain", "residual:simba+ofn"]) == 0
    assert [line.split("  ")[-1] for line in capsys.readouterr().out.splitlines()] == [*known.values()]


def test_the_nnx_module_of_the_page_is_a_critic(folder):
    (folder.parent / "nnx_critic.py").write_text(example("nnx.Module"))
    critic = foreign_critic("nnx_critic:Net(width=8)", 5, 2, frozenset({"unit_ball"}))
    assert critic.heads == (("head",),) and not critic.unread


def test_its_network_is_named_and_its_size_is_in_card_and_summary(folder):
    tables, own = divbench.load(folder), "residual:SimBa(width=128), actor 16x12"
    for name in ("scores", "values", "diagnostics", "verdicts"):
        named = {(row["variant"], row["network"]) for row in getattr(tables, name).to_pylist()}
        assert named == {("baseline", "mlp 16x12"), *((variant, own) for variant in OWN)}
    assert {row["network"] for row in tables.timing.to_pylist()} == {"mlp 16x12", own}
    sizes = {variant: row for row in tables.card["networks"] for variant in row["variants"]}
    assert set(sizes) == {"baseline", *OWN}
    baseline, simba = sizes["baseline"], sizes["simba"]
    assert simba["network"] == own and simba["update_flops"] > 100 * baseline["update_flops"]
    files = {file.name: file.read_text() for file in report(folder, quiet=True, html=True)
             if file.suffix in (".md", ".html")}
    for parameters in (baseline["critic_parameters"], simba["critic_parameters"], simba["actor_parameters"]):
        assert all(f"{parameters:,}" in files[name] for name in ("summary.md", "report.html"))


def test_a_policy_of_it_can_be_loaded(folder):
    policy = divbench.load_policy(folder, "constant-reward/simba/utd1/seed0")
    critic = divbench.load_critic(folder, "constant-reward/simba/utd1/seed0")
    assert critic(jnp.ones(policy.structure.observation_size), jnp.zeros(policy.structure.action_size)).shape == (2,)
    assert policy.update > 0 and policy.structure.hooks == (("critic", "residual:SimBa(width=128)"),)
