"""LayerNorm by layer and without affine parameters, while lanes of both algorithms train side by side."""

import functools

import jax
import numpy as np
import pytest

from divbench.envs.toys import ConstantReward
from tests.learn.conftest import Bench, make_lane, same

NAMES = ("layernorm", "layernorm+layernorm_layers=1", "layernorm+layernorm_layers=2",
         "layernorm+layernorm_affine=false", "layernorm+layernorm_affine=false+weight-decay",
         "layernorm+layernorm_affine=false+sgd-momentum")
WHOLE, FIRST, SECOND, BARE, DECAYED, MOMENTUM = range(len(NAMES))


@functools.cache
def trained(algorithm):
    """Bench, learner and measurements of one lane for each of `NAMES`, from the same random numbers, in one program."""
    bench = Bench(ConstantReward(7), [make_lane(f"{algorithm}+{name}".removeprefix("sac+")) for name in NAMES])
    bench.roots = bench.roots[np.zeros(len(NAMES), int)]
    state = bench.prime(bench.act(bench.fresh(), 30, explore=True), 60)
    sizes = {name: function._cache_size() for name, function in bench.program.functions().items()}
    assert sizes["train_chunk"] == 1
    measured, _ = bench.program.diagnose(state, bench.roots, bench.coefs, bench.starts(0))
    return bench, jax.tree.map(np.asarray, state.learner), {name: np.asarray(leaf) for name, leaf in measured.items()}


@pytest.mark.parametrize("algorithm", ["sac", pytest.param("td3", marks=pytest.mark.slow)])
def test_what_does_not_count_does_not_move(algorithm):
    """Scale and shift stay at exactly 1 and 0 where LayerNorm does not act and where it has no affine parameters."""
    _, learner, _ = trained(algorithm)
    assert learner.alive.all()
    learns = {WHOLE: (True, True), FIRST: (True, False), SECOND: (False, True)}
    for critic in (learner.critic["params"], learner.target["params"]):
        for lane in range(len(NAMES)):
            for name, moves in zip(("hidden1", "hidden2"), learns.get(lane, (False, False)), strict=True):
                assert bool(np.all(critic[name]["layernorm"]["scale"][lane] == 1.0)) is not moves
                assert bool(np.all(critic[name]["layernorm"]["bias"][lane] == 0.0)) is not moves
                assert not np.all(critic[name]["dense"]["bias"][lane] == 0.0)


@pytest.mark.parametrize("algorithm", ["sac", pytest.param("td3", marks=pytest.mark.slow)])
def test_the_norm_of_the_parameters_counts_what_is_learned(algorithm):
    _, learner, measured = trained(algorithm)
    params = learner.critic["params"]
    for lane, counted in ((WHOLE, ("hidden1", "hidden2")), (FIRST, ("hidden1",)), (BARE, ())):
        parts = [params["hidden1"]["dense"], params["hidden2"]["dense"], params["head"]]
        parts += [params[name]["layernorm"] for name in counted]
        leaves = jax.tree.leaves(parts)
        assert len(leaves) == 6 + 2 * len(counted)
        expected = np.sqrt(sum(np.sum(np.square(leaf[lane], dtype=np.float64)) for leaf in leaves))
        assert measured["param_norm"][lane] == pytest.approx(expected, rel=1e-5)


def test_actor_and_critics_have_widths_of_their_own():
    """LayerNorm's layers are the critics', whatever the actor has."""
    lane = make_lane("layernorm+actor-layernorm", critic_hidden=(8, 4, 6), actor_hidden=(5,), layernorm_layers="3")
    bench = Bench(ConstantReward(7), [lane])
    learner = bench.prime(bench.act(bench.fresh(), 30, explore=True), 10).learner
    assert learner.alive.all()
    widths = {part: {name: layer["dense"]["kernel"].shape[-1] for name, layer in network["params"].items()
                     if name != "head"} for part, network in (("critic", learner.critic), ("actor", learner.actor))}
    assert widths == {"critic": {"hidden1": 8, "hidden2": 4, "hidden3": 6}, "actor": {"hidden1": 5}}
    moved = [not np.all(learner.critic["params"][name]["layernorm"]["scale"] == 1.0)
             for name in ("hidden1", "hidden2", "hidden3")]
    assert moved == [False, False, True]


@pytest.mark.bits
def test_placements_start_alike_and_part():
    bench, learner, _ = trained("sac")
    fresh = jax.tree.map(np.asarray, bench.fresh().learner.critic)
    assert all(same(leaf[0], leaf[lane]) for leaf in jax.tree.leaves(fresh) for lane in range(len(NAMES)))
    heads = learner.critic["params"]["head"]["kernel"]
    assert all(not np.allclose(heads[one], heads[other]) for one in range(4) for other in range(one))
