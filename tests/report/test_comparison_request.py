"""What `divbench compare` was asked for: how flags are read, and what is refused."""

import functools
import os

import pytest

from divbench.cli.argument import FLAG
from divbench.cli.argument import read_request as read
from divbench.cli.table import EVERY
from divbench.report.compare.margins import METRICS
from divbench.report.compare.request import (
    JUNIT_MARK,
    MARKDOWN_MARK,
    CompareRequest,
)
from divbench.spec.errors import UsageError

read_request = functools.partial(read, EVERY["compare"])

SIDES = {"baseline": "a", "new": "b"}


def test_the_defaults():
    request = read_request(dict(SIDES))
    assert request == CompareRequest("a", "b") and request.metrics == ("return", "q")
    assert [request.margin(metric) for metric in METRICS] == [50.0, 0.02, 0.2]


def test_what_was_typed_is_read(tmp_path):
    given = {"metric": "speed, q", "margin": "speed=25%, q=1e-1", "confidence": "90%", "pair": "a=b,c=d=0.1",
             "paired": True, "strict": True, "markdown": str(tmp_path / "c.md")}
    request = read_request(SIDES | given)
    assert request == CompareRequest("a", "b", ("speed", "q"), (("speed", 0.25), ("q", 0.1)), 0.9, ("a=b", "c=d=0.1"),
                                     True, True, str(tmp_path / "c.md"))
    assert (request.margin("speed"), request.margin("return")) == (0.25, 50.0)


@pytest.mark.parametrize(("metric", "text", "margin"),
                         [("return", "50", 50.0), ("speed", "0.5", 0.5), ("q", ".1", 0.1)])
def test_one_metric_needs_no_name(metric, text, margin):
    assert read_request({**SIDES, "metric": metric, "margin": text}).margins == ((metric, margin),)


@pytest.mark.parametrize(("text", "task", "mean", "span", "margin"), [
    (None, "cheetah-run", 900.0, 1000.0, 50.0),  # at most 50
    (None, "cheetah-run", 300.0, 1000.0, 30.0),  # 10% of the mean
    (None, "cheetah-run", -300.0, 1000.0, 30.0),
    (None, "cheetah-run", 20.0, 1000.0, 10.0),  # at least 1% of the range
    (None, "swimmer", 38.0, None, 3.8),  # the range is not known
    (None, "swimmer", 0.0, None, 0.0),
    ("return=30", "cheetah-run", 5.0, 1000.0, 30.0),  # an amount is taken as it is given
    ("return=20%", "cheetah-run", 900.0, 1000.0, 180.0),
    ("return=20%", "cheetah-run", 9.0, 1000.0, 10.0),
    ("return=20%,return:walker-run=7", "walker-run", 900.0, 1000.0, 7.0),
    ("return=20%,return:walker-run=7", "cheetah-run", 900.0, 1000.0, 180.0),
    ("return=30,return:a=b=5%", "a=b", 900.0, None, 45.0),
])
def test_the_margin_of_returns_follows_the_task(text, task, mean, span, margin):
    request = read_request({**SIDES, **({"margin": text} if text else {})})
    assert request.margin("return", task, mean, span) == pytest.approx(margin)


def test_margins_are_said_in_words():
    margins = read_request({**SIDES, "margin": "return=20%,return:walker-run=7,q=0.1"}).all_margins
    assert margins.text("return") == "20% of BASELINE's mean; walker-run 7" and margins.text("q") == "0.1 decades"
    assert CompareRequest("a", "b").all_margins.text("return") == "10% of BASELINE's mean, at most 50"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"metric": "returns"}, "unknown metric 'returns'; did you mean 'return'\\? known: return, q, speed"),
        ({"metric": "q,q"}, "--metric: 'q' is named twice"),
        ({"margin": "50"}, "2 metrics are compared, say which one is meant, such as return=50,q=0.02; found '50'"),
        ({"margin": "qq=1"}, "unknown metric 'qq'.*did you mean 'q'|unknown metric 'qq'"),
        ({"margin": "speed=1%"}, "'speed' is not compared; add it to --metric, which is return,q"),
        ({"margin": "q=0"}, "expected more than 0 for q, found '0'"),
        ({"margin": "q=5%"}, "expected a number for q such as 0.02, found '5%'"),
        ({"margin": "return:=1"}, "expected METRIC:TASK=NUMBER, found 'return:=1'"),
        ({"margin": "return:a=1,return:a=2"}, "'return:a' is given twice"),
        ({"allow_missing": "a,,b"}, "--allow-missing: expected names separated by commas"),
        ({"margin": "q=1,q=2"}, "'q' is given twice"),
        ({"margin": "q=1,2"}, "expected METRIC=NUMBER separated by commas, found '2'"),
        ({"metric": "speed", "margin": "100%"}, "more than 0 and below 100% .1.0. for speed, found '100%'"),
        ({"metric": "return", "margin": "-1"}, "expected a number for return such as 50, found '-1'"),
        ({"metric": "return", "margin": "nan"}, "expected a number for return such as 50, found 'nan'"),
        ({"confidence": "1"}, "--confidence: expected a number from 0.5 to below 1 such as 0.95, found '1'"),
        ({"confidence": "lots"}, "--confidence: expected a number"),
        ({"pair": "ofn"}, "--pair: expected two variants such as ofn=mine, found 'ofn'"),
        ({"pair": "ofn="}, "--pair: expected two variants such as ofn=mine, found 'ofn='"),
        ({"markdown": "nowhere/c.md"}, "--markdown: expected a file in a folder that exists, found 'nowhere/c.md'"),
        ({"junit": "."}, "--junit: expected a file, found that '.' is a folder"),
        ({"markdown": "c", "junit": "c"}, "--junit: 'c' is the file of --markdown too"),
        ({"markdown": "c", "junit": "./c"}, "--junit: './c' is the file of --markdown too"),
        ({"markdown": "link"}, "--markdown: expected a file, found that 'link' is a link or a device; name another"),
        ({"junit": "pipe"}, "--junit: expected a file, found that 'pipe' is a link or a device; name another"),
        ({"markdown": "theirs.md"}, "--markdown: 'theirs.md' is there already and is not an earlier comparison"),
    ],
)
def test_what_is_refused(given, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "theirs.md").write_text("# mine\n")
    (tmp_path / "link").symlink_to("elsewhere")
    os.mkfifo("pipe")
    with pytest.raises(UsageError, match=message) as caught:
        read_request(SIDES | given)
    assert "\n" not in str(caught.value)


def test_an_earlier_comparison_may_be_replaced(tmp_path):
    for key, mark in (("markdown", MARKDOWN_MARK), ("junit", f'<?xml version="1.0"?>\n{JUNIT_MARK} time="0">')):
        (tmp_path / key).write_text(mark)
        assert getattr(read_request({**SIDES, key: str(tmp_path / key)}), key) == str(tmp_path / key)


def test_flags_are_those_that_are_read():
    texts = {"metric": "q", "margin": "1", "confidence": "0.9", "pair": "a=b", "allow_missing": "x,y", "markdown": "m",
             "junit": "j"}
    flags = [argument for argument in EVERY["compare"].arguments if argument.place == FLAG]
    assert [argument.key for argument in flags if argument.metavar] == list(texts)
    switches = {argument.key: True for argument in flags if not argument.metavar}
    request = read_request({**SIDES, **texts, **switches})
    assert request.paired and request.strict and request.allow_shorter and request.allow_missing == ("x", "y")
