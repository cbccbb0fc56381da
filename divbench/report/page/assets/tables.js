// Tables that are sorted by a click on a heading, or by Enter or Space on it. What is not there stands last.

const SORTED = {}; // table to [key, direction], kept while the page is open

// columns: {key, label, text: row -> text or element, value: row -> number or text, number: boolean, title}.
function sortableTable({ id, caption, columns, rows, note, plain }) {
  const body = element("tbody");
  const heads = columns.map((column) => {
    const button = element(
      "button",
      { type: "button", onclick: () => sortBy(column), title: column.title },
      column.label,
    );
    return element("th", { scope: "col", class: column.number ? "number" : null, "data-key": column.key }, button);
  });
  const fill = () => {
    const [key, direction] = SORTED[id] || [];
    columns.forEach((column, i) => {
      if (column.key === key) heads[i].setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
      else heads[i].removeAttribute("aria-sort");
    });
    const by = columns.find((column) => column.key === key);
    body.replaceChildren(
      ...(by ? [...rows].sort(comparing(by, direction)) : rows).map((entry) =>
        element(
          "tr",
          {},
          columns.map((column) => element("td", { class: column.number ? "number" : null }, column.text(entry))),
        ),
      ),
    );
  };
  const sortBy = (column) => {
    const [key, direction] = SORTED[id] || [];
    SORTED[id] = [column.key, key === column.key ? -direction : column.number ? -1 : 1];
    fill();
    keepState();
  };
  fill();
  const table = element(
    "table",
    { id, class: "sortable" },
    element("caption", { class: plain ? "spoken" : null }, caption),
    element("thead", {}, element("tr", {}, heads)),
    body,
  );
  return element(
    "div",
    {},
    element("div", { class: "wide", tabindex: 0, role: "region", "aria-label": caption }, table),
    note ? element("p", { class: "note" }, note) : null,
  );
}

function comparing({ value, number }, direction) {
  const absent = (it) => it === null || it === undefined || Number.isNaN(it);
  return (first, second) => {
    const [a, b] = [value(first), value(second)];
    if (absent(a) || absent(b)) return absent(a) - absent(b);
    return direction * (number ? a - b : String(a).localeCompare(String(b), "en", { numeric: true }));
  };
}

const numeric = (key, label, value, text = (entry) => figure(value(entry)), title = null) => ({
  key,
  label,
  value,
  text,
  number: true,
  title,
});

function cellColumns() {
  const cell = (entry) => DATA.cells[entry.cell];
  const columns = [
    { key: "task", label: "task", value: (e) => cell(e).task, text: (e) => cell(e).task },
    { key: "variant", label: "variant", value: (e) => cell(e).variant, text: (e) => variantTag(cell(e)) },
  ];
  if (SEVERAL)
    columns.push({
      key: "run",
      label: "run",
      value: (e) => DATA.runs[cell(e).run].name,
      text: (e) => DATA.runs[cell(e).run].name,
    });
  if (UTDS.length > 1)
    columns.push(
      numeric(
        "utd",
        "UTD",
        (e) => ratio(cell(e).utd),
        (e) => cell(e).utd,
      ),
    );
  return columns;
}

const ratio = (text) => {
  const [over, under] = text.split("/").map(Number);
  return over / (under || 1);
};

function variantTag(cell) {
  return element("span", { class: "tag" }, swatch(colourOf(cell.variant), dashOf(cell)), cell.variant);
}

const seedCount = (entry) => (entry.seeds === entry.of ? String(entry.of) : `${entry.seeds} of ${entry.of}`);
const fewest = (rows) => Math.min(...rows.map((entry) => entry.of));

function smallSample(rows) {
  return rows.length && fewest(rows) < 5
    ? ` ${plural(fewest(rows), "seed")} ${fewest(rows) === 1 ? "is" : "are"} too few to rank variants by.`
    : "";
}

function placeColumns() {
  return [
    numeric("seeds", "seeds", (e) => e.seeds, seedCount),
    numeric(
      "step",
      "env step",
      (e) => e.step,
      (e) => count(e.step),
    ),
    numeric(
      "update",
      "update",
      (e) => e.update,
      (e) => (e.update < 0 ? figure(null) : count(e.update)),
    ),
  ];
}

function scoreTable() {
  const spread = (e) => (e.sd === null ? figure(e.mean) : `${figure(e.mean)} ± ${figure(e.sd)}`);
  return sortableTable({
    id: "scores-table",
    caption: "Scores",
    plain: true,
    rows: DATA.scores,
    columns: [
      ...cellColumns(),
      numeric("mean", COLUMNS.return_mean ? COLUMNS.return_mean.label.toLowerCase() : "return", (e) => e.mean, spread),
      numeric("low", "min", (e) => e.low),
      numeric("high", "max", (e) => e.high),
      ...placeColumns(),
    ],
    note:
      `${COLUMNS.return_mean ? COLUMNS.return_mean.label : "Return"}: mean ± standard deviation over seeds (n − 1), at the last evaluation they share.` +
      smallSample(DATA.scores),
  });
}

// How to read bounds and the shares of them.
const boundNote = (rows) =>
  [DATA.notes.bound, ...(rows.some((entry) => entry.short) ? [DATA.notes.short_note] : [])]
    .map((note, i) => (i ? note : note[0].toUpperCase() + note.slice(1)))
    .join("; ");

// How large a column is in every cell, beside the bound and beside plain SAC.
function outcomeTable(column) {
  const rows = DATA.outcomes[column] || [],
    about = COLUMNS[column];
  const place = (e) => {
    const c = DATA.cells[e.cell];
    return `${c.run}\n${c.task}\n${c.utd}`;
  };
  const references = new Map();
  for (const entry of rows) {
    if (!references.has(place(entry)) || DATA.cells[entry.cell].variant === "baseline")
      references.set(place(entry), entry);
  }
  const names = [...new Set([...references.values()].map((entry) => DATA.cells[entry.cell].variant))];
  const against = (entry) => {
    const reference = references.get(place(entry));
    if (reference.step !== entry.step || reference.update !== entry.update || !entry.final) return null;
    const ratio = reference.final / entry.final;
    // The last finite number of a lane that broke may be that of its first update: it is no reason to call it small.
    const smaller = Math.abs(ratio) >= 1 ? entry : reference;
    return entry !== reference && smaller.seeds < smaller.of ? null : ratio;
  };
  const overBound = (entry) => entry.share ?? null;
  const columns = [
    ...cellColumns(),
    numeric("final", "median", (e) => e.final),
    numeric("low", "min", (e) => e.low),
    numeric("high", "max", (e) => e.high),
    numeric("peak", "peak", (e) => e.peak, undefined, "largest absolute value of any seed at any time"),
  ];
  if (about.bounded) {
    columns.push(
      numeric("bound", "bound", (e) => e.bound ?? null),
      numeric("overBound", "of bound", overBound, (e) =>
        e.short
          ? DATA.notes.short
          : element("span", { class: e.beyond ? "beyond" : null }, figure(overBound(e))),
      ),
    );
  }
  columns.push(numeric("against", `${names.length === 1 ? names[0] : "reference"} / this`, against), ...placeColumns());
  return sortableTable({
    id: "outcomes-table",
    caption: about.label,
    rows,
    columns,
    note:
      "Median, min and max over seeds of the last value at or before the last " +
      `${about.table === "scores" ? "evaluation" : "measurement"} they share.` +
      `${about.bounded ? ` ${boundNote(rows)}.` : ""}${smallSample(rows)}`,
  });
}
