// What the scripts of all pages use: elements, requests, times.

export const root = document.body.dataset.root;
export const find = (selector, within = document) => within.querySelector(selector);
export const all = (selector, within = document) => [...within.querySelectorAll(selector)];

export async function ask(path, options = {}) {
  const answer = await fetch(root + path, { headers: { Accept: "application/json" }, ...options }).catch(() => {
    throw new Error("No connection to livereel.");
  });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.error ?? `The server answers ${answer.status}.`);
  return body;
}

export function make(tag, text = "", attributes = {}) {
  const element = document.createElement(tag);
  element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

// Times, in the browser's zone and language

const WHOLE = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
const FORMS = {
  full: { timeStyle: "medium" },
  minute: { timeStyle: "short" },
  clock: { timeStyle: "medium" },
};

// A day other than today is named, or any where ``dated``, and a year other than this; ``clock`` follows a time
// of the same day.
export function timeText(time, form = "full", dated = false) {
  const now = new Date();
  const clock = new Intl.DateTimeFormat(undefined, FORMS[form]).format(time);
  if (form === "clock" || (!dated && time.toDateString() === now.toDateString())) return clock;
  const year = time.getFullYear() === now.getFullYear() ? {} : { year: "numeric" };
  const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", ...year }).format(time);
  return `${day}, ${clock}`;
}

export function rangeText(from, to, form = "full") {
  const days = from.toDateString() !== to.toDateString();
  const end = days ? timeText(to, form, true) : new Intl.DateTimeFormat(undefined, FORMS[form]).format(to);
  return `${timeText(from, form, days)} to ${end}`;
}

function show(element) {
  const time = new Date(element.dateTime);
  element.textContent = timeText(time, element.dataset.form);
  element.title = WHOLE.format(time);
  return element;
}

export function showTimes(within) {
  all("time", within).forEach(show);
}

export function timeElement(utc, form = "full") {
  return show(make("time", "", { datetime: utc, "data-form": form }));
}

// The value of an input of a date and a time, which has no zone
export function localInput(date) {
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export function inputUtc(input) {
  return new Date(input.value).toISOString();
}
