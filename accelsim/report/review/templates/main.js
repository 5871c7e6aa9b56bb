// Puts the page together.

function toggles() {
  const place = document.getElementById("toggles");
  if (data.schemes.length < 2) return;
  data.schemes.forEach((scheme, index) => {
    const key = draw("svg", { width: 14, height: 14, viewBox: "0 0 14 14", "aria-hidden": "true" },
      shape(index, 7, 7, 5, { class: "edge", fill: ink(scheme.color) }));
    const box = make("input", { type: "checkbox", id: `toggle-${index}`, autocomplete: "off" });
    box.checked = true;
    box.addEventListener("change", () => toggleScheme(index));
    watchers.push(() => { box.checked = shown.has(index); });
    place.append(make("label", { for: `toggle-${index}` }, box, key, make("bdi", {}, scheme.name)));
  });
  place.hidden = false;
}

const KINDS = {
  energy: energyLanes, time: timeLanes, timeline: timelineLanes, columns: () => new Columns(), roofline: () => new Roofline(),
  tornado: () => new TornadoBars(),
};

toggles();
document.querySelectorAll(".filter").forEach((line) => { line.hidden = false; });
document.querySelectorAll("table.sortable").forEach(sortable);
document.querySelectorAll("input[data-filters]").forEach(filterable);
layersSection();
document.querySelectorAll("figure.plot").forEach((figure) => new Plot(figure, KINDS[figure.dataset.kind]()));
watchers.forEach((watcher) => watcher());
document.documentElement.dataset.ready = "true";
