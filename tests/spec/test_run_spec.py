"""The run specification: suite defaults, checks, and the digest that names its folder."""

import json
from fractions import Fraction

import pytest

from divbench.spec.errors import UsageError
from divbench.spec.naming import find_variant
from divbench.spec.run_spec import RunSpec, completed
from divbench.spec.settings import SACSettings
from divbench.spec.suites import SUITES
from divbench.spec.variants import Reset, Variant


def test_the_suite_fills_what_is_not_given():
    spec, suite = RunSpec(suite="priming"), SUITES["priming"]
    assert spec.tasks == suite.tasks and spec.steps == 21_000 and spec.prime_updates == 100_000
    assert [variant.name for variant in spec.variants] == list(suite.variants)
    assert RunSpec(suite="priming", prime_updates=0, steps=2_000).protocol(Fraction(1)).updates == 1_000


def test_lists_may_be_written_as_text_or_alone():
    spec = RunSpec(tasks="cheetah-run,walker-run", variants="ofn, reset", utd=2)
    assert spec.tasks == ("cheetah-run", "walker-run")
    assert spec.variants == (find_variant("ofn"), find_variant("reset"))
    assert spec.utd == (Fraction(2),)
    assert RunSpec(tasks=["hopper-hop"], utd="1/2,4").utd == (Fraction(1, 2), Fraction(4))


def test_seeds_are_a_count_from_a_start():
    assert RunSpec(suite="smoke", seeds=3, seed_start=5).seed_list == (5, 6, 7)


def test_a_variant_of_ones_own():
    mine = Variant("mine", "a smaller discount", "", settings=(("gamma", 0.9),))
    assert RunSpec(suite="smoke", variants=("baseline", mine)).variants[1] is mine
    wrong = Variant("mine", "", "", settings=(("gama", 0.9),))
    with pytest.raises(UsageError, match="unknown SAC setting 'gama'"):
        RunSpec(suite="smoke", variants=(wrong,))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"suite": "smok"}, "unknown suite 'smok'.*did you mean 'smoke'"),
        ({"tasks": ("cheeta-run",)}, "unknown task 'cheeta-run'.*did you mean 'cheetah-run'"),
        ({"tasks": ()}, "--tasks: expected at least one"),
        ({"tasks": ("hopper-hop", "hopper-hop")}, "--tasks: 'hopper-hop' is named twice"),
        ({"variants": ("ofm",)}, "unknown variant 'ofm'"),
        ({"variants": ("ofn", "ofn")}, "--variants: 'ofn' is named twice"),
        (
            {"variants": ("reset-2560k-updates", "reset-2.56M-updates")},
            "'reset' is named twice",
        ),
        ({"utd": ("1/2", "0.5")}, "--utd: '1/2' is named twice"),
        ({"utd": (0,)}, "--utd: expected a positive"),
        ({"seeds": 0}, "--seeds: expected 1 to"),
        ({"seeds": True}, "--seeds: expected a whole number"),
        ({"seed_start": -1}, "--seed-start: expected 0 to"),
        ({"steps": 999}, "--steps: expected at least the 1000 random steps of the warm-up, found '999'"),
        ({"physics": "mjxx"}, "unknown physics 'mjxx'.*did you mean 'mjx'"),
        ({"precision": "tf31"}, "unknown precision"),
        ({"sac": {"gamma": 0.9}}, "sac: expected SACSettings"),
        ({"steps": 2**31 - 1, "utd": (4,)}, "--utd: expected at most 2,147,483,647 updates a lane"),
    ],
)
def test_wrong_fields(fields, message):
    with pytest.raises(UsageError, match=message) as error:
        RunSpec(**{"suite": "smoke", **fields})
    assert "\n" not in str(error.value)


def test_a_reset_of_another_interval_stands_beside_reset():
    spec = RunSpec(suite="smoke", variants="reset,reset-100k-updates")
    assert [variant.reset.interval for variant in spec.variants] == [2_560_000, 100_000]


