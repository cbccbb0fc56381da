"""Two result sets side by side: decisions with known answers, what is refused, and the files."""

import json
import xml.etree.ElementTree as ET

import pytest

from divbench.report.compare import Incomparable, compare, describe, markdown, record
from divbench.report.compare.request import CompareRequest
from divbench.spec.errors import UsageError

SETTINGS = {"steps": 3000, "prime_samples": 1000, "prime_updates": 0, "eval_episodes": 10, "gamma": 0.99}
TASKS, VARIANTS = ("cheetah-run", "hopper-hop"), ("baseline", "ofn")


@pytest.fixture
def write(tmp_path, fake_run):
    """`write(name, returns, q, ...)`: a run folder whose lanes have these numbers at their last two points."""

    def make(name, returns=(300.0, 310.0, 320.0, 330.0, 340.0), q=(20.0, 20.1, 20.2, 20.3, 20.4), *, tasks=TASKS,
             variants=VARIANTS, seeds=None, settings=(), card=(), rows=(), utd="1", verdicts=(), rate=None,
             update=2000, late=()):
        run = fake_run(tasks=tasks, variants=variants, utd=(utd,))
        for task in tasks:
            for variant in variants:
                for place, seed in enumerate(seeds or range(len(returns))):
                    where = (task, variant, utd, seed)
                    run.add("scores", *where, 0, 0, return_mean=1.0, episodes=10, **dict(rows))
                    run.add("values", *where, 0, 0, q_replay_mean=0.1, **dict(rows))
                    run.add("scores", *where, 3000, update, return_mean=returns[place], episodes=10, **dict(rows))
                    run.add("values", *where, 3000, update, q_replay_mean=q[place], **dict(rows),
                            **dict(late))
                    if verdicts:
                        run.add("verdicts", *where, 3000, update, verdict=verdicts[place])
        if rate:
            for task in tasks:
                for stretch in range(12):
                    run.rows["timing"].append({
                        "suite": "s", "group": task, "task": task, "variants": ",".join(variants), "utd": utd,
                        "physics": "host", "action_repeat": 1, "network": "mlp 256x256", "precision": "highest",
                        "lanes": 2, "env_step": stretch, "update": stretch, "phase": "policy", "event": "train",
                        "seconds": 1.0, "updates_per_second": rate * (1 + stretch % 3 / 100)})
        path = run.write(tmp_path / name)
        known = json.loads((path / "card.json").read_text())
        known["settings"].update({**SETTINGS, **dict(settings)})
        known.update(card)
        (path / "card.json").write_text(json.dumps(known))
        return str(path)

    return make


def outcome(*sides, **fields):
    return compare(CompareRequest(*sides, **fields))


def decisions(result, metric):
    return [row.decision for row in result.rows if row.metric == metric]


NEW_SEEDS = range(100, 105)


def test_equal_bits_are_identical(write):
    result = outcome(write("a"), write("b"))
    assert (result.decision, result.exit_code) == ("identical", 0)
    assert {row.decision for row in result.rows} == {"identical"} and len(result.rows) == 2 * (1 + 4)
    assert describe(result).startswith("identical: return and q of 20 lanes, equal to the last bit")



def test_what_one_side_does_not_say_is_called_unknown(write):
    """Results of other code have no physics, network or precision: they are equal to their like alone."""
    unknown = {"physics": "", "network": "", "precision": ""}.items()
    with pytest.raises(Incomparable, match="physics is host in BASELINE and unknown in NEW"):
        outcome(write("a"), write("b", rows=unknown))
    assert outcome(write("c", rows=unknown), write("d", rows=unknown)).decision == "identical"


def test_a_utd_that_is_not_known_is_named_so(write):
    with pytest.raises(Incomparable, match="nothing to compare: UTD is 1 in BASELINE and unknown in NEW"):
        outcome(write("a"), write("b", utd=""))


def test_one_bit_is_not_identical(write):
    new = write("b", q=(20.0, 20.1, 20.2, 20.3, 20.400000000000002))
    result = outcome(write("a"), new)
    assert result.decision == "equal" and set(decisions(result, "q")) == {"equal"}
    assert set(decisions(result, "return")) == {"identical"}


def test_other_seeds_of_equal_numbers_are_equal(write):
    result = outcome(write("a"), write("b", seeds=NEW_SEEDS))
    assert (result.decision, result.exit_code) == ("equal", 0)


