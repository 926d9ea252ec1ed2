// Joins the views: the model, the tabs, what the studio says, and the problems that are shown.
import { ask, listen } from "./api.js";
import { putProgress, putTake, store } from "./store.js";
import * as play from "./play.js";
import * as inside from "./inside.js";
import * as training from "./training.js";

const $ = (id) => document.getElementById(id);
const VIEWS = ["play", "inside", "training"];

export function problem(text) {
  $("problem").textContent = text;
  $("problem").hidden = !text;
}

// Runs something that may fail, and shows why.
export async function attempt(action) {
  try {
    problem("");
    return await action();
  } catch (error) {
    problem(error.message);
    return null;
  }
}

function showView(name, focus) {
  for (const view of VIEWS) {
    const tab = $(`tab-${view}`), isShown = view === name;
    tab.setAttribute("aria-selected", String(isShown));
    tab.tabIndex = isShown ? 0 : -1;
    $(`view-${view}`).hidden = !isShown;
    if (isShown && focus) tab.focus();
  }
  location.replace(`#${name}`);
  training.setShown(name === "training");
  if (name === "inside") inside.show();
  if (name === "play") play.refresh();
}

$("tabs").addEventListener("click", (event) => {
  const name = event.target.id?.replace("tab-", "");
  if (VIEWS.includes(name)) showView(name, true);
});
$("tabs").addEventListener("keydown", (event) => {
  const now = VIEWS.findIndex((view) => $(`tab-${view}`).getAttribute("aria-selected") === "true");
  const next = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: VIEWS.length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  showView(VIEWS[(next + VIEWS.length) % VIEWS.length], true);
});

function putModel(model) {
  store.models.set(model.key, model);
  const select = $("model");
  let option = [...select.options].find((one) => one.value === model.key);
  if (!option) { option = new Option(model.name, model.key); select.append(option); }
  option.disabled = Boolean(model.error);
  option.textContent = model.error ? `${model.name} (cannot be loaded)` : model.name;
}

export const model = () => store.models.get($("model").value);

function describe() {
  const chosen = model();
  if (!chosen) return;
  $("status").textContent = chosen.error || (chosen.is_ready ? "Ready" : "Getting the model ready …");
  training.setModel(chosen);
}

function chooseModel(key) {
  $("model").value = key;
  try { localStorage.setItem("seqgen-studio-model", store.models.get(key)?.name ?? ""); } catch { /* not kept */ }
  play.setModel(model());
  describe();
}

$("model").addEventListener("change", () => {
  chooseModel($("model").value);
  if (!model().is_ready) attempt(() => ask("/api/prepare", { method: "POST", body: { model: model().key } }));
});

async function everything() {
  const [{ models, unusable_takes: unusable }, { takes }] = await Promise.all([ask("/api/models"), ask("/api/takes")]);
  models.forEach(putModel);
  for (const number of [...store.takes.keys()]) if (!takes.some((take) => take.number === number)) store.takes.delete(number);
  takes.forEach(putTake);
  const name = localStorage.getItem("seqgen-studio-model"), usable = models.filter((one) => !one.error);
  const chosen = models.find((one) => one.key === $("model").value && store.hasChosen) ?? usable.find((one) => one.name === name) ?? usable[0];
  store.hasChosen = true;
  problem(unusable ? `${unusable} kept takes cannot be used with these models.` : "");
  if (chosen) chooseModel(chosen.key);
  await play.restore();
}

listen(
  {
    model: (value) => { putModel(value); describe(); play.onModel(value); },
    take: (value) => play.onTake(putTake(value)),
    progress: (value) => { const take = putProgress(value); if (take) play.onProgress(take); },
    problem: ({ text }) => problem(text),
  },
  () => attempt(everything),
  (text) => { $("status").textContent = "No connection"; problem(text); play.onLost(); },
);
const first = location.hash.slice(1);
showView(VIEWS.includes(first) ? first : "play", false);
