"""Errors of one line with the nearest valid choice."""

import pytest

from divbench.spec.errors import UsageError, choose, hint_and_all, nearest, unknown


def test_nearest():
    assert nearest("cheeta-run", ["cheetah-run", "walker-run"]) == "; did you mean 'cheetah-run'?"
    assert nearest("zzz", ["cheetah-run"]) == ""


def test_choose():
    assert choose("suite", "smoke", {"smoke": 1}) == "smoke"
    with pytest.raises(UsageError) as error:
        choose("suite", "smok", ["smoke", "priming"])
    assert str(error.value) == "unknown suite 'smok'; did you mean 'smoke'? known: smoke, priming"


def test_the_hint_comes_before_the_list():
    assert hint_and_all("ofm", ["ofn", "reset"], "it has") == "; did you mean 'ofn'? it has ofn, reset"
    assert hint_and_all("zzz", []) == "; known: none"


def test_only_what_is_near_is_a_hint():
    """Dashes in front make nothing nearer, and a flag of the same beginning is another word."""
    assert nearest("--device", ["--diagnose", "--dataset", "--seeds"]) == ""
    assert nearest("--sede", ["--diagnose", "--seeds"]) == "; did you mean '--seeds'?"
    assert unknown("suite", "xyz", ["smoke"]) == "unknown suite 'xyz'; known: smoke"
