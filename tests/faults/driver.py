"""One process of a run that kills itself: `python driver.py '{"out": ..., "kill": ...}'`.

Stands in for `kill -9` at a moment that a test chooses by position, not by the clock. Where chunks and blocks
of evaluations are cut follows a seed (`cuts`), and checkpoints come every so many chunks: in real runs they
depend on the clock, and the tables must not depend on them.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import types
from pathlib import Path

from divbench.execute import checkpointing, loop, measuring
from divbench.execute.run import run
from divbench.records import checkpoint
from divbench.records.folder import GROUPS, RESULTS
from divbench.records.journal import Journal
from divbench.spec.run_spec import RunSpec
from divbench.spec.settings import SACSettings

# Two lanes in one group: 600 random steps, 300 updates without acting, 800 steps at UTD 1. A new episode
# begins at step 1,000; `reset-250-updates` draws its lane afresh while priming and three times while acting.
SPEC = {
    "suite": "smoke",
    "variants": "baseline,reset-250-updates",
    "utd": "1",
    "seeds": 1,
    "steps": 1_400,
    "prime_samples": 600,
    "prime_updates": 300,
    "eval_every": 400,
    "eval_episodes": 1,
    "measure_every": 150,
}
SAC = SACSettings(hidden=(16,), batch_size=8)
CHUNK = (10, 120)  # env steps or updates of a chunk
BLOCK = (50, 400)  # env steps of a block of an evaluation


def main(
    out: str,
    task: str,
    physics: str,
    cuts: int,
    chunks_per_checkpoint: int | None = None,
    kill: dict | None = None,
) -> None:
    """Run until the end, or until the moment of `kill`.

    Args:
      out: run folder.
      task, physics: what is trained.
      cuts: seed of where chunks and blocks are cut.
      chunks_per_checkpoint: None for no checkpoint before the end.
      kill: `moment`, a name of `MOMENTS`, and `at`, from which env step (or update) on it comes.
    """
    spec = RunSpec(**SPEC, tasks=task, physics=physics, out=out, sac=SAC)
    chunks = cut_by_seed(cuts)
    if kill:
        MOMENTS[kill["moment"]](Killer(Path(out), spec, **kill))
    every = chunks_per_checkpoint or 10**9
    result = run(spec, checkpoint_seconds=every - 0.5)
    assert not result.failed and not result.interrupted, result
    assert chunks.count


def cut_by_seed(seed: int) -> types.SimpleNamespace:
    """Draw paces from a seed instead of measuring them; the loop's clock is the number of its chunks."""
    draw = random.Random(seed)
    chunks = types.SimpleNamespace(count=0)

    class Pace(dict):
        def get(self, phase):
            return loop.CHUNK_SECONDS / draw.randint(*CHUNK)

    make, train = loop.GroupLoop.__init__, loop.GroupLoop._time_row

    def make_with_pace(self, *args, **kwargs):
        make(self, *args, **kwargs)
        self._pace = Pace()

    def count_chunks(self, event, *args, **kwargs):
        chunks.count += event == "train"
        return train(self, event, *args, **kwargs)

    loop.GroupLoop.__init__, loop.GroupLoop._time_row = make_with_pace, count_chunks
    loop.time = types.SimpleNamespace(perf_counter=time.perf_counter, monotonic=lambda: float(chunks.count))
    measuring.Evaluator._seconds_per_step = property(
        lambda self: measuring.BLOCK_SECONDS / draw.randint(*BLOCK), lambda self, value: None
    )
    return chunks


