// Sheets of panels: which lines a panel has, the legend that turns them on and off, redrawing when anything changes.

const HIDDEN = new Set(); // names of legend entries that are turned off
const SHEETS = new Set(); // what `redrawAll` draws again
const PUBLISHED_PREFIX = "published ";

function xOf(curve, by) {
  return by === "steps" ? curve.steps : curve.updates;
}

const xTitle = (by) => (by === "steps" ? "env steps" : "updates");

// Panels in the order of tasks, then UTDs: {task, utd, cells}.
function panels() {
  const found = new Map();
  DATA.cells.forEach((cell, place) => {
    const key = `${cell.task}\n${cell.utd}`;
    if (!found.has(key)) found.set(key, { task: cell.task, utd: cell.utd, cells: [] });
    found.get(key).cells.push(place);
  });
  return [...found.values()];
}

function panelTitle(panel) {
  return UTDS.length > 1 ? `${panel.task}, UTD ${panel.utd}` : panel.task;
}

function panelLines(panel, column, by) {
  const lines = [];
  for (const place of panel.cells) {
    const cell = DATA.cells[place],
      name = cellName(cell);
    if (HIDDEN.has(name)) continue;
    const look = { colour: colourOf(cell.variant), dash: dashOf(cell) };
    for (const lane of LANES_OF[place].length > 1 ? LANES_OF[place] : []) {
      const curve = laneCurve(column, lane);
      if (curve) {
        lines.push({
          x: xOf(curve, by),
          y: curve.y,
          kind: "seed",
          lane,
          ...look,
          label: `${name}, seed ${DATA.lanes[lane].seed}`,
        });
      }
    }
    const middle = middleCurve(column, place);
    const only = LANES_OF[place].length === 1 ? LANES_OF[place][0] : undefined;
    if (middle) lines.push({ x: xOf(middle, by), y: middle.y, kind: "middle", lane: only, ...look, label: name });
  }
  if (COLUMNS[column].bounded) {
    for (const bound of DATA.bounds) if (!HIDDEN.has(bound.name)) lines.push(...boundLine(bound, panel.cells, by));
  }
  if (column === "return_mean" && by === "steps") lines.push(...publishedLines(panel.task, farthest(lines)));
  return lines;
}

// The largest bound of any lane of these cells.
function boundLine(bound, cells, by) {
  const largest = new Map();
  for (const place of cells) {
    const curve = middleCurve(bound.name, place);
    if (!curve) continue;
    xOf(curve, by).forEach((x, i) => {
      if (curve.y[i] !== null) largest.set(x, Math.max(curve.y[i], largest.get(x) ?? -Infinity));
    });
  }
  const x = [...largest.keys()].sort((a, b) => a - b);
  return x.length
    ? [
        {
          x,
          y: x.map((at) => largest.get(at)),
          kind: bound.name,
          colour: paint("--ink"),
          label: bound.label,
        },
      ]
    : [];
}

const BEYOND = 1.1; // published curves end this share beyond where ours do

const farthest = (lines) => Math.max(0, ...lines.map((line) => line.x[line.x.length - 1]));

function publishedLines(task, last) {
  const lines = [];
  DATA.published.forEach((curve) => {
    if (curve.task !== task || HIDDEN.has(PUBLISHED_PREFIX + curve.label)) return;
    const colour = publishedColour(curve),
      numbers = (text) => text.split(",").map((part) => (part === "" ? null : Number(part)));
    const mean = numbers(curve.mean),
      deviation = curve.sd === "" ? [] : numbers(curve.sd);
    const until = curve.steps.filter((step) => step <= BEYOND * last).length;
    if (!until) return;
    const steps = curve.steps.slice(0, until);
    const side = (sign) => mean.map((y, i) => (y === null || deviation[i] === null ? null : y + sign * deviation[i]));
    if (deviation.length === mean.length) {
      lines.push(
        { x: steps, y: side(1).slice(0, until), kind: "deviation", colour, band: "upper", label: "" },
        { x: steps, y: side(-1).slice(0, until), kind: "deviation", colour, label: "" },
      );
    }
    lines.push({
      x: steps,
      y: mean.slice(0, until),
      kind: "published",
      colour,
      dash: publishedDash(curve),
      label: `${curve.label} (published)`,
    });
  });
  return lines;
}

const GREYS = [
  ["#6B7280", "#9CA3AF"],
  ["#8A6D3B", "#C9A96A"],
  ["#5B7083", "#8FB0C9"],
  ["#7A5C7E", "#BFA0C4"],
];
const PUBLISHED_KINDS = [...new Set(DATA.published.map((curve) => curve.label))];
const publishedColour = (curve) => GREYS[PUBLISHED_KINDS.indexOf(curve.label) % GREYS.length][dark() ? 1 : 0];
const publishedDash = (curve) =>
  [
    [4, 2],
    [9, 3],
    [2, 2],
    [9, 3, 2, 3],
  ][Math.floor(PUBLISHED_KINDS.indexOf(curve.label) / GREYS.length) % 4];

