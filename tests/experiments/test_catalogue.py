"""Every experiment: its record, its runs at both scales, and a decision that can go each way."""

import dataclasses
import re
import subprocess
import sys

import pytest
from matplotlib.colors import to_hex

from divbench.experiments import published, rehearsal, seem_among_measures
from divbench.experiments.catalogue import EXPERIMENTS, describe, records
from divbench.experiments.evidence import ALIGNMENT, KERNEL, RANK, SEARCH, SEEM
from divbench.experiments.experiment import INCONCLUSIVE, KINDS, NOT_REPRODUCED, REPRODUCED, Experiment
from divbench.experiments.figures import arm_looks
from divbench.experiments.protocols import by_scale, priming
from divbench.experiments.request import NAMES, SCALES
from divbench.report.colours import LINES, SHADES, colour_of, shaded
from divbench.report.figures import render
from divbench.spec.plan import make_groups, silent_resets
from divbench.spec.run_spec import RunSpec

HEAVY = ("jax", "numpy", "mujoco", "pyarrow", "matplotlib")
TRAINED = [name for name in NAMES if isinstance(EXPERIMENTS[name], Experiment)]  # others: test_measured
CASES = [(name, scale) for name in TRAINED for scale in SCALES]
PLAIN_ONLY = {"baseline": 8, "baseline UTD 1": 1, "baseline UTD 32": 8}
# The decade in which each arm's Q ends if the claim holds, 1 if not named; the bound is at 2.7. Turned round (9 minus
# it) the claim must fail.
DECADES = {
    "priming-length": {"15k updates": 8, "50k updates": 6, "75k updates": 7, "100k updates": 8},
    "priming-nikishin": {"primed": 8},
    "out-of-distribution-targets": {"baseline": 8},
    "initialisation": {"lecun_normal": 8, "lecun_normal, clipped log-std": 8, "orthogonal, gain sqrt 2": 1},
    "optimizers": dict.fromkeys(("baseline", "rmsprop", "adam-b1-0", "adam-low-b2", "adam-eps"), 8),
    "regularisers": {"baseline": 8, "ofn": 1} | dict.fromkeys(
        [f"weight-decay={x}" for x in ("0.0001", "0.001", "0.01", "0.1")] + ["dropout=0.01", "dropout=0.1"], 5),
    "single-critic": {"baseline": 8, "single-critic": 8, "mean-critic": 8},
    "seem-gamma": {f"gamma {gamma}": 8 for gamma in (0.928, 0.929, 0.93, 0.95, 0.99, 0.85, 0.87, 0.89, 0.92)},
    "seem-surge": {"plain": 8},
    "offline-normalisers": {"plain, 100%": 8, "plain, 10%": 8},
    "ema-or-copy": {"averaged": 5, "copied": 8},
    "layernorm-or-cloning": {"plain": 8},
    "layernorm-placement": {"none": 8},
    "reward-shaping": {"as it is": 8, "times 0.1": 8, "times 10": 7, "minus 1": 8, "plus 1": 8},
    "optimiser-or-pessimism": {"one critic": 8, "least of two": 8, "least of four": 8},
}
DECADES["seem-among-measures"] = DECADES["seem-gamma"]
# Final returns if the claim holds, 200 if not named; turned round they are 900 minus that.
RETURNS = {
    "priming-length": {"0k updates": 700},
    "priming-nikishin": {"not primed": 700},
    "utd32": {"baseline UTD 1": 700, "full reset UTD 32": 700, "ofn UTD 8": 700, "ofn UTD 32": 700},
    "actor-reset": {"actor reset": 700, "full reset": 700, "ofn, actor reset": 700},
    "dmc15": {"ofn UTD 8": 700, "reset UTD 32": 700},
    "dog": {"ofn": 700, "layernorm": 700},
    "preqn": {"preqn sin": 700},
    "layernorm-or-cloning": {"LayerNorm": 700},
    "layernorm-plugged-in": {"TD3+BC, 10%, with LayerNorm": 700},
}


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    """Of the one bootstrap that goes lane by lane."""
    monkeypatch.setattr(seem_among_measures, "DRAWS", 500)