class Killer:
    """Knows where the run is, and kills it at its moment after noting what was on disk."""

    def __init__(self, out: Path, spec: RunSpec, moment: str, at: int):
        self.out, self.moment, self.threshold = out, moment, at
        self.random_steps, self.priming_updates = spec.prime_samples, spec.prime_updates

    def reached(self, phase: str, env_step: int, update: int) -> bool:
        """Whether the position lies in that phase, at or past the threshold."""
        if env_step < self.random_steps or not update and phase == "random":
            return phase == "random" and env_step >= self.threshold
        if env_step == self.random_steps and update <= self.priming_updates:
            return phase == "priming" and update >= self.threshold
        return phase == "policy" and env_step >= self.threshold

    def kill(self, env_step: int, update: int) -> None:
        """SIGKILL, after a note beside the run folder."""
        group = next((self.out / GROUPS).iterdir())
        store = group / "checkpoint"
        saved = (
            json.loads((store / "manifest.json").read_bytes().splitlines()[0])
            if (store / "manifest.json").exists()
            else None
        )
        note = {
            "moment": self.moment,
            "env_step": env_step,
            "update": update,
            "journal": (group / RESULTS).stat().st_size if (group / RESULTS).exists() else 0,
            "checkpoint": saved and {"number": saved["number"], **saved["meta"]},
            "states": sorted(path.name for path in store.glob("state-*")),
        }
        Path(f"{self.out}.note.json").write_text(json.dumps(note))
        os.kill(os.getpid(), signal.SIGKILL)


def in_training(killer: Killer, phase: str) -> None:
    """After a chunk of that phase, before anything else is done."""
    advance = loop.GroupLoop._time_row

    def advance_or_die(self, event, at, *args, **kwargs):
        if event == "train" and killer.reached(phase, at.env_step, at.update):
            killer.kill(at.env_step, at.update)
        return advance(self, event, at, *args, **kwargs)

    loop.GroupLoop._time_row = advance_or_die


def in_evaluation(killer: Killer) -> None:
    """After the second block of an evaluation."""
    play, returns = measuring.Evaluator._play, measuring.Evaluator.returns
    now = types.SimpleNamespace(at=None, blocks=0)

    def note_position(self, state, coefs, at):
        now.at, now.blocks = at, 0
        return returns(self, state, coefs, at)

    def play_or_die(self, *args):
        played = play(self, *args)
        now.blocks += 1
        if now.at and now.blocks == 2 and killer.reached("policy", now.at.env_step, now.at.update):
            killer.kill(now.at.env_step, now.at.update)
        return played

    measuring.Evaluator.returns, measuring.Evaluator._play = note_position, play_or_die


def after_rows(killer: Killer, torn: bool) -> None:
    """With rows in the journal that no checkpoint knows of; `torn`: in the middle of writing the last one."""
    append = Journal.append

    def append_and_die(self, table, rows):
        rows = list(rows)
        append(self, table, rows)
        if table == "values" and rows and killer.reached("policy", rows[-1]["env_step"], rows[-1]["update"]):
            if torn:
                os.truncate(self.path, self.path.stat().st_size - 40)
            killer.kill(rows[-1]["env_step"], rows[-1]["update"])

    Journal.append = append_and_die


def in_checkpoint(killer: Killer) -> None:
    """While a checkpoint is written: state and replay rows are there, the manifest is the one before."""
    save, write = checkpointing.Checkpointer.save, checkpoint.Manifest.write
    now = types.SimpleNamespace(at=None)

    def note_position(self, state, at, pending):
        now.at = at
        save(self, state, at, pending)

    def write_or_die(self, folder):
        if killer.reached("policy", now.at.env_step, now.at.update):
            killer.kill(now.at.env_step, now.at.update)
        write(self, folder)

    checkpointing.Checkpointer.save, checkpoint.Manifest.write = note_position, write_or_die


MOMENTS = {
    "warm-up": lambda killer: in_training(killer, "random"),
    "priming": lambda killer: in_training(killer, "priming"),
    "rows": lambda killer: after_rows(killer, torn=False),
    "policy": lambda killer: in_training(killer, "policy"),
    "evaluation": in_evaluation,
    "torn row": lambda killer: after_rows(killer, torn=True),
    "checkpoint": in_checkpoint,
}

if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
