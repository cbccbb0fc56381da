"""The facts that every table and picture states: suite, physics, UTD, seeds, network, precision, versions.

They come from the card, and from the tables where the card is silent, so that a number never travels alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from divbench.report.scale import RETURN, metric_name

if TYPE_CHECKING:
    from divbench.records.tables import Tables

SHOWN_VERSIONS = ("divbench", "jax", "jaxlib", "flax", "mujoco", "mujoco-mjx", "dm-control", "python")
UNKNOWN = "unknown"
UNFINISHED = "not finished"


@dataclasses.dataclass(frozen=True)
class Facts:
    """What a run was, in words ready to print.

    Attributes:
      suite, physics, precision, device: `unknown` where neither card nor tables say.
      action_repeat: physics control steps per action.
      network: of critics and actor: `mlp 256x256`; all that lanes have, separated by `;`.
      tasks, variants, utd: in the order of the run's settings.
      seeds: the seeds asked for.
      versions: `name version` of the packages that decide the results.
      primes: whether the protocol has updates without env steps.
      metric: what scores are, `return` or the metric of an import.
      state: `finished 2025-01-31T12:00:00Z`, or `not finished`.
      seeds_a_task: how many each task has where tasks have other seeds; 0 where all have the same.
      protocol: `12,000 env steps, 10,000 of them random`; empty where the card does not say.
    """

    suite: str
    physics: str
    precision: str
    device: str
    action_repeat: str
    network: str
    tasks: tuple[str, ...]
    variants: tuple[str, ...]
    utd: tuple[str, ...]
    seeds: tuple[int, ...]
    versions: tuple[str, ...]
    primes: bool
    state: str
    metric: str = RETURN
    seeds_a_task: int = 0
    protocol: str = ""

    @property
    def order(self) -> tuple[tuple[str, ...], ...]:
        """Tasks, variants and UTDs in the order in which tables list them."""
        return self.tasks, self.variants, self.utd

    @property
    def seeds_text(self) -> str:
        return count_seeds(self.seeds, self.seeds_a_task)

    @property
    def utd_text(self) -> str:
        """`UTD 1`, `UTD 1, 4 and 1/2`."""
        *most, last = [utd or UNKNOWN for utd in self.utd] or [UNKNOWN]
        return f"UTD {', '.join(most)} and {last}" if most else f"UTD {last}"

    def caption(self) -> str:
        """One line under every table."""
        return (
            f"{self.suite}, physics {self.physics}, action repeat {self.action_repeat}, {self.utd_text}, "
            f"{self.seeds_text}, network {self.network}, precision {self.precision}"
        )


def count_seeds(seeds: Sequence[int], a_task: int = 0) -> str:
    """`1 seed (0)`, `5 seeds (0-2, 5, 6)`; `4 seeds a task (0-2, 5, 6)` where tasks have different ones."""
    if not seeds:
        return f"seeds {UNKNOWN}"
    stretches: list[list[int]] = []
    for seed in sorted(seeds):
        if stretches and stretches[-1][-1] == seed - 1:
            stretches[-1].append(seed)
        else:
            stretches.append([seed])
    names = [f"{own[0]}-{own[-1]}" if len(own) > 2 else ", ".join(map(str, own)) for own in stretches]
    count = a_task or len(seeds)
    return f"{count} seed{'s' if count > 1 else ''}{' a task' if a_task else ''} ({', '.join(names)})"


def read_facts(tables: Tables) -> Facts:
    """The facts of a run from its `divbench.records.tables.Tables`."""
    card: Mapping = tables.card
    settings: Mapping = card.get("settings", {})
    variants = [variant["name"] for variant in settings.get("variants", ())]
    planned = dict.fromkeys(row["network"] for row in card.get("networks", ()))
    versions = card.get("versions", {})
    finished = card.get("finished")
    return Facts(
        suite=settings.get("suite") or _joined(tables, "suite"),
        physics=card.get("physics") or _joined(tables, "physics"),
        precision=card.get("precision") or _joined(tables, "precision"),
        device=card.get("device") or UNKNOWN,
        action_repeat=_joined(tables, "action_repeat"),
        network="; ".join(_distinct(tables, "network") or planned) or UNKNOWN,
        tasks=tuple(settings.get("tasks") or _distinct(tables, "task")),
        variants=tuple(variants or _distinct(tables, "variant")),
        utd=tuple(settings.get("utd") or _distinct(tables, "utd")),
        seeds=tuple(card.get("seeds") or _distinct(tables, "seed")),
        versions=tuple(
            f"{name} {versions[name]}" for name in SHOWN_VERSIONS if versions.get(name, "absent") != "absent"
        ),
        primes=bool(settings.get("prime_updates", 0)),
        state=f"finished {finished}" if finished else UNFINISHED,
        metric=read_metric(card),
        protocol=_protocol(settings),
    )


def _protocol(settings: Mapping) -> str:
    """What a lane does, in words."""
    if "steps" not in settings:  # results of other code
        return ""
    steps, random, without = (settings[key] for key in ("steps", "prime_samples", "prime_updates"))
    if settings.get("dataset"):
        return f"{without:,} updates on a dataset, without acting"
    priming = f", {without:,} updates without acting after them" if without else ""
    return f"{steps:,} env steps, {random:,} of them random{priming}"


def read_metric(card: Mapping) -> str:
    """What the scores of a folder are: `return`, or the metric that an import took."""
    imported = card.get("imported") or {}
    return metric_name(imported.get("metric") or imported.get("given", {}).get("metric"))


def _distinct(tables: Tables, column: str) -> list:
    """The values of a column over the tables, by first appearance."""
    found: dict = {}
    for table in (tables.scores, tables.values, tables.verdicts):
        found.update(dict.fromkeys(table.column(column).unique().to_pylist()))
    return list(found)


def _joined(tables: Tables, column: str) -> str:
    return ", ".join(map(str, _distinct(tables, column))) or UNKNOWN
