// Carries out graphs of ONNX operators (seqgen/engine/exporting/conversion.py) on typed arrays.
// A tensor is {shape, data}: Float32Array, Int32Array for all integers, or Uint8Array for truth values.

"use strict";

const FLOAT = 1, INT32 = 6, INT64 = 7, BOOL = 9; // of onnx.TensorProto
const sizeOf = (shape) => shape.reduce((product, size) => product * size, 1);
const tensor = (shape, data) => ({ shape, data });

function stridesOf(shape) {
  const strides = new Array(shape.length);
  for (let axis = shape.length - 1, step = 1; axis >= 0; step *= shape[axis], axis--) strides[axis] = step;
  return strides;
}

function broadcastShape(shapes) {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) =>
    Math.max(...shapes.map((shape) => shape[axis - rank + shape.length] ?? 1)));
}

const knownPlaces = new Map();

// Returns for each value of `shape` the place in a tensor of the shape `own` that is broadcast to it.
function broadcastPlaces(own, shape) {
  const key = `${own}|${shape}`;
  if (!knownPlaces.has(key)) knownPlaces.set(key, findPlaces(own, shape));
  return knownPlaces.get(key);
}

function findPlaces(own, shape) {
  const strides = stridesOf(own), offset = shape.length - own.length, places = new Int32Array(sizeOf(shape));
  for (let place = 0; place < places.length; place++) {
    let rest = place, at = 0;
    for (let axis = shape.length - 1; axis >= offset; axis--) {
      const index = rest % shape[axis];
      rest = (rest - index) / shape[axis];
      if (own[axis - offset] > 1) at += index * strides[axis - offset];
    }
    places[place] = at;
  }
  return places;
}

const isSame = (a, b) => a.length === b.length && a.every((size, axis) => size === b[axis]);

// Returns the operator that applies `compute` to each pair of values. `Result` is the type of its results; by default
// that of the first input.
const pairwise = (compute, Result) => ([a, b]) => {
  const shape = broadcastShape([a.shape, b.shape]), size = sizeOf(shape);
  const data = new (Result || a.data.constructor)(size), x = a.data, y = b.data;
  if (isSame(a.shape, b.shape)) for (let i = 0; i < size; i++) data[i] = compute(x[i], y[i]);
  else if (y.length === 1) for (let i = 0; i < size; i++) data[i] = compute(x[i], y[0]);
  else {
    const left = broadcastPlaces(a.shape, shape), right = broadcastPlaces(b.shape, shape);
    for (let i = 0; i < size; i++) data[i] = compute(x[left[i]], y[right[i]]);
  }
  return [tensor(shape, data)];
};

const each = (compute) => ([x]) => [tensor(x.shape, x.data.map(compute))];

// Returns the operator that brings the values along some axes together: `start`, then `add`, then `finish(sum, count)`.
const reduction = (start, add, finish) => ([x, axes], { keepdims }) => {
  const along = new Set(Array.from(axes.data, (axis) => (axis + x.shape.length) % x.shape.length));
  const kept = x.shape.map((size, axis) => (along.has(axis) ? 1 : size)), strides = stridesOf(kept);
  const data = new x.data.constructor(sizeOf(kept)).fill(start), count = x.data.length / data.length;
  for (let place = 0; place < x.data.length; place++) {
    let rest = place, at = 0;
    for (let axis = x.shape.length - 1; axis >= 0; axis--) {
      const index = rest % x.shape[axis];
      rest = (rest - index) / x.shape[axis];
      if (!along.has(axis)) at += index * strides[axis];
    }
    data[at] = add(data[at], x.data[place]);
  }
  return [tensor(keepdims ? kept : x.shape.filter((_, axis) => !along.has(axis)), data.map((sum) => finish(sum, count)))];
};

// Adds x[from … from + inner - 1] times the matrix at `begin` in y to out. Four rows at once load and store `out` less.
function addRowProduct(x, from, inner, y, begin, out) {
  const columns = out.length;
  let k = 0;
  for (; k + 3 < inner; k += 4) {
    const a = x[from + k], b = x[from + k + 1], c = x[from + k + 2], d = x[from + k + 3];
    const first = begin + k * columns, second = first + columns, third = second + columns, fourth = third + columns;
    for (let i = 0; i < columns; i++) out[i] += a * y[first + i] + b * y[second + i] + c * y[third + i] + d * y[fourth + i];
  }
  for (; k < inner; k++) {
    const a = x[from + k], first = begin + k * columns;
    for (let i = 0; i < columns; i++) out[i] += a * y[first + i];
  }
}

