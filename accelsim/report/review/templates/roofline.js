// Layers as points below the roof of their chip, on logarithmic axes.

class Roofline {
  vertical = true;

  scene(plot, width) {
    const schemes = shownSchemes();
    const points = schemes.flatMap((scheme) => scheme.layers.filter((layer) => layer.macsPerByte && layer.macsPerS)
      .map((layer) => ({ scheme, layer, share: layer.timeS / scheme.timeS })));
    const roofs = roofsOf(schemes);
    const ridges = roofs.filter((roof) => roof.bytesPerS).map((roof) => roof.macsPerS / roof.bytesPerS);
    const across = [...points.map((point) => point.layer.macsPerByte), ...ridges];
    const up = [...points.map((point) => point.layer.macsPerS), ...roofs.map((roof) => roof.macsPerS)];
    const bounds = (values, low, high) => (values.length ? [Math.min(...values) / low, Math.max(...values) * high] : [1, 10]);
    return {
      height: Math.min(Math.max(width * 0.55, 300), 480),
      margin: { left: 62, right: 16, top: 12, bottom: 42 },
      x: { domain: bounds(across, 2, 2.5), log: true, label: "MACs per byte of off-chip traffic", text: plain },
      y: { domain: bounds(up, 2, 2), log: true },
      legend: data.schemes.map((scheme, index) => ({
        name: scheme.name, color: scheme.color, shape: index, number: index, off: !shown.has(index), toggle: () => toggleScheme(index),
      })),
      summary: `${points.length} layers below ${roofs.length} roof${roofs.length > 1 ? "s" : ""}`,
      paint: (_, x, y) => {
        upAxis(plot, y);
        roofs.forEach((roof) => paintRoof(plot, roof, x, y));
        points.sort((a, b) => b.share - a.share).forEach((point) => paintPoint(plot, point, x, y));
      },
    };
  }
}

function roofsOf(schemes) {
  const found = new Map();
  for (const { roof, name } of schemes) {
    const key = `${roof.macsPerS} ${roof.bytesPerS}`;
    if (!found.has(key)) found.set(key, { ...roof, names: [] });
    found.get(key).names.push(name);
  }
  return [...found.values()];
}

function upAxis(plot, y) {
  const { left, right, top } = plot.inside;
  const group = draw("g", { class: "axis" });
  for (const tick of ticks(y, { log: true }, 6)) {
    group.append(draw("line", { x1: left, x2: right, y1: y.to(tick), y2: y.to(tick), class: "grid" }));
    group.append(draw("text", { x: left - 6, y: y.to(tick) + 4, "text-anchor": "end" }, tickText(tick, "")));
  }
  group.append(draw("text", { x: left + 6, y: top + 8, class: "label" }, "MACs per s"));
  plot.svg.append(group);
}

function paintRoof(plot, roof, x, y) {
  const [low, high] = x.domain;
  const ridge = roof.bytesPerS ? roof.macsPerS / roof.bytesPerS : low;
  const corners = [];
  if (roof.bytesPerS && ridge > low) corners.push([low, low * roof.bytesPerS]);
  corners.push([Math.max(Math.min(ridge, high), low), Math.min(roof.macsPerS, roof.bytesPerS ? high * roof.bytesPerS : Infinity)]);
  if (ridge < high) corners.push([high, roof.macsPerS]);
  const path = corners.map(([across, up], place) => `${place ? "L" : "M"}${x.to(across)},${y.to(up)}`).join("");
  plot.layer.append(draw("path", { d: path, class: "roof" }));
  const room = plot.inside.right - Math.max(x.to(ridge), plot.inside.left) - 12;
  plot.layer.append(draw("text", { x: plot.inside.right - 6, y: y.to(roof.macsPerS) - 6, "text-anchor": "end", class: "label" },
    clipped(roof.names.join(", "), Math.max(room, 120))));
}

function paintPoint(plot, { scheme, layer, share }, x, y) {
  const mark = shape(scheme.index, x.to(layer.macsPerByte), y.to(layer.macsPerS), 3 + 14 * Math.sqrt(share), {
    fill: ink(scheme.color), class: "point",
  });
  plot.mark(mark, [named(layer), scheme.name, `${plain(layer.macsPerByte)} MACs per byte`,
    engineering(layer.macsPerS, "MACs per s"), ...timeLines(layer, scheme)]);
}
