"""`divbench reproduce` from the command to outcome and figure, and the scoreboard of outcomes."""

import dataclasses
import json
import signal
from pathlib import Path

import pytest

from divbench import cli
from divbench.execute.making.datasets import TrainingFailed
from divbench.execute.making.request import MakeRequest
from divbench.execute.signals import Interrupted
from divbench.experiments import catalogue, outcomes, reproduce
from divbench.experiments import request as requests
from divbench.experiments.comparisons import few_diverge, q_over_bound
from divbench.experiments.experiment import Arm, Experiment, conclude
from divbench.experiments.figures import q_curves
from divbench.experiments.outcomes import find_outcomes, installed_claims, scoreboard, with_holm
from divbench.experiments.request import CLAIMS, ReproduceRequest
from divbench.spec.run_spec import RunSpec
from divbench.spec.settings import SACSettings


def tiny_runs(scale, task="cheetah-run"):
    fields = {"suite": "priming", "tasks": task, "seeds": 6, "prime_samples": 60, "prime_updates": 40,
              "steps": 60, "measure_every": 20, "eval_episodes": 1, "sac": SACSettings(hidden=(16,), batch_size=8)}
    return (Arm("baseline", RunSpec(variants="baseline", **fields)),
            Arm("smaller steps", RunSpec(variants="baseline", **{**fields, "sac": SACSettings(
                hidden=(16,), batch_size=8, critic_lr=1e-4)})))


