// The view in which takes are drawn, heard, changed and compared.
import { ask } from "./api.js";
import { buildForm, valuesOf } from "./form.js";
import { attempt, model, problem } from "./main.js";
import { Midi } from "./midi.js";
import { Roll, trackColour } from "./roll.js";
import { canRedo, canUndo, endOf, forgetHistory, putNewTake, putTake, record, redoStep, store, undoStep } from "./store.js";
import { Player, Synth } from "./synth.js";
import { showTokens, tokenControls } from "./text.js";

const $ = (id) => document.getElementById(id);
const OF_ACTIONS = new Set(["prompt_bars", "prompt_seconds", "fill", "variation", "variation_seed", "harmonise", "accompany"]);
const SHOWN = "seqgen-studio-shown";
const synth = new Synth(), midi = new Midi(), player = new Player(synth, midi);
const roll = new Roll($("roll"), $("roll-frame")), otherRoll = new Roll($("compare-roll"), $("compare-roll").parentElement);
let shownModel = null, listening = null, prepareTimer = 0, isPreparing = false, heardTake = null;

const take = () => store.takes.get(store.current);
const isRunning = (one) => one && (one.state === "waiting" || one.state === "drawing");
const isMusic = (one) => Boolean(store.models.get(one?.model)?.is_music);

// ---- the request -----------------------------------------------------------------------------------------------------

export function setModel(chosen) {
  if (!chosen || chosen.error || shownModel === chosen.key) return;
  shownModel = chosen.key;
  let saved = {};
  try { saved = JSON.parse(localStorage.getItem(`seqgen-studio-form-${chosen.name}`)) ?? {}; } catch { /* none is kept */ }
  buildForm($("constraints"), chosen.constraints, chosen.is_music ? OF_ACTIONS : new Set(), saved, chosen.recommended);
  $("prompt-field").hidden = !chosen.reads_text;
  $("draw").textContent = chosen.is_music ? "Play" : "Draw";
  $("file").accept = chosen.reads.join(",");
  $("midi").hidden = !chosen.is_music || !Midi.isThere;
  prepareSoon();
}

export function onModel(value) {
  if (value.key === model()?.key && value.is_ready) isPreparing = false;
  if (value.key === model()?.key) setModel(value);
}

function prepareSoon() {
  clearTimeout(prepareTimer);
  prepareTimer = setTimeout(async () => {
    const chosen = model();
    if (!chosen?.is_music || isPreparing || !$("request").checkValidity()) return;
    isPreparing = true;
    try {
      await ask("/api/prepare", { method: "POST", body: { model: chosen.key, constraints: valuesOf($("constraints")) } });
    } catch { isPreparing = false; } // what is wrong is said when it is drawn
  }, 700);
}

$("constraints").addEventListener("input", () => {
  try { localStorage.setItem(`seqgen-studio-form-${model().name}`, JSON.stringify(valuesOf($("constraints")))); } catch { /* not kept */ }
  prepareSoon();
});

const optional = (id) => ($(id).value === "" ? {} : { [id]: Number($(id).value) });

async function draw(more) {
  const chosen = more.take ? store.models.get(store.takes.get(more.take).model) : model();
  if (!chosen) return;
  if (chosen.is_music) { synth.wake(); performance.clearMarks("first-note"); }
  performance.mark("pressed-play");
  const body = { model: chosen.key, ...optional("temperature"), ...optional("seed"), ...more };
  if (more.constraints === undefined) body.constraints = valuesOf($("constraints"));
  const drawn = await attempt(() => ask("/api/takes", { method: "POST", body }));
  if (!drawn) return;
  putNewTake(drawn);
  show(drawn.number, true);
  if (chosen.is_music) listenTo(drawn.number, 0);
}

$("request").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("prompt").value;
  draw({ ...optional("guidance"), ...(model()?.reads_text && text ? { text, origin: "continued" } : {}) });
});
// A field that is wrong is shown, also where its group is closed. A small screen has no place for all of them.
$("request").addEventListener("invalid", (event) => { const group = event.target.closest("details"); if (group) group.open = true; }, true);
const narrow = matchMedia("(max-width: 56rem)"), fold = () => { $("wishes").open = !narrow.matches; };
narrow.addEventListener("change", fold);
fold();
$("stop").addEventListener("click", () => {
  stopListening();
  for (const one of store.takes.values()) if (isRunning(one)) attempt(() => ask(`/api/takes/${one.number}/stop`, { method: "POST" }));
});

export function continueText(text) {
  return draw({ text, origin: "gone on from" });
}

