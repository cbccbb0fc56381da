// What the pointer is at: the nearest point of any curve, and the middles of the others there.

const REACH = 24; // pixels within which a lane can be picked by a click
const LISTED = 8; // middles that are listed next to it

function attachReadout(chart, place, lines, onPick, xLabel) {
  const box = element("div", { class: "readout", hidden: true });
  const mark = element("div", { class: "mark", hidden: true });
  chart.over.append(mark);
  place.append(box);
  let near = null;
  const hide = () => {
    box.hidden = mark.hidden = true;
    near = null;
    chart.over.style.cursor = "";
  };
  chart.over.addEventListener("mouseleave", hide);
  chart.over.addEventListener("mousemove", (event) => {
    const frame = chart.over.getBoundingClientRect();
    const left = event.clientX - frame.left,
      top = event.clientY - frame.top;
    near = nearest(chart, lines, left, top);
    if (!near) return hide();
    mark.hidden = box.hidden = false;
    mark.style.transform = `translate(${near.left}px, ${near.top}px)`;
    mark.style.background = near.line.colour;
    box.replaceChildren(...told(near, lines, xLabel));
    const over = chart.over.offsetLeft + near.left,
      half = place.clientWidth / 2;
    box.style.left = over < half ? `${over + 14}px` : "";
    box.style.right = over < half ? "" : `${place.clientWidth - over + 14}px`;
    box.style.top = `${Math.max(0, Math.min(near.top, place.clientHeight - box.offsetHeight - 8))}px`;
    chart.over.style.cursor = pickable(near) ? "pointer" : "";
  });
  let pressed = 0;
  chart.over.addEventListener("mousedown", (event) => {
    pressed = event.clientX;
  });
  chart.over.addEventListener("click", (event) => {
    if (onPick && near && pickable(near) && Math.abs(event.clientX - pressed) < 4) onPick(near.line.lane);
  });
}

const pickable = (near) => near.distance < REACH && near.line.lane !== undefined;

function nearest(chart, lines, left, top) {
  let best = null;
  const { min, max } = chart.scales.x;
  for (const line of lines) {
    const at = closest(line.x, line.y, chart.posToVal(left, "x"));
    if (at < 0 || line.x[at] < min || line.x[at] > max) continue;
    const point = { line, at, left: chart.valToPos(line.x[at], "x"), top: chart.valToPos(line.y[at], "y") };
    point.distance = Math.hypot(point.left - left, point.top - top);
    if (!best || point.distance < best.distance) best = point;
  }
  return best;
}

// The place in `xs` (ascending) nearest to `x` that has a number; -1 without any.
function closest(xs, ys, x) {
  let low = 0,
    high = xs.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle] < x) low = middle + 1;
    else high = middle;
  }
  for (let away = 0; away < xs.length; away += 1) {
    const found = [low - away, low + away].filter((i) => i >= 0 && i < xs.length && ys[i] !== null);
    if (found.length) return found.sort((a, b) => Math.abs(xs[a] - x) - Math.abs(xs[b] - x))[0];
  }
  return -1;
}

function told({ line, at }, lines, xLabel) {
  const x = line.x[at];
  const rows = [
    element("div", { class: "readout-at" }, `${xLabel.replace(/s$/, "")} ${count(x)}`),
    row(line, line.y[at], "readout-near"),
  ];
  const others = lines.filter((other) => other !== line && other.kind !== "seed");
  for (const other of others.slice(0, LISTED)) {
    const place = closest(other.x, other.y, x);
    if (place >= 0) rows.push(row(other, other.y[place], ""));
  }
  return rows;
}

function row(line, value, look) {
  return element(
    "div",
    { class: `readout-row ${look}` },
    swatch(line.colour, line.dash || STYLES[line.kind].dash || [], Math.max(1.5, STYLES[line.kind].width)),
    element("span", {}, line.label),
    element("b", {}, figure(value)),
  );
}
