"""What a page holds: curves thinned without losing what matters, numbers as the report has them, nothing as markup."""

import base64
import dataclasses
import gzip
import json
import math
import random
import re
import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divbench.records.metrics import METRICS
from divbench.records.schema import TABLES
from divbench.report.build import report
from divbench.report.evidence import weigh
from divbench.report.layout import number, overall_table, score_table
from divbench.report.page import document, lines, raw
from divbench.report.page.columns import BOUNDS, PLOTTED
from divbench.report.page.looks import dash_lengths, line_looks
from divbench.report.page.payload import make_payload, run_names
from divbench.report.page.thinning import SPARED, line_text, number_text, thin
from divbench.report.page.write import page, write_page
from divbench.spec.errors import UsageError
from divbench.verdict.critical_point import RESTING

SCRIPT = "<script>alert(1)</script>"


@dataclasses.dataclass
class Curve:
    """A published curve as `divbench.records.published` has them."""

    task: str = "cheetah-run"
    action_repeat: int = 1
    method: str = "SAC"
    utd: str = "1"
    steps: tuple = (50_000, 100_000)
    mean: tuple = (100.0, 200.0)
    sd: tuple = (10.0, 20.0)
    seeds: tuple = (10, 10)
    label: str = "SAC UTD 1"
    citation: str = "Some paper, some repository; rows 2-3"


def payload_of(run, path, **options) -> dict:
    return make_payload([weigh(run.tables(), path)], **options)


def embedded(content: bytes, name: str):
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', content.decode(), re.S)
    return json.loads(found[1])


def numbers_of(text: str) -> list[float | None]:
    return [float(part) if part else None for part in text.rpartition(";")[2].split(",")]


series = st.lists(st.one_of(st.floats(-1e9, 1e9), st.just(math.nan), st.just(math.inf)), min_size=1, max_size=300)


