"""The variants that come with divbench, one record each. What names are made of them is in `naming`."""

from __future__ import annotations

from typing import Any

from divbench.spec.mechanisms import MECHANISMS
from divbench.spec.variants import Reset, Variant

_SAC = "Haarnoja et al., Soft Actor-Critic Algorithms and Applications, 1812.05905"
_OFN = MECHANISMS["unit_ball"].citation
_PRIMACY = "Nikishin et al., The Primacy Bias in Deep RL, 2205.07802"
SR_SAC = "D'Oro et al., Sample-Efficient RL by Breaking the Replay Ratio Barrier, ICLR 2023"
_PLASTICITY = "Lyle et al., Understanding Plasticity in Neural Networks, 2303.01486"
_DQN = "Mnih et al., Human-level control through deep reinforcement learning, Nature 2015"
_TD3 = "Fujimoto et al., Addressing Function Approximation Error in Actor-Critic Methods, 1802.09477"
_PREQN = "Achiam et al., Towards Characterizing Divergence in Deep Q-Learning, 1903.08894"
_TD3_SETTINGS = (("algorithm", "td3"), ("policy_delay", 2), ("target_period", 2))
_CROSSQ = "Bhatt et al., CrossQ: Batch Normalization in Deep RL, 1902.05605"

# A hard copy every 400 updates is 200 updates old on average, as old as the Polyak average with tau 0.005.
_HARD_PERIOD = 400
_INTERVAL = 2_560_000  # updates between resets at every UTD, as published for SR-SAC

_OFN_ON = frozenset({"unit_ball"})


def _alone(mechanism: str, name: str = "", **others: Any) -> Variant:
    """The variant that switches one mechanism on; `others` are further attributes of it."""
    declared = MECHANISMS[mechanism]
    return Variant(name or mechanism.replace("_", "-"), declared.summary, declared.citation,
                   mechanisms=frozenset({mechanism}), **others)


