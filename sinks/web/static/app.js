// The pages' script. No page needs it to be read; it seeks, counts, draws, and shows events as they come.

import { feedbackButtons } from "./feedback.js";

const root = document.body.dataset.root;
const page = document.body.dataset.page;
const find = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

async function ask(path, options = {}) {
  const answer = await fetch(root + path, { headers: { Accept: "application/json" }, ...options });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.error ?? `The server answers ${answer.status}.`);
  return body;
}

function make(tag, text = "", attributes = {}) {
  const element = document.createElement(tag);
  element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

// Times

const FORMS = {
  full: { dateStyle: "medium", timeStyle: "medium" },
  clock: { timeStyle: "medium" },
};

function showTimes(within) {
  for (const time of all("time", within)) {
    time.textContent = new Intl.DateTimeFormat(undefined, FORMS[time.dataset.form]).format(new Date(time.dateTime));
  }
}

function timeElement(utc, form = "full") {
  const time = make("time", "", { datetime: utc, "data-form": form });
  time.textContent = new Intl.DateTimeFormat(undefined, FORMS[form]).format(new Date(utc));
  return time;
}

// The player and its story

function bindPlayer(stage) {
  const video = find("video", stage);
  const sentences = all("a[data-start]", stage);
  for (const sentence of sentences) {
    sentence.addEventListener("click", (event) => {
      event.preventDefault();
      video.currentTime = Number(sentence.dataset.start);
      video.play().catch(() => {}); // a browser may want another gesture
    });
  }
  video.addEventListener("timeupdate", () => {
    for (const sentence of sentences) {
      const playing = Number(sentence.dataset.start) <= video.currentTime && video.currentTime < Number(sentence.dataset.end);
      if (playing) sentence.setAttribute("aria-current", "true");
      else sentence.removeAttribute("aria-current");
    }
  });
}

// Since you left

// The cookie holds when the last visit ended and when a page was last open; half an hour apart, a new visit begins.
const VISIT = "livereel-visit";
const APART_MS = 1800_000;

function visit() {
  const match = document.cookie.match(new RegExp(`${VISIT}=([0-9]+)-([0-9]+)`));
  const now = Date.now();
  const [left, open] = match ? [Number(match[1]), Number(match[2])] : [now - 2 * APART_MS, now];
  return { left: now - open > APART_MS ? open : left };
}

function noteVisit() {
  document.cookie = `${VISIT}=${visit().left}-${Date.now()}; Path=${root}/; Max-Age=31536000; SameSite=Strict`;
}

function localInput(date) {
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function inputUtc(input) {
  return new Date(input.value).toISOString();
}

// A form makes the reel that ``wanted`` returns, and links to it in ``made``.
function bindMaker(form, made, wanted) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = find("button", form);
    button.disabled = true;
    made.textContent = "Making the reel.";
    try {
      const reel = await ask("/api/reels", { method: "POST", body: JSON.stringify(wanted()) });
      const link = make("a", "Watch it", { href: `${root}/reels/${encodeURIComponent(reel.id)}?seq=${reel.seq}` });
      made.replaceChildren(link);
      link.focus();
    } catch (error) {
      made.textContent = error.message;
    } finally {
      button.disabled = false;
    }
  });
}

async function bindSince() {
  const left = new Date(visit().left);
  const form = find("#since-form");
  form.elements.since.value = localInput(left);
  bindMaker(form, find("#since-made"), () => ({ since_utc: inputUtc(form.elements.since) }));
  const found = await ask(`/api/moments?since=${left.toISOString()}&limit=500`);
  const count = found.moments.length;
  const many = count === 500 ? "500 or more" : String(count);
  find("#since-count").replaceChildren(`${many} ${count === 1 ? "moment" : "moments"} since `, timeElement(left.toISOString()), ".");
}

// A reel by its name

function bindReel() {
  const name = document.body.dataset.name;
  const period = find("#make-period");
  if (!period) return;
  const now = Date.now();
  const { since, until } = period.elements;
  [since.value, until.value] = [localInput(new Date(now - 3600_000)), localInput(new Date(now))];
  bindMaker(find("#make-now"), find("#made"), () => ({ name }));
  bindMaker(period, find("#made"), () => ({ name, since_utc: inputUtc(since), until_utc: inputUtc(until) }));
}

