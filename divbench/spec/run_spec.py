"""The run specification: one frozen record of everything one command trains, checked when it is made.

Reading flags and TOML files into it is the command line's work; expanding it into groups is `plan`'s.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import typing
from collections.abc import Sequence
from fractions import Fraction
from pathlib import PurePath

from divbench.envs.names import ALL_TASKS, PHYSICS, check_physics
from divbench.spec.declared import check_critic
from divbench.spec.errors import UsageError, choose, refusing
from divbench.spec.naming import find_variant, with_code
from divbench.spec.protocol import Protocol, build_protocol, offline_protocol
from divbench.spec.settings import SACSettings, settings_to_plain, spread, with_values
from divbench.spec.suites import SUITES
from divbench.spec.text import LARGEST_COUNT, parse_utd, refuse_repeats, split_names
from divbench.spec.variants import Variant, check_together, lane_settings, variant_from_plain, variant_to_plain

Ratio = int | float | str | Fraction
PRECISIONS = ("highest", "high", "default")
CHEAP, FULL, NTK, SEEM = "cheap", "full", "ntk", "seem"
KINDS = (CHEAP, FULL, NTK, SEEM)  # what `diagnose` lists; one of the first two is always there
# Defaults of an offline run: as many updates, and as many between measurements, as in 2310.04411.
OFFLINE = {"utd": (Fraction(1),), "steps": 0, "prime_samples": 0, "prime_updates": 1_000_000, "eval_every": 10_000,
           "measure_every": 10_000}
CHECKSUM = "dataset_checksum"  # what a card's settings hold besides, so that no run resumes with another dataset
NOT_SETTINGS = ("out", "force", "quiet", "json")  # fields that change nothing in the results
MINIMA = {"seeds": 1, "seed_start": 0, "steps": 1, "prime_samples": 1, "prime_updates": 0, "eval_every": 1,
          "eval_episodes": 1, "measure_every": 1}


Given = typing.TypeVar("Given", contravariant=True)
Kept = typing.TypeVar("Kept", covariant=True)
LATER: typing.Any = None  # the default of a field that is filled when its record is made


class Filled(typing.Protocol[Given, Kept]):
    """A field that takes `Given` and holds `Kept`, for type checkers alone; when the program runs it is a plain field.

    They read a descriptor's `__set__` as the constructor's argument, and its `__get__` as the attribute.
    """

    def __get__(self, record: object, kind: type | None = None) -> Kept: ...

    def __set__(self, record: object, value: Given) -> None: ...


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunSpec:
    """What one run trains. Fields left at None take the suite's value; only `out` can stay None.

    Attributes:
      suite: a name of `SUITES`.
      tasks: task names, a subset of what `divbench.envs` has; or one text, comma-separated.
      variants: variant names or `Variant` records; or one text, comma-separated.
      utd: update-to-data ratios, each an integer or 1/k (`Fraction`, number or text); or a single one.
      seeds: number of seeds; they are `seed_start`, `seed_start + 1`, ...
      steps: env steps of one lane over all phases.
      prime_samples: random env steps before anything learns.
      prime_updates: updates without acting after them; of an offline run, all updates.
      dataset: folder of a dataset to learn from offline, without any env step; None for a run that acts.
      physics: `auto`, `mjx`, `host` or `warp`.
      precision: JAX matmul precision of the learner.
      eval_every: env steps between evaluations; of an offline run, updates.
      eval_episodes: episodes per evaluation.
      measure_every: updates between measurements of values.
      diagnose: how much is measured, separated by commas: `cheap`, or `full`, which adds what is measured layer by
        layer; `ntk` and `seem`, kernels and self-excitation, beside either.
      sac: hyperparameters; `batch_size` is a field of it, `hidden` sets two.
      out: run folder, or None for `results/runs/<suite>-<hash>`.
      force: start over in a folder that holds another run.
      quiet, json: how progress is printed.

    Raises:
      UsageError: a field that cannot be; its message names the flag.
    """

    suite: str = "dmc15-500k"
    tasks: Filled[Sequence[str] | str | None, tuple[str, ...]] = LATER
    variants: Filled[Sequence[str | Variant] | str | Variant | None, tuple[Variant, ...]] = LATER
    utd: Filled[Sequence[Ratio] | Ratio | None, tuple[Fraction, ...]] = LATER
    seeds: Filled[int | None, int] = LATER
    seed_start: int = 0
    steps: Filled[int | None, int] = LATER
    prime_samples: Filled[int | None, int] = LATER
    prime_updates: Filled[int | None, int] = LATER
    dataset: str | None = None
    physics: str = "auto"
    precision: str = "highest"
    eval_every: Filled[int | None, int] = LATER
    eval_episodes: Filled[int | None, int] = LATER
    measure_every: Filled[int | None, int] = LATER
    diagnose: str = "cheap"
    sac: SACSettings = SACSettings()
    out: str | None = None
    force: bool = False
    quiet: bool = False
    json: bool = False

    def __post_init__(self) -> None:
        suite = SUITES[choose("suite", self.suite, SUITES)]
        defaults: dict[str, object] = {
            "tasks": suite.tasks, "variants": suite.variants, "utd": (suite.utd,), "seeds": suite.seeds,
            "steps": suite.steps, "prime_samples": suite.random_steps, "prime_updates": suite.prime_updates,
            "eval_every": suite.eval_every, "eval_episodes": suite.eval_episodes,
            "measure_every": suite.measure_every}
        if self.dataset is not None:
            defaults |= OFFLINE | {"tasks": _named(self.dataset, suite.tasks)}
        elif suite.offline:
            raise UsageError(f"suite '{suite.name}' learns from a dataset: expected --dataset DIR, found none; "
                             "'divbench dataset make' makes one")
        for name, value in defaults.items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)
        tasks, variants = _listed(self.tasks, "--tasks"), _listed(self.variants, "--variants")
        kinds: type | tuple[type, ...]
        for name, given, kinds in (("--tasks", tasks, str), ("--variants", variants, (str, Variant))):
            strange = [entry for entry in given if not isinstance(entry, kinds)]
            if strange:
                raise UsageError(f"{name}: expected names, found {strange[0]!r}")
        variants = [find_variant(v) if isinstance(v, str) else v for v in variants]
        variants = [with_code(v) if v.hooks and not v.code else v for v in variants]
        object.__setattr__(self, "tasks", tuple(tasks))
        object.__setattr__(self, "utd", tuple(parse_utd(u) for u in _listed(self.utd, "--utd")))
        object.__setattr__(self, "variants", tuple(variants))
        object.__setattr__(self, "diagnose", _diagnose(self.diagnose))
        self._check()

    def check_installed(self) -> None:
        """Raise `UsageError` if a task or the physics needs an extra that is not installed.

        A specification that is only read, listed or planned needs none.
        """
        for task in self.tasks:
            with refusing("--physics"):
                check_physics(task, self.physics)

    def _check(self) -> None:
        choose("physics", self.physics, PHYSICS)
        choose("precision", self.precision, PRECISIONS)
        if not isinstance(self.sac, SACSettings):
            raise UsageError(f"sac: expected SACSettings, found {self.sac!r}")
        for task in self.tasks:
            choose("task", task, ALL_TASKS)
            with refusing("--physics"):
                check_physics(task, self.physics, installed=False)
        for what, names in (("--tasks", self.tasks), ("--variants", [v.name for v in self.variants]),
                            ("--utd", [str(u) for u in self.utd])):
            if not names:
                raise UsageError(f"{what}: expected at least one, found none")
            refuse_repeats(names, what)
        for first, second in itertools.combinations(self.variants, 2):
            if first.same_as(second) or self._equal_lanes(first, second):
                raise UsageError(f"--variants: '{first.name}' and '{second.name}' are the same; expected one of them")
        if self.dataset is not None:
            self._check_offline()
        for name, minimum in MINIMA.items():
            minimum = 0 if self.dataset is not None and name in ("steps", "prime_samples") else minimum
            value, flag = getattr(self, name), "--" + name.replace("_", "-")
            if not isinstance(value, int) or isinstance(value, bool):
                raise UsageError(f"{flag}: expected a whole number, found {value!r}")
            if not minimum <= value <= LARGEST_COUNT:
                raise UsageError(f"{flag}: expected {minimum} to {LARGEST_COUNT}, found '{value}'")
        if self.steps < self.prime_samples:
            raise UsageError(f"--steps: expected at least the {self.prime_samples} random steps of the "
                             f"warm-up, found '{self.steps}'")
        for variant in self.variants:
            lane = lane_settings(variant, self.sac)
            check_together(variant, lane)
            check_critic(variant, lane)
            if self.dataset is None and lane.data_fraction != 1.0:
                raise UsageError(f"variant '{variant.name}': data_fraction is a share of a dataset, and there is no "
                                 "--dataset")
        for utd in self.utd:
            updates = self.protocol(utd).updates
            if updates > LARGEST_COUNT:
                raise UsageError(f"--utd: expected at most {LARGEST_COUNT:,} updates a lane, found '{utd}', "
                                 f"which makes {updates:,}")

    def _check_offline(self) -> None:
        """Raise `UsageError` for what a run on a dataset cannot have."""
        if not isinstance(self.dataset, str) or not self.dataset.strip():
            raise UsageError(f"--dataset: expected a folder, found {self.dataset!r}")
        if len(self.tasks) != 1:
            raise UsageError(f"--tasks: a dataset is of one task, name it; found {len(self.tasks)} tasks")
        for name in ("steps", "prime_samples"):
            if getattr(self, name) != 0:
                raise UsageError(f"--{name.replace('_', '-')}: a run on a dataset makes no env steps, found "
                                 f"'{getattr(self, name)}'; --prime-updates says how many updates it makes")
        if self.utd != (Fraction(1),):
            raise UsageError(f"--utd: a run on a dataset makes no env steps to count updates by, found "
                             f"'{','.join(map(str, self.utd))}'")
        if self.prime_updates == 0:
            raise UsageError("--prime-updates: expected at least 1 update on the dataset, found '0'")
        for variant in self.variants:
            if variant.reset is not None and variant.reset.unit == "env_steps":
                raise UsageError(f"variant '{variant.name}': its reset counts env steps, and a run on a dataset makes "
                                 "none")
            if not lane_settings(variant, self.sac).time_limit_bootstraps:
                raise UsageError(f"variant '{variant.name}': time_limit_bootstraps=false changes nothing on a dataset, "
                                 "whose own terminal flags count")

    def _equal_lanes(self, first: Variant, second: Variant) -> bool:
        """Whether two variants come to the same lanes, as `baseline` and `critic_lr=0.0003` do."""
        bare = (dataclasses.replace(variant, name="x", settings=()) for variant in (first, second))
        return lane_settings(first, self.sac) == lane_settings(second, self.sac) and len(set(bare)) == 1

    def protocol(self, utd: Fraction) -> Protocol:
        """The phases of a lane at that UTD."""
        if self.dataset is not None:
            return offline_protocol(self.prime_updates)
        return build_protocol(steps=self.steps, random_steps=self.prime_samples,
                              prime_updates=self.prime_updates, utd=utd)

    @property
    def seed_list(self) -> tuple[int, ...]:
        return tuple(range(self.seed_start, self.seed_start + self.seeds))

    def settings(self) -> dict:
        """Everything that decides the results, as plain JSON values: what two runs in one folder must share.
        A variant's words of explanation are left out."""
        names = [f.name for f in dataclasses.fields(self) if f.name not in NOT_SETTINGS]
        record = {name: getattr(self, name) for name in names}
        record["utd"] = [str(u) for u in self.utd]
        record["tasks"] = list(self.tasks)
        record["variants"] = [variant_to_plain(v) for v in self.variants]
        record["sac"] = settings_to_plain(self.sac)
        return record

    @classmethod
    def from_settings(cls, settings: dict) -> RunSpec:
        """The specification whose `settings()` these are; the way back from a run's card, which for an offline run says
        more about the dataset."""
        variants = tuple(variant_from_plain(v) for v in settings["variants"])
        sac = with_values(SACSettings(), settings["sac"])
        given = {name: value for name, value in settings.items() if name != CHECKSUM}
        return cls(**{**given, "variants": variants, "sac": sac})

    def digest(self) -> str:
        """Eight hexadecimal digits of the settings; names the default run folder."""
        text = json.dumps(self.settings(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    @property
    def folder(self) -> str:
        return self.out or f"results/runs/{self.suite}-{self.digest()}"


def completed(settings: dict) -> dict:
    """The settings of a card as they would be written today: what did not exist when it was made has its default."""
    today = RunSpec().settings()
    # Until functions from outside were known group by group, a variant's settings held a hash of their files.
    variants = [{name: value for name, value in variant.items() if name != "origin"}
                for variant in settings.get("variants", ())]
    return {**settings, "variants": variants, "dataset": settings.get("dataset"),
            "sac": {**spread(today["sac"]), **spread(settings.get("sac", {}))}}


def _diagnose(text: str) -> str:
    """What is measured, each kind once and in the order of `KINDS`: `seem,ntk` is `cheap,ntk,seem`."""
    found = split_names(text, "--diagnose") if isinstance(text, str) else ()
    if not found:
        raise UsageError(f"--diagnose: expected some of {', '.join(KINDS)}, found {text!r}")
    for name in found:
        choose("diagnose", name, KINDS)
    if CHEAP in found and FULL in found:
        raise UsageError("--diagnose: expected cheap or full, found both")
    level = FULL if FULL in found else CHEAP
    return ",".join([level, *(kind for kind in (NTK, SEEM) if kind in found)])


def _named(folder: str, tasks: tuple[str, ...]) -> tuple[str, ...]:
    """The task of a suite that a dataset's folder is named by, as in `hopper-medium`; all of them if it is none."""
    name = PurePath(folder).name if isinstance(folder, str) else ""
    return tuple(task for task in tasks if name.startswith(f"{task}-")) or tasks


def _listed(values: object, what: str) -> list:
    """A list as a caller may write it: a sequence, one text with commas, or a single value."""
    if isinstance(values, str):
        return list(split_names(values, what))
    return list(values) if isinstance(values, list | tuple) else [values]

