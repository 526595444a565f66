// Two buttons on each moment's card: keep it, or mark it dull. Where no token is set, there are none.

const root = document.body.dataset.root;
const mayChange = "mayChange" in document.body.dataset;
const LABELS = { keep: "Keep", dull: "Dull" };

function show(group, verdict) {
  group.dataset.verdict = verdict ?? "";
  for (const button of group.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.dataset.verdict === verdict));
  }
}

// Returns a card's buttons as the page's template has them; null where nothing may be changed.
export function feedbackButtons(row) {
  if (!mayChange) return null;
  const group = document.createElement("div");
  group.className = "feedback";
  group.dataset.moment = row.id;
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", `Feedback on ${row.title}`);
  for (const [verdict, label] of Object.entries(LABELS)) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.verdict = verdict;
    button.textContent = label;
    group.append(button);
  }
  const said = document.createElement("span");
  said.setAttribute("role", "status");
  group.append(said);
  show(group, row.feedback);
  return group;
}

async function judge(group, verdict) {
  const path = `${root}/api/moments/${encodeURIComponent(group.dataset.moment)}/feedback`;
  const answer = await fetch(path, { method: "POST", body: JSON.stringify({ verdict }) });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.error ?? `The server answers ${answer.status}.`);
  return body.verdict;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest(".feedback button");
  if (!button) return;
  const group = button.closest(".feedback");
  const said = group.querySelector("[role=status]");
  const before = group.dataset.verdict || null;
  const wanted = before === button.dataset.verdict ? null : button.dataset.verdict;
  show(group, wanted); // at once; taken back where it could not be stored
  try {
    show(group, await judge(group, wanted));
    said.textContent = "";
  } catch (error) {
    show(group, before);
    said.textContent = error.message;
  }
});
