"""The mechanisms that a variant can switch on, each declared once, and the lists that follow from them. Data only.

What a mechanism computes is in `learn`: a normalisation of hidden layers in `learn.normalisations`. `built_in` has a
variant of each mechanism alone. Mechanisms that a setting switches on are declared with that setting (`settings`).
"""

from __future__ import annotations

import dataclasses

HIDDEN_LAYERS, FEATURES, ACTOR, KERNELS = "hidden layers", "features", "actor", "kernels"  # where a mechanism acts
DROPOUT = "dropout"  # of the critics' hidden layers too, and switched on by a setting
SHAPING = "reward_shaping"  # switched on by a setting: `reward_scale` or `reward_shift`


@dataclasses.dataclass(frozen=True)
class Mechanism:
    """One mechanism.

    Attributes:
      name: in `Variant.mechanisms`, and in paths of parameters.
      summary, citation: of the variant that has this mechanism alone, which has the same name with dashes.
      place: where it acts: before the activation of each of the critics' hidden layers, on the features that the
        critics' head reads, in the actor, or on the critics' hidden kernels after each step.
      selectable: whether it acts element by element, with a switch for each lane (`learn.networks.switches`). A group
        that has one compiled in can hold lanes without it. Every other mechanism makes a group of its own.
      pairwise: whether it acts on each pair (s, a) without the rest of the batch, as PreQN's kernel needs.
      parameters: how many it has for each unit of a layer.
    """

    name: str
    summary: str
    citation: str
    place: str
    selectable: bool = False
    pairwise: bool = True
    parameters: int = 0


MECHANISMS = {
    mechanism.name: mechanism
    for mechanism in (
        Mechanism("layernorm", "LayerNorm with affine parameters before each ReLU of the critic",
                  "Yue et al., Understanding, Predicting and Better Resolving Q-Value Divergence in Offline-RL, "
                  "2310.04411", HIDDEN_LAYERS, selectable=True, parameters=2),
        Mechanism("feature_layernorm", "LayerNorm of the critic's last hidden features, without scale and shift",
                  "Ba et al., Layer Normalization, 1607.06450", FEATURES, selectable=True),
        Mechanism("unit_ball", "output feature normalization: the critic's last hidden features on the unit ball",
                  "Hussing et al., Dissecting Deep RL with High Update Ratios, 2403.05996", FEATURES, selectable=True),
        Mechanism("actor_layernorm", "LayerNorm with affine parameters before each ReLU of the actor",
                  "Nauman et al., Overestimation, Overfitting, and Plasticity in Actor-Critic, 2403.00514", ACTOR,
                  selectable=True, parameters=2),
        Mechanism("groupnorm", "GroupNorm with affine parameters before each ReLU of the critic (8 groups of units)",
                  "Wu and He, Group Normalization, 1803.08494", HIDDEN_LAYERS, parameters=2),
        Mechanism("batchnorm", "BatchNorm before each ReLU of the critic, both batches in one pass; targets stay",
                  "Bhatt et al., CrossQ: Batch Normalization in Deep RL, 1902.05605; target networks as in Palenicek "
                  "et al., 2502.07523", HIDDEN_LAYERS, pairwise=False, parameters=2),
        Mechanism("spectral_norm", "the critics' hidden kernels projected to a largest singular value of at most 1",
                  "Gogianu et al., Spectral Normalisation for Deep RL: an Optimisation Perspective, 2105.05246",
                  KERNELS, pairwise=False),
        Mechanism("weight_norm", "the critics' hidden kernels projected to a Frobenius norm of 1; goes with batchnorm",
                  "Palenicek et al., Scaling Off-Policy RL with Batch and Weight Normalization, 2502.07523", KERNELS,
                  pairwise=False),
    )
}

SELECTABLE = tuple(name for name, mechanism in MECHANISMS.items() if mechanism.selectable)
IN_HIDDEN_LAYERS = tuple(name for name, mechanism in MECHANISMS.items() if mechanism.place == HIDDEN_LAYERS)
PAIRWISE = tuple(name for name, mechanism in MECHANISMS.items() if mechanism.pairwise)
OF_THE_ACTOR = tuple(name for name, mechanism in MECHANISMS.items() if mechanism.place == ACTOR)
# Switches that a critic from outside may understand, and mechanisms that it has in no other way.
UNDERSTOOD = (*(name for name in SELECTABLE if name not in OF_THE_ACTOR), DROPOUT)
MLP_ALONE = (*(name for name, mechanism in MECHANISMS.items() if mechanism.place in (HIDDEN_LAYERS, KERNELS)), DROPOUT)