// One legend for a sheet. `onChange` is called when an entry is turned on or off.
function legend(column, by, onChange) {
  const entries = [];
  const names = new Set();
  for (const cell of DATA.cells) {
    const name = cellName(cell);
    if (names.has(name)) continue;
    names.add(name);
    entries.push(toggle(name, [swatch(colourOf(cell.variant), dashOf(cell)), name], onChange));
  }
  for (const { name, label } of COLUMNS[column].bounded ? DATA.bounds : []) {
    if (DATA.curves[name]) {
      entries.push(toggle(name, [swatch(paint("--ink"), STYLES[name].dash, 1.6), label], onChange));
    }
  }
  if (column === "return_mean" && by === "steps") {
    for (const kind of PUBLISHED_KINDS) {
      const curve = DATA.published.find(({ label }) => label === kind);
      const differs = DATA.published.some(({ label, differs }) => label === kind && differs)
        ? ", other action repeat"
        : "";
      entries.push(
        toggle(
          PUBLISHED_PREFIX + kind,
          [swatch(publishedColour(curve), publishedDash(curve), 1.8), `${kind} (published${differs})`],
          onChange,
        ),
      );
    }
  }
  return element("div", { class: "legend", role: "group", "aria-label": "Curves shown" }, entries);
}

function toggle(name, children, onChange) {
  const button = element(
    "button",
    {
      type: "button",
      class: "entry",
      "aria-pressed": String(!HIDDEN.has(name)),
      onclick: () => {
        if (HIDDEN.has(name)) HIDDEN.delete(name);
        else HIDDEN.add(name);
        button.setAttribute("aria-pressed", String(!HIDDEN.has(name)));
        onChange();
      },
    },
    children,
  );
  return button;
}

// Where each published curve is cited from.
function citations() {
  if (!DATA.published.length) return null;
  return element(
    "details",
    { class: "published", open: DATA.published.length <= 8 },
    element(
      "summary",
      {},
      `Published curves (${DATA.published.length}): the rows each is cited from; the band is one standard deviation`,
    ),
    element(
      "ul",
      { class: "cited" },
      DATA.published.map((curve) =>
        element(
          "li",
          {},
          swatch(publishedColour(curve), publishedDash(curve), 1.8),
          element("span", {}, element("b", {}, `${curve.task}, ${curve.label}: `), curve.citation),
        ),
      ),
    ),
  );
}

// With many kinds of published curves only those at a UTD of the page's own are shown at first.
function hideMostPublished() {
  if (PUBLISHED_KINDS.length <= 3) return;
  for (const curve of DATA.published) if (!UTDS.includes(curve.utd)) HIDDEN.add(PUBLISHED_PREFIX + curve.label);
}

// A grid of charts that are drawn when they come into view. `make()` gives [{title, href, lines, axis, range, by}].
function sheet(place, make, { height = 230, quiet = false, shareRange = () => false } = {}) {
  let charts = [];
  const draw = () => {
    charts.forEach((chart) => chart.destroy());
    charts = [];
    const made = make();
    const shared = shareRange()
      ? extent(made.flatMap((panel) => panel.lines.map((line) => drawable(line, panel.axis))))
      : null;
    place.replaceChildren(
      ...made.map((panel) => {
        const canvas = element("div", { class: "canvas" });
        canvas.style.minHeight = `${height}px`;
        const box = element("figure", { class: "panel" }, element("figcaption", {}, panel.title), canvas);
        const own = shared || extent(panel.lines.map((line) => drawable(line, panel.axis)));
        if (!own) {
          canvas.append(element("p", { class: "empty" }, "nothing measured"));
          return box;
        }
        whenSeen(canvas, () =>
          charts.push(
            drawChart(canvas, panel.lines, {
              axis: panel.axis,
              range: roomFor(panel.axis, ...own),
              by: panel.by,
              quiet,
              width: canvas.clientWidth,
              height,
              onPick: (lane) => {
                location.hash = laneAddress(DATA.lanes[lane]);
              },
              label: spoken(panel),
            }),
          ),
        );
        return box;
      }),
    );
  };
  const handle = { draw, place };
  SHEETS.add(handle);
  draw();
  return handle;
}

// A chart in words: where each middle ended.
function spoken(panel) {
  const ends = panel.lines
    .filter((line) => line.kind !== "seed" && line.kind !== "deviation")
    .map((line) => {
      const last = line.y.findLast((y) => y !== null);
      return last === undefined ? null : `${line.label} ends at ${figure(last)}`;
    });
  return `${panel.spokenTitle || "Curves"}: ${ends.filter(Boolean).join("; ")}`;
}

const seer = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      seer.unobserve(entry.target);
      waiting.get(entry.target)();
      waiting.delete(entry.target);
    }
  },
  { rootMargin: "300px" },
);
const waiting = new WeakMap();

function whenSeen(place, draw) {
  waiting.set(place, draw);
  seer.observe(place);
}

function redrawAll() {
  for (const handle of SHEETS) {
    if (handle.place.isConnected) handle.draw();
    else SHEETS.delete(handle);
  }
}
