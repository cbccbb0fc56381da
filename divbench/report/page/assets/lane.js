// The page of one lane: its verdict, what happened to it in words, and all its curves.

// Columns of the panel of Q-values with their dashes, and those of the panel beside it; all in the variant's colour.
const Q_LINES = [
  ["q_replay_mean", []],
  ["q_policy_mean", [10, 3]],
  ["q_random_mean", [3, 2]],
  ["q_distant_mean", [8, 3, 2, 3]],
];
const EARNED_LINES = [["mc_return_mean", []]];

function lanePage(place) {
  const lane = DATA.lanes[place],
    cell = DATA.cells[lane.cell],
    siblings = LANES_OF[lane.cell];
  const by = STATE.x;
  const neighbours = [-1, 1].map((side) => siblings[siblings.indexOf(place) + side]);
  const link = (other, words) =>
    other === undefined
      ? null
      : element("a", { href: laneAddress(DATA.lanes[other]) }, `${words} seed ${DATA.lanes[other].seed}`);
  const others = DATA.cells.flatMap((other, i) =>
    other.task === cell.task && other.utd === cell.utd && i !== lane.cell
      ? LANES_OF[i].filter((j) => DATA.lanes[j].seed === lane.seed).map((j) => [other, j])
      : [],
  );
  const charts = element("div", { class: "panels two" }),
    rest = element("div", { class: "panels small" });
  const page = element(
    "article",
    {},
    element(
      "p",
      { class: "back" },
      element("a", { href: "#", id: "back" }, "← all lanes"),
      link(neighbours[0], "←"),
      link(neighbours[1], "→"),
    ),
    element(
      "h1",
      {},
      cell.task,
      element("span", { class: "dim" }, ` ${cellName(cell)}, UTD ${cell.utd}, seed ${lane.seed}`),
    ),
    element("div", { class: "chips" }, verdictChip(lane), warningChip(lane), causeChip(lane), criticalChip(lane)),
    lane.explanation ? element("p", { class: "story" }, lane.explanation) : null,
    !lane.explanation && lane.cause ? element("p", { class: "story" }, `Evidence: ${lane.cause}.`) : null,
    lane.explained_now
      ? element(
          "p",
          { class: "note" },
          "The run was recorded before explanations were; this one was worked out from its values.",
        )
      : null,
    lane.rewards ? element("p", { class: "note", id: "rewards" }, lane.rewards) : null,
    others.length
      ? element(
          "p",
          { class: "siblings" },
          "Same task and seed: ",
          others.map(([other, j]) =>
            element(
              "a",
              { href: laneAddress(DATA.lanes[j]) },
              variantTag(other),
              element("span", { class: "dim" }, ` ${DATA.lanes[j].verdict || ""}`),
            ),
          ),
        )
      : null,
    charts,
    DATA.columns.some((column) => column.table === "values") ? element("h2", {}, "Everything measured") : null,
    rest,
  );
  return {
    page,
    draw: () => {
      sheet(charts, () => mainPanels(place, by), { height: 280 });
      sheet(rest, () => restPanels(place, by), { height: 140, quiet: true });
    },
  };
}

function verdictChip(lane) {
  const kind = lane.verdict || "none";
  return element(
    "span",
    { class: `chip ${kind}` },
    element("b", {}, LETTERS[kind] || "?"),
    ` ${verdictSentence(lane)}`,
  );
}

function warningChip(lane) {
  if (lane.warning === null || lane.warning === undefined) return null;
  return element(
    "span",
    { class: "chip" },
    `Warning: ${lane.warning} to diverge within the next 5,000 updates`,
  );
}

function causeChip(lane) {
  if (!lane.first_cause) return null;
  const name = COLUMNS[lane.first_cause] ? COLUMNS[lane.first_cause].label : lane.first_cause;
  return element(
    "span",
    { class: "chip", title: DATA.words[lane.first_cause] || null },
    `First cause: ${name}, at update ${count(lane.first_update)}`,
  );
}

function criticalChip(lane) {
  if (lane.critical_point === undefined) return null;
  return element(
    "span",
    { class: "chip", title: DATA.words.critical_point },
    lane.critical_point === null ? "No critical point" : `Critical point: update ${count(lane.critical_point)}`,
  );
}

function mainPanels(place, by) {
  return [
    boundedPanel("Q-values", Q_LINES, place, by),
    boundedPanel("Monte-Carlo return", EARNED_LINES, place, by),
    ownPanel("return_mean", place, by, true),
  ].filter(Boolean);
}

// Columns of a lane that share an axis, with the bounds of Q; null if none was measured.
function boundedPanel(title, columns, place, by) {
  const colour = colourOf(DATA.cells[DATA.lanes[place].cell].variant);
  const line = (column, look) => {
    const curve = laneCurve(column, place);
    return curve ? [{ x: xOf(curve, by), y: curve.y, ...look }] : [];
  };
  const lines = columns.flatMap(([column, dash]) =>
    line(column, { kind: "middle", lane: place, colour, dash, label: COLUMNS[column]?.label }),
  );
  if (!lines.length) return null;
  const bounds = DATA.bounds.flatMap(({ name, label }) => line(name, { kind: name, colour: paint("--ink"), label }));
  const all = [...lines, ...bounds];
  return { title: panelCaption(title, all), spokenTitle: title, lines: all, axis: "magnitude", by };
}

function restPanels(place, by) {
  const shown = new Set(["return_mean", ...[...Q_LINES, ...EARNED_LINES].map(([column]) => column)]);
  return DATA.columns
    .filter((column) => !shown.has(column.name))
    .map((column) => ownPanel(column.name, place, by))
    .filter(Boolean);
}

function ownPanel(column, place, by, published = false) {
  const curve = laneCurve(column, place),
    lane = DATA.lanes[place],
    cell = DATA.cells[lane.cell],
    about = COLUMNS[column];
  if (!curve) return null;
  const lines = [
    {
      x: xOf(curve, by),
      y: curve.y,
      kind: "middle",
      lane: place,
      colour: colourOf(cell.variant),
      dash: [],
      label: about.label,
    },
  ];
  if (published && by === "steps") lines.push(...publishedLines(cell.task, farthest(lines)));
  return {
    title: element("span", { title: about.meaning }, about.label),
    spokenTitle: about.label,
    lines,
    axis: axisFor(about),
    by,
  };
}

// A caption that is the legend too.
function panelCaption(title, lines) {
  return element(
    "span",
    {},
    title,
    element(
      "span",
      { class: "inline-legend" },
      lines.map((line) =>
        element(
          "span",
          { class: "tag" },
          swatch(line.colour, line.dash || STYLES[line.kind].dash || [], STYLES[line.kind].width),
          line.label,
        ),
      ),
    ),
  );
}
