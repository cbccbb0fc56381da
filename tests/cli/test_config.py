"""Flags over files, and the one line about a broken file."""

from fractions import Fraction

import pytest

from divbench.cli.config import read_file, read_spec
from divbench.spec.errors import UsageError
from divbench.spec.run_spec import RunSpec
from divbench.spec.settings import SACSettings

FILE = """
suite = "smoke"
tasks = ["cheetah-run", "walker-run"]
variants = "baseline,ofn"
utd = [2, "1/2"]
steps = "5k"
eval-every = 2_500
batch_size = 64

[sac]
gamma = 0.9
hidden = [64, 64]
"""


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "run.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return write


def test_a_file(write):
    spec = read_spec({}, write(FILE))
    assert spec == RunSpec(
        suite="smoke",
        tasks="cheetah-run,walker-run",
        variants="baseline,ofn",
        utd=(Fraction(2), Fraction(1, 2)),
        steps=5_000,
        eval_every=2_500,
        sac=SACSettings(gamma=0.9, hidden=(64, 64), batch_size=64),
    )


def test_flags_override_the_file(write):
    flags = {"utd": "4", "batch_size": "32", "sac": ["gamma=0.8"], "quiet": True}
    spec = read_spec(flags, write(FILE))
    assert spec.utd == (4,) and spec.steps == 5_000 and spec.quiet
    assert spec.sac == SACSettings(gamma=0.8, hidden=(64, 64), batch_size=32)


def test_flags_alone():
    spec = read_spec(
        {"suite": "smoke", "steps": "5k", "hidden": "64", "sac": ["initial-temperature=0,temperature_lr=0"]}
    )
    assert spec == RunSpec(
        suite="smoke", steps=5_000, sac=SACSettings(hidden=(64,), initial_temperature=0.0, temperature_lr=0.0)
    )


def test_a_setting_is_given_once(write):
    with pytest.raises(UsageError, match="--hidden: also given in --sac"):
        read_spec({"suite": "smoke", "hidden": "64", "sac": ["hidden=32"]})
    with pytest.raises(UsageError, match="run.toml: --hidden: also given in sac"):
        read_file(write("hidden = 64\n[sac]\nhidden = [32]"))
    with pytest.raises(UsageError, match="hidden: sets critic_hidden and actor_hidden, found actor_hidden beside it"):
        read_spec({"suite": "smoke", "hidden": "64", "sac": ["actor_hidden=32"]})
    with pytest.raises(UsageError, match="key 'eval-every' is given twice"):
        read_file(write("eval_every = 1\neval-every = 1"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stesp = 3", "unknown key 'stesp'; did you mean 'steps'"),
        ("steps = true", "steps: expected a whole number"),
        ("steps = 1.5", "steps: expected a whole number"),
        ("seeds = 0", "seeds: expected at least 1, found '0'"),
        ("tasks = 3", "tasks: expected names"),
        ("force = 'yes'", "force: expected true or false"),
        ("sac = 3", "sac: expected key=value"),
        ("[sac]\ngama = 1", "unknown SAC setting 'gama'.*did you mean 'gamma'"),
        ("[sac]\ngamma = true", "gamma: expected a finite number"),
        ("[steps]\nx = 1", "steps: expected a whole number"),
        ("suite = 'smoke'\nsteps = ", "line 2: broken TOML"),
        ("suite = [", "line 1: broken TOML"),
        ("a = 1\na = 2", "line 2: broken TOML"),
        ("", None),
        (b"\xff\xfe", "expected TOML in UTF-8"),
        (b"a\0b", "broken TOML"),
    ],
)
def test_broken_files(write, text, message):
    path = write(text)
    if message is None:
        assert read_file(path) == {}
        return
    with pytest.raises(UsageError, match=message) as error:
        read_file(path)
    assert str(error.value).startswith(f"{path}: ") and "\n" not in str(error.value)


def test_files_that_are_none(tmp_path):
    with pytest.raises(UsageError, match="nix.toml: no such file"):
        read_file(str(tmp_path / "nix.toml"))
    with pytest.raises(UsageError, match="cannot be read"):
        read_file(str(tmp_path))


def test_the_file_is_named_where_its_values_do_not_go_together(write):
    path = write("suite = 'smoke'\nsteps = 5")
    with pytest.raises(UsageError, match="^--steps: expected at least the 1000 .*run.toml"):
        read_spec({}, path)


def test_a_file_saved_on_windows_is_read(tmp_path):
    """With a byte-order mark and CRLF."""
    path = tmp_path / "bom.toml"
    path.write_bytes(b"\xef\xbb\xbf" + FILE.replace("\n", "\r\n").encode())
    plain = tmp_path / "plain.toml"
    plain.write_text(FILE)
    assert read_file(str(path)) == read_file(str(plain))


def test_widths_as_tables_write_them():
    for text in ("64x32", "64,32", "64, 32", " 64x32 "):
        assert read_spec({"hidden": text}).sac.critic_hidden == (64, 32)
    assert read_spec({"sac": ["hidden=64x32,tau=0.01"]}).sac.critic_hidden == (64, 32)
    with pytest.raises(UsageError, match="--hidden: expected .*found 'b'"):
        read_spec({"hidden": "64xb"})