@settings(deadline=None, max_examples=60)
@given(series, st.integers(8, 60), st.floats(-1e6, 1e6))
def test_thinning_keeps_ends_peaks_and_the_first_crossing(values, limit, bound):
    values = np.asarray(values)
    (kept,) = thin(values[:, None], limit, np.full(len(values), bound))
    assert (np.diff(kept) > 0).all() and kept[0] == 0 and kept[-1] == len(values) - 1
    assert len(kept) <= min(len(values), limit + 2 * max(2, limit // 20) + 4) or len(values) <= SPARED * limit
    finite = np.isfinite(values)
    if finite.any():
        assert np.nanmax(values[kept][finite[kept]]) == values[finite].max()
        assert np.nanmin(values[kept][finite[kept]]) == values[finite].min()
    beyond = np.flatnonzero(finite & (values > bound))
    if len(beyond):
        assert beyond[0] in kept and max(beyond[0] - 1, 0) in kept


def test_short_curves_are_whole():
    assert thin(np.arange(32.0)[:, None], 20)[0].tolist() == list(range(32))
    assert len(thin(np.arange(33.0)[:, None], 20)[0]) <= 20


short_floats = st.builds(lambda lead, power: float(f"{lead}e{power}"), st.integers(-99_999, 99_999), st.integers(-9, 6))


@given(st.lists(st.one_of(st.floats(-1e300, 1e300), st.floats(-1e4, 1e4), short_floats), min_size=1, max_size=20))
def test_a_point_of_a_curve_is_shown_as_the_number_itself(values):
    """Four digits are kept and three shown; rounding twice shows the same as rounding once."""
    parts = number_text(np.asarray(values)).split(",")
    assert [number(float(part)) for part in parts] == [number(value) for value in values]
    for part, value in zip(parts, values, strict=True):
        assert math.isclose(float(part), value, rel_tol=1e-3, abs_tol=1e-320)


def test_numbers_are_short():
    assert number_text(np.asarray([12345.678, 1e-7, -2.5e20, math.nan, 0.5, -math.inf])) == "1.234e4,1e-7,-2.5e20,,0.5,"
    assert number_text(np.asarray([12.3451, 12.3549, 12.35, 1234.5, -0.0])) == "12.34,12.35,12.35,1235,-0"


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_the_page_writes_points_as_the_report_writes_numbers():
    chosen = random.Random(0)
    values = [float(f"{chosen.uniform(-10, 10):.{digits}f}e{power}") for digits in (1, 2, 3, 4)
              for power in range(-6, 9) for _ in range(20)]
    values += [0.0, 9.995, 99.96, 999.5, 9999.4, 9999.5, 0.00099996, 1.005, 12.35, -1234.5, 1e-7, 2.5e20]
    program = f"{document.asset('dom.js')}\nconsole.log(JSON.stringify({json.dumps(values)}.map(figure)))"
    shown = json.loads(subprocess.run(["node", "-e", program], capture_output=True, text=True, check=True).stdout)
    assert [text.replace("−", "-") for text in shown] == [number(value) for value in values]


def test_what_was_not_measured_is_left_out_and_what_broke_is_a_gap():
    values = np.asarray([1.0, math.nan, 3.0, math.nan])
    never, always = np.zeros(4, bool), np.ones(4, bool)
    assert line_text(values, np.arange(4), never) == "0,2;1,3"
    assert line_text(values, np.arange(4), always) == "1,,3,"
    assert line_text(np.full(4, math.nan), np.arange(4), always) == ""


def test_columns_are_those_of_the_tables_and_explained():
    known = {table: {column.name for column in TABLES[table]} for table in TABLES}
    assert all(column.name in known[column.table] for column in (*PLOTTED, *BOUNDS))
    assert len({column.name for column in PLOTTED}) == len(PLOTTED)
    assert all(column.record()["meaning"] for column in PLOTTED)
    measured = {name for name, metric in METRICS.items() if metric.where == "values"}
    assert measured - {column.name for column in PLOTTED} == {"q_bound", "q_bound_any", "q_bound_low",
                                                                   "bound_seen"}


def test_curves_and_middles_are_those_of_the_tables(fake_run, tmp_path):
    run = fake_run(variants=("baseline",), seeds=(0, 1, 2))
    for seed, values in enumerate(((1.0, 5.0), (2.0, 6.0), (9.0, math.nan))):
        for place, q in enumerate(values):
            run.add("values", "quadruped-run", "baseline", "1", seed, 1000, 10 * place, q_replay_mean=q, q_bound=7.0,
                    nonfinite="" if math.isfinite(q) else "learner")
    found = payload_of(run, tmp_path)
    assert found["curves"]["q_replay_mean"] == ["1,5", "2,6", "9,"]  # the last lane ends with a gap
    assert found["middles"]["q_replay_mean"] == ["0;2"]  # the median, where all are finite
    assert found["axes"] == [("1000,1000", "0,10")]
    (outcome,) = found["outcomes"]["q_replay_mean"]
    assert [outcome[name] for name in ("final", "low", "high", "peak")] == ["6.00", "5.00", "9.00", "9.00"]
    assert (outcome["bound"], outcome["seeds"], outcome["of"]) == ("7.00", 2, 3)


def test_a_copied_lane_is_drawn_and_is_no_part_of_the_middle(fake_run, tmp_path):
    run = fake_run(variants=("baseline",), seeds=(0, 1))
    for seed in run.seeds:
        for place, q in enumerate((1.0, 5.0, 7.0)):
            run.add("values", "quadruped-run", "baseline", "1", seed, 1000, 10 * place, q_replay_mean=q)
    found = payload_of(run, tmp_path)
    assert found["curves"]["q_replay_mean"] == ["1,5,7"] * 2 and found["middles"]["q_replay_mean"] == ["1,5,7"]


def test_the_table_of_q_is_the_report_s(priming, tmp_path):
    evidence = weigh(priming(seeds=3, every=1000).tables(), tmp_path)
    found = make_payload([evidence])
    rows = {(cell["task"], cell["variant"]): outcome for outcome in found["outcomes"]["q_replay_mean"]
            for cell in [found["cells"][outcome["cell"]]]}
    assert len(rows) == len(evidence.q)
    for row in evidence.q:
        shown = rows[row.cell.task, row.cell.variant]
        assert (shown["step"], shown["update"]) == (row.env_step, row.update)
        for name in ("final", "low", "high", "peak", "bound"):
            assert shown[name] == number(getattr(row, name))
        assert shown["share"] == number(row.bound_ratio)
        assert (shown["against"], shown["reference"]) == (number(row.reference_ratio), row.reference)


def test_scores_and_all_tasks_are_written_as_in_the_summary(online, tmp_path):
    evidence = weigh(online(seeds=3).tables(), tmp_path)
    found = make_payload([evidence])
    table = score_table(evidence.scores)
    shown = [(row["mean"], row["low"], row["high"]) for row in found["scores"]]
    assert shown == [row[3:6] for row in table.rows] and len(shown) == 8
    (together,) = found["overall"]
    table = overall_table(evidence.overall)
    assert together["rows"] == table.rows and len(table.rows) == 4
    assert [column["label"] for column in together["columns"]] == list(table.headings)
    assert together["note"] == table.note


def test_one_task_has_no_table_over_all(online, tmp_path):
    assert payload_of(online(seeds=3, tasks=("cheetah-run",)), tmp_path)["overall"] == []


def test_a_warning_is_written_as_in_the_report_of_lanes(fake_run, tmp_path):
    run = fake_run(variants=("baseline",), seeds=(0, 1, 2))
    for seed, warning in enumerate((0.0099999, 0.125, math.nan)):
        run.add("values", "quadruped-run", "baseline", "1", seed, 1000, 10, q_replay_mean=1.0)
        run.add("verdicts", "quadruped-run", "baseline", "1", seed, 1000, 10, verdict="stable", warning=warning,
                explanation="Stable.")
    assert [lane["warning"] for lane in payload_of(run, tmp_path)["lanes"]] == ["below 1%", "12%", None]


def test_lanes_of_a_growing_run_meet_where_all_have_been(online, tmp_path):
    found = payload_of(online(seeds=2, tasks=("cheetah-run",), upto=0.5), tmp_path, now="noon")
    assert found["growing"] and found["written"] == "noon"
    assert {outcome["step"] for outcome in found["outcomes"]["return_mean"]} == {50_000}
    lengths = {len(numbers_of(text)) for text in found["curves"]["return_mean"]}
    assert lengths == {21, 11} and {len(numbers_of(text)) for text in found["middles"]["return_mean"]} == {11}


def test_a_page_that_grows_loads_itself_again_and_a_finished_one_does_not(online, tmp_path):
    growing = online(seeds=1, tasks=("cheetah-run",), upto=0.5)
    assert payload_of(growing, tmp_path, refresh=4.0)["refresh"] == 4.0
    assert payload_of(online(seeds=1, tasks=("cheetah-run",)), tmp_path, refresh=4.0)["refresh"] is None


def test_every_lane_has_its_verdict_and_explanation(priming, tmp_path):
    run = priming(seeds=2, every=1000)
    found = payload_of(run, tmp_path)
    assert len(found["lanes"]) == len(run.rows["verdicts"]) == 12
    told = {(found["cells"][lane["cell"]]["task"], found["cells"][lane["cell"]]["variant"], lane["seed"]): lane
            for lane in found["lanes"]}
    for row in run.rows["verdicts"]:
        lane = told[row["task"], row["variant"], row["seed"]]
        assert (lane["verdict"], lane["update"], lane["explanation"]) == (row["verdict"], row["update"],
                                                                        row["explanation"])


def test_lanes_measured_for_it_have_their_critical_point(fake_run, tmp_path):
    run = fake_run(variants=("baseline",), seeds=(0, 1))
    for seed, cosines in enumerate(((0.5, 1.0, 1.0), (0.5, 0.6, 0.7))):
        for place, cosine in enumerate(cosines):
            run.add("values", "quadruped-run", "baseline", "1", seed, 1000, 10 * place, q_replay_mean=1.0, q_bound=7.0)
            for metric in RESTING:
                run.add("diagnostics", "quadruped-run", "baseline", "1", seed, 1000, 10 * place, metric=metric,
                        layer="", value=cosine)
        run.add("verdicts", "quadruped-run", "baseline", "1", seed, 1000, 20, verdict="stable")
    assert [lane["critical_point"] for lane in payload_of(run, tmp_path)["lanes"]] == [10, None]
    run.rows["diagnostics"].clear()
    assert not any("critical_point" in lane for lane in payload_of(run, tmp_path)["lanes"])


def test_verdicts_of_an_older_run_are_explained_and_never_changed(priming, tmp_path):
    run = priming(seeds=1, every=1000)
    stored = [dict(row, explanation="", first_cause="", first_update=-1, warning=math.nan)
              for row in run.rows["verdicts"]]
    stored[0]["verdict"] = "recovered"  # another rule than today's
    explained = run.rows["verdicts"]
    run.rows["verdicts"] = stored
    lanes = payload_of(run, tmp_path)["lanes"]
    first = next(lane for lane in lanes if lane["verdict"] == "recovered")
    assert first["explanation"] == "" and "explained_now" not in first
    others = [lane for lane in lanes if lane is not first]
    assert all(lane["explained_now"] for lane in others)
    assert {lane["explanation"] for lane in others} == {row["explanation"] for row in explained[1:]}


def test_empty_and_score_only_runs_have_pages(fake_run, tmp_path):
    empty = fake_run(finished=None).write(tmp_path / "empty")
    assert embedded(write_page(empty).read_bytes(), "payload")["columns"] == []
    scored = fake_run(seeds=(0,))
    for step in (0, 5000):
        scored.add("scores", "quadruped-run", "ofn", "", 0, step, -1, return_mean=float(step))
    found = embedded(write_page(scored.write(tmp_path / "scored")).read_bytes(), "payload")
    assert [column["name"] for column in found["columns"]] == ["return_mean"]
    assert "verdict" not in found["lanes"][0] and found["scores"][0]["mean"] == "5,000"


def test_several_runs_keep_apart(priming, tmp_path):
    paths = [priming(seeds=1, every=3000, tasks=("hopper-hop",)).write(tmp_path / name / "run") for name in "ab"]
    found = embedded(write_page(paths[0], others=paths[1:]).read_bytes(), "payload")
    assert [run["name"] for run in found["runs"]] == ["run (1)", "run (2)"]
    assert sorted(cell["run"] for cell in found["cells"]) == [0, 0, 0, 1, 1, 1]
    assert all(len(look["dashes"]) == 2 and look["dashes"][0] != look["dashes"][1] for look in found["looks"])
    with pytest.raises(UsageError, match="found this one twice"):
        write_page(paths[0], others=[paths[0]])


def test_published_curves_are_cited_and_tell_another_action_repeat(online, tmp_path):
    curves = [Curve(), Curve(action_repeat=2, label="SAC UTD 1 (other)"), Curve(task="dog-run")]
    found = payload_of(online(seeds=1, tasks=("cheetah-run",)), tmp_path, against=curves)["published"]
    assert [curve["differs"] for curve in found] == [False, True]  # no run has dog-run
    assert found[0]["citation"] == "Some paper, some repository; rows 2-3; 10 seeds"
    assert found[1]["citation"].endswith("action repeat 2, here 1")
    assert (found[0]["steps"], found[0]["mean"], found[0]["sd"]) == ([50_000, 100_000], "100,200", "10,20")


def test_raw_rows_are_the_tables_own(priming, tmp_path):
    path = priming(seeds=1, every=3000).write(tmp_path / "run")
    found = {entry["table"]: entry for entry in embedded(write_page(path).read_bytes(), "raw")}
    for table, entry in found.items():
        assert gzip.decompress(base64.b64decode(entry["data"])) == (path / "tables" / f"{table}.csv").read_bytes()
    assert set(found) == {"scores", "values", "verdicts"}


def test_raw_rows_above_the_budget_are_left_out_and_their_place_is_told(priming, tmp_path, monkeypatch):
    monkeypatch.setattr(raw, "BUDGET", 10)
    found = raw.raw_tables([weigh(priming(seeds=1, every=3000).tables(), tmp_path)], ["run"])
    assert [entry["data"] for entry in found] == [None] * 3 and found[1]["where"] == "tables/values.csv"


def test_many_lanes_get_shorter_curves(monkeypatch, priming, tmp_path):
    run = priming(seeds=1, every=50, tasks=("hopper-hop",))
    whole = payload_of(run, tmp_path)["curves"]
    monkeypatch.setattr(lines, "NUMBERS", 100)
    short = payload_of(run, tmp_path)["curves"]
    assert {len(numbers_of(text)) for text in whole["q_policy_mean"]} == {301}
    assert {len(numbers_of(text)) for text in short["q_policy_mean"]} <= set(range(10, 40))
    assert {max(numbers_of(text)) for text in short["q_policy_mean"]} == {
        max(numbers_of(text)) for text in whole["q_policy_mean"]}


@pytest.mark.parametrize("name", [SCRIPT, "</script>", "<!--<script>", '"><img src=x onerror=alert(1)>', "a&lt;b"])
def test_no_name_becomes_markup(fake_run, tmp_path, name):
    run = fake_run(variants=(name,), seeds=(0,), suite=name)
    run.add("values", "t", name, "1", 0, 0, 0, q_replay_mean=1.0, q_bound=2.0)
    content = page([weigh(run.tables(), tmp_path)])
    text = content.decode()
    assert embedded(content, "payload")["looks"][0]["variant"] == name
    assert text.count("<script") == 4 and text.count("</script>") == 4 and "<img" not in text
    assert "<!--" not in text


def test_a_page_asks_nothing_of_a_network(priming, tmp_path):
    text = write_page(priming(seeds=1, every=3000).write(tmp_path / "run")).read_text()
    assert "default-src 'none'" in text and "connect-src" not in text
    assert not re.search(r'(?:src|href)="(?!data:)', text.split("<script")[0])
    policy = re.search(r"script-src ([^;]*)", text)[1]
    assert len(policy.split()) == 2 and "unsafe" not in text.split("</head>")[0]


def test_the_library_comes_with_its_licence():
    licence = document.asset(document.LICENCE).strip()
    plotting = document.plot_library()
    assert "The MIT License" in plotting and "Leon Sorokin" in plotting and licence in plotting


def test_every_script_of_the_folder_is_in_the_page():
    folder = document.resources.files("divbench.report.page").joinpath("assets")
    ours = {file.name for file in folder.iterdir() if file.name.endswith(".js")} - {document.LIBRARY}
    assert ours == set(document.SCRIPTS)


def test_a_finished_run_gives_the_same_bytes_and_its_report_has_the_page(priming, tmp_path):
    path = priming(seeds=1, every=3000, tasks=("hopper-hop",)).write(tmp_path / "run")
    written = {file.name: file.read_bytes() for file in report(path, quiet=True, html=True)}
    assert written["report.html"] == write_page(path).read_bytes()


def test_a_page_of_three_tasks_four_variants_three_seeds_is_below_three_megabytes(tmp_path):
    import importlib.util
    from pathlib import Path

    place = Path(__file__).resolve().parents[2] / "benchmarks" / "report_size.py"
    made = importlib.util.spec_from_file_location("report_size", place)
    benchmark = importlib.util.module_from_spec(made)
    made.loader.exec_module(benchmark)
    benchmark.write_run(tmp_path / "run", ["cheetah-run", "dog-run", "fish-swim"], ["a", "b", "c", "d"], 3, 500)
    content = write_page(tmp_path / "run").read_bytes()
    found = embedded(content, "payload")
    assert len(found["lanes"]) == 36 and 500_000 < len(content) < 3_000_000
    assert {column["name"] for column in found["columns"]} == {column.name for column in PLOTTED} - {"resets"}  # all 0


def test_names_and_looks():
    from pathlib import Path

    assert run_names([Path("/a/x"), Path("/b/x"), Path("/c/y")]) == ["x (1)", "x (2)", "y"]
    (look,) = line_looks(["ofn"], 1)
    assert look["light"] != look["dark"] and look["dashes"] == [[]]
    many = line_looks([f"dropout=0.{i:02}" for i in range(40)], 1)
    assert len({(look["light"], tuple(look["dashes"][0])) for look in many}) == 40
    assert dash_lengths("-") == [] and dash_lengths((0, (5, 1.5))) == [10, 3.0]


def test_a_folder_that_is_none_changes_nothing(tmp_path):
    with pytest.raises(UsageError, match="no such folder"):
        write_page(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="not a divbench run folder"):
        write_page(tmp_path / "empty")
    assert list(tmp_path.rglob("*.html")) == []
