"""Fits the early warning on finished runs, and says how far its probabilities can be believed.

    python benchmarks/warning_calibration.py RUN... --out results/baselines/warning --use
    python benchmarks/warning_calibration.py results/baselines/warning_rows.parquet --out OUT

A RUN is the folder of a finished run, or a file OUT_rows.parquet that this script wrote: the rows that the fit reads,
of all runs, thinned to every 100 updates up to 2,000 and every 500 from there on. The second command repeats the
fit that is in use.

Writes OUT.md, OUT.png, OUT.csv (reliability), OUT_roc.csv, OUT_lanes.csv and OUT_rows.parquet. With --use it also
writes divbench/verdict/warning_fit.py, which predictions read.

Each task is predicted by coefficients that were fitted on the other tasks alone. Every lane counts as one. Intervals
draw (task, seed) pairs again: variants of a seed share their data, and measurements of a lane depend on each other.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import importlib
import math
from fractions import Fraction
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

import divbench
from divbench.records.durable import write_atomically
from divbench.records.schema import renamed_row
from divbench.records.tables import to_parquet
from divbench.spec.errors import UsageError
from divbench.verdict import calibration, warning, warning_fit
from divbench.verdict.reliability import Bin, Judged, Threshold
from divbench.verdict.rows import by_lane, lane_of

NAMES = ("run", "suite", "task", "variant", "utd", "network", "nonfinite")
COUNTS = ("seed", "env_step", "update", "resets", "nonfinite_step", "nonfinite_update")
NUMBERS = ("q_replay_mean", "q_policy_mean", "q_random_mean", "q_bound", "q_bound_low", "bound_seen", "mc_return_mean",
           "mc_q_mean", "td_loss", "grad_norm", "temperature", "entropy")
SCHEMA = pa.schema([(name, pa.string()) for name in NAMES] + [(name, pa.int32()) for name in COUNTS]
                   + [(name, pa.float32()) for name in NUMBERS])
DENSE_UNTIL, DENSE, COARSE = 2_000, 100, 500  # updates
THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
ALARM = 0.5
WORTH = 0.1  # predictions above it are compared between spacings; healthy lanes agree anyway
DEMO = "quadruped-run"  # the task of `make demo`; its lanes are those that are primed, and measured every 500 updates
LANE_COLUMNS = ("run", "task", "variant", "utd", "seed", "diverged_at", "largest_left_out", "lead_left_out",
                "largest_in_use")
HEADER = '''"""The early warning's coefficients, and the lanes that they were fitted on.

