// Axes for numbers of every size: linear between -1 and 1 and logarithmic beyond, logarithmic, or linear.
// The first is matplotlib's symlog scale with linthresh 1 and linscale 0.5, as in the report's pictures.

const MIDDLE = 0.5 / (1 - 1 / 10);

const TRANSFORMS = {
  magnitude: {
    forward: (v) => (Math.abs(v) <= 1 ? v * MIDDLE : Math.sign(v) * (MIDDLE + Math.log10(Math.abs(v)))),
    backward: (v) => (Math.abs(v) <= MIDDLE ? v / MIDDLE : Math.sign(v) * 10 ** (Math.abs(v) - MIDDLE)),
    ticks: magnitudeTicks,
  },
  log: { forward: Math.log10, backward: (v) => 10 ** v, ticks: logTicks },
};

function magnitudeTicks(low, high, most) {
  const up = high > 1 ? Math.ceil(Math.log10(high)) : 0;
  const down = low < -1 ? Math.ceil(Math.log10(-low)) : 0;
  const step = Math.max(1, Math.ceil((up + down) / most));
  const ticks = [];
  for (let k = step === 1 ? 0 : step; k <= up; k += step) ticks.push(10 ** k);
  if (low <= 0) ticks.push(0);
  for (let k = step === 1 ? 0 : step; k <= down && low <= -1; k += step) ticks.push(-(10 ** k));
  return ticks.filter((tick) => tick >= low && tick <= high).sort((a, b) => a - b);
}

function logTicks(low, high, most) {
  const from = Math.ceil(Math.log10(low) - 1e-9),
    to = Math.floor(Math.log10(high) + 1e-9);
  if (to - from < 1) {
    const near = 10 ** Math.floor(Math.log10(low));
    return [1, 2, 3, 5, 7, 10, 20, 30, 50].map((k) => k * near).filter((tick) => tick >= low && tick <= high);
  }
  const step = Math.max(1, Math.ceil((to - from + 1) / most));
  const ticks = [];
  for (let k = Math.ceil(from / step) * step; k <= to; k += step) ticks.push(10 ** k);
  return ticks;
}

// 0, 1, 1,000, 10⁷, −10⁵, 2×10⁻⁴
function tickLabel(value) {
  if (value === 0 || (Math.abs(value) >= 1e-3 && Math.abs(value) < 10000)) {
    return Number(value.toPrecision(6)).toLocaleString("en", { maximumFractionDigits: 6 }).replace("-", "−");
  }
  const exponent = Math.floor(Math.log10(Math.abs(value)) + 1e-9);
  const lead = Number((Math.abs(value) / 10 ** exponent).toPrecision(3));
  const raised = [...String(exponent)].map((digit) => (digit === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit])).join("");
  return `${value < 0 ? "−" : ""}${lead === 1 ? "" : `${lead}×`}10${raised}`;
}

// The range of an axis of this kind that shows numbers from `low` to `high`, with a little room.
function roomFor(kind, low, high) {
  if (kind === "log") return [low / 1.5, high * 1.5];
  if (kind === "magnitude") return [outward(low, -1), outward(high, 1)];
  const room = 0.05 * (high - low || Math.abs(high) || 1);
  return [low === 0 ? 0 : low - room, high + room];
}

function outward(value, side) {
  if (value * side > 1) return value * 2;
  return value * side < -1 ? value / 1.5 : value + 0.3 * side;
}

// uPlot's description of a y scale and its axis.
function yScale(kind, range) {
  const transform = TRANSFORMS[kind];
  const scale = { range: () => range, auto: false };
  if (transform) Object.assign(scale, { distr: 100, fwd: transform.forward, bwd: transform.backward });
  const axis = { values: (u, ticks) => ticks.map(tickLabel), size: 58, gap: 4 };
  if (transform) {
    axis.splits = (u, place, low, high) =>
      transform.ticks(low, high, Math.max(3, Math.floor(u.bbox.height / devicePixelRatio / 34)));
    axis.filter = (u, ticks) => ticks;
  }
  return [scale, axis];
}
