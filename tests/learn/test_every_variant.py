"""Every variant of divbench trains: it changes what it says, compiles once, and stays finite."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from divbench.envs.toys import ConstantReward
from divbench.learn.agents import critic as critics
from divbench.learn.agents import sac, td3
from divbench.learn.hooks import CRITICS
from divbench.learn.networks.layer import dropped
from divbench.learn.projections import largest_singular_value
from divbench.learn.replay.drawing import sample_indices
from divbench.spec.built_in import BUILT_IN
from tests.learn.conftest import Bench, compiled, make_lane

passed, values, joint_values = map(compiled, (critics.forward, critics.values, critics.joint_values))
td_target, act = compiled(functools.partial(sac.td_target, sac.SAC)), compiled(td3.act)

UPDATES = 150
BASELINE = BUILT_IN["baseline"]


class Trained:
    """One lane after a few env steps and twice `UPDATES` updates, drawn from the baseline's random numbers."""

    def __init__(self, name):
        bench = Bench(ConstantReward(7), [make_lane(name)])
        plain = Bench(ConstantReward(7), [make_lane("baseline")])
        bench.roots, bench.starts = plain.roots, plain.starts
        self.bench, self.lane = bench, bench.lanes[0]
        fresh = bench.act(bench.fresh(), 30, explore=True)
        self.fresh = self._first(fresh)
        middle = bench.prime(fresh, UPDATES)
        self.middle = self._first(middle)
        self.end = self._first(bench.prime(middle, UPDATES))
        self.one = self._first(bench.prime(bench.act(bench.fresh(), 30, explore=True), 1))

    @staticmethod
    def _first(state):
        return jax.tree.map(lambda leaf: np.asarray(leaf)[0], (state.learner, state.rows))

    @property
    def learner(self):
        return self.end[0]

    @functools.cached_property
    def coefs(self):
        return jax.tree.map(lambda leaf: leaf[0], self.bench.coefs)

    @functools.cached_property
    def batch(self):
        indices = sample_indices(jax.random.key(1), 64, 30)
        return self.bench.program.replay.gather(jnp.asarray(self.end[1]), indices, 30)

    def passed(self, **options):
        return passed(self.learner.critic, self.batch.obs, self.batch.action, self.coefs, self.bench.structure,
                      **options)

    def q(self):
        return np.asarray(self.passed().q)

    def target(self):
        return td_target(jax.tree.map(jnp.asarray, self.learner), self.batch, self.coefs, self.bench.structure,
                             jax.random.key(2))


@functools.cache
def trained(name) -> Trained:
    return Trained(name)


def kernels(critic):
    params = critic["params"]
    return [params["hidden1"]["dense"]["kernel"], params["hidden2"]["dense"]["kernel"], params["head"]["kernel"]]


def same_heads(one: Trained, other: Trained):
    """Whether the heads of two trained critics are about the same."""
    return np.allclose(*(lane.learner.critic["params"]["head"]["kernel"] for lane in (one, other)))


def moved(mine: Trained, learning_rate):
    """The critic's first step in units of a learning rate, flat."""
    pairs = zip(jax.tree.leaves(mine.one[0].critic), jax.tree.leaves(mine.fresh[0].critic), strict=True)
    return np.concatenate([np.ravel(after - before) for after, before in pairs]) / learning_rate


def gradient(mine: Trained):
    """The first gradient, flat: Adam's first moment after one step is a tenth of it."""
    return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(mine.one[0].critic_moments.mu)])


def sizes_of_steps(mine):
    """Of the entries with a gradient to speak of."""
    steps, first = moved(mine, 3e-4), gradient(mine)
    return np.abs(steps[np.abs(first) > 1e-3])


def same(left, right):
    """Whether two trees hold the same numbers."""
    return all(jax.tree.leaves(jax.tree.map(np.array_equal, left, right)))


def until_a_reset(mine, like="baseline"):
    return mine.lane.variant.reset is not None and same(mine.learner, trained(like).learner)


as_ofn_until_a_reset = functools.partial(until_a_reset, like="ofn")


def on_the_unit_ball(mine):
    return np.allclose(np.linalg.norm(mine.passed().features, axis=-1), 1.0, atol=1e-5)


