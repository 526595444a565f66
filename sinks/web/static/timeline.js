// The timeline: each camera's time as a strip, which is zoomed and moved; the page's address keeps what is shown.

import { all, ask, find, inputUtc, localInput, make, rangeText, root, showTimes } from "./page.js";

const [LEAST_MS, MOST_MS] = [60_000, 31 * 86_400_000];
const HOUR_MS = 3_600_000;
const SETTLED_MS = 200;
const [WIDE, HIGH] = [1440, 30]; // of a strip's drawing
// Sound is shown of so much time at most.
const SOUND_MS = 24 * HOUR_MS;
const NEAR_PX = 6;
const PART_PX = 2; // shorter spans are joined
const TICK_PX = 84;
const STEPS_MS = [10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800].map(
  (seconds) => 1000 * seconds,
);
// Of each kind: its class, and its upper edge and height, so that kinds differ by more than colour.
const KINDS = {
  described: ["described", 0, 20],
  quiet: ["quiet", 13, 7],
  gap: ["gap", 7, 6],
  other: ["pending", 5, 15],
  noise: ["noise", 21, 4],
  speech: ["speech", 26, 4],
};
const WORDS = {
  pending: "waits to be described",
  skipped_overload: "not described: too much was waiting",
  model_failed: "not described: the model failed",
  disk_full: "not described: the disk was full",
};

