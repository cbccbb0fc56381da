"""The arithmetic of `divbench bench` against numbers worked out by hand, and what is timed against FLOPs by count."""

from fractions import Fraction

import jax
import pytest

from divbench.spec.errors import UsageError
from divbench.spec.plan import make_groups
from divbench.spec.run_spec import RunSpec
from divbench.spec.settings import SACSettings
from divbench.spec.sizes import mlp_sizes
from divbench.studies.bench import measuring
from divbench.studies.bench.ceiling import layers_of, repeated_products
from divbench.studies.bench.figures import speed_figure
from divbench.studies.bench.measuring import Bench, measure_bench, projections, rates_of, share
from divbench.studies.bench.projection import TaskRates, TaskWork, project
from divbench.studies.bench.request import BenchRequest, cells_of
from divbench.studies.bench.rows import ACTING, LEARNING, SKIPPED, TRAINING, BenchRow
from divbench.studies.bench.sampling import doubled, sample, summarised
from divbench.studies.bench.wording import as_csv, describe, line, rate


def row(kind=TRAINING, **fields):
    blank = {**dict.fromkeys(BenchRow._fields), "kind": kind, "task": "cheetah-run", "variant": "baseline", "lanes": 2,
             "utd": "8" if kind == TRAINING else "", "device": "cpu", "jax": "1.2.3", "precision": "highest",
             "physics": "host", "network": "mlp 8x8", "batch_size": 8, "command": "divbench bench", "memory_of": "",
             "samples": 5, "chunk": 1, "note": ""}
    return BenchRow(**{**blank, **fields})


def small_lane(variant="baseline"):
    spec = RunSpec(suite="smoke", tasks="cheetah-run", variants=variant, seeds=1,
                   sac=SACSettings(batch_size=32, critic_hidden=(16, 24), actor_hidden=(8,)))
    (group,) = make_groups(spec, fused=False)
    return group.lanes[0]


def test_the_layers_have_the_products_of_an_update():
    lane = small_lane()
    assert sum(layer.flops(32) for layer in layers_of(lane)) == mlp_sizes(lane, frozenset()).update_flops


@pytest.mark.parametrize("lanes", [1, 3])
def test_no_product_of_the_ceiling_is_left_out_by_the_compiler(lanes):
    lane = small_lane()
    run, operands = repeated_products(lane, lanes)
    counted = run.lower(operands, 1).compile().cost_analysis()["flops"]
    expected = lanes * sum(layer.flops(32) for layer in layers_of(lane))
    assert counted == pytest.approx(expected, rel=0.02)
    after = run(operands, 2)
    assert [one.shape for one in jax.tree.leaves(after)] == [one.shape for one in jax.tree.leaves(operands)]


def test_the_share_of_the_ceiling():
    assert share(500.0, 2_000_000, 4e9) == 0.25


def test_hours_of_a_suite():
    work = [TaskWork("a", updates=36_000, env_steps=7_200, evaluation_steps=3_600, update_flops=10),
            TaskWork("b", updates=36_000, env_steps=7_200, evaluation_steps=0, update_flops=20)]
    rates = {"a": TaskRates(updates_per_second=10.0, env_steps_per_second=2.0, update_flops=10)}
    found = project("s", "v", 4, work, rates)
    assert found.update_hours == 1.0 + 2.0, "the updates of b cost twice the FLOPs"
    assert (found.env_step_hours, found.evaluation_hours, found.hours) == (2.0, 0.5, 5.5)
    assert (found.measured, found.assumed, found.rates_of) == (("a",), ("b",), "a")
    own = project("s", "v", 4, work, {**rates, "b": TaskRates(100.0, 20.0, 20)})
    assert own.update_hours == pytest.approx(1.1) and own.env_step_hours == pytest.approx(1.1) and own.assumed == ()


def test_the_hours_are_those_of_the_suites_counts():
    request = BenchRequest(RunSpec(suite="smoke", tasks="cheetah-run", variants="baseline"), (2, 4), (Fraction(1),))
    rows = [row(LEARNING, updates_per_second=100.0, update_flops=573_440_000), row(ACTING, env_steps_per_second=50.0),
            row(SKIPPED, lanes=4)]
    (found,) = projections(request, rows)
    assert (found.lanes, found.suite, found.measured) == (2, "smoke", ("cheetah-run",))
    # Three tasks, one seed: 3,000 env steps. Evaluations at 0, 1,000, after priming, at 2,000 and 3,000, two episodes.
    assert found.env_step_hours == pytest.approx(3 * 3_000 / 50.0 / 3600)
    assert found.evaluation_hours == pytest.approx(5 * 2 * (1_000 + 1_000 + 10) / 50.0 / 3600)


def test_rates_are_those_of_learning_and_acting():
    rows = [row(LEARNING, updates_per_second=100.0, update_flops=7), row(ACTING, env_steps_per_second=50.0),
            row(updates_per_second=1.0, env_steps_per_second=1.0)]
    assert rates_of(rows) == {"cheetah-run": TaskRates(100.0, 50.0, 7)}
    assert rates_of([row(SKIPPED)]) == {}


def test_a_median_and_a_spread():
    found = summarised([2.0, 1.0, 4.0], chunk=10, calls=2)
    assert (found.rate, found.slowest, found.fastest, found.samples, found.chunk) == (10.0, 0.5, 2.0, 3, 10)