def test_a_lower_return_is_a_regression_and_a_higher_one_is_better(write):
    good, bad = write("good"), write("bad", returns=(100.0, 110.0, 120.0, 130.0, 140.0), seeds=NEW_SEEDS)
    worse, better = outcome(good, bad), outcome(bad, good)
    assert (worse.decision, worse.exit_code, decisions(worse, "return")[0]) == ("regressed", 1, "regressed")
    assert (better.decision, better.exit_code, decisions(better, "return")[0]) == ("better", 0, "better")
    total = worse.rows[0]
    assert (total.cell, total.baseline, total.new, total.difference.effect) == (None, 320.0, 120.0, -200.0)
    assert describe(worse).startswith("regressed: return over all cells")


@pytest.mark.parametrize("factor", [10.0, 0.1])
def test_q_may_neither_grow_nor_shrink(write, factor):
    result = outcome(write("a"), write("b", q=[factor * q for q in (20.0, 20.1, 20.2, 20.3, 20.4)], seeds=NEW_SEEDS))
    assert decisions(result, "q")[0] == "regressed" and result.exit_code == 1
    assert abs(result.rows[5].difference.effect) == pytest.approx(1.0)


def test_a_difference_within_the_margin_is_no_regression(write):
    new = write("b", returns=(260.0, 265.0, 270.0, 275.0, 280.0), seeds=NEW_SEEDS)  # ranks separate completely
    assert outcome(write("a"), new, metrics=("return",)).rows[0].chance < 0.01
    fifty = outcome(write("c"), new, metrics=("return",), margins=(("return", 50.0),))
    assert fifty.decision == "undecided"  # -50 of 50: neither
    tenth = outcome(write("f"), new, metrics=("return",))
    assert tenth.decision == "regressed" and tenth.rows[0].margin == pytest.approx(32.0)  # 10% of 320
    assert outcome(write("d"), new, metrics=("return",), margins=(("return", 80.0),)).decision == "equal"
    assert outcome(write("e"), new, metrics=("return",), margins=(("return", 40.0),)).decision == "regressed"


def test_too_few_seeds_say_how_many_it_takes(write):
    old, new = write("a", returns=(300.0, 340.0), q=(20.0, 20.1)), write("b", (100.0, 140.0), (20.0, 20.1))
    result = outcome(old, new, metrics=("return",))
    cells = result.rows[1:]
    # four cells share 2.5%: C(2n, n) must pass 160
    assert {row.decision for row in cells} == {"undecided"} and {row.needed for row in cells} == {5}
    assert "about 5 seeds a side would decide" in describe(result)


def test_one_seed_a_side_cannot_decide(write):
    one = dict(tasks=("cheetah-run",), variants=("ofn",))
    result = outcome(write("a", (300.0,), (20.0,), **one), write("b", (10.0,), (2e6,), **one))
    assert (result.decision, result.exit_code, len(result.rows)) == ("undecided", 0, 2)
    # one of two tests at 5%: 1 in C(2n, n) below 2.5%, and for both signs of q 2 in C(2n, n)
    assert [row.needed for row in result.rows] == [4, 5]
    strict = outcome(write("c", (300.0,), (20.0,), **one), write("d", (10.0,), (2e6,), **one), strict=True)
    assert (strict.decision, strict.exit_code) == ("undecided", 1)


def test_pairs_of_seeds_need_less_where_seeds_decide(write):
    old, new = write("a", returns=(100.0, 300.0, 500.0, 700.0, 900.0)), write("b", (30.0, 229.0, 430.0, 629.0, 830.0))
    assert outcome(old, new, metrics=("return",)).decision == "undecided"
    paired = outcome(old, new, metrics=("return",), paired=True)
    assert paired.decision == "regressed" and paired.rows[0].difference.high < -60.0


def test_pairs_need_equal_seeds(write):
    with pytest.raises(UsageError, match="--paired: expected the same seeds.* 0, 1, 2, 3, 4 .* 100, 101, 10"):
        outcome(write("a"), write("b", seeds=NEW_SEEDS), paired=True)


def test_lanes_that_are_no_longer_finite_are_the_worst(write):
    nan = float("nan")
    result = outcome(write("a"), write("b", returns=(nan,) * 5, q=(nan,) * 5, seeds=NEW_SEEDS))
    assert decisions(result, "return")[0] == "regressed" and decisions(result, "q")[0] == "regressed"
    assert result.rows[1].lost == (0, 5) and "not finite: 0 -> 5" in describe(result)
    json.dumps(record(result), allow_nan=False)


def test_frozen_lanes_are_the_worst_though_their_numbers_are_finite(write):
    """A lane whose learner broke keeps its last sound weights: it earns, and has a Q, as if nothing had happened."""
    broken = {"nonfinite": "learner", "nonfinite_step": 2_500, "nonfinite_update": 1_800}
    new = write("b", seeds=NEW_SEEDS, late=broken)
    result = outcome(write("a"), new)
    assert decisions(result, "return")[0] == "regressed" and decisions(result, "q")[0] == "regressed"
    assert result.rows[1].lost == (0, 5)


