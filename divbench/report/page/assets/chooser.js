// The section in which a column is chosen: what it means, its curves and its table.

// The chosen column as curves and as a table, with what it means.
function curvesSection() {
  const grid = element("div", { class: "panels" }),
    about = element("p", { class: "about" });
  const legendPlace = element("div"),
    tablePlace = element("div"),
    publishedPlace = element("div");
  const groups = [...new Set(DATA.columns.map((column) => column.group))];
  const chooser = element(
    "select",
    {
      id: "metric",
      onchange: () => {
        STATE.column = chooser.value;
        update();
      },
    },
    groups.map((group) =>
      element(
        "optgroup",
        { label: group },
        DATA.columns
          .filter((column) => column.group === group)
          .map((column) =>
            element("option", { value: column.name, selected: column.name === STATE.column }, column.label),
          ),
      ),
    ),
  );
  const axis = element(
    "select",
    {
      id: "x-axis",
      onchange: () => {
        STATE.x = axis.value;
        update();
      },
    },
    [
      ["steps", "env steps"],
      ["updates", "updates"],
    ].map(([value, label]) => element("option", { value, selected: value === STATE.x }, label)),
  );
  const linear = element("input", {
    type: "checkbox",
    id: "linear",
    checked: STATE.linear,
    onchange: () => {
      STATE.linear = linear.checked;
      update();
    },
  });
  let drawn = null;
  const words = () => {
    const column = COLUMNS[STATE.column];
    about.replaceChildren(
      element("span", {}, column.meaning),
      " ",
      element("code", {}, column.formula),
      element(
        "span",
        { class: "dim" },
        ` ${column.unit === "1" ? "" : `[${column.unit}] `}${column.source === "divbench" ? "" : column.source}`,
      ),
    );
    legendPlace.replaceChildren(
      legend(STATE.column, STATE.x, () => {
        drawn.draw();
        keepState();
      }),
    );
    const offered = STATE.column === "return_mean" && STATE.x === "steps" ? citations() : null;
    publishedPlace.replaceChildren(...(offered ? [offered] : []));
    tablePlace.replaceChildren(outcomeTable(STATE.column));
  };
  const update = () => {
    words();
    drawn.draw();
    keepState();
  };
  const make = () =>
    panels().map((panel) => ({
      title: panelTitle(panel),
      spokenTitle: `${COLUMNS[STATE.column].label}, ${panelTitle(panel)}`,
      lines: panelLines(panel, STATE.column, STATE.x),
      axis: axisFor(COLUMNS[STATE.column]),
      by: STATE.x,
    }));
  words();
  drawn = sheet(grid, make, { height: 240, shareRange: () => !STATE.linear });
  return section(
    "curves",
    "Curves",
    element(
      "div",
      { class: "controls" },
      element("label", {}, "Metric ", chooser),
      element("label", {}, "against ", axis),
      element("label", {}, linear, " linear axis"),
      element("span", { class: "dim" }, "thin: seeds, thick: their middle; drag to zoom, double-click to go back"),
    ),
    about,
    legendPlace,
    publishedPlace,
    grid,
    tablePlace,
  );
}
