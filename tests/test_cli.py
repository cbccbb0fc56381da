"""The command line: help, lists, plans, exit codes; nothing heavy is loaded for a quick answer."""

import dataclasses
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from divbench import cli
from divbench.execute.failures import Failure
from divbench.spec.errors import UsageError
from divbench.spec.run_spec import RunSpec

HEAVY = ("jax", "numpy", "mujoco", "dm_control", "pyarrow", "matplotlib", "rich")


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """An own current directory with one file."""
    monkeypatch.chdir(tmp_path)
    Path("a-file").write_text("x")
    return tmp_path


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


def test_a_claim_s_plan_loads_numpy_alone_to_know_what_its_seeds_can_decide():
    done = run_python("import sys; from divbench.cli import main; main(['reproduce', 'utd32', '--plan']); "
                      f"print(*sorted(set({HEAVY!r}) & set(sys.modules)))")
    assert done.stdout.splitlines()[-1] == "numpy", done.stderr


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


@pytest.fixture
def without_gymnasium(monkeypatch):
    """The extra `gym` is not installed, as far as divbench can see."""
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "gymnasium" else found(
        name, *rest))


@pytest.mark.parametrize("words", [["list"], ["reproduce", "--list"],
                                   ["plan", "--suite", "preqn-gym", "--rate", "100", "--seeds", "1"]])
def test_what_trains_nothing_needs_no_extra(words, without_gymnasium, capsys):
    assert cli.main(words) == 0
    told = capsys.readouterr()
    assert told.err == "" and ("preqn" in told.out or "hopper" in told.out)


def test_a_run_without_its_extra_ends_before_anything_is_made(without_gymnasium, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["run", "--suite", "preqn-gym", "--tasks", "hopper"]) == 2
    assert capsys.readouterr().err == (
        "divbench: --physics: task 'hopper' needs the extra gym: pip install 'divbench[gym]'\n")
    assert not (tmp_path / "results").exists()


def test_list(capsys):
    assert cli.main(["list"]) == 0
    told = capsys.readouterr().out
    assert all(
        name in told for name in ("dmc15-500k", "cheetah-run", "fish-swim", "layernorm", "reset-<N>-updates")
    )
    assert cli.main(["list", "tasks"]) == 0
    assert "layernorm" not in capsys.readouterr().out


def test_plan_at_a_stated_rate(place, capsys):
    words = ["plan", "--suite", "priming", "--variants", "baseline,ofn,reset", "--seeds", "4", "--rate", "1k"]
    assert cli.main(words) == 0
    told = capsys.readouterr().out
    assert "note: variant 'reset' never resets at UTD 1" in told and "stated" in told
    assert cli.main([*words, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["total"]["updates"] == 3 * 3 * 4 * 120_000
    assert record["total"]["hours"] == pytest.approx(record["total"]["updates"] / 1_000 / 3600)
    assert len(record["silent_resets"]) == 1
    assert [path.name for path in place.iterdir()] == ["a-file"]


BOOM = Failure("cheetah-run", "ValueError: boom", "", "Traceback\nValueError: boom\n", Path("here/error.txt"))
OWN = dataclasses.replace(BOOM, place="mine.py, line 12, in ceiling")


class Result:
    """What a run returns, as the command line reads it."""

    def __init__(self, folder, failed=(), interrupted=False, signal=0, already_finished=False):
        self.folder, self.failed, self.interrupted = Path(folder), failed, interrupted
        self.signal, self.already_finished, self.other_keys = signal, already_finished, ""


@pytest.fixture
def stub_run(monkeypatch):
    """Replace the run and its summary; `stub_run(result)` sets what the run returns, or raises."""
    run_module = pytest.importorskip("divbench.execute.run")
    summary = pytest.importorskip("divbench.report.summary")
    calls = []

    def set_result(result):
        def run(spec, *, progress, check):
            assert not check, "the command tells of failures itself"
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
        (Result("here", failed=(BOOM,)), 1),
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
    assert ("failed: cheetah-run: ValueError: boom\ntraceback in here/error.txt\n" in told) == bool(result.failed)


def test_an_error_in_own_code_is_shown_with_its_traceback_once(stub_run, capsys):
    stub_run(Result("here", failed=(OWN,)))
    assert cli.main(["run", "--suite", "smoke"]) == 1
    told = capsys.readouterr().out
    assert told.endswith("failed: cheetah-run: ValueError: boom (mine.py, line 12, in ceiling)\nTraceback\n"
                         "ValueError: boom\ntraceback in here/error.txt\n")


def test_json_outcome(stub_run, capsys):
    stub_run(Result("here", failed=(OWN,)))
    assert cli.main(["run", "--suite", "smoke", "--variants", "reset", "--json"]) == 1
    told = capsys.readouterr()
    outcome = json.loads(told.out)
    assert outcome["folder"] == "here" and outcome["failed"] == [
        "cheetah-run: ValueError: boom (mine.py, line 12, in ceiling)"]
    assert outcome["failures"] == [{"group": "cheetah-run", "error": "ValueError: boom",
                                    "place": "mine.py, line 12, in ceiling", "traceback": OWN.traceback,
                                    "file": "here/error.txt"}]
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
    monkeypatch.setattr(build, "write_report", lambda path, **flags: asked.append((path, flags)) or (None, []))
    assert cli.main(["report", "run", "run", "--quiet", "--html"]) == 0
    assert asked == [("run", {"html": True, "others": ["run"], "against": None})]


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


def test_a_terminal_without_a_letter_shows_a_question_mark(place):
    """Where a name has a letter that the terminal's encoding lacks."""
    done = subprocess.run([sys.executable, "-m", "divbench", "report", "λ-run"], capture_output=True, timeout=60,
                          env=os.environ | {"PYTHONIOENCODING": "cp1252"})
    assert done.returncode == 2 and done.stderr.endswith(b"found nothing at '?-run'\n")


def test_results_too_are_printed_with_question_marks(place):
    shutil.copytree(Path(__file__).resolve().parents[1] / "results" / "baselines" / "dog-12k", place / "λ-run")
    done = subprocess.run([sys.executable, "-m", "divbench", "compare", "λ-run", "λ-run"], capture_output=True,
                          timeout=120, env=os.environ | {"PYTHONIOENCODING": "cp1252"})
    assert done.returncode == 0 and b"BASELINE ?-run (12 lanes), NEW ?-run" in done.stdout, done.stderr


def test_a_list_with_blanks_is_one_list(stub_run):
    calls = stub_run(Result("here"))
    calls.clear()
    assert cli.main(["run", "--suite", "smoke", "--variants", "baseline,", "ofn", ",layernorm", "--quiet"]) == 0
    assert [variant.name for variant in calls[0].variants] == ["baseline", "ofn", "layernorm"]


def test_a_run_that_nobody_has_narrowed_says_what_it_would_be(stub_run, place, capsys):
    calls = stub_run(Result("here"))
    calls.clear()
    for words in (["run"], ["run", "--quiet", "--out", "new"]):
        assert cli.main(words) == 2
        told = capsys.readouterr().err
        assert "75 lanes, 294,000,000 updates, 9 days on two CPU cores at 370 a second" in told and "--yes" in told
    assert not calls and [path.name for path in place.iterdir()] == ["a-file"]
    assert cli.main(["run", "--yes", "--quiet"]) == 0 and calls == [RunSpec(quiet=True)]