function showNewer(reel) {
  if (page !== "reel" || reel.id !== document.body.dataset.name) return;
  const href = `${root}/reels/${encodeURIComponent(reel.id)}?seq=${reel.seq}`;
  find("#newer").replaceChildren(make("a", `A new reel is there: ${reel.title}`, { href }));
}

// Cameras as they are now

function showCamera(row) {
  for (const card of all(`.cameras [data-camera="${CSS.escape(row.name)}"]`)) {
    card.dataset.state = row.state;
    card.toggleAttribute("data-moving", row.moving);
    find(".state", card).textContent = row.reason ? `${row.state}: ${row.reason}` : row.state;
    if (row.title) find(".caption", card).textContent = row.title;
    if (row.preview_utc) showPreview(row.name, row.preview_utc);
  }
}

function showPreview(name, utc) {
  for (const card of all(`.cameras [data-camera="${CSS.escape(name)}"]`)) {
    const frame = find(".picture", card);
    if (!frame) continue; // its live picture is shown
    let image = find("img", frame);
    if (!image) frame.append((image = make("img", "", { alt: "" })));
    image.src = `${root}/media/preview/${encodeURIComponent(name)}.jpg?${encodeURIComponent(utc)}`;
  }
}

function momentCard(row) {
  const item = make("li", "", { class: "card" });
  if (row.keyframes?.length) {
    const href = `${root}/media/clips/${encodeURIComponent(row.id)}.mp4`;
    const link = make("a", "", { class: "thumb", href, "data-peak": row.keyframes[row.strongest].pts_s, "aria-label": `Play ${row.title}` });
    const src = `${root}/media/keyframes/${encodeURIComponent(row.id)}/${row.strongest}.jpg`;
    link.append(make("img", "", { alt: "", loading: "lazy", src }));
    item.append(link);
  }
  const words = make("div");
  const meta = make("p", `${row.camera} \u00b7 `, { class: "note" });
  meta.append(timeElement(row.start_utc));
  words.append(make("h3", row.title), meta);
  if (row.alerts.length) words.append(make("p", `Alert: ${row.alerts.join(", ")}`, { class: "alert" }));
  words.append(make("p", row.text));
  const buttons = feedbackButtons(row);
  if (buttons) words.append(buttons);
  item.append(words);
  return item;
}

// One camera: its live picture and chart, and its newest moments

let chart = null;

async function bindCamera() {
  const name = encodeURIComponent(document.body.dataset.camera);
  const [{ MotionChart }, { LiveView }] = await Promise.all([import("./chart.js"), import("./live.js")]);
  chart = new MotionChart(find("#chart"));
  new LiveView(find("#live"), `${root}/api/cameras/${name}/live`, (motion) => chart.live(motion));
  setInterval(() => chart.draw(), 500);
  bindClips();
  const [newest, closed] = await Promise.all([ask(`/api/moments?camera=${name}&limit=20`), ask(`/api/cameras/${name}/windows`)]);
  find("#newest").replaceChildren(...newest.moments.map(momentCard));
  closed.windows.forEach((shown) => chart.close(shown));
}

// The strips of a day

