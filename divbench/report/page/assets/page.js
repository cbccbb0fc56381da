// The page itself: its sections, what is chosen in it, which lane the address names, light and dark, loading again.

const STATE = {
  column: COLUMNS.q_replay_mean && !DATA.published.length ? "q_replay_mean" : "return_mean",
  x: DATA.runs.every((run) => run.primes) || !COLUMNS.return_mean ? "updates" : "steps",
  linear: false,
  theme: null,
  scroll: 0,
};
const PAGE = document.getElementById("page");
const OVERVIEW = element("main", { id: "overview" }),
  LANE = element("main", { id: "lane", hidden: true });

const axisFor = (column) => (STATE.linear ? "linear" : column.axis);

// What is chosen outlives loading the page again; a page that may not store anything starts afresh.
function keepState() {
  STATE.scroll = LANE.hidden ? scrollY : STATE.scroll;
  try {
    history.replaceState({ ...STATE, hidden: [...HIDDEN], sorted: SORTED }, "");
    if (STATE.theme) localStorage.setItem("divbench-theme", STATE.theme);
  } catch (error) {
    console.info(`choices are not kept: ${error.message}`);
  }
}

function recallState() {
  const { hidden = [], sorted = {}, ...kept } = history.state || {};
  Object.assign(STATE, kept);
  if (!COLUMNS[STATE.column]) STATE.column = DATA.columns.length ? DATA.columns[0].name : null;
  if (history.state) hidden.forEach((name) => HIDDEN.add(name));
  else hideMostPublished();
  Object.assign(SORTED, sorted);
  try {
    STATE.theme = STATE.theme || localStorage.getItem("divbench-theme");
  } catch (error) {
    console.info(`choices are not recalled: ${error.message}`);
  }
}

function banner() {
  const lanes = plural(DATA.lanes.length, "lane"),
    tasks = plural(DATA.tasks.length, "task");
  const variants = plural(DATA.looks.length, "variant");
  const sections = [
    ["verdicts", "Verdicts"],
    ["curves", "Curves"],
    ["overall", "Over all tasks"],
    ["scores", "Scores"],
    ["card", "Card"],
    ["rows", "Raw rows"],
  ];
  const theme = element("button", {
    type: "button",
    id: "theme",
    onclick: () => {
      STATE.theme = dark() ? "light" : "dark";
      applyTheme();
    },
  });
  return element(
    "header",
    {},
    element(
      "div",
      { class: "bar" },
      element("a", { class: "brand", href: "#" }, "divbench"),
      element(
        "nav",
        { "aria-label": "Sections" },
        sections
          .filter(([id]) => OVERVIEW.querySelector(`#${id}`))
          .map(([id, label]) => element("a", { href: `#${id}` }, label)),
      ),
      theme,
    ),
    element(
      "div",
      { class: "headline", id: "headline" },
      element("h1", {}, DATA.title),
      element("p", {}, `${lanes}: ${tasks}, ${variants}${SEVERAL ? `, ${DATA.runs.length} runs` : ""}`),
      DATA.growing
        ? element(
            "p",
            { class: "growing", role: "status" },
            `Not finished: what was recorded until ${DATA.written}. ` +
              (DATA.refresh ? "This page reloads itself while the run trains." : "Verdicts may still change."),
          )
        : null,
      DATA.runs.map((run) =>
        element("p", { class: "note" }, `${SEVERAL ? `${run.name}: ` : ""}${run.caption}; ${run.state}`),
      ),
    ),
  );
}

function section(id, title, ...children) {
  return element("section", { id, "aria-label": title }, element("h2", {}, title), children);
}

function overview() {
  const parts = [];
  if (DATA.lanes.some((lane) => lane.verdict)) parts.push(section("verdicts", "Verdicts", verdictMap()));
  if (DATA.columns.length) parts.push(curvesSection());
  if (DATA.overall.length) parts.push(section("overall", "Over all tasks", ...overallTables()));
  if (DATA.scores.length) parts.push(section("scores", "Scores", scoreTable()));
  if (!DATA.columns.length) parts.push(element("p", { class: "empty" }, "Nothing is recorded yet."));
  parts.push(section("card", SEVERAL ? "Cards" : "Card", cardSection()), section("rows", "Raw rows", rawSection()));
  OVERVIEW.replaceChildren(...parts);
}

function applyTheme() {
  if (STATE.theme) document.documentElement.dataset.theme = STATE.theme;
  const button = document.getElementById("theme");
  button.textContent = dark() ? "☀ Light" : "☾ Dark";
  button.setAttribute("aria-label", dark() ? "Show the page light" : "Show the page dark");
  keepState();
  rebuild();
}

// Everything again, in the colours of the moment; the place in the page is kept.
function rebuild() {
  const at = scrollY;
  overview();
  if (!LANE.hidden) showLane(location.hash);
  else redrawAll();
  scrollTo(0, at);
}

function showLane(address) {
  const place = findLane(address);
  if (place < 0) {
    LANE.replaceChildren(
      element("p", { class: "back" }, element("a", { href: "#", id: "back" }, "← all lanes")),
      element("p", { class: "empty" }, "This page has no such lane."),
    );
    return;
  }
  const { page, draw } = lanePage(place);
  LANE.replaceChildren(page);
  draw();
}

function route() {
  const isLane = location.hash.startsWith("#lane/"),
    wasLane = !LANE.hidden;
  if (isLane && !wasLane) STATE.scroll = lastScroll;
  OVERVIEW.hidden = isLane;
  LANE.hidden = !isLane;
  document.getElementById("headline").hidden = isLane;
  if (isLane) {
    showLane(location.hash);
    scrollTo(0, 0);
    return;
  }
  const target = location.hash.length > 1 ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
  if (target) target.scrollIntoView();
  else scrollTo(0, wasLane ? STATE.scroll : 0);
}

// While a run trains: load the page again, unless somebody is at it or nobody sees it.
function loadAgain() {
  const busy = document.querySelector("select:focus, .readout:not([hidden])") || document.hidden;
  if (busy) setTimeout(loadAgain, 1000);
  else {
    keepState();
    location.reload();
  }
}

let lastScroll = 0;
recallState();
const remembered = { hash: location.hash, scroll: history.state ? STATE.scroll : null };
overview();
PAGE.append(banner(), OVERVIEW, LANE);
document.documentElement.dataset.theme = STATE.theme || "";
if (!STATE.theme) delete document.documentElement.dataset.theme;
applyTheme();
route();
if (remembered.scroll !== null && !remembered.hash.startsWith("#lane/")) scrollTo(0, remembered.scroll);
addEventListener("hashchange", route);
addEventListener(
  "scroll",
  () => {
    if (LANE.hidden) lastScroll = scrollY;
  },
  { passive: true },
);
addEventListener("pagehide", keepState);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  if (!STATE.theme) applyTheme();
});
let resized = 0;
addEventListener("resize", () => {
  clearTimeout(resized);
  resized = setTimeout(redrawAll, 150);
});
if (DATA.refresh) setTimeout(loadAgain, DATA.refresh * 1000);
