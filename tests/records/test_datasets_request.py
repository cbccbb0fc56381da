"""What `divbench dataset` may be asked for."""

import functools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divbench.cli.argument import read_request as read
from divbench.cli.table import EVERY
from divbench.records.datasets import request as datasets
from divbench.records.datasets.request import (
    DatasetExportRequest,
    DatasetImportRequest,
    InfoRequest,
    SubsetRequest,
)
from divbench.spec.errors import UsageError
from divbench.spec.text import parse_fraction, share_name

read_subset = functools.partial(read, EVERY["dataset subset"])
read_import = functools.partial(read, EVERY["dataset import"])
read_export = functools.partial(read, EVERY["dataset export"])

FRACTIONS = [Fraction(text) for text in ("1", "1/2", "1/3", "1/10", "1/100")]


def test_flags_become_requests():
    assert read_subset({"folder": "a", "fraction": "10%", "seed": "2", "unit": "episodes"}) == SubsetRequest(
        "a", Fraction(1, 10), 2, "episodes")
    assert read_import({"path": "a.hdf5", "out": "b", "task": "hopper"}) == DatasetImportRequest(
        "a.hdf5", "b", task="hopper")
    assert read_export({"folder": "a", "to": "minari", "out": "b"}) == DatasetExportRequest("a", "minari", "b")


@pytest.mark.parametrize(("given", "message"), [
    ({"folder": "a"}, "dataset subset: expected --fraction"),
    ({"folder": "", "fraction": "1"}, "dataset: expected a dataset's folder"),
    ({"folder": "a", "fraction": "1", "unit": "episode"}, "unknown unit of a subset 'episode'.*mean 'episodes'"),
    ({"folder": "a", "fraction": "1", "seed": "x"}, "--seed: expected a whole number"),
    ({"folder": "a", "fraction": "1", "out": ""}, "--out: expected"),
])
def test_what_is_wrong_with_a_subset_is_named(given, message):
    with pytest.raises(UsageError, match=message):
        read_subset(given)


@pytest.mark.parametrize(("given", "message"), [
    ({}, "dataset import: expected a file or folder"),
    ({"path": "a"}, "--out: expected"),
    ({"path": "a", "out": "b", "layout": "d4rll"},
     "unknown layout 'd4rll'; did you mean 'd4rl'\\? known: d4rl, minari"),
    ({"path": "a", "out": "b", "task": "a\nb"}, r"--task: expected a name .* found 'a\\nb'"),
    ({"path": "a", "out": "b", "level": ""}, "--level: expected a name"),
])
def test_what_is_wrong_with_an_import_is_named(given, message):
    with pytest.raises(UsageError, match=message):
        read_import(given)


@pytest.mark.parametrize(("given", "message"), [
    ({"folder": "a", "out": "b"}, "dataset export: expected --to, one of d4rl, minari"),
    ({"folder": "a", "out": "b", "to": "hdf5"}, "unknown layout to export to 'hdf5'"),
    ({"folder": "a", "to": "d4rl"}, "--out: expected"),
    ({"folder": "a", "out": "b", "to": "d4rl", "name": "x-v0"}, "--name: goes with --to minari alone"),
    ({"folder": "a", "out": "b", "to": "minari", "name": "x"}, "--name: expected a name such as divbench/"),
    ({"folder": "a", "out": "b", "to": "minari", "name": "../x-v0"}, "--name: expected a name such as divbench/"),
])
def test_what_is_wrong_with_an_export_is_named(given, message):
    with pytest.raises(UsageError, match=message):
        read_export(given)


@pytest.mark.parametrize("name", ["x-v0", "divbench/cheetah-run/medium-v12"])
def test_minari_s_names_are_names(name):
    assert DatasetExportRequest("a", "minari", "b", name).name == name


def test_an_info_needs_a_folder():
    assert InfoRequest("a").folder == "a"
    with pytest.raises(UsageError, match="expected a dataset's folder"):
        InfoRequest("")


@pytest.mark.parametrize("text", ["10%", "0.1", "1/10", " 10.0% "])
def test_a_tenth_has_many_spellings(text):
    assert parse_fraction(text) == Fraction(1, 10)


@pytest.mark.parametrize("text", ["", "0", "0%", "101%", "1.5", "-1%", "1/0", "nan", "1e-3", "10 %", "10%%", None])
def test_what_is_no_share(text):
    with pytest.raises(UsageError, match="--fraction: expected a share above 0 and at most 1, such as 10%"):
        parse_fraction(text)


@pytest.mark.parametrize("fraction", [0.1, Fraction(0), Fraction(3, 2)])
def test_a_subset_takes_exact_shares_alone(fraction):
    with pytest.raises(UsageError, match="--fraction: expected a share"):
        SubsetRequest("a", fraction)


def test_subsets_have_names_of_their_own():
    targets = {SubsetRequest("x/a", fraction, seed, unit).target.as_posix()
               for fraction in FRACTIONS for seed in (0, 1) for unit in datasets.UNITS}
    assert len(targets) == 20
    assert {"x/a-10pct-seed0", "x/a-10pct-episodes-seed1", "x/a-1of3-seed0", "x/a-100pct-seed0"} <= targets
    assert SubsetRequest("x/a", Fraction(1), out="y").target.as_posix() == "y"


@given(st.integers(1, 1000), st.integers(1, 1000))
def test_names_of_different_shares_differ(numerator, denominator):
    share = Fraction(min(numerator, denominator), max(numerator, denominator))
    name = share_name(share)
    read = Fraction(name[:-3]) / 100 if name.endswith("pct") else Fraction(name.replace("of", "/"))
    assert read == share
