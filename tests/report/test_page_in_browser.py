"""The page as a reader meets it, in a headless Chromium: sorting, choosing, lanes, colours, names like markup.

Every test also holds that nothing was written to the console and nothing was asked of a network.
"""

import dataclasses
import json
import shutil

import pytest

from divbench.report.evidence import weigh
from divbench.report.layout import overall_table
from divbench.report.page.write import write_page

selenium = pytest.importorskip("selenium", reason="needs selenium")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs Chromium and chromedriver")

FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1280,1000")
SCRIPT, END = "<script>alert(1)</script>", "</script>"
PATIENCE = 60  # seconds; a browser on a busy machine is slow


@dataclasses.dataclass
class Curve:
    """A published curve as `divbench.records.published` has them."""

    task: str = "cheetah-run"
    action_repeat: int = 2
    utd: str = "1"
    method: str = "SAC"
    steps: tuple = (5_000, 20_000)
    mean: tuple = (10.0, 200.0)
    sd: tuple = (1.0, 20.0)
    seeds: tuple = (10, 10)
    label: str = "SAC UTD 1"
    citation: str = "A paper; rows 2-3"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    downloads = {"download.default_directory": str(tmp_path_factory.mktemp("downloads"))}
    options.add_experimental_option("prefs", downloads)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.downloads = downloads["download.default_directory"]
    driver.get("about:blank")
    driver.get_log("performance")  # of the page that a new browser shows
    yield driver
    driver.quit()


@pytest.fixture
def opened(browser, tmp_path):
    """Open the page of a made-up run; afterwards, what it wrote to the console and asked for is looked at."""

    def open_page(run, address="", **options):
        file = write_page(run.write(tmp_path / "run"), **options)
        browser.get("about:blank")
        browser.get(file.as_uri() + address)
        # What a reader chose is remembered; the next test is another reader.
        browser.execute_script("addEventListener('pagehide', () => localStorage.clear())")
        return browser

    yield open_page
    assert browser.get_log("browser") == []
    sent = (json.loads(entry["message"])["message"] for entry in browser.get_log("performance"))
    asked = [event["params"]["request"]["url"] for event in sent if event["method"] == "Network.requestWillBeSent"]
    assert asked and {address.partition(":")[0] for address in asked} <= {"file", "data", "blob", "about"}


@pytest.fixture
def small(fake_run):
    """Two tasks, plain SAC that diverges on one of them, and a variant whose name looks like a script."""
    run = fake_run(tasks=("cheetah-run", "walker-run"), variants=("baseline", SCRIPT, END), seeds=(0, 1))
    for task in run.tasks:
        for variant in run.variants:
            for seed in run.seeds:
                for place in range(5):
                    q = 10.0 ** (2 * place) if (task, variant) == ("cheetah-run", "baseline") else 10.0 + seed + place
                    at = (task, variant, "1", seed, 5000 * place, 5000 * place)
                    run.add("values", *at, q_replay_mean=q, q_policy_mean=q, q_bound=100.0, q_bound_low=-1.0,
                            q_bound_any=130.0, mc_return_mean=10.0, grad_norm=2.0 * q)
                    run.add("scores", *at, return_mean=100.0 * place + 10 * seed, return_sd=1.0, episodes=10)
    from divbench.verdict import verdict_rows

    run.rows["verdicts"] = verdict_rows(run.rows["values"])
    return run


def wait(browser, condition):
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(browser, PATIENCE, poll_frequency=0.1).until(lambda _: condition())


def find(browser, selector):
    return browser.find_elements("css selector", selector)


def column(browser, table, place) -> list[str]:
    script = "return [...document.querySelectorAll(arguments[0])].map((cell) => cell.textContent)"
    return browser.execute_script(script, f"#{table} tbody td:nth-child({place})")


def charts(browser) -> list[str]:
    """The panels in words; waits until those in view are drawn."""
    wait(browser, lambda: find(browser, "main:not([hidden]) .canvas[aria-label]"))
    return [panel.get_attribute("aria-label") for panel in find(browser, "main:not([hidden]) .canvas[aria-label]")]


def test_a_heading_sorts_by_mouse_and_by_keyboard(opened, small):
    browser = opened(small)
    before = column(browser, "outcomes-table", 3)
    (button,) = find(browser, '#outcomes-table th[data-key="final"] button')
    browser.execute_script("arguments[0].click()", button)
    (head,) = find(browser, '#outcomes-table th[data-key="final"]')
    assert head.get_attribute("aria-sort") == "descending"
    falling = column(browser, "outcomes-table", 3)
    assert falling == ["1.00e8", *["14.5"] * 5] and sorted(falling) == sorted(before)
    find(browser, '#outcomes-table th[data-key="final"] button')[0].send_keys("\ue007")  # Enter
    assert head.get_attribute("aria-sort") == "ascending"
    assert column(browser, "outcomes-table", 3) == falling[::-1]
    browser.execute_script("document.querySelector('#scores-table th[data-key=\"task\"] button').click()")
    assert column(browser, "scores-table", 1) == ["cheetah-run"] * 3 + ["walker-run"] * 3
    assert len(find(browser, "#scores-table th[aria-sort]")) == 1


