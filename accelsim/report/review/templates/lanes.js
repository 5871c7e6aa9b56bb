// One lane per scheme along a common axis: energy by part, time by cause, and the layers one after another.

const LANE = { label: 20, bar: 24, gap: 14 };

class Lanes {
  // parts: the legend; segments(scheme): [{part, amount, lines}]; total(scheme): text beside the name.
  constructor({ parts, segments, total, text, label, summary }) {
    Object.assign(this, { parts, segments, total, text, label, summary });
  }

  scene(plot, width) {
    const legend = partLegend(plot, this.parts);
    const lanes = shownSchemes().map((scheme) => ({ scheme, segments: this.stacked(scheme, legend) }));
    const longest = Math.max(...lanes.map((lane) => lane.segments.at(-1)?.end ?? 0)) || 1;
    const each = LANE.label + LANE.bar + LANE.gap;
    return {
      height: each * lanes.length + 46,
      margin: { left: 8, right: 16, top: 4, bottom: 42 },
      x: { domain: [0, longest], label: this.label, text: this.text },
      legend,
      summary: lanes.map((lane) => `${lane.scheme.name}: ${this.total(lane.scheme)}`).join("; "),
      paint: (_, x) => lanes.forEach((lane, place) => this.lane(plot, lane, 4 + place * each, x, width)),
    };
  }

  stacked(scheme, legend) {
    let start = 0;
    const found = [];
    for (const segment of this.segments(scheme)) {
      const entry = legend[segment.part];
      if (!entry || entry.off || !segment.amount) continue;
      found.push({ ...segment, entry, start, end: start + segment.amount });
      start += segment.amount;
    }
    return found;
  }

  lane(plot, { scheme, segments }, top, x, width) {
    const total = this.total(scheme);
    const name = clipped(scheme.name, width - 40 - total.length * TEXT);
    plot.svg.append(draw("text", { x: 8, y: top + 14, class: "lane" }, draw("tspan", { class: "name" }, name),
      draw("tspan", { dx: 10 }, clipped(total, width - 30 - name.length * TEXT))));
    for (const segment of segments) {
      const [from, to] = [x.to(segment.start), x.to(segment.end)];
      if (to < plot.inside.left || from > plot.inside.right) continue;
      plot.mark(draw("rect", {
        x: from, width: Math.max(to - from, 0.4), y: top + LANE.label, height: LANE.bar,
        fill: plot.paintOf(segment.entry), class: to - from > 3 ? "edge" : null,
      }), segment.lines);
    }
  }
}

function energyLanes() {
  return new Lanes({
    parts: data.parts,
    segments: (scheme) => (scheme.parts ?? []).map((amount, part) => ({
      part, amount, lines: [data.parts[part].name, `${scheme.name}: ${joules(amount)}`, `${percent(amount, scheme.energyPj)} of its energy`],
    })),
    total: (scheme) => (scheme.energyPj === null ? "unknown, for want of costs" : beside(joules(scheme.energyPj), scheme.against.energy)),
    text: (pj) => tickText(pj * 1e-12, "J"),
    label: "energy of one pass",
  });
}

function timeLanes() {
  return new Lanes({
    parts: data.causes,
    segments: (scheme) => scheme.causes.map((amount, part) => ({
      part, amount, lines: [data.causes[part].name, `${scheme.name}: ${seconds(amount)}`, `${percent(amount, scheme.timeS)} of its time`],
    })),
    total: (scheme) => beside(seconds(scheme.timeS), scheme.against.time),
    text: (s) => tickText(s, "s"),
    label: "time of one pass",
  });
}

function timelineLanes() {
  const bounds = new Map(data.bounds.map((bound, place) => [bound.name, place]));
  return new Lanes({
    parts: data.bounds,
    segments: (scheme) => scheme.layers.map((layer) => ({
      part: bounds.get(layer.bound), amount: layer.timeS, lines: [named(layer), scheme.name, ...timeLines(layer, scheme)],
    })),
    total: (scheme) => beside(seconds(scheme.timeS), scheme.against.time),
    text: (s) => tickText(s, "s"),
    label: "time since the pass began",
  });
}

function beside(amount, against) {
  return against ? `${amount}, ${against}` : amount;
}

function named(layer) {
  return layer.repeat > 1 ? `${layer.name} ×${layer.repeat}` : layer.name;
}

function timeLines(layer, scheme) {
  return [`${seconds(layer.timeS)}, ${percent(layer.timeS, scheme.timeS)} of its time`, `bound by ${layer.bound}`];
}
