"""Compiled programs on disk: equal bits, what is stored, and folders that cannot be used."""

import collections
import io
import json
import os
import warnings
from pathlib import Path

import jax
import pytest

from divbench import cli
from divbench.execute import compile_cache, device, programs
from divbench.execute.doctor import diagnose
from divbench.execute.progress import JsonProgress
from divbench.execute.run import run
from divbench.records.card import usable_cpus
from divbench.records.schema import RESULT_TABLES
from divbench.records.tables import read_rows
from divbench.spec.run_spec import RunSpec
from divbench.spec.settings import SACSettings

HITS, STORED = "/jax/compilation_cache/cache_hits", "/jax/compilation_cache/cache_misses"
counts: collections.Counter = collections.Counter()
jax.monitoring.register_event_listener(lambda event, **more: counts.update([event]))


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A user who has set nothing, and has no compiled program yet; afterwards the tests' own cache is used again."""
    with monkeypatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
        for name in (compile_cache.FOLDER, compile_cache.SWITCH, compile_cache.SHORTEST):
            patch.delenv(name, raising=False)
        jax.config.update("jax_compilation_cache_dir", None)
        yield tmp_path / "home"
    jax.config.update("jax_compilation_cache_dir", None)
    device.prepare("highest")


def spec(out: Path, **changes) -> RunSpec:
    fields = {"suite": "smoke", "tasks": "constant-reward", "variants": "baseline", "steps": 60, "prime_samples": 30,
              "prime_updates": 0, "eval_every": 30, "eval_episodes": 1, "measure_every": 20,
              "sac": SACSettings(hidden=(16,), batch_size=8)}
    return RunSpec(**fields | changes, out=str(out))


def anew(out: Path, progress=None, **changes) -> tuple[dict[str, bytes], collections.Counter]:
    """The result tables of a run in a process that has compiled nothing yet, and what its cache did."""
    jax.clear_caches()
    programs._cached.cache_clear()
    counts.clear()
    run(spec(out, **changes), progress=progress)
    return {name: (out / "tables" / f"{name}.csv").read_bytes() for name in RESULT_TABLES}, counts.copy()


def test_a_program_of_the_cache_gives_the_bytes_of_a_fresh_one(home, tmp_path):
    first, cold = anew(tmp_path / "first")
    kept = sorted(home.rglob("*-cache"))
    second, warm = anew(tmp_path / "second")
    with compile_cache.switched_off():
        third, off = anew(tmp_path / "third")
    assert first == second == third
    assert {path.name.partition("-")[0] for path in kept} >= {
        "jit_train_chunk", "jit_evaluate", "jit_diagnose", "jit_reset_lanes"}
    assert sorted(home.rglob("*-cache")) == kept and len(kept) == cold[STORED]
    assert warm[STORED] == 0 and warm[HITS] >= len(kept)
    assert off[STORED] == off[HITS] == 0


def test_what_calls_back_is_not_stored(home, tmp_path):
    anew(tmp_path / "run", tasks="pendulum-swingup", physics="host")
    found = {path.name.partition("-")[0] for path in home.rglob("*-cache")}
    assert "jit_reset_lanes" in found and not found & {"jit_train_chunk", "jit_evaluate", "jit_diagnose"}


def test_half_a_program_is_compiled_and_says_nothing(home, tmp_path):
    whole, _ = anew(tmp_path / "whole")
    (program,) = home.rglob("jit_train_chunk-*")
    program.write_bytes(program.read_bytes()[:1000])
    with warnings.catch_warnings(record=True) as told:
        again, _ = anew(tmp_path / "again")
    assert again == whole and not [warning for warning in told if "compilation cache" in str(warning.message)]


def test_the_folder_is_that_of_the_user(home, tmp_path, monkeypatch):
    own = f"cpu-{usable_cpus()}"
    device.prepare("highest")
    assert compile_cache.cache_folder() == home / "divbench" / "jax" / own
    assert jax.config.jax_compilation_cache_dir == str(home / "divbench" / "jax" / own)
    assert compile_cache.cache_folder().stat().st_mode & 0o077 == 0
    monkeypatch.setenv(compile_cache.FOLDER, str(tmp_path / "named"))
    monkeypatch.setenv(compile_cache.SHORTEST, "7")
    device.prepare("highest")
    assert jax.config.jax_compilation_cache_dir == str(tmp_path / "named" / own)
    assert jax.config.jax_persistent_cache_min_compile_time_secs == 7.0
    monkeypatch.delenv(compile_cache.FOLDER)
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    monkeypatch.setenv("HOME", str(tmp_path))
    jax.config.update("jax_compilation_cache_dir", None)
    assert compile_cache.cache_folder() == tmp_path / ".cache" / "divbench" / "jax" / own


def test_a_folder_of_another_kind_is_left_to_jax(home, monkeypatch):
    monkeypatch.setenv(compile_cache.FOLDER, "gs://bucket/programs")
    before = jax.config.jax_compilation_cache_dir
    device.prepare("highest")
    assert jax.config.jax_compilation_cache_dir == before and not compile_cache.obstacle()
    assert not list(Path().glob("gs:*")) and compile_cache.describe_cache() == "in gs://bucket/programs"


@pytest.mark.parametrize("kind", ["a file", "full"])
def test_a_folder_that_cannot_be_written_fails_no_run(kind, home, tmp_path, monkeypatch):
    if kind == "a file":
        home.write_text("in the way")
    else:
        monkeypatch.setattr(compile_cache, "LEAST_FREE", 1 << 60)
    stream = io.StringIO()
    anew(tmp_path / "run", progress=JsonProgress(stream))
    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    (told,) = [event["text"] for event in events if event["event"] == "message" and "not kept" in event["text"]]
    assert told.startswith(f"compiled programs are not kept: {home}")
    assert ("left on the disk" in told) == (kind == "full")
    assert not list(tmp_path.glob("home/**/*-cache"))
    assert compile_cache.describe_cache().startswith(f"not kept: {home}")


def test_no_cache_is_a_flag_of_commands_that_compile(home, tmp_path, monkeypatch):
    found = []
    monkeypatch.setattr("divbench.execute.run.run", lambda *_, **more: found.append(compile_cache.cache_folder()))
    for words in ([], ["--no-cache"]):
        assert cli.main(["run", "--suite", "smoke", "--out", str(tmp_path / "x"), *words]) == 70  # it returns no result
    assert found[0] is not None and found[1] is None and compile_cache.SWITCH not in os.environ
    assert cli.main(["list", "--no-cache"]) == 2


def test_doctor_says_where_programs_are(home):
    found = {check.name: check for check in diagnose()}
    assert str(home) in found["compiled programs"].found and "writable" in found["compiled programs"].found
    assert "host physics" in found["compiled anew"].found
    with compile_cache.switched_off():
        assert compile_cache.describe_cache() == compile_cache.NO_CACHE


def test_the_first_update_is_timed(tmp_path):
    stream = io.StringIO()
    anew(tmp_path / "run", progress=JsonProgress(stream))
    (event,) = [event for line in stream.getvalue().splitlines()
                if (event := json.loads(line))["event"] == "first_update"]
    rows = read_rows(tmp_path / "run")["timing"]
    (first,) = [row for row in rows if row["event"] == "first_update"]
    assert first["seconds"] == event["seconds"] > sum(row["seconds"] for row in rows if row["event"] == "compile")
