"""Errors of one line with the nearest valid choice."""

import pytest

from divbench.spec.errors import UsageError, choose, nearest


def test_nearest():
    assert nearest("cheeta-run", ["cheetah-run", "walker-run"]) == "; did you mean 'cheetah-run'?"
    assert nearest("zzz", ["cheetah-run"]) == ""


def test_choose():
    assert choose("suite", "smoke", {"smoke": 1}) == "smoke"
    with pytest.raises(UsageError) as error:
        choose("suite", "smok", ["smoke", "priming"])
    assert str(error.value) == "unknown suite 'smok'; known: smoke, priming; did you mean 'smoke'?"
