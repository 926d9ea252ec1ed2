// Draws documents: the step of the model, the tables of its grammar, and what samples keep beside it.
// `model` is what page_data.py writes: {about, arrays, functions}.

"use strict";

const MAX_TOKENS = 8192, MAX_ATTEMPTS = 32, TOKEN = -1;

// The generator sfc32 (Chris Doty-Humphrey, PractRand): a function that returns numbers in [0, 1).
function randomNumbers(seed) {
  let a = 0x9e3779b9, b = 0x243f6a88, c = seed >>> 0, d = 1;
  const next = () => {
    const sum = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum | 0;
    return (sum >>> 0) / 4294967296;
  };
  for (let i = 0; i < 15; i++) next();
  return next;
}

// The automaton. Only transitions that are allowed are stored, state by state, as differences from the state.
class Grammar {
  constructor({ arrays, about }) {
    const { allowed_rows: rows, row_of_state: rowOfState, next_difference: difference, state_class } = arrays;
    this.tokens = rows.shape[1];
    this.rows = rows.data;
    this.rowOfState = rowOfState.data;
    this.stateClass = state_class.data;
    this.difference = difference.data;
    this.start = about.grammar.start_state;
    this.rank = new Int32Array(rows.data.length);
    const width = new Int32Array(rows.shape[0]);
    for (let row = 0; row < width.length; row++)
      for (let token = 0; token < this.tokens; token++) {
        this.rank[row * this.tokens + token] = width[row];
        width[row] += rows.data[row * this.tokens + token];
      }
    this.begin = new Int32Array(this.rowOfState.length);
    for (let state = 1; state < this.begin.length; state++)
      this.begin[state] = this.begin[state - 1] + width[this.rowOfState[state - 1]];
  }

  allowed(state) {
    const begin = this.rowOfState[state] * this.tokens;
    return this.rows.subarray(begin, begin + this.tokens);
  }

  next(state, token) {
    return state + this.difference[this.begin[state] + this.rank[this.rowOfState[state] * this.tokens + token]];
  }
}

// Relations between registers (seqgen/grammar/registers.py and relations.py).
class Relations {
  constructor({ about, arrays }) {
    this.relations = about.relations.map(({ comparisons }, number) => ({
      applies: arrays[`relation_${number}_applies`].data,
      forbidden: arrays[`relation_${number}_forbidden`],
      comparisons: comparisons.map((one, place) => ({ ...one, table: arrays[`relation_${number}_outcomes_${place}`] })),
    }));
    this.arrays = arrays;
  }

  get first() {
    return new Int32Array(this.relations.length ? this.arrays.register_sources.shape[1] : 0);
  }

  // Returns the registers after a token; stateClass is that of the state after it.
  advance(registers, token, stateClass, bos) {
    if (!this.relations.length) return registers;
    const { register_slot, register_kind, register_update, register_sources } = this.arrays;
    if (token === bos) return this.first;
    const count = registers.length, kinds = register_update.shape[1];
    const update = register_update.data[stateClass * kinds + register_kind.data[token]];
    return registers.map((value, number) => {
      const source = register_sources.data[update * count + number];
      if (source < count) return registers[source];
      return source === count ? register_slot.data[token] : source === count + 1 ? 0 : value + 1;
    });
  }

  // Forbids in allowed [V] what breaks a relation after a state of the class.
  mask(allowed, registers, stateClass) {
    const slots = this.relations.length ? this.arrays.register_slot.data : [];
    for (const { applies, forbidden, comparisons } of this.relations) {
      if (!applies[stateClass]) continue;
      for (let token = 0; token < slots.length; token++) {
        if (!allowed[token] || !slots[token]) continue;
        let place = 0;
        for (let axis = 0; axis < comparisons.length; axis++) {
          const { minuend, subtrahend, table } = comparisons[axis];
          const left = minuend === TOKEN ? slots[token] : registers[minuend];
          const right = subtrahend === TOKEN ? slots[token] : registers[subtrahend];
          place = place * forbidden.shape[axis] + table.data[left * table.shape[1] + right];
        }
        if (forbidden.data[place]) allowed[token] = 0;
      }
    }
  }
}

// What is known ahead of a document (seqgen/grammar/conditions.py), and what the model hears of it.
class Conditions {
  constructor({ about, arrays, functions }, random) {
    this.hear = functions.hear;
    this.arrays = arrays;
    this.after = about.conditions ? about.conditions.after : null;
    this.random = random;
    this.step = 0;
    this.rows = null;
    this.known = null; // the values of step 1 by channel
    if (this.hear) this.nothing = new Float32Array(about.functions.hear.inputs.hidden.shape[1]);
  }

