"""`kill -9` at any moment, and the continued run writes the very bytes of one that was never stopped."""

import json
import random
import signal
from pathlib import Path

import pytest

DRIVER = str(Path(__file__).with_name("driver.py"))
SEED = 20  # of the moments; any will do
TASKS = {"host": "hopper-stand", "mjx": "cheetah-run"}

# (name of the moment, from which env step on it comes; update while priming), in the order of a run
_draw = random.Random(SEED)
MOMENTS = (
    ("warm-up", _draw.randint(150, 550)),
    ("priming", _draw.randint(20, 240)),
    ("rows", _draw.randint(601, 750)),
    ("policy", _draw.randint(760, 1_100)),
    ("evaluation", _draw.randint(1_101, 1_200)),
    ("torn row", _draw.randint(1_201, 1_400)),
)
HALF_WRITTEN = ("checkpoint", _draw.randint(700, 1_000))


class Runs:
    """Processes of the driver below one folder, on one physics."""

    def __init__(self, faults, folder: Path, physics: str):
        self.faults, self.folder = faults, folder
        self.settings = {"task": TASKS[physics], "physics": physics}

    def start(self, name: str, **arguments):
        arguments = {"out": str(self.folder / name), **self.settings, **arguments}
        return self.faults.start(DRIVER, json.dumps(arguments))

    def kill(self, name: str, moment: str, at: int, cuts: int) -> None:
        """Start or continue a run that dies at its moment; check that it did."""
        process = self.start(
            name, cuts=cuts, chunks_per_checkpoint=1 + cuts % 3, kill={"moment": moment, "at": at}
        )
        self.faults.finish(process, -signal.SIGKILL)
        check_note(json.loads((self.folder / f"{name}.note.json").read_text()), moment, at)

    def finish(self, name: str, cuts: int, chunks_per_checkpoint: int | None = 4) -> dict[str, bytes]:
        """Start or continue a run to its end; its tables."""
        self.faults.finish(self.start(name, cuts=cuts, chunks_per_checkpoint=chunks_per_checkpoint))
        return self.faults.tables(self.folder / name)

    def kill_at(self, moments) -> dict[str, bytes]:
        """One run that dies at each of these moments in turn; its tables."""
        for cuts, (moment, at) in enumerate(moments, start=2):
            self.kill("killed", moment, at, cuts)
        return self.finish("killed", cuts=9)


def check_note(note: dict, moment: str, at: int) -> None:
    """What the process saw on disk when it died is what the moment's name says."""
    saved = note["checkpoint"]
    assert note["update" if moment == "priming" else "env_step"] >= at
    if moment == "warm-up":
        assert note["update"] == 0
    if moment in ("rows", "torn row"):
        assert saved and note["journal"] > saved["journal"]
    if moment == "checkpoint":
        assert saved and f"state-{saved['number'] + 1}" in note["states"]


def differing(found: dict[str, bytes], expected: dict[str, bytes]) -> list[str]:
    """Names of the tables whose bytes differ."""
    return [name for name in expected if found[name] != expected[name]]


def test_three_kills_of_one_run(faults, whole, tmp_path):
    """While priming, while acting and in the middle of a row: its tables are those of a run that was cut elsewhere and
    never stopped."""
    moments = [one for one in MOMENTS if one[0] in ("priming", "policy", "torn row")]
    found = Runs(faults, tmp_path, "host").kill_at(moments)
    assert differing(found, whole()) == []
    scores = [line.split(",") for line in found["scores.csv"].decode().splitlines()]
    places = [
        (row["variant"], int(row["env_step"]))
        for row in (dict(zip(scores[0], r, strict=True)) for r in scores[1:])
    ]
    assert places == [
        (variant, step)
        for variant in ("baseline", "reset-250-updates")
        for step in (0, 400, 600, 800, 1_200, 1_400)
    ]


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("physics", TASKS)
def test_six_kills_of_one_run(faults, physics, tmp_path):
    runs = Runs(faults, tmp_path, physics)
    assert differing(runs.kill_at(MOMENTS), runs.finish("whole", cuts=1, chunks_per_checkpoint=None)) == []


@pytest.fixture(scope="module")
def on_host(faults, tmp_path_factory):
    """Host physics, and the tables of an uninterrupted run."""
    runs = Runs(faults, tmp_path_factory.mktemp("kill"), "host")
    return runs, runs.finish("whole", cuts=1, chunks_per_checkpoint=None)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("moment", "at"), [*MOMENTS, HALF_WRITTEN], ids=lambda value: str(value).replace(" ", "-")
)
def test_one_kill(on_host, moment, at):
    """Each moment by itself."""
    runs, expected = on_host
    name = moment.replace(" ", "-")
    runs.kill(name, moment, at, cuts=at)
    assert differing(runs.finish(name, cuts=at + 1), expected) == []
