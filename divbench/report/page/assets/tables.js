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

const numeric = (key, label, value, text, title = null) => ({
  key,
  label,
  value,
  text,
  number: true,
  title,
});

// A column whose numbers are text already.
const written = (key, label, text, title = null) =>
  numeric(
    key,
    label,
    (entry) => leading(text(entry)),
    (entry) => typeset(text(entry)),
    title,
  );

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
        (e) => leading(cell(e).utd),
        (e) => cell(e).utd,
      ),
    );
  return columns;
}

const variantTag = (cell) => nameTag(cell.variant, cell.run);

function nameTag(variant, run) {
  return element("span", { class: "tag" }, swatch(colourOf(variant), LOOKS[variant].dashes[run]), variant);
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
      (e) => (e.update < 0 ? "–" : count(e.update)),
    ),
  ];
}

function scoreTable() {
  return sortableTable({
    id: "scores-table",
    caption: "Scores",
    plain: true,
    rows: DATA.scores,
    columns: [
      ...cellColumns(),
      written("mean", COLUMNS.return_mean ? COLUMNS.return_mean.label.toLowerCase() : "return", (e) => e.mean),
      written("low", "min", (e) => e.low),
      written("high", "max", (e) => e.high),
      ...placeColumns(),
    ],
    note:
      `${COLUMNS.return_mean ? COLUMNS.return_mean.label : "Return"}: mean ± standard deviation over seeds (n − 1), at the last evaluation they share.` +
      smallSample(DATA.scores),
  });
}

// Aggregates over all tasks, a table for each run that has several, as summary.md has them.
function overallTables() {
  return DATA.overall.map(({ run, title, columns, rows, note }) =>
    sortableTable({
      id: `overall-table-${run}`,
      caption: SEVERAL ? `${title}, ${DATA.runs[run].name}` : title,
      plain: !SEVERAL,
      rows,
      columns: columns.map(({ label, number }, i) =>
        number
          ? written(label, label, (row) => row[i])
          : { key: label, label, value: (row) => row[i], text: (row) => nameTag(row[i], run) },
      ),
      note: `${note[0].toUpperCase()}${note.slice(1)}.`,
    }),
  );
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
  const names = [...new Set(rows.map((entry) => entry.reference))];
  const columns = [
    ...cellColumns(),
    written("final", "median", (e) => e.final),
    written("low", "min", (e) => e.low),
    written("high", "max", (e) => e.high),
    written("peak", "peak", (e) => e.peak, "largest absolute value of any seed at any time"),
  ];
  if (about.bounded) {
    columns.push(
      written("bound", "bound", (e) => e.bound),
      numeric(
        "overBound",
        "of bound",
        (e) => leading(e.share),
        (e) =>
          e.short ? DATA.notes.short : element("span", { class: e.beyond ? "beyond" : null }, typeset(e.share)),
      ),
    );
  }
  columns.push(
    written("against", `${names.length === 1 ? names[0] : "reference"} / this`, (e) => e.against),
    ...placeColumns(),
  );
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