def test_samples_are_as_long_as_asked_for():
    calls = []

    def timed(work):
        calls.append(work)
        return work / 100.0

    assert doubled(timed, 1.0) == 100
    assert calls[0] == 1 and max(calls) == 64
    assert doubled(timed, 1.0, most=10) == 10
    calls.clear()
    found = sample(timed, 5.0, most=10)  # a second each, in chunks of a tenth
    assert found.rate == pytest.approx(100.0) and found.chunk == 10
    assert calls[-50:] == [10] * 50


def test_one_interruption_does_not_make_samples_short():
    times = iter([5.0, 5.0])
    assert doubled(lambda work: next(times, work / 100.0), 1.0) == 100


def test_cells_are_programs_with_the_suites_replay():
    spec = RunSpec(suite="smoke", tasks="cheetah-run,hopper-hop", variants="baseline,ofn")
    cells = cells_of(BenchRequest(spec, (1, 4), (Fraction(1),)))
    assert [(cell.task, cell.variant, len(cell.group.lanes)) for cell in cells][:3] == [
        ("cheetah-run", "baseline", 1), ("cheetah-run", "baseline", 4), ("cheetah-run", "ofn", 1)]
    assert len(cells) == 8 and all(cell.group.protocol.env_steps == 3_000 for cell in cells)


def test_the_devices_defaults():
    request = BenchRequest(RunSpec(suite="smoke"))
    assert request.resolved(cpu=True).lanes == (1, 2, 4)
    assert request.resolved(cpu=False).lanes[-1] == 64 and request.resolved(cpu=False).utd[-1] == 128
    assert BenchRequest(RunSpec(suite="smoke"), lanes=(3,)).resolved(cpu=True).lanes == (3,)


def test_what_does_not_fit_is_skipped_before_anything_compiles(monkeypatch):
    spec = RunSpec(suite="smoke", tasks="cheetah-run", variants="baseline")
    request = BenchRequest(spec, (1, 64), (Fraction(1),))
    monkeypatch.setattr("divbench.execute.memory.device_memory", lambda: 20_000_000)
    timed, told = [], []

    def time_cell(cell, request, card):
        timed.append(len(cell.group.lanes))
        yield row(LEARNING, lanes=1, updates_per_second=1.0, update_flops=1)
        yield row(ACTING, lanes=1, env_steps_per_second=1.0)

    monkeypatch.setattr(measuring, "_measured", time_cell)
    found = measure_bench(request, ["divbench", "bench"], told.append)
    assert timed == [1] and found.rows == told
    skipped = found.rows[-1]
    assert skipped.kind == SKIPPED and skipped.lanes == 64 and "of its 64 lanes fit" in skipped.note
    assert skipped.memory_counted > 20_000_000
    assert [one.lanes for one in found.projections] == [1]

    with pytest.raises(UsageError, match=r"--lanes: none of 64 fits: group 'cheetah-run.* needs "):
        measure_bench(BenchRequest(spec, (64,), (Fraction(1),)), ["divbench"])
    assert timed == [1]


def test_a_panel_for_each_task_and_quantity_and_a_dash_for_each_utd():
    rows = [row(task=task, variant=variant, lanes=lanes, utd=utd, updates_per_second=10.0 * lanes,
                env_steps_per_second=5.0, ceiling_share=0.1, slowest=0.9, fastest=1.1)
            for task in ("cheetah-run", "hopper-hop") for variant in ("baseline", "ofn") for lanes in (1, 2, 4)
            for utd in ("1", "8")]
    figure = speed_figure([*rows, row(SKIPPED, lanes=64)], ["cpu"])
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["cheetah-run", "hopper-hop", "", "", "", ""]
    lines = [line for line in figure.axes[0].lines if line.get_marker() != "None"]
    assert [list(line.get_ydata()) for line in lines] == [[10.0, 20.0, 40.0]] * 4
    colours, markers = [line.get_color() for line in lines], [line.get_marker() for line in lines]
    assert colours[0] == colours[1] != colours[2] == colours[3]
    assert markers[0] == markers[2] != markers[1] == markers[3]


def test_words_of_rows():
    full = row(updates_per_second=1234.5, env_steps_per_second=154.3, slowest=0.9, fastest=1.25, ceiling_share=0.256,
               compile_seconds=2.0, memory_bytes=2**20, memory_of="resident", memory_counted=2**20)
    assert line(full) == "cheetah-run, baseline, 2 lanes, UTD 8: 1,230 updates/s, 154 env steps/s (-10% +25%)"
    left = row(SKIPPED, lanes=64, memory_counted=2**30, note="too large")
    card = {"device": "cpu", "cpus": 2, "precision": "highest", "physics": {"cheetah-run": "host"},
            "command": "divbench bench"}
    text = describe(Bench(card, [full, left], []))
    assert text.startswith("cpu, 2 CPU cores, jax 1.2.3, precision highest, physics host, network mlp 8x8, batch 8\n"
                           "divbench bench\n")
    assert "skipped: cheetah-run, baseline, 64 lanes: too large" in text and "1.0 GiB needed" in text
    assert "25.6%" in text
    assert as_csv([left]).decode().splitlines()[1].startswith("skipped,cheetah-run,baseline,64,,,,")
    assert [rate(value) for value in (None, 0.12345, 45.67, 99.96, 1234.5)] == ["", "0.123", "45.7", "100", "1,230"]
