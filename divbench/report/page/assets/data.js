// The data of the page, and the numbers of a curve when it is drawn for the first time.

const DATA = JSON.parse(document.getElementById("payload").textContent);
const RAW = JSON.parse(document.getElementById("raw").textContent);
const COLUMNS = Object.fromEntries(DATA.columns.map((column) => [column.name, column]));
const SEVERAL = DATA.runs.length > 1;
const LOOKS = Object.fromEntries(DATA.looks.map((look) => [look.variant, look]));
const UTDS = [...new Set(DATA.cells.map((cell) => cell.utd))];
const LANES_OF = DATA.cells.map(() => []);
DATA.lanes.forEach((lane, place) => LANES_OF[lane.cell].push(place));

const readAxes = new Map();
const readCurves = new Map();

function axisOf(number) {
  if (!readAxes.has(number)) {
    const [steps, updates] = DATA.axes[number].map((text) => text.split(",").map(Number));
    readAxes.set(number, { steps, updates });
  }
  return readAxes.get(number);
}

// {steps, updates, y}: y is null at a gap. Null where there is no such curve.
function readCurve(column, kind, place) {
  const key = `${kind} ${column} ${place}`;
  if (!readCurves.has(key)) {
    const text = (DATA[kind][column] || [])[place];
    const table = column === "return_mean" ? "scores" : "values";
    const owner = kind === "curves" ? DATA.lanes[place] : DATA.cells[place];
    readCurves.set(key, text ? spread(text, axisOf(owner.axes[table])) : null);
  }
  return readCurves.get(key);
}

function spread(text, axis) {
  const [first, second] = text.split(";");
  const y = (second === undefined ? first : second).split(",").map((part) => (part === "" ? null : Number(part)));
  if (second === undefined) return { ...axis, y };
  const kept = first.split(",").map(Number);
  return { steps: kept.map((i) => axis.steps[i]), updates: kept.map((i) => axis.updates[i]), y };
}

const laneCurve = (column, lane) => readCurve(column, "curves", lane);

// The middle of a cell's lanes; of a single lane, itself.
function middleCurve(column, cell) {
  const only = LANES_OF[cell].length === 1 ? LANES_OF[cell][0] : null;
  return only === null ? readCurve(column, "middles", cell) : laneCurve(column, only);
}

function cellName(cell) {
  return SEVERAL ? `${cell.variant} · ${DATA.runs[cell.run].name}` : cell.variant;
}

function laneName(lane) {
  const cell = DATA.cells[lane.cell];
  const run = SEVERAL ? `, ${DATA.runs[cell.run].name}` : "";
  return `${cell.task}, ${cell.variant}, UTD ${cell.utd}, seed ${lane.seed}${run}`;
}

function laneAddress(lane) {
  const cell = DATA.cells[lane.cell];
  return `#lane/${[cell.run, cell.task, cell.variant, cell.utd, lane.seed].map(encodeURIComponent).join("/")}`;
}

function findLane(address) {
  return DATA.lanes.findIndex((lane) => laneAddress(lane) === address);
}

function dark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

const colourOf = (variant) => LOOKS[variant][dark() ? "dark" : "light"];
const dashOf = (cell) => LOOKS[cell.variant].dashes[cell.run];
const paint = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
