"""Watching a run: what the screen says, at which pace, and when it ends."""

import io
import json
import math

import pytest

from divbench.records.journal import Journal
from divbench.records.schema import TABLES
from divbench.records.tables import read_rows, write_tables
from divbench.report.evidence import gather
from divbench.report.watch import (
    GroupState,
    fingerprint,
    in_a_line,
    picture,
    read_groups,
    share_done,
    standings,
    watch,
)
from divbench.spec.errors import UsageError
from divbench.verdict import verdict_rows

SETTINGS = {"steps": 20_000, "prime_samples": 10_000, "prime_updates": 0}


class Growing:
    """A run folder that grows by hand."""

    def __init__(self, path, run):
        self.path, self.run = path, run
        self.group = path / "groups" / "plain"
        self.group.mkdir(parents=True)
        self.write_card(None)

    def write_card(self, finished) -> None:
        card = self.run.card() | {"finished": finished}
        card["settings"] |= SETTINGS
        (self.path / "card.json").write_text(json.dumps(card))

    def measure(self, seed: int, env_step: int, update: int, q: float, score: float | None = None) -> None:
        """Append one measurement, and an evaluation where there is a score."""
        for rows in self.run.rows.values():
            rows.clear()
        lane = ("cheetah-run", "baseline", "8", seed, env_step, update)
        self.run.add("values", *lane, q_replay_mean=q, q_policy_mean=q, q_bound=100.0, q_bound_low=-1.0)
        if score is not None:
            self.run.add("scores", *lane, return_mean=score)
        journal = Journal(self.group / "journal.jsonl")
        for table in ("values", "scores"):
            journal.append(table, self.run.rows[table])
        journal.close()

    def advance(self, env_step: int, update: int, rate: float = math.nan) -> None:
        row = {"suite": "s", "group": "plain", "task": "cheetah-run", "variants": "baseline", "utd": "8",
               "physics": "host", "action_repeat": 1, "network": "mlp 256x256", "precision": "highest", "lanes": 2,
               "env_step": env_step, "update": update, "phase": "policy", "event": "train", "seconds": 1.0,
               "updates_per_second": rate}
        assert row.keys() == {column.name for column in TABLES["timing"]}
        journal = Journal(self.group / "timing.jsonl")
        journal.append("timing", [row])
        journal.close()

    def finish(self) -> None:
        write_tables(self.path, verdict_rows(read_rows(self.path)["values"]))
        self.write_card("2025-01-31T12:00:00Z")


@pytest.fixture
def growing(tmp_path, fake_run):
    run = fake_run(suite="dmc15-500k", tasks=("cheetah-run",), variants=("baseline",), utd=("8",), finished=None)
    return Growing(tmp_path / "run", run)


def console(terminal: bool):
    from rich.console import Console

    return Console(file=io.StringIO(), width=160, height=40, force_terminal=terminal)


def shown(renderable) -> str:
    screen = console(False)
    screen.print(renderable)
    return screen.file.getvalue()


def test_the_screen_tells_progress_scores_q_and_verdicts(growing):
    growing.advance(10_000, 0)
    growing.advance(12_500, 20_000, 415.0)
    growing.measure(0, 12_500, 20_000, 5e6, score=321.0)
    growing.measure(1, 12_500, 20_000, 50.0)
    evidence = gather(growing.path)
    groups = read_groups(growing.path, evidence.tables.card)
    text = shown(picture(growing.path, evidence, groups, None, 40))
    assert "step 12500, update 20k, policy, 415 updates/s" in text and "not finished" in text
    assert f"{(12_500 + 20_000) / (20_000 + 80_000):.0%}" == "32%" and " 32%" in text
    diverged, stable = (line for line in text.splitlines() if line.startswith("cheetah-run"))
    assert " ".join(diverged.split()) == "cheetah-run baseline 8 0 12,500 20,000 321 5.00e6 100 diverged"
    assert stable.split()[-4:] == ["-", "50.0", "100", "stable"]
    assert in_a_line(evidence, groups) == "plain: step 12500, update 20k; 1 diverged, 1 stable; not finished"


def test_seeds_are_pooled_and_what_is_not_stable_comes_first(growing):
    for seed, q in enumerate((10.0, 20.0, 1e6)):
        growing.measure(seed, 1000, 10, q)
    (row,) = standings(gather(growing.path), pooled=True)
    assert (row.seeds, row.q, row.verdict) == ("3 seeds", 20.0, "2 stable, 1 diverged")
    single = standings(gather(growing.path), pooled=False)
    assert [row.q for row in single] == [10.0, 20.0, 1e6] and math.isnan(single[0].score)
    for seed in range(3, 20):
        growing.measure(seed, 1000, 10, 10.0)
    listed = [line for line in shown(picture(growing.path, gather(growing.path), [], None, 12)).splitlines()
              if line.startswith("cheetah")]
    assert len(listed) == 5 and listed[0].rstrip().endswith("diverged")


