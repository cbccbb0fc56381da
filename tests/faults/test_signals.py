"""SIGTERM and Ctrl-C on a real `divbench run`: a checkpoint, a prompt end, and the same command goes on."""

import json
import signal
import time

import pytest

PROMPT = 15.0  # seconds from the signal to the end of the process


def wait_for(process, name: str, **fields) -> dict:
    """Read progress until an event with at least these figures."""
    for line in process.stderr:
        event = json.loads(line)
        if event["event"] == name and all(event[key] >= least for key, least in fields.items()):
            return event
    raise AssertionError(f"{name} did not come; exit code {process.wait()}")


def interrupt(process, number: int) -> str:
    """Send a signal and wait; the output. The end must be prompt."""
    sent = time.monotonic()
    process.send_signal(number)
    output, _ = process.communicate(timeout=120)
    assert time.monotonic() - sent < PROMPT
    assert process.returncode == 128 + number
    return output


@pytest.fixture(scope="module")
def history(faults, whole, tmp_path_factory):
    """A run that was stopped twice and finished; what was seen on the way."""
    folder, seen = tmp_path_factory.mktemp("signals") / "run", {"whole": whole}
    process = faults.run(folder, "--json")
    wait_for(process, "group_started")
    before = faults.tree(folder)
    seen["second"] = faults.finish(faults.run(folder, "--quiet"), 2)
    seen["changed by second"] = {
        name
        for name, entry in before.items()
        if "timing" not in name and "groups" not in name and faults.tree(folder).get(name) != entry
    }
    wait_for(process, "advanced", update=1)
    seen["SIGTERM"] = interrupt(process, signal.SIGTERM)
    seen["saved"] = len(list(folder.glob("groups/*/checkpoint/manifest.json")))
    process = faults.run(folder, "--json")
    seen["resumed"] = wait_for(process, "group_started")["resumed_at"]
    wait_for(process, "measured")
    seen["SIGINT"] = interrupt(process, signal.SIGINT)
    seen["last"] = faults.finish(faults.run(folder))[0]
    return folder, seen


def test_a_second_process_is_refused(history):
    _, seen = history
    output, errors = seen["second"]
    assert output == "" and errors.count("\n") == 1
    assert "another divbench process is writing to this folder" in errors
    assert seen["changed by second"] == set()


def test_it_says_that_it_was_interrupted(history):
    _, seen = history
    for name in ("SIGTERM", "SIGINT"):
        last = json.loads(seen[name].splitlines()[-1])
        assert last["interrupted"] and not last["already_finished"] and not last["failed"]


def test_a_checkpoint_is_there_and_is_used(history):
    _, seen = history
    assert seen["saved"] == 1
    assert seen["resumed"][0] == 600 and seen["resumed"][1] > 0


@pytest.mark.bits
def test_the_tables_are_those_of_a_run_never_stopped(history, faults):
    folder, seen = history
    found, expected = faults.tables(folder), seen["whole"]()
    assert [name for name in expected if found[name] != expected[name]] == []


def test_a_finished_run_says_so_and_changes_nothing(history, faults, command):
    folder, _ = history
    before = faults.tree(folder)
    code, output, errors = command(folder)
    assert code == 0 and "already finished" in output and errors == ""
    assert faults.tree(folder) == before