def features_of_mean_0_and_variance_1(mine):
    features = np.asarray(mine.passed().features)
    return np.allclose(features.mean(-1), 0.0, atol=1e-5) and np.allclose(features.std(-1), 1.0, atol=1e-3)


def decayed_kernels(mine):
    """One step takes critic_lr * weight_decay of each kernel, beyond what the baseline's step does."""
    lanes = zip(kernels(mine.one[0].critic), kernels(trained("baseline").one[0].critic), kernels(mine.fresh[0].critic),
                strict=True)
    return all(np.allclose(decayed - plain, -3e-4 * 0.01 * start, rtol=0.1, atol=1e-7)
               for decayed, plain, start in lanes)


def drops_while_training(mine):
    """Units vanish with a key, and none without one, and what is learned shows it; at rate 0.5, where it is plain."""
    if same_heads(mine, trained("baseline")):
        return False
    half = dropped(jax.random.key(0), jnp.ones((2, 50, 40)), jnp.float32(0.5))
    share = float(jnp.mean(half == 0.0))
    with_key = mine.passed(key=jax.random.key(0)).hidden[0]
    return (abs(share - 0.5) < 0.05 and float(jnp.max(half)) == 2.0
            and not np.array_equal(with_key, mine.passed().hidden[0])
            and np.array_equal(mine.passed().hidden[0], mine.passed().hidden[0]))


def sgd_step(mine):
    """The step is the gradient times the learning rate."""
    return np.allclose(moved(mine, 3e-4), -gradient(mine), rtol=1e-3, atol=2e-3)


def targets_differ(mine, **changes):
    """The target of the same learner and batch differs from the baseline's rule."""
    coefs = mine.coefs._replace(**{name: jnp.float32(value) for name, value in changes.items()})
    plain, _ = td_target(jax.tree.map(jnp.asarray, mine.learner), mine.batch, coefs, mine.bench.structure,
                             jax.random.key(2))
    return not np.allclose(mine.target()[0], plain, rtol=1e-4)


def rewards_and_replayed_actions_alone(mine):
    target, action = mine.target()
    q = np.min(np.asarray(values(mine.learner.target, mine.batch.next_obs, mine.batch.next_action, mine.coefs,
                                     mine.bench.structure)), 0)
    blind = mine.batch._replace(next_taken=jnp.zeros_like(mine.batch.next_taken))
    loss, _ = critics.loss(mine.learner.critic, blind, target, action, None, mine.coefs, mine.bench.structure,
                           jax.random.key(0))
    ended = blind._replace(continues=jnp.zeros_like(mine.batch.continues))  # nothing follows, so nothing is lacking
    last, _ = critics.loss(mine.learner.critic, ended, target, action, None, mine.coefs, mine.bench.structure,
                           jax.random.key(0))
    assert float(sac.entropy_weight(mine.learner, mine.coefs)) == 0.0 < float(sac.temperature(mine.learner, mine.coefs))
    return (np.array_equal(action, mine.batch.next_action) and float(loss) == 0.0 < float(last)
            and np.allclose(target, mine.batch.reward + 0.99 * q, rtol=1e-5))


def target_is_the_critic(mine):
    return same(mine.learner.target, mine.learner.critic)


def copied_every_hundred(mine):
    """With a period of 100: at updates 100 and 300 target and critic are one, at 1 and 150 they are not, and at 150 the
    target is still what it was at 100."""
    often = trained("hard-target=100")
    first = often.bench.prime(often.bench.act(often.bench.fresh(), 30, explore=True), 100).learner
    first = jax.tree.map(lambda leaf: np.asarray(leaf)[0], first)
    still = same(mine.learner.target, mine.fresh[0].target)  # 300 updates are fewer than 400
    return (still and same(first.target, first.critic) and target_is_the_critic(often)
            and same(often.one[0].target, often.fresh[0].target) and same(often.middle[0].target, first.target)
            and not same(often.middle[0].target, often.middle[0].critic))


def gradient_at_most_one(mine):
    return np.linalg.norm(gradient(mine)) <= 0.1 * 1.0001 < np.linalg.norm(gradient(trained("baseline")))