function svg(tag, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function lengthText(ms) {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min${seconds % 60 ? ` ${seconds % 60} s` : ""}`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ""}`;
}

function stateText(span) {
  const state = span.state.replaceAll("_", " ");
  return span.observed ? (WORDS[span.state] ?? state) : `not observed: ${state}`;
}

function spanText(span) {
  return `${stateText(span)}, ${rangeText(new Date(span.from), new Date(span.to))} (${lengthText(span.to - span.from)})`;
}

// What was heard between two times
function soundText(marks, from, to) {
  let [noises, seconds] = [0, 0];
  for (const mark of marks) {
    if (mark.to < from || mark.from >= to) continue;
    const share = mark.to > mark.from ? (Math.min(mark.to, to) - Math.max(mark.from, from)) / (mark.to - mark.from) : 1;
    if (mark.kind === "speech") seconds += share * mark.amount;
    else noises += mark.amount;
  }
  const texts = [noises && `${noises} ${noises === 1 ? "noise" : "noises"}`, seconds >= 0.5 && `speech ${lengthText(1000 * seconds)}`];
  return texts.filter(Boolean).join(", ");
}

function summary(spans, marks, from, to) {
  const share = new Map();
  for (const span of spans) share.set(stateText(span), (share.get(stateText(span)) ?? 0) + span.to - span.from);
  const states = [...share].map(([state, ms]) => `${state} ${lengthText(ms)}`).join(", ");
  const heard = soundText(marks, from, to);
  return [states || "nothing is stored of this time", heard].filter(Boolean).join(", ");
}

// Times at which the axis is labelled: whole steps from a local midnight on.
function ticks(from, to, most) {
  const step = STEPS_MS.find((ms) => (to - from) / ms <= most) ?? STEPS_MS.at(-1);
  const at = new Date(from);
  at.setHours(0, 0, 0, 0);
  const times = [];
  while (at.getTime() <= to) {
    if (at.getTime() >= from) times.push(new Date(at));
    if (step >= 24 * HOUR_MS) at.setDate(at.getDate() + step / (24 * HOUR_MS));
    else at.setTime(at.getTime() + step);
  }
  return { step, times };
}

function tickText(time, step) {
  const midnight = time.getHours() + time.getMinutes() + time.getSeconds() === 0;
  if (midnight) return new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" }).format(time);
  return new Intl.DateTimeFormat(undefined, { timeStyle: step < 60_000 ? "medium" : "short" }).format(time);
}

class Strip {
  constructor(name, timeline) {
    this.name = name;
    this.timeline = timeline;
    this.spans = [];
    this.marks = []; // speech and peaks of sound: {kind, from, to, amount}
    this.chosen = null; // a span, by where the pointer or the keys are
    this.element = make("div", "", { class: "strip" });
    this.slider = make("div", "", { role: "slider", tabindex: "0", "aria-label": name, "aria-valuemin": "0" });
    this.drawing = svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none", "aria-hidden": "true" });
    this.slider.append(this.drawing);
    this.element.append(make("a", name, { href: `${root}/cameras/${encodeURIComponent(name)}`, title: name }), this.slider);
    this.bind();
  }

  bind() {
    const { slider, timeline } = this;
    slider.addEventListener("keydown", (event) => this.press(event));
    slider.addEventListener("focus", () => this.choose(this.chosen ?? this.spans.at(-1) ?? null));
    slider.addEventListener("pointerdown", (event) => {
      this.choose(this.spanAt(event.clientX));
      if (event.button === 0) timeline.hold(this, event);
    });
    slider.addEventListener("pointermove", (event) => {
      if (!timeline.dragged) this.choose(this.spanAt(event.clientX));
    });
  }

  show(spans) {
    this.spans = spans;
    const at = this.chosen?.from;
    this.chosen = this.spans.findLast(({ from }) => from <= at) ?? null;
    this.label();
    this.draw();
  }

  showSounds(marks) {
    if (!marks.length && !this.marks.length) return;
    this.marks = marks;
    this.label();
    this.draw();
    if (this.timeline.named === this) this.timeline.name(this);
  }

  label() {
    const { from, to } = this.timeline;
    this.slider.setAttribute("aria-label", `${this.name}: ${summary(this.spans, this.marks, from, to)}`);
  }

  get chosenText() {
    if (!this.chosen) return "";
    const heard = soundText(this.marks, this.chosen.from, this.chosen.to);
    return spanText(this.chosen) + (heard ? `; ${heard}` : "");
  }

  draw() {
    const { from, to } = this.timeline;
    const x = (at) => (WIDE * (at - from)) / (to - from);
    const boxes = this.spans.map((span) => {
      const [kind, y, height] = span.observed ? (KINDS[span.state] ?? KINDS.other) : KINDS.gap;
      const width = Math.max(1.5, x(span.to) - x(span.from));
      const box = svg("rect", { x: x(span.from), y, width, height, class: kind });
      if (span === this.chosen) box.classList.add("chosen");
      return box;
    });
    const marks = this.marks.map((mark) => {
      const [kind, y, height] = mark.kind === "speech" ? KINDS.speech : KINDS.noise;
      return svg("rect", { x: x(mark.from), y, width: Math.max(2, x(mark.to) - x(mark.from)), height, class: kind });
    });
    this.drawing.replaceChildren(...boxes, ...marks);
    const now = Math.max(0, this.spans.indexOf(this.chosen));
    this.slider.setAttribute("aria-valuemax", String(Math.max(0, this.spans.length - 1)));
    this.slider.setAttribute("aria-valuenow", String(now));
    this.slider.setAttribute("aria-valuetext", this.chosen ? this.chosenText : "no time is chosen");
  }

  // The span there, or one close by, as a short one is hard to meet.
  spanAt(clientX) {
    const { from, to } = this.timeline;
    const box = this.slider.getBoundingClientRect();
    const [at, near] = [from + ((to - from) * (clientX - box.left)) / box.width, (NEAR_PX * (to - from)) / box.width];
    const away = (span) => Math.max(span.from - at, at - span.to, 0);
    const close = this.spans.filter((span) => away(span) <= near);
    return close.sort((one, other) => away(one) - away(other))[0] ?? null;
  }

  choose(span) {
    this.chosen = span;
    this.timeline.name(this);
    this.draw();
  }

  press(event) {
    const { timeline, spans } = this;
    const last = spans.length - 1;
    const at = spans.indexOf(this.chosen);
    const step = {
      ArrowLeft: () => this.choose(spans[Math.max(0, at - 1)] ?? null),
      ArrowRight: () => this.choose(spans[Math.min(last, at + 1)] ?? null),
      Home: () => this.choose(spans[0] ?? null),
      End: () => this.choose(spans[last] ?? null),
      PageUp: () => timeline.move(-0.5),
      PageDown: () => timeline.move(0.5),
      "+": () => timeline.zoom(0.5),
      "=": () => timeline.zoom(0.5),
      "-": () => timeline.zoom(2),
      Enter: () => timeline.zoomTo(this.chosen),
    }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    step();
  }
}

class Timeline {
  constructor(place) {
    this.place = place;
    this.strips = new Map();
    this.hours = 24; // to now; null where a time is given
    this.asked = 0;
    this.held = new Map(); // by pointer: where it is, and the time that it has taken hold of
    this.dragged = false;
    this.inputs = find(".search").elements;
    this.read();
    this.bind();
    this.reserve();
    this.load();
  }

  // Make room for each strip at once, so that nothing below moves when the strips are drawn.
  reserve() {
    const asked = new URLSearchParams(location.search).getAll("camera").filter(Boolean);
    for (const { value } of all("select[name=camera] option")) {
      if (value && (!asked.length || asked.includes(value))) this.strip(value);
    }
    this.draw();
  }

  read() {
    const query = new URLSearchParams(location.search);
    const [since, until] = ["since", "until"].map((name) => Date.parse(query.get(name) ?? ""));
    const choices = all("#range input").map(({ value }) => value);
    const hours = [query.get("hours"), sessionStorage.getItem("livereel-hours")].find((it) => choices.includes(it));
    this.fits = !hours && !since && !until; // no more time is shown than there is
    this.last(Number(hours ?? 24));
    const end = until || Date.now();
    if (since || until) this.set(Math.max(since || end - 24 * HOUR_MS, end - MOST_MS), end);
    for (const input of this.fields()) {
      const given = this.inputs[input.dataset.time].value;
      if (given) input.value = localInput(new Date(given));
    }
  }

  fields() {
    return all("input[data-time]");
  }

  bind() {
    find("#range").addEventListener("change", (event) => {
      this.last(Number(event.target.value));
      sessionStorage.setItem("livereel-hours", String(this.hours));
      this.keep();
    });
    const work = {
      earlier: () => this.move(-0.5),
      later: () => this.move(0.5),
      in: () => this.zoom(0.5),
      out: () => this.zoom(2),
      to: () => this.zoomTo(this.named?.chosen),
    };
    for (const button of all("[data-do]")) button.addEventListener("click", work[button.dataset.do]);
    this.place.addEventListener("wheel", (event) => this.turn(event), { passive: false });
    const two = (event) => event.touches.length > 1 && event.preventDefault(); // else the page would scroll
    this.place.addEventListener("touchmove", two, { passive: false });
    new ResizeObserver(() => this.draw()).observe(this.place);
    for (const input of this.fields()) {
      input.addEventListener("change", () => {
        this.inputs[input.dataset.time].value = input.value ? inputUtc(input) : "";
      });
    }
    find(".search").addEventListener("formdata", ({ formData }) => {
      const empty = [...formData].filter(([name, value]) => !value || (name === "min_importance" && value === "0"));
      for (const [name] of empty) formData.delete(name);
    });
  }

  last(hours) {
    this.hours = hours;
    [this.from, this.to] = [Date.now() - hours * HOUR_MS, Date.now()];
    for (const choice of all("#range input")) choice.checked = Number(choice.value) === hours;
  }

  // Soon after the first start, a day would be empty but for its end. Returns whether less is shown now.
  fit() {
    this.fits = false;
    const first = Math.min(...[...this.strips.values()].flatMap(({ spans }) => spans.slice(0, 1)).map(({ from }) => from));
    if (first === Infinity || first <= Date.now() - HOUR_MS) return false;
    this.last(1);
    return true;
  }

  set(from, to) {
    const length = Math.min(MOST_MS, Math.max(LEAST_MS, to - from));
    const end = Math.min(Date.now(), from + (to - from + length) / 2);
    this.hours = null;
    [this.from, this.to] = [end - length, end];
    for (const choice of all("#range input")) choice.checked = false;
  }

  zoom(factor, at = (this.from + this.to) / 2) {
    this.set(at - factor * (at - this.from), at + factor * (this.to - at));
    this.keep();
  }

  move(share) {
    const by = share * (this.to - this.from);
    this.set(this.from + by, this.to + by);
    this.keep();
  }

  zoomTo(span) {
    if (!span) return;
    const margin = 0.1 * (span.to - span.from);
    this.set(span.from - margin, span.to + margin);
    this.keep();
  }

  turn(event) {
    const slider = find('[role="slider"]', this.place);
    if (!slider || !event.deltaY || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return;
    const [length, further] = [this.to - this.from, event.deltaY > 0];
    if (further ? length >= MOST_MS : length <= LEAST_MS) return; // there the page scrolls
    event.preventDefault();
    const box = slider.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    this.zoom(further ? 1.25 : 0.8, this.from + share * length);
  }

  // Follow one pointer or two fingers: the time below each stays there. One that has hardly moved has chosen a span.
  hold({ slider }, { clientX, pointerId }) {
    const box = slider.getBoundingClientRect();
    const held = { x: clientX, time: this.from + ((clientX - box.left) / box.width) * (this.to - this.from) };
    this.held.set(pointerId, held);
    slider.setPointerCapture(pointerId);
    const move = (event) => {
      if (event.pointerId !== pointerId) return;
      if (!this.dragged && this.held.size === 1 && Math.abs(event.clientX - clientX) < 4) return;
      this.dragged = true;
      held.x = event.clientX;
      this.follow(box);
    };
    const end = (event) => {
      if (event.pointerId !== pointerId) return;
      this.held.delete(pointerId);
      slider.removeEventListener("pointermove", move);
      for (const name of ["pointerup", "pointercancel"]) slider.removeEventListener(name, end);
      this.dragged = this.held.size > 0;
    };
    slider.addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) slider.addEventListener(name, end);
  }

  follow({ left, width }) {
    const [one, other] = [...this.held.values()];
    const pixel = other ? (other.time - one.time) / (other.x - one.x) : (this.to - this.from) / width; // in ms
    if (!(pixel > 0) || pixel === Infinity) return; // the fingers have met
    const from = one.time - (one.x - left) * pixel;
    this.set(from, from + width * pixel);
    this.keep();
  }

  // Show what was set at once, as far as it is known, and keep it in the address; the rest comes when it has settled.
  keep() {
    this.fits = false;
    const address = new URL(location.href);
    const given = { hours: this.hours, since: null, until: null };
    if (this.hours === null) [given.since, given.until] = [this.from, this.to].map((at) => new Date(at).toISOString());
    for (const [name, value] of Object.entries(given)) {
      if (value === null) address.searchParams.delete(name);
      else address.searchParams.set(name, value);
    }
    history.replaceState(null, "", address);
    for (const input of this.fields()) {
      const value = given[input.dataset.time];
      this.inputs[input.dataset.time].value = value ?? "";
      input.value = value ? localInput(new Date(value)) : "";
    }
    this.draw();
    clearTimeout(this.settling);
    this.settling = setTimeout(() => {
      this.load();
      this.find(address);
    }, SETTLED_MS);
  }

  async load() {
    const number = ++this.asked;
    const [since, until] = [this.from, this.to].map((at) => new Date(at).toISOString());
    const parts = Math.min(1440, Math.max(100, Math.round(this.place.clientWidth / PART_PX)));
    const query = new URLSearchParams({ since, until, parts });
    for (const camera of new URLSearchParams(location.search).getAll("camera")) query.append("camera", camera);
    const isShort = this.to - this.from <= SOUND_MS;
    try {
      const day = await ask(`/api/timeline?${query}&short=1`);
      if (number !== this.asked) return; // what was asked for before may be answered later
      const begin = Date.parse(day.since_utc);
      for (const [name, rows] of Object.entries(day.cameras)) {
        const spans = rows.map(([state, observed, from, to]) => ({ state, observed, from: begin + 1000 * from, to: begin + 1000 * to }));
        this.strip(name).show(spans);
      }
      if (this.fits && this.fit()) return this.load();
      this.draw();
      find("#long").hidden = isShort;
      const sounds = isShort ? await ask(`/api/sounds?${query}`) : { cameras: {} };
      if (number !== this.asked) return;
      for (const [name, strip] of this.strips) {
        const marks = sounds.cameras[name] ?? [];
        strip.showSounds(marks.map(([kind, from, to, amount]) => ({ kind, from: begin + 1000 * from, to: begin + 1000 * to, amount })));
      }
    } catch (error) {
      find("#shown").textContent = error.message;
    }
  }

  strip(name) {
    if (!this.strips.has(name)) {
      this.strips.set(name, new Strip(name, this));
      this.place.append(this.strips.get(name).element);
    }
    return this.strips.get(name);
  }

  // The moments of the time that is shown, as the server lists them
  async find(address) {
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    if (!answer.ok || address.href !== location.href) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    showTimes(page);
    find("#found").replaceWith(document.adoptNode(find("#found", page)));
  }

  draw() {
    for (const strip of this.strips.values()) strip.draw();
    find("#shown").textContent = `${rangeText(new Date(this.from), new Date(this.to), "minute")} (${lengthText(this.to - this.from)})`;
    const axis = find("#axis");
    const { step, times } = ticks(this.from, this.to, axis.clientWidth / TICK_PX);
    const labels = times.map((time) => {
      const label = make("span", tickText(time, step));
      label.style.left = `${(100 * (time - this.from)) / (this.to - this.from)}%`;
      return label;
    });
    axis.replaceChildren(...labels);
    for (const label of labels) if (label.offsetLeft + label.offsetWidth > axis.clientWidth) label.remove();
  }

  name(strip) {
    if (this.named && this.named !== strip) {
      this.named.chosen = null;
      this.named.draw();
    }
    this.named = strip;
    find("#span").textContent = strip.chosen ? `${strip.name}: ${strip.chosenText}` : `${strip.name}: nothing is stored of this time`;
    find('[data-do="to"]').disabled = !strip.chosen;
  }
}

export function bindTimeline() {
  new Timeline(find("#strips"));
}
