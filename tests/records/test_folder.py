import errno
import json
import os
import subprocess
import sys

import pytest

from divbench.records import folder
from divbench.records.folder import RunFolder, other_keys, read_card
from divbench.records.schema import SCHEMA_VERSION
from divbench.spec.errors import UsageError

SETTINGS = {"steps": 100, "utd": ["8"], "sac": {"gamma": 0.99, "tau": 0.005}, "variants": [{"name": "ofn"}]}
FACTS = {"command": "divbench run", "device": "cpu", "cpus": 2, "physics": "host", "precision": "highest", "seeds": [0],
         "versions": {"jax": "1"}}


def run(path, settings=SETTINGS, facts=FACTS, **options):
    return RunFolder.open(path, settings, facts, **options)


@pytest.fixture
def path(tmp_path, make_row):
    """A folder with an unfinished run: one group with rows."""
    path = tmp_path / "runs" / "mine"
    with run(path) as opened:
        opened.group("g1").journal.append("scores", [make_row("scores")])
        opened.group("g1").journal.flush()
    return path


def test_checking_says_the_same_and_opens_nothing(path, tmp_path, picture):
    before = picture(tmp_path)
    RunFolder.check(path, SETTINGS, FACTS)
    RunFolder.check(tmp_path / "new", SETTINGS, FACTS)
    with pytest.raises(UsageError, match="steps is 100 there and 5 here"):
        RunFolder.check(path, SETTINGS | {"steps": 5}, FACTS)
    assert picture(tmp_path) == before


def assert_refused(path, picture, message, **options):
    before = picture(path.parent)
    with pytest.raises(UsageError, match=message) as caught:
        run(path, **options)
    assert "\n" not in str(caught.value)
    assert picture(path.parent) == before


def test_a_new_folder_has_a_card(tmp_path):
    with run(tmp_path / "a" / "b") as opened:
        assert not opened.resumed and not opened.finished and opened.changes == []
        card = json.loads((opened.path / "card.json").read_text())
    assert card["settings"] == SETTINGS and card["schema_version"] == SCHEMA_VERSION and card["device"] == "cpu"
    assert len(card["sessions"]) == 1 and card["start"] == card["sessions"][0]["start"]


def test_an_empty_folder_and_one_that_died_before_its_card_are_free(tmp_path):
    for names in ((), ("divbench.lock",), ("divbench.lock", "card.json.tmp")):
        path = tmp_path / str(len(names))
        path.mkdir()
        for name in names:
            (path / name).write_text("")
        with run(path) as opened:
            assert not opened.resumed


def test_the_same_settings_resume(path):
    with run(path, facts=FACTS | {"device": "other", "cpus": 1, "versions": {"jax": "2"}}) as opened:
        assert opened.resumed
        assert len(opened.group("g1").journal.rows()["scores"]) == 1
        assert opened.changes == ['device was "cpu" and is "other"', "cpus was 2 and is 1",
                                  'versions.jax was "1" and is "2"']
    card = read_card(path)
    assert [session["device"] for session in card["sessions"]] == ["cpu", "other"]
    assert [session["cpus"] for session in card["sessions"]] == [2, 1]
    assert card["device"] == "cpu"


def test_other_settings_are_refused_by_name(path, picture):
    other = SETTINGS | {"utd": ["2"], "sac": {"gamma": 0.9, "tau": 0.005}, "variants": [{"name": "reset"}]}
    message = (r'utd is \["8"\] there and \["2"\] here; sac.gamma is 0.99 there and 0.9 here; '
               r'variants\[0\].name is "ofn" there and "reset" here; choose another --out')
    assert_refused(path, picture, message, settings=other)
    assert_refused(path, picture, "steps is 100 there and null here",
                   settings={name: value for name, value in SETTINGS.items() if name != "steps"})
    assert_refused(path, picture, "extra is null there and 1 here", settings=SETTINGS | {"extra": 1})


def test_long_differences_are_cut_and_counted(path, picture):
    other = {"steps": list(range(100)), "utd": ["2"], "sac": {"gamma": 0.9, "tau": 0.1}, "variants": []}
    assert_refused(path, picture, r"\.\.\. here; .*; and 2 more", settings=other)


@pytest.mark.parametrize("fact", ["physics", "precision"])
def test_another_physics_or_precision_in_use_is_refused(path, picture, fact):
    assert_refused(path, picture, f"{fact} in use is .* there and \"new\" here", facts=FACTS | {fact: "new"})


