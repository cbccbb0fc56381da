"""`divbench compile` and `plan --target` as they are typed: refusals in one line, with exit code 2."""

import json

import pytest

from divbench import cli
from divbench.targets import ahead, groups

REFUSED = {
    "compile --suite smoke": "compile: expected --target with one of a100, h100,",
    "compile --suite smoke --target h10": "unknown target 'h10'; did you mean 'h100'?",
    "compile --suite smoke --target h100 --programs train_chunks": "did you mean 'train_chunk'?",
    "compile --suite smoke --target h100 --physics host": "--physics: expected mjx for target 'h100', found 'host'",
    "plan --suite smoke --target h100 --rate 400": "--rate: incompatible with --target",
    "plan --suite smoke --target h10": "did you mean 'h100'?",
}


@pytest.mark.parametrize("words", REFUSED)
def test_refusals(words, capsys):
    assert cli.main([*words.split(), "--json"]) == 2
    out, err = capsys.readouterr()
    assert REFUSED[words] in err and err.count("\n") == 1
    assert json.loads(out)["error"] == err.removeprefix("divbench: ").strip()


def test_a_missing_extra_is_a_refusal(monkeypatch, capsys):
    monkeypatch.setattr(ahead, "EXTRAS", {"cuda": ("no_such_module",)})
    assert cli.main("compile --suite smoke --target h100".split()) == 2
    assert capsys.readouterr().err == ("divbench: target 'h100' needs the extra cuda: pip install 'divbench[cuda]'\n")


def test_a_dataset_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(ahead, "prepare", lambda *_: pytest.fail("JAX was prepared"))
    assert cli.main("compile --target h100 --dataset d --tasks cheetah-run --prime-updates 5".split()) == 2
    assert "--dataset: expected a run that acts" in capsys.readouterr().err


def test_progress_is_on_standard_error_and_quiet_is_silent(monkeypatch, capsys):
    monkeypatch.setattr(groups, "compile_groups", lambda spec, target, functions, told: told("compiling") or [])
    for flag, told in (([], "compiling\n"), (["--quiet"], "")):
        assert cli.main(["compile", "--suite", "smoke", "--target", "h100", *flag]) == 0
        assert capsys.readouterr().err == told
