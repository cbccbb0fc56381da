"""The numbers of the algorithms, each a field that can be changed. Data and checks; `learn` gives meaning.

The defaults are those of the public SAC implementation on which the DMC15-500k protocol was defined
(D'Oro et al., "Sample-Efficient Reinforcement Learning by Breaking the Replay Ratio Barrier", ICLR 2023).
"""

from __future__ import annotations

import dataclasses
import math
import re
import struct
from collections.abc import Mapping

from divbench.spec.errors import UsageError, choose
from divbench.spec.text import parse_count, split_widths

INITIALISATIONS = ("orthogonal", "lecun_normal")
ALGORITHMS = ("sac", "td3", "preqn")
ACTIVATIONS = ("relu", "tanh", "sin", "elu", "mish")
LOG_STD_RULES = ("tanh", "clip")
OPTIMIZERS = ("adam", "rmsprop", "momentum", "adam-no-second-moment")
# Fields that decide shapes or what is compiled: lanes that differ in one cannot share a program.
STRUCTURE = ("algorithm", "critic_hidden", "actor_hidden", "activation", "critics", "batch_size", "initialisation",
             "log_std_rule", "groupnorm_groups", "search_steps")
WIDTHS = ("critic_hidden", "actor_hidden")
BOTH = "hidden"  # the name by which both are set to the same


