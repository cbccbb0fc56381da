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

// Three figures that matter: 0.0312, 36.9, 6,703, 2.71e7; a dash for nothing.
function figure(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 9999.5)) {
    return value.toExponential(2).replace("e+", "e").replace("-", "−").replace("e-", "e−");
  }
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", "−");
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

function share(probability) {
  if (probability < 0.01) return "below 1%";
  return probability > 0.99 ? "above 99%" : `${Math.round(100 * probability)}%`;
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
