"""Updates of small learners as they were before their networks became modules: how they are recorded and read.

    python -m tests.learn.recordings tests/learn/recorded

The files there were recorded at commit 338fc81. They are recorded again only where scores are meant to change. Each
variant's file holds learners after some updates on toy data, their minibatches and keys, and the result of one more
update. Float32 throughout; names of arrays are this file's own, `stable_name` maps a learner's paths to them.

- Arrays have a leading axis of `UPDATES`. States are rounded to bfloat16, so that they compress; the recorded update
  starts from the rounded state.
- A result is kept as 64 random projections of each part, such as all parameters of the critics. The distance of two
  such sketches is that of the parts, within a third or so (Johnson and Lindenstrauss).
"""

from __future__ import annotations

import functools
import re
import sys
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from divbench.learn.agents import critic as critics
from divbench.learn.agents.choice import agent_of
from divbench.learn.agents.coefficients import coefficients, structure_of
from divbench.learn.keys import lane_keys
from divbench.learn.replay import Batch
from divbench.spec.settings import SACSettings
from tests.learn.conftest import make_lane

FOLDER = Path(__file__).with_name("recorded")
# The gradient of a bias before BatchNorm is 0 but for rounding, which Adam turns into steps of full length unless its
# epsilon is large.
VARIANTS = ("baseline", "ofn", "layernorm", "batchnorm+adam-eps", "td3", "huber", "grad-clip", "sgd-momentum", "preqn")
DROPOUT = "dropout=0.2"
OBSERVATIONS, ACTIONS, TRANSITIONS, BATCH, FIXED = 5, 2, 512, 32, 64
UPDATES = (0, 10, 100, 1000)  # after which states are recorded
ON_END = {"preqn": 20}  # updates on end from the first state; of all others
ON_END_ELSE = 200
DRAWS = (("sac", "layernorm+actor-layernorm"), ("td3", "td3+batchnorm"), ("groups", "groupnorm=4"),
         ("lecun", "baseline"))
MASKS = 1000
SKETCH = 64
SMALL = SACSettings(hidden=(32, 32), batch_size=BATCH)

_COLLECTION = re.compile(r"(params|batch_stats)/")  # left out of a path in a learner, it is a name here
# What is called otherwise today. The count of updates was the one of the critics' optimizer, which has its own now.
_CALLED = {"critic_moments/mu": "critic_moments/first", "critic_moments/nu": "critic_moments/second",
           "updates": "critic_moments/count"}


class Toy(NamedTuple):
    """What a variant's lane is and learns from."""

    structure: object
    coefs: object
    data: Batch  # TRANSITIONS transitions
    root: jax.Array


class Outcome(NamedTuple):
    """One update: the learner afterwards, the critics' loss and its gradient at the learner before, Q on fixed pairs
    before, `[N, FIXED]`."""

    learner: object
    loss: jax.Array
    gradient: object
    q: jax.Array


@functools.cache
def toy(variant: str) -> Toy:
    """The lane of a variant, its toy data drawn by numpy."""
    lane = make_lane(variant, sac_settings=SMALL, batch_size=BATCH)
    structure = structure_of((lane,), lane.mechanisms, OBSERVATIONS, ACTIONS, (0.0, 1.0))
    coefs = jax.tree.map(lambda leaf: leaf[0], coefficients((lane,), ACTIONS))
    draw = np.random.default_rng(0)
    obs = draw.normal(size=(TRANSITIONS, OBSERVATIONS))
    action, next_action = draw.uniform(-1.0, 1.0, (2, TRANSITIONS, ACTIONS))
    reward = np.exp(-np.sum(np.square(obs[:, :ACTIONS] - action), 1))
    moved = 0.8 * obs + action @ draw.normal(size=(ACTIONS, OBSERVATIONS)) / 3.0 + 0.1 * draw.normal(size=obs.shape)
    ends, taken = draw.uniform(size=(2, TRANSITIONS)) > 0.05
    data = Batch(*(jnp.asarray(leaf, jnp.float32) for leaf in (obs, action, reward, ends, moved, next_action, taken)))
    return Toy(structure, coefs, data, lane_keys([lane.key_words])[0])


