"""A group's compiled training, to be timed in chunks of updates without environment steps.

`update_speed.py` runs this with older installations of divbench, so it does not use `divbench.execute.timing`.
"""

from __future__ import annotations


class Trainer:
    """A group's program and its state; `chunk` trains on.

    Args:
      group: a `divbench.spec.plan.Group`.
      physics: of the task; nothing is stepped where there are data.
      data: the dataset as the group learns from it; without one, an episode of random actions fills the replay.
    """

    def __init__(self, group, physics: str, data=None):
        import jax.numpy as jnp
        import numpy as np

        from divbench.execute.programs import program_for
        from divbench.learn.agents.coefficients import coefficients
        from divbench.learn.keys import Stream, draw_seed, lane_keys
        from divbench.learn.trainer import Control

        program = program_for(group, physics, 1, data=data)
        self.lanes, self._train = program.lanes, program.train_chunk
        self._roots = lane_keys([lane.key_words for lane in group.lanes])
        self._coefs = coefficients(group.lanes, program.structure.action_size)
        seeds = [draw_seed(lane.key_words, Stream.EPISODE, 0) for lane in group.lanes]
        self._starts = program.env.draw(np.asarray(seeds, np.uint64))
        everyone = jnp.ones(self.lanes, bool)
        self.state = program.reset_lanes(program.blank_state(), self._roots, self._coefs, everyone, everyone,
                                         jnp.zeros(self.lanes, jnp.int32))
        if data is None:
            self._run(Control.acting(program.env.episode_length, explores=True, begins_episode=True))
        else:
            self.state = self.state._replace(rows=jnp.asarray(data.rows))

    def chunk(self, updates: int) -> tuple[float, float]:
        """Seconds and processor seconds that `updates` updates of every lane take."""
        import time

        from divbench.learn.trainer import Control

        began = time.perf_counter(), time.process_time()
        self._run(Control.priming(updates))
        return time.perf_counter() - began[0], time.process_time() - began[1]

    def _run(self, control) -> None:
        import jax

        self.state = self._train(self.state, self._roots, self._coefs, self._starts, control)
        jax.block_until_ready(self.state)
