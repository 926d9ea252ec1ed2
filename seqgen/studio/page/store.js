// What the page knows: models, takes with their documents, the take that is shown, and what can be undone.
export const store = { models: new Map(), takes: new Map(), current: null, other: null };

const KEY = "seqgen-studio-history";
let history = { undo: [], redo: [] };
try { history = JSON.parse(sessionStorage.getItem(KEY)) ?? history; } catch { /* a new history */ }

function keep() {
  try { sessionStorage.setItem(KEY, JSON.stringify(history)); } catch { /* it lasts until the page is left */ }
}

// A step is {kind: "show" | "rename" | "hide", from, to, take}. `apply(step, back)` of the caller does or undoes it.
export function record(step) {
  history.undo.push(step);
  if (history.undo.length > 200) history.undo.shift();
  history.redo = [];
  keep();
}

export function undoStep() {
  const step = history.undo.pop();
  if (step) history.redo.push(step);
  keep();
  return step;
}

export function redoStep() {
  const step = history.redo.pop();
  if (step) history.undo.push(step);
  keep();
  return step;
}

export const canUndo = () => history.undo.length > 0;
export const canRedo = () => history.redo.length > 0;

export function forgetHistory() {
  history = { undo: [], redo: [] };
  keep();
}

// Puts a take that the server described into the store. Its document stays if the description has none.
export function putTake(value) {
  const take = store.takes.get(value.number) ?? { notes: [], tokens: null, roll: null };
  Object.assign(take, value);
  if (value.roll) { take.roll = value.roll; take.notes = value.roll.notes; }
  if (value.tokens) take.tokens = value.tokens;
  store.takes.set(take.number, take);
  return take;
}

// Puts a take that was just asked for into the store, unless an event has told more of it already: the worker may be
// faster than the answer to the request.
export const putNewTake = (value) => store.takes.get(value.number) ?? putTake(value);

// Adds what an event of a take that is being drawn says.
export function putProgress(value) {
  const take = store.takes.get(value.number);
  if (!take) return null;
  if (value.notes) {
    if (value.is_new) take.notes = [];
    take.notes.splice(value.first, Infinity, ...value.notes);
    const { number, is_new, first, notes, ...roll } = value;
    take.roll = { ...roll, notes: take.notes };
  } else if (value.tokens) {
    if (value.is_new || !take.tokens) take.tokens = [];
    take.tokens.splice(value.first, Infinity, ...value.tokens);
  }
  return take;
}

export const endOf = (take) => take.notes.reduce((end, note) => Math.max(end, note[0] + note[1]), 0);
