// The map of verdicts: a cell for every lane, told by colour, by letter and in words.

const LETTERS = { stable: "S", overestimating: "O", recovered: "R", diverged: "D", exploded: "E" };
const MEANINGS = {
  stable: "none of the others",
  overestimating: "Q well above the return that the policy then got",
  recovered: "was diverged and came back well inside the bounds",
  diverged: "mean Q clearly beyond its bound",
  exploded: "something became infinite or not a number",
};
const ROOMY = 30; // lanes in a row up to which a cell shows its update too

function verdictSentence(lane) {
  if (!lane.verdict) return "not judged";
  if (lane.update < 0) return lane.verdict;
  const at = `update ${count(lane.update)}, env step ${count(lane.env_step)}`;
  return lane.verdict === "stable" ? `stable up to ${at}` : `${lane.verdict} at ${at}`;
}

function verdictCell(lane, roomy) {
  const kind = lane.verdict || "none",
    named = lane.verdict && lane.verdict !== "stable" && lane.update >= 0;
  const said = `${laneName(lane)}: ${verdictSentence(lane)}`;
  return element(
    "a",
    {
      class: `lane ${LETTERS[kind] ? kind : "none"}${roomy ? " roomy" : ""}`,
      href: laneAddress(lane),
      title: said,
      "aria-label": said,
    },
    LETTERS[kind] || "?",
    roomy ? element("small", {}, named ? shortCount(lane.update) : "") : null,
  );
}

// A row for each panel, or for each run of it if several runs have the same variant in a panel.
function verdictRows() {
  const all = panels();
  const apart = all.some(({ cells }) => new Set(cells.map((place) => DATA.cells[place].variant)).size < cells.length);
  if (!apart) return all.map((panel) => ({ title: panelTitle(panel), cells: panel.cells }));
  return all
    .flatMap((panel) =>
      DATA.runs.map((run, i) => ({
        title: panelTitle(panel),
        run: run.name,
        cells: panel.cells.filter((place) => DATA.cells[place].run === i),
      })),
    )
    .filter((line) => line.cells.length);
}

function verdictMap() {
  const rows = verdictRows();
  const names = DATA.looks.map((look) => look.variant);
  const most = Math.max(...rows.map((line) => line.cells.reduce((sum, place) => sum + LANES_OF[place].length, 0)));
  const roomy = most <= ROOMY,
    long = names.some((name) => name.length > 12) && names.length > 5;
  const head = element(
    "tr",
    {},
    element("th", { scope: "col" }, rows.some((line) => line.run) ? "task, run" : "task"),
    names.map((name) => element("th", { scope: "col", class: long ? "upright" : null }, element("span", {}, name))),
  );
  const body = rows.map((line) =>
    element(
      "tr",
      {},
      element(
        "th",
        { scope: "row" },
        line.title,
        line.run ? element("span", { class: "dim" }, ` ${line.run}`) : null,
      ),
      names.map((name) => {
        const places = line.cells.filter((place) => DATA.cells[place].variant === name);
        return element(
          "td",
          {},
          element(
            "div",
            { class: "lanes" },
            places.flatMap((place) => LANES_OF[place].map((lane) => verdictCell(DATA.lanes[lane], roomy))),
          ),
        );
      }),
    ),
  );
  const table = element(
    "table",
    { class: "map" },
    element("caption", { class: "spoken" }, "Verdict of every lane"),
    element("thead", {}, head),
    element("tbody", {}, body),
  );
  return element(
    "div",
    {},
    verdictLegend(),
    element("div", { class: "wide", tabindex: 0, role: "region", "aria-label": "Map of verdicts" }, table),
    element(
      "p",
      { class: "note" },
      `One cell a lane, seeds from left to right${roomy ? "; below the letter, the update of the verdict" : ""}. ` +
        "Each leads to the lane.",
    ),
  );
}

function verdictLegend() {
  const counts = {};
  for (const lane of DATA.lanes) counts[lane.verdict || "none"] = (counts[lane.verdict || "none"] || 0) + 1;
  const kinds = [...DATA.verdicts.filter((kind) => counts[kind]), ...(counts.none ? ["none"] : [])];
  return element(
    "ul",
    { class: "kinds" },
    kinds.map((kind) =>
      element(
        "li",
        {},
        element("span", { class: `lane ${kind}`, "aria-hidden": "true" }, LETTERS[kind] || "?"),
        element(
          "span",
          {},
          element("b", {}, `${count(counts[kind])} ${kind === "none" ? "not judged" : kind}`),
          ` ${MEANINGS[kind] || ""}`,
        ),
      ),
    ),
  );
}