Written by benchmarks/warning_calibration.py, results/baselines/warning.md has the rest; `warning` says what is what.
"""

'''


@dataclasses.dataclass(frozen=True)
class Foreseen:
    """A lane's warnings, one for each measurement, and how it ended.

    Attributes:
      rows: its rows.
      onset: the update at which it first diverged or exploded; infinite if it did not.
      left_out: the probabilities up to then by coefficients fitted on the other tasks; NaN where there is none.
      in_use: the same by coefficients fitted on all.
    """

    rows: list[dict]
    onset: float
    left_out: list[float]
    in_use: list[float]

    @property
    def lead(self) -> float:
        """Updates between the onset and the measurement from which on the warning was above `ALARM` until the onset."""
        since = self.onset
        for row, chance in reversed(list(zip(self.rows, self.left_out, strict=False))):
            if not chance > ALARM:
                break
            since = row["update"]
        return self.onset - since


def read(path: Path) -> list[dict]:
    """The rows that the fit reads, of one run or of a file of kept rows.

    Raises:
      UsageError: a run that is not finished.
    """
    if path.suffix == ".parquet":
        return [renamed_row(row) for row in pq.read_table(path).to_pylist()]
    tables = divbench.load(path)
    if tables.card["finished"] is None:
        raise UsageError(f"{path}: expected a finished run, found one that is not")
    kept = [row | {"run": path.name} for rows in by_lane(tables.values.to_pylist()).values() for row in thin(rows)]
    return pa.Table.from_pylist(kept, SCHEMA).to_pylist()  # in the precision in which they are kept


def thin(rows: list[dict]) -> list[dict]:
    early = [row for row in rows if row["update"] <= DENSE_UNTIL]
    dense = calibration.at_spacing(early, DENSE)
    return dense + calibration.at_spacing(dense[-1:] + rows[len(early):], COARSE)[1:]


def foresee(lanes: list[list[dict]], found: list[calibration.Example]) -> list[Foreseen]:
    """Every lane with its warnings, at all of its measurements."""
    fits = {task: calibration.fit([example for example in found if example.task != task])
            for task in {rows[0]["task"] for rows in lanes}}
    everywhere = calibration.fit(found)
    told = []
    for rows in lanes:
        onset = min(calibration.onsets(rows), default=math.inf)
        before = [rows[: index + 1] for index, row in enumerate(rows) if row["update"] < onset]
        inputs = [warning.features(past, calibration.SPACINGS[0]) if warning.foreseeable(past) else None
                  for past in before]
        chances = ([math.nan if x is None else warning.predict(x, coefficients) for x in inputs]
                   for coefficients in (fits[rows[0]["task"]], everywhere))
        told.append(Foreseen(rows, onset, *chances))
    return told


def fitted_on(found: list[calibration.Example]) -> str:
    """The module `divbench.verdict.warning_fit`."""
    utds = [Fraction(example.row["utd"]) for example in found if example.protocol == "acting"]
    latest = {protocol: max(example.row["update"] for example in found if example.protocol == protocol)
              for protocol in sorted({example.protocol for example in found})}
    lines = ["# Intercept first, then in the order of `warning.FEATURES`.",
             f"COEFFICIENTS = ({', '.join(f'{c:.6g}' for c in calibration.fit(found))})",
             "# Where: updates between measurements at least, variants, networks, UTDs of lanes that act, the",
             "# latest update by protocol.",
             f"SPACING = {min(example.spacing for example in found)}",
             *_names("VARIANTS", {example.row["variant"] for example in found}),
             *_names("NETWORKS", {example.row["network"] for example in found}),
             f"UTD = ({float(min(utds)):g}, {float(max(utds)):g})",
             "UPDATES = {" + ", ".join(f'"{name}": {update:_}' for name, update in latest.items()) + "}"]
    return HEADER + "\n".join(lines) + "\n"


def _names(constant: str, names: set[str]) -> list[str]:
    return [f"{constant} = (", *(f'    "{name}",' for name in sorted(names)), ")"]


def as_markdown(found: list[calibration.Example], judged: Judged, lanes: list[Foreseen]) -> str:
    tasks, events = sorted({example.task for example in found}), sum(judged.happened)
    brier, area = judged.brier(), judged.area()
    lines = [
        "# Calibration of the early warning", "",
        f"The probability that a lane diverges or explodes within the next {warning.HORIZON:,} updates. "
        f"{len(found):,} measurements of {len({example.lane for example in found})} lanes on {len(tasks)} tasks at "
        f"several spacings; {events} of them were followed by it. Each task is predicted by coefficients fitted on the "
        "other tasks. Every lane counts as one, and its measurements alike. Intervals are 95%; they draw (task, seed) "
        "pairs again.", "",
        f"Brier score {_estimated(brier)}, area under the ROC {_estimated(area)}.", "",
        "## Reliability", "",
        "The error is what was observed minus what was predicted. Where all or none of a row came true, its interval "
        "is the exact one of as many independent cases as there are pairs.", "",
        "| predicted | measurements | (task, seed) | mean predicted | observed | error, 95% |",
        "|---|---:|---:|---:|---:|---|"]
    lines += [f"| {b.low:.1f} to {b.high:.1f} | {b.examples} | {b.clusters} | {b.predicted:.2f} | {b.observed:.2f} | "
              f"{b.error_low:+.2f} to {b.error_high:+.2f} |" for b in judged.reliability()]
    lines += ["", "## Spacing and protocol", "",
              "| measured | measurements | events | mean predicted | observed | Brier score | area under the ROC |",
              "|---|---:|---:|---:|---:|---|---|"]
    for name, part in parts(found, judged).items():
        lines.append(f"| {name} | {len(part.predicted)} | {sum(part.happened)} | {_mean(part, part.predicted):.3f} | "
                     f"{_mean(part, part.happened):.3f} | {_estimated(part.brier())} | {_estimated(part.area())} |")
    apart = sorted(differences(found, judged.predicted))
    if apart:
        lines += ["", "The same measurement seen at its finest spacing and at a coarser one, where either probability "
                  f"is above {WORTH:g} ({len(apart):,} pairs): they are {apart[len(apart) // 2]:.3f} apart in the "
                  f"median, at most {apart[len(apart) * 9 // 10]:.3f} in 90% of the pairs."]
    lines += ["", "## ROC", "",
              "| alarm above | found of those followed by divergence | false of the others |", "|---|---:|---:|"]
    lines += [f"| {t.threshold:g} | {t.found:.1%} | {t.false:.1%} |" for t in judged.roc(THRESHOLDS)]
    lines += ["", "## Lanes", "",
              f"Each lane at its own measurements, up to its end. Warned: above {ALARM:g} at every measurement from at "
              "least 1,000 updates before it diverged until then.", "",
              "| task | diverged | warned | updates ahead, median | others | of them ever above 0.5 |",
              "|---|---:|---:|---:|---:|---:|"]
    for task in tasks:
        own = [lane for lane in lanes if lane.rows[0]["task"] == task]
        gone, calm = ([lane for lane in own if math.isfinite(lane.onset) == went] for went in (True, False))
        leads = sorted(lane.lead for lane in gone)
        lines.append(f"| {task} | {len(gone)} | {sum(lead >= 1_000 for lead in leads)} | "
                     f"{f'{leads[len(leads) // 2]:,.0f}' if leads else ''} | {len(calm)} | "
                     f"{sum(largest(lane.left_out) > ALARM for lane in calm)} |")
    lines += demo_lines(lanes)
    names = ("intercept", *warning.FEATURES)
    without = calibration.fit([example for example in found if example.task != DEMO])
    for told, fitted in (("all", calibration.fit(found)), (f"all but {DEMO}", without),
                         ("in use", warning_fit.COEFFICIENTS)):
        listed = ", ".join(f"{name} {value:.3g}" for name, value in zip(names, fitted, strict=True))
        lines += ["", f"Coefficients, {told}: {listed}."]
    runs: dict[str, int] = {}
    for lane in lanes:
        runs[lane.rows[0]["run"]] = runs.get(lane.rows[0]["run"], 0) + 1
    lines += ["", "Runs (lanes): " + ", ".join(f"{run} ({count})" for run, count in runs.items()) + ".", ""]
    return "\n".join(lines)


def demo_lines(lanes: list[Foreseen]) -> list[str]:
    """The lanes of the demo's setting, each by its largest warning, with the coefficients of either fit."""
    own = [lane for lane in lanes if lane.rows[0]["task"] == DEMO and warning.protocol_of(lane.rows) == "primed"
           and min(calibration.thinned(lane.rows)) == COARSE]
    if not own:
        return []
    lines = ["", "## The demo's setting", "",
             f"{DEMO}, primed, measured every {COARSE} updates; predicted by coefficients fitted without this task, "
             "and by those fitted on all. With a number: of the measurements from update 1,000 until it diverged.", "",
             f"| variant | seed | diverged at | largest warning | above {ALARM:g} since, updates before | largest, "
             "fitted on all | with a number |", "|---|---:|---:|---:|---:|---:|---:|"]
    for lane in sorted(own, key=lambda lane: (lane.rows[0]["variant"], lane.rows[0]["seed"])):
        gone = math.isfinite(lane.onset)
        asked = [p for row, p in zip(lane.rows, lane.left_out, strict=False) if row["update"] >= 1_000]
        lines.append(f"| {lane.rows[0]['variant']} | {lane.rows[0]['seed']} | {f'{lane.onset:,.0f}' if gone else ''} | "
                     f"{largest(lane.left_out):.2f} | {f'{lane.lead:,.0f}' if gone else ''} | "
                     f"{largest(lane.in_use):.2f} | {sum(not math.isnan(p) for p in asked)} of {len(asked)} |")
    return lines