// ---- files -----------------------------------------------------------------------------------------------------------

async function upload(content, name) {
  const chosen = model(), dot = name.lastIndexOf("."), ending = dot < 0 ? "" : name.slice(dot);
  const query = new URLSearchParams({ model: chosen.key, ending, name: dot > 0 ? name.slice(0, dot).slice(0, 40) : name.slice(0, 40) });
  const made = await attempt(() => ask(`/api/uploads?${query}`, { method: "POST", raw: content }));
  if (made) { putNewTake(made); show(made.number, true); }
}

$("file").addEventListener("change", () => { const [file] = $("file").files; if (file) upload(file, file.name); $("file").value = ""; });
for (const kind of ["dragenter", "dragover"]) $("drop").addEventListener(kind, (event) => { event.preventDefault(); $("drop").classList.add("over"); });
for (const kind of ["dragleave", "drop"]) $("drop").addEventListener(kind, (event) => { event.preventDefault(); $("drop").classList.remove("over"); });
$("drop").addEventListener("drop", (event) => { const [file] = event.dataTransfer.files; if (file) upload(file, file.name); });
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => event.preventDefault());

// ---- showing a take --------------------------------------------------------------------------------------------------

export function show(number, isStep) {
  if (isStep && store.current !== number) record({ kind: "show", from: store.current, to: number });
  if (store.current !== number) stopListening();
  store.current = number;
  try { sessionStorage.setItem(SHOWN, String(number ?? "")); } catch { /* not kept */ }
  if (number !== null) fetchDocument(number);
  for (const id of ["show-surprise", "show-novelty"]) $(id).checked = false;
  $("lens-about").textContent = "";
  $("legend").hidden = false;
  refresh();
}

async function fetchDocument(number) {
  const one = store.takes.get(number);
  if (!one || one.roll || one.tokens?.length || isRunning(one) || one.state === "failed") return;
  try { putTake(await ask(`/api/takes/${number}`)); refresh(); } catch (error) { problem(error.message); }
}

export async function restore() {
  const kept = Number(sessionStorage.getItem(SHOWN)), known = store.takes.has(kept) ? kept : null;
  const last = [...store.takes.values()].filter((one) => !one.is_deleted).at(-1)?.number ?? null;
  if (store.current !== null && !store.takes.has(store.current)) { store.current = null; forgetHistory(); }
  for (const one of store.takes.values()) if (isRunning(one)) try { putTake(await ask(`/api/takes/${one.number}`)); } catch { /* it goes on */ }
  if (store.current === null) show(known ?? last, false);
  else { const one = take(); if (one && !isRunning(one)) { one.roll = one.tokens = null; fetchDocument(one.number); } }
  refresh();
}

export function onTake(one) {
  if (one.is_deleted && store.current === one.number) store.current = null;
  if (one.number === store.current && one.state === "done") fetchDocument(one.number);
  refresh();
}

export function onProgress(one) {
  if (one.number === store.current) refresh();
}

export function onLost() { isPreparing = false; }

const STATES = { waiting: "waits", drawing: "is being drawn …", done: "", stopped: "stopped", failed: "failed" };

function about(one) {
  const parts = [one.model_name, one.origin];
  if (one.parent && store.takes.has(one.parent)) parts.push(`from ${store.takes.get(one.parent).name}`);
  if (STATES[one.state]) parts.push(STATES[one.state]);
  if (one.roll?.title) parts.push(one.roll.title);
  if (one.remark) parts.push(one.remark);
  return parts.join(" · ");
}

export function refresh() {
  const one = take(), running = [...store.takes.values()].some(isRunning);
  $("stop").disabled = !running && !player.playing;
  $("undo").disabled = !canUndo();
  $("redo").disabled = !canRedo();
  $("take-title").textContent = one ? one.name : "Nothing drawn yet";
  $("take-about").textContent = one ? about(one) : "Set what you like, and press play.";
  const music = one && isMusic(one) && one.roll;
  $("music").hidden = !music;
  $("text").hidden = !one || isMusic(one) || !one.tokens;
  $("downloads").hidden = !one || isRunning(one) || !(one.roll || one.tokens);
  if (music) {
    roll.show(dataOf(one));
    $("roll").setAttribute("aria-label", `Piano roll: ${one.notes.length} notes, ${Math.round(endOf(one))} seconds. ${one.roll.title}`);
    $("edit").disabled = isRunning(one);
    legend(one);
    voices(one);
  } else if (one?.tokens) showTokens(one, isRunning(one));
  if (one) downloads(one);
  listTakes();
  compare();
}

