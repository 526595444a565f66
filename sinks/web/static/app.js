// The pages' script. No page needs it to be read; it seeks, counts, draws, and shows events as they come.

import { feedbackButtons } from "./feedback.js";
import { all, ask, find, inputUtc, localInput, make, root, showTimes, timeElement } from "./page.js";

const page = document.body.dataset.page;
// What a page shows anew after events have been missed
const renewals = [];

// The player and its story

function bindPlayer(stage) {
  const video = find("video", stage);
  const [zone, time] = [find("[data-zone]", stage), find("time", stage)];
  zone.hidden = Number(zone.dataset.zone) === -60 * new Date(time.dateTime).getTimezoneOffset();
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
// Moments that are shown; alerts that are shown, and of how many days.
const [CARDS, ALERTS, ALERT_DAYS] = [4, 5, 7];
// The server counts no further.
const MOST_COUNTED = 100_000;
// What matters most is looked for from the most important on.
const LEVELS = [8, 6, 4, 2, 0];
// Moments that come within this time are counted together.
const GATHER_MS = 2000;

function visit() {
  const match = document.cookie.match(new RegExp(`${VISIT}=([0-9]+)-([0-9]+)`));
  const now = Date.now();
  const [left, open] = match ? [Number(match[1]), Number(match[2])] : [now - 2 * APART_MS, now];
  return { left: now - open > APART_MS ? open : left };
}

function noteVisit() {
  document.cookie = `${VISIT}=${visit().left}-${Date.now()}; Path=${root}/; Max-Age=31536000; SameSite=Strict`;
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

// What is done where a moment comes
let happened = () => {};

async function bindSince() {
  const form = find("#since-form");
  form.elements.since.value = localInput(new Date(visit().left));
  bindMaker(form, find("#since-made"), () => ({ since_utc: inputUtc(form.elements.since) }));
  const show = async (live) => {
    if (!form.elements.since.value) return; // it is being picked
    find("#since-count").ariaLive = live; // read out where a person has asked, not each time that something happens
    await showSince(inputUtc(form.elements.since)).catch((error) => { find("#since-count").textContent = error.message; });
  };
  form.elements.since.addEventListener("change", () => show("polite"));
  const renewed = () => show("off");
  renewals.push(renewed, showAlerts);
  let gathering = null;
  happened = () => { gathering ??= setTimeout(() => { gathering = null; renewed(); }, GATHER_MS); };
  await show("polite");
}

// How much happened since then, and the moments of it that matter most
let sinceAsked = 0;

async function showSince(utc) {
  const number = ++sinceAsked;
  const { count } = await ask(`/api/moments?since=${utc}&limit=1&count=1`);
  const moments = await mostImportant(utc, Math.min(count, CARDS));
  if (number !== sinceAsked) return; // what was asked for before may be answered later
  const many = `${count.toLocaleString()}${count < MOST_COUNTED ? "" : " or more"}`;
  const link = make("a", `${many} ${count === 1 ? "moment" : "moments"}`, { href: `${root}/timeline?since=${utc}` });
  find("#since-count").replaceChildren(count ? link : "No moments", " since ", timeElement(utc, "minute"), ".");
  showCards(find("#since-moments"), moments);
  find("#since-form button").disabled = !count;
}

// Cards that are there already stay, with their focus, unless their order has changed.
function showCards(list, moments) {
  const there = new Map([...list.children].map((card) => [card.dataset.window, card]));
  if ([...there.keys()].join() === moments.map(({ id }) => id).join()) return;
  list.replaceChildren(...moments.map((row) => there.get(row.id) ?? momentCard(row)));
}

async function mostImportant(utc, wanted) {
  let moments = [];
  for (const level of wanted ? LEVELS : []) {
    ({ moments } = await ask(`/api/moments?since=${utc}&limit=20&min_importance=${level}`));
    if (moments.length >= wanted) break;
  }
  return moments.sort((one, other) => other.importance - one.importance).slice(0, wanted);
}

// Alerts: moments in which a rule of a camera holds

function alertLine(row) {
  const line = make("li");
  const peak = row.keyframes?.[row.strongest]?.pts_s ?? row.start_s;
  line.append(row.clip ? make("a", row.title, { href: clipOf(row), "data-peak": peak }) : make("span", row.title));
  const meta = make("span", `${row.alerts.join(", ")} \u00b7 ${row.camera} \u00b7 `, { class: "note" });
  meta.append(timeElement(row.start_utc));
  line.append(meta);
  return line;
}

async function showAlerts() {
  const since = new Date(Date.now() - ALERT_DAYS * 86_400_000).toISOString();
  const { moments } = await ask(`/api/moments?alerts=1&since=${since}&limit=${ALERTS}`);
  find("#alerts ul").replaceChildren(...moments.map(alertLine));
  find("#alerts p").hidden = moments.length > 0;
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

// Any reel is newer than none.
function showNewer(reel) {
  const shown = page === "home" ? (find(".stage")?.dataset.reel ?? reel.id) : document.body.dataset.name;
  if (!find("#newer") || reel.id !== shown) return;
  const href = page === "home" ? `${root}/` : `${root}/reels/${encodeURIComponent(reel.id)}?seq=${reel.seq}`;
  find("#newer").replaceChildren(make("a", `A new reel is there: ${reel.title}`, { href }));
}

// What has been made while no events came
async function lookForNewer() {
  if (!find("#newer")) return;
  const stage = find(".stage");
  const name = page === "home" ? stage?.dataset.reel : document.body.dataset.name;
  const { reels } = await ask(`/api/reels?limit=1${name ? `&name=${encodeURIComponent(name)}` : ""}`);
  if (reels.length && reels[0].seq > Number(stage?.dataset.seq ?? 0)) showNewer(reels[0]);
}

// Cameras as they are now

function showCamera(row) {
  for (const card of all(`.cameras [data-camera="${CSS.escape(row.name)}"]`)) {
    card.dataset.state = row.state;
    card.toggleAttribute("data-moving", row.moving);
    find(".state", card).textContent = row.reason ? `${row.state}: ${row.reason}` : row.state;
    showCaption(card, row.title, row.described_utc);
    if (row.preview_utc) showPreview(row.name, row.preview_utc);
  }
}

// A camera's newest caption: one that took long to describe may come after it.
function showCaption(card, title, utc) {
  const when = find(".when", card);
  if (!title || (when && utc < (find("time", when)?.dateTime ?? ""))) return;
  find(".caption", card).textContent = title;
  when?.replaceChildren(timeElement(utc, "minute"));
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

// What is said in a moment, as it was recognised.
function saidLines(row) {
  const said = (row.sound?.speech ?? []).filter(({ text }) => text);
  return said.map(({ text }) => make("p", `\u201c${text}\u201d`, { class: "said" }));
}

function clipOf(row) {
  return `${root}/media/clips/${encodeURIComponent(row.id)}.mp4`;
}

function momentCard(row) {
  const item = make("li", "", { class: "card" });
  const keyframe = row.keyframes?.[row.strongest];
  if (keyframe?.file) {
    const play = { href: clipOf(row), "data-peak": keyframe.pts_s, "aria-label": `Play ${row.title}` };
    const frame = row.clip ? make("a", "", { class: "thumb", ...play }) : make("span", "", { class: "thumb" });
    const src = `${root}/media/keyframes/${encodeURIComponent(row.id)}/${row.strongest}.jpg`;
    frame.append(make("img", "", { alt: "", loading: "lazy", src }));
    item.append(frame);
  }
  const words = make("div");
  const meta = make("p", page === "camera" ? "" : `${row.camera} \u00b7 `, { class: "note" });
  meta.append(timeElement(row.start_utc), row.clip ? "" : " \u00b7 its clip has been removed");
  words.append(make("h3", row.title), meta);
  if (row.alerts.length) words.append(make("p", `Alert: ${row.alerts.join(", ")}`, { class: "alert" }));
  words.append(make("p", row.text), ...saidLines(row));
  const buttons = feedbackButtons(row);
  if (buttons) words.append(buttons);
  item.append(words);
  item.dataset.window = row.id;
  return item;
}

// One camera: its live picture and chart, and its newest moments

let chart = null;

async function bindCamera() {
  const name = encodeURIComponent(document.body.dataset.camera);
  const [{ MotionChart }, { LiveView }] = await Promise.all([import("./chart.js"), import("./live.js")]);
  chart = new MotionChart(find("#chart"));
  new LiveView(find("#live"), `${root}/api/cameras/${name}/live`, (motion) => chart.live(motion));
  const summary = find("#chart-text");
  setInterval(() => {
    chart.draw();
    if (summary.textContent !== chart.summary) summary.textContent = chart.summary;
    find("#chart-sound").hidden = !chart.hears;
  }, 500);
  bindClips();
  const show = async () => {
    const [newest, closed] = await Promise.all([ask(`/api/moments?camera=${name}&limit=8`), ask(`/api/cameras/${name}/windows`)]);
    find("#newest").replaceChildren(...newest.moments.map(momentCard));
    find("#none").hidden = newest.moments.length > 0;
    closed.windows.forEach((shown) => chart.close(shown));
  };
  renewals.push(show);
  await show();
}

// Clips open in the page, a second before their strongest keyframe.

async function openClip(link) {
  const dialog = find("#clip");
  const video = find("video", dialog);
  find("h2", dialog).textContent = find("h3", link.closest(".card"))?.textContent ?? link.textContent;
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

// The server sends something at least every five seconds. After a longer silence it is asked anew: a connection
// over a network that has gone away does not end by itself.
const SILENT_MS = 12_000;

async function refresh() {
  const now = await ask("/api/cameras");
  now.cameras.forEach(showCamera);
}

function renew() {
  for (const show of [refresh, lookForNewer, ...renewals]) show().catch(() => {});
}

function listen() {
  let [events, heard, opened] = [null, 0, false];
  const lost = (is) => {
    find("#link").hidden = !is;
    document.body.toggleAttribute("data-lost", is);
  };
  const begin = () => {
    events?.close();
    heard = Date.now();
    events = new EventSource(`${root}/api/events`);
    events.addEventListener("open", () => {
      heard = Date.now();
      lost(false);
      if (opened) renew();
      else refresh().catch(() => {});
      opened = true;
    });
    events.addEventListener("error", () => lost(true));
    bindEvents((name, work) => {
      events.addEventListener(name, (event) => {
        heard = Date.now();
        work(JSON.parse(event.data));
      });
    });
  };
  begin();
  setInterval(() => {
    if (Date.now() - heard <= SILENT_MS) return;
    lost(true);
    begin();
  }, 1000);
  window.addEventListener("pagehide", () => {
    noteVisit();
    events.close();
  });
}

function bindEvents(on) {
  on("alive", () => {});
  on("camera", showCamera);
  on("missed", renew);
  on("motion", (motion) => {
    for (const card of all(`.cameras [data-camera="${CSS.escape(motion.camera)}"]`)) card.toggleAttribute("data-moving", motion.moving);
  });
  on("peak", (peak) => showPreview(peak.camera, peak.at_utc));
  on("moment", async (moment) => {
    if (page === "home" && moment.alerts.length) showAlerts().catch(() => {});
    happened();
    for (const card of all(`.cameras [data-camera="${CSS.escape(moment.camera)}"]`)) showCaption(card, moment.title, moment.start_utc);
    const list = find("#newest");
    if (list?.dataset.camera === moment.camera) {
      find("#none").hidden = true;
      list.prepend(momentCard(await ask(`/api/moments/${encodeURIComponent(moment.window_id)}`)));
    }
  });
  on("speech", async ({ window_id: id }) => {
    const card = find(`.moments [data-window="${CSS.escape(id)}"]`);
    if (card) card.replaceWith(momentCard(await ask(`/api/moments/${encodeURIComponent(id)}`)));
  });
  on("reel", showNewer);
  on("window", (closed) => {
    if (closed.camera === document.body.dataset.camera) chart?.close(closed);
  });
}

showTimes(document);
all(".stage").forEach(bindPlayer);
if (page !== "login") {
  noteVisit();
  listen();
}
if (page === "home") {
  bindClips();
  bindSince();
  showAlerts().catch((error) => { find("#alerts p").textContent = error.message; });
}
if (page === "reel") bindReel();
if (page === "camera") bindCamera().catch(() => {});
if (page === "timeline") {
  bindClips();
  import("./timeline.js").then(({ bindTimeline }) => bindTimeline());
}
