// Building the page: elements, and numbers as people read them. Text from the data enters as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

// An element with attributes and children; `onclick` and the like are listeners, null attributes are left out.
function element(name, attributes = {}, ...children) {
  return furnish(document.createElement(name), attributes, children);
}

function drawing(name, attributes = {}, ...children) {
  return furnish(document.createElementNS(SVG, name), attributes, children);
}

function furnish(made, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false)
      made.setAttribute(key, value === true ? "" : value);
  }
  for (const child of children.flat()) if (child !== null && child !== undefined) made.append(child);
  return made;
}

// A point of a curve in three figures that matter: 0.0312, 36.9, 6,703, 2.71e7; a dash for nothing. Numbers of tables
// come as text; both are written by the rule of `number` in divbench/report/layout.py.
function figure(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (value === 0) return "0";
  const sign = value < 0 ? "−" : "";
  const [digits, power] = Math.abs(value).toExponential().split("e");
  let exponent = Number(power);
  let kept = exponent === 3 ? 4 : 3;
  const all = digits.replace(".", "").padEnd(5, "0");
  let lead = Number(all.slice(0, kept)) + (all[kept] >= "5" ? 1 : 0);
  if (lead === 10 ** kept) {
    lead = 100;
    kept = 3;
    exponent += 1;
  }
  if (exponent < -3 || exponent > 3) return `${sign}${(lead / 100).toFixed(2)}e${String(exponent).replace("-", "−")}`;
  const decimals = Math.max(0, 2 - exponent);
  const plain = kept - 1 > exponent ? lead / 10 ** (kept - 1 - exponent) : lead * 10 ** (exponent - kept + 1);
  return sign + plain.toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

// Text of a table's number as a page writes it, and the first number in it, which it is sorted by; 1/2 is one too.
const typeset = (text) => (text === "-" ? "–" : text.replaceAll("-", "−"));

function leading(text) {
  const found = /(-?[\d.]+(?:e-?\d+)?)(?:\/(\d+))?/.exec(text.replaceAll(",", ""));
  return found ? Number(found[1]) / Number(found[2] ?? 1) : null;
}

function count(value) {
  return value.toLocaleString("en");
}

// 0, 500, 20k, 2.5M
function shortCount(value) {
  for (const [size, suffix] of [
    [1e6, "M"],
    [1e3, "k"],
  ]) {
    if (Math.abs(value) >= size) return `${Number((value / size).toPrecision(4))}${suffix}`;
  }
  return String(Number(value.toPrecision(4)));
}

function plural(number, noun) {
  return number === 1 ? `1 ${noun}` : `${count(number)} ${noun}s`;
}

// A short piece of a line as the curves draw it.
function swatch(colour, dash = [], width = 2.5) {
  const line = drawing("line", {
    x1: 1,
    y1: 5,
    x2: 25,
    y2: 5,
    stroke: colour,
    "stroke-width": width,
    "stroke-dasharray": dash.length ? dash.join(" ") : null,
  });
  return drawing("svg", { class: "swatch", width: 26, height: 10, "aria-hidden": "true" }, line);
}
