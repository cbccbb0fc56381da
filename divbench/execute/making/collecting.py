"""Episodes of one policy, one after the other without end, for datasets.

Lives here: where episodes begin, in which order they come, and cutting the compiled program's blocks into episodes.
What an episode is made of is in `divbench.learn.collecting`; which policies act, and for how long, in `making`.
Letters in shapes: n env steps of an episode, E episodes side by side, O observation size, A action size.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np

from divbench.learn.collecting import Steps, make_collect
from divbench.learn.keys import Stream, draw_seed, lane_keys, stream_key
from divbench.spec.errors import UsageError
from divbench.spec.plan import Lane

if TYPE_CHECKING:
    from divbench.envs.base import TaskEnvironment

SIDE_BY_SIDE = 16  # episodes of one call; another number changes results by rounding
BLOCK_STEPS = 100  # env steps between two looks at whether a signal came, and whether all episodes are over
COLUMNS = ("obs", "action", "reward", "next_obs", "terminal", "truncated")


class Collector:
    """Plays the episodes of one policy.

    Episode e begins where (task, seed, e) says, whoever acts; random numbers of the actions depend on task and seed, on
    how long the lane had trained, on the episode and on the step.

    Args:
      env: a task of `divbench.envs`.
      lane: whose policy acts.
      env_step: how long it had trained; 0 for random actions.
      act: `(obs [O], key) -> action [A]` within the task's bounds; jittable.
      check: called between blocks; it raises to abandon the work.
    """

    def __init__(self, env: TaskEnvironment, lane: Lane, env_step: int, act: Callable,
                 check: Callable[[], None]) -> None:
        self._env, self._lane, self._check = env, lane, check
        self._root = stream_key(lane_keys([lane.key_words])[0], Stream.COLLECT, env_step)
        self._steps = min(BLOCK_STEPS, env.episode_length)
        self._collect = jax.jit(make_collect(env, act, self._steps))
        self._start = jax.jit(jax.vmap(env.start))

    def episodes(self) -> Iterator[dict[str, np.ndarray]]:
        """Whole episodes, number 0 first: `obs` and `next_obs` `[n, O]`, `action` `[n, A]`, `reward`, `terminal` and
        `truncated` `[n]`, as `DatasetWriter.append` takes them.

        Raises:
          UsageError: physics or policy went non-finite.
        """
        for first in itertools.count(0, SIDE_BY_SIDE):
            steps = self._play(np.arange(first, first + SIDE_BY_SIDE))
            for place in range(SIDE_BY_SIDE):
                length = int(steps.within[:, place].sum())
                if steps.broken[:, place].any():
                    raise UsageError(f"dataset make: {self._lane.task}: physics or policy went non-finite in episode "
                                     f"{first + place:,}; choose another --seed")
                yield {name: getattr(steps, name)[:length, place] for name in COLUMNS}

    def mean_return(self, episodes: int) -> float:
        """Mean undiscounted return of the first `episodes` episodes."""
        played = itertools.islice(self.episodes(), episodes)
        return float(np.mean([rows["reward"].sum(dtype=np.float64) for rows in played]))

    def _play(self, numbers: np.ndarray) -> Steps:
        """The episodes of those numbers, `[E]`, to their ends: numpy arrays `[T, E, ...]`."""
        seeds = [draw_seed(self._lane.key_words, Stream.COLLECT, int(number)) for number in numbers]
        state = self._start(self._env.draw(np.asarray(seeds, np.uint64)))
        keys = jax.vmap(jax.random.fold_in, in_axes=(None, 0))(self._root, jnp.asarray(numbers))
        over = jnp.zeros(len(numbers), bool)
        blocks, played = [], 0
        while not np.all(over):
            self._check()
            state, over, block = self._collect(state, over, keys, jnp.int32(played))
            blocks.append(jax.device_get(block))
            played += self._steps
        return jax.tree.map(lambda *parts: np.concatenate(parts), *blocks)


def uniform_actions(env: TaskEnvironment) -> Callable:
    """`act(obs, key)` that draws uniformly within the task's bounds, whatever is seen."""
    low, high = (jnp.asarray(bound, jnp.float32) for bound in (env.action_low, env.action_high))
    return lambda obs, key: jax.random.uniform(key, low.shape, jnp.float32, low, high)