TINY = Experiment(name="tiny", claim="A critic that hardly learned is within the bound.", source="nobody, 2403.05996",
                  kind="priming", runs=tiny_runs, quick_shows="That all parts fit together.",
                  decide=lambda evidence: conclude(q_over_bound(evidence, "baseline", "below"),
                                                   context=("a line of context",)),
                  figure=lambda evidence: q_curves(evidence, "Q of a small critic"))


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """An own current directory, and one more experiment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(catalogue.EXPERIMENTS, "tiny", TINY)
    monkeypatch.setattr(requests, "NAMES", (*requests.NAMES, "tiny"))
    return tmp_path


def test_from_the_command_to_the_outcome(place, capsys):
    words = ["reproduce", "tiny", "--physics", "host", "--quiet"]
    assert cli.main([*words, "--plan"]) == 0
    told = capsys.readouterr().out
    assert "2 runs, 12 lanes, 480 updates, of which 480" in told and "to train" in told and "  0-5  " in told
    assert "cannot be reproduced" not in told
    assert list(place.iterdir()) == []

    assert cli.main(words) == 0
    told = capsys.readouterr().out
    assert "tiny: reproduced (quick scale)" in told and "a line of context" in told and TINY.claim in told
    folder = place / CLAIMS / "tiny"
    assert {file.name for file in folder.iterdir()} == {"outcome.json", "outcome.md", "figure.png", "figure.svg"}
    assert (folder / "figure.png").read_bytes()[:4] == b"\x89PNG"
    record = json.loads((folder / "outcome.json").read_text())
    assert record["status"] == "reproduced" and record["effect"] < 0 and record["interval"][1] < 0
    assert (record["experiment"], record["scale"], record["seeds"], record["physics"]) == ("tiny", "quick", 6, "host")
    assert record["versions"]["divbench"] and record["device"] and record["schema_version"] == 1
    assert (record["rule"], record["level"]) == (2, 1 - 2 / 64) and record["chance"] == 2 / 64
    assert record["comparisons"][0]["method"] == "order statistics, 6 seeds"
    assert len(record["lanes"]) == 12 and all(lane["q"] is not None for lane in record["lanes"])
    assert [lane["return"] is not None for lane in record["lanes"]] == [True] * 12
    specs = [arm.spec for arm in tiny_runs("quick")]
    assert [run["task"] for run in record["runs"]] == ["cheetah-run"] * 2
    assert len({run["digest"] for run in record["runs"]}) == 2 == len({spec.digest() for spec in specs})
    page = (folder / "outcome.md").read_text()
    assert page.startswith("# tiny: reproduced") and TINY.source in page and "smaller steps" in page

    before = (folder / "outcome.json").read_bytes()
    card, *_ = sorted((place / "results" / "runs").glob("*/card.json"))
    summary = card.parent / "report" / "summary.md"
    summary.parent.mkdir()
    summary.write_text("Device: cpu. State: not finished.\n")
    assert cli.main(["reproduce", "tiny", "--physics", "host"]) == 0
    assert "State: finished 20" in summary.read_text(), "of a run whose report was made before it finished"
    told = capsys.readouterr().out
    assert told.count("was there already") == 2 and "of which 0 are in runs not finished" in told
    assert (folder / "outcome.json").read_bytes() == before

    assert cli.main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == record | {"exit_code": 0}
    for asked, message in ((["--physics", "host", "--scale", "full"], "scale 'quick', asked for is 'full'"),
                           (["--physics", "auto"], "requested physics 'host', asked for is 'auto'")):
        assert cli.main(["reproduce", "tiny", *asked]) == 2
        told = capsys.readouterr()
        assert message in told.err and told.out == "" and (folder / "outcome.json").read_bytes() == before

    assert cli.main(["claims"]) == 0
    told = capsys.readouterr().out
    assert "tiny" in told and "reproduced" in told


def more_runs(scale):
    first, second = tiny_runs(scale)
    another = dataclasses.replace(first.spec, seed_start=6, seeds=1, out=None)
    return (first, dataclasses.replace(first, spec=another), second)


def test_what_is_there_decides_so_far(place, capsys, monkeypatch):
    words = ["reproduce", "tiny", "--physics", "host", "--quiet"]
    assert cli.main([*words, "--so-far"]) == 2
    assert "--so-far: no run of 'baseline' on cheetah-run is finished; expected one for each" in capsys.readouterr().err
    assert cli.main(words) == 0 and cli.main([*words, "--so-far"]) == 2
    assert "--so-far: all runs of 'tiny' are finished; leave it out" in capsys.readouterr().err
    whole = json.loads((place / CLAIMS / "tiny" / "outcome.json").read_text())

    monkeypatch.setitem(catalogue.EXPERIMENTS, "tiny", dataclasses.replace(TINY, runs=more_runs))
    monkeypatch.setattr("divbench.execute.run.run", lambda *_, **__: pytest.fail("trained"))
    assert cli.main([*words, "--so-far"]) == 0
    said = "So far: 2 of 3 runs. Not in it: cheetah-run, baseline, UTD 1, seed 6."
    assert said in capsys.readouterr().out
    folder = place / CLAIMS / "so-far" / "tiny"
    record = json.loads((folder / "outcome.json").read_text())
    assert said in (folder / "outcome.md").read_text() and record["seeds"] == 6
    assert {key: value for key, value in record.items() if key != "missing"} == whole
    assert cli.main(["claims"]) == 0
    (row,) = [line.split() for line in capsys.readouterr().out.splitlines() if line.endswith("so-far")
              and line.startswith("tiny ")]
    assert row[1] == "reproduced"


SMALL = SACSettings(hidden=(16,), batch_size=16)
OWN = MakeRequest(("constant-reward",), ("medium-replay",), transitions=200, steps=200, eval_every=100,
                  prime_samples=50, out="results/datasets/tiny", sac=SMALL)


def offline_runs(scale):
    fields = {"tasks": "constant-reward", "dataset": str(OWN.target("constant-reward", "medium-replay")), "seeds": 2,
              "prime_updates": 20, "eval_every": 20, "eval_episodes": 1, "measure_every": 10, "sac": SMALL}
    return (Arm("all", RunSpec(variants="td3", **fields)),
            Arm("a tenth", RunSpec(variants="td3+data_fraction=0.1", diagnose="seem", **fields)))


@pytest.mark.slow
def test_datasets_are_made_before_the_runs_that_learn_from_them(place, capsys, monkeypatch):
    offline = dataclasses.replace(TINY, kind="offline", runs=offline_runs, datasets=lambda scale: (OWN,),
                                  decide=lambda evidence: conclude(q_over_bound(evidence, "all", "below")))
    monkeypatch.setitem(catalogue.EXPERIMENTS, "tiny", offline)
    assert offline.minutes("quick") == pytest.approx((80 + 150) / 370 / 60)
    dataset = "results/datasets/tiny-host/constant-reward-medium-replay"
    words = ["reproduce", "tiny", "--physics", "host", "--quiet"]
    assert cli.main([*words, "--plan"]) == 0
    assert ("cannot be reproduced: log10 of Q over the bound, all, largest of the tasks (order statistics, 2 seeds) "
            "reaches 50% at best, where 95% is needed") in (told := capsys.readouterr().out)
    assert f"dataset {dataset}: to be made, 150 updates for its expert" in told
    assert cli.main([*words, "--plan", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert [entry["reach"] for entry in plan["out_of_reach"]] == [0.5]
    assert [entry["folder"] for entry in plan["datasets"]] == [dataset] and list(place.iterdir()) == []

    assert cli.main(words) == 0
    told = capsys.readouterr()
    assert told.err == "" and "tiny: inconclusive" in told.out, "two seeds have no interval"
    assert (place / dataset / "card.json").is_file()
    record = json.loads((place / CLAIMS / "tiny" / "outcome.json").read_text())
    assert {run["settings"]["dataset"] for run in record["runs"]} == {dataset}
    header, rows = record["arms"]["header"], record["arms"]["rows"]
    assert [row[:4] for row in rows] == [["all", "constant-reward", "2", "0"], ["a tenth", "constant-reward", "2", "0"]]
    assert all(len(row) == len(header) for row in rows) and rows[0][-2:] == ["-", "-"]
    assert float(rows[1][-2]) is not None and rows[1][-1] == "0 of 2, 2 equal, p 1"  # the toy pays alike
    assert "| a tenth | constant-reward | 2 | 0 |" in (place / CLAIMS / "tiny" / "outcome.md").read_text()

    assert cli.main(["reproduce", "tiny", "--physics", "host"]) == 0
    told = capsys.readouterr().out
    assert f"dataset {dataset}: there" in told and told.count("was there already") == 3


@pytest.mark.parametrize(("error", "code", "words"), [
    (Interrupted(signal.SIGINT), 130, "interrupted; the same command continues"),
    (TrainingFailed("group: boom"), 1, "failed: results/datasets/tiny: group: boom"),
])
def test_nothing_is_trained_before_the_datasets_are_there(error, code, words, monkeypatch, capsys, place):
    def fail(request):
        raise error

    offline = dataclasses.replace(TINY, runs=offline_runs, datasets=lambda scale: (OWN,),
                                  decide=lambda evidence: conclude(few_diverge(evidence, "all")))
    monkeypatch.setitem(catalogue.EXPERIMENTS, "tiny", offline)
    monkeypatch.setattr("divbench.execute.making.datasets.make_datasets", fail)
    monkeypatch.setattr("divbench.execute.run.run", lambda *_, **__: pytest.fail("trained"))
    assert cli.main(["reproduce", "tiny"]) == code
    assert words in capsys.readouterr().out and not (place / CLAIMS).exists()


class Ended:
    """How a run ended, as `reproduce` reads it."""

    def __init__(self, folder="here", failed=(), interrupted=False, number=0):
        self.folder, self.failed, self.interrupted, self.signal = folder, failed, interrupted, number
        self.already_finished, self.other_keys = False, ""


@pytest.mark.parametrize(("ended", "code", "runs"), [(Ended(interrupted=True, number=signal.SIGINT), 130, 1),
                                                     (Ended(failed=("group: boom",)), 1, 2)])
def test_nothing_is_decided_before_all_is_trained(ended, code, runs, monkeypatch, capsys, place):
    running = pytest.importorskip("divbench.execute.run")
    begun = []
    monkeypatch.setattr(running, "run", lambda spec, *, progress, check: begun.append(spec) or ended)
    assert cli.main(["reproduce", "tiny"]) == code and len(begun) == runs
    told = capsys.readouterr().out
    assert ("interrupted; the same command continues" in told) == ended.interrupted
    assert ("failed: here: group: boom" in told) == bool(ended.failed)
    assert cli.main(["reproduce", "tiny", "--json"]) == code
    assert json.loads(capsys.readouterr().out)["exit_code"] == code
    assert not (place / "results").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["reproduce"], "reproduce: expected the name of an experiment"),
        (["reproduce", "utd33"], "unknown experiment 'utd33'; did you mean 'utd32'"),
        (["reproduce", "utd32", "--scale", "quik"], "unknown scale 'quik'.*did you mean 'quick'"),
        (["reproduce", "utd32", "--physics", "hots"], "unknown physics 'hots'.*did you mean 'host'"),
        (["reproduce", "utd32", "--list"], "--list: lists all experiments, and 'utd32' names one"),
        (["reproduce", "dog", "--physics", "mjx"], "--physics: task 'dog-run' has no physics 'mjx'"),
        (["reproduce", "tiny", "--out", "a-file"], "--out: expected a folder.*a-file' is a file"),
        (["reproduce", "tiny", "--out", "x" * 300], "--out: cannot write to .*name too long"),
        (["reproduce", "utd32", "--plan", "--so-far"], "--so-far: decides by what is there, and --plan"),
        (["reproduce", "theorem-2", "--so-far"], "--so-far: 'theorem-2' is decided by a measurement, not by runs"),
        (["claims", "--dir", "nix"], "--dir: expected a folder of outcomes, found nothing of that kind at 'nix'"),
        (["claims", "--dir", "broken"], "outcome.json: damaged, or not the outcome of an experiment"),
        (["claims", "--dir", "odd"], "outcome.json: damaged, or not the outcome of an experiment"),
        (["claims", "more"], "one word too many, 'more': expected flags alone"),
    ],
)
def test_wrong_requests_are_one_line(words, message, place, capsys):
    import re

    Path("a-file").write_text("x")
    (place / "broken" / "x").mkdir(parents=True)
    (place / "broken" / "x" / "outcome.json").write_text('{"format": "something else"}')
    put(place / "odd", outcome(threshold=None))
    assert cli.main(words) == 2
    told = capsys.readouterr()
    assert told.out == "" and told.err.count("\n") == 1 and re.search(message, told.err)


def outcome(name="ofn-priming", status="reproduced", scale="quick", **changes):
    record = {"format": outcomes.FORMAT, "schema_version": outcomes.OUTCOME_VERSION, "experiment": name,
              "claim": f"Claim of {name}.", "source": "somebody, 2403.05996", "scale": scale, "status": status,
              "sentence": "So it is.", "what": "a number", "effect": -1.5, "interval": [-2.0, -1.0], "threshold": 0.0,
              "side": "below", "seeds": 3, "physics": "host", "requested_physics": "auto", "device": "cpu",
              "tasks": ["x"], "comparisons": [], "context": [], "lanes": [], "published_claim": f"Claim of {name}."}
    return {**record, **changes}


def put(folder, record):
    place = folder / record["experiment"]
    place.mkdir(parents=True)
    (place / "outcome.json").write_text(json.dumps(record))


def test_the_scoreboard(place, capsys):
    put(place / "claims", outcome("utd32", "inconclusive", interval=None))
    put(place / "claims", outcome("moments"))
    put(place / "claims" / "full", outcome("moments", "not reproduced", "full"))
    assert cli.main(["claims", "--dir", "claims"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["moments", "moments", "utd32"]
    assert lines[1].split()[1:10] == ["reproduced", "-", "-1.5", "[-2,", "-1]", "-", "below", "0", "3"]
    assert " full " in lines[2] and lines[2].endswith(" full")
    assert lines[-3:-1] == ["1 reproduced, 1 inconclusive", "full: 1 not reproduced"]
    assert any(line.startswith("level -: not known. 3 outcomes were decided by the first rule") for line in lines)
    known = len(outcomes.NAMES)
    assert lines[-1].startswith(f"not carried out, {known - 2} of {known}: priming-length, ")
    assert "moments" not in lines[-1] and "dmc15" in lines[-1]
    assert cli.main(["claims", "--dir", "claims", "--markdown"]) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[0].startswith("| experiment | claim | status |") and len({line.count("|") for line in table[:5]}) == 1
    assert "Claim of utd32." in table[4]


def test_the_scoreboard_shows_the_number_that_decided():
    record = outcome("moments", "inconclusive")
    part = {"what": "first", "effect": 8.0, "interval": [7.0, 9.0], "threshold": 1.0, "side": "above"}
    undecided = {**part, "what": "second", "effect": 1.5, "interval": None, "status": "inconclusive"}
    record["comparisons"] = [{**part, "status": "reproduced"}, undecided]
    table = scoreboard([("", record)], markdown=True)
    assert "| inconclusive | - | second | 1.5 | - | - |" in table and "| first |" not in table


def test_the_scoreboard_shows_what_is_left_after_holm(place, capsys):
    """Of three claims of a series one survives, as does one that is alone in its own; one of no chance counts too."""
    new = {"rule": 2, "level": 0.992, "interval": [-2.0, -1.0]}
    put(place / "claims", outcome("moments", chance=0.004, **new))
    put(place / "claims", outcome("utd32", chance=0.03, **new))
    put(place / "claims" / "full", outcome("moments", "not reproduced", "full", chance=0.03, **new))
    put(place / "claims", outcome("ofn-priming"))
    assert cli.main(["claims", "--dir", "claims"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = {(line.split()[0], line.split()[-1]): line for line in lines[1:5]}
    assert "reproduced      reproduced " in rows["moments", "cpu"] and "99.2%" in rows["moments", "cpu"]
    assert "reproduced      inconclusive" in rows["utd32", "cpu"] and "not reproduced  not reproduced" in rows[
        "moments", "full"]
    assert any(line.startswith("with Holm: ") for line in lines)
    assert with_holm(find_outcomes("claims")) == ["reproduced", "not reproduced", "-", "inconclusive"]
    assert cli.main(["claims", "--dir", "claims", "--markdown"]) == 0
    assert "| Claim of utd32. | reproduced | inconclusive | a number | -1.5 | [-2, -1] | 99.2% |" in (
        capsys.readouterr().out)


def test_an_empty_scoreboard_says_how_to_fill_it(place, capsys):
    (place / "empty").mkdir()
    assert cli.main(["claims", "--dir", "empty"]) == 0
    assert "divbench reproduce NAME" in capsys.readouterr().out


def test_own_and_committed_outcomes_stand_together_and_once(place, monkeypatch):
    put(place / "committed", outcome("moments"))
    put(place / CLAIMS, outcome("utd32"))
    monkeypatch.setattr(outcomes, "installed_claims", lambda: place / "committed")
    assert [record["experiment"] for _, record in find_outcomes()] == ["moments", "utd32"]
    monkeypatch.setattr(outcomes, "installed_claims", lambda: place / CLAIMS)
    assert [record["experiment"] for _, record in find_outcomes()] == ["utd32"]
    monkeypatch.setattr(outcomes, "installed_claims", lambda: None)
    assert "utd32" in scoreboard(find_outcomes())


def test_outcomes_that_came_with_the_package_can_be_read():
    assert installed_claims() is not None
    for _, record in find_outcomes(str(installed_claims())):
        assert record["status"] in ("reproduced", "not reproduced", "inconclusive")


def test_an_outcome_of_another_version_is_named(place):
    put(place / "old", outcome(schema_version=0))
    with pytest.raises(ValueError, match="written with outcome schema 0, this divbench has 1"):
        find_outcomes("old")


def test_a_plan_asks_for_the_same_lanes_under_the_request_s_physics():
    plan = reproduce.make_plan(TINY, ReproduceRequest("tiny", physics="mjx", quiet=True))
    assert [spec.physics for spec in plan.runs] == ["mjx", "mjx"] and all(spec.quiet for spec in plan.runs)
    assert plan.folder == Path(CLAIMS) / "tiny"


def test_an_arm_may_be_several_runs_of_a_seed_each(monkeypatch):
    whole, other = tiny_runs("quick", task="constant-reward")
    apart = tuple(dataclasses.replace(whole, spec=dataclasses.replace(whole.spec, seeds=1, seed_start=seed))
                  for seed in (100, 101, 102))
    monkeypatch.setitem(catalogue.EXPERIMENTS, "tiny", dataclasses.replace(TINY, runs=lambda scale: (*apart, other)))
    assert cli.main(["reproduce", "tiny", "--physics", "host", "--quiet"]) == 0
    record = json.loads((Path(CLAIMS) / "tiny" / "outcome.json").read_text())
    assert [run["seeds"] for run in record["runs"]] == [[100], [101], [102], list(range(6))]
    assert record["seeds"] == 3, "the fewest of an arm"
    assert [row[:3] for row in record["arms"]["rows"]] == [["baseline", "constant-reward", "3"],
                                                           ["smaller steps", "constant-reward", "6"]]
    assert record["comparisons"][0]["interval"] is None, "three seeds of one arm"
    assert (record["comparisons"][0]["method"], record["status"]) == ("order statistics, 3 seeds", "inconclusive")
