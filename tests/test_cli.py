"""The command line: one line for every wrong input, nothing changed by it, nothing heavy loaded for it."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from divbench import cli
from divbench.execute.progress import JsonProgress, PlainProgress, QuietProgress, make_progress
from divbench.spec.errors import UsageError
from divbench.spec.plan import make_groups
from divbench.spec.run_spec import RunSpec

HEAVY = ("jax", "numpy", "mujoco", "dm_control", "pyarrow", "matplotlib", "rich")


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
    ([], "expected a command: run, list, plan, report, watch, compare, import, export, dataset, render, ntk, parity"),
    (["render"], "render: expected a run folder, or --task for random actions, found neither"),
    (["render", "dog-run"], "render: expected a run folder, found a task; --task dog-run shows it without a run"),
    (["render", "nix"], "nix: no such folder"),
    (["render", "empty"], "empty: not a divbench run folder"),
    (["render", "--task", "dog-rnu"], "unknown task 'dog-rnu'.*did you mean 'dog-run'"),
    (["render", "--task", "dog-run", "--out", "a-file/x.gif"], "--out: expected a folder.*a-file' is a file"),
    (["ntk"], "ntk: expected --task NAME, such as ant"),
    (["ntk", "--task", "atn"], "unknown task 'atn'; .*did you mean 'ant'"),
    (["ntk", "--task", "ant", "--out", "a-file"], "--out: expected a folder.*a-file' is a file"),
    (["ntk", "--task", "ant", "--width", "8"], "unknown flag '--width'; did you mean '--widths'"),
    (["parity", "--tasks", "dog-rnu"], "unknown task 'dog-rnu'.*did you mean 'dog-run'"),
    (["parity", "--tasks", "hoper"], "unknown task 'hoper'.*did you mean 'hopper'"),
    (["run", "--suite", "smoke", "--tasks", "hoper"], "unknown task 'hoper'.*did you mean 'hopper'"),
    (["run", "--dataset", "nix", "--tasks", "walker2d"], "nix: "),
    (["render", "--task", "hopper"], "unknown task 'hopper'.*did you mean 'hopper-hop'"),
    (["parity", "--physics", "wrap"], "unknown physics 'wrap'; known: .*did you mean 'warp'"),
    (["parity", "--starts", "1"], "--starts: expected at least 2, found '1'"),
    (["parity", "--out", "a-file"], "--out: expected a folder.*'.*a-file' is a file"),
    (["run", "--suite", "dog", "--physics", "mjx"], "--physics: task 'dog-run' has no physics 'mjx'; choose from"),
    (["rnu"], "unknown command 'rnu'; .*did you mean 'run'"),
    (["--hlep"], "unknown flag '--hlep'.*did you mean '--help'"),
    (["run", "--suite", "smok"], "unknown suite 'smok'; known: .*did you mean 'smoke'"),
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
    (["run", "--suite", "smoke", "more"], "unknown word 'more'"),
    (["run", "--force=yes"], "--force: ignored explicit argument 'yes'"),
    (["plan", "--suite", "smoke", "--rate", "0"], "--rate: expected a positive number"),
    (["plan", "--suite", "smok", "--rate", "400"], "unknown suite"),
    (["run", "--rate", "400"], "unknown flag '--rate'"),
    (["list", "task"], "invalid choice: 'task'"),
    (["report"], "the following arguments are required: DIR"),
    (["report", "nix"], "report: expected a run folder, found nothing at 'nix'"),
    (["report", "a-file"], "report: expected a run folder, found a file at 'a-file'"),
    (["report", "empty", "--against", "published"], "report: --against is shown in the page; add --html"),
    (["report", "empty", "a-file"], "report: a second folder is shown in the page; add --html"),
    (["report", "empty", "--html", "--against", "publishd"], "unknown results to stand against 'publishd'"),
    (["watch", "nix"], "watch: expected a run folder, found nothing at 'nix'"),
    (["watch", "empty", "--every", "0"], "watch: expected a run folder, found no card.json"),
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
    (["explain", "one", "two"], "unknown word 'two'"),
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


def run_python(code, **kwargs):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, **kwargs)


QUICK = [
    (["--help"], 0),
    (["--version"], 0),
    (["list"], 0),
    (["list", "variants"], 0),
    (["run", "--help"], 0),
    (["plan", "-h"], 0),
    (["run", "--sede", "3"], 2),
    (["run", "--suite", "smoke", "--utd", "0"], 2),
    (["run", "--suite", "smoke", "--out", "a-file/run"], 2),
    (["report", "nix"], 2),
    (["watch", "--help"], 0),
    (["watch", "nix", "--html"], 2),
    (["render", "--help"], 0),
    (["render", "--task", "dog-rnu"], 2),
    (["plan", "--suite", "smoke", "--rate", "400"], 0),
    (["list", "experiments"], 0),
    (["reproduce", "--help"], 0),
    (["reproduce", "--list"], 0),
    (["reproduce", "utd32", "--plan"], 0),
    (["reproduce", "utd33"], 2),
    (["claims"], 0),
    (["claims", "--dir", "nix"], 2),
    (["explain", "--help"], 0),
    (["cite"], 0),
    (["cite", "ofn+reset,dropout=0.1"], 0),
    (["compare", "--help"], 0),
    (["import", "--help"], 0),
    (["export", "--help"], 0),
    (["export", "nix", "--to", "cvs"], 2),
    (["compare", "a", "b", "--margin", "x"], 2),
]


@pytest.mark.parametrize(("words", "code"), QUICK, ids=[" ".join(words) for words, _ in QUICK])
def test_quick_answers_load_nothing_heavy(words, code):
    began = time.perf_counter()
    done = run_python(
        f"import sys; from divbench.cli import main; code = main({words!r}); "
        f"print(code, *sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    print(f"divbench {' '.join(words)}: {time.perf_counter() - began:.2f} s")
    assert done.stdout.splitlines()[-1].split() == [str(code)], done.stderr


def test_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "divbench", "rnu"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2 and done.stdout == "" and done.stderr.count("\n") == 1


def test_help_names_every_flag(capsys):
    assert cli.main(["run", "--help"]) == 0
    told = capsys.readouterr().out
    flags = (
        "--suite --tasks --variants --utd --seeds --seed-start --steps --physics --precision --eval-every "
        "--eval-episodes --measure-every --prime-samples --prime-updates --batch-size --hidden --out --force "
        "--quiet --json --config --sac"
    )
    assert all(flag in told for flag in flags.split())
    assert "--rate" not in told


def test_list(capsys):
    assert cli.main(["list"]) == 0
    told = capsys.readouterr().out
    assert all(
        name in told for name in ("dmc15-500k", "cheetah-run", "fish-swim", "layernorm", "reset-<N>-updates")
    )
    assert cli.main(["list", "tasks"]) == 0
    assert "layernorm" not in capsys.readouterr().out


def test_plan_at_a_stated_rate(place, capsys):
    before = tree(place)
    words = ["plan", "--suite", "priming", "--variants", "baseline,ofn,reset", "--seeds", "4", "--rate", "1k"]
    assert cli.main(words) == 0
    told = capsys.readouterr().out
    assert "note: variant 'reset' never resets at UTD 1" in told and "stated" in told
    assert cli.main([*words, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["total"]["updates"] == 3 * 3 * 4 * 120_000
    assert record["total"]["hours"] == pytest.approx(record["total"]["updates"] / 1_000 / 3600)
    assert len(record["silent_resets"]) == 1
    assert tree(place) == before


class Result:
    """What a run returns, as the command line reads it."""

    def __init__(self, folder, failed=(), interrupted=False, signal=0, already_finished=False):
        self.folder, self.failed, self.interrupted = Path(folder), failed, interrupted
        self.signal, self.already_finished = signal, already_finished


@pytest.fixture
def stub_run(monkeypatch):
    """Replace the run and its summary; `stub_run(result)` sets what the run returns, or raises."""
    run_module = pytest.importorskip("divbench.execute.run")
    summary = pytest.importorskip("divbench.report.summary")
    calls = []

    def set_result(result):
        def run(spec, *, progress):
            calls.append(spec)
            progress.message("a message")
            if isinstance(result, BaseException):
                raise result
            return result

        monkeypatch.setattr(run_module, "run", run)
        monkeypatch.setattr(summary, "print_summary", lambda path: print(f"summary of {path}"))
        return calls

    return set_result


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (Result("here"), 0),
        (Result("here", failed=("cheetah-run: boom",)), 1),
        (Result("here", interrupted=True, signal=signal.SIGINT), 130),
        (Result("here", interrupted=True, signal=signal.SIGTERM), 143),
        (Result("here", already_finished=True), 0),
    ],
)
def test_exit_codes(result, code, stub_run, capsys):
    (calls := stub_run(result)).clear()
    assert cli.main(["run", "--suite", "smoke", "--utd", "1/2"]) == code
    assert calls == [RunSpec(suite="smoke", utd="1/2")]
    told = capsys.readouterr().out
    assert ("summary of here" in told) != result.interrupted
    assert ("already finished" in told) == result.already_finished
    assert ("failed: cheetah-run: boom" in told) == bool(result.failed)


def test_json_outcome(stub_run, capsys):
    stub_run(Result("here", failed=("cheetah-run: boom",)))
    assert cli.main(["run", "--suite", "smoke", "--variants", "reset", "--json"]) == 1
    told = capsys.readouterr()
    outcome = json.loads(told.out)
    assert outcome["folder"] == "here" and outcome["failed"] == ["cheetah-run: boom"]
    assert outcome["exit_code"] == 1 and len(outcome["silent_resets"]) == 1
    assert [json.loads(line)["event"] for line in told.err.splitlines()] == ["message"]


def test_a_usage_error_inside_the_run(stub_run, capsys):
    stub_run(UsageError("here: another run,\nwith other settings"))
    assert cli.main(["run", "--suite", "smoke"]) == 2
    assert capsys.readouterr().err == "divbench: here: another run, with other settings\n"


def test_ctrl_c_outside_the_loop(stub_run, capsys):
    stub_run(KeyboardInterrupt())
    assert cli.main(["run", "--suite", "smoke"]) == 130
    assert capsys.readouterr().err == "divbench: interrupted\n"


def test_a_mistake_of_divbench_is_told_apart_from_a_finding(stub_run, capsys):
    stub_run(RuntimeError("no such thing"))
    assert cli.main(["run", "--suite", "smoke"]) == 70
    told = capsys.readouterr().err
    assert "RuntimeError: no such thing" in told and told.endswith("not of the request\n")


def test_a_reader_that_goes_away():
    command = f"{sys.executable} -m divbench list | head -n 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60)
    assert done.stderr == "" and done.stdout.startswith("suite")


def test_report_passes_its_flags(monkeypatch):
    build = pytest.importorskip("divbench.report.build")
    Path("run").mkdir()
    Path("run/card.json").write_text("{}")
    asked = []
    monkeypatch.setattr(build, "report", lambda path, **flags: asked.append((path, flags)))
    assert cli.main(["report", "run", "run", "--json", "--html"]) == 0
    assert asked == [("run", {"quiet": False, "json": True, "html": True, "others": ["run"], "against": None})]


@pytest.mark.parametrize("words", [["doctor"], ["doctor", "--json"]])
def test_doctor_exit_code(words, monkeypatch, capsys):
    from divbench.execute import doctor

    checks = [doctor.Check("python", "3.11"), doctor.Check("mujoco", "4.0", False, "install 3.17")]
    monkeypatch.setattr(doctor, "diagnose", lambda: checks)
    assert cli.main(words) == 1
    told = capsys.readouterr().out
    assert "install 3.17" in told and (words == ["doctor"] or json.loads(told)["ok"] is False)
    monkeypatch.setattr(doctor, "diagnose", lambda: checks[:1])
    assert cli.main(words) == 0


def test_doctor_sees_versions_that_do_not_fit(monkeypatch):
    from divbench.execute import doctor

    versions = {"mujoco": "4.0.0", "mujoco-mjx": "3.17.0"}
    (check,) = doctor.check_twins(versions.get)
    assert not check.ok and check.found == "mujoco 4.0.0 beside mujoco-mjx 3.17.0"
    assert list(doctor.check_twins(lambda name: "3.17.1")) == []
    monkeypatch.setattr(doctor, "installed_version", versions.get)
    monkeypatch.setattr(
        doctor.importlib.metadata,
        "requires",
        lambda name: ["mujoco>=3.17,<3.18", "mujoco-mjx>=3.17,<3.18", "rich>=13", 'ruff; extra == "dev"'],
    )
    monkeypatch.setattr(doctor.importlib.metadata, "version", lambda name: "0.1.0")
    found = {check.name: check for check in doctor.check_versions()}
    assert [name for name, check in found.items() if not check.ok] == ["mujoco", "rich"]
    assert found["rich"].found.startswith("not installed") and "ruff" not in found


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
        *["advanced"] * 3,
        "scored",
        "measured",
        "group_finished",
        "group_started",
        "group_failed",
    ]
    assert events[1]["resumed_at"] == [1_000, 100]
    assert events[6]["rows"][0]["q_replay_mean"] is None
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


def test_a_watcher_that_goes_away_does_not_end_a_run():
    read, write = os.pipe()
    os.close(read)
    stream = os.fdopen(write, "w")
    clock = Clock()
    tell(PlainProgress(stream, clock=clock), clock)
    with pytest.raises(BrokenPipeError):
        stream.close()