def test_all_tasks_together_are_a_table_as_in_the_summary(opened, small, tmp_path):
    browser = opened(small)
    result = weigh(small.tables(), tmp_path).overall
    shown = [column(browser, "overall-table-0", place) for place in range(1, 10)]
    expected = [[cell if cell != "-" else "–" for cell in cells] for cells in zip(*overall_table(result).rows,
                                                                                  strict=True)]
    assert shown == expected and len(result.rows) == 3
    browser.execute_script("document.querySelector('#overall-table-0 th[data-key=\"IQM\"] button').click()")
    assert column(browser, "overall-table-0", 3) == sorted(expected[2], key=float, reverse=True)


def test_another_metric_changes_curves_table_and_words(opened, small):
    from selenium.webdriver.support.ui import Select

    browser = opened(small)
    assert charts(browser)[0].startswith("Mean Q on replay, cheetah-run: baseline ends at 1.00e8")
    Select(find(browser, "#metric")[0]).select_by_visible_text("Gradient norm")
    wait(browser, lambda: charts(browser)[0].startswith("Gradient norm, cheetah-run: baseline ends at 2.00e8"))
    assert find(browser, "#outcomes-table caption")[0].text == "Gradient norm"
    assert "L2 norm of the critics' gradient" in find(browser, ".about")[0].text
    assert not find(browser, '#outcomes-table th[data-key="bound"]')


SPY = """const real = uPlot; window.drawn = [];
uPlot = function (options, data, place) {
  const lines = options.series.slice(1).map((line) => ({ dots: line.points.show, line: !line.paths }));
  window.drawn.push({ range: options.scales.y.range(), lines });
  return new real(options, data, place);
};
Object.assign(uPlot, real);"""


def test_panels_share_their_range_until_a_reader_wants_a_linear_axis(opened, small):
    from selenium.webdriver.support.ui import Select

    browser = opened(small)
    charts(browser)
    browser.execute_script(SPY)
    Select(find(browser, "#metric")[0]).select_by_visible_text("Gradient norm")
    charts(browser)
    first, second = browser.execute_script("return drawn")
    assert first["range"] == second["range"] and first["range"][1] > 2e8
    browser.execute_script("drawn = []; document.getElementById('linear').click()")
    charts(browser)
    first, second = browser.execute_script("return drawn")
    assert first["range"][1] > 2e8 and second["range"][1] < 1e3


@pytest.mark.parametrize("points", [2, 3])
def test_two_points_are_dots_without_a_line(opened, fake_run, points):
    run = fake_run(variants=("ofn",), seeds=(0,))
    for place in range(points):
        run.add("values", "quadruped-run", "ofn", "1", 0, 1000, 10 * place, q_replay_mean=1.0 + place, q_bound=9.0)
    browser = opened(run)
    charts(browser)
    browser.execute_script(SPY + "document.getElementById('linear').click()")
    charts(browser)
    ((lane, bound),) = (panel["lines"] for panel in browser.execute_script("return drawn"))
    assert lane == {"dots": points == 2, "line": points == 3} and bound == {"dots": False, "line": True}


def test_curves_are_turned_off_in_the_legend(opened, small):
    browser = opened(small)
    for told in ("most that entropies seen so far allow ends at 100", "most any policy can be worth ends at 130"):
        assert told in charts(browser)[0]
    assert "baseline ends" in charts(browser)[0]
    entry = next(entry for entry in find(browser, ".legend .entry") if entry.text == "baseline")
    browser.execute_script("arguments[0].click()", entry)
    wait(browser, lambda: "baseline ends" not in charts(browser)[0])
    assert entry.get_attribute("aria-pressed") == "false" and END in charts(browser)[0]


def test_a_cell_of_the_map_leads_to_its_lane_and_back(opened, small):
    browser = opened(small)
    cells = find(browser, "a.lane")
    assert len(cells) == 12 and [cell.text.split()[0] for cell in cells[:3]] == ["D", "D", "S"]
    first = cells[0]
    assert first.get_attribute("aria-label").startswith("cheetah-run, baseline, UTD 1, seed 0: diverged at update")
    browser.execute_script("arguments[0].click()", first)
    wait(browser, lambda: browser.execute_script("return location.hash").startswith("#lane/"))
    story = next(row["explanation"] for row in small.rows["verdicts"])
    assert find(browser, ".story")[0].text == story and "diverged" in find(browser, ".chip")[0].text
    drawn = charts(browser)
    assert drawn[0].startswith("Q-values: Mean Q on replay ends at 1.00e8") and "Monte-Carlo" not in drawn[0]
    assert drawn[1].startswith("Monte-Carlo return: Monte-Carlo return ends at 10.0; most that entropies")
    assert not find(browser, "#overview")[0].is_displayed()
    browser.execute_script("document.getElementById('back').click()")
    wait(browser, lambda: find(browser, "#overview")[0].is_displayed())
    assert not find(browser, "#lane")[0].is_displayed()
    browser.back()
    wait(browser, lambda: find(browser, "#lane")[0].is_displayed())


