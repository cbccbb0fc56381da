"""The rails-random policy and the measuring of kernels, on small nets."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from divbench import envs
from divbench.diagnostics.kernels import summaries
from divbench.diagnostics.kernels.gram import gram
from divbench.learn.networks import ensemble
from divbench.learn.networks.foreign import foreign_critic
from divbench.spec.errors import UsageError
from divbench.studies.ntk import measuring as kernels
from divbench.studies.ntk.measuring import card, measure_kernels, rails_random
from divbench.studies.ntk.request import KernelRequest, Shape
from divbench.studies.plain_critics import initialise, make_q_fn


@pytest.fixture(autouse=True)
def nothing_kept():
    yield
    rails_random.cache_clear()


def test_rails_actions_are_corners_of_the_box_and_what_is_seen_follows_from_them():
    obs, action = rails_random("cheetah-run", 60, "host")
    assert obs.shape == (60, 17) and action.shape == (60, 6)
    assert set(np.unique(action)) == {-1.0, 1.0} and 0.35 < (action > 0).mean() < 0.65
    assert len(np.unique(action, axis=0)) > 20, "all entries are drawn, not one sign for all"
    env = envs.make("cheetah-run", "host")
    assert not np.array_equal(obs[10], obs[11]) and np.isfinite(obs).all()
    assert obs.shape[1] == env.observation_size


def test_the_same_arguments_give_the_same_points():
    first = rails_random("pendulum-swingup", 12, "host")
    rails_random.cache_clear()
    again = rails_random("pendulum-swingup", 12, "host")
    assert again is not first and all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))


def test_an_episode_that_ends_is_followed_by_another():
    """The hopper falls within a few steps of full controls; an observation holds its height first."""
    obs, _ = rails_random("hopper", 120, "host")
    jumps = np.abs(np.diff(obs[:, 0])) > 0.15
    starts = np.flatnonzero(np.all(np.abs(obs[:, 5:]) <= 5e-3 + 1e-6, axis=1))
    assert len(starts) >= 2 and starts[0] == 0, "speeds of a fresh episode are at most 0.005"
    assert jumps.sum() >= 1 or len(starts) >= 3
    assert (obs[:, 0] > 0.5).all(), "nobody goes on lying down"


def test_a_broken_simulation_is_one_line(monkeypatch):
    class Broken:
        action_size, action_low, action_high = 1, np.array([-1.0]), np.array([1.0])

        def reset(self, key):
            return envs.State(None, jnp.zeros(2), jnp.zeros(()), jnp.zeros(()), {}, {})

        def step(self, state, action):
            return envs.State(None, state.obs + jnp.where(state.obs[0] > 2.5, jnp.nan, 1.0), state.reward, state.done,
                              {}, {})

    monkeypatch.setattr(envs, "make", lambda task, physics: Broken())
    with pytest.raises(UsageError, match="pendulum-swingup: the physics went non-finite at env step 4 of 9"):
        rails_random("pendulum-swingup", 9, "host")


def test_a_row_holds_what_the_gradients_say():
    request = KernelRequest("pendulum-swingup", ("sin", "relu"), (Shape(6, 1), Shape(5, 2)), 2, 10, "lecun_normal",
                            physics="host")
    heard = []
    rows = measure_kernels(request, heard.append)
    assert rows == heard and len(rows) == 2 * 2 * 2
    row = rows[3]
    assert row[:9] == ("pendulum-swingup", 10, "host", "float64", "lecun_normal", "sin", 5, 2, 1)
    with jax.enable_x64(True):
        at = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), rails_random("pendulum-swingup", 10, "host"))
        params = initialise(jax.random.fold_in(jax.random.key(kernels._CRITICS), 1), 4, (5, 5), "lecun_normal")
        found = summaries.describe(gram(make_q_fn("sin"), params, at))
    assert row.parameters == 4 * 5 + 5 + 25 + 5 + 5 + 1
    for name in ("average_diagonal", "row_ratio", "condition_number"):
        assert getattr(row, name) == pytest.approx(float(found[name]), rel=1e-6)
    assert row.rank == float(found["rank"])
    alike = [row for row in rows if (row.width, row.initialisation) == (6, 0)]
    assert alike[0].average_diagonal != alike[1].average_diagonal


def test_a_row_of_a_critic_from_outside_holds_what_its_jacobian_says():
    critic = "tests.learn.critic_examples:SimBa(blocks=1,width=4)"
    request = KernelRequest("pendulum-swingup", initialisations=2, steps=9, physics="host", critic=critic)
    first, second = measure_kernels(request)
    assert (second.network, second.activation, second.weights, second.initialisation) == (critic, "", "module", 1)
    with jax.enable_x64(True):
        at = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), rails_random("pendulum-swingup", 9, "host"))
        module = foreign_critic(critic, 3, 1, frozenset())
        drawn = ensemble.draw(module, jax.random.fold_in(jax.random.key(kernels._CRITICS), 1), 1, 3, 1, 1.0)["params"]
        params = jax.tree.map(lambda leaf: jnp.asarray(leaf[0], jnp.float64), drawn)
        by_parameter = jax.jit(jax.jacrev(lambda params: module.apply({"params": params}, *at, mutable=())[0]))(params)
        jacobian = jnp.concatenate([leaf.reshape(9, -1) for leaf in jax.tree.leaves(by_parameter)], 1)
        found = jax.jit(summaries.describe)(jnp.matmul(jacobian, jacobian.T))
    assert second.parameters == jacobian.shape[1]
    for name in ("average_diagonal", "row_ratio", "condition_number"):
        assert getattr(second, name) == pytest.approx(float(found[name]), rel=1e-6)
    assert second.rank == float(found["rank"]) and first.average_diagonal != second.average_diagonal


def test_without_the_spectrum_the_rest_is_the_same():
    request = {"task": "pendulum-swingup", "activations": ("tanh",), "shapes": (Shape(4, 1),), "initialisations": 1,
               "steps": 8, "physics": "host"}
    (whole,), (part,) = (measure_kernels(KernelRequest(**request, spectrum=given)) for given in (True, False))
    assert part.average_diagonal == pytest.approx(whole.average_diagonal, rel=1e-12)
    assert part.row_ratio == pytest.approx(whole.row_ratio, rel=1e-12)
    assert np.isnan(part.condition_number) and np.isnan(part.rank) and whole.rank > 0


def test_the_card_says_with_what():
    found = card(("pendulum-swingup", "ant"), "host")
    assert (found["physics"], found["precision"]) == ("host", "float64") and found["versions"]["jax"] == jax.__version__