function dataOf(one) {
  return { number: one.number, notes: one.notes, bar_lines: one.roll.bar_lines, first_bar: one.roll.first_bar, end: endOf(one) };
}

function legend(one) {
  if ($("legend").dataset.tracks === JSON.stringify(one.roll.tracks)) return;
  $("legend").dataset.tracks = JSON.stringify(one.roll.tracks);
  $("legend").replaceChildren(...one.roll.tracks.map((name, track) => {
    const place = document.createElement("span"), swatch = document.createElement("i");
    swatch.style.background = trackColour(track);
    place.append(swatch, name);
    return place;
  }));
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { $("legend").dataset.tracks = ""; refresh(); });

function downloads(one) {
  const key = `${one.number} ${one.name}`;
  if ($("downloads").dataset.take === key) return;
  $("downloads").dataset.take = key;
  const kinds = store.models.get(one.model)?.downloads ?? [];
  $("downloads").replaceChildren("Download", ...kinds.map((ending) => {
    const link = document.createElement("a");
    link.href = `/api/takes/${one.number}/file?${new URLSearchParams({ ending })}`;
    link.download = "";
    link.textContent = ending ? `.${ending}` : isMusic(one) ? ".mid" : "as a text file";
    return link;
  }));
}

function button(text, act, label) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  if (label) made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
}

function listTakes() {
  const shown = [...store.takes.values()].filter((one) => !one.is_deleted).reverse();
  const key = JSON.stringify([store.current, store.other, shown.map((one) => [one.number, one.name, about(one)])]);
  $("no-takes").hidden = shown.length > 0;
  if ($("takes").dataset.key === key) return;
  $("takes").dataset.key = key;
  const focused = document.activeElement?.dataset?.focus;
  $("takes").replaceChildren(...shown.map((one) => {
    const row = document.createElement("li"), name = button(one.name, () => show(one.number, true)), said = document.createElement("p");
    name.className = "take-name";
    if (one.number === store.current) { row.className = "current"; name.setAttribute("aria-current", "true"); }
    said.className = "about";
    said.textContent = about(one);
    const acts = [
      button("Compare", () => { store.other = one.number; fetchDocument(one.number); refresh(); }, `Compare ${one.name}`),
      button("Rename", () => rename(one), `Rename ${one.name}`),
      button("Remove", () => hide(one, true, true), `Remove ${one.name}`),
    ];
    acts[0].disabled = one.number === store.current;
    [name, ...acts].forEach((act, index) => { act.dataset.focus = `${one.number}-${index}`; if (index) act.className = "small"; });
    row.append(name, said, ...acts);
    return row;
  }));
  if (focused) $("takes").querySelector(`[data-focus="${focused}"]`)?.focus();
}

// ---- undo, names, comparison -----------------------------------------------------------------------------------------

async function patch(number, body) {
  const changed = await attempt(() => ask(`/api/takes/${number}`, { method: "PATCH", body }));
  if (changed) onTake(putTake(changed));
}

function rename(one) {
  $("rename-name").value = one.name;
  $("rename-dialog").returnValue = "";
  $("rename-dialog").showModal();
  $("rename-name").select();
  $("rename-dialog").onclose = () => {
    const name = $("rename-name").value.trim();
    if ($("rename-dialog").returnValue !== "ok" || !name || name === one.name) return;
    record({ kind: "rename", take: one.number, from: one.name, to: name });
    patch(one.number, { name });
  };
}

function hide(one, isDeleted, isStep) {
  if (isStep) record({ kind: "hide", take: one.number });
  if (store.other === one.number) store.other = null;
  return patch(one.number, { is_deleted: isDeleted });
}

function apply(step, back) {
  if (!step) return;
  if (step.kind === "show") {
    const number = back ? step.from : step.to;
    if (number === null || store.takes.has(number)) show(number, false);
  } else if (step.kind === "rename") patch(step.take, { name: back ? step.from : step.to });
  else if (store.takes.has(step.take)) hide(store.takes.get(step.take), !back, false).then(() => back && show(step.take, false));
  refresh();
}

$("undo").addEventListener("click", () => apply(undoStep(), true));
$("redo").addEventListener("click", () => apply(redoStep(), false));
addEventListener("keydown", (event) => {
  if (event.target.matches("input, textarea, select") || !(event.ctrlKey || event.metaKey)) return;
  if (event.key.toLowerCase() === "z") { event.preventDefault(); event.shiftKey ? $("redo").click() : $("undo").click(); }
  if (event.key.toLowerCase() === "y") { event.preventDefault(); $("redo").click(); }
});

