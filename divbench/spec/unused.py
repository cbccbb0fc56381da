"""Settings that an algorithm ignores. A variant that changes only an ignored setting is rejected: it would duplicate
another variant. Where a run sets them (`--sac`) they are ignored."""

from __future__ import annotations

from collections.abc import Mapping

from divbench.spec.objects import ACTOR, ACTOR_OPTIMIZER, CRITIC, OPTIMIZER
from divbench.spec.settings import SACSettings

_SAC_ALONE = ("log_std_rule", "log_std_gain", "log_std_min", "log_std_max", "initial_temperature", "temperature_lr",
              "target_entropy_scale", "conservative_weight")
_TD3_ALONE = ("target_noise", "target_noise_clip", "policy_delay", "q_weight", "cloning_weight")
_PREQN_ALONE = ("search_steps", "search_cosine", "search_shrink")
# By which algorithms a setting is read, of those that not all of them read.
READ_BY = {**dict.fromkeys(_SAC_ALONE, ("sac",)), **dict.fromkeys(_TD3_ALONE, ("td3",)),
           **dict.fromkeys(_PREQN_ALONE, ("preqn",)), "exploration_noise": ("td3", "preqn")}
# PreQN makes nothing of these either: it has one critic without a target network, an optimizer or another loss.
UNUSED_BY_PREQN = ("huber_delta", "critic_optimizer", "critic_b1", "critic_b2", "critic_eps", "tau", "target_period",
                   "mean_weight", "in_distribution_targets")
_WITH_SECOND_MOMENT = ("adam", "rmsprop")
_OF_SECOND_MOMENT = ("critic_b2", "critic_eps")
# Settings of what an object from outside takes the place of.
_REPLACED = {OPTIMIZER: ("critic_optimizer", "critic_lr", "critic_b1", "critic_b2", "critic_eps", "weight_decay",
                         "clip_norm"),
             ACTOR_OPTIMIZER: ("actor_lr",), ACTOR: ("log_std_gain",)}
_OF_ACTOR_AND_TEMPERATURE = ("adam_b1", "adam_b2", "adam_eps")  # the latter learns in SAC alone
_OF_BOTH_NETWORKS = ("hidden", "activation", "initialisation", "init_gain")


def why_unused(name: str, sac: SACSettings, objects: Mapping[str, str]) -> str:
    """Why a lane with settings `sac` ignores the setting `name`, in words; empty if it reads it.

    Args:
      objects: what the lane's variant has in the place of divbench's own, by kind.
    """
    algorithms = READ_BY.get(name, (sac.algorithm,))
    if sac.algorithm not in algorithms:
        return f"{sac.algorithm} has no use for it; expected {' or '.join(algorithms)}"
    for kind, own in objects.items():
        if name in _REPLACED.get(kind, ()) or (kind == ACTOR_OPTIMIZER and sac.algorithm != "sac"
                                               and name in _OF_ACTOR_AND_TEMPERATURE):
            return f"'{own}' takes its place, and has fields of its own"
    if name in _OF_BOTH_NETWORKS and {CRITIC, ACTOR} <= objects.keys():
        return f"'{objects[CRITIC]}' and '{objects[ACTOR]}' have fields of their own"
    if name in _OF_SECOND_MOMENT and sac.critic_optimizer not in _WITH_SECOND_MOMENT:
        return (f"the critics' optimizer, {sac.critic_optimizer}, has no second moment; expected "
                f"{' or '.join(_WITH_SECOND_MOMENT)}")
    if name == "mean_weight" and sac.critics == 1:
        return "of one critic mean and least are the same; expected two critics or more"
    return ""
