// Axes, ticks, hatches and shapes: what plots are drawn with.

function around([from, to], factor) {
  const half = Math.min((to - from) * factor, 1) / 2;
  const middle = Math.min(Math.max((from + to) / 2, half), 1 - half);
  return [middle - half, middle + half];
}

// The part of an axis that is zoomed, laid over some pixels.
function part(axis, [from, to], [first, last]) {
  const [low, high] = axis.log ? axis.domain.map(Math.log10) : axis.domain;
  const [start, end] = [low + from * (high - low), low + to * (high - low)];
  const ends = axis.log ? [10 ** start, 10 ** end] : [start, end];
  const to_ = (value) => first + (((axis.log ? Math.log10(value) : value) - start) / (end - start || 1)) * (last - first);
  return { to: to_, domain: ends };
}

function ticks(scale, axis, count) {
  const [low, high] = scale.domain;
  if (!axis.log || high / low < 30) return linearTicks(low, high, count, axis.whole);
  const found = [];
  const every = Math.ceil(Math.log10(high / low) / Math.max(count, 1));
  for (let power = Math.ceil(Math.log10(low)); power <= Math.log10(high); power += every) found.push(10 ** power);
  return found;
}

function linearTicks(low, high, count, whole) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  let step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough) ?? power;
  if (whole) step = Math.max(1, Math.round(step));
  const found = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high * (1 + 1e-9); tick += step) found.push(Math.abs(tick) < step / 1e6 ? 0 : tick);
  return found;
}

function ink(color) {
  return color === "#000000" ? "currentColor" : color;
}

const STROKES = {
  "/": "M-2,2 l4,-4 M0,8 l8,-8 M6,10 l4,-4", "\\": "M-2,6 l4,4 M0,0 l8,8 M6,-2 l4,4", x: "M0,8 l8,-8 M0,0 l8,8",
  "+": "M4,0 v8 M0,4 h8", "-": "M0,4 h8", "|": "M4,0 v8", ".": "M2,2 h.01 M6,6 h.01", o: "M4,2 a2,2 0 1 0 .01,0",
};

const PALE = new Set(["#F0E442", "#56B4E9", "#E69F00"]);

function hatch(id, entry) {
  const dots = entry.hatch[0] === ".";
  const pale = PALE.has(entry.color);
  return draw("pattern", { id, width: 8, height: 8, patternUnits: "userSpaceOnUse" },
    draw("rect", { width: 8, height: 8, fill: ink(entry.color) }),
    draw("path", {
      d: STROKES[entry.hatch[0]] ?? STROKES["/"], fill: "none", stroke: pale ? "#222" : "#fff", "stroke-opacity": pale ? 0.5 : 0.6,
      "stroke-width": dots ? 2.2 : 1.1, "stroke-linecap": dots ? "round" : "butt",
    }));
}

const SHAPES = [
  null, "M-1,-1H1V1H-1Z", "M0,-1.3L1.3,0L0,1.3L-1.3,0Z", "M0,-1.2L1.2,1H-1.2Z", "M0,1.2L1.2,-1H-1.2Z",
  "M-.4,-1.2H.4V-.4H1.2V.4H.4V1.2H-.4V.4H-1.2V-.4H-.4Z", "M-1.2,0L-.6,-1H.6L1.2,0L.6,1H-.6Z", "M0,-1.3L1.2,-.4L.8,1.1H-.8L-1.2,-.4Z",
];

function shape(number, x, y, size, attributes) {
  const path = SHAPES[number % SHAPES.length];
  if (!path) return draw("circle", { cx: x, cy: y, r: size, ...attributes });
  return draw("path", { d: path, transform: `translate(${x} ${y}) scale(${size})`, ...attributes });
}

function clipped(text, pixels) {
  const most = Math.max(4, Math.floor(pixels / TEXT));
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

// Names of layers differ at their ends.
function ending(text, letters) {
  return text.length <= letters ? text : `…${text.slice(1 - letters)}`;
}

// The parts of a stack as a legend: a part is hidden in its own plot alone.
function partLegend(plot, parts) {
  return parts.map((entry, number) => ({
    ...entry, number, off: plot.hidden.has(entry.name), toggle: () => plot.toggle(entry.name),
  }));
}