def test_a_folder_without_its_lock_file_is_refused_untouched(path, picture):
    (path / "divbench.lock").unlink()
    assert_refused(path, picture, "steps", settings=SETTINGS | {"steps": 5})
    with run(path) as opened:
        assert opened.resumed


def test_a_second_process_is_refused(path, picture):
    with run(path):
        for force in (False, True):
            assert_refused(path, picture, "mine: another divbench process", force=force)
        program = ("import sys\nfrom divbench.records.folder import RunFolder\n"
                   "from divbench.spec.errors import UsageError\n"
                   f"try: RunFolder.open(sys.argv[1], {SETTINGS!r}, {FACTS!r})\n"
                   "except UsageError as error: sys.exit(str(error))")
        second = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True)
        assert second.returncode == 1 and "another divbench process" in second.stderr
        with pytest.raises(UsageError, match="another divbench process"):
            RunFolder.check(path, SETTINGS, FACTS)  # before it takes a checkpoint in the making for a damaged one
    RunFolder.check(path, SETTINGS, FACTS)
    with run(path) as opened:
        assert opened.resumed


def test_a_file_system_without_locks_is_not_another_process(path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(folder.fcntl, "flock", refuse)
    for attempt in (RunFolder.check, RunFolder.open):
        with pytest.raises(UsageError, match="cannot be locked .No locks available.; expected a file system with lock"):
            attempt(path, SETTINGS, FACTS)


def test_force_starts_over_and_removes_only_what_is_ours(path):
    (path / "notes.txt").write_text("mine")
    for name in ("tables", "report", "videos"):
        (path / name).mkdir()
    with run(path, settings={"steps": 5}, force=True) as opened:
        assert not opened.resumed and opened.card["settings"] == {"steps": 5}
        assert sorted(os.listdir(path)) == ["card.json", "divbench.lock", "notes.txt"]
        assert "clearing" not in read_card(path)


def test_force_does_not_follow_links(path, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "keep").write_text("")
    (path / "tables").symlink_to(elsewhere)
    with run(path, force=True):
        assert (elsewhere / "keep").exists() and not (path / "tables").exists()


def test_a_crash_while_starting_over_does_not_leave_the_old_run(path, monkeypatch, picture):
    def crash(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(folder.shutil, "rmtree", crash)
        with pytest.raises(KeyboardInterrupt):
            run(path, settings={"steps": 5}, force=True)
    assert folder.is_clearing(path)
    assert_refused(path, picture, "steps is 5 there")
    with run(path, settings={"steps": 5}) as opened:
        assert not opened.resumed and not (path / "groups").exists()
    assert not folder.is_clearing(path) and not folder.is_clearing(path / "nowhere")


@pytest.mark.parametrize("force", [False, True])
def test_a_foreign_folder_is_refused(tmp_path, picture, force):
    path = tmp_path / "foreign"
    path.mkdir()
    (path / "thesis.tex").write_text("")
    assert_refused(path, picture, "not a divbench run folder", force=force)
    (path / "card.json").write_text('{"title": "a card game"}')
    assert_refused(path, picture, "card.json: damaged, or not the card", force=force)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "{}", "\x00", '{"format": "divbench run"}'])
def test_a_damaged_card_is_refused_and_force_starts_over(path, picture, content):
    (path / "card.json").write_text(content)
    assert_refused(path, picture, "card.json: damaged.*--force starts over")
    with run(path, force=True) as opened:
        assert not opened.resumed and not (path / "groups").exists()


def test_another_schema_version_is_refused(path, picture):
    card = read_card(path) | {"schema_version": 99}
    (path / "card.json").write_text(json.dumps(card))
    assert_refused(path, picture, f"table schema 99, this divbench has {SCHEMA_VERSION}")


@pytest.mark.parametrize("schema", [1, 2, SCHEMA_VERSION])
def test_a_run_of_other_random_numbers_is_not_continued(path, picture, schema):
    """Whatever its schema; --force starts over."""
    card = read_card(path) | {"schema_version": schema}
    (path / "card.json").write_text(json.dumps(card))
    facts = FACTS | {"key_generation": 2}
    message = "holds a run of key generation 1, this divbench has 2: .*--force to start over"
    assert_refused(path, picture, message, facts=facts)
    with pytest.raises(UsageError, match=message):
        RunFolder.check(path, SETTINGS, facts)
    with run(path, facts=facts, force=True) as opened:
        assert not opened.resumed and opened.card["key_generation"] == 2
    with run(path, facts=facts) as opened:
        assert opened.resumed
    assert_refused(path, picture, "holds a run of key generation 2, this divbench has 1")