def parts(found: list[calibration.Example], judged: Judged) -> dict[str, Judged]:
    """The examples of each spacing, and those of each protocol."""
    chosen = {f"every {spacing:,} updates": [example.spacing == spacing for example in found]
              for spacing in calibration.SPACINGS}
    chosen |= {protocol: [example.protocol == protocol for example in found] for protocol in ("primed", "acting")}
    return {name: judged.only(own) for name, own in chosen.items() if any(own)}


def differences(found: list[calibration.Example], probabilities: list[float]) -> list[float]:
    """How far apart the predictions of one measurement are at its finest spacing and at each coarser one, where either
    is above `WORTH`."""
    seen: dict[tuple, list[float]] = {}
    for example, chance in zip(found, probabilities, strict=True):  # of a lane the finest spacing comes first
        seen.setdefault((example.lane, example.row["update"]), []).append(chance)
    return [abs(chance - finest) for finest, *coarser in seen.values() for chance in coarser
            if max(chance, finest) > WORTH]


def largest(probabilities: list[float]) -> float:
    """The largest number; NaN if there is none."""
    return max((p for p in probabilities if not math.isnan(p)), default=math.nan)


def _mean(part: Judged, values) -> float:
    return sum(w * x for w, x in zip(part.weights, values, strict=True)) / sum(part.weights)


