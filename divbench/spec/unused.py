"""Settings that an algorithm ignores. A variant that changes only an ignored setting is rejected: it would duplicate
another variant. Where a run sets them (`--sac`) they are ignored."""

from __future__ import annotations

from divbench.spec.settings import SACSettings

_SAC_ALONE = ("log_std_rule", "log_std_gain", "log_std_min", "log_std_max", "initial_temperature", "temperature_lr",
              "target_entropy_scale", "conservative_weight")
_TD3_ALONE = ("target_noise", "target_noise_clip", "policy_delay", "q_weight", "cloning_weight")
_PREQN_ALONE = ("search_steps", "search_cosine", "search_shrink")
# By which algorithms a setting is read, of those that not all of them read.
READ_BY = {**dict.fromkeys(_SAC_ALONE, ("sac",)), **dict.fromkeys(_TD3_ALONE, ("td3",)),
           **dict.fromkeys(_PREQN_ALONE, ("preqn",)), "exploration_noise": ("td3", "preqn")}
# PreQN ignores these too: it has one critic without a target network, an optimizer or another loss.
UNUSED_BY_PREQN = ("huber_delta", "critic_optimizer", "critic_b1", "critic_b2", "critic_eps", "tau", "target_period",
                   "mean_weight", "in_distribution_targets")
_WITH_SECOND_MOMENT = ("adam", "rmsprop")
_OF_SECOND_MOMENT = ("critic_b2", "critic_eps")


def why_unused(name: str, sac: SACSettings) -> str:
    """Why a lane with settings `sac` ignores the setting `name`, in words; empty if it uses it."""
    algorithms = READ_BY.get(name, (sac.algorithm,))
    if sac.algorithm not in algorithms:
        return f"{sac.algorithm} has no use for it; expected {' or '.join(algorithms)}"
    if name in _OF_SECOND_MOMENT and sac.critic_optimizer not in _WITH_SECOND_MOMENT:
        return (f"the critics' optimizer, {sac.critic_optimizer}, has no second moment; expected "
                f"{' or '.join(_WITH_SECOND_MOMENT)}")
    if name == "mean_weight" and sac.critics == 1:
        return "of one critic mean and least are the same; expected two critics or more"
    return ""
