"""What a run tells while it goes on: time left, plain lines, JSON lines, nothing, a live table."""

import io
import json
import os

import pytest

from divbench.execute.progress import JsonProgress, PlainProgress, QuietProgress, make_progress
from divbench.spec.plan import make_groups
from divbench.spec.run_spec import RunSpec


class Clock:
    """Seconds that pass when told to."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


GROUPS = make_groups(RunSpec(suite="smoke", tasks="cheetah-run,hopper-hop", seeds=2), fused=True)


def tell(progress, clock):
    """A short life of a run: one group continued and finished, one failed."""
    first, second = GROUPS
    with progress:
        progress.run_started(GROUPS, "results/runs/x")
        clock.now += 3.0
        progress.group_started(first, resumed_at=(1_000, 100))
        progress.advanced(first, 1_000, 200, 400.0)
        clock.now += 1.0
        progress.advanced(first, 1_000, 300, 400.0)
        clock.now += 9.0
        progress.advanced(first, 1_000, 400, 400.0)
        at = {"env_step": 1_000, "update": 400}
        progress.scored(
            first, [{"variant": v, "return_mean": r, **at} for v, r in [("a", 1), ("a", 3), ("b", 8)]]
        )
        progress.measured(first, [{"variant": "a", "q_replay_mean": float("nan"), **at}])
        progress.group_finished(first)
        progress.group_started(second)
        progress.group_failed(second, ValueError("boom\nand more"))


def test_time_left_follows_the_pace():
    clock = Clock()
    progress = QuietProgress(io.StringIO(), clock=clock)
    progress.group_started(GROUPS[0])
    state = progress.seen[GROUPS[0].name]
    assert GROUPS[0].protocol.updates == 2_500
    clock.now = 60.0  # compiling is not the pace
    progress.advanced(GROUPS[0], 1_000, 0)
    assert state.seconds_left(clock.now) is None
    progress.advanced(GROUPS[0], 1_000, 500, 400.0)
    assert state.seconds_left(clock.now) == pytest.approx(2_000 * 4 / 400)
    clock.now = 70.0
    progress.advanced(GROUPS[0], 1_500, 1_000, 400.0)
    assert state.seconds_left(clock.now) == pytest.approx(30.0)
    assert state.fraction() == pytest.approx(2_500 / 5_500)


def test_plain_progress():
    clock, stream = Clock(), io.StringIO()
    tell(PlainProgress(stream, clock=clock), clock)
    lines = stream.getvalue().splitlines()
    first = f"[1/2] {GROUPS[0].name}"
    assert lines == [
        "results/runs/x: 2 groups, 8 lanes",
        f"{first}: 4 lanes, continued at step 1,000, update 100",
        f"{first}: first update 2.0 s after the command, compilation included",
        f"{first}: step 1k of 3k, update 200 of 2500, 400 updates/s, 0:23 left",
        f"{first}: step 1k of 3k, update 400 of 2500, 400 updates/s, 1:45 left",
        f"{first}: step 1,000, update 400: return a 2, b 8",
        f"{first}: step 1,000, update 400: mean Q a nan",
        f"{first}: finished in 0:10",
        f"[2/2] {GROUPS[1].name}: 4 lanes",
        f"[2/2] {GROUPS[1].name}: failed: ValueError: boom",
    ]


def test_json_progress():
    clock, stream = Clock(), io.StringIO()
    tell(JsonProgress(stream, clock=clock), clock)
    events = [json.loads(line, parse_constant=pytest.fail) for line in stream.getvalue().splitlines()]
    assert [event["event"] for event in events] == [
        "run_started",
        "group_started",
        "first_update",
        *["advanced"] * 3,
        "scored",
        "measured",
        "group_finished",
        "group_started",
        "group_failed",
    ]
    assert events[1]["resumed_at"] == [1_000, 100]
    assert events[2]["seconds"] == pytest.approx(3.0 - 99 * 4 / 400)  # a chunk's later updates are not waited for
    assert events[7]["rows"][0]["q_replay_mean"] is None
    assert events[-1]["error"] == "ValueError: boom"


def test_quiet_progress():
    clock, stream = Clock(), io.StringIO()
    tell(QuietProgress(stream, clock=clock), clock)
    assert stream.getvalue() == f"failed: {GROUPS[1].name}: ValueError: boom\n"


def test_live_progress():
    from divbench.execute.live import LiveProgress

    clock, stream = Clock(), io.StringIO()
    progress = LiveProgress(stream, clock=clock)
    tell(progress, clock)
    progress.close()
    told = stream.getvalue()
    assert "finished" in told and "failed: ValueError: boom" in told and "waiting" not in told


def test_the_observer_that_a_specification_asks_for():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream, terminal = io.StringIO(), Terminal()
    assert isinstance(make_progress(RunSpec(suite="smoke", json=True), terminal), JsonProgress)
    assert isinstance(make_progress(RunSpec(suite="smoke", quiet=True), terminal), QuietProgress)
    assert isinstance(make_progress(RunSpec(suite="smoke"), stream), PlainProgress)
    assert type(make_progress(RunSpec(suite="smoke"), terminal)).__name__ == "LiveProgress"


def test_a_terminal_that_goes_away_does_not_end_a_run():
    from divbench.execute.live import LiveProgress

    class Gone(io.StringIO):
        def write(self, text):
            raise OSError(5, "Input/output error")

    clock = Clock()
    progress = LiveProgress(Gone(), clock=clock)
    tell(progress, clock)
    progress.close()


def test_a_watcher_that_goes_away_does_not_end_a_run():
    read, write = os.pipe()
    os.close(read)
    stream = os.fdopen(write, "w")
    clock = Clock()
    tell(PlainProgress(stream, clock=clock), clock)
    with pytest.raises(BrokenPipeError):
        stream.close()