  // Chooses what is known ahead of a document that begins with these ids.
  begin(ids) {
    if (!this.hear || ids.length !== this.after) return;
    const { condition_beginnings: beginnings, condition_choices: choices, condition_values: values } = this.arrays;
    for (let row = 0; row < beginnings.shape[0]; row++) {
      if (!ids.every((id, place) => id === beginnings.data[row * this.after + place])) continue;
      const choice = choices.data[row * choices.shape[1] + Math.floor(this.random() * choices.shape[1])];
      const [, steps, channels] = values.shape, begin = (choice * steps + 1) * channels;
      this.known = values.data.slice(begin, begin + channels);
      this.rows = this.readAll(values, choice);
    }
  }

  readAll({ shape: [, steps, channels], data }, choice) {
    const width = this.nothing.length, rows = new Array(steps + 1).fill(this.nothing);
    let hidden = tensor([1, width], new Float32Array(width)), cell_state = hidden;
    for (let step = steps - 1; step > 0; step--) {
      const begin = (choice * steps + step) * channels;
      const values = tensor([1, channels], Int32Array.from(data.subarray(begin, begin + channels)));
      const result = this.hear({ values, hidden, cell_state });
      rows[step] = result.heard.data;
      [hidden, cell_state] = [result.new_hidden, result.new_cell_state];
    }
    return rows;
  }

  // Returns what the model hears as it reads a token; stateClass is that of the state after it.
  heard(token, stateClass, bos) {
    const { condition_kind: kind, condition_advances: advances } = this.arrays;
    if (token === bos) this.step = 0;
    else this.step += advances.data[stateClass * advances.shape[1] + kind.data[token]];
    return this.rows ? this.rows[Math.min(this.step, this.rows.length - 1)] : this.nothing;
  }
}

// Returns the logits after temperature, top-k, top-p and min-p, in the order of seqgen/engine/decoding/filters.py.
function filtered(logits, allowed, options) {
  const scores = Array.from(logits, (logit, token) => (allowed[token] ? logit : -Infinity));
  if (options.temperature === 0) return scores.map((score) => (score === Math.max(...scores) ? 0 : -Infinity));
  let kept = scores.map((score) => score / options.temperature);
  const descending = [...kept].sort((a, b) => b - a);
  if (options.top_k) kept = kept.map((score) => (score >= descending[Math.min(options.top_k, kept.length) - 1] ? score : -Infinity));
  if (options.top_p < 1) {
    const probability = softmaxOf([...kept].sort((a, b) => b - a));
    let before = 0, threshold = Infinity;
    descending.forEach((score, rank) => {
      if (rank === 0 || before < options.top_p) threshold = Math.min(threshold, score);
      before += probability[rank];
    });
    kept = kept.map((score) => (score >= threshold ? score : -Infinity));
  }
  if (options.min_p > 0) kept = kept.map((score) => (score >= descending[0] + Math.log(options.min_p) ? score : -Infinity));
  return kept;
}

function softmaxOf(scores) {
  const largest = Math.max(...scores), exponentials = scores.map((score) => Math.exp(score - largest));
  const sum = exponentials.reduce((total, value) => total + value, 0);
  return exponentials.map((value) => value / sum);
}

function drawFrom(scores, uniform) {
  const probability = softmaxOf(scores);
  let rest = uniform, last = 0;
  for (let token = 0; token < probability.length; token++) {
    if (probability[token] > 0) {
      last = token;
      rest -= probability[token];
      if (rest < 0) return token;
    }
  }
  return last;
}

// A document that is being drawn. `read` takes the next token, `logits` are those of the token after it.
class Draft {
  constructor(model, random) {
    const { about, arrays, functions } = model;
    Object.assign(this, { model, about, arrays, functions, ids: [] });
    this.grammar = model.grammar ??= new Grammar(model);
    this.relations = new Relations(model);
    this.conditions = new Conditions(model, random);
    this.state = this.grammar.start;
    this.registers = this.relations.first;
    this.left = about.grammar.budget ? about.grammar.budget.maximum : 0;
    this.memory = this.emptyMemory();
    this.memoryWithoutConditions = about.guidance === 1 ? null : this.emptyMemory();
  }

