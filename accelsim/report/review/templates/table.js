// Tables that sort by a click or a key on their headings, and show the rows that hold a text.

function sortable(table) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    const label = heading.textContent.trim();
    heading.replaceChildren(make("button", { type: "button", class: "sort" }, label, make("span", { "aria-hidden": "true" })));
    heading.setAttribute("aria-sort", "none");
    heading.dataset.label = label;
    heading.firstChild.addEventListener("click", () => {
      const down = heading.getAttribute("aria-sort") === "ascending";
      headings.forEach((other) => other.setAttribute("aria-sort", "none"));
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      sortBy(table, column, down);
      say(`Sorted by ${label}, ${down ? "descending" : "ascending"}`);
    });
  });
}

function sortBy(table, column, down) {
  const rows = [...table.tBodies].map((body) => ({ body, ...sortKey(body.rows[0].cells[column]) }));
  rows.sort((a, b) => {
    if (a.number === null || b.number === null) {
      if (a.number !== b.number) return a.number === null ? 1 : -1;
      return (down ? -1 : 1) * a.text.localeCompare(b.text, "en", { numeric: true });
    }
    return (down ? -1 : 1) * (a.number - b.number);
  });
  table.append(...rows.map((row) => row.body));
}

function sortKey(cell) {
  const value = cell.dataset.value;
  return { number: value === undefined ? null : Number(value), text: cell.textContent.trim() };
}

function filterable(input) {
  const apply = () => filterRows(input);
  input.addEventListener("input", apply);
  watchers.push(apply);
}

// A row shows if its scheme is shown and it holds every word of the filter.
function filterRows(input) {
  const table = document.getElementById(input.dataset.filters);
  if (!table) return;
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const body of table.tBodies) {
    const text = body.rows[0].textContent.toLowerCase();
    body.hidden = hiddenScheme(table, body) || !words.every((word) => text.includes(word));
    count += body.hidden ? 0 : 1;
  }
  const output = input.parentElement.querySelector(`output[for="${input.id}"]`);
  output.textContent = `${count} of ${table.tBodies.length} shown`;
}

function hiddenScheme(table, body) {
  if (table.id !== "results") return false;
  const index = data.schemes.findIndex((scheme) => scheme.name === body.dataset.name);
  return index >= 0 && !shown.has(index);
}
