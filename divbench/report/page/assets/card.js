// The card of each run side by side, and the raw rows to take away.

function cardSection() {
  const facts = DATA.runs[0].facts.map(([name]) => name);
  const value = (run, name) => (DATA.runs[run].facts.find(([known]) => known === name) || [null, ""])[1];
  const packages = [...new Set(DATA.runs.flatMap((run) => Object.keys(run.versions)))];
  const installed = (run) => Object.entries(run.versions).filter(([, version]) => version !== "absent");
  const versions = SEVERAL
    ? packages.map((name) => [name, DATA.runs.map((run) => run.versions[name] || "absent")])
    : [
        [
          "versions",
          DATA.runs.map((run) =>
            installed(run)
              .map((pair) => pair.join(" "))
              .join(", "),
          ),
        ],
      ];
  const rows = [...facts.map((name) => [name, DATA.runs.map((_, i) => value(i, name))]), ...versions].filter(
    ([, values]) => values.some(Boolean),
  );
  const body = rows.map(([name, values]) => {
    const differs = new Set(values).size > 1 && name !== "command" && name !== "state";
    return element(
      "tr",
      { class: differs ? "differs" : null },
      element("th", { scope: "row" }, name, differs ? element("em", {}, " differs") : null),
      values.map((text) => element("td", {}, name === "command" ? element("code", {}, text) : text)),
    );
  });
  const table = element(
    "table",
    { class: "card" },
    SEVERAL
      ? element(
          "thead",
          {},
          element(
            "tr",
            {},
            element("th", {}, ""),
            DATA.runs.map((run) => element("th", { scope: "col" }, run.name)),
          ),
        )
      : null,
    element("tbody", {}, body),
  );
  return element(
    "div",
    {},
    element("div", { class: "wide", tabindex: 0, role: "region", "aria-label": "Card" }, table),
    DATA.runs.map((run) => {
      const details = element(
        "details",
        {},
        element("summary", {}, SEVERAL ? `Settings of ${run.name}` : "All settings"),
      );
      details.addEventListener("toggle", () => {
        if (details.open && details.childElementCount === 1)
          details.append(
            element(
              "pre",
              {},
              JSON.stringify(run.imported ? { imported: run.imported, settings: run.settings } : run.settings, null, 2),
            ),
          );
      });
      return details;
    }),
  );
}

function rawSection() {
  if (!RAW.length) return element("p", { class: "note" }, "No row is recorded yet.");
  return element(
    "ul",
    { class: "raw" },
    RAW.map((entry) => {
      const run = SEVERAL ? `${DATA.runs[entry.run].name}: ` : "";
      const said = `${run}${entry.table}, ${plural(entry.rows, "row")}`;
      if (!entry.data) {
        return element(
          "li",
          {},
          `${said}: too large for this page; it is the file `,
          element("code", {}, entry.where),
          ` in the run folder ${DATA.runs[entry.run].name}`,
        );
      }
      const button = element(
        "button",
        { type: "button", class: "download", onclick: () => download(entry, button) },
        `↓ ${entry.table}.csv`,
      );
      return element("li", {}, button, ` ${said}`);
    }),
  );
}

async function download(entry, button) {
  const bytes = Uint8Array.from(atob(entry.data), (letter) => letter.charCodeAt(0));
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const rows = await new Response(unpacked).blob();
  const address = URL.createObjectURL(new Blob([rows], { type: "text/csv" }));
  const link = element("a", { href: address, download: entry.file });
  document.body.append(link);
  link.click();
  link.remove();
  button.dataset.size = rows.size;
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
