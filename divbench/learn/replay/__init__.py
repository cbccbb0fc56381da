"""Where minibatches come from. `base` has the records and the protocol, `fixed_length`, `episodes` and `dataset` a type
each, `drawing` finds the type of a group and draws from it."""

from divbench.learn.replay.base import Batch, GrowingReplay, Replay, Stored

__all__ = ["Batch", "GrowingReplay", "Replay", "Stored"]
