"""The numbers of the algorithms, each declared once: a field, its meaning, its values and who reads it.

What a declaration consists of is in `setting`. All that follows from one of them derives from it: `STRUCTURE`, the
checks, a lane's numbers (`learn.agents.coefficients`), what `unused` refuses, and docs/settings.md.

The defaults are those of the public SAC implementation on which the DMC15-500k protocol was defined
(D'Oro et al., "Sample-Efficient Reinforcement Learning by Breaking the Replay Ratio Barrier", ICLR 2023).
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from typing import Any

from divbench.spec.errors import UsageError, choose
from divbench.spec.kinds import parse_value, typed
from divbench.spec.mechanisms import SHAPING
from divbench.spec.objects import ACTOR, ACTOR_OPTIMIZER, CRITIC, OPTIMIZER
from divbench.spec.setting import (
    ALGORITHMS,
    AT_LEAST_1,
    BELOW_1,
    DETERMINISTIC,
    MECHANISM,
    NOT_NEGATIVE,
    OPTIMIZATION,
    POSITIVE,
    SHAPES,
    SHARE,
    TARGETS,
    TEMPERATURE,
    UP_TO_1,
    WEIGHTS,
    WIDTHS_RANGE,
    Setting,
    declarations,
    setting,
)

INITIALISATIONS = ("orthogonal", "lecun_normal")
ACTIVATIONS = ("relu", "tanh", "sin", "elu", "mish")
LOG_STD_RULES = ("tanh", "clip")
OPTIMIZERS = ("adam", "rmsprop", "momentum", "adam-no-second-moment")
WITH_SECOND_MOMENT = ("adam", "rmsprop")
SAC, TD3, PREQN, WITH_NOISE = ("sac",), ("td3",), ("preqn",), ("td3", "preqn")
# PreQN has one critic without a target network, an optimizer or another loss.
WITH_TARGETS = ("sac", "td3")
_LAYERS = re.compile(r"[1-9][0-9]{0,3}(and[1-9][0-9]{0,3})*")
BOTH = "hidden"  # the name by which both widths are set to the same


def _no_second_moment(settings: SACSettings) -> str:
    if settings.critic_optimizer in WITH_SECOND_MOMENT:
        return ""
    return (f"the critics' optimizer, {settings.critic_optimizer}, has no second moment; expected "
            f"{' or '.join(WITH_SECOND_MOMENT)}")


def _one_critic(settings: SACSettings) -> str:
    one = "of one critic mean and least are the same; expected two critics or more"
    return one if settings.critics == 1 else ""


@dataclasses.dataclass(frozen=True)
class SACSettings:
    """Hyperparameters of soft actor-critic (Haarnoja et al., 1812.05905), of TD3 and PreQN in its place, and of what
    variants do to them. What an algorithm has no use for is not looked at.

    Each field is declared once, here (`setting.Setting`). `hidden=(64, 64)` sets `critic_hidden` and `actor_hidden`.
    """

    algorithm: str = setting(
        "sac", SHAPES, "the update; the [variants of those names](algorithms.md) set more than this", ALGORITHMS)
    critic_hidden: tuple[int, ...] = setting(
        (256, 256), SHAPES, "widths of the critics' hidden layers; `hidden=512x512` or `--hidden 512x512` sets the "
        "actor's too", WIDTHS_RANGE, unit="units", parts=(CRITIC,))
    actor_hidden: tuple[int, ...] = setting(
        (256, 256), SHAPES, "widths of the actor's hidden layers", WIDTHS_RANGE, unit="units", parts=(ACTOR,))
    activation: str = setting("relu", SHAPES, "after each hidden layer", ACTIVATIONS, parts=(CRITIC, ACTOR))
    critics: int = setting(2, SHAPES, "how many; the least of them counts, see `mean_weight`", AT_LEAST_1)
    batch_size: int = setting(256, SHAPES, "size of a minibatch", AT_LEAST_1, unit="transitions per update")
    initialisation: str = setting(
        "orthogonal", SHAPES, "of kernels; `lecun_normal`: normal numbers scaled by fan-in", INITIALISATIONS,
        parts=(CRITIC, ACTOR))
    log_std_rule: str = setting(
        "tanh", SHAPES, "the policy's log standard deviation from the actor's output x: min + (max - min) (1 + tanh x) "
        "/ 2, or x clipped to that range (`clip`)", LOG_STD_RULES, algorithms=SAC)
    groupnorm_groups: int = setting(
        8, SHAPES, "groups of units in each hidden layer of the critics", AT_LEAST_1,
        mechanism=("groupnorm", "groupnorm=4"))
    search_steps: int = setting(
        10, SHAPES, "how often the line search shrinks a step before it gives the step up", AT_LEAST_1,
        algorithms=PREQN)
    init_gain: float = setting(
        math.sqrt(2.0), WEIGHTS, "orthogonal gain of every layer but the log-std head", parts=(CRITIC, ACTOR))
    log_std_gain: float = setting(
        1.0, WEIGHTS, "orthogonal gain of the log-std head", algorithms=SAC, parts=(ACTOR,))
    log_std_min: float = setting(
        -10.0, WEIGHTS, "least log standard deviation of the policy; at most `log_std_max`", algorithms=SAC)
    log_std_max: float = setting(2.0, WEIGHTS, "greatest log standard deviation of the policy", algorithms=SAC)
    actor_lr: float = setting(
        3e-4, OPTIMIZATION, "learning rate of the actor", NOT_NEGATIVE, parts=(ACTOR_OPTIMIZER,))
    critic_lr: float = setting(
        3e-4, OPTIMIZATION, "learning rate of the critics; with `preqn` the share of the TD error that a step takes",
        NOT_NEGATIVE, parts=(OPTIMIZER,))
    temperature_lr: float = setting(
        3e-4, OPTIMIZATION, "learning rate of the temperature", NOT_NEGATIVE, algorithms=SAC)
    adam_b1: float = setting(
        0.9, OPTIMIZATION, "decay of the first moment: Adam of actor and temperature", BELOW_1,
        parts=(ACTOR_OPTIMIZER, TEMPERATURE))
    adam_b2: float = setting(
        0.999, OPTIMIZATION, "decay of the second moment: Adam of actor and temperature", BELOW_1,
        parts=(ACTOR_OPTIMIZER, TEMPERATURE))
    adam_eps: float = setting(
        1e-8, OPTIMIZATION, "epsilon: Adam of actor and temperature", POSITIVE, parts=(ACTOR_OPTIMIZER, TEMPERATURE))
    critic_optimizer: str = setting(
        "adam", OPTIMIZATION, "the critics' optimizer: `adam`; `rmsprop`, which is Adam without its correction of the "
        "start; `momentum`, SGD with heavy-ball momentum `critic_b1`; `adam-no-second-moment`, Adam's corrected first "
        "moment as the step", OPTIMIZERS, algorithms=WITH_TARGETS, parts=(OPTIMIZER,),
        becomes="critic_averaged, critic_corrected, critic_scaled")
    critic_b1: float = setting(
        0.9, OPTIMIZATION, "decay of the critics' first moment", BELOW_1, algorithms=WITH_TARGETS, parts=(OPTIMIZER,))
    critic_b2: float = setting(
        0.999, OPTIMIZATION, "decay of the critics' second moment, of `adam` and `rmsprop`", BELOW_1,
        algorithms=WITH_TARGETS, parts=(OPTIMIZER,), ignored=_no_second_moment)
    critic_eps: float = setting(
        1e-8, OPTIMIZATION, "epsilon of the critics, of `adam` and `rmsprop`", POSITIVE, algorithms=WITH_TARGETS,
        parts=(OPTIMIZER,), ignored=_no_second_moment)
    weight_decay: float = setting(
        0.0, OPTIMIZATION, "decoupled, of the critics' kernels: a step takes `critic_lr` times `weight_decay` of them",
        NOT_NEGATIVE, algorithms=WITH_TARGETS, parts=(OPTIMIZER,), switches_on="decay")
    clip_norm: float = setting(
        0.0, OPTIMIZATION, "largest L2 norm of the critics' gradient; 0: any", NOT_NEGATIVE, algorithms=WITH_TARGETS,
        parts=(OPTIMIZER,), switches_on="clip")
    gamma: float = setting(0.99, TARGETS, "discount", BELOW_1)
    reward_scale: float = setting(
        1.0, TARGETS, "learned from is `reward_scale` r + `reward_shift`; returns of evaluations stay the task's",
        POSITIVE, switches_on=SHAPING)
    reward_shift: float = setting(0.0, TARGETS, "see `reward_scale`", switches_on=SHAPING)
    tau: float = setting(
        0.005, TARGETS, "step of the target critics towards the critics, once every `target_period` updates; 1 copies",
        UP_TO_1, algorithms=WITH_TARGETS)
    target_period: int = setting(
        1, TARGETS, "how often targets move; with `td3` those of the critics and the actor's", AT_LEAST_1,
        unit="updates", algorithms=WITH_TARGETS)
    mean_weight: float = setting(
        0.0, TARGETS, "0: the least of the critics counts in targets and for SAC's actor; 1: their mean", UP_TO_1,
        algorithms=WITH_TARGETS, ignored=_one_critic)
    in_distribution_targets: bool = setting(
        False, TARGETS, "targets take the replayed next action, and no entropy", algorithms=WITH_TARGETS)
    huber_delta: float = setting(
        0.0, TARGETS, "TD errors beyond it count linearly; 0: all count by their square", NOT_NEGATIVE,
        algorithms=WITH_TARGETS)
    layernorm_layers: str = setting(
        "all", MECHANISM, "which hidden layers of the critics get LayerNorm, counted from 1, such as `1` or `1and3`",
        mechanism=("layernorm", "layernorm+layernorm_layers=1"), becomes="switches.layernorm")
    layernorm_affine: bool = setting(
        True, MECHANISM, "`false` keeps LayerNorm's scale at 1 and its shift at 0",
        mechanism=("layernorm", "layernorm+layernorm_affine=false"), becomes="switches.layernorm_affine")
    dropout_rate: float = setting(
        0.0, MECHANISM, "share of the critics' hidden units that is dropped while training", BELOW_1,
        algorithms=WITH_TARGETS, switches_on="dropout", becomes="switches.dropout")
    conservative_weight: float = setting(
        0.0, TARGETS, "of the term of conservative Q-learning", NOT_NEGATIVE, algorithms=SAC,
        switches_on="conservative")
    dr3_weight: float = setting(
        0.0, TARGETS, "of the mean dot product of the features of consecutive state-action pairs", NOT_NEGATIVE,
        algorithms=WITH_TARGETS, switches_on="dr3")
    initial_temperature: float = setting(
        1.0, TARGETS, "0 together with `temperature_lr` 0 switches the entropy term off", NOT_NEGATIVE, algorithms=SAC)
    target_entropy_scale: float = setting(
        0.5, TARGETS, "target entropy is minus this times the number of actions", unit="nats per action",
        algorithms=SAC, becomes="target_entropy")
    exploration_noise: float = setting(
        0.1, DETERMINISTIC, "standard deviation of the noise on actions in the task, which lie in [-1, 1]",
        NOT_NEGATIVE, algorithms=WITH_NOISE)
    target_noise: float = setting(
        0.2, DETERMINISTIC, "standard deviation of the noise on the target's actions", NOT_NEGATIVE, algorithms=TD3)
    target_noise_clip: float = setting(0.5, DETERMINISTIC, "where that noise is clipped", NOT_NEGATIVE, algorithms=TD3)
    policy_delay: int = setting(
        2, DETERMINISTIC, "updates of the critics for each of the actor", AT_LEAST_1, unit="updates", algorithms=TD3)
    q_weight: float = setting(
        0.0, DETERMINISTIC, "the actor's loss divides Q by its mean size and takes it this often; 0: Q as it is",
        NOT_NEGATIVE, algorithms=TD3)
    cloning_weight: float = setting(
        0.0, DETERMINISTIC, "of the mean squared distance between the actor's and the replayed action", NOT_NEGATIVE,
        algorithms=TD3)
    data_fraction: float = setting(
        1.0, TARGETS, "offline: share of the dataset's transitions that are used, drawn singly", SHARE)
    search_cosine: float = setting(
        0.95, DETERMINISTIC, "least cosine between the change of Q and the TD error that a step is taken for",
        UP_TO_1, algorithms=PREQN)
    search_shrink: float = setting(
        0.5, DETERMINISTIC, "what each step of the line search multiplies the step by", UP_TO_1, algorithms=PREQN)
    time_limit_bootstraps: bool = setting(
        True, TARGETS, "`false`: the time limit is termination, a known mistake, for controls",
        becomes="bootstrap_at_limit")
    hidden: dataclasses.InitVar[tuple[int, ...] | None] = None  # an argument only: it sets both widths

    def __post_init__(self, hidden: tuple[int, ...] | None) -> None:
        for name in WIDTHS if hidden is not None else ():
            object.__setattr__(self, name, typed(BOTH, hidden, FIELDS[name]))
        for name, kind in FIELDS.items():
            object.__setattr__(self, name, typed(name, getattr(self, name), kind))
        for name, declared in DECLARED.items():
            declared.check(name, getattr(self, name))
        if self.algorithm == "preqn" and self.critics != 1:
            raise UsageError(f"critics: preqn has one critic, found {self.critics}")
        _named_layers(self.layernorm_layers, len(self.critic_hidden))
        if self.log_std_min > self.log_std_max:
            raise UsageError(f"log_std_min: expected at most log_std_max, which is {self.log_std_max}, "
                             f"found {self.log_std_min}")
        if self.initial_temperature == 0.0 and self.temperature_lr != 0.0:
            raise UsageError("initial_temperature: 0 has no logarithm to learn; set temperature_lr to 0 too")

    @property
    def layernorm_mask(self) -> tuple[bool, ...]:
        """For each hidden layer of the critics, whether `layernorm_layers` names it."""
        return _named_layers(self.layernorm_layers, len(self.critic_hidden))


def _named_layers(text: str, count: int) -> tuple[bool, ...]:
    """For each of `count` hidden layers whether `all` or `1and3` names it; each choice has one spelling.

    Raises:
      UsageError: other text, or a layer that does not exist.
    """
    if text == "all":
        return (True,) * count
    numbers = [int(number) for number in text.split("and")] if _LAYERS.fullmatch(text) else []
    if not numbers or numbers != sorted(set(numbers)):
        raise UsageError("layernorm_layers: expected all, or hidden layers counted from 1 in rising order such as 1 or "
                         f"1and3, found '{text}'")
    if numbers[-1] > count:
        raise UsageError(f"layernorm_layers: expected layers from 1 to {count}, as many as are hidden, found "
                         f"{numbers[-1]}")
    return tuple(number in numbers for number in range(1, count + 1))


DECLARED: dict[str, Setting] = declarations(SACSettings)
# Fields that decide shapes or what is compiled: lanes that differ in one cannot share a program.
STRUCTURE = tuple(name for name, declared in DECLARED.items() if declared.static)
WIDTHS = ("critic_hidden", "actor_hidden")
# Kind of each field, as its annotation is written.
FIELDS: dict[str, str] = {field.name: str(field.type) for field in dataclasses.fields(SACSettings)}
# And of each name by which settings are given.
GIVEN = FIELDS | {BOTH: FIELDS[WIDTHS[0]]}


def with_values(settings: SACSettings, values: Mapping[str, Any]) -> SACSettings:
    """`settings` with some fields replaced, types checked.

    Raises:
      UsageError: an unknown field (with the nearest known one) or a value of the wrong type.
    """
    return dataclasses.replace(settings, **typed_values(values))


def typed_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` as fields: every name known and every value of its field's kind, `hidden` as both widths.

    Raises:
      UsageError: as `with_values` does, or `hidden` beside one of them; what else goes together is not checked.
    """
    kinds = {name: GIVEN[choose("SAC setting", name, GIVEN)] for name in values}
    known = {name: typed(name, value, kinds[name]) for name, value in values.items()}
    twice = [name for name in WIDTHS if BOTH in known and name in known]
    if twice:
        raise UsageError(f"{BOTH}: sets {' and '.join(WIDTHS)}, found {twice[0]} beside it; expected {BOTH} alone, or "
                         "these two")
    return spread(known)


def settings_to_plain(settings: SACSettings) -> dict[str, Any]:
    """The settings as JSON values. Critics and actor of equal widths have one entry, `hidden` (see `spread`)."""
    plain = {name: list(value) if isinstance(value, tuple) else value
             for name, value in dataclasses.asdict(settings).items()}
    if settings.critic_hidden != settings.actor_hidden:
        return plain
    return {name: value for name, value in plain.items() if name not in WIDTHS} | {BOTH: plain[WIDTHS[0]]}


def spread(values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` with both widths in place of `hidden`."""
    both = dict.fromkeys(WIDTHS, values[BOTH]) if BOTH in values else {}
    return {name: value for name, value in values.items() if name != BOTH} | both


def parse_setting(name: str, text: str, what: str) -> object:
    """The value of the field `name` written as text: `3e-4`, `clip`, `false`, `256,256`.

    Raises:
      UsageError: naming `what`: an unknown field, or text that is no value of its kind.
    """
    return parse_value(GIVEN[choose("SAC setting", name, GIVEN)], text, what)
