"""`divbench dataset`: what goes through comes back the same; what is wrong is one line, exit code 2, and nothing."""

import contextlib
import io
import json
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import h5py
import minari
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from divbench import cli
from divbench.records.datasets import columns, hdf5
from divbench.records.datasets.card import MEASURED
from divbench.report import datasets
from tests.records.made_datasets import make_rows, write
from tests.records.test_datasets_d4rl import Trap, as_d4rl, make_file, nan_at
from tests.records.test_datasets_minari import make_minari

NEW = "new/deep/set"  # no folder of it is there
ROWS = as_d4rl(make_rows())
pytestmark = pytest.mark.filterwarnings("ignore:.*is set to None:UserWarning", "ignore:env_spec is None:UserWarning")


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """An own current directory, in which Minari keeps its datasets too; and no lines of progress on a slow machine."""
    monkeypatch.setattr(datasets, "INTERVAL", float("inf"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "minari"))
    return tmp_path


def tree(folder) -> dict:
    """Everything below a folder: the bytes of files, None for folders."""
    return {str(path): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def done(capsys, *words) -> str:
    """What a command says that succeeds, without a complaint."""
    assert cli.main(["dataset", *map(str, words)]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    return told.out


def refused(capsys, *words) -> str:
    """The line of a command that is refused; it has changed nothing in the current directory."""
    before = tree(Path())
    assert cli.main(["dataset", *map(str, words)]) == 2
    told = capsys.readouterr()
    assert ("error" in json.loads(told.out) if "--json" in words else told.out == "")
    assert told.err.startswith("divbench: ") and told.err.endswith("\n") and told.err.count("\n") == 1
    assert tree(Path()) == before
    return told.err


def card(capsys, folder) -> dict:
    return json.loads(done(capsys, "info", folder, "--json"))["card"]


WRONG = [
    ([], "dataset: expected a command: make, info, subset, import, export; 'divbench dataset --help' says more"),
    (["exprot"], "dataset: unknown command 'exprot'; did you mean 'export'"),
    (["--json"], "dataset: unknown command '--json'"),
    (["make"], "dataset make: expected --tasks, names separated by commas"),
    (["make", "--tasks", "hoper"], "unknown task 'hoper'; did you mean 'hopper'"),
    (["make", "--tasks", "hopper", "--level", "medium"], "unknown flag '--level'; did you mean '--levels'"),
    (["make", "--tasks", "constant-reward", "--out", "file"], "--out: expected a folder.*file' is a file"),
    (["make", "--tasks", "humanoid", "--transitions", "10M", "--out", NEW],
     "--transitions: new/deep/set/humanoid-random: 10,000,000 transitions are .* GiB; a dataset holds at most 4.0 GiB"),
    (["info"], "the following arguments are required: DIR; 'divbench dataset info --help' says more"),
    (["info", ""], "expected a dataset's folder, found nothing"),
    (["info", "nix"], "nix: expected a dataset's folder, found none"),
    (["info", "x" * 300], "expected a dataset's folder, found none .File name too long"),
    (["info", "file"], "file: expected a dataset's folder, found a file"),
    (["info", "."], r"not a dataset \(it has no card.json\)"),
    (["info", "set", "--jsno"], "unknown flag '--jsno'; did you mean '--json'"),
    (["subset", "set"], "dataset subset: expected --fraction, such as 10%"),
    (["subset", "nix", "--fraction", "10%"], "nix: expected a dataset's folder, found none"),
    (["subset", "set", "--fraction", "110%"], "--fraction: expected a share above 0 and at most 1"),
    (["subset", "set", "--fraction", "10%", "--seed", "-1"], "--seed: expected at least 0, found '-1'"),
    (["subset", "set", "--fraction", "10%", "--unit", "episode"], "unit of a subset 'episode'.*mean 'episodes'"),
    (["subset", "set", "--fraction", "1/2", "--out", "set"], "--out: 'set' is there already and is not overwritten"),
    (["subset", "set", "--fraction", "1/2", "--out", "file"], "--out: expected a folder.*file' is a file"),
    (["subset", "/", "--fraction", "1/2"], "--out: expected the folder to be made"),
    (["import", "--out", NEW], "the following arguments are required: FILE"),
    (["import", "whole.hdf5", "--task", "hopper"], "--out: expected the file or folder to be made"),
    (["import", "nix.hdf5", "--out", NEW], "nix.hdf5: cannot be read .No such file"),
    (["import", "x" * 300, "--out", NEW], "cannot be read .File name too long"),
    (["import", "file", "--out", NEW], "file: not an HDF5 file"),
    (["import", "set", "--out", NEW], "set: not a Minari dataset"),
    (["import", "whole.hdf5", "--out", NEW], "--task: whole.hdf5 does not say which task it is"),
    (["import", "whole.hdf5", "--out", "set", "--task", "hopper"], "--out: 'set' is there already"),
    (["import", "whole.hdf5", "--out", NEW, "--layout", "d4lr"], "unknown layout 'd4lr'.*did you mean 'd4rl'"),
    (["import", "whole.hdf5", "--out", NEW, "--layout", "minari"], "whole.hdf5: not a Minari dataset"),
    (["import", "minari:ab/c-v0", "--out", NEW, "--layout", "d4rl"], "--layout: 'minari:' goes with minari alone"),
    (["import", "minari:../a-v0", "--out", NEW], r"dataset import: expected a name such as .*found '\.\./a-v0'"),
    (["import", "minari:ab/c-v0", "--out", NEW], "not in .*minari; minari download ab/c-v0 would bring it;"),
    (["export", "set", "--out", NEW], "dataset export: expected --to, one of d4rl, minari"),
    (["export", "set", "--to", "d4rl"], "--out: expected the file or folder to be made"),
    (["export", "set", "--to", "minary", "--out", NEW], "layout to export to 'minary'.*did you mean 'minari'"),
    (["export", "set", "--to", "d4rl", "--out", "file"], "--out: 'file' is there already and is not overwritten"),
    (["export", "set", "--to", "d4rl", "--out", "file/x"], "--out: expected a folder.*file' is a file"),
    (["export", "set", "--to", "d4rl", "--out", NEW, "--name", "a-v0"], "--name: goes with --to minari alone"),
    (["export", "set", "--to", "minari", "--out", "set"], "--out: 'set' is there already"),
    (["export", "set", "--to", "minari", "--out", NEW, "--name", "a"], "--name: expected a name such as"),
    (["export", "nix", "--to", "d4rl", "--out", NEW], "nix: expected a dataset's folder, found none"),
]


@pytest.mark.parametrize(("words", "message"), WRONG, ids=[" ".join(words)[:60] for words, _ in WRONG])
def test_wrong_words_are_one_line_and_change_nothing(words, message, capsys):
    write("set")
    make_file(Path("whole.hdf5"))
    Path("file").write_text("x")
    assert re.search(message, refused(capsys, *words))


def test_help_is_there_for_the_command_and_each_of_its_own(capsys):
    told = done(capsys, "--help")
    assert told.startswith("usage: divbench dataset COMMAND ...\n")
    for command, flags in {"make": "--tasks --levels --transitions --steps --eval-every --prime-samples --physics "
                                   "--seed --sac --out", "info": "--json", "subset": "--fraction --seed --unit --out",
                           "import": "--layout --task --level --out", "export": "--to --out --name"}.items():
        assert f"\n  {command} " in told
        helped = done(capsys, command, "--help")
        assert helped.startswith(f"usage: divbench dataset {command} ") and all(f in helped for f in flags.split())


@pytest.mark.parametrize(("words", "code"), [
    ([], 2), (["--help"], 0), (["import", "--help"], 0), (["exprot"], 2), (["subset", "nix", "--fraction", "2"], 2),
    (["info", "nix"], 2), (["make", "--tasks", "nix"], 2), (["import", "nix", "--out", "new"], 2),
])
def test_quick_answers_load_nothing_heavy(words, code):
    heavy = ("jax", "numpy", "h5py", "minari", "gymnasium", "pyarrow", "matplotlib", "rich", "mujoco")
    code_text = (f"import sys; from divbench.cli import main; code = main({['dataset', *words]!r}); "
                 f"print(code, *sorted(set({heavy!r}) & set(sys.modules)))")
    ran = subprocess.run([sys.executable, "-c", code_text], capture_output=True, text=True, timeout=60)
    assert ran.stdout.splitlines()[-1].split() == [str(code)], ran.stderr


def test_d4rl_there_and_back(capsys):
    """What came in and goes out again is the same file to the last number, and the same dataset when read again."""
    make_file(Path("whole.hdf5"))
    told = done(capsys, "import", "whole.hdf5", "--task", "hopper", "--level", "medium", "--out", NEW)
    for line in (f"dataset      {NEW}", "task         hopper", "level        medium",
                 "transitions  12, of them 1 terminal and 1 truncated", "imported     layout: d4rl"):
        assert line in told.splitlines()
    assert done(capsys, "info", NEW) == told
    assert done(capsys, "export", NEW, "--to", "d4rl", "--out", "out/again.hdf5") == "exported  out/again.hdf5\n"
    with h5py.File("out/again.hdf5") as file:
        for name, values in ROWS.items():
            np.testing.assert_array_equal(file[name], values)
    done(capsys, "import", "out/again.hdf5", "--out", "again")
    one, other = card(capsys, NEW), card(capsys, "again")
    assert all(one[key] == other[key] for key in ("checksum", "task", "level", *MEASURED))


def test_minari_there_and_back(capsys):
    """A dataset that Minari made comes in by its name; what goes out is read by Minari, equal in every number."""
    make_minari("mine/x-v0")
    told = done(capsys, "import", "minari:mine/x-v0", "--task", "hopper", "--out", "set")
    assert "             id: mine/x-v0" in told.splitlines()
    done(capsys, "import", "minari/mine/x-v0", "--task", "hopper", "--out", "by_folder")
    assert (told_out := done(capsys, "export", "set", "--to", "minari", "--out", "other", "--name", "out/y-v3")) == (
        'exported  other/out/y-v3\nread by   MINARI_DATASETS_PATH=other, minari.load_dataset("out/y-v3")\n'), told_out
    before = list(minari.load_dataset("mine/x-v0").iterate_episodes())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINARI_DATASETS_PATH", "other")
        after = list(minari.load_dataset("out/y-v3").iterate_episodes())
        done(capsys, "import", "minari:out/y-v3", "--out", "again")
        assert "did you mean 'out/y-v3'" in refused(capsys, "import", "minari:out/y-v2", "--out", NEW)
    assert len(before) == len(after) > 1
    for one, other in zip(before, after, strict=True):
        for name in ("observations", "actions", "rewards", "terminations", "truncations"):
            np.testing.assert_array_equal(np.asarray(getattr(one, name), np.float32), getattr(other, name))
    cards = [card(capsys, folder) for folder in ("set", "by_folder", "again")]
    assert len({made["checksum"] for made in cards}) == 1
    assert {made["task"] for made in cards} == {"hopper"}


def test_the_same_seed_gives_the_same_checksum(capsys):
    write("set", make_rows([10] * 10, ["truncated"] * 10))
    for out, seed in (("one", 3), ("two", 3), ("other", 4)):
        done(capsys, "subset", "set", "--fraction", "10%", "--seed", seed, "--out", out)
    done(capsys, "subset", "set", "--fraction", "0.1", "--unit", "episodes")
    one, two, other, episodes = (card(capsys, name) for name in ("one", "two", "other", "set-10pct-episodes-seed0"))
    assert one["checksum"] == two["checksum"] != other["checksum"]
    assert all(file.read_bytes() == (Path("two") / file.name).read_bytes() for file in Path("one").iterdir())
    assert (one["counts"]["transitions"], episodes["counts"]["episodes"]) == (10, 1)
    assert one["parent"]["checksum"] == card(capsys, "set")["checksum"]


def test_a_subset_of_here_lies_beside_it(capsys, monkeypatch):
    write("set")
    monkeypatch.chdir("set")
    done(capsys, "subset", ".", "--fraction", "50%")
    assert card(capsys, "../set-50pct-seed0")["counts"]["transitions"] == 6


def test_json_is_the_card_and_the_size(capsys):
    dataset = write("set")
    said = json.loads(done(capsys, "info", "set", "--json"))
    assert said == {"folder": "set", "card": dataset.card, "exit_code": 0,
                    "bytes": sum(file.stat().st_size for file in dataset.path.iterdir())}


def test_damage_is_found_by_every_command(capsys):
    write("set")
    file = Path("set/reward.npy")
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    for words in (["info", "set"], ["info", "set", "--json"], ["subset", "set", "--fraction", "50%"],
                  ["export", "set", "--to", "d4rl", "--out", NEW], ["export", "set", "--to", "minari", "--out", NEW]):
        assert "set/reward.npy: damaged (SHA-256 differs)" in refused(capsys, *words)


BOMB = pickle.dumps(Trap())  # unpickled, it makes a folder


@pytest.mark.parametrize(("changes", "message"), [
    ({"rewards": None}, "no 'rewards'; there is actions, next_observations"),
    ({"observations": None, "observation": ROWS["observations"]}, "no 'observations'.*did you mean 'observation'"),
    ({"timeouts": None, "next_observations": None}, "expected 'timeouts' or 'next_observations'"),
    ({"actions": np.zeros((11, 2))}, r"'actions' has shape \[11, 2\], expected \[12, 2\]"),
    ({"observations": np.zeros(12)}, "'observations' has 1 axes, expected 2"),
    ({"next_observations": np.zeros((12, 1))}, r"'next_observations' has shape \[12, 1\], expected \[12, 3\]"),
    ({"rewards": nan_at(ROWS["rewards"], 11)}, "'rewards' is not finite in transition 11"),
    ({"observations": nan_at(ROWS["observations"], 7)}, "'observations' is not finite in transition 7"),
    ({"actions": np.full((12, 2), np.inf)}, "'actions' is not finite in transition 0"),
    ({"rewards": np.array([np.void(BOMB)] * 12)}, "'rewards' holds opaque bytes or records, expected numbers"),
    ({"rewards": ["1.0"] * 12}, "'rewards' holds objects or text of any length, expected numbers"),
    ({"rewards": h5py.ExternalLink("whole.hdf5", "/rewards")}, "'rewards' is a link to elsewhere"),
])
def test_a_wrong_d4rl_file_is_one_line_and_nothing_is_made(changes, message, capsys, monkeypatch):
    monkeypatch.setattr(columns, "BLOCK_SIZE", 100)  # a row or two: by the seventh some have been written
    make_file(Path("whole.hdf5"))
    make_file(Path("x.hdf5"), **changes)
    said = refused(capsys, "import", "x.hdf5", "--task", "hopper", "--out", NEW)
    assert said.startswith("divbench: x.hdf5: ") and re.search(message, said)


def test_pickles_are_not_unpickled(capsys):
    Path("x.hdf5").write_bytes(BOMB)
    np.save("objects.npy", np.array([Trap()], object), allow_pickle=True)
    for file in ("x.hdf5", "objects.npy"):
        assert f"{file}: not an HDF5 file" in refused(capsys, "import", file, "--task", "hopper", "--out", NEW)
    write("set")
    Path("set/reward.npy").write_bytes(Path("objects.npy").read_bytes())
    assert "set/reward.npy: damaged" in refused(capsys, "info", "set")
    assert not Path("sprung").exists()
    pickle.loads(BOMB)  # the trap does work
    assert Path("sprung").exists()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_file_cut_short_anywhere_is_one_line(share, place):
    whole = make_file(place / "whole.hdf5").read_bytes()
    Path("short.hdf5").write_bytes(whole[:int(share * len(whole))])
    before = tree(place)
    with contextlib.redirect_stderr(io.StringIO()) as said:
        assert cli.main(["dataset", "import", "short.hdf5", "--task", "hopper", "--out", NEW]) == 2
    assert re.fullmatch(r"divbench: short\.hdf5: (not an HDF5 file|HDF5 cannot be read .*)\n", said.getvalue())
    assert tree(place) == before


@pytest.mark.parametrize(("name", "value", "message"), [
    ("rewards", None, "no 'episode_1/rewards'"),
    ("actions", np.zeros((2, 5)), r"'episode_1/actions' has shape \[2, 5\], expected \[2, 2\]"),
    ("rewards", np.array([1.0, np.nan]), "is not finite in transition 5"),
    ("rewards", np.array([np.void(BOMB)] * 2), "'episode_1/rewards' holds opaque bytes or records"),
])
def test_a_wrong_minari_dataset_is_one_line_and_nothing_is_made(name, value, message, capsys):
    make_minari("mine/x-v0")
    with h5py.File("minari/mine/x-v0/data/main_data.hdf5", "a") as file:
        del file["episode_1"][name]
        if value is not None:
            file["episode_1"][name] = value
    assert re.search(message, refused(capsys, "import", "minari:mine/x-v0", "--task", "hopper", "--out", NEW))


def test_a_minari_dataset_cut_short_is_one_line(capsys):
    make_minari("mine/x-v0")
    storage = Path("minari/mine/x-v0/data/main_data.hdf5")
    storage.write_bytes(storage.read_bytes()[:-100])
    said = refused(capsys, "import", "minari:mine/x-v0", "--task", "hopper", "--out", NEW)
    assert re.search("main_data.hdf5: HDF5 cannot be read", said)


def test_what_minari_cannot_hold_is_one_line(capsys):
    write("set")
    done(capsys, "subset", "set", "--fraction", "50%", "--out", "part")
    assert "Minari holds episodes" in refused(capsys, "export", "part", "--to", "minari", "--out", NEW)
    rows = make_rows()
    rows["next_obs"][5] += 1.0
    write("gaps", rows)
    assert "episode 1 has gaps" in refused(capsys, "export", "gaps", "--to", "minari", "--out", NEW)


@pytest.mark.parametrize("words", [["import", "whole.hdf5", "--task", "hopper"], ["subset", "set", "--fraction", "50%"],
                                   ["export", "set", "--to", "d4rl"], ["export", "set", "--to", "minari"]])
def test_interrupted_half_way_nothing_is_left(words, capsys, monkeypatch):
    def interrupt(self, doing, *_):
        if doing in ("reading", "writing"):
            raise KeyboardInterrupt

    write("set")
    make_file(Path("whole.hdf5"))
    monkeypatch.setattr(datasets.Lines, "__call__", interrupt)
    monkeypatch.setattr("divbench.records.datasets.minari_layout.BLOCK_SIZE", 0)  # one episode at a time
    before = tree(Path())
    assert cli.main(["dataset", *words, "--out", NEW]) == 130
    assert capsys.readouterr().err == "divbench: interrupted\n" and tree(Path()) == before


def test_without_the_extra_it_is_named(capsys, monkeypatch):
    make_file(Path("whole.hdf5"))
    monkeypatch.setattr(hdf5.importlib.util, "find_spec", lambda name: None)
    said = refused(capsys, "import", "whole.hdf5", "--task", "hopper", "--out", NEW)
    assert "layout 'd4rl' needs the extra 'datasets': pip install 'divbench[datasets]'" in said


def test_nothing_else_reaches_the_terminal():
    """As a program, with the warnings that packages like to print: results on one stream, one line on the other."""
    make_minari("mine/x-v0")
    for words, code, lines in ((["import", "minari:mine/x-v0", "--task", "hopper", "--out", "set"], 0, 0),
                               (["export", "set", "--to", "minari", "--out", "other"], 0, 0),
                               (["import", "other", "--out", NEW], 2, 1)):
        ran = subprocess.run([sys.executable, "-m", "divbench", "dataset", *words], capture_output=True, text=True,
                             timeout=120, env=os.environ)
        said = re.sub(r"^\w+ing +\d+%\n", "", ran.stderr, flags=re.MULTILINE)  # progress, on a slow machine
        assert (ran.returncode, said.count("\n")) == (code, lines), ran.stderr
        assert bool(ran.stdout) == (code == 0)