@dataclasses.dataclass(frozen=True)
class SACSettings:
    """Hyperparameters of soft actor-critic (Haarnoja et al., 1812.05905), of TD3 and PreQN in its place, and of what
    variants do to them. What an algorithm has no use for is not looked at.

    The fields of `STRUCTURE` decide shapes or which operations are compiled; all others are data of a lane and
    may differ between lanes of one compiled program. `hidden=(64, 64)` sets `critic_hidden` and `actor_hidden`.
    """

    # structure
    algorithm: str = "sac"  # or "td3" (with other numbers DDPG or TD3+BC), "preqn"
    critic_hidden: tuple[int, ...] = (256, 256)  # widths of the critics' hidden layers
    actor_hidden: tuple[int, ...] = (256, 256)  # and of the actor's
    activation: str = "relu"  # after each of them: "relu", "tanh", "sin", "elu" or "mish"
    critics: int = 2  # of which the least counts, see mean_weight
    batch_size: int = 256  # transitions per update
    initialisation: str = "orthogonal"  # or "lecun_normal", flax's default
    log_std_rule: str = "tanh"  # min + (max - min) (1 + tanh x) / 2; or "clip": x clipped to [min, max]
    groupnorm_groups: int = 8  # where a variant has groupnorm: groups of units in each hidden layer of the critics
    search_steps: int = 10  # preqn: how often its line search shrinks a step before it gives the step up
    # data
    init_gain: float = math.sqrt(2.0)  # orthogonal gain of every layer but the log-std head
    log_std_gain: float = 1.0  # orthogonal gain of the log-std head
    log_std_min: float = -10.0
    log_std_max: float = 2.0
    actor_lr: float = 3e-4
    critic_lr: float = 3e-4
    temperature_lr: float = 3e-4
    adam_b1: float = 0.9  # this and the next two: actor and temperature
    adam_b2: float = 0.999
    adam_eps: float = 1e-8
    # the critics' optimizer: "adam"; "rmsprop", which is Adam without its correction of the start; "momentum", SGD with
    # heavy-ball momentum critic_b1; "adam-no-second-moment", Adam's corrected first moment as the step
    critic_optimizer: str = "adam"
    critic_b1: float = 0.9
    critic_b2: float = 0.999
    critic_eps: float = 1e-8
    weight_decay: float = 0.0  # decoupled, of the critics' kernels; a step takes critic_lr * weight_decay of them
    clip_norm: float = 0.0  # largest L2 norm of the critics' gradient; 0: any
    gamma: float = 0.99
    reward_scale: float = 1.0  # learned from is reward_scale r + reward_shift; returns of evaluations stay the task's
    reward_shift: float = 0.0
    tau: float = 0.005  # Polyak step of the target critic, once every target_period gradient steps
    target_period: int = 1
    mean_weight: float = 0.0  # 0: the least of the critics counts in targets and for SAC's actor; 1: their mean
    in_distribution_targets: bool = False  # True: targets take the replayed next action, and no entropy
    huber_delta: float = 0.0  # TD errors beyond it count linearly; 0: all count by their square
    # where a variant has layernorm: which hidden layers of the critics get it, counted from 1, such as "1" or "1and3"
    layernorm_layers: str = "all"
    layernorm_affine: bool = True  # False: its scale stays 1 and its shift 0
    dropout_rate: float = 0.0  # of the critics' hidden units, while training
    conservative_weight: float = 0.0  # of the term of conservative Q-learning
    dr3_weight: float = 0.0  # of the mean dot product of the features of consecutive state-action pairs
    initial_temperature: float = 1.0  # 0 together with temperature_lr 0 switches the entropy term off
    target_entropy_scale: float = 0.5  # target entropy = -scale * action size, in nats
    # td3, and its first for preqn too
    exploration_noise: float = 0.1  # standard deviation of the noise on actions in the task, which lie in [-1, 1]
    target_noise: float = 0.2  # standard deviation of the noise on the target's actions, and where it is clipped
    target_noise_clip: float = 0.5
    policy_delay: int = 2  # updates of the critics for each of the actor; targets move by target_period
    q_weight: float = 0.0  # the actor's loss divides Q by mean |Q| and takes it this often; 0: Q as it is
    cloning_weight: float = 0.0  # of the mean squared distance between the actor's and the replayed action
    data_fraction: float = 1.0  # offline: share of the dataset's transitions that are used, drawn singly
    # preqn
    search_cosine: float = 0.95  # least cosine between the change of Q and the TD error that a step is taken for
    search_shrink: float = 0.5  # what each step of the line search multiplies the step by
    time_limit_bootstraps: bool = True  # False: the time limit is termination (a known mistake, for controls)
    hidden: dataclasses.InitVar[tuple[int, ...] | None] = None  # an argument only: it sets both widths

    def __post_init__(self, hidden):
        for name in WIDTHS if hidden is not None else ():
            object.__setattr__(self, name, _typed(BOTH, hidden, FIELDS[name]))
        for name, kind in FIELDS.items():
            object.__setattr__(self, name, _typed(name, getattr(self, name), kind))
        choose("algorithm", self.algorithm, ALGORITHMS)
        choose("activation", self.activation, ACTIVATIONS)
        choose("initialisation", self.initialisation, INITIALISATIONS)
        choose("log_std_rule", self.log_std_rule, LOG_STD_RULES)
        choose("critic_optimizer", self.critic_optimizer, OPTIMIZERS)
        if self.algorithm == "preqn" and self.critics != 1:
            raise UsageError(f"critics: preqn has one critic, found {self.critics}")
        for name in WIDTHS:
            widths = getattr(self, name)
            if not widths or any(width < 1 for width in widths):
                raise UsageError(f"{name}: expected positive widths such as 256x256, found {list(widths)}")
        _named_layers(self.layernorm_layers, len(self.critic_hidden))
        for name in ("batch_size", "critics", "target_period", "policy_delay", "search_steps", "groupnorm_groups"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name}: expected at least 1, found {getattr(self, name)}")
        if not 0.0 <= self.dropout_rate < 1.0:
            raise UsageError(f"dropout_rate: expected a number from 0 to below 1, found {self.dropout_rate}")
        for name in ("adam_b1", "adam_b2", "critic_b1", "critic_b2"):
            if not 0.0 <= getattr(self, name) < 1.0:
                raise UsageError(f"{name}: expected a number from 0 to below 1, found {getattr(self, name)}")
        for name in ("adam_eps", "critic_eps"):
            if getattr(self, name) <= 0.0:
                raise UsageError(f"{name}: expected more than 0, found {getattr(self, name)}")
        for name in ("tau", "mean_weight", "search_cosine", "search_shrink"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise UsageError(f"{name}: expected a number from 0 to 1, found {getattr(self, name)}")
        if not 0.0 < self.data_fraction <= 1.0:
            raise UsageError(f"data_fraction: expected a number above 0 and at most 1, found {self.data_fraction}")
        if self.reward_scale <= 0.0:
            raise UsageError(f"reward_scale: expected more than 0, found {self.reward_scale}")
        if not 0.0 <= self.gamma < 1.0:
            raise UsageError(f"gamma: expected a number from 0 to below 1, found {self.gamma}")
        for name in ("actor_lr", "critic_lr", "temperature_lr", "initial_temperature", "weight_decay", "clip_norm",
                     "huber_delta", "conservative_weight", "dr3_weight", "exploration_noise", "target_noise",
                     "target_noise_clip", "q_weight", "cloning_weight"):
            if getattr(self, name) < 0.0:
                raise UsageError(f"{name}: expected 0 or more, found {getattr(self, name)}")
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


# Kind of each field, as its annotation is written.
FIELDS: dict[str, str] = {field.name: field.type for field in dataclasses.fields(SACSettings)}
# And of each name by which settings are given.
GIVEN = FIELDS | {BOTH: FIELDS[WIDTHS[0]]}


def with_values(settings: SACSettings, values: Mapping[str, object]) -> SACSettings:
    """`settings` with some fields replaced, types checked.

    Raises:
      UsageError: an unknown field (with the nearest known one) or a value of the wrong type.
    """
    return dataclasses.replace(settings, **typed_values(values))


def typed_values(values: Mapping[str, object]) -> dict[str, object]:
    """`values` as fields: every name known and every value of its field's kind, `hidden` as both widths.

    Raises:
      UsageError: as `with_values` does, or `hidden` beside one of them; what else goes together is not checked.
    """
    kinds = {name: GIVEN[choose("SAC setting", name, GIVEN)] for name in values}
    typed = {name: _typed(name, value, kinds[name]) for name, value in values.items()}
    twice = [name for name in WIDTHS if BOTH in typed and name in typed]
    if twice:
        raise UsageError(f"{BOTH}: sets {' and '.join(WIDTHS)}, found {twice[0]} beside it; expected {BOTH} alone, or "
                         "these two")
    return spread(typed)


def settings_to_plain(settings: SACSettings) -> dict[str, object]:
    """The settings as JSON values. Critics and actor of equal widths have one entry, `hidden` (see `spread`)."""
    plain = {name: list(value) if isinstance(value, tuple) else value
             for name, value in dataclasses.asdict(settings).items()}
    if settings.critic_hidden != settings.actor_hidden:
        return plain
    return {name: value for name, value in plain.items() if name not in WIDTHS} | {BOTH: plain[WIDTHS[0]]}


def spread(values: Mapping[str, object]) -> dict[str, object]:
    """`values` with both widths in place of `hidden`."""
    both = dict.fromkeys(WIDTHS, values[BOTH]) if BOTH in values else {}
    return {name: value for name, value in values.items() if name != BOTH} | both


def parse_setting(name: str, text: str, what: str) -> object:
    """The value of the field `name` written as text: `3e-4`, `clip`, `false`, `256,256`.

    Raises:
      UsageError: naming `what`: an unknown field, or text that is no value of its kind.
    """
    kind = GIVEN[choose("SAC setting", name, GIVEN)]
    text = text.strip()
    if kind == "bool" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if kind == "float":
        return parse_number(text, what)
    if kind == "int":
        return parse_count(text, what, minimum=1)
    if kind.startswith("tuple"):
        return tuple(parse_count(width, what, minimum=1) for entry in text.split(",") for width in split_widths(entry))
    if kind == "str":
        return text
    raise UsageError(f"{what}: expected {_EXPECTED[kind]}, found '{text}'")


def parse_number(text: str, what: str) -> float:
    """A number written as `3e-4`.

    Raises:
      UsageError: other text, for `what`.
    """
    if not _NUMBER.fullmatch(text.strip()):
        raise UsageError(f"{what}: expected {_EXPECTED['float']}, found '{text}'")
    return float(text)


def read_number(value: object, what: str) -> float:
    """A finite number that float32 can hold; a whole one will do.

    Raises:
      UsageError: anything else, for `what`.
    """
    return _typed(what, value, "float")


_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_LAYERS = re.compile(r"[1-9][0-9]{0,3}(and[1-9][0-9]{0,3})*")
_EXPECTED = {"str": "text", "int": "a whole number", "float": "a finite number", "bool": "true or false",
             "tuple[int, ...]": "whole numbers such as 256x256"}


LARGEST = (2.0 - 2.0**-23) * 2.0**127  # in float32, in which all is computed


def _distinct(name: str, value: float) -> float:
    """`value`, unless float32 makes 0 of a number that is not 0, or 1 of one below."""
    rounded = struct.unpack("f", struct.pack("f", value))[0]
    if value != 0.0 and rounded == 0.0 or value < 1.0 <= rounded:
        raise UsageError(f"{name}: float32 cannot tell {value!r} from {rounded:g}; expected 0, or a number of size "
                         "1e-45 or more and not within 3e-8 of 1 from below")
    return value


def _typed(name: str, value, kind: str):
    """`value` as its field's kind; a whole number will do for a float, a list for a tuple."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    if kind == "float" and (whole or isinstance(value, float)) and abs(value) <= LARGEST:
        return _distinct(name, float(value))
    if kind == "int" and whole:
        return value
    if (kind == "bool" and isinstance(value, bool)) or (kind == "str" and isinstance(value, str)):
        return value
    if kind.startswith("tuple") and isinstance(value, list | tuple):
        if all(isinstance(width, int) and not isinstance(width, bool) for width in value):
            return tuple(value)
    raise UsageError(f"{name}: expected {_EXPECTED[kind]}, found {value!r}")
