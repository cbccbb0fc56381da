"""Exit codes where the reader of what a command prints has gone."""

import os
import sys

import pytest

from divbench import cli
from divbench.cli.codes import reader_may_leave


@pytest.fixture
def nobody_reads(monkeypatch):
    """Standard output is a pipe whose other end is closed."""
    read, write = os.pipe()
    os.close(read)
    stream = os.fdopen(write, "w")
    monkeypatch.setattr(sys, "stdout", stream)
    yield stream
    stream.close()


def test_what_is_left_in_the_buffer_is_no_error(nobody_reads):
    with reader_may_leave():
        print("x")
    print("goes nowhere", flush=True)


def test_what_is_left_by_help_is_none_either(nobody_reads):
    assert cli.main(["compare", "--help"]) == 0


def test_rich_does_not_decide_the_exit_code(nobody_reads):
    from rich.console import Console

    with reader_may_leave():
        Console().print("x")


def test_a_regression_is_one_whoever_reads(nobody_reads, monkeypatch, tmp_path):
    from divbench.report import compare

    class Regressed:
        exit_code = 1

    monkeypatch.setattr(compare, "compare", lambda request: Regressed())
    monkeypatch.setattr(compare, "describe", lambda result: "x" * 100_000)
    assert cli.main(["compare", "a", "b"]) == 1


def test_without_an_output_nothing_is_flushed(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    assert cli.main(["cite", "--help"]) == 0


def test_other_errors_come_through():
    with pytest.raises(ValueError, match="boom"), reader_may_leave():
        raise ValueError("boom")