function matrixProduct([a, b]) {
  const [rows, inner] = a.shape.slice(-2), columns = b.shape[b.shape.length - 1];
  const batch = broadcastShape([a.shape.slice(0, -2), b.shape.slice(0, -2)]), count = sizeOf(batch);
  const left = broadcastPlaces(a.shape.slice(0, -2), batch), right = broadcastPlaces(b.shape.slice(0, -2), batch);
  const data = new Float32Array(count * rows * columns), x = a.data, y = b.data;
  for (let number = 0; number < count; number++)
    for (let row = 0; row < rows; row++) {
      const out = data.subarray((number * rows + row) * columns, (number * rows + row + 1) * columns);
      addRowProduct(x, (left[number] * rows + row) * inner, inner, y, right[number] * inner * columns, out);
    }
  return [tensor([...batch, rows, columns], data)];
}

function cast([x], { to }) {
  if (to === FLOAT) return [tensor(x.shape, Float32Array.from(x.data))];
  if (to === BOOL) return [tensor(x.shape, Uint8Array.from(x.data, (value) => (value ? 1 : 0)))];
  return [tensor(x.shape, to === INT32 || to === INT64 ? Int32Array.from(x.data) : x.data)];
}

function concatenate(parts, { axis }) {
  axis = (axis + parts[0].shape.length) % parts[0].shape.length;
  const shape = [...parts[0].shape];
  shape[axis] = parts.reduce((sum, part) => sum + part.shape[axis], 0);
  const blocks = sizeOf(shape.slice(0, axis)), data = new parts[0].data.constructor(sizeOf(shape));
  for (let block = 0, at = 0; block < blocks; block++)
    for (const part of parts) {
      const length = part.data.length / blocks;
      data.set(part.data.subarray(block * length, (block + 1) * length), at);
      at += length;
    }
  return [tensor(shape, data)];
}

function split([x, sizes], { axis }) {
  axis = (axis + x.shape.length) % x.shape.length;
  const blocks = sizeOf(x.shape.slice(0, axis)), inner = sizeOf(x.shape.slice(axis + 1));
  let begin = 0;
  return Array.from(sizes.data, (size) => {
    const data = new x.data.constructor(blocks * size * inner);
    for (let block = 0; block < blocks; block++) {
      const from = (block * x.shape[axis] + begin) * inner;
      data.set(x.data.subarray(from, from + size * inner), block * size * inner);
    }
    begin += size;
    return tensor([...x.shape.slice(0, axis), size, ...x.shape.slice(axis + 1)], data);
  });
}

function gather([table, indices], { axis }) {
  const outer = sizeOf(table.shape.slice(0, axis)), inner = sizeOf(table.shape.slice(axis + 1));
  const count = indices.data.length, data = new table.data.constructor(outer * count * inner);
  for (let block = 0; block < outer; block++)
    for (let number = 0; number < count; number++) {
      const from = (block * table.shape[axis] + indices.data[number]) * inner;
      data.set(table.data.subarray(from, from + inner), (block * count + number) * inner);
    }
  return [tensor([...table.shape.slice(0, axis), ...indices.shape, ...table.shape.slice(axis + 1)], data)];
}

function gatherAt([table, indices], { batch_dims: batchDims }) {
  const depth = indices.shape[indices.shape.length - 1], strides = stridesOf(table.shape);
  const inner = sizeOf(table.shape.slice(batchDims + depth)), batches = sizeOf(table.shape.slice(0, batchDims));
  const count = indices.data.length / depth, perBatch = count / batches, perTable = table.data.length / batches;
  const data = new table.data.constructor(count * inner);
  for (let number = 0; number < count; number++) {
    let from = Math.floor(number / perBatch) * perTable;
    for (let axis = 0; axis < depth; axis++) from += indices.data[number * depth + axis] * strides[batchDims + axis];
    data.set(table.data.subarray(from, from + inner), number * inner);
  }
  return [tensor([...indices.shape.slice(0, -1), ...table.shape.slice(batchDims + depth)], data)];
}

