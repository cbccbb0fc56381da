"""Damaged or foreign folders: one line, exit code 2, and not a byte changes. `--force` starts over."""

import json
import shutil
from pathlib import Path

import pytest

DRIVER = str(Path(__file__).with_name("driver.py"))
FLIPS = 3  # bytes flipped in each file, one at a time


@pytest.fixture(scope="module")
def interrupted(faults, tmp_path_factory) -> Path:
    """A run that died while acting, with a checkpoint and rows that no checkpoint knows of."""
    folder = tmp_path_factory.mktemp("damage") / "run"
    arguments = {
        "out": str(folder),
        "task": "hopper-stand",
        "physics": "host",
        "cuts": 5,
        "chunks_per_checkpoint": 2,
        "kill": {"moment": "rows", "at": 850},
    }
    faults.finish(faults.start(DRIVER, json.dumps(arguments)), -9)
    return folder


@pytest.fixture
def folder(interrupted, tmp_path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(interrupted, tmp_path / "run"))


@pytest.fixture
def refused(command, faults):
    """Check that `divbench run` refuses a folder and leaves it alone; returns the line."""

    def check(folder: Path, *flags: str) -> str:
        before = faults.tree(folder)
        code, output, errors = command(folder, *flags)
        assert (code, output, errors.count("\n")) == (2, "", 1), errors
        assert faults.tree(folder) == before
        return errors

    return check


def checkpoint_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("groups/*/checkpoint/**/*") if path.is_file())


def test_every_kind_of_file_is_there(folder):
    names = {path.relative_to(folder).parts[3].partition("-")[0] for path in checkpoint_files(folder)}
    assert names == {"manifest.json", "state", "replay"}


def test_a_flipped_byte(folder, refused):
    for path in checkpoint_files(folder):
        content = path.read_bytes()
        for place in {len(content) * part // FLIPS for part in range(FLIPS)} if content else ():
            path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
            assert "damaged" in refused(folder)
        path.write_bytes(content)


def test_a_truncated_file(folder, refused):
    for path in checkpoint_files(folder):
        content = path.read_bytes()
        if content:
            path.write_bytes(content[:-1])
            assert "damaged" in refused(folder)
            path.write_bytes(b"")
            assert "damaged" in refused(folder)
        path.write_bytes(content)


def test_a_missing_file(folder, refused):
    """The manifest too: without it nothing begins from scratch."""
    for path in checkpoint_files(folder):
        content = path.read_bytes()
        path.unlink()
        line = refused(folder)
        assert "checkpoint file is missing" in line and "--force starts over" in line
        path.write_bytes(content)


def test_no_checkpoint_at_all(folder, refused):
    shutil.rmtree(next(folder.glob("groups/*/checkpoint")))
    assert "checkpoint file is missing" in refused(folder)


def test_a_damaged_journal(folder, refused):
    journal = next(folder.glob("groups/*/journal.jsonl"))
    content = journal.read_bytes()
    journal.write_bytes(content.replace(b"{", b"[", 1))
    assert "line 1 is damaged" in refused(folder)
    journal.write_bytes(content[:100])
    assert "shorter" in refused(folder)
    journal.unlink()
    assert "shorter" in refused(folder)


def test_a_journal_cut_after_its_group_was_done(folder, refused):
    group = next(folder.glob("groups/*"))
    (group / "done").touch()
    (group / "journal.jsonl").unlink()
    assert "shorter" in refused(folder)


def test_a_group_of_another_kind_of_device(folder, refused):
    """There lanes are grouped otherwise: those of this group would be trained once more, beside what it has."""
    group = next(folder.glob("groups/*"))
    group.rename(group.with_name("hopper-stand_utd1_unit_ball_000000"))
    line = refused(folder)
    assert "group 'hopper-stand_utd1_unit_ball_000000' was begun on another kind of device" in line


def test_other_settings(folder, refused):
    line = refused(folder, "--sac", "tau=0.01")
    assert "sac.tau is 0.005 there and 0.01 here" in line and "--force" in line
    assert "seeds is 1 there and 2 here" in refused(folder, "--seeds", "2")


def test_a_damaged_card(folder, refused):
    (folder / "card.json").write_text('{"format": "divbench run"')
    assert "card.json" in refused(folder)


@pytest.mark.bits
def test_force_starts_over(folder, faults, whole):
    """Even from a damaged checkpoint; the tables are those of a run of its own."""
    for path in checkpoint_files(folder):
        path.write_bytes(b"x")
    faults.finish(faults.run(folder, "--force"))
    found, expected = faults.tables(folder), whole()
    assert [name for name in expected if found[name] != expected[name]] == []
    assert len(json.loads((folder / "card.json").read_text())["sessions"]) == 1