BUILT_IN = {
    v.name: v
    for v in (
        Variant("baseline", "plain soft actor-critic", _SAC),
        _alone("unit_ball", name="ofn"),
        _alone("layernorm"),
        _alone("feature_layernorm"),
        Variant("reset", "the whole agent drawn afresh every 2,560,000 updates, replay buffer kept", SR_SAC,
                reset=Reset(_INTERVAL)),
        Variant("ofn-reset", "ofn, and the whole agent drawn afresh every 2,560,000 updates", _OFN,
                mechanisms=_OFN_ON, reset=Reset(_INTERVAL)),
        Variant("ofn-actor-reset", "ofn, and actor and temperature drawn afresh every 2,560,000 updates", _OFN,
                mechanisms=_OFN_ON, reset=Reset(_INTERVAL, "actor")),
        Variant("actor-reset", "actor and temperature drawn afresh every 2,560,000 updates", _OFN,
                reset=Reset(_INTERVAL, "actor")),
        Variant("critic-reset", "critics and their targets drawn afresh every 2,560,000 updates (divbench's own "
                "counterpart of actor-reset)", SR_SAC,
                reset=Reset(_INTERVAL, "critic")),
        Variant("reset-200k", "the whole agent drawn afresh every 200,000 env steps, replay buffer kept", _PRIMACY,
                reset=Reset(200_000, unit="env_steps")),
        Variant("single-critic", "one critic in place of the lesser of two", _OFN, settings=(("critics", 1),)),
        Variant("ofn-single-critic", "ofn with one critic", _OFN, mechanisms=_OFN_ON, settings=(("critics", 1),)),
        Variant("mean-critic", "the mean of two critics in place of the lesser of them",
                "Nauman et al., Bigger, Regularized, Optimistic, 2405.16158", settings=(("mean_weight", 1.0),)),
        Variant("weight-decay", "decoupled weight decay of the critics' kernels (0.01)",
                "Loshchilov and Hutter, Decoupled Weight Decay Regularization, 1711.05101; " + _OFN,
                settings=(("weight_decay", 0.01),), strength="weight_decay"),
        Variant("dropout", "dropout of the critics' hidden units while training (rate 0.01)",
                "Hiraoka et al., Dropout Q-Functions for Doubly Efficient RL, 2110.02034; " + _OFN,
                settings=(("dropout_rate", 0.01),), strength="dropout_rate"),
        _alone("actor_layernorm"),
        Variant("sgd", "the critics learn by plain SGD; a number is its learning rate", _OFN,
                settings=(("critic_optimizer", "momentum"), ("critic_b1", 0.0)), strength="critic_lr"),
        Variant("sgd-momentum", "the critics learn by SGD with momentum 0.9; a number is its learning rate", _OFN,
                settings=(("critic_optimizer", "momentum"), ("critic_b1", 0.9)), strength="critic_lr"),
        Variant("rmsprop", "the critics learn by RMSProp: Adam without first moment and without bias correction", _OFN,
                settings=(("critic_optimizer", "rmsprop"), ("critic_b1", 0.0)), strength="critic_lr"),
        Variant("adam-b1-0", "the critics' Adam without first moment", _OFN,
                settings=(("critic_b1", 0.0),)),
        Variant("adam-no-second-moment", "the critics' Adam without second moment; a number is its learning rate", _OFN,
                settings=(("critic_optimizer", "adam-no-second-moment"),), strength="critic_lr"),
        Variant("adam-low-b2", "the critics' Adam with a second moment that forgets as fast as the first (0.9)",
                _PLASTICITY, settings=(("critic_b2", 0.9),), strength="critic_b2"),
        Variant("adam-eps", "the critics' Adam with a large epsilon (0.001): small gradients make small steps",
                _PLASTICITY, settings=(("critic_eps", 1e-3),), strength="critic_eps"),
        Variant("huber", "TD errors beyond 1 count linearly", _DQN, settings=(("huber_delta", 1.0),),
                strength="huber_delta"),
        Variant("grad-clip", "the critics' gradient clipped to an L2 norm of 1",
                "Pascanu et al., On the difficulty of training recurrent neural networks, 1211.5063",
                settings=(("clip_norm", 1.0),), strength="clip_norm"),
        Variant("conservative", "the term of conservative Q-learning, CQL(H), with weight 1",
                "Kumar et al., Conservative Q-Learning for Offline RL, 2006.04779",
                settings=(("conservative_weight", 1.0),), strength="conservative_weight"),
        Variant("in-distribution-targets", "targets from the replayed next action, without entropy: none is made up",
                _OFN, settings=(("in_distribution_targets", True),)),
        Variant("no-target", "targets from the critics themselves", _CROSSQ, settings=(("tau", 1.0),)),
        Variant("hard-target", "target critics copied every 400 updates", _DQN,
                settings=(("tau", 1.0), ("target_period", _HARD_PERIOD)), strength="target_period"),
        Variant("dr3", "a penalty on the dot product of consecutive features (weight 0.01)",
                "Kumar et al., DR3: Value-Based Deep RL Requires Explicit Regularization, 2112.04716",
                settings=(("dr3_weight", 0.01),), strength="dr3_weight"),
        _alone("spectral_norm"),
        _alone("weight_norm"),
        Variant("td3", "TD3 in place of SAC: deterministic actor and its target, smoothed targets, delayed actor", _TD3,
                settings=_TD3_SETTINGS),
        Variant("ddpg", "DDPG in place of SAC: TD3 with one critic, neither smoothing nor delay",
                "Lillicrap et al., Continuous control with deep reinforcement learning, 1509.02971",
                settings=(("algorithm", "td3"), ("critics", 1), ("target_noise", 0.0), ("policy_delay", 1))),
        Variant("td3-bc", "TD3 with a term that clones the replayed actions (Q weighs 2.5)",
                "Fujimoto and Gu, A Minimalist Approach to Offline RL, 2106.06860",
                settings=(*_TD3_SETTINGS, ("q_weight", 2.5), ("cloning_weight", 1.0)), strength="q_weight"),
        Variant("preqn", "PreQN in place of SAC: no target network, a step preconditioned by the minibatch's kernel; a "
                "number is the share of the TD error it takes", _PREQN,
                settings=(("algorithm", "preqn"), ("critics", 1), ("batch_size", 64), ("critic_lr", 0.1)),
                strength="critic_lr"),
        _alone("groupnorm", settings=(("groupnorm_groups", 8),), strength="groupnorm_groups"),
        _alone("batchnorm"),
    )
}
# And one of each mechanism that has none above. The order here is the order of the parts of a sum's name.
_NAMED = frozenset().union(*(variant.mechanisms for variant in BUILT_IN.values()))
BUILT_IN |= {variant.name: variant for variant in map(_alone, MECHANISMS) if not variant.mechanisms <= _NAMED}