def lower_on_random_actions(mine):
    """Conservative Q-learning lowers Q away from the data, relative to the data."""
    def gap(lane):
        action = jax.random.uniform(jax.random.key(3), lane.batch.action.shape, minval=-1.0)
        away = values(lane.learner.critic, lane.batch.obs, action, lane.coefs, lane.bench.structure)
        return np.mean(np.asarray(away)) - np.mean(lane.q())
    return gap(mine) < gap(trained("baseline"))


def less_alike_features(mine):
    def dot(lane):
        following = passed(lane.learner.critic, lane.batch.next_obs, lane.batch.next_action, lane.coefs,
                                    lane.bench.structure).features
        return float(jnp.mean(jnp.sum(lane.passed().features * following, -1)))
    return dot(mine) < dot(trained("baseline"))


def singular_values_at_most_one(mine):
    values = [np.linalg.svd(kernel, compute_uv=False)[..., 0] for kernel in kernels(mine.learner.critic)[:-1]]
    largest = jax.vmap(largest_singular_value, axis_name=CRITICS)
    found = [largest(jnp.asarray(kernel)) for kernel in kernels(mine.learner.critic)[:-1]]
    return all(np.all(v <= 1.05) for v in values) and all(np.all(f <= 1.0001) for f in found)


def hidden_kernels_of_norm_one(mine):
    return all(np.allclose(np.linalg.norm(kernel, axis=(1, 2)), 1.0, atol=1e-5)
               for kernel in kernels(mine.learner.critic)[:-1])


def normalised_over_the_batch(mine):
    """Running statistics have moved, a training pass moves them by a hundredth of the way to the batch's, and (s', a')
    counts into what (s, a) is normalised by."""
    critic = mine.learner.critic
    statistics = critic["batch_stats"]["hidden1"]["batchnorm"]
    moved = mine.passed(training=True).changed["batch_stats"]["hidden1"]["batchnorm"]["mean"]
    dense = critic["params"]["hidden1"]["dense"]
    inputs = np.concatenate([mine.batch.obs, mine.batch.action], -1)
    mean = np.mean(inputs @ dense["kernel"] + dense["bias"][:, None], 1)
    batches = [mine.batch, mine.batch._replace(next_obs=9.0 + mine.batch.next_obs)]
    joint = [joint_values(mine.learner.critic, batch, mine.batch.next_action, mine.coefs, mine.bench.structure,
                              None)[0] for batch in batches]
    return (not np.allclose(statistics["mean"], 0.0) and not np.allclose(statistics["var"], 1.0)
            and not np.allclose(*joint)
            and np.allclose(moved, 0.99 * statistics["mean"] + 0.01 * mean, rtol=1e-4, atol=1e-5)
            and np.mean(np.abs(statistics["mean"] - mean)) < np.mean(np.abs(mean)))


def groups_at_mean_zero(mine):
    """Before scale and shift, eight groups of two units; both parameters have learned, in their targets too."""
    layer = mine.learner.critic["params"]["hidden1"]
    inputs = np.concatenate([mine.batch.obs, mine.batch.action], -1)
    outputs = inputs @ layer["dense"]["kernel"] + layer["dense"]["bias"][:, None]
    grouped = outputs.reshape(2, -1, 8, 2)
    grouped = (grouped - grouped.mean(-1, keepdims=True)) / np.sqrt(grouped.var(-1, keepdims=True) + 1e-6)
    scale, shift = (layer["groupnorm"][name][:, None] for name in ("scale", "bias"))
    expected = np.maximum(grouped.reshape(outputs.shape) * scale + shift, 0.0)
    learned = [net["params"]["hidden2"]["groupnorm"] for net in (mine.learner.critic, mine.learner.target)]
    return (np.allclose(mine.passed().hidden[0], expected, atol=1e-4)
            and not any(np.allclose(net["scale"], 1.0) or np.allclose(net["bias"], 0.0) for net in learned))


def trails(target, parameters):
    """Whether a target is another than what it follows, and near it."""
    away = [np.abs(a - b).max() for a, b in zip(jax.tree.leaves(target), jax.tree.leaves(parameters), strict=True)]
    return 0.0 < max(away) < 0.1


def distance_to_replayed_actions(mine):
    action = act(mine.learner.actor, mine.batch.obs, mine.coefs, mine.bench.structure)
    return float(np.mean((np.asarray(action) - np.asarray(mine.batch.action)) ** 2))


