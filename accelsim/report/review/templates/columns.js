// One strip of columns per scheme: the energy of every layer in order of execution, all on one scale.

const STRIP = { label: 20, height: 84, gap: 12 };

class Columns {
  scene(plot, width) {
    const legend = partLegend(plot, data.parts);
    const schemes = shownSchemes().filter((scheme) => scheme.energyPj !== null);
    const heights = schemes.flatMap((scheme) => scheme.layers.map((layer) => stackOf(layer, legend)));
    const most = Math.max(...heights, 0) || 1;
    const longest = Math.max(...schemes.map((scheme) => scheme.layers.length), 1);
    const each = STRIP.label + STRIP.height + STRIP.gap;
    const names = schemes[0]?.layers.map((layer) => layer.name) ?? [];
    return {
      height: each * schemes.length + 46,
      margin: { left: 8, right: 16, top: 4, bottom: 42 },
      x: {
        domain: [0, longest], label: "layers, in order of execution", whole: true,
        text: (place) => ending(names[place] ?? "", 11),
      },
      legend,
      summary: schemes.map((scheme) => `${scheme.name}: ${costliest(scheme)}`).join("; "),
      paint: (_, x) => schemes.forEach((scheme, place) => strip(plot, scheme, legend, 4 + place * each, x, most, width)),
    };
  }
}

function stackOf(layer, legend) {
  return layer.parts.reduce((sum, amount, part) => sum + (legend[part].off ? 0 : amount), 0);
}

function costliest(scheme) {
  const layer = scheme.layers.reduce((most, one) => ((one.energyPj ?? 0) > (most.energyPj ?? 0) ? one : most));
  return `most in ${ending(named(layer), 32)}, ${joules(layer.energyPj)}, ${percent(layer.energyPj, scheme.energyPj)}`;
}

function strip(plot, scheme, legend, top, x, most, width) {
  const base = top + STRIP.label + STRIP.height;
  const words = clipped(costliest(scheme), width - 40 - scheme.name.length * TEXT);
  plot.svg.append(draw("text", { x: 8, y: top + 14, class: "lane" }, draw("tspan", { class: "name" }, clipped(scheme.name, width / 2)),
    draw("tspan", { dx: 10 }, words)));
  plot.svg.append(draw("line", { x1: plot.inside.left, x2: plot.inside.right, y1: base, y2: base, class: "base" }));
  scheme.layers.forEach((layer, place) => {
    const [from, to] = [x.to(place), x.to(place + 1)];
    if (to < plot.inside.left || from > plot.inside.right) return;
    const column = draw("g");
    let height = 0;
    layer.parts.forEach((amount, part) => {
      if (!amount || legend[part].off) return;
      const own = (amount / most) * STRIP.height;
      const bar = { x: from, width: Math.min(Math.max((to - from) * 0.86, 0.6), 60), y: base - height - own, height: own };
      column.append(draw("rect", { ...bar, fill: plot.paintOf(legend[part]) }));
      height += own;
    });
    column.append(draw("rect", { x: from, width: to - from, y: base - STRIP.height, height: STRIP.height, class: "reach" }));
    const parts = layer.parts.map((amount, part) => [amount, data.parts[part].name]).filter(([amount]) => amount > 0);
    parts.sort((a, b) => b[0] - a[0]);
    plot.mark(column, [named(layer), `${scheme.name}: ${joules(layer.energyPj)}, ${percent(layer.energyPj, scheme.energyPj)}`,
      ...parts.slice(0, 4).map(([amount, name]) => `${name} ${joules(amount)}`)]);
  });
}
