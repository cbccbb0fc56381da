"""What `divbench render` was asked for: what is refused, which lane is meant, how the file is called."""

import functools
import importlib.util
from fractions import Fraction
from pathlib import Path

import pytest

from divbench.cli.argument import read_request as read
from divbench.cli.table import EVERY
from divbench.execute.rendering.request import RenderRequest, choose_lane, output_file
from divbench.spec.errors import UsageError
from divbench.spec.run_spec import RunSpec

read_request = functools.partial(read, EVERY["render"])

SPEC = RunSpec(suite="smoke", tasks="cheetah-run,dog-run", variants="baseline,ofn", utd="1,1/2", seeds=2, seed_start=3)


def test_what_was_typed_is_read():
    given = {"run": "here", "task": "dog-run", "utd": "1/2", "seed": "4", "steps": "1k", "episode": "2",
             "size": "640x480", "out": "x.PNG"}
    assert read_request(given) == RenderRequest(
        run="here", task="dog-run", utd=Fraction(1, 2), seed=4, steps=1000, episode=2, size=(640, 480), out="x.PNG")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "expected a run folder, or --task for random actions"),
        ({"task": "dog-rnu"}, "unknown task 'dog-rnu'.*'dog-run'"),
        ({"run": "here", "task": "dog-rnu"}, "unknown task 'dog-rnu'.*'dog-run'"),
        ({"task": "dog-run", "physics": "mjx"}, "--physics: task 'dog-run' has no physics 'mjx'"),
        ({"task": "dog-run", "physics": "wrap"}, "unknown physics 'wrap'"),
        ({"task": "dog-run", "variant": "ofn"}, "--variant: names a lane of a run"),
        ({"task": "dog-run", "utd": "2"}, "--utd: names a lane of a run"),
        ({"task": "dog-run", "steps": "0"}, "--steps: expected at least 1, found '0'"),
        ({"task": "dog-run", "seed": "-1"}, "--seed: expected at least 0, found '-1'"),
        ({"task": "dog-run", "size": "320"}, "--size: expected WIDTHxHEIGHT.*found '320'"),
        ({"task": "dog-run", "size": "8x240"}, "--size: expected.*16 to 4096.*found '8x240'"),
        ({"task": "dog-run", "size": "321x240", "out": "x.mp4"}, "--size: MP4 takes even sides only, found '321x240'"),
        ({"task": "dog-run", "out": "x.avi"}, r"--out: expected a file that ends in \.gif, \.mp4, \.png"),
        ({"task": "dog-run", "out": "folder.gif"}, "--out: expected a file, found that 'folder.gif' is a folder"),
        ({"task": "dog-run", "out": "there.gif"}, "--out: 'there.gif' is there already;.*--force"),
    ],
)
def test_what_is_refused(given, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("folder.gif").mkdir()
    Path("there.gif").touch()
    with pytest.raises(UsageError, match=message) as caught:
        read_request(given)
    assert "\n" not in str(caught.value)


def test_mp4_needs_an_extra(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"--out: MP4 needs the extra 'video': pip install 'divbench\[video\]'"):
        read_request({"task": "dog-run", "out": "x.mp4"})


def lane_of(**fields):
    return choose_lane(SPEC, RenderRequest(run="here", **fields))


def test_a_lane_is_chosen_by_what_is_said():
    lane = lane_of(task="dog-run", variant="ofn", utd=Fraction(1, 2), seed=4)
    assert lane.name == "dog-run/ofn/utd1/2/seed4"
    alone = RunSpec(suite="smoke", tasks="dog-run", variants="ofn", seeds=1)
    assert choose_lane(alone, RenderRequest(run="here")).name == "dog-run/ofn/utd1/seed0"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, r"16 lanes fit; choose one by --task cheetah-run\|dog-run and --variant baseline\|ofn and --utd 1\|1/2 "
             r"and --seed 3\|4$"),
        ({"task": "dog-run", "utd": Fraction(1), "seed": 3}, r"2 lanes fit; choose one by --variant baseline\|ofn$"),
        ({"task": "walker-run"}, "unknown task of this run 'walker-run'; known: cheetah-run, dog-run"),
        ({"variant": "ofm"}, "unknown variant of this run 'ofm'; did you mean 'ofn'\\? known: baseline, ofn"),
        ({"utd": Fraction(4)}, "unknown utd of this run '4'; known: 1, 1/2"),
        ({"seed": 0}, "unknown seed of this run '0'; known: 3, 4"),
    ],
)
def test_no_lane_or_several(fields, message):
    with pytest.raises(UsageError, match=message):
        lane_of(**fields)


def test_the_file_s_name(tmp_path):
    lane = lane_of(task="dog-run", variant="ofn", utd=Fraction(1, 2), seed=4)
    run = RenderRequest(run=str(tmp_path), episode=1)
    path = tmp_path / "videos" / "dog-run_ofn_utd1-2_seed4_episode1.gif"
    assert output_file(run, lane) == path and run.folder == str(path.parent)
    path.parent.mkdir()
    path.touch()
    with pytest.raises(UsageError, match="is there already"):
        output_file(run, lane)
    assert output_file(RenderRequest(run=str(tmp_path), episode=1, force=True), lane) == path
    assert output_file(RenderRequest(task="dog-run", seed=2), None) == Path(
        "results/runs/videos/dog-run_random_seed2.gif")
    assert output_file(RenderRequest(run=str(tmp_path), out="x.png"), lane) == Path("x.png")