function compare() {
  const other = store.takes.get(store.other), isShown = other && other.number !== store.current && (other.roll || other.tokens);
  $("compare").hidden = !isShown;
  if (!isShown) return;
  $("compare-title").textContent = `Beside it: ${other.name}`;
  $("compare-roll").parentElement.hidden = $("listen-other").hidden = !other.roll;
  $("compare-text").hidden = Boolean(other.roll);
  if (other.roll) otherRoll.show(dataOf(other));
  else $("compare-text").textContent = other.tokens.join("");
}
$("compare-close").addEventListener("click", () => { store.other = null; refresh(); });
$("swap").addEventListener("click", () => { const { other, current } = store; store.other = current; show(other, true); });

// ---- listening -------------------------------------------------------------------------------------------------------

function listenTo(number, from) {
  listening = number;
  heardTake = number;
  const source = () => {
    const one = store.takes.get(number);
    return { notes: one?.notes ?? [], drums: one?.roll?.is_drums ?? [], end: one ? endOf(one) : 0, isComplete: !isRunning(one) };
  };
  player.start(source, from);
  animate();
  pressed();
}

function stopListening() {
  player.stop();
  listening = null;
  pressed();
}
player.onend = () => { listening = null; roll.head = otherRoll.head = null; roll.invalidate(); otherRoll.invalidate(); pressed(); };

function pressed() {
  $("listen").setAttribute("aria-pressed", String(listening !== null && listening === store.current));
  $("listen").textContent = listening !== null && listening === store.current ? "Pause" : "Listen";
  $("listen-other").setAttribute("aria-pressed", String(listening !== null && listening === store.other));
  $("stop").disabled = ![...store.takes.values()].some(isRunning) && !player.playing;
}

function animate() {
  const position = player.position;
  if (position === null || listening === null) return;
  if (listening === store.current) roll.follow(position);
  else if (listening === store.other) otherRoll.follow(position);
  requestAnimationFrame(animate);
}

function toggle() {
  if (listening === store.current && player.playing) stopListening();
  else if (take()?.roll) listenTo(store.current, roll.head !== null && roll.head < endOf(take()) - 0.05 && heardTake === store.current ? roll.head : 0);
}
$("listen").addEventListener("click", toggle);
$("listen-other").addEventListener("click", () => (listening === store.other ? stopListening() : listenTo(store.other, 0)));
$("speed").addEventListener("input", () => player.setSpeed(Number($("speed").value)));
$("volume").addEventListener("input", () => synth.setVolume(Number($("volume").value)));

// ---- bars, voices, lenses --------------------------------------------------------------------------------------------

function select(first, last) {
  roll.selection = [Math.min(first, last), Math.max(first, last)];
  [$("bar-first").value, $("bar-last").value] = roll.selection;
  roll.invalidate();
}

let dragFrom = null;
$("roll").addEventListener("pointerdown", (event) => {
  const second = roll.secondAt(event.offsetX);
  dragFrom = roll.barAt(second);
  roll.head = second;
  heardTake = store.current;
  if (dragFrom !== null) select(dragFrom, dragFrom);
  if (listening === store.current) listenTo(store.current, second);
  roll.invalidate();
});
$("roll").addEventListener("pointermove", (event) => {
  if (dragFrom !== null && event.buttons) select(dragFrom, roll.barAt(roll.secondAt(event.offsetX)));
});
addEventListener("pointerup", () => { dragFrom = null; });

$("roll-frame").addEventListener("keydown", (event) => {
  const one = take();
  if (!one?.roll) return;
  if (event.key === " ") { event.preventDefault(); toggle(); return; }
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step || !one.roll.bar_lines.length) return;
  event.preventDefault();
  const lastBar = one.roll.first_bar + one.roll.bar_lines.length - 2, clamp = (bar) => Math.min(Math.max(bar, one.roll.first_bar), lastBar);
  const [first, last] = roll.selection ?? [roll.barAt(roll.head ?? 0), roll.barAt(roll.head ?? 0)];
  if (event.shiftKey) select(first, clamp(last + step));
  else select(clamp(first + step), clamp(first + step));
  heardTake = store.current;
  roll.follow(roll.barStart(roll.selection[event.shiftKey ? 1 : 0]) ?? 0);
});
for (const id of ["bar-first", "bar-last"]) $(id).addEventListener("change", () => select(Number($("bar-first").value), Number($("bar-last").value)));