def test_the_folder_follows_the_settings_and_nothing_else():
    spec = RunSpec(suite="smoke")
    assert spec.folder == f"results/runs/smoke-{spec.digest()}"
    assert len(spec.digest()) == 8
    assert RunSpec(suite="smoke", quiet=True, force=True, json=True).digest() == spec.digest()
    assert RunSpec(suite="smoke", seeds=SUITES["smoke"].seeds).digest() == spec.digest()
    others = [
        RunSpec(suite="smoke", **fields)
        for fields in (
            {"seeds": 2},
            {"seed_start": 1},
            {"utd": "1/2"},
            {"steps": 4_000},
            {"physics": "mjx"},
            {"precision": "high"},
            {"variants": "ofn"},
            {"tasks": "walker-run"},
            {"eval_every": 7},
            {"eval_episodes": 7},
            {"measure_every": 7},
            {"prime_samples": 7},
            {"prime_updates": 7},
            {"sac": SACSettings(gamma=0.9)},
        )
    ]
    assert len({spec.digest(), *(other.digest() for other in others)}) == len(others) + 1
    assert RunSpec(suite="smoke", out="here").folder == "here"


def test_settings_are_plain_json():
    settings = RunSpec(suite="smoke", utd="1/2", variants="reset").settings()
    assert json.loads(json.dumps(settings)) == settings
    assert settings["utd"] == ["1/2"]
    assert not {"out", "force", "quiet", "json"} & set(settings)


def test_the_way_back_from_settings():
    own = Variant("mine", "", "", frozenset({"layernorm"}), (("hidden", (64,)), ("gamma", 0.9)), Reset(500))
    spec = RunSpec(suite="smoke", utd="1/2,4", variants=("baseline", "reset", own), sac=SACSettings(tau=0.01))
    assert RunSpec.from_settings(json.loads(json.dumps(spec.settings()))) == spec


def test_older_settings_are_completed_and_newer_ones_stay():
    spec = RunSpec(suite="smoke", sac=SACSettings(gamma=0.9))
    settings = spec.settings()
    older = {name: value for name, value in settings.items() if name != "dataset"}
    older["sac"] = {name: value for name, value in settings["sac"].items() if name not in (
        "algorithm", "activation", "layernorm_layers", "layernorm_affine", "groupnorm_groups",
        "reward_scale", "reward_shift")}
    assert completed(older) == completed(settings) and completed(older)["sac"]["gamma"] == 0.9
    assert completed(older | {"later": 1})["later"] == 1
    assert RunSpec.from_settings(older | {"dataset_checksum": "ab"}) == spec


def test_settings_that_a_run_makes_nothing_of_are_refused():
    with pytest.raises(UsageError, match="variant 'data_fraction=0.1': data_fraction is a share of a dataset"):
        RunSpec(variants="baseline,data_fraction=0.1")
    offline = {"tasks": "walker2d", "dataset": "somewhere", "prime_updates": 100}
    assert RunSpec(variants="data_fraction=0.1", **offline)
    with pytest.raises(UsageError, match="'td3': time_limit_bootstraps=false changes nothing on a dataset"):
        RunSpec(variants="td3", sac=SACSettings(time_limit_bootstraps=False), **offline)


@pytest.mark.parametrize(("variants", "sac"), [
    (("baseline", "critic_lr=0.0003"), {}), (("ofn", "ofn+tau=0.005"), {}), (("baseline", "critic_lr=0.001"), {
        "critic_lr": 0.001})])
def test_two_names_for_the_same_lanes_are_refused(variants, sac):
    """Also where a setting is the run's own."""
    with pytest.raises(UsageError, match=f"--variants: '{variants[0]}' and '.*' are the same; expected one of them"):
        RunSpec(suite="smoke", variants=variants, sac=SACSettings(**sac))