  emptyMemory() {
    return Object.fromEntries(Object.entries(this.about.functions.step.inputs).map(([name, { shape, type }]) =>
      [name, tensor(shape, new (type === "float32" ? Float32Array : Int32Array)(sizeOf(shape)))]));
  }

  read(token) {
    const { bos, guidance } = this.about, { grammar } = this;
    this.ids.push(token);
    this.state = token === bos ? grammar.start : grammar.next(this.state, token);
    this.stateClass = grammar.stateClass[this.state];
    this.registers = this.relations.advance(this.registers, token, this.stateClass, bos);
    if (this.about.grammar.budget) this.left -= this.arrays.budget_cost.data[token];
    if (this.memory.heard) {
      if (!this.conditions.rows) this.conditions.begin(this.ids);
      this.memory.heard = tensor(this.memory.heard.shape, this.conditions.heard(token, this.stateClass, bos));
    }
    this.logits = this.step(this.memory, token);
    if (this.memoryWithoutConditions) {
      // Classifier-free guidance (seqgen/engine/decoding/guidance.py), away from a document of which nothing is known.
      const plain = this.step(this.memoryWithoutConditions, token);
      this.logits = this.logits.map((logit, place) => plain[place] + guidance * (logit - plain[place]));
    }
  }

  // Lets the model read a token, and returns the logits of the next one.
  step(memory, token) {
    memory.token = tensor([1], Int32Array.of(token));
    memory.state_class = tensor([1], Int32Array.of(this.stateClass));
    const outputs = this.functions.step(memory);
    for (const [name, value] of Object.entries(outputs)) if (name !== "logits") memory[name.slice("new_".length)] = value;
    return outputs.logits.data;
  }

  // Returns which tokens may come next, and whether any of them keeps all relations.
  allowedTokens() {
    const allowed = Uint8Array.from(this.grammar.allowed(this.state)), { budget } = this.about.grammar;
    if (budget)
      for (let token = 0; token < allowed.length; token++) {
        const isTooEarly = token === budget.end_token && this.left > budget.slack;
        if (this.arrays.budget_cost.data[token] > this.left || isTooEarly) allowed[token] = 0;
      }
    const kept = Uint8Array.from(allowed);
    this.relations.mask(kept, this.registers, this.stateClass);
    return kept.some((value) => value) ? [kept, true] : [allowed, false];
  }
}

// Draws a document {ids, known}: its ids, and what was chosen to be known ahead of it (see Conditions), or null. Yields
// it after each token, so that a page can show it and stop. Returns it, or null if none was found that keeps all
// relations.
function* drawDocument(model, seed, options) {
  const random = randomNumbers(seed), { about, arrays } = model;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const draft = new Draft(model, random);
    const { conditions } = draft, drawn = (ids) => ({ ids, known: conditions.known });
    conditions.begin(Array.from(arrays.prompt.data)); // which knows nothing yet of a prompt that is too short
    for (const token of arrays.prompt.data) draft.read(token);
    let isKept = true;
    while (isKept && draft.ids.length < MAX_TOKENS) {
      const [allowed, keeps] = draft.allowedTokens();
      isKept = keeps;
      const token = drawFrom(filtered(draft.logits, allowed, options), random());
      if (token === about.eos) return drawn(Int32Array.of(...draft.ids, token));
      draft.read(token);
      yield drawn(draft.ids);
    }
    if (isKept) return drawn(Int32Array.from(draft.ids));
  }
  return null;
}

// Reads what page_data.py has written: a gzip file of a header in JSON, its length before it, and the arrays after it.
async function readModel(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const content = await new Response(stream).arrayBuffer();
  const length = new DataView(content).getUint32(0, true);
  const { about, arrays: described, graphs } = JSON.parse(new TextDecoder().decode(new Uint8Array(content, 4, length)));
  const types = { float32: Float32Array, int32: Int32Array, int16: Int16Array, uint16: Uint16Array, uint8: Uint8Array };
  const arrays = {};
  for (const [name, { shape, type, begin }] of Object.entries(described)) {
    const Type = types[type], size = sizeOf(shape);
    const from = 4 + length + begin, data = new Type(content.slice(from, from + size * Type.BYTES_PER_ELEMENT));
    arrays[name] = tensor(shape, data);
  }
  const functions = Object.fromEntries(Object.entries(graphs).map(([name, { operations, constants, outputs }]) => {
    const own = Object.fromEntries(Object.entries(constants).map(([constant, array]) => [constant, arrays[array]]));
    return [name, graphFunction({ operations, constants: own, outputs })];
  }));
  return { about, arrays, functions };
}
