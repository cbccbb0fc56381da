// The page of one lane: its verdict, what happened to it in words, and all its curves.

const Q_LINES = [
  ["q_replay_mean", "--q-replay"],
  ["q_policy_mean", "--q-policy"],
  ["q_random_mean", "--q-random"],
  ["q_distant_mean", "--q-distant"],
];

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
    `Warning: ${share(lane.warning)} to diverge within the next 5,000 updates`,
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
  const lines = [];
  for (const [column, colour] of Q_LINES) {
    const curve = laneCurve(column, place);
    if (curve)
      lines.push({
        x: xOf(curve, by),
        y: curve.y,
        kind: "middle",
        lane: place,
        colour: paint(colour),
        dash: [],
        label: COLUMNS[column].label,
      });
  }
  const earned = laneCurve("mc_return_mean", place);
  if (earned)
    lines.push({
      x: xOf(earned, by),
      y: earned.y,
      kind: "companion",
      colour: paint("--ink"),
      label: "Monte-Carlo return",
    });
  for (const { name, label } of DATA.bounds) {
    const bound = laneCurve(name, place);
    if (bound) lines.push({ x: xOf(bound, by), y: bound.y, kind: name, colour: paint("--ink"), label });
  }
  const found = [];
  if (lines.length) {
    found.push({ title: panelCaption("Q-values", lines), spokenTitle: "Q-values", lines, axis: "magnitude", by });
  }
  const scored = ownPanel("return_mean", place, by, true);
  return scored ? [...found, scored] : found;
}

function restPanels(place, by) {
  const shown = new Set(["return_mean", ...Q_LINES.map(([column]) => column)]);
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
          swatch(line.colour, STYLES[line.kind].dash || [], STYLES[line.kind].width),
          line.label,
        ),
      ),
    ),
  );
}