def world(name, scale, evidence, *, turned=False, seeds=5):
    """Evidence in which the claim holds, or its mirror image."""
    decades, returns = DECADES.get(name, PLAIN_ONLY), RETURNS.get(name, {})
    arms = EXPERIMENTS[name].runs(scale)
    if name == "reward-informativeness":
        order = {arm.spec.tasks[0]: place for place, arm in enumerate(arms)}
        sign = 1 if turned else -1
        return evidence(arms, exponents=lambda task: 4 + 0.5 * sign * order[task], scores=lambda task: 0.0, seeds=seeds,
                        scale=scale, first_scores=lambda task: 10.0 * order[task])
    made = evidence(arms, exponents=lambda arm: 9 - decades.get(arm, 1) if turned else decades.get(arm, 1),
                    scores=lambda arm: 900 - returns.get(arm, 200) if turned else returns.get(arm, 200), seeds=seeds,
                    scale=scale)
    if name == "critical-point":
        return dataclasses.replace(made, lanes=tuple(dataclasses.replace(lane, critical=rest(lane, turned))
                                                     for lane in made.lanes))
    noted = {"preqn": cosines, "seem-gamma": signs, "seem-surge": surges, "seem-among-measures": signs}.get(name)
    if noted is None:
        return made
    lanes = made.lanes
    if name == "seem-surge":  # Q leaves its bound either way
        lanes = evidence(arms, exponents=lambda arm: 8, scores=lambda arm: 200, seeds=seeds, scale=scale).lanes
    return dataclasses.replace(made, lanes=tuple(dataclasses.replace(lane, noted=noted(lane, turned))
                                                 for lane in lanes))


def seeds_of(arm, arms):
    """Of all runs of an arm on a task."""
    return [seed for other in arms if (other.name, other.spec.tasks) == (arm.name, arm.spec.tasks)
            for seed in other.spec.seed_list]


def rest(lane, turned):
    """A critical point that the width sets, or how weights are drawn."""
    late = lane.arm.endswith("normal") if turned else lane.arm.startswith("256")
    return (2_000 if late else 200) + 10 * lane.seed


def cosines(lane, turned):
    """Those of PreQN near 1 and never below 0.95, turned round those of all others."""
    preqn = lane.arm.startswith("preqn")
    return {ALIGNMENT: ((1_000, (0.97 if preqn != turned else 0.3) + 0.002 * lane.seed),),
            **({SEARCH: ((1_000, 0.2 if turned else 0.951),)} if preqn else {})}


def signs(lane, turned):
    """SEEM says what became of the lane and the kernel's other numbers do not, or the other way round."""
    says, silent = (0.6 if lane.diverged != turned else 1e-9), 5.0 + lane.seed
    others = dict.fromkeys(KERNEL, ((9_000, silent),)) | {KERNEL[0]: ((9_000, 7.0 + lane.diverged if turned else 7.0),)}
    return {SEEM: ((0, 0.3), (9_000, says))} | others


def surges(lane, turned):
    """Before Q left its bound, or after it."""
    return {SEEM: ((0, 0.01), (500 if not turned else 14_500, 0.7), (15_000, 0.65))}