@pytest.mark.parametrize("schema", [1, 2, SCHEMA_VERSION])
def test_a_finished_run_of_other_random_numbers_is_read(path, picture, schema):
    """Nothing in it is continued, so that kept runs can stand where they are looked for; settings still bind."""
    card = read_card(path) | {"schema_version": schema, "finished": "2026-01-01T00:00:00Z"}
    (path / "card.json").write_text(json.dumps(card))
    facts, before = FACTS | {"key_generation": 2}, picture(path)
    RunFolder.check(path, SETTINGS, facts)
    with run(path, facts=facts) as opened:
        assert opened.finished
        assert "holds a run of key generation 1, this divbench has 2" in other_keys(path, opened.card, facts)
        assert other_keys(path, opened.card, FACTS) is None
    assert picture(path) == before
    assert_refused(path, picture, "steps is 100 there and 5 here", facts=facts, settings=SETTINGS | {"steps": 5})
    with run(path, facts=facts, force=True) as opened:
        assert not opened.resumed and opened.card["schema_version"] == SCHEMA_VERSION


def test_a_place_that_cannot_be_written_is_refused(tmp_path, picture):
    (tmp_path / "file").write_text("")
    assert_refused(tmp_path / "file", picture, "not a writable folder")
    before = picture(tmp_path)
    for below in ("runs", "runs/deep/er"):
        with pytest.raises(UsageError, match="'file' is not a writable folder"):
            run(tmp_path / "file" / below)
    assert picture(tmp_path) == before


def test_a_failed_write_is_one_line_and_frees_the_lock(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(UsageError, match="cannot be written .No space left"):
            run(tmp_path / "a")
    with run(tmp_path / "a") as opened:
        assert not opened.resumed


def test_a_finished_run_is_left_as_it_is(path, picture):
    with run(path) as opened:
        opened.mark_finished()
    before = picture(path)
    with run(path) as opened:
        assert opened.finished and opened.resumed
    assert picture(path) == before


def test_a_group_is_done_once_marked(path):
    with run(path) as opened:
        group = opened.group("g1")
        assert opened.group("g1") is group and not group.done
        group.mark_done()
        assert group.done and not opened.group("g2").done
    with run(path) as opened:
        assert opened.group("g1").done
        for name in ("", "a/b", "..", ".hidden"):
            with pytest.raises(ValueError, match="folder name"):
                opened.group(name)


def test_reading_a_card_says_what_is_wrong(tmp_path):
    with pytest.raises(UsageError, match="no such folder"):
        read_card(tmp_path / "missing")
    with pytest.raises(UsageError, match="not a divbench run folder"):
        read_card(tmp_path)


def test_groups_of_changed_code_are_set_aside_and_nothing_is_lost(path, make_row):
    """Each time under another name; a group that nothing was written of, or of the same code, stays."""
    with run(path) as opened:
        opened.group("g1").record_code({"mine:f": "1"})
        opened.group("empty")
        opened.mark_finished()
    same, other = {"g1": {"mine:f": "1"}, "g2": {}}, {"g1": {"mine:f": "2", "mine:g": "1"}, "empty": {"mine:f": "2"}}
    with run(path) as opened:
        assert opened.set_aside(same) == [] and opened.finished
    rows = (path / "groups" / "g1" / "journal.jsonl").read_bytes()
    with run(path) as opened:
        (line,) = opened.set_aside(other)
        assert line.startswith("g1: trained again, mine:f, mine:g has changed") and line.endswith("replaced/g1-1")
        assert not opened.finished and read_card(path)["finished"] is None
    assert (path / "replaced" / "g1-1" / "journal.jsonl").read_bytes() == rows
    assert sorted(os.listdir(path / "groups")) == ["empty"]
    with run(path) as opened:
        opened.group("g1").journal.append("scores", [make_row("scores")])
        opened.group("g1").journal.flush()
        (line,) = opened.set_aside(other)
    assert line.endswith("replaced/g1-2") and sorted(os.listdir(path / "replaced")) == ["g1-1", "g1-2"]
