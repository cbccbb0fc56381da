"""Where minibatches come from. `base` has the records and the protocol, `fixed_length`, `episodes` and `dataset` a type
each, `choice` finds the type of a group, `drawing` draws from any of them."""

from divbench.learn.replay.base import Batch, GrowingReplay, Replay, Stored

__all__ = ["Batch", "GrowingReplay", "Replay", "Stored"]
