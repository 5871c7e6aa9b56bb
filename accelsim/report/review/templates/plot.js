// What all plots share: a drawing that fits its place, zoom, tips on hover and by keyboard, a legend of buttons.
// What is zoomed is a part of the unit square, so that linear and logarithmic axes zoom alike.

const WHOLE = { x: [0, 1], y: [0, 1] };
const DRAG = 6;
const TEXT = 7;

class Plot {
  constructor(figure, kind) {
    this.figure = figure;
    this.kind = kind;
    this.title = figure.querySelector("h3").textContent;
    this.hidden = new Set();
    this.zoom = WHOLE;
    this.canvas = make("div", {
      class: "canvas", tabindex: "0", role: "application", "aria-roledescription": "plot",
      "aria-label": `${this.title}. Left and right arrow: step through what is drawn. Plus and minus: zoom. `
        + "Shift with an arrow: move. Zero: show everything.",
    });
    this.tip = make("div", { class: "tip", hidden: true });
    this.legend = make("div", { class: "legend", role: "group", "aria-label": `Legend of ${this.title}` });
    figure.querySelector(".drawing").append(this.toolbar(), this.canvas, this.legend);
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.canvas.addEventListener("blur", () => this.point(-1));
    this.canvas.addEventListener("pointermove", (event) => this.hover(event));
    this.canvas.addEventListener("pointerleave", () => this.point(-1));
    this.canvas.addEventListener("pointerdown", (event) => this.drag(event));
    this.canvas.addEventListener("dblclick", () => this.setZoom(WHOLE));
    new ResizeObserver(() => this.fit()).observe(this.canvas);
    watchers.push(() => this.redraw());
    this.redraw();
  }

  toolbar() {
    const button = (label, text, action) => {
      const made = make("button", { type: "button", "aria-label": `${label}: ${this.title}`, title: label }, text);
      made.addEventListener("click", action);
      return made;
    };
    return make("div", { class: "tools" }, make("span", { class: "hint" }, "drag to zoom"),
      button("Zoom in", "+", () => this.scale(0.5)), button("Zoom out", "−", () => this.scale(2)),
      button("Show everything", "Reset", () => this.setZoom(WHOLE)));
  }

  // ------------------------------------------------------------------ drawing

  fit() {
    if (Math.abs(this.canvas.clientWidth - this.width) > 1) this.redraw();
  }

  redraw() {
    this.width = this.canvas.clientWidth;
    const width = Math.max(this.width, 260);
    const scene = this.kind.scene(this, width);
    const { margin, height } = scene;
    this.marks = [];
    this.cursor = -1;
    this.inside = { left: margin.left, right: width - margin.right, top: margin.top, bottom: height - margin.bottom };
    this.svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": scene.summary });
    const x = part(scene.x, this.zoom.x, [this.inside.left, this.inside.right]);
    const y = scene.y && part(scene.y, scene.y.fixed ? WHOLE.y : this.zoom.y, [this.inside.bottom, this.inside.top]);
    this.svg.append(this.definitions(scene));
    this.axis(x, scene.x, height);
    const clip = `url(#${this.figure.id}-clip)`;
    this.layer = draw("g", { "clip-path": clip });
    scene.paint(this, x, y);
    this.svg.append(this.layer);
    this.canvas.replaceChildren(this.svg, this.tip);
    this.tip.hidden = true;
    this.legend.replaceChildren(...scene.legend.map((entry) => this.entry(entry)));
  }

  definitions(scene) {
    const { left, right, top, bottom } = this.inside;
    const clip = draw("clipPath", { id: `${this.figure.id}-clip` },
      draw("rect", { x: left - 1, y: top - 1, width: right - left + 2, height: bottom - top + 2 }));
    const hatches = scene.legend.filter((entry) => entry.hatch).map((entry) => hatch(this.hatchName(entry), entry));
    return draw("defs", {}, clip, ...hatches);
  }

  hatchName(entry) {
    return `${this.figure.id}-hatch-${entry.number}`;
  }

  paintOf(entry) {
    return entry.hatch ? `url(#${this.hatchName(entry)})` : ink(entry.color);
  }

  axis(x, axis, height) {
    const { left, right, top, bottom } = this.inside;
    const group = draw("g", { class: "axis" });
    for (const tick of ticks(x, axis, Math.max(2, Math.floor((right - left) / 90)))) {
      const at = x.to(tick);
      group.append(draw("line", { x1: at, x2: at, y1: top, y2: bottom, class: "grid" }));
      const words = axis.text(tick);
      const half = (words.length * TEXT) / 2;
      group.append(draw("text", { x: Math.min(Math.max(at, half), this.width - half), y: bottom + 16, "text-anchor": "middle" }, words));
    }
    group.append(draw("text", { x: right, y: height - 4, "text-anchor": "end", class: "label" }, axis.label));
    this.svg.append(group);
  }

  // Something drawn that has a tip: lines of text, the first its name.
  mark(element, lines) {
    element.dataset.mark = this.marks.length;
    this.marks.push({ element, lines });
    this.layer.append(element);
  }

