"""What is told of a group that failed in code from outside divbench."""

import json
import textwrap

import pytest

import divbench
from divbench import cli
from divbench.execute.failures import failure_of

OWN = """
    from divbench.spec.variants import Variant

    def helper(x):
        raise ValueError("no such thing\\nsecond line")

    def loss(terms):
        return helper(terms.q)

    variant = Variant("wrong", "a loss that cannot be had", "nobody", losses=("failing:loss",))
"""
FLAGS = ("--suite smoke --tasks constant-reward --steps 120 --prime-samples 100 --prime-updates 0 --measure-every 100 "
         "--eval-every 120 --eval-episodes 1 --hidden 8,8 --batch-size 8 --out run").split()


@pytest.fixture
def failing(tmp_path, monkeypatch):
    """A module of that name, and the current directory."""
    (tmp_path / "failing.py").write_text(textwrap.dedent(OWN))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_its_file_line_and_traceback_are_on_the_terminal_and_in_the_run_folder(failing, capsys):
    assert cli.main(["run", *FLAGS, "--variants", "failing:variant", "--quiet"]) == 1
    told = capsys.readouterr().out
    assert "ValueError: no such thing (failing.py, line 5, in helper)" in told
    assert told.count("Traceback (most recent call last)") == 1 and told.count("return helper(terms.q)") == 1
    (error,) = failing.glob("run/groups/*/error.txt")
    assert str(error.relative_to(failing)) in told
    assert 'failing.py", line 8, in loss' in error.read_text() and "second line" in error.read_text()
    assert json.loads((failing / "run" / "card.json").read_text())["finished"] is None


def test_from_python_it_is_raised_unless_asked_not_to(failing):
    spec = divbench.RunSpec(suite="smoke", tasks="constant-reward", variants="failing:variant", steps=120,
                            prime_samples=100, prime_updates=0, measure_every=100, eval_every=120, eval_episodes=1,
                            sac=divbench.SACSettings(hidden=(8, 8), batch_size=8), out="run")
    with pytest.raises(divbench.RunFailed, match=r"no such thing \(failing.py, line 5, in helper\)") as heard:
        divbench.run(spec)
    assert isinstance(heard.value.__cause__, ValueError)
    (failure,) = heard.value.result.failed
    assert failure.file.read_text() == failure.traceback
    assert [str(one) for one in divbench.run(spec, check=False).failed] == [str(failure)]


def test_only_own_code_has_a_place():
    try:
        int("x")
    except ValueError as error:
        assert failure_of("group", error, ["json"]).place == ""
        own = failure_of("group", error, [__name__])
        assert own.place.startswith("test_failures.py, line ") and str(own).startswith("group: ValueError: invalid")
        assert str(failure_of("group", error, ["no_such_module"])) == "group: " + own.error
