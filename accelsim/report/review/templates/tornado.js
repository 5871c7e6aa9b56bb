// One bar per cost: from what a quantity is at the least of the cost's range to what it is at the most.

const SWING = { label: 20, bar: 16, gap: 10 };

class TornadoBars {
  scene(plot, width) {
    const { swings, value, unit, quantity } = data.tornado;
    const ends = [value, ...swings.flatMap((swing) => [swing.low, swing.high])];
    const [low, high] = [Math.min(...ends), Math.max(...ends)];
    const room = (high - low) * 0.03 || Math.abs(value) * 0.03;
    const each = SWING.label + SWING.bar + SWING.gap;
    const amount = (number) => (unit === "pJ" ? tickText(number * 1e-12, "J") : String(Number(number.toPrecision(3))));
    return {
      height: each * swings.length + 46,
      margin: { left: 8, right: 16, top: 4, bottom: 42 },
      x: { domain: [low - room, high + room], label: quantity, text: amount },
      legend: [],
      summary: swings.map((swing) => `${swing.name}: ${swing.from} to ${swing.to}`).join("; "),
      paint: (_, x) => {
        swings.forEach((swing, place) => paintSwing(plot, swing, 4 + place * each, x, width));
        const at = x.to(value);
        plot.layer.append(draw("line", { x1: at, x2: at, y1: plot.inside.top, y2: plot.inside.bottom, class: "roof" }));
      },
    };
  }
}

function paintSwing(plot, swing, top, x, width) {
  const words = `${swing.range}`;
  const name = clipped(swing.name, width - 40 - words.length * TEXT);
  plot.svg.append(draw("text", { x: 8, y: top + 14, class: "lane" }, draw("tspan", { class: "name" }, name), draw("tspan", { dx: 10 }, words)));
  const [from, to] = [x.to(Math.min(swing.low, swing.high)), x.to(Math.max(swing.low, swing.high))];
  plot.mark(draw("rect", { x: from, width: Math.max(to - from, 1), y: top + SWING.label, height: SWING.bar, fill: "#0072B2" }),
    [swing.name, swing.range, `${data.tornado.quantity}: ${swing.from} at the least, ${swing.to} at the most`,
      `1% more of it: ${(swing.elasticity).toPrecision(2)}%`]);
}