  entry(entry) {
    const key = draw("svg", { width: 14, height: 14, viewBox: "0 0 14 14", "aria-hidden": "true", focusable: "false" });
    if (entry.shape === undefined) {
      key.append(draw("rect", { x: 0.5, y: 0.5, width: 13, height: 13, class: "edge", fill: this.paintOf(entry) }));
    } else {
      key.append(shape(entry.shape, 7, 7, 5.5, { class: "edge", fill: ink(entry.color) }));
    }
    const button = make("button", { type: "button", "aria-pressed": String(!entry.off) }, key, make("bdi", {}, entry.name));
    button.addEventListener("click", () => {
      const place = [...this.legend.children].indexOf(button);
      entry.toggle();
      this.legend.children[place]?.focus();
    });
    return button;
  }

  toggle(name) {
    if (!this.hidden.delete(name)) this.hidden.add(name);
    this.redraw();
  }

  // ------------------------------------------------------------------ tips

  hover(event) {
    const target = event.target.closest?.("[data-mark]");
    this.point(target ? Number(target.dataset.mark) : -1, false);
  }

  point(index, spoken = false) {
    this.marks[this.cursor]?.element.classList.remove("pointed");
    this.cursor = index;
    const mark = this.marks[index];
    this.tip.hidden = !mark;
    if (!mark) return;
    mark.element.classList.add("pointed");
    const [name, ...lines] = mark.lines;
    this.tip.replaceChildren(make("strong", {}, name), ...lines.map((line) => make("span", {}, line)));
    this.place(mark.element.getBoundingClientRect());
    if (spoken) say(mark.lines.join(", "));
  }

  place(box) {
    const around = this.canvas.getBoundingClientRect();
    const middle = Math.min(Math.max((box.left + box.right) / 2, around.left), around.right) - around.left;
    const most = Math.max(around.width - this.tip.offsetWidth, 0);
    const above = box.top - around.top - this.tip.offsetHeight - 8;
    this.tip.style.left = `${Math.min(Math.max(middle - this.tip.offsetWidth / 2, 0), most)}px`;
    this.tip.style.top = `${above < -8 ? box.bottom - around.top + 8 : above}px`;
  }

  // ------------------------------------------------------------------ zoom

  key(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step && event.shiftKey) this.move(event.key);
    else if (step) this.point(this.next(step), true);
    else if (event.key === "+" || event.key === "=") this.scale(0.5);
    else if (event.key === "-") this.scale(2);
    else if (event.key === "0") this.setZoom(WHOLE);
    else if (event.key === "Escape") this.point(-1);
    else return;
    event.preventDefault();
  }

  next(step) {
    const count = this.marks.length;
    return count ? (this.cursor + step + count + (this.cursor < 0 && step < 0 ? 1 : 0)) % count : -1;
  }

  scale(factor) {
    this.setZoom({ x: around(this.zoom.x, factor), y: around(this.zoom.y, factor) });
  }

  move(key) {
    const horizontal = key === "ArrowLeft" || key === "ArrowRight";
    const [axis, sign] = horizontal ? ["x", key === "ArrowRight" ? 1 : -1] : ["y", key === "ArrowUp" ? 1 : -1];
    const [from, to] = this.zoom[axis];
    const by = Math.min(Math.max((sign * (to - from)) / 4, -from), 1 - to);
    this.setZoom({ ...this.zoom, [axis]: [from + by, to + by] });
  }

  setZoom(zoom) {
    this.zoom = zoom;
    this.redraw();
    const whole = zoom.x[1] - zoom.x[0] > 0.999;
    this.figure.dataset.zoomed = String(!whole);
    say(whole ? "Showing everything" : `Zoomed to ${percent(zoom.x[1] - zoom.x[0], 1)} of the axis`);
  }

  drag(event) {
    if (event.button !== 0) return;
    const start = this.at(event);
    const box = draw("rect", { class: "selection" });
    const move = (moved) => {
      const end = this.at(moved);
      if (Math.abs(end.x - start.x) < DRAG) return;
      const vertical = this.kind.vertical;
      fill(box, {
        x: Math.min(start.x, end.x), width: Math.abs(end.x - start.x),
        y: vertical ? Math.min(start.y, end.y) : this.inside.top,
        height: vertical ? Math.abs(end.y - start.y) : this.inside.bottom - this.inside.top,
      }, []);
      this.svg.append(box);
    };
    const stop = (moved) => {
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", stop);
      removeEventListener("pointercancel", stop);
      const drawn = box.isConnected;
      box.remove();
      if (drawn && moved.type === "pointerup") this.select(start, this.at(moved));
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", stop);
    addEventListener("pointercancel", stop);
  }

  at(event) {
    const around = this.svg.getBoundingClientRect();
    const { left, right, top, bottom } = this.inside;
    return {
      x: Math.min(Math.max(event.clientX - around.left, left), right),
      y: Math.min(Math.max(event.clientY - around.top, top), bottom),
    };
  }

  select(start, end) {
    const { left, right, top, bottom } = this.inside;
    const within = ([from, to], shares) => shares.map((share) => from + share * (to - from)).sort((a, b) => a - b);
    const x = within(this.zoom.x, [start.x, end.x].map((at) => (at - left) / (right - left)));
    const y = within(this.zoom.y, [start.y, end.y].map((at) => (bottom - at) / (bottom - top)));
    this.setZoom({ x, y: this.kind.vertical && y[1] - y[0] > 0.01 ? y : this.zoom.y });
  }
}