CHECKS = {
    "baseline": lambda mine: not np.allclose(kernels(mine.learner.critic)[-1], kernels(mine.fresh[0].critic)[-1]),
    "ofn": on_the_unit_ball,
    "layernorm": lambda mine: not np.allclose(
        mine.learner.critic["params"]["hidden1"]["layernorm"]["scale"], 1.0),
    "feature-layernorm": features_of_mean_0_and_variance_1,
    "reset": until_a_reset,
    "ofn-reset": as_ofn_until_a_reset,
    "ofn-actor-reset": as_ofn_until_a_reset,
    "actor-reset": until_a_reset,
    "critic-reset": until_a_reset,
    "reset-200k": until_a_reset,
    "single-critic": lambda mine: mine.q().shape[0] == 1,
    "ofn-single-critic": lambda mine: mine.q().shape[0] == 1 and on_the_unit_ball(mine),
    "mean-critic": functools.partial(targets_differ, mean_weight=0.0),
    "weight-decay": decayed_kernels,
    "dropout": drops_while_training,
    "actor-layernorm": lambda mine: not np.allclose(
        mine.learner.actor["params"]["hidden1"]["layernorm"]["scale"], 1.0),
    "sgd": sgd_step,
    "sgd-momentum": lambda mine: sgd_step(mine) and not same_heads(mine, trained("sgd")),
    "rmsprop": lambda mine: np.allclose(sizes_of_steps(mine), 1.0 / np.sqrt(0.001), rtol=1e-2),
    "adam-b1-0": lambda mine: np.allclose(sizes_of_steps(mine), 1.0, rtol=1e-2) and mine.coefs.critic_b1 == 0.0,
    "adam-no-second-moment": lambda mine: np.allclose(moved(mine, 3e-4), -10.0 * gradient(mine), rtol=1e-3, atol=2e-3),
    "adam-low-b2": lambda mine: float(mine.coefs.critic_b2) == pytest.approx(0.9) and float(
        mine.coefs.adam_b2) == pytest.approx(0.999),
    "adam-eps": lambda mine: np.all(sizes_of_steps(mine) < 1.0) and not np.allclose(sizes_of_steps(mine), 1.0),
    "huber": lambda mine: not np.allclose(mine.q(), trained("baseline").q(), rtol=1e-4),
    "grad-clip": gradient_at_most_one,
    "conservative": lower_on_random_actions,
    "in-distribution-targets": rewards_and_replayed_actions_alone,
    "no-target": target_is_the_critic,
    "hard-target": copied_every_hundred,
    "dr3": less_alike_features,
    "spectral-norm": singular_values_at_most_one,
    "weight-norm": hidden_kernels_of_norm_one,
    "batchnorm": normalised_over_the_batch,
    "groupnorm": groups_at_mean_zero,
    "td3": lambda mine: trails(mine.learner.target_actor, mine.learner.actor) and mine.q().shape[0] == 2,
    "ddpg": lambda mine: trails(mine.learner.target_actor, mine.learner.actor) and mine.q().shape[0] == 1,
    "td3-bc": lambda mine: distance_to_replayed_actions(mine) < distance_to_replayed_actions(trained("td3")),
    "preqn": lambda mine: mine.learner.target == {} and float(mine.learner.notes["search_cosine_least"]) >= 0.95,
}


def test_no_variant_is_left_out():
    assert CHECKS.keys() == BUILT_IN.keys()
    assert len(CHECKS) >= 28


@pytest.mark.parametrize("name", CHECKS)
def test_a_variant_changes_what_it_says(name):
    mine = trained(name)
    for state in (mine.middle, mine.end):
        numbers = [leaf for leaf in jax.tree.leaves(state) if np.issubdtype(leaf.dtype, np.floating)]
        assert all(np.all(np.isfinite(leaf)) for leaf in numbers)
        assert bool(state[0].alive)
    assert not np.array_equal(kernels(mine.middle[0].critic)[-1], kernels(mine.end[0].critic)[-1])
    assert CHECKS[name](mine)
    sizes = {n: function._cache_size() for n, function in mine.bench.program.functions().items()}
    assert (sizes["train_chunk"], sizes["reset_lanes"]) == (1, 1)