function transpose([x], { perm }) {
  const shape = perm.map((axis) => x.shape[axis]), source = stridesOf(x.shape);
  const strides = perm.map((axis) => source[axis]), data = new x.data.constructor(x.data.length);
  for (let place = 0; place < data.length; place++) {
    let rest = place, at = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const index = rest % shape[axis];
      rest = (rest - index) / shape[axis];
      at += index * strides[axis];
    }
    data[place] = x.data[at];
  }
  return [tensor(shape, data)];
}

function tile([x, repeats]) {
  const shape = x.shape.map((size, axis) => size * repeats.data[axis]);
  const strides = stridesOf(x.shape), data = new x.data.constructor(sizeOf(shape));
  for (let place = 0; place < data.length; place++) {
    let rest = place, at = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const index = rest % shape[axis];
      rest = (rest - index) / shape[axis];
      at += (index % x.shape[axis]) * strides[axis];
    }
    data[place] = x.data[at];
  }
  return [tensor(shape, data)];
}

function where([condition, a, b]) {
  const shape = broadcastShape([condition.shape, a.shape, b.shape]), data = new a.data.constructor(sizeOf(shape));
  const [of, left, right] = [condition, a, b].map((one) => broadcastPlaces(one.shape, shape));
  for (let i = 0; i < data.length; i++) data[i] = condition.data[of[i]] ? a.data[left[i]] : b.data[right[i]];
  return [tensor(shape, data)];
}

function softmax([x]) {
  const width = x.shape[x.shape.length - 1], data = new Float32Array(x.data.length);
  for (let begin = 0; begin < data.length; begin += width) {
    const row = x.data.subarray(begin, begin + width);
    let largest = -Infinity, sum = 0;
    for (const value of row) largest = Math.max(largest, value);
    for (let i = 0; i < width; i++) sum += data[begin + i] = Math.exp(row[i] - largest);
    for (let i = 0; i < width; i++) data[begin + i] /= sum;
  }
  return [tensor(x.shape, data)];
}

const OPERATORS = {
  Add: pairwise((a, b) => a + b), Sub: pairwise((a, b) => a - b), Mul: pairwise((a, b) => a * b),
  Div: pairwise((a, b) => a / b), Min: pairwise(Math.min), Max: pairwise(Math.max),
  Equal: pairwise((a, b) => a === b, Uint8Array), Greater: pairwise((a, b) => a > b, Uint8Array),
  GreaterOrEqual: pairwise((a, b) => a >= b, Uint8Array), Less: pairwise((a, b) => a < b, Uint8Array),
  LessOrEqual: pairwise((a, b) => a <= b, Uint8Array), And: pairwise((a, b) => a & b), Or: pairwise((a, b) => a | b),
  Not: each((x) => 1 - x), Neg: each((x) => -x), Exp: each(Math.exp), Sqrt: each(Math.sqrt), Tanh: each(Math.tanh),
  Relu: each((x) => Math.max(x, 0)), Sigmoid: each((x) => 1 / (1 + Math.exp(-x))), Reciprocal: each((x) => 1 / x),
  ReduceSum: reduction(0, (sum, x) => sum + x, (sum) => sum),
  ReduceMean: reduction(0, (sum, x) => sum + x, (sum, count) => sum / count),
  ReduceMax: reduction(-Infinity, Math.max, (largest) => largest),
  MatMul: matrixProduct, Cast: cast, Concat: concatenate, Split: split, Gather: gather, GatherND: gatherAt,
  Transpose: transpose, Tile: tile, Where: where, Softmax: softmax,
  Identity: ([x]) => [x],
  Reshape: ([x, shape]) => [tensor(Array.from(shape.data), x.data)],
  Slice: ([x, begin, end]) => [tensor([end.data[0] - begin.data[0]], x.data.subarray(begin.data[0], end.data[0]))],
};

// Returns the function of a graph {operations, constants, outputs}: takes tensors by name and returns tensors by name.
function graphFunction({ operations, constants, outputs }) {
  return (inputs) => {
    const values = { ...constants, ...inputs };
    for (const [operator, sources, targets, attributes] of operations) {
      const results = OPERATORS[operator](sources.map((name) => values[name]), attributes);
      targets.forEach((name, number) => { values[name] = results[number]; });
    }
    return Object.fromEntries(outputs.map((name) => [name, values[name]]));
  };
}