def _estimated(estimate) -> str:
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


def lane_rows(lanes: list[Foreseen]) -> list[tuple]:
    return [(*(lane.rows[0][name] for name in ("run", "task", "variant", "utd", "seed")),
             lane.onset, largest(lane.left_out), lane.lead if math.isfinite(lane.onset) else "", largest(lane.in_use))
            for lane in lanes]


def draw(judged: Judged, spacings: dict[str, Judged]):
    """Reliability and ROC side by side."""
    import matplotlib.pyplot as plt

    from divbench.report.colours import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY
    from divbench.report.style import RC

    with plt.rc_context(RC):
        figure, (left, right) = plt.subplots(1, 2, figsize=(10.0, 4.6), layout="constrained")
        bins = judged.reliability()
        for axes in (left, right):
            axes.plot([0, 1], [0, 1], color=GREY, linewidth=1.0, linestyle=(0, (4, 3)))
            axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
        for b in bins:
            ends = [min(max(b.predicted + error, 0.0), 1.0) for error in (b.error_low, b.error_high)]
            left.plot([b.predicted] * 2, ends, color=BLUE, linewidth=1.5)
        left.plot([b.predicted for b in bins], [b.observed for b in bins], "o", color=BLUE, markersize=6)
        left.set(xlabel="predicted probability", ylabel="share that diverged within the horizon",
                 title="Observed against predicted")
        for (name, part), colour in zip(spacings.items(), (PURPLE, SKY, GREEN, ORANGE, BLUE), strict=False):
            points = part.roc([-1.0, *sorted(set(part.predicted))])
            right.plot([t.false for t in points], [t.found for t in points], color=colour, linewidth=1.6,
                       drawstyle="steps-pre", label=f"{name}: area {part.area().value:.3f}")
        right.set(xlabel="false alarms, share of the others", ylabel="found, share of those that diverged",
                  title="Divergences found against false alarms")
        right.legend(loc="lower right")
    return figure


def save_csv(path: Path, names, rows) -> None:
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([f"{x:.6g}" if isinstance(x, float) else x for x in row] for row in rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="where the results go: OUT.md and so on")
    parser.add_argument("--use", action="store_true", help="predict by these coefficients from now on")
    given = parser.parse_args()
    rows = [row for path in given.runs for row in read(path)]
    lanes: dict[tuple, list[dict]] = {}
    for row in rows:
        lanes.setdefault((row["run"], *lane_of(row)), []).append(row)
    found = calibration.examples(lanes.values())
    judged = Judged(calibration.predict_left_out(found), [example.happened for example in found],
                    calibration.weigh(found), [(example.task, example.row["seed"]) for example in found])
    if given.use:
        Path(warning_fit.__file__).write_text(fitted_on(found))
        importlib.reload(warning_fit)
    told = foresee(list(lanes.values()), found)
    text = as_markdown(found, judged, told)
    print(text)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.with_suffix(".md").write_text(text)
    save_csv(given.out.with_suffix(".csv"), Bin._fields, judged.reliability())
    split = parts(found, judged)
    save_csv(Path(f"{given.out}_roc.csv"), ("measured", *Threshold._fields),
             [(name, *point) for name, part in {"all": judged, **split}.items() for point in part.roc(THRESHOLDS)])
    save_csv(Path(f"{given.out}_lanes.csv"), LANE_COLUMNS, lane_rows(told))
    write_atomically(Path(f"{given.out}_rows.parquet"), to_parquet(pa.Table.from_pylist(rows, SCHEMA)))
    draw(judged, {name: part for name, part in split.items() if name.startswith("every")}).savefig(
        given.out.with_suffix(".png"), dpi=150)


if __name__ == "__main__":
    main()