def test_cells_with_a_lane_that_is_not_stable_come_first():
    from divbench.report.watch import _calm

    verdicts = ["4 stable", "4 stable, 1 diverged", "stable", "", "diverged", "2 overestimating"]
    assert [_calm(verdict) for verdict in verdicts] == [True, False, True, True, False, False]


def test_it_ends_with_the_run_and_looks_again_only_at_what_is_new(growing, monkeypatch):
    from divbench.report import watch as module

    looks, naps = [], []
    monkeypatch.setattr(module, "gather", lambda path: looks.append(path) or gather(path))
    growing.measure(0, 1000, 0, 1.0)

    def sleep(seconds):
        naps.append(seconds)
        if len(naps) == 2:
            growing.measure(0, 2000, 0, 2.0)
        if len(naps) == 4:
            growing.finish()

    screen = console(False)
    assert watch(growing.path, console=screen, interval=2.0, sleep=sleep, clock=lambda: 0.0) is None
    assert naps == [2.0] * 4 and len(looks) == 3
    assert screen.file.getvalue().splitlines() == ["plain: begins; 1 stable; not finished",
                                                    "1 stable; finished 2025-01-31T12:00:00Z"]


def test_another_folder_is_read_again_when_it_grows_and_the_last_page_stays_as_it_is(growing, tmp_path, monkeypatch):
    import shutil

    from divbench.report import watch as module

    growing.measure(0, 1000, 10, 1.0)
    other = shutil.copytree(growing.path, tmp_path / "other")
    looks, pages, naps = [], [], []
    monkeypatch.setattr(module, "gather", lambda path: looks.append(path) or gather(path))
    monkeypatch.setattr(module, "page", lambda evidences, against, *, refresh: pages.append(refresh) or b"")

    def sleep(seconds):
        naps.append(seconds)
        if len(naps) == 1:
            (journal,) = other.glob("groups/*/journal.jsonl")
            journal.write_bytes(2 * journal.read_bytes())
        if len(naps) == 2:
            growing.finish()

    watch(growing.path, html=True, others=[other], console=console(False), interval=2.0, sleep=sleep, clock=lambda: 0.0)
    assert looks == [growing.path, other, other, growing.path] and pages == [2.0, 2.0, None]


def test_slow_looks_are_followed_by_longer_pauses(growing):
    naps, times = [], iter(range(0, 1000, 5))

    def sleep(seconds):
        naps.append(seconds)
        growing.finish()

    watch(growing.path, console=console(False), interval=1.0, sleep=sleep, clock=lambda: next(times))
    assert naps[0] >= 4 * 5


def interrupt(seconds):
    raise KeyboardInterrupt


@pytest.mark.parametrize("terminal", [True, False])
def test_ctrl_c_ends_it_and_the_page_stops_loading_itself(growing, terminal):
    growing.measure(0, 1000, 0, 1.0)
    pages = []

    def sleep(seconds):
        pages.append((growing.path / "report" / "report.html").read_text())
        raise KeyboardInterrupt

    file = watch(growing.path, html=True, console=console(terminal), sleep=sleep)
    assert file == growing.path / "report" / "report.html"
    assert '"refresh":null' not in pages[0] and '"growing":true' in pages[0]
    assert '"refresh":null' in file.read_text() and '"growing":true' in file.read_text()


def test_the_last_page_is_that_of_the_finished_run(growing):
    growing.measure(0, 1000, 0, 1.0)
    file = watch(growing.path, html=True, console=console(True), sleep=lambda seconds: growing.finish())
    assert '"growing":false' in file.read_text() and '"refresh":null' in file.read_text()


def test_a_torn_row_of_times_is_passed_over(growing):
    growing.advance(1000, 500)
    with open(growing.group / "timing.jsonl", "ab") as file:
        file.write(b'{"table": "timing", "row": {"env')
    (group,) = read_groups(growing.path, {"finished": None})
    assert (group.env_step, group.update, group.lanes, group.done) == (1000, 500, 2, False)
    (growing.group / "done").touch()
    assert read_groups(growing.path, {"finished": None})[0].done


def test_shares_and_fingerprints(growing):
    group = GroupState("g", utd="8", env_step=20_000, update=80_000)
    assert share_done(group, SETTINGS) == 1.0
    assert share_done(group, {}) is None and share_done(GroupState("new"), SETTINGS) is None
    before = fingerprint(growing.path)
    assert before == fingerprint(growing.path)
    growing.measure(0, 1000, 0, 1.0)
    assert fingerprint(growing.path) != before


@pytest.mark.parametrize("interval", [0.0, -1.0, math.nan, math.inf])
def test_a_senseless_interval_is_refused(growing, interval):
    with pytest.raises(UsageError, match="expected at least 0.1 seconds"):
        watch(growing.path, interval=interval, sleep=interrupt)


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no such folder"):
        watch(tmp_path / "nowhere", sleep=interrupt)


def test_a_folder_named_twice_is_refused(growing):
    with pytest.raises(UsageError, match="found this one twice"):
        watch(growing.path, html=True, others=[growing.path], sleep=interrupt)
