// The layers of one scheme as a table, and the formula of each behind its name.

const PRINTED = 40;
const EXPLAINED = 3;

const LAYER_COLUMNS = [
  ["Layer", "left"], ["Kind", "left"], ["MACs", "right"], ["Energy", "right"], ["Time", "right"], ["Starts at", "right"],
  ["Off-chip", "right"], ["MACs/byte", "right"], ["Bound by", "left"], ["Mapping", "left"],
];

function layerTable(scheme) {
  const known = scheme.energyPj !== null;
  const columns = LAYER_COLUMNS.filter(([label]) => known || label !== "Energy");
  const head = make("tr", {}, ...columns.map(([label, side]) => make("th", { scope: "col", class: side }, label)));
  const table = make("table", { id: "layer-table", class: "sortable" },
    make("caption", {}, `Layers in ${scheme.name}, all repeats of a layer together.`), make("thead", {}, head));
  let start = 0;
  scheme.layers.forEach((layer, place) => {
    table.append(layerBody(scheme, layer, place, start, columns));
    start += layer.timeS;
  });
  sortable(table);
  return table;
}

function layerBody(scheme, layer, place, start, columns) {
  const cells = {
    Kind: [layer.kind], MACs: [plain(layer.macs), layer.macs],
    Energy: [joules(layer.energyPj), layer.energyPj, percent(layer.energyPj, scheme.energyPj)],
    Time: [seconds(layer.timeS), layer.timeS, percent(layer.timeS, scheme.timeS)],
    "Starts at": [seconds(start), start], "Off-chip": [engineering(layer.trafficBytes, "B"), layer.trafficBytes],
    "MACs/byte": [plain(layer.macsPerByte), layer.macsPerByte],
    "Bound by": [layer.bound], Mapping: [layer.mapping],
  };
  const row = make("tr", {}, make("th", { scope: "row" }, layer.detail === null ? layer.name : opener(layer, place)));
  for (const [label, side] of columns.slice(1)) {
    const [text, value, share] = cells[label];
    const more = share ? [make("span", { class: "share" }, share)] : [];
    row.append(make("td", { class: side, "data-value": value ?? null }, text, ...more));
  }
  const body = make("tbody", { "data-place": place }, row);
  if (layer.detail !== null) {
    body.append(make("tr", { class: "detail", id: `detail-${place}`, hidden: true }, make("td", { colspan: columns.length })));
    row.querySelector("button").addEventListener("click", () => openDetail(body, scheme, layer));
  }
  return body;
}

function opener(layer, place) {
  return make("button", { type: "button", class: "open", "aria-expanded": "false", "aria-controls": `detail-${place}` },
    make("bdi", {}, layer.name), ...(layer.repeat > 1 ? [` ×${layer.repeat}`] : []));
}

function openDetail(body, scheme, layer, open) {
  const [row, detail] = body.rows;
  const show = open ?? detail.hidden;
  detail.hidden = !show;
  row.querySelector("button").setAttribute("aria-expanded", String(show));
  const cell = detail.cells[0];
  if (show && !cell.firstChild) cell.append(formula(scheme, layer));
}

function formula(scheme, layer) {
  const detail = data.details[layer.detail];
  const text = (number) => data.texts[number];
  const rows = (body, sides) => body.map((row) => make("tr", {}, ...row.map((cell, place) => make("td", { class: sides[place] }, text(cell)))));
  const bill = make("table", { class: "bill" }, make("caption", {}, "energy = count × bits × cost"),
    make("thead", {}, make("tr", {}, ...data.billHeader.map((label) => (label ? make("th", { scope: "col" }, label) : make("td"))))),
    make("tbody", {}, ...rows(detail.bill, ["", "right", "right", "right", "", "right", "note"])));
  const time = make("table", { class: "bill" }, make("caption", {}, "time = what does not overlap, and the slowest of what does"),
    make("tbody", {}, ...rows(detail.time, ["", "right", "right"])));
  const nest = detail.nest.length
    ? [make("h4", {}, "Mapping, outermost first"), make("pre", { tabindex: "0" }, detail.nest.map(text).join("\n")), make("p", {}, text(detail.proof))]
    : [];
  return make("div", { class: "formula" },
    make("h3", {}, `${layer.name} in ${scheme.name}${layer.repeat > 1 ? `, one of ${layer.repeat} alike` : ""}`),
    make("p", {}, [text(detail.loops), text(detail.counted)].filter(Boolean).join("; ")),
    bill, make("div", { class: "beside" }, make("div", {}, time, ...detail.words.map((line) => make("p", {}, text(line)))), make("div", {}, ...nest)));
}

function layersSection() {
  const select = document.getElementById("layer-scheme");
  const place = document.getElementById("layer-rows");
  const input = document.getElementById("layer-filter");
  data.schemes.forEach((scheme, index) => select.append(make("option", { value: index }, scheme.name)));
  const show = () => {
    const scheme = data.schemes[Number(select.value)];
    const region = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Layers in ${scheme.name}` }, layerTable(scheme));
    place.replaceChildren(region);
    filterRows(input);
  };
  select.addEventListener("change", show);
  select.value = String(bestScheme());
  show();
  const opened = [];
  addEventListener("beforeprint", () => opened.push(printCostliest(), ...openDetails("#assumptions details, #verdict details")));
  addEventListener("afterprint", () => opened.splice(0).forEach((close) => close()));
}

// The scheme that takes least energy, or least time where no energy is known.
function bestScheme() {
  const amount = (scheme) => scheme.energyPj ?? Infinity;
  const order = [...data.schemes.keys()].sort((a, b) => {
    const [one, other] = [data.schemes[a], data.schemes[b]];
    return amount(one) === amount(other) ? one.timeS - other.timeS : amount(one) - amount(other);
  });
  return order[0];
}

function openDetails(which) {
  return [...document.querySelectorAll(which)].filter((details) => !details.open).map((details) => {
    details.open = true;
    return () => { details.open = false; };
  });
}

// On paper stand the costliest layers, and the formulas of the first few; return what undoes it.
function printCostliest() {
  const scheme = data.schemes[Number(document.getElementById("layer-scheme").value)];
  const table = document.getElementById("layer-table");
  const weight = (layer) => layer.energyPj ?? layer.timeS;
  const order = [...scheme.layers.entries()].sort(([, a], [, b]) => weight(b) - weight(a));
  const bodies = order.map(([place, layer]) => ({ layer, body: table.querySelector(`tbody[data-place="${place}"]`) }));
  const left = bodies.slice(PRINTED).map(({ body }) => body);
  left.forEach((body) => body.classList.add("screen"));
  const note = left.length ? ` On paper the ${PRINTED} costliest of ${order.length} layers.` : "";
  table.caption.append(make("span", { class: "paper" }, note));
  const opened = bodies.slice(0, EXPLAINED).filter(({ body }) => body.rows[1]?.hidden);
  opened.forEach(({ layer, body }) => openDetail(body, scheme, layer, true));
  return () => {
    left.forEach((body) => body.classList.remove("screen"));
    table.caption.lastChild.remove();
    opened.forEach(({ layer, body }) => openDetail(body, scheme, layer, false));
  };
}