def test_an_address_that_names_no_lane_says_so(opened, small):
    browser = opened(small, "#lane/0/cheetah-run/gone/1/7")
    assert "no such lane" in find(browser, "#lane")[0].text


@pytest.mark.parametrize(("variant", "rows"), [
    ("ofn", ["cheetah-run", "walker-run"]),
    ("baseline", ["cheetah-run run", "cheetah-run other", "walker-run run"]),
])
def test_runs_share_a_row_of_verdicts_unless_they_have_the_same_variant(opened, small, fake_run, tmp_path, variant,
                                                                        rows):
    other = fake_run(tasks=("cheetah-run",), variants=(variant,), seeds=(0,))
    for table in ("verdicts", "values"):
        other.rows[table] = [row | {"variant": variant} for row in small.rows[table]
                             if (row["task"], row["variant"], row["seed"]) == ("cheetah-run", "baseline", 0)]
    browser = opened(small, others=[other.write(tmp_path / "other")])
    assert [row.text for row in find(browser, ".map tbody th")] == rows
    assert len(find(browser, "a.lane.diverged")) == 3


def test_dark_and_light_redraw_the_curves(opened, small):
    def look() -> tuple[str, str]:
        charts(browser)
        return (browser.execute_script("return getComputedStyle(document.body).backgroundColor"),
                browser.execute_script("return document.querySelector('.canvas canvas').toDataURL()"))

    browser = opened(small)
    light = look()
    browser.execute_script("document.getElementById('theme').click()")
    dark = look()
    assert light[0] == "rgb(255, 255, 255)" and dark[0] != light[0] and dark[1] != light[1]
    browser.execute_script("document.getElementById('theme').click()")
    assert look() == light


def test_the_system_s_choice_of_dark_is_followed(opened, small):
    def background() -> str:
        return browser.execute_script("return getComputedStyle(document.body).backgroundColor")

    browser = opened(small)
    try:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia",
                                {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})
        wait(browser, lambda: background() != "rgb(255, 255, 255)")
        assert "Light" in find(browser, "#theme")[0].text
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    wait(browser, lambda: background() == "rgb(255, 255, 255)")


def test_names_that_look_like_markup_are_text(opened, small):
    browser = opened(small)
    assert {SCRIPT, END} <= set(column(browser, "outcomes-table", 2))
    assert len(find(browser, "script")) == 4
    lane = next(cell for cell in find(browser, "a.lane") if SCRIPT in cell.get_attribute("aria-label"))
    browser.execute_script("arguments[0].click()", lane)
    wait(browser, lambda: find(browser, "#lane h1"))
    assert find(browser, "#lane h1")[0].text == f"cheetah-run {SCRIPT}, UTD 1, seed 0"  # and no alert stopped this


def test_the_pointer_reads_out_the_nearest_curve(opened, small):
    from selenium.webdriver.common.action_chains import ActionChains

    browser = opened(small)
    charts(browser)
    over = find(browser, ".canvas .u-over")[0]
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", over)
    ActionChains(browser).move_to_element_with_offset(over, over.size["width"] // 2 - 2,
                                                      6 - over.size["height"] // 2).perform()
    read = wait(browser, lambda: find(browser, ".readout:not([hidden])"))[0]
    near = find(browser, ".readout:not([hidden]) .readout-near")[0].text
    assert "env step 20,000" in read.text and "baseline" in near and "1.00e8" in near
    assert f"{END}" in read.text and "most that entropies seen so far allow" in read.text


def test_raw_rows_can_be_taken_away(opened, small, tmp_path):
    from pathlib import Path

    browser = opened(small)
    browser.execute_script("document.querySelectorAll('.download')[1].click()")
    saved = Path(browser.downloads) / "run-values.csv"
    wait(browser, saved.exists)
    assert saved.read_bytes() == (tmp_path / "run" / "tables" / "values.csv").read_bytes()


def test_published_curves_are_cited_beside_ours(opened, small):
    browser = opened(small, against=[Curve(), Curve(task="dog-run")])
    from selenium.webdriver.support.ui import Select

    assert Select(find(browser, "#metric")[0]).first_selected_option.text == "Return"
    assert "SAC UTD 1 (published) ends at 200" in charts(browser)[0]
    assert [entry.text for entry in find(browser, ".cited li")] == [
        "cheetah-run, SAC UTD 1: A paper; rows 2-3; 10 seeds; action repeat 2, here 1"]
    assert "SAC UTD 1 (published, other action repeat)" in [entry.text for entry in find(browser, ".legend .entry")]


def test_a_growing_page_loads_itself_again_and_keeps_its_place(opened, small):
    small.finished = None
    browser = opened(small, "#lane/0/cheetah-run/baseline/1/1", refresh=1.0)
    assert "seed 1" in wait(browser, lambda: find(browser, "#lane h1"))[0].text
    browser.execute_script("window.before = true")
    wait(browser, lambda: browser.execute_script("return document.readyState === 'complete' && !window.before"))
    wait(browser, lambda: find(browser, "#lane h1"))
    assert browser.execute_script("return location.hash") == "#lane/0/cheetah-run/baseline/1/1"
    assert "seed 1" in find(browser, "#lane h1")[0].text
