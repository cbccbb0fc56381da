"""Wrong input on the command line: one line that names it, exit code 2, and nothing changed."""

import re
from pathlib import Path

import pytest

from divbench import cli


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """An own current directory with some files that wrong inputs refer to."""
    monkeypatch.chdir(tmp_path)
    Path("a-file").write_text("x")
    Path("empty").mkdir()
    files = {
        "unknown-key.toml": "suite = 'smoke'\nstesp = 5\n",
        "wrong-type.toml": "suite = 'smoke'\nsteps = true\n",
        "wrong-table.toml": "suite = 'smoke'\n[sac]\ngamma = 'much'\n",
        "broken.toml": "suite = 'smoke'\nsteps = \n",
        "below.toml": "suite = 'smoke'\nsteps = 10\n",
        "unwritable.toml": 'suite = "smoke"\nout = "a\\u0000b"\n',
    }
    for name, text in files.items():
        Path(name).write_text(text)
    return tmp_path


def tree(folder):
    """Everything below a folder: names, kinds, bytes and times."""
    return sorted(
        (str(path), path.is_dir(), path.read_bytes() if path.is_file() else b"", path.stat().st_mtime_ns)
        for path in [folder, *folder.rglob("*")]
    )


WRONG = [
    ([], "expected a command: run, list, plan, compile, report, watch, compare, import, export, dataset, render"),
    (["render"], "render: expected a run folder, or --task for random actions, found neither"),
    (["render", "dog-run"], "render: expected a run folder, found a task; --task dog-run shows it without a run"),
    (["render", "nix"], "nix: no such folder"),
    (["render", "empty"], "empty: not a divbench run folder"),
    (["render", "--task", "dog-rnu"], "unknown task 'dog-rnu'.*did you mean 'dog-run'"),
    (["render", "--task", "dog-run", "--out", "a-file/x.gif"], "--out: expected a folder.*a-file' is a file"),
    (["ntk"], "ntk: expected --task NAME, such as ant"),
    (["ntk", "--task", "atn"], "unknown task 'atn'; did you mean 'ant'"),
    (["ntk", "--task", "ant", "--out", "a-file"], "--out: expected a folder.*a-file' is a file"),
    (["ntk", "--task", "ant", "--width", "8"], "unknown flag '--width'; did you mean '--widths'"),
    (["parity", "--tasks", "dog-rnu"], "unknown task 'dog-rnu'.*did you mean 'dog-run'"),
    (["parity", "--tasks", "hoper"], "unknown task 'hoper'.*did you mean 'hopper'"),
    (["run", "--suite", "smoke", "--tasks", "hoper"], "unknown task 'hoper'.*did you mean 'hopper'"),
    (["run", "--dataset", "nix", "--tasks", "walker2d"], "nix: "),
    (["render", "--task", "constant-reward"], "render: task 'constant-reward' has no model to draw"),
    (["render", "--task", "hopper", "--camera", "trakc"], "unknown camera of hopper 'trakc'; did you mean 'track'"),
    (["render", "--task", "hopper", "--physics", "warp"], "--physics: task 'hopper' has no physics 'warp'"),
    (["parity", "--physics", "wrap"], "unknown physics 'wrap'; did you mean 'warp'"),
    (["parity", "--starts", "1"], "--starts: expected at least 2, found '1'"),
    (["parity", "--out", "a-file"], "--out: expected a folder.*'.*a-file' is a file"),
    (["run", "--suite", "dog", "--physics", "mjx"], "--physics: task 'dog-run' has no physics 'mjx'; choose from"),
    (["rnu"], "unknown command 'rnu'; did you mean 'run'"),
    (["--hlep"], "unknown flag '--hlep'.*did you mean '--help'"),
    (["run", "--suite", "smok"], "unknown suite 'smok'; did you mean 'smoke'"),
    (
        ["run", "--suite", "smoke", "--tasks", "cheeta-run"],
        "unknown task 'cheeta-run'.*did you mean 'cheetah-run'",
    ),
    (["run", "--suite", "smoke", "--variants", "ofm"], "unknown variant 'ofm'.*did you mean 'ofn'"),
    (["run", "--suite", "smoke", "--variants", "ofn,ofn"], "--variants: 'ofn' is named twice"),
    (
        ["run", "--suite", "smoke", "--variants", "reset-2560k-updates,reset-2.56M-updates"],
        "--variants: 'reset' is named twice",
    ),
    (["run", "--suite", "smoke", "--tasks", "hopper-hop,,"], "--tasks: expected names"),
    *(
        (["run", "--suite", "smoke", "--utd", utd], f"--utd: expected a positive whole number.*found '{utd}'")
        for utd in ("0", "-1", "x", "2/3", "nan")
    ),
    (["run", "--suite", "smoke", "--utd", "1", "--utd", "2"], "--utd: given twice"),
    (["run", "--suite", "smoke", "--seeds", "0"], "--seeds: expected at least 1, found '0'"),
    (["run", "--suite", "smoke", "--seeds", "-5k"], "--seeds: expected at least 1, found '-5k'"),
    (["run", "--suite", "smoke", "--seeds", "1.5"], "--seeds: expected a whole number"),
    (["run", "--suite", "smoke", "--steps", "999"], "--steps: expected at least the 1000 random steps"),
    (["run", "--suite", "smoke", "--steps", "--seeds", "2"], "--steps: expected one argument"),
    (["run", "--suite", "smoke", "--physics", "mjxx"], "unknown physics 'mjxx'.*did you mean 'mjx'"),
    (["run", "--suite", "smoke", "--precision", "x"], "unknown precision 'x'; known: highest"),
    (["run", "--suite", "smoke", "--hidden", "256,x"], "--hidden: expected a whole number"),
    (["run", "--suite", "smoke", "--sac", "gama=0.9"], "unknown SAC setting 'gama'.*did you mean 'gamma'"),
    (["run", "--suite", "smoke", "--sac", "gamma=x"], "--sac: gamma: expected a finite number, found 'x'"),
    (["run", "--suite", "smoke", "--sac", "gamma=1"], "gamma: expected a number from 0 to below 1"),
    (["run", "--suite", "smoke", "--out", "a-file/run"], "--out: expected a folder.*a-file' is a file"),
    (["run", "--suite", "smoke", "--out", "a-file"], "--out: expected a folder.*a-file' is a file"),
    (["run", "--suite", "smoke", "--out", "x" * 300], "--out: cannot write to .*name too long"),
    (["run", "--config", "unwritable.toml"], "unwritable.toml: out: expected text"),
    (["run", "--config", "nix.toml"], "nix.toml: no such file"),
    (["run", "--config", "empty"], "empty: cannot be read"),
    (["run", "--config", "unknown-key.toml"], "unknown-key.toml: unknown key 'stesp'.*did you mean 'steps'"),
    (["run", "--config", "wrong-type.toml"], "wrong-type.toml: steps: expected a whole number.*found 'True'"),
    (["run", "--config", "wrong-table.toml"], "wrong-table.toml: sac: gamma: expected a finite number"),
    (["run", "--config", "broken.toml"], "broken.toml: line 2: broken TOML"),
    (["run", "--config", "below.toml"], "--steps: expected at least .*below.toml"),
    (["run", "--sede", "3"], "unknown flag '--sede'; did you mean '--seeds'"),
    (["run", "--step=3"], "unknown flag '--step'; did you mean '--steps'"),
    (["run", "--suite", "smoke", "more"], "one word too many, 'more': expected flags alone"),
    (["plan", "--suite", "smoke", "--rate", "9" * 400], "--rate: expected a positive number"),
    (["run", "--seeds", "9" * 5_000], "--seeds: expected a whole number"),
    (["run", "--variants", f"reset-{'9' * 5_000}-updates"], "expected a whole number"),
    (["report", "x" * 300], "x': the name is too long"),
    (["compare", "empty", "empty", "--markdown", "x" * 300], "x': the name is too long"),
    (["run", "--force=yes"], "--force: ignored explicit argument 'yes'"),
    (["plan", "--suite", "smoke", "--rate", "0"], "--rate: expected a positive number"),
    (["plan", "--suite", "smok", "--rate", "400"], "unknown suite"),
    (["run", "--rate", "400"], "unknown flag '--rate'"),
    (["list", "task"], "unknown list 'task'; did you mean 'tasks'"),
    (["report"], "the following arguments are required: DIR"),
    (["report", "nix"], "report: expected a run folder, found nothing at 'nix'"),
    (["report", "a-file"], "report: expected a run folder, found a file at 'a-file'"),
    (["report", "empty", "--against", "published"], "report: --against is shown in the page; add --html"),
    (["report", "empty", "a-file"], "report: a second folder is shown in the page; add --html"),
    (["report", "empty", "--html", "--against", "publishd"], "unknown results to stand against 'publishd'"),
    (["watch", "nix"], "watch: expected a run folder, found nothing at 'nix'"),
    (["watch", "empty", "--every", "2"], "watch: expected a run folder, found no card.json"),
    (["watch", "empty", "--every", "0"], "--every: expected a positive number such as 450, found '0'"),
    (["report", "empty"], "report: expected a run folder, found no card.json in 'empty'"),
    (["compare", "empty"], "the following arguments are required: NEW"),
    (["compare", "nix", "empty"], "BASELINE: expected a run folder or a folder of run folders, found nothing at 'nix'"),
    (["compare", "empty", "a-file"], "BASELINE: .*found no card.json in 'empty'"),
    (["compare", "empty", "empty", "--metric", "reutrn"], "unknown metric 'reutrn'.*did you mean 'return'"),
    (["import", "--out", "new"], "the following arguments are required: FILE"),
    (["import", "nix.csv", "--out", "new"], "nix.csv"),
    (["import", "a-file"], "--out: expected the folder to be made"),
    (["import", "a-file", "--out", "new", "--dialect", "simbaa"], "unknown dialect 'simbaa'.*did you mean 'simba'"),
    (["import", "a-file", "--out", "new", "--action-repeat", "0"], "--action-repeat: expected at least 1, found '0'"),
    (["export", "empty", "--to", "csv"], "not a divbench run folder"),
    (["export", "empty"], "export: expected --to, one of tdmpc2"),
    (["export", "empty", "--to", "cvs"], "unknown form to export to 'cvs'.*did you mean 'csv'"),
    (["cite", "ofm"], "unknown variant 'ofm'.*did you mean 'ofn'"),
    (["doctor", "--quiet"], "unknown flag '--quiet'"),
    (["reproduce"], "reproduce: expected the name of an experiment; 'divbench reproduce --list'"),
    (["reproduce", "ofn-prime"], "unknown experiment 'ofn-prime'.*did you mean 'ofn-priming'"),
    (["reproduce", "dmc15", "--scale", "huge"], "unknown scale 'huge'; known: quick, full"),
    (["reproduce", "dmc15", "--out", "a-file"], "--out: expected a folder.*a-file' is a file"),
    (["reproduce", "dog", "--physics", "mjx"], "--physics: task 'dog-run' has no physics 'mjx'"),
    (["claims", "--dir", "nix"], "--dir: expected a folder of outcomes"),
    (["explain", "one", "two"], "one word too many, 'two': expected METRIC alone"),
]


@pytest.mark.parametrize(("words", "message"), WRONG, ids=[" ".join(words)[:60] for words, _ in WRONG])
def test_wrong_input_is_one_line_and_changes_nothing(words, message, place, capsys):
    before = tree(place)
    assert cli.main(words) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.endswith("\n") and told.err.count("\n") == 1
    assert re.search(f"^divbench: .*{message}", told.err)
    assert tree(place) == before