function svg(tag, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function summary(spans) {
  const share = {};
  for (const span of spans) {
    const state = span.state.replaceAll("_", " ");
    share[state] = (share[state] ?? 0) + (Date.parse(span.end_utc) - Date.parse(span.start_utc)) / 60_000;
  }
  const parts = Object.entries(share).map(([state, minutes]) => `${state} ${minutes.toFixed(1)} min`);
  return parts.join(", ") || "nothing is stored of this time";
}

async function bindStrips() {
  const form = find("#range");
  const hours = sessionStorage.getItem("livereel-hours");
  if ([...form.elements.hours].some((choice) => choice.value === hours)) form.elements.hours.value = hours;
  form.addEventListener("change", () => {
    sessionStorage.setItem("livereel-hours", form.elements.hours.value);
    showStrips(Number(form.elements.hours.value)).catch(showStripsFailure);
  });
  await showStrips(Number(form.elements.hours.value));
}

function showStripsFailure(error) {
  find("#strips").textContent = error.message;
}

let stripsAsked = 0;

async function showStrips(hours) {
  const number = ++stripsAsked;
  const since = new Date(Date.now() - hours * 3600_000).toISOString();
  const day = await ask(`/api/timeline?since=${since}`);
  if (number !== stripsAsked) return; // a longer range, asked for before, may be answered later
  const [from, to] = [Date.parse(day.since_utc), Date.parse(day.until_utc)];
  const parts = [];
  for (const [name, spans] of Object.entries(day.cameras)) {
    const strip = svg("svg", { viewBox: "0 0 1440 26", preserveAspectRatio: "none", role: "img", "aria-label": `${name}: ${summary(spans)}` });
    for (const span of spans) {
      const x = (1440 * (Date.parse(span.start_utc) - from)) / (to - from);
      const right = (1440 * (Date.parse(span.end_utc) - from)) / (to - from);
      const kind = span.observed ? (["described", "quiet"].includes(span.state) ? span.state : "pending") : "gap";
      const box = svg("rect", { x, y: 0, width: Math.max(0.7, right - x), height: 26, class: kind });
      const title = svg("title", {});
      title.textContent = `${span.state.replaceAll("_", " ")}, ${new Date(span.start_utc).toLocaleString()}`;
      box.append(title);
      strip.append(box);
    }
    parts.push(make("h3", name), strip);
  }
  const ends = make("p", "", { class: "ends note" });
  ends.append(timeElement(day.since_utc), timeElement(day.until_utc));
  find("#strips").replaceChildren(...parts, ends);
}

// Clips open in the page, a second before their strongest keyframe.

async function openClip(link) {
  const dialog = find("#clip");
  const video = find("video", dialog);
  const answer = await fetch(link.href, { method: "HEAD" });
  const at = Number(link.dataset.peak) - Number(answer.headers.get("X-Start-S") ?? 0);
  video.src = link.href;
  video.currentTime = Math.max(0, at - 1);
  dialog.showModal();
  video.play().catch(() => {});
}

function bindClips() {
  const dialog = find("#clip");
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-peak]");
    if (!link) return;
    event.preventDefault();
    openClip(link).catch(() => location.assign(link.href));
  });
  dialog.addEventListener("close", () => find("video", dialog).pause());
}

// Events

async function refresh() {
  const now = await ask("/api/cameras");
  now.cameras.forEach(showCamera);
}

function listen() {
  const events = new EventSource(`${root}/api/events`);
  const on = (name, work) => events.addEventListener(name, (event) => work(JSON.parse(event.data)));
  events.addEventListener("open", () => {
    find("#link").hidden = true;
    refresh().catch(() => {});
  });
  events.addEventListener("error", () => {
    find("#link").hidden = false;
  });
  on("camera", showCamera);
  on("missed", () => refresh().catch(() => {}));
  on("motion", (motion) => {
    for (const card of all(`.cameras [data-camera="${CSS.escape(motion.camera)}"]`)) card.toggleAttribute("data-moving", motion.moving);
  });
  on("peak", (peak) => showPreview(peak.camera, peak.at_utc));
  on("moment", async (moment) => {
    for (const card of all(`.cameras [data-camera="${CSS.escape(moment.camera)}"]`)) find(".caption", card).textContent = moment.title;
    const list = find("#newest");
    if (list?.dataset.camera === moment.camera) {
      list.prepend(momentCard(await ask(`/api/moments/${encodeURIComponent(moment.window_id)}`)));
    }
  });
  on("reel", showNewer);
  on("window", (closed) => {
    if (closed.camera === document.body.dataset.camera) chart?.close(closed);
  });
  window.addEventListener("pagehide", () => {
    noteVisit();
    events.close();
  });
}

showTimes(document);
all(".stage").forEach(bindPlayer);
if (page !== "login") {
  noteVisit();
  listen();
}
if (page === "home") bindSince().catch((error) => { find("#since-count").textContent = error.message; });
if (page === "reel") bindReel();
if (page === "camera") bindCamera().catch(() => {});
if (page === "timeline") {
  bindStrips().catch(showStripsFailure);
  bindClips();
}
