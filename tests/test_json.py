"""`--json` of every command: one object on standard output, refusals included. A new command needs a line here."""

import contextlib
import io
import json
import re
import shutil
from pathlib import Path

import pytest

from divbench import cli
from divbench.cli import table
from divbench.execute.making.datasets import Made, TrainingFailed
from divbench.execute.rendering.film import Film
from divbench.execute.run import RunResult
from divbench.studies.bench.measuring import Bench
from tests.records.made_datasets import write

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "json.md"
SIMBA = ",exp_name,env_name,seed,metric,env_step,value\n0,sac,dog_trot,0,avg_return,0.0,10.25\n"
# For each command words that succeed in the place of the tests, where later ones read what earlier ones made.
SAID = {
    "run": "run --suite smoke",
    "list": "list",
    "plan": "plan --suite smoke --rate 400",
    "compile": "compile --suite smoke --target h100",
    "report": "report run",
    "watch": "watch run --html",
    "compare": "compare run run",
    "import": "import simba.csv --action-repeat 2 --out imported",
    "export": "export run --to csv --out exported",
    "render": "render --task dog-run",
    "ntk": "ntk --task pendulum-swingup",
    "parity": "parity --tasks dog-run --out parity",
    "bench": "bench",
    "doctor": "doctor",
    "reproduce": "reproduce --list",
    "claims": "claims",
    "explain": "explain",
    "cite": "cite ofn",
    "completion": "completion bash",
    "dataset make": "dataset make --tasks cheetah-run --levels random --out sets",
    "dataset info": "dataset info set",
    "dataset subset": "dataset subset set --fraction 50% --out part",
    "dataset export": "dataset export set --to d4rl --out set.hdf5",
    "dataset import": "dataset import set.hdf5 --out again",
}


def said(words: list[str]) -> tuple[int, str, str]:
    """The exit code of a command and what it printed on either stream."""
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = cli.main(words)
    return code, out.getvalue(), err.getvalue()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A current directory with a run and a dataset; what takes long is replaced, and prints as a library may."""
    folder = tmp_path_factory.mktemp("place")
    shutil.copytree(ROOT / "results" / "baselines" / "dog-12k", folder / "run")
    film = Film(Path("x.gif"), "random actions", "host", 2, False, False, 1.0, 1, 0.1)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        Path("simba.csv").write_text(SIMBA)
        replaced = {"execute.run.run": RunResult(folder / "run"), "execute.rendering.film.render": film,
                    "execute.parity.measuring.run_parity": [{"obs_1": float("nan")}], "execute.doctor.diagnose": [],
                    "studies.ntk.measuring.measure_kernels": [], "studies.ntk.files.write_kernels": ["kernels.csv"],
                    "studies.bench.measuring.measure_bench": Bench({}, [], []),
                    "studies.bench.files.write_bench": ["bench.csv"], "targets.groups.compile_groups": [],
                    "report.build.contents": {"summary.md": b"x"},
                    "execute.making.datasets.make_datasets": [Made(write("set"), kept=False)]}
        for name, answer in replaced.items():
            patch.setattr(f"divbench.{name}", lambda *_, answer=answer, **more: print("from a library") or answer)
        yield folder


@pytest.fixture(scope="module")
def answers(place):
    """What each command says with `--json`."""
    return {command: said([*words.split(), "--json"]) for command, words in SAID.items()}


def refuse_constant(name: str):
    raise ValueError(f"{name} is no JSON")


def documented(command: str) -> list[str]:
    (row,) = re.findall(rf"^\| `{command}` \| (.*) \|$", PAGE.read_text(), re.MULTILINE)
    return re.findall(r"`(\w+)`", re.split("; with|: of each", row)[0])


@pytest.mark.parametrize("command", table.EVERY)
def test_every_command_prints_one_object_with_the_keys_of_the_page(command, answers):
    code, out, err = answers[command]
    assert code == 0, err
    assert out.endswith("}\n") and out.count("\n") == 1
    answer = json.loads(out, parse_constant=refuse_constant)
    assert answer.pop("exit_code") == 0
    expected = {"reproduce": ["experiments"], "explain": ["metrics"]}.get(command) or documented(command)
    assert list(answer) == expected


@pytest.mark.parametrize("command", table.EVERY)
def test_every_refusal_is_an_object_too(command, place):
    for words in ([*command.split(), "--no-such-flag", "--json"], [*command.split(), "--json", "--json=3"]):
        code, out, err = said(words)
        assert code == 2 and err.startswith("divbench: ") and err.count("\n") == 1
        assert json.loads(out) == {"error": err.removeprefix("divbench: ").rstrip("\n"), "exit_code": 2}


@pytest.mark.parametrize("words", [["--json"], ["rnu", "--json"], ["dataset", "--json"], ["dataset", "mkae", "--json"],
                                   ["report", "nix", "--json"], ["explain", "q_repaly", "--json"]])
def test_other_refusals(words, place):
    code, out, err = said(words)
    assert code == 2 and list(json.loads(out)) == ["error", "exit_code"] and err.count("\n") == 1


def test_what_goes_wrong_later_is_an_object_too(place, monkeypatch):
    def fails(error):
        def make_datasets(*_):
            raise error
        return make_datasets

    for error, code, why in ((TrainingFailed("boom"), 1, "failed: boom"), (KeyboardInterrupt(), 130, "interrupted"),
                             (RuntimeError("boom"), 70, "RuntimeError: boom; this is a mistake of divbench, not of the "
                                                        "request")):
        monkeypatch.setattr("divbench.execute.making.datasets.make_datasets", fails(error))
        found, out, err = said(["dataset", "make", "--tasks", "constant-reward", "--json"])
        assert (found, json.loads(out)) == (code, {"error": why, "exit_code": code})
        assert err.endswith(f"divbench: {why}\n")


def test_a_file_of_settings_can_ask_for_it(place):
    Path("json.toml").write_text("suite = 'smoke'\njson = true\n")
    code, out, err = said(["plan", "--config", "json.toml", "--rate", "400"])
    assert code == json.loads(out)["exit_code"] == 0 and err == ""


def test_records_are_objects(answers):
    assert json.loads(answers["render"][1])["film"]["path"] == "x.gif"
    assert json.loads(answers["parity"][1])["rows"] == [{"obs_1": None}]


def test_the_fields_of_a_metric_and_of_a_column(place):
    assert json.loads(said(["explain", "td_loss", "--json"])[1])["level"] == "cheap"
    assert json.loads(said(["explain", "env_step", "--json"])[1])["tables"]["scores"]["kind"] == "integer"
    assert json.loads(said(["--version", "--json"])[1])["version"]
