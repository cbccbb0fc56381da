"""A dataset as a run learns from it: its rows on the device, and the task seen as the dataset is.

Observations are normalised to mean 0 and standard deviation 1 over the whole dataset, as the offline studies do
(Fujimoto and Gu, 2106.06860, section 5; Yue et al., 2310.04411): in the rows, and in the task that policies are
evaluated on. Actions are mapped from the task's bounds to [-1, 1]. Rows lie in an order drawn from seed 0, so that the
first share of them is the transitions that `divbench dataset subset` takes, and a lane's smaller share lies within
another's larger one. Letters in shapes: N transitions, O observation size, A action size.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np

from divbench import envs
from divbench.execute.dataset_check import check_task
from divbench.learn.replay import Batch
from divbench.learn.replay.dataset import packed
from divbench.learn.rollout import action_center_and_scale
from divbench.records.datasets.dataset import Dataset, open_dataset
from divbench.records.datasets.subset import places
from divbench.spec.errors import UsageError

if TYPE_CHECKING:
    import jax

    from divbench.envs.base import State, TaskEnvironment

LEAST_DEVIATION = 1e-3  # added to an observation's standard deviation, as in the code of 2106.06860
LARGEST_ACTION = 1.0 + 1e-4  # a mapped action may be this large before the dataset is taken to be of another task


@dataclasses.dataclass(frozen=True, eq=False)
class OfflineData:
    """A dataset ready to be learned from. Two are equal if their checksums are.

    Attributes:
      checksum: of the dataset.
      rows: `[1, N, width]`, see `learn.replay.dataset.packed`.
      mean, deviation: `[O]`, what observations are shifted and divided by.
      reward_range: least and greatest reward of the dataset.
    """

    checksum: str
    rows: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray
    reward_range: tuple[float, float]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OfflineData) and self.checksum == other.checksum

    def __hash__(self) -> int:
        return hash(self.checksum)

    def __len__(self) -> int:
        return self.rows.shape[1]

    def facts(self) -> dict:
        """What a run's card says of it, as JSON values; enough to act as its lanes do."""
        return {"checksum": self.checksum, "transitions": len(self), "observation_mean": self.mean.tolist(),
                "observation_deviation": self.deviation.tolist()}


def read_offline(folder: str, task: str, physics: str) -> OfflineData:
    """The dataset of that folder, for that task.

    Raises:
      UsageError: no dataset, a damaged one, or one of another task.
    """
    dataset = open_dataset(folder)
    check_task(dataset.card, folder, task)
    env = envs.make(task, physics=physics)
    batch, mean, deviation = _prepared(dataset, *action_center_and_scale(env))
    if np.abs(batch.action).max() > LARGEST_ACTION:
        raise UsageError(f"--dataset: expected actions within the bounds of {task}, found one "
                         f"{np.abs(batch.action).max():.4g} times as large in {folder}")
    rewards = dataset.card["rewards"]
    return OfflineData(dataset.checksum, packed(batch), mean, deviation, (rewards["min"], rewards["max"]))


def _prepared(dataset: Dataset, center: np.ndarray, scale: np.ndarray) -> tuple[Batch, np.ndarray, np.ndarray]:
    columns = {name: np.array(array) for name, array in dataset.transitions().items()}
    mean = columns["obs"].mean(0, dtype=np.float64).astype(np.float32)
    deviation = columns["obs"].std(0, dtype=np.float64).astype(np.float32) + np.float32(LEAST_DEVIATION)
    action = (columns["action"] - center) / scale
    follows = np.zeros(len(dataset), bool)
    if dataset.whole_episodes:
        follows[:-1] = columns["episode"][1:] == columns["episode"][:-1]
    next_action = np.where(follows[:, None], np.roll(action, -1, 0), action)
    order = np.argsort(places(len(dataset), 0), kind="stable")
    batch: tuple[Any, ...] = ((columns["obs"] - mean) / deviation, action, columns["reward"],
                              1.0 - columns["terminal"].astype(np.float32), (columns["next_obs"] - mean) / deviation,
                              next_action, follows.astype(np.float32))
    return Batch(*(column[order] for column in batch)), mean, deviation


class NormalisedTask:
    """A task whose observations are shifted and scaled; everything else is the task's own.

    Args:
      env: a task of `divbench.envs`.
      data: whose mean and deviation are taken.
    """

    def __init__(self, env: TaskEnvironment, data: OfflineData) -> None:
        self._env = env
        self._mean, self._deviation = jnp.asarray(data.mean), jnp.asarray(data.deviation)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._env, name)

    def reset(self, key: jax.Array) -> State:
        """As the task's."""
        return self._seen(self._env.reset(key))

    def start(self, start: Any) -> State:
        """As the task's."""
        return self._seen(self._env.start(start))

    def step(self, state: Any, action: jax.Array) -> State:
        """As the task's, whose next state does not depend on the observation before."""
        return self._seen(self._env.step(state, action))

    def _seen(self, state: Any) -> State:
        return dataclasses.replace(state, obs=(state.obs - self._mean) / self._deviation)