def test_worse_verdicts_are_told(write):
    old, new = write("a", verdicts=("stable",) * 5), write("b", verdicts=("stable",) * 4 + ("diverged",))
    (first, *_) = outcome(old, new).verdicts
    assert first.worse and first.new == {"diverged": 1, "stable": 4}
    (first, *_) = outcome(new, old).verdicts
    assert not first.worse
    assert "worse: cheetah-run, baseline, UTD 1: 5 stable -> 1 diverged, 4 stable" in describe(outcome(old, new))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows": {"physics": "mjx"}}, "physics is host in BASELINE and mjx in NEW .cheetah-run, baseline, UTD 1 and"),
        ({"rows": {"action_repeat": 2}}, "action repeat is 1 in BASELINE and 2 in NEW"),
        ({"rows": {"network": "mlp 512x512"}}, "network is mlp 256x256 in BASELINE and mlp 512x512 in NEW"),
        ({"rows": {"precision": "high"}}, "precision is highest in BASELINE and high in NEW"),
        ({"settings": {"steps": 6000}}, "env steps is 3,000 in BASELINE and 6,000 in NEW"),
        ({"settings": {"prime_updates": 500}}, "updates before acting is 0 in BASELINE and 500 in NEW"),
        ({"settings": {"eval_episodes": 1}}, "evaluation episodes is 10 in BASELINE and 1 in NEW"),
        ({"update": 2500}, "updates is 2,000 in BASELINE and 2,500 in NEW"),
        ({"utd": "2"}, "nothing to compare: UTD is 1 in BASELINE and 2 in NEW"),
        ({"tasks": ("dog-run",)}, "nothing to compare: task is cheetah-run, hopper-hop in BASELINE and dog-run in NEW"),
        ({"variants": ("x",)}, "nothing to compare: variant is baseline, ofn in BASELINE and x in NEW"),
    ],
)
def test_what_cannot_be_compared(write, tmp_path, change, message):
    files = {"markdown": str(tmp_path / "c.md"), "junit": str(tmp_path / "c.xml")}
    with pytest.raises(Incomparable, match=message) as caught:
        outcome(write("a"), write("b", **change), **files)
    assert "\n" not in str(caught.value) and not list(tmp_path.glob("c.*"))


def test_other_settings_and_versions_are_side_by_side(write):
    card = {"versions": {"python": "3.12.1", "jax": "0.11.0"}, "device": "cpu"}
    result = outcome(write("a"), write("b", settings={"gamma": 0.9}, card=card))
    assert [tuple(row) for row in result.settings] == [("gamma", "0.99", "0.9")]
    assert result.decision == "identical"
    assert ("jax", "0.10.2", "0.11.0") in [tuple(row) for row in result.versions]
    assert result.versions[0].changed and not result.versions[-1].changed


def test_a_folder_of_runs_is_one_result_set(write, tmp_path):
    whole = write("whole")
    parts = tmp_path / "parts"
    for task in TASKS:
        write(f"parts/{task}", tasks=(task,))
    assert outcome(whole, str(parts)).decision == "identical"
    write("parts/again", tasks=TASKS[:1])
    with pytest.raises(UsageError, match="NEW: the lane cheetah-run, baseline, UTD 1, seed 0 is in .*keep one of them"):
        outcome(whole, str(parts))


def test_what_new_lacks_fails_and_what_it_has_more_is_told(write):
    old, new = write("a"), write("b", variants=("ofn",))
    result = outcome(old, new)
    assert len(result.rows) == 2 * 3 and (result.decision, result.exit_code) == ("incomplete", 1)
    assert describe(result).startswith("incomplete: missing in NEW: cheetah-run, baseline, UTD 1; hopper-hop, "
                                       "baseline, UTD 1 (--allow-missing baseline)\n")
    allowed = outcome(old, new, allow_missing=("baseline",))
    assert allowed.exit_code == 0 and any("missing in NEW, as allowed: cheetah-run, baseline" in note
                                          for note in allowed.notes)
    assert any("only in NEW, not compared: cheetah-run, baseline" in note for note in outcome(new, old).notes)


def test_a_variant_may_be_compared_with_another(write):
    old, new = write("a"), write("b", variants=("mine=0.1", "ofn"), q=(90.0, 91.0, 92.0, 93.0, 94.0))
    result = outcome(old, new, pairs=("ofn=mine=0.1",))
    assert {row.cell.variant for row in result.rows if row.cell} == {"ofn=mine=0.1"} and result.decision == "regressed"
    with pytest.raises(UsageError, match="'ofm' is none of BASELINE; did you mean 'ofn'\\? it has baseline, ofn"):
        outcome(old, new, pairs=("ofm=mine=0.1",))
    with pytest.raises(UsageError, match="'ofn' is in two pairs"):
        outcome(old, new, pairs=("ofn=mine=0.1", "ofn=ofn"))