const drawFrom = (constraints, origin) => draw({ take: store.current, constraints, origin });
$("fill").addEventListener("click", () => drawFrom({ fill: `${$("bar-first").value}-${$("bar-last").value}` }, "filled in"));
$("go-on").addEventListener("click", () => drawFrom({ prompt_bars: Math.max(1, Number($("bar-first").value)) }, "gone on from"));
$("vary").addEventListener("click", () => drawFrom({ variation: 0.4, variation_seed: Math.floor(1e6 * Math.random()) }, "varied"));
$("continue").addEventListener("click", () => drawFrom({}, "continued"));

function voices(one) {
  const properties = store.models.get(one.model)?.constraints.properties ?? {}, place = $("voices");
  $("fill").hidden = $("vary").hidden = !properties.fill;
  $("go-on").hidden = $("bars-row").hidden = !properties.prompt_bars;
  const key = JSON.stringify([one.model, one.roll.tracks]);
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  const named = properties.harmonise ? "harmonise" : properties.accompany ? "accompany" : null;
  place.hidden = !named || one.roll.tracks.length < 1;
  if (place.hidden) return place.replaceChildren();
  const boxes = one.roll.tracks.map((name, track) => {
    const field = document.createElement("label"), box = document.createElement("input");
    field.className = "check";
    box.type = "checkbox";
    box.value = named === "harmonise" ? name.charAt(0).toUpperCase() : name;
    box.checked = track === 0;
    field.append(box, ` Keep ${name}`);
    return field;
  });
  const act = () => {
    const kept = boxes.map((field) => field.firstChild).filter((box) => box.checked).map((box) => box.value);
    if (!kept.length) return problem("Keep at least one voice.");
    drawFrom({ [named]: named === "harmonise" ? kept.join("") : kept.join(",") }, named === "harmonise" ? "harmonised" : "accompanied");
  };
  place.replaceChildren(...boxes, button(named === "harmonise" ? "Harmonise" : "Accompany", act));
}

async function lens(id, path, use, words) {
  const number = store.current;
  if (!$(id).checked) { use(null); $("legend").hidden = roll.nats !== null; roll.invalidate(); $("lens-about").textContent = ""; return; }
  $("lens-about").textContent = "Looking …";
  const found = await attempt(() => ask(`/api/takes/${number}/${path}`));
  if (number !== store.current) return;
  $("lens-about").textContent = found ? words(found) : "";
  if (!found) $(id).checked = false;
  use(found);
  $("legend").hidden = roll.nats !== null; // the colours do not tell the voices apart then
  roll.invalidate();
}
$("show-surprise").addEventListener("change", () => lens("show-surprise", "surprise", (found) => { roll.nats = found?.nats ?? null; }, ({ nats }) => {
  const mean = nats.reduce((sum, one) => sum + one, 0) / Math.max(nats.length, 1);
  return `Blue notes were expected, red ones were not: ${mean.toFixed(2)} nats a note.`;
}));
$("show-novelty").addEventListener("change", () => lens("show-novelty", "novelty", (found) => { roll.lengths = found?.lengths ?? null; }, ({ lengths }) => {
  return `The bar under a note shows how long a passage of the training data it is part of; the longest has ${Math.max(0, ...lengths)} notes.`;
}));

// ---- MIDI ------------------------------------------------------------------------------------------------------------

function ports() {
  for (const [id, kind, none] of [["midi-out", "outputs", "This page's own sound"], ["midi-in", "inputs", "None"]]) {
    const select = $(id), before = select.value;
    select.replaceChildren(new Option(none, ""), ...[...midi.access[kind].values()].map((port) => new Option(port.name, port.id)));
    select.value = midi.access[kind].has(before) ? before : "";
    select.disabled = false;
  }
  choosePorts();
}
function choosePorts() {
  midi.output = midi.access.outputs.get($("midi-out").value) ?? null;
  midi.input = midi.access.inputs.get($("midi-in").value) ?? null;
  $("record").disabled = !midi.input;
}
$("midi-connect").addEventListener("click", () => attempt(() => midi.connect(ports)));
$("midi-out").addEventListener("change", choosePorts);
$("midi-in").addEventListener("change", choosePorts);
$("record").addEventListener("click", () => {
  const isOn = $("record").getAttribute("aria-pressed") === "true";
  $("record").setAttribute("aria-pressed", String(!isOn));
  $("record").textContent = isOn ? "Record a phrase" : "Finish";
  if (!isOn) return midi.record();
  const content = midi.finish();
  if (content) upload(content, "Played phrase.mid");
  else problem("Nothing was played.");
});

tokenControls(() => take(), continueText);