def test_the_names_are_the_experiments():
    assert tuple(EXPERIMENTS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_record_is_complete(name):
    experiment = EXPERIMENTS[name]
    assert experiment.name == name and experiment.kind in KINDS
    assert experiment.claim[0].isupper() and experiment.claim.endswith(".")
    assert experiment.claim.count(". ") == 0, "one sentence"
    assert re.search(r"\d{4}\.\d{5}|ICLR \d{4}", experiment.source)
    assert experiment.quick_shows.endswith(".") and len(experiment.quick_shows) > 80
    module = sys.modules[experiment.decide.__module__]
    assert f"`divbench reproduce {name}`" in module.__doc__ and "two CPU cores" in module.__doc__


@pytest.mark.parametrize(("name", "scale"), CASES)
def test_the_runs_are_valid_and_share_folders_where_they_are_equal(name, scale):
    arms = EXPERIMENTS[name].runs(scale)
    assert arms and len({(arm.name, arm.spec.tasks, arm.spec.seed_list) for arm in arms}) == len(arms)
    for arm in arms:
        assert isinstance(arm.spec, RunSpec) and arm.spec.out is None
        assert len(make_groups(arm.spec, fused=False)) == 1, "the lanes of a run train side by side"
        assert not silent_resets(arm.spec) or (name, scale) == ("dmc15", "full"), silent_resets(arm.spec)
        pooled = seeds_of(arm, arms)
        assert len(pooled) == len(set(pooled)) >= 3
    assert len({arm.spec.folder for arm in arms}) == len(arms)


@pytest.mark.parametrize("name", ["utd32", "actor-reset"])
def test_a_reset_of_the_quick_scale_comes_at_least_twice(name):
    for arm in EXPERIMENTS[name].runs("quick"):
        reset, (utd,) = arm.spec.variants[0].reset, arm.spec.utd
        assert reset is None or 2 * reset.interval < arm.spec.protocol(utd).updates


def test_experiments_share_their_runs():
    folders = {name: {arm.spec.folder for arm in EXPERIMENTS[name].runs("quick")} for name in TRAINED}
    assert folders["moments"] <= folders["ofn-priming"] and folders["priming-length"] <= folders["moments"]
    baseline = {arm.spec.folder for arm in EXPERIMENTS["regularisers"].runs("quick") if arm.name == "baseline"}
    assert folders["optimizers"] & folders["regularisers"] == baseline
    assert folders["divergence-in-training"] < folders["utd32"]
    assert len(folders["actor-reset"] & folders["utd32"]) == 1  # ofn at UTD 8
    assert len(folders["actor-reset"] & folders["dmc15"]) == 2  # and plain SAC


def test_the_quick_priming_is_what_it_says():
    arms = priming("quick", "ofn")
    assert {arm.name for arm in arms} == {"ofn"}
    assert {(arm.spec.prime_samples, arm.spec.prime_updates, arm.spec.steps, arm.spec.measure_every)
            for arm in arms} == {(1_000, 15_000, 1_000, 500)}
    assert by_scale("a", "b", "quick") == "a" and by_scale("a", "b", "full") == "b"


@pytest.mark.parametrize("scale", SCALES)
def test_priming_has_eight_seeds_a_task(scale):
    arms = EXPERIMENTS["ofn-priming"].runs(scale)
    for arm in arms:
        stand_and_lie = [100, 101, 102, 103, 110, 112, 118, 122]
        assert seeds_of(arm, arms) == (stand_and_lie if arm.spec.tasks == ("quadruped-run",) else [*range(100, 108)])


@pytest.mark.parametrize("scale", SCALES)
def test_online_arms_are_looked_at_equally_often(scale):
    """At the same env steps; runs that were measured more often are thinned, to some of their measurements."""
    for arm in EXPERIMENTS["utd32"].runs(scale):
        looks = arm.looks or arm.spec.measure_every
        assert looks == 625 * arm.spec.utd[0] and looks % arm.spec.measure_every == 0


@pytest.mark.parametrize("generation", [1, 2])
@pytest.mark.parametrize(("name", "scale"), CASES)
def test_a_decision_can_go_each_way(name, scale, generation, evidence):
    """With eight seeds or as many as the scale has, whether arms are paired or not."""
    decide, arms = EXPERIMENTS[name].decide, EXPERIMENTS[name].runs(scale)
    seeds = max(8, len(seeds_of(arms[0], arms)))

    def outcome(turned, seeds):
        made = world(name, scale, evidence, turned=turned, seeds=seeds)
        return decide(dataclasses.replace(made, cards={"runs/x": {"key_generation": generation}}))

    holds = outcome(False, seeds)
    assert holds.status == REPRODUCED, holds.sentence
    assert outcome(True, seeds).status == NOT_REPRODUCED
    assert 0.0 <= holds.chance <= 0.05 and outcome(True, seeds).chance <= 0.05 * len(holds.comparisons)
    thin = outcome(False, 1)
    # Shares and pairs are pooled over tasks, so that one seed of many tasks may say something; nothing else does.
    pooled = all("share" in c.what or "pairs" in c.method for c in thin.comparisons)
    assert thin.status == INCONCLUSIVE or pooled, thin.sentence
    assert holds.sentence.endswith(".") and holds.comparisons[0].what in holds.sentence


@pytest.mark.parametrize("generation", [1, 2])
@pytest.mark.parametrize(("name", "scale"), CASES)
def test_the_plan_names_what_its_seeds_cannot_decide(name, scale, generation, evidence, monkeypatch):
    """Even if every lane does as the claim says, what the plan names is inconclusive, and nothing else is."""
    monkeypatch.setattr(rehearsal, "GENERATION", generation)
    arms = EXPERIMENTS[name].runs(scale)
    made = world(name, scale, evidence, seeds=len(seeds_of(arms[0], arms)))
    outcome = EXPERIMENTS[name].decide(dataclasses.replace(made, cards={"runs/x": {"key_generation": generation}}))
    named = {comparison.what for comparison in rehearsal.out_of_reach(EXPERIMENTS[name], arms, scale)}
    assert named == {part.what for part in outcome.comparisons if part.status == INCONCLUSIVE}, outcome.sentence


CURES = ("out-of-distribution-targets", "ofn-priming", "single-critic")
NO_DIFFERENCE = ("priming-length", "reward-informativeness")  # is claimed there between arms


@pytest.mark.parametrize("decade", [1, 8])
@pytest.mark.parametrize(("name", "scale"), [case for case in CASES if case[0] not in NO_DIFFERENCE])
def test_nothing_is_reproduced_where_all_arms_are_alike(name, scale, decade, evidence):
    """None diverges, or all do: a cure that is none is refuted, and no difference is found."""
    arms = EXPERIMENTS[name].runs(scale)
    outcome = EXPERIMENTS[name].decide(evidence(arms, exponents=lambda arm: decade, scores=lambda arm: 300, seeds=5,
                                                scale=scale))
    assert outcome.status != REPRODUCED, outcome.sentence
    if name in CURES and decade == 8:
        assert outcome.status == NOT_REPRODUCED


def test_the_rank_has_a_panel_and_a_line_in_words(evidence):
    experiment = EXPERIMENTS["divergence-in-training"]
    assert all(arm.spec.diagnose == "full" for arm in experiment.runs("quick"))
    seen = world("divergence-in-training", "quick", evidence, seeds=3)
    lanes = (dataclasses.replace(seen.lanes[0], noted={RANK: ((5_000, 180.0), (15_000, 40.0))}), *seen.lanes[1:])
    seen = dataclasses.replace(seen, lanes=lanes)
    assert any("effective rank 180.0 at update 5,000, 40.0 at update 15,000" in line
               for line in experiment.decide(seen).context)
    _, rank = experiment.figure(seen).axes
    assert rank.get_title("left") == "effective rank, quadruped-run"
    dots = [line for line in rank.lines if len(line.get_xdata())]
    assert all(line.get_linestyle() == "None" and list(line.get_xdata()) == [5_000, 15_000] for line in dots) and dots


@pytest.mark.parametrize("name", TRAINED)
def test_a_figure_is_drawn(name, evidence):
    figure = EXPERIMENTS[name].figure(world(name, "quick", evidence, seeds=3))
    assert any(axes.lines for axes in figure.axes)
    assert render(figure, "svg").startswith(b"<?xml")
    black = [line for axes in figure.axes for line in axes.lines if to_hex(line.get_color()) == "#000000"]
    assert all(line.is_dashed() for line in black), "black is for bounds alone"


@pytest.mark.parametrize("name", TRAINED)
def test_an_arm_has_the_colour_of_its_variant_and_a_look_of_its_own(name, evidence):
    seen = world(name, "full", evidence, seeds=1)
    looks = arm_looks(seen)
    for arm, look in looks.items():
        own = colour_of(seen.of(arm)[0].variant)
        assert look["color"] == own or (len(looks) > len(LINES) and look["color"] in {shaded(own, x) for x in SHADES})
    assert len({(look["color"], str(look["linestyle"])) for look in looks.values()}) == len(looks)


def test_dashes_tell_utds_apart_alike_in_every_variant(evidence):
    looks = arm_looks(world("dmc15", "full", evidence, seeds=1))
    by_utd = {utd: {str(look["linestyle"]) for arm, look in looks.items() if arm.endswith(f" {utd}")}
              for utd in (1, 8, 32)}
    assert by_utd[32] == {"-"} and all(len(styles) == 1 for styles in by_utd.values())
    assert len(set.union(*by_utd.values())) == 3


def test_panels_of_one_quantity_share_their_range(evidence):
    figure = EXPERIMENTS["moments"].figure(world("moments", "quick", evidence, seeds=3))
    ranges = {}
    for axes in figure.axes:
        ranges.setdefault(axes.get_title("left").partition(",")[0], set()).add((axes.get_xlim(), axes.get_ylim()))
    assert set(ranges) == {"second moment", "gradient norm"} and all(len(found) == 1 for found in ranges.values())


def test_medians_of_final_values_lie_above_the_lanes(evidence):
    figure = EXPERIMENTS["optimizers"].figure(world("optimizers", "quick", evidence, seeds=3))
    for axes in figure.axes:
        dots = [line.get_zorder() for line in axes.lines if line.get_marker() in ("o", "X")]
        bars = [line.get_zorder() for line in axes.lines if line.get_linewidth() == 2.6]
        assert dots and bars and min(bars) > max(dots)
    assert len({axes.get_xlim() for axes in figure.axes}) == 1


def test_the_list_has_every_experiment_with_its_minutes(monkeypatch):
    monkeypatch.setenv("COLUMNS", "500")  # nothing is folded
    told = describe()
    assert all(name in told and EXPERIMENTS[name].source in told for name in NAMES)
    assert [record["source"] for record in records()] == [EXPERIMENTS[name].source for name in EXPERIMENTS]
    assert re.search(r"^ofn-priming +priming +32 ", told, re.M)


def test_importing_experiments_loads_nothing_heavy(tmp_path):
    code = ("from divbench.experiments import catalogue, reproduce, outcomes, evidence, figures; catalogue.describe(); "
            f"import sys; print(*sorted(set({HEAVY}) & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.split() == []


def test_published_numbers_name_their_source():
    for lines in (published.sac_in_words(), published.sr_sac_in_words(), published.dog_in_words()):
        assert lines and all(line.startswith("published, ") and "result files" in line for line in lines)
    assert any("UTD 1 515, UTD 32 189, UTD 32 with resets 749" in line for line in published.sac_in_words())
