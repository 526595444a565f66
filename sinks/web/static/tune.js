// Other settings tried on a camera's stored windows, side by side with what was picked.

import { Areas } from "./areas.js";
import { timeText } from "./page.js";

const root = document.body.dataset.root;
const camera = document.body.dataset.camera;
const find = (selector) => document.querySelector(selector);
const form = find("#tune");
const tools = find("#tools");
const PEAKS = ["height_ratio", "distance_frames", "max_keyframes"];
const TRIED_MS = 600_000;

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

const chosen = () => ({ kind: tools.elements.kind.value, shape: tools.elements.shape.value });
const areas = new Areas(find("#areas"), find("#area-list"), chosen, showSnippet);

function settings() {
  const values = Object.fromEntries(PEAKS.map((name) => [name, Number(form.elements[name].value)]));
  return { ...values, regions: areas.value("regions"), ignore: areas.value("ignore") };
}

// The snippet

function flow(value) {
  return Array.isArray(value) ? `[${value.map(flow).join(", ")}]` : String(value);
}

function showSnippet() {
  const now = settings();
  const lines = ["peaks:  # of all cameras", ...PEAKS.map((name) => `  ${name}: ${now[name]}`), "cameras:"];
  lines.push(`  - name: ${camera}  # in the entry of this camera`);
  lines.push(`    regions: ${flow(now.regions)}`, `    ignore: ${flow(now.ignore)}`);
  find("#snippet").textContent = `${lines.join("\n")}\n`;
  find("#copied").textContent = "";
}

find("#copy").addEventListener("click", async () => {
  const text = find("#snippet").textContent;
  const said = find("#copied");
  try {
    await navigator.clipboard.writeText(text);
    said.textContent = "Copied.";
  } catch { // a page over plain HTTP may not write to the clipboard
    getSelection().selectAllChildren(find("#snippet"));
    said.textContent = "Selected: copy it with Ctrl+C.";
  }
});

// The result

function svg(tag, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function counts(windows, side) {
  const shown = windows.filter((row) => row[side].keyframes.length);
  const keyframes = shown.reduce((sum, row) => sum + row[side].keyframes.length, 0);
  const many = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
  return `${many(keyframes, "keyframe")} in ${many(shown.length, "window")}`;
}

function drawChart(answer) {
  const chart = find("#tune-chart");
  const total = answer.windows.reduce((sum, row) => sum + row.length_s, 0);
  const top = Math.max(1, ...answer.windows.flatMap((row) => [...row.stored.signal, ...row.replayed.signal]));
  const x = (at) => (1000 * at) / total;
  const y = (value) => 134 - 128 * Math.sqrt(Math.min(1, value / top));
  const parts = [];
  for (const [side, name] of [["stored", "was"], ["replayed", "now"]]) {
    let start = 0;
    for (const row of answer.windows) {
      const { signal, threshold, keyframes } = row[side];
      const points = signal.map((value, nth) => `${x(start + nth * answer.signal_step_s)},${y(value)}`).join(" ");
      parts.push(svg("polyline", { points, class: name }));
      parts.push(svg("line", { x1: x(start), x2: x(start + row.length_s), y1: y(threshold), y2: y(threshold), class: `${name} threshold` }));
      for (const { at_s: at, value } of keyframes) parts.push(svg("ellipse", { cx: x(start + at), cy: y(value), rx: 3, ry: 4, class: name }));
      start += row.length_s;
    }
  }
  chart.replaceChildren(...parts);
  chart.setAttribute("aria-label", `The motion signal of ${answer.windows.length} windows: as recorded ${counts(answer.windows, "stored")}, with these settings ${counts(answer.windows, "replayed")}`);
}

function pictures(row, side) {
  const cell = make("div", "", { class: side });
  for (const keyframe of row[side].keyframes) {
    const figure = make("figure");
    const src = keyframe.picture ?? (keyframe.number === null ? null : `${root}/media/keyframes/${encodeURIComponent(row.id)}/${keyframe.number}.jpg`);
    if (src) figure.append(make("img", "", { src, alt: "", loading: "lazy" }));
    figure.append(make("figcaption", `${keyframe.at_s.toFixed(1)} s`));
    cell.append(figure);
  }
  if (!row[side].keyframes.length) cell.append(make("p", "Nothing: the window would be quiet.", { class: "note" }));
  return cell;
}

function show(answer) {
  find("#result").hidden = false;
  drawChart(answer);
  find("#was-count").textContent = `Picked: ${counts(answer.windows, "stored")}`;
  find("#now-count").textContent = `Would be picked: ${counts(answer.windows, "replayed")}`;
  find("#windows").replaceChildren(...answer.windows.map((row) => {
    const item = make("li");
    const pair = make("div", "", { class: "pair" });
    pair.append(pictures(row, "stored"), pictures(row, "replayed"));
    item.append(make("h3", timeText(new Date(row.start_utc))), pair);
    return item;
  }));
  const notes = [];
  if (answer.older_left_out) notes.push("Only the newest 10 minutes of clips were tried.");
  if (answer.unreadable) notes.push(`Clips that cannot be read: ${answer.unreadable}.`);
  find("#tried").textContent = [`Tried on ${answer.windows.length} windows.`, ...notes].join(" ");
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  const said = find("#tried");
  button.disabled = true;
  said.textContent = "Trying; this may take a minute.";
  try {
    const [since, until] = ["since", "until"].map((name) => new Date(form.elements[name].value).toISOString());
    const body = JSON.stringify({ since_utc: since, until_utc: until, settings: settings() });
    show(await ask(`/api/cameras/${encodeURIComponent(camera)}/replay`, { method: "POST", body }));
  } catch (error) {
    find("#result").hidden = true;
    said.textContent = error.message;
  } finally {
    button.disabled = false;
  }
});

// The start

function localInput(date) {
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function showPicture(picture) {
  const image = find("#picture img");
  image.src = `${root}/media/keyframes/${encodeURIComponent(picture.window_id)}/${picture.keyframe}.jpg`;
  image.hidden = false;
  find("#areas").removeAttribute("hidden");
  areas.open(picture.width_px, picture.height_px);
  find("#picture-note").textContent = `The picture is ${picture.width_px} by ${picture.height_px} pixels.`;
}

async function start() {
  const now = await ask(`/api/cameras/${encodeURIComponent(camera)}/tuning`);
  for (const name of PEAKS) form.elements[name].value = now.settings[name];
  const end = now.picture ? new Date(Date.parse(now.picture.end_utc) + 60_000) : new Date();
  form.elements.until.value = localInput(end);
  form.elements.since.value = localInput(new Date(end.getTime() - TRIED_MS));
  areas.load("regions", now.settings.regions);
  areas.load("ignore", now.settings.ignore);
  if (now.picture) showPicture(now.picture);
  else find("#picture-note").textContent = "No picture with its clip is stored yet: there is nothing to draw on.";
  find("#add").disabled = !now.picture;
  showSnippet();
}

find("#add").addEventListener("click", () => areas.add());
form.addEventListener("input", showSnippet);
start().catch((error) => {
  find("#picture-note").textContent = error.message;
});
