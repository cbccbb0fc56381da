"""Made-up runs for the report's tests: rows by the schema, written as a real run folder."""

import dataclasses
import json
import math
import random

import pytest

from divbench.records.schema import SCHEMA_VERSION, TABLES, TEXT, check_rows
from divbench.records.tables import Tables, to_arrow, to_csv, to_parquet
from divbench.verdict import verdict_rows

_BLANK = {name: {c.name: "" if c.kind == TEXT else -1 for c in columns} for name, columns in TABLES.items()}


@dataclasses.dataclass
class FakeRun:
    """Rows of a run that never was; `tables()` for aggregation, `write(path)` for a run folder."""

    suite: str = "priming"
    tasks: tuple[str, ...] = ("quadruped-run",)
    variants: tuple[str, ...] = ("baseline", "ofn")
    utd: tuple[str, ...] = ("1",)
    seeds: tuple[int, ...] = (0, 1)
    prime_updates: int = 0
    finished: str | None = "2025-01-31T12:00:00Z"
    rows: dict = dataclasses.field(default_factory=lambda: {table: [] for table in TABLES})

    def add(
        self, table: str, task: str, variant: str, utd: str, seed: int, env_step: int, update: int, **more
    ):
        row = dict(
            _BLANK[table],
            suite=self.suite,
            task=task,
            variant=variant,
            utd=utd,
            seed=seed,
            physics="host",
            action_repeat=1,
            network="mlp 256x256",
            precision="highest",
            env_step=env_step,
            update=update,
        )
        for column in TABLES[table]:
            if column.kind == "number":
                row[column.name] = math.nan
        self.rows[table].append({**row, **more})

    def card(self) -> dict:
        settings = {
            "suite": self.suite,
            "tasks": list(self.tasks),
            "utd": list(self.utd),
            "variants": [{"name": name} for name in self.variants],
            "prime_updates": self.prime_updates,
            "sac": {"hidden": [256, 256]},
        }
        return {
            "format": "divbench run",
            "schema_version": SCHEMA_VERSION,
            "settings": settings,
            "sessions": [],
            "command": "divbench run",
            "device": "cpu",
            "physics": "host",
            "precision": "highest",
            "seeds": list(self.seeds),
            "finished": self.finished,
            "versions": {
                "python": "3.11.9",
                "divbench": "0.1.0",
                "jax": "0.10.2",
                "jaxlib": "0.10.2",
                "mujoco": "3.17.0",
                "mujoco-mjx": "3.17.0",
                "dm-control": "1.0.50",
                "flax": "absent",
            },
        }

    def tables(self) -> Tables:
        return Tables(
            **{name: to_arrow(name, check_rows(name, rows)) for name, rows in self.rows.items()},
            card=self.card(),
        )

    def write(self, path):
        (path / "tables").mkdir(parents=True)
        (path / "card.json").write_text(json.dumps(self.card()))
        for name, rows in self.rows.items():
            rows = check_rows(name, rows)
            (path / "tables" / f"{name}.parquet").write_bytes(to_parquet(to_arrow(name, rows)))
            (path / "tables" / f"{name}.csv").write_bytes(to_csv(name, rows))
        return path


def make_priming(
    seeds=4, updates=15_000, every=500, tasks=("quadruped-run", "hopper-hop"), acting=0
) -> FakeRun:
    """A priming run: baseline's Q passes 1e7 and one of its lanes ends non-finite, the others stay small."""
    run = FakeRun(
        tasks=tasks,
        variants=("baseline", "ofn", "layernorm"),
        seeds=tuple(range(seeds)),
        prime_updates=updates,
    )
    for task in run.tasks:
        top, bound = (7.3, 932.0) if task == "quadruped-run" else (4.9, 377.0)
        for variant in run.variants:
            for seed in run.seeds:
                noise = random.Random(f"{task}{variant}{seed}")
                late, tilt = noise.uniform(0.1, 0.3), noise.uniform(0.85, 1.1)
                points = [(1000, update) for update in range(0, updates + 1, every)]
                points += [(1000 + step, updates + step) for step in range(every, acting + 1, every)]
                explodes = variant == "baseline" and seed == seeds - 1 and task == "quadruped-run"
                for env_step, update in points:
                    x = min(1.0, update / updates)
                    q = 20 * (1 - math.exp(-12 * x)) + noise.gauss(0, 0.3)
                    if variant == "baseline":
                        q += 10 ** (top * tilt * max(0.0, x - late) / (1 - late)) - 1
                    else:
                        q += (50 if variant == "ofn" else 15) * x * tilt
                    broken = explodes and x > 0.9
                    if broken:
                        q = math.nan
                    run.add(
                        "values",
                        task,
                        variant,
                        "1",
                        seed,
                        env_step,
                        update,
                        q_replay_mean=q,
                        q_policy_mean=1.1 * q,
                        q_bound=bound - 3 * x,
                        q_bound_low=-1.0,
                        nonfinite="learner" if broken else "",
                        mc_return_mean=noise.gauss(18, 1) if update % (4 * every) == 0 else math.nan,
                    )
                    if update % (5 * every) == 0:
                        score = abs(noise.gauss(60 if variant != "baseline" else 20, 15)) * (0.2 + x)
                        run.add(
                            "scores",
                            task,
                            variant,
                            "1",
                            seed,
                            env_step,
                            update,
                            return_mean=score,
                            return_sd=3.0,
                            episodes=10,
                        )
    run.rows["verdicts"] = verdict_rows(run.rows["values"])
    return run


def make_online(seeds=5, steps=100_000, utd=("1",), tasks=("cheetah-run", "walker-run"), upto=1.0) -> FakeRun:
    """An online run in which nothing diverges; `upto` below 1 leaves the second half of the lanes behind."""
    run = FakeRun(
        "dmc15-500k",
        tasks,
        ("baseline", "ofn", "layernorm", "reset-100k-updates"),
        utd,
        tuple(range(seeds)),
        finished="2025-01-31T12:00:00Z" if upto == 1 else None,
    )
    for task in run.tasks:
        for ratio in utd:
            for variant in run.variants:
                for seed in run.seeds:
                    noise = random.Random(f"{task}{ratio}{variant}{seed}")
                    best = noise.gauss({"baseline": 320, "ofn": 480, "layernorm": 560}.get(variant, 400), 40)
                    last = steps if seed % 2 == 0 or upto == 1 else int(steps * upto)
                    for env_step in range(0, last + 1, 5000):
                        update = max(0, env_step - 10_000) * int(ratio)
                        x = env_step / 100_000
                        score = best * (1 - math.exp(-2.5 * x)) + noise.gauss(0, 15 + 20 * x)
                        q = best / 12 * (1 - math.exp(-4 * x)) * noise.uniform(0.97, 1.03) + 1
                        run.add(
                            "scores",
                            task,
                            variant,
                            ratio,
                            seed,
                            env_step,
                            update,
                            return_mean=max(score, 0.0),
                            return_sd=12.0,
                            episodes=10,
                        )
                        run.add(
                            "values",
                            task,
                            variant,
                            ratio,
                            seed,
                            env_step,
                            update,
                            q_replay_mean=q,
                            q_bound=516.0,
                            q_bound_low=-1.0,
                            mc_return_mean=0.8 * q,
                        )
    run.rows["verdicts"] = verdict_rows(run.rows["values"]) if run.finished else []
    return run


@pytest.fixture
def fake_run():
    return FakeRun


@pytest.fixture
def priming():
    return make_priming


@pytest.fixture
def online():
    return make_online