def test_a_growing_run_counts_as_stopped_early(write):
    old, new = write("a"), write("b", card={"finished": None})
    result = outcome(old, new)
    assert (result.decision, result.exit_code) == ("incomplete", 1)
    assert "NEW is not finished, though its rows reach BASELINE's end" in describe(result).splitlines()[0]
    allowed = outcome(old, new, allow_shorter=True)
    assert (allowed.decision, allowed.exit_code) == ("identical", 0)
    assert any("NEW is not finished" in note for note in allowed.notes)


@pytest.mark.parametrize(("rate", "decision", "code"),
                         [(100.0, "equal", 0), (82.0, "equal", 0), (80.8, "undecided", 0), (50.0, "regressed", 1),
                          (200.0, "better", 0)])
def test_speed_may_lose_its_margin(write, rate, decision, code):
    result = outcome(write("a", rate=101.0), write("b", rate=rate), metrics=("speed",))
    assert (result.decision, result.exit_code) == (decision, code)
    assert any("noisy" in note for note in result.notes)
    if rate == 50.0:
        assert record(result)["rows"][0]["difference"] == pytest.approx(50.0 / 101.0 - 1.0)
        assert record(result)["rows"][0]["margin"] == pytest.approx(0.2)


def test_speed_on_another_device_says_nothing(write):
    result = outcome(write("a", rate=100.0), write("b", rate=1.0, card={"cpus": 64}), metrics=("speed",))
    assert result.decision == "undecided" and "cpu with None CPUs in BASELINE and cpu with 64 CPUs" in describe(result)


def test_names_are_escaped_and_files_replaced(write, tmp_path):
    name = "<script>alert(1)</script>|x@y"
    old = write("a", variants=("baseline", name))
    new = write("b", (1.0, 2.0, 3.0, 4.0, 5.0), variants=("baseline", name), seeds=NEW_SEEDS)
    files = {"markdown": str(tmp_path / "c.md"), "junit": str(tmp_path / "c.xml")}
    for _ in range(2):  # an earlier comparison may be replaced
        result = outcome(old, new, **files)
    text = (tmp_path / "c.md").read_text()
    assert text == markdown(result) and "<script" not in text and "@y" not in text
    for line in text.splitlines():
        if line.startswith("| ") and "script" in line:
            assert line.count("|") == 11
    suites = ET.parse(tmp_path / "c.xml").getroot()
    cases = suites.findall("testsuite/testcase")
    assert len(cases) == len(result.rows) == int(suites.get("tests"))
    failed = [case for case in cases if case.find("failure") is not None]
    assert len(failed) == int(suites.get("failures")) == sum(row.decision == "regressed" for row in result.rows) > 0
    assert f"{name}, UTD 1" in {case.get("name") for case in cases}
    assert failed[0].find("failure").get("message").startswith("regressed: return over all cells: 320 -> 3.00")
    assert [len(suite) - 2 for suite in suites] == [int(suite.get("tests")) for suite in suites] == [5, 5]


def test_a_file_of_somebody_else_is_kept(write, tmp_path):
    (tmp_path / "notes.md").write_text("mine")
    with pytest.raises(UsageError, match="--markdown: .*is not an earlier comparison"):
        outcome(write("a"), write("b"), markdown=str(tmp_path / "notes.md"), junit=str(tmp_path / "c.xml"))
    assert (tmp_path / "notes.md").read_text() == "mine" and not (tmp_path / "c.xml").exists()


def test_control_characters_stay_out_of_xml(write, tmp_path):
    name = "a\x01b"
    outcome(write("a", variants=(name,)), write("b", variants=(name,)), junit=str(tmp_path / "c.xml"))
    assert "a\ufffdb" in (tmp_path / "c.xml").read_text()


@pytest.mark.parametrize(("place", "message"), [
    ("nowhere", "BASELINE: expected a run folder or a folder of run folders, found nothing at"),
    ("file", "found a file at"), ("empty", "found no card.json in .* nor in the folders right below it")])
def test_a_side_without_results(write, tmp_path, place, message):
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=message):
        outcome(str(tmp_path / place), write("b"))


def test_a_comment_has_room_for_many_cells(write):
    many = tuple(f"task{number}" for number in range(150))
    bad = write("b", (1.0, 2.0), (1.0, 2.0), tasks=many, variants=("ofn",), seeds=(7, 8))
    text = markdown(outcome(write("a", (300.0, 310.0), (20.0, 21.0), tasks=many, variants=("ofn",)), bad))
    assert len(text) < 65_536 and "50 more in --json" in text
