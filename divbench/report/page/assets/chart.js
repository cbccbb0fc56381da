// One panel of curves, drawn by uPlot: thin lines for seeds, thick ones for their middle, bounds, a cross where a
// lane stops being finite.

const STYLES = {
  seed: { width: 1, alpha: 0.45 },
  middle: { width: 2.6, alpha: 1 },
  q_bound: { width: 1.6, alpha: 1, dash: [7, 4] },
  q_bound_any: { width: 1.6, alpha: 1, dash: [1.5, 4] },
  published: { width: 1.8, alpha: 0.9, dash: [4, 2] },
  deviation: { width: 0, alpha: 0 },
};

const FEW = 2; // points measured up to which they are dots: nothing was measured between them

// A line: {x, y, kind, colour, dash, label, lane, band}. Numbers that the axis cannot show are passed over.
function drawable(line, axis) {
  const kept = line.y.map((y, i) => (y === null || axis !== "log" || y > 0 ? i : -1)).filter((i) => i >= 0);
  return { ...line, x: kept.map((i) => line.x[i]), y: kept.map((i) => line.y[i]) };
}

function extent(lines) {
  let low = Infinity,
    high = -Infinity;
  for (const line of lines) {
    for (const y of line.y) {
      if (y !== null && y < low) low = y;
      if (y !== null && y > high) high = y;
    }
  }
  return low <= high ? [low, high] : null;
}

// Draw into `place`; returns the chart, which has `destroy()`. `range` is of the y axis, from `roomFor`.
function drawChart(place, lines, { axis, range, by, quiet, width, height, onPick, label }) {
  const xLabel = quiet ? null : xTitle(by);
  const shown = lines.map((line) => drawable(line, axis)).filter((line) => line.x.length);
  const tables = shown.map((line) => [line.x, line.y]);
  const data = tables.length ? uPlot.join(tables) : [[0], [null]];
  const [scale, yAxis] = yScale(axis, range);
  const ink = paint("--ink-soft"),
    grid = { stroke: paint("--grid"), width: 1 };
  const common = { stroke: ink, grid, ticks: { show: false }, font: "12px system-ui, sans-serif" };
  const series = shown.map((line) => {
    const style = STYLES[line.kind];
    return {
      label: line.label,
      stroke: faded(line.colour, style.alpha),
      width: style.width,
      dash: line.dash || style.dash,
      points: { show: areDots(line), size: 6, fill: line.colour },
      ...(areDots(line) ? { paths: () => null } : {}),
      spanGaps: false,
    };
  });
  const bands = shown.flatMap((line, i) =>
    line.band === "upper" ? [{ series: [i + 1, i + 2], fill: faded(line.colour, 0.14) }] : [],
  );
  const chart = new uPlot(
    {
      width,
      height,
      padding: [8, 14, 0, 0],
      legend: { show: false },
      scales: { x: { time: false, range: (u, low, high) => [low, high > low ? high : low + 1] }, y: scale },
      axes: [
        {
          ...common,
          values: (u, ticks) => ticks.map(shortCount),
          size: 26,
          space: 60,
          gap: 4,
          ...(xLabel ? { label: xLabel, labelSize: 20, labelGap: -2, labelFont: "12px system-ui, sans-serif" } : {}),
        },
        { ...common, ...yAxis },
      ],
      series: [{}, ...series],
      bands,
      cursor: { points: { show: false }, drag: { x: true, y: false }, focus: { prox: -1 } },
      hooks: { draw: [(u) => drawCrosses(u, shown)] },
    },
    data,
    place,
  );
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", label);
  attachReadout(
    chart,
    place,
    shown.filter((line) => line.kind !== "deviation"),
    onPick,
    xTitle(by),
  );
  return chart;
}

const areDots = (line) =>
  ["seed", "middle", "published"].includes(line.kind) && line.y.filter((y) => y !== null).length <= FEW;

function faded(colour, alpha) {
  if (alpha === 1) return colour;
  const part = (from) => parseInt(colour.slice(from, from + 2), 16);
  return `rgba(${part(1)}, ${part(3)}, ${part(5)}, ${alpha})`;
}

// A cross at the last finite point of a lane whose numbers end before its rows do.
function drawCrosses(u, lines) {
  const { ctx } = u,
    size = 4 * devicePixelRatio;
  ctx.save();
  ctx.lineWidth = 2 * devicePixelRatio;
  for (const line of lines) {
    if (line.lane === undefined || line.y[line.y.length - 1] !== null) continue;
    const last = line.y.findLastIndex((y) => y !== null);
    if (last < 0) continue;
    const x = u.valToPos(line.x[last], "x", true),
      y = u.valToPos(line.y[last], "y", true);
    ctx.strokeStyle = line.colour;
    ctx.beginPath();
    ctx.moveTo(x - size, y - size);
    ctx.lineTo(x + size, y + size);
    ctx.moveTo(x - size, y + size);
    ctx.lineTo(x + size, y - size);
    ctx.stroke();
  }
  ctx.restore();
}