@functools.cache
def initial(variant: str):
    """The learner as it is drawn."""
    given = toy(variant)
    draw = jax.jit(agent_of(given.structure).initialise, static_argnames="structure")
    return draw(given.root, jnp.int32(0), given.coefs, structure=given.structure)


def batch_of(variant: str, indices) -> Batch:
    return jax.tree.map(lambda leaf: leaf[np.asarray(indices, int)], toy(variant).data)


@functools.cache
def updating(variant: str):
    """`(learner, batch, key) -> Outcome`, compiled once."""
    structure, coefs, data, _ = toy(variant)
    agent = agent_of(structure)

    @jax.jit
    def one(learner, batch, key):
        target, next_action = agent.td_target(agent, learner, batch, coefs, structure, key)
        (loss, _), gradient = critics.gradient(
            learner.critic, batch, target, next_action,
            lambda obs, key: agent.sample(learner.actor, obs, coefs, structure, key), coefs, structure, key)
        q = critics.values(learner.critic, data.obs[:FIXED], data.action[:FIXED], coefs, structure)
        return Outcome(agent.update(agent, learner, batch, coefs, structure, key), loss, gradient, q)

    return one


def on_end(variant: str) -> int:
    return ON_END.get(variant, ON_END_ELSE)


def stable_name(path: str) -> str:
    name = _COLLECTION.sub("", path)
    return next((old + name.removeprefix(new) for new, old in _CALLED.items() if name.startswith(new)), name)


def named(tree) -> dict[str, np.ndarray]:
    """The arrays of a tree by their stable names."""
    return {stable_name(jax.tree_util.keystr(path, simple=True, separator="/")): np.asarray(leaf)
            for path, leaf in jax.tree_util.tree_leaves_with_path(tree)}


def learner_of(variant: str, arrays: dict[str, np.ndarray]):
    """The learner that holds these arrays."""
    shapes = initial(variant)

    def leaf(path, like):
        name = stable_name(jax.tree_util.keystr(path, simple=True, separator="/"))
        assert arrays[name].shape == like.shape, name
        return jnp.asarray(arrays[name], like.dtype)

    return jax.tree_util.tree_map_with_path(leaf, shapes)


