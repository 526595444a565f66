// Areas drawn on a picture, in pixels of the source: rectangles and polygons, by mouse, touch and keyboard.

const SVG = "http://www.w3.org/2000/svg";
const NEAR_PX = 12; // on the screen: a click so near to a polygon's first corner closes it
const LEAST_PX = 4; // of the source: a smaller rectangle was a click
const NAMES = { regions: "region", ignore: "ignored place" };
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function shape(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

const corners = (x, y, w, h) => [[x, y], [x + w, y], [x + w, y + h], [x, y + h]];

export class Areas {
  // `list` names the areas below the picture; `choice` returns what is drawn: {kind, shape}.
  constructor(canvas, list, choice, changed) {
    Object.assign(this, { canvas, list, choice, changed, areas: [], draft: null, drag: null, size: [0, 0] });
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => this.up(event));
    canvas.addEventListener("pointercancel", () => this.cancel());
    canvas.addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("keydown", (event) => this.draftKey(event));
  }

  open(width, height) {
    this.size = [width, height];
    this.canvas.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.draw();
  }

  // As the configuration has them: [x, y, width, height], or corners.
  load(kind, values) {
    for (const value of values) {
      const isRectangle = typeof value[0] === "number";
      this.areas.push({ kind, isRectangle, points: isRectangle ? corners(...value) : value.map((it) => [...it]) });
    }
    this.draw();
  }

  value(kind) {
    return this.areas.filter((area) => area.kind === kind).map((area) => {
      const points = area.points.map((point) => point.map(Math.round));
      if (!area.isRectangle) return points;
      const [xs, ys] = [0, 1].map((axis) => points.map((point) => point[axis]));
      const [x, y] = [Math.min(...xs), Math.min(...ys)];
      return [x, y, Math.max(1, Math.max(...xs) - x), Math.max(1, Math.max(...ys) - y)];
    });
  }

  add() {
    const [width, height] = this.size;
    const { kind, shape: wanted } = this.choice();
    const points = corners(width * 0.3, height * 0.3, width * 0.4, height * 0.4);
    this.areas.push({ kind, isRectangle: wanted === "rectangle", points });
    this.finish(this.areas.length - 1);
  }

  remove(nth) {
    this.areas.splice(nth, 1);
    this.finish();
  }

  finish(focus) {
    this.draw();
    this.changed();
    if (focus !== undefined) this.canvas.querySelector(`[data-area="${focus}"]`)?.focus();
  }

  // Geometry

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return this.inside([
      ((event.clientX - box.left) / box.width) * this.size[0],
      ((event.clientY - box.top) / box.height) * this.size[1],
    ]);
  }

  inside(point) {
    return point.map((value, axis) => Math.min(this.size[axis], Math.max(0, value)));
  }

  moveArea(area, by) {
    const room = [0, 1].map((axis) => {
      const values = area.points.map((point) => point[axis]);
      return Math.min(this.size[axis] - Math.max(...values), Math.max(-Math.min(...values), by[axis]));
    });
    area.points = area.points.map((point) => [point[0] + room[0], point[1] + room[1]]);
  }

  moveCorner(area, nth, to) {
    const point = this.inside(to);
    area.points[nth] = point;
    if (!area.isRectangle) return;
    const [along, across] = nth % 2 ? [0, 1] : [1, 0]; // what the next and the previous corner share with it
    area.points[(nth + 1) % 4][along] = point[along];
    area.points[(nth + 3) % 4][across] = point[across];
  }

  // Mouse and touch

  down(event) {
    if (event.button) return;
    event.preventDefault();
    const at = this.place(event);
    const { corner, area } = event.target.dataset;
    if (this.draft?.points && this.draft.polygon) return this.addCorner(at);
    this.canvas.setPointerCapture(event.pointerId);
    if (area !== undefined) {
      this.drag = { area: Number(area), corner: corner === undefined ? null : Number(corner), at };
      event.target.focus();
    } else if (this.choice().shape === "rectangle") {
      this.areas.push({ kind: this.choice().kind, isRectangle: true, points: corners(...at, 0, 0) });
      this.drag = { area: this.areas.length - 1, corner: 2, at, isNew: true };
    } else {
      this.draft = { polygon: true, kind: this.choice().kind, points: [at] };
      this.draw();
    }
  }

  move(event) {
    if (!this.drag) return;
    const at = this.place(event);
    const area = this.areas[this.drag.area];
    if (this.drag.corner === null) this.moveArea(area, [at[0] - this.drag.at[0], at[1] - this.drag.at[1]]);
    else this.moveCorner(area, this.drag.corner, at);
    this.drag.at = at;
    this.draw();
  }

  up() {
    if (!this.drag) return;
    const { area: nth, isNew } = this.drag;
    this.drag = null;
    const [first, , last] = this.areas[nth].points;
    const isClick = Math.abs(first[0] - last[0]) < LEAST_PX || Math.abs(first[1] - last[1]) < LEAST_PX;
    if (isNew && isClick) this.remove(nth);
    else this.finish(nth);
  }

  cancel() {
    if (this.drag?.isNew) this.areas.splice(this.drag.area, 1);
    this.drag = this.draft = null;
    this.draw();
  }

  addCorner(at) {
    const { points } = this.draft;
    const scale = this.canvas.getBoundingClientRect().width / this.size[0];
    const isNear = Math.hypot(at[0] - points[0][0], at[1] - points[0][1]) * scale < NEAR_PX;
    if (isNear && points.length >= 3) return this.close();
    if (!isNear) points.push(at);
    this.draw();
  }

  close() {
    const { kind, points } = this.draft;
    this.draft = null;
    this.areas.push({ kind, isRectangle: false, points });
    this.finish(this.areas.length - 1);
  }

  // Keyboard

  draftKey(event) {
    if (!this.draft) return;
    if (event.key === "Enter" && this.draft.points.length >= 3) this.close();
    else if (event.key === "Escape") this.cancel();
    else return;
    event.preventDefault();
  }

  key(event) {
    const { area: nth, corner } = event.target.dataset;
    const area = this.areas[nth];
    if (!area || this.draft) return;
    if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      this.remove(Number(nth));
      return;
    }
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const by = step.map((value) => value * (event.shiftKey ? 1 : 0.1) * this.size[0] * 0.05);
    if (corner === undefined) this.moveArea(area, by);
    else this.moveCorner(area, Number(corner), area.points[corner].map((value, axis) => value + by[axis]));
    this.finish();
    const again = corner === undefined ? `[data-area="${nth}"]` : `[data-area="${nth}"][data-corner="${corner}"]`;
    this.canvas.querySelector(again).focus();
  }

  // Pictures

  name(nth) {
    const { kind } = this.areas[nth];
    const number = this.areas.slice(0, nth + 1).filter((it) => it.kind === kind).length;
    return `${NAMES[kind]} ${number}`;
  }

  draw() {
    const radius = Math.max(...this.size) / 110;
    const parts = [];
    this.areas.forEach((area, nth) => {
      const points = area.points.map((point) => point.join(",")).join(" ");
      const polygon = shape("polygon", { points, class: area.kind, tabindex: 0, role: "button", "data-area": nth });
      polygon.setAttribute("aria-label", `${this.name(nth)}: arrow keys move it, Delete removes it`);
      parts.push(polygon);
      area.points.forEach(([cx, cy], corner) => {
        const circle = shape("circle", { cx, cy, r: radius, class: area.kind, tabindex: 0, role: "button", "data-area": nth, "data-corner": corner });
        circle.setAttribute("aria-label", `Corner ${corner + 1} of ${this.name(nth)}: arrow keys move it`);
        parts.push(circle);
      });
    });
    if (this.draft) {
      const points = this.draft.points.map((point) => point.join(",")).join(" ");
      const [cx, cy] = this.draft.points[0];
      parts.push(shape("polyline", { points, class: this.draft.kind }), shape("circle", { cx, cy, r: radius, class: this.draft.kind }));
    }
    this.canvas.replaceChildren(...parts);
    this.list.replaceChildren(...this.areas.map((area, nth) => this.item(nth)));
  }

  item(nth) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    const own = this.areas.slice(0, nth).filter((it) => it.kind === this.areas[nth].kind).length;
    button.type = "button";
    button.textContent = "Remove";
    button.setAttribute("aria-label", `Remove ${this.name(nth)}`);
    button.addEventListener("click", () => this.remove(nth));
    const name = this.name(nth);
    item.append(`${name[0].toUpperCase()}${name.slice(1)}: ${JSON.stringify(this.value(this.areas[nth].kind)[own])} `, button);
    return item;
  }
}
