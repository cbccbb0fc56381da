"""Does SEEM of few points have the sign of SEEM of many? Finished offline runs looked at again.

    divbench reproduce seem-gamma
    python benchmarks/seem_points.py results/runs/seem-offline-* --out results/runs/bench/seem_points

Runs measure SEEM on 256 transitions while they train; the study that it comes from takes 2,560 (Yue et al.,
2310.04411, public code). Here the first `--lanes` of every run are read from their last checkpoint, and SEEM is made
anew of 256, 512 and 2,560 transitions of the dataset, drawn by seed 0, the smaller sets within the larger. Above 0
means a normalised SEEM above 0.0001, as in the experiment `seem-gamma`. All eigenvalues of 2,560 points take about 40 s
on a CPU core.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from writing import write

POINTS = (256, 512, 2560)
COLUMNS = ("lane", "points", "seem", "seem_normalised", "resolution", "above_0")


def last_states(path: Path, count: int):
    """The first lanes of a finished offline run, each at its last checkpoint, with the dataset they learned from."""
    from divbench.execute.offline import read_offline
    from divbench.execute.trained_policy import last_state, physics_of
    from divbench.records.folder import read_card
    from divbench.spec.plan import make_groups
    from divbench.spec.run_spec import RunSpec

    card = read_card(path)
    spec = RunSpec.from_settings(card["settings"])
    (group,) = make_groups(spec, fused=False)
    data = read_offline(spec.dataset, group.task, physics_of(card, group.task))
    for lane in group.lanes[:count]:
        yield last_state(path, card, lane.name), data


def measure(last, data, points: int):
    """SEEM of a lane on its dataset's first transitions in the order drawn by seed 0."""
    import jax.numpy as jnp
    import numpy as np

    from divbench.diagnostics.kernels.seem import seem
    from divbench.execute.kernel_measures import first_critic
    from divbench.learn.agents import kernel
    from divbench.learn.agents.choice import agent_of
    from divbench.learn.replay.dataset import SharedDataset

    learner, coefs, structure = last.learner, last.coefs, last.structure
    dataset = SharedDataset(structure.observation_size, structure.action_size)
    batch = dataset.unpacked(jnp.asarray(data.rows[0, :points]))
    action = agent_of(structure).act(learner.actor, batch.next_obs, coefs, structure)
    matrix = kernel.excitation(first_critic(learner.critic), (batch.obs, batch.action), (batch.next_obs, action),
                               coefs, structure)
    return seem(np.asarray(matrix))


def as_markdown(rows: list[dict], counts: tuple[int, ...]) -> str:
    """A table of lanes by number of points, and how often the sign is that of the most points."""
    by_lane: dict[str, dict[int, dict]] = {}
    for row in rows:
        by_lane.setdefault(row["lane"], {})[row["points"]] = row
    lines = ["# SEEM by number of points", "",
             "Normalised SEEM of the last checkpoint (`benchmarks/seem_points.py`).", "",
             f"| lane | {' | '.join(f'{count:,} points' for count in counts)} |", f"|---|{'---:|' * len(counts)}"]
    for lane, found in by_lane.items():
        cells = (f"{found[count]['seem_normalised']:.2g}" for count in counts)
        lines.append(f"| {lane} | {' | '.join(cells)} |")
    most = max(counts)
    told = []
    for count in counts[:-1]:
        same = sum(found[count]["above_0"] == found[most]["above_0"] for found in by_lane.values())
        told.append(f"{count:,} points in {same} of {len(by_lane)} lanes")
    return "\n".join([*lines, "", f"The sign is that of {most:,} points with {', '.join(told)}.", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path, help="folders of finished offline runs")
    parser.add_argument("--lanes", type=int, default=1, help="of each run")
    parser.add_argument("--points", default=",".join(map(str, POINTS)))
    parser.add_argument("--out", type=Path, help="a folder: measured.csv and README.md")
    given = parser.parse_args()
    counts = tuple(sorted(map(int, given.points.split(","))))

    from divbench.execute import device
    from divbench.experiments.seem_gamma import POSITIVE

    device.prepare("highest")
    rows = []
    for path in given.runs:
        for last, data in last_states(path, given.lanes):
            for count in counts:
                found = measure(last, data, count)
                rows.append(dict(zip(COLUMNS, (last.lane.name, count, found.value, found.normalised, found.resolution,
                                               int(found.normalised > POSITIVE)), strict=True)))
            print(last.lane.name, *(f"{row['seem_normalised']:.3g}" for row in rows[-len(counts):]), flush=True)
    text = as_markdown(rows, counts)
    print(text)
    if given.out:
        write(given.out, COLUMNS, rows, text)


if __name__ == "__main__":
    main()