def parts(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Arrays of a learner or gradient by the part of it that they belong to, `critic_moments/first` for one, each part
    as one vector: its arrays in the order of their names."""
    found: dict[str, list] = {}
    for name in sorted(arrays):
        found.setdefault(re.split(r"/(?:hidden\d|head)/", name)[0], []).append(np.ravel(arrays[name]))
    return {name: np.concatenate(leaves).astype(np.float64) for name, leaves in found.items()}


def sketch(vector: np.ndarray) -> np.ndarray:
    """The part itself if it is short, else its projections on random signs, over the root of their number."""
    if vector.size <= SKETCH:
        return vector.astype(np.float32)
    signs = np.where(np.random.default_rng(vector.size).random((SKETCH, vector.size)) < 0.5, -1.0, 1.0)
    return (signs @ vector / SKETCH**0.5).astype(np.float32)


def sketches(tree) -> dict[str, np.ndarray]:
    return {name: sketch(vector) for name, vector in parts(named(tree)).items()}


def norms(learner) -> np.ndarray:
    """L2 norm of each part of a learner, parts in the order of their names."""
    found = parts(named(learner))
    return np.asarray([np.linalg.norm(found[name]) for name in sorted(found)], np.float32)


def dropped_q(learner, variant: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of Q on the fixed pairs over MASKS masks, `[N, FIXED]` each."""
    structure, coefs, data, _ = toy(variant)
    keys = jax.random.split(jax.random.key(9), MASKS)

    @jax.jit
    def moments(critic):
        pairs = data.obs[:FIXED], data.action[:FIXED]
        q = jax.lax.map(lambda key: critics.values(critic, *pairs, coefs, structure, key), keys)
        return jnp.mean(q, 0), jnp.var(q, 0, ddof=1)

    return jax.device_get(moments(learner.critic))


def rounded(array: np.ndarray) -> np.ndarray:
    """Float32 numbers at bfloat16's 8 significant bits; everything else, and scalars, as they are."""
    if array.dtype != np.float32 or array.ndim == 0:
        return array
    bits = np.ascontiguousarray(array).view(np.uint32)
    return ((bits + np.uint32(0x8000)) & np.uint32(0xFFFF0000)).view(np.float32)


def results(after: Outcome) -> dict[str, np.ndarray]:
    """What is compared of an update, by name."""
    found = {"loss": np.asarray(after.loss), "q": np.asarray(after.q)}
    found |= {f"after/{name}": part for name, part in sketches(after.learner).items()}
    return found | sketches({"gradient": after.gradient})


def record(variant: str) -> dict[str, np.ndarray]:
    """All that a variant's file holds, by name."""
    update, learner = updating(variant), initial(variant)
    indices = np.random.default_rng(1).integers(TRANSITIONS, size=(max(UPDATES) + 1, BATCH)).astype(np.uint16)
    keys = jax.random.split(jax.random.key(5), len(indices))
    points = []
    for number in range(len(indices)):
        if number in UPDATES:
            state = {name: rounded(leaf) for name, leaf in named(learner).items()}
            after = update(learner_of(variant, state), batch_of(variant, indices[number]), keys[number])
            points.append({f"state/{name}": leaf for name, leaf in state.items()} | results(after))
        learner = update(learner, batch_of(variant, indices[number]), keys[number]).learner
    numbers = np.asarray([*range(on_end(variant)), *UPDATES])
    found = {name: np.stack([point[name] for point in points]) for name in points[0]}
    found |= {"indices": indices[numbers], "keys": np.asarray(jax.random.key_data(keys[numbers]))}
    learner, last = run_on_end(variant, found)
    return found | {"end/q": np.asarray(last.q), "end/norms": norms(learner)}


def given(variant: str, recorded: dict[str, np.ndarray], place: int):
    """What the recorded update number `place` of `UPDATES` starts from: learner, batch, key."""
    state = {name.removeprefix("state/"): leaf[place] for name, leaf in recorded.items() if name.startswith("state/")}
    return learner_of(variant, state), *minibatch(variant, recorded, on_end(variant) + place)


def minibatch(variant: str, recorded: dict[str, np.ndarray], number: int):
    """Batch and key of a recorded update; those on end come first, then those of `UPDATES`."""
    return batch_of(variant, recorded["indices"][number]), jax.random.wrap_key_data(recorded["keys"][number])


def run_on_end(variant: str, recorded: dict[str, np.ndarray]) -> tuple[object, Outcome]:
    """The learner after the updates on end from the first recorded state, and the outcome of one more."""
    update, learner = updating(variant), given(variant, recorded, 0)[0]
    for number in range(on_end(variant)):
        learner = update(learner, *minibatch(variant, recorded, number)).learner
    return learner, update(learner, *minibatch(variant, recorded, 0))


def record_dropout() -> dict[str, np.ndarray]:
    """Q under dropout, of the baseline's critics after the last recorded update."""
    mean, variance = dropped_q(given("baseline", load("baseline"), -1)[0], DROPOUT)
    return {"mean": mean, "variance": variance}


def record_draws() -> dict[str, np.ndarray]:
    """Actors and critics as they are drawn, every bit."""
    return {f"{name}/{leaf}": array for name, variant in DRAWS
            for leaf, array in named(drawn(variant, name)).items()}


def drawn(variant: str, name: str) -> dict:
    """Actor and critics of a variant, drawn; under `lecun` with that initialisation."""
    initialisation = "lecun_normal" if name == "lecun" else "orthogonal"
    lane = make_lane(variant, hidden=(12, 8), initialisation=initialisation)
    structure = structure_of((lane,), lane.mechanisms, OBSERVATIONS, ACTIONS, (0.0, 1.0))
    coefs = jax.tree.map(lambda leaf: leaf[0], coefficients((lane,), ACTIONS))
    draw = jax.jit(agent_of(structure).initialise, static_argnames="structure")
    learner = draw(jax.random.key(4), jnp.int32(3), coefs, structure=structure)
    return {"actor": learner.actor, "critic": learner.critic}


def load(name: str) -> dict[str, np.ndarray]:
    with np.load(FOLDER / f"{name}.npz", allow_pickle=False) as file:
        return dict(file)


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for variant in VARIANTS:
        np.savez_compressed(folder / f"{variant}.npz", **record(variant))
    np.savez_compressed(folder / "dropout.npz", **record_dropout())
    np.savez_compressed(folder / "draws.npz", **record_draws())


if __name__ == "__main__":
    main()
