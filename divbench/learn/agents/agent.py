"""What an algorithm is: eight functions and the name of the algorithm whose settings they read.

SAC, TD3 and PreQN are records of this kind. One from outside is another, most easily one of these with a function
replaced: `TD3._replace(td_target=mine)`. All functions are pure, written for one lane, and vmapped by the caller.
Letters in shapes: N critics, B batch, O observation size, A action size.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Agent(NamedTuple):
    """One algorithm. `coefs` are a lane's `Coefficients`, `structure` is the group's `Structure`, static.

    `td_target` and `update` get the agent itself and call its other functions, so a replaced function acts everywhere.

    Attributes:
      algorithm: `sac`, `td3` or `preqn`: whose settings it reads. What is incompatible with that algorithm is
        incompatible with this agent; `sac` alone has a density of its actions, which `conservative` needs.
      initialise: `(root, resets, coefs, structure) -> LearnerState`: draw number `resets` (int32) of fresh weights.
        Each number gives other weights; the key is not consumed.
      act: `(actor, obs [B, O], coefs, structure, key=None) -> [B, A]`: what the policy does in the task, within
        [-1, 1]: its mode, or with a key, which is consumed, what it explores with.
      sample: `(actor, obs [B, O], coefs, structure, key) -> ([B, A], [B])`: actions of the policy that Q is about and
        their log densities, 0 for a policy without one. The key is consumed.
      td_target: `(agent, learner, batch, coefs, structure, key, training=True) -> ([B], [B, A])`: what Q of the batch
        is fitted to, and the next actions that it was made with. The key is consumed. `training` (static) is False
        where nothing is learned from it.
      update: `(agent, learner, batch, coefs, structure, key) -> LearnerState`: one gradient step of all that is due,
        with `updates` one higher, by way of `state.freeze_if_nonfinite`. The key is consumed.
      critic_change: `(learner, batch, target [B], gradient, coefs, structure) -> tree`: what that update adds to the
        critics' parameters, for measurements. `gradient` is that of `critic.loss`.
      temperature: `(learner, coefs) -> []`: weight of the entropy term in the actor's loss; 0 without one.
      entropy_weight: `(learner, coefs) -> []`: what a nat of entropy is worth in Q; 0 where targets leave it out.
    """

    algorithm: str
    initialise: Callable
    act: Callable
    sample: Callable
    td_target: Callable
    update: Callable
    critic_change: Callable
    temperature: Callable
    entropy_weight: Callable
