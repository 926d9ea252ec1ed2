// Tokens as text: each with its probability and the likeliest others, from which a new take can go on.
import { ask } from "./api.js";
import { attempt } from "./main.js";
import { store } from "./store.js";

const $ = (id) => document.getElementById(id);
let rows = null, rowsOf = null, goOn = null;

const shown = (text) => text.replaceAll("\n", "↵\n");

export function showTokens(take, isRunning) {
  const place = $("tokens");
  if (rowsOf !== take.number) { rows = null; rowsOf = take.number; place.replaceChildren(); $("token-about").hidden = true; }
  if (place.childElementCount > take.tokens.length) place.replaceChildren();
  for (let index = place.childElementCount; index < take.tokens.length; index++) {
    const item = document.createElement("span"), token = document.createElement("button");
    item.setAttribute("role", "listitem");
    token.type = "button";
    token.textContent = shown(take.tokens[index]);
    token.dataset.index = index;
    token.hidden = take.tokens[index] === "";
    item.append(token);
    place.append(item);
  }
  $("probabilities").disabled = isRunning;
}

function paint() {
  [...$("tokens").querySelectorAll("button")].forEach((token, index) => {
    const probability = rows?.[index]?.probability;
    token.classList.toggle("likely", probability > 0.5);
    token.classList.toggle("possible", probability <= 0.5 && probability > 0.1);
    token.classList.toggle("surprising", probability <= 0.1);
    if (probability !== undefined) token.title = `${(100 * probability).toFixed(1)} %`;
  });
}

async function fetchRows(take) {
  const found = await attempt(() => ask(`/api/takes/${take.number}/surprise`));
  if (!found || rowsOf !== take.number) return;
  rows = found.tokens;
  paint();
}

async function about(index, take) {
  if (!rows) await fetchRows(take);
  const row = rows?.[index], place = $("token-about");
  if (!row?.likeliest) return;
  for (const one of $("tokens").querySelectorAll("button")) one.setAttribute("aria-pressed", String(Number(one.dataset.index) === index));
  const line = document.createElement("p"), list = document.createElement("p");
  line.textContent = `“${take.tokens[index]}” has a probability of ${(100 * row.probability).toFixed(1)} %. The likeliest here; choose one to go on from it:`;
  list.className = "row";
  const before = take.tokens.slice(0, index).join("");
  for (const { text, probability } of row.likeliest) {
    const choice = document.createElement("button");
    choice.type = "button";
    choice.textContent = `${shown(text) || "(end)"} ${(100 * probability).toFixed(1)} %`;
    choice.disabled = text === "";
    choice.addEventListener("click", () => goOn(before + text));
    list.append(choice);
  }
  place.replaceChildren(line, list);
  place.hidden = false;
}

export function tokenControls(current, continueText) {
  goOn = continueText;
  $("tokens").addEventListener("click", (event) => {
    const index = event.target.dataset?.index, take = current();
    if (index !== undefined && take && take.state !== "drawing") about(Number(index), take);
  });
  $("probabilities").addEventListener("click", () => { const take = store.takes.get(store.current); if (take) fetchRows(take); });
}
