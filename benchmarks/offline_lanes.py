"""What lanes give offline: updates per second of a group of variants and seeds in one program, beside single lanes.

    divbench dataset make --tasks halfcheetah --levels random --transitions 20k --physics host --out data
    python benchmarks/offline_lanes.py --dataset data/halfcheetah-random --out results/runs/bench/offline_lanes

In each round, one after the other in one process: a chunk of training of the group (4 variants with 4 seeds each, all
in one program), then one of a single lane of each variant, in a program of one lane with the mechanisms of that variant
alone. Compilation and a first chunk are not timed; the loop's other work (evaluation, measuring, checkpoints) is not in
it. Rates are updates of all lanes per second; medians over the rounds, and the median, least and greatest of the ratios
within a round of the group's rate to the rate of the single lanes one after the other.
"""

from __future__ import annotations

import argparse
import statistics
from importlib import metadata
from pathlib import Path

from training import Trainer
from writing import write

VARIANTS = "td3,td3-bc,td3+tau=1,td3+data_fraction=0.1"  # coefficients alone tell them apart
COLUMNS = ("round", "program", "variants", "lanes", "updates", "seconds", "updates_per_second")


def trainers(given, physics: str, data) -> list[tuple[str, str, Trainer]]:
    """The group, then a single lane of each variant: (program, variants, trainer)."""
    from divbench.spec.plan import make_groups
    from divbench.spec.run_spec import RunSpec
    from divbench.spec.settings import SACSettings

    def groups(variants: str, seeds: int):
        hidden = tuple(map(int, given.hidden.split(",")))
        spec = RunSpec(suite="preqn-gym", tasks=given.task, variants=variants, seeds=seeds, dataset=given.dataset,
                       prime_updates=given.updates, sac=SACSettings(hidden=hidden, batch_size=given.batch_size))
        return make_groups(spec, fused=True)

    together = groups(given.variants, given.seeds)
    if len(together) > 1:
        raise SystemExit(f"--variants: expected variants of one program, found {len(together)}: "
                         f"{'; '.join(group.name for group in together)}")
    found = [("group", given.variants, Trainer(together[0], physics, data))]
    return found + [("single", name, Trainer(groups(name, 1)[0], physics, data)) for name in given.variants.split(",")]


def measure(given) -> list[dict]:
    """All timed chunks, in the order of their running."""
    from divbench.execute import device
    from divbench.execute.offline import read_offline

    device.prepare("highest")
    physics = device.resolve_physics(given.task, "auto")
    sides = trainers(given, physics, read_offline(given.dataset, given.task, physics))
    for _, _, trainer in sides:
        trainer.chunk(given.updates)
    rows = []
    for number in range(given.rounds):
        for program, variants, trainer in sides:
            seconds, _ = trainer.chunk(given.updates)
            done = given.updates * trainer.lanes
            rows.append(dict(zip(COLUMNS, (number, program, variants, trainer.lanes, done, seconds, done / seconds),
                                 strict=True)))
    return rows


def ratios(rows: list[dict]) -> list[float]:
    """For each round, the group's rate over that of the single lanes one after the other."""
    found = []
    for number in sorted({row["round"] for row in rows}):
        rates = {}
        for program in ("group", "single"):
            own = [row for row in rows if (row["round"], row["program"]) == (number, program)]
            rates[program] = sum(row["updates"] for row in own) / sum(row["seconds"] for row in own)
        found.append(rates["group"] / rates["single"])
    return found


def as_markdown(rows: list[dict], machine: str) -> str:
    rounds = len({row["round"] for row in rows})
    lines = ["# Lanes that learn offline", "", machine, "",
             f"Medians of {rounds} rounds, in alternation (`benchmarks/offline_lanes.py`); all: `measured.csv`.",
             "", "| program | variants | lanes | updates/s, all lanes | updates/s, each lane |",
             "|---|---|---:|---:|---:|"]
    for program, variants, lanes in dict.fromkeys((row["program"], row["variants"], row["lanes"]) for row in rows):
        rate = statistics.median(row["updates_per_second"] for row in rows
                                 if (row["program"], row["variants"]) == (program, variants))
        lines.append(f"| {program} | {variants.replace(',', ', ')} | {lanes} | {rate:.1f} | {rate / lanes:.1f} |")
    found = ratios(rows)
    told = (f"The group makes {statistics.median(found):.2f} times as many updates per second as the single lanes one "
            f"after the other ({min(found):.2f} to {max(found):.2f} within a round).")
    return "\n".join([*lines, "", told, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", required=True, help="folder of a dataset of the task")
    parser.add_argument("--task", default="halfcheetah")
    parser.add_argument("--variants", default=VARIANTS, help="of one program, coefficients or selected mechanisms")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--hidden", default="256,256")
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--updates", type=int, default=200, help="of each lane in a chunk")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--out", type=Path, help="a folder: measured.csv and README.md")
    given = parser.parse_args()
    rows = measure(given)

    from divbench.execute.device import describe_device

    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("jax", "mujoco"))
    text = as_markdown(rows, f"{given.task}, networks of {given.hidden.replace(',', ' x ')}, batches of "
                             f"{given.batch_size}, chunks of {given.updates:,} updates a lane; device "
                             f"{describe_device()}, {versions}.")
    print(text)
    if given.out:
        write(given.out, COLUMNS, rows, text)


if __name__ == "__main__":
    main()
