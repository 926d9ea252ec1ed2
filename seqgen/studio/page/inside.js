// What goes on inside the model while it reads the take that is shown.
import { ask } from "./api.js";
import { clearChart, variable, writeAxis } from "./chart.js";
import { attempt } from "./main.js";
import { store } from "./store.js";

const $ = (id) => document.getElementById(id);
let found = null, map = null, cursor = [0, 0];
const dark = matchMedia("(prefers-color-scheme: dark)");

export function show() {
  const take = store.takes.get(store.current);
  $("inside-take").textContent = take ? take.name : "a take";
  $("look").disabled = !take || !(take.roll || take.tokens);
  if (found && found.number !== store.current) found = map = null;
  $("inside-found").hidden = !found;
  if (!found) $("inside-about").textContent = $("look").disabled ? "Choose a take in Play, then look inside." : "See its gates, states and attention, and what single units follow.";
  draw();
  gradients();
}

$("look").addEventListener("click", async () => {
  const number = store.current;
  $("inside-about").textContent = "Looking … the first time takes some seconds.";
  const value = await attempt(() => ask(`/api/takes/${number}/inside`));
  if (!value) { $("inside-about").textContent = ""; return; }
  found = { ...value, number };
  $("map").replaceChildren(...value.maps.map((name) => new Option(name.replaceAll("_", " "), name)));
  $("layer").replaceChildren(...Array.from({ length: value.layers }, (_, layer) => new Option(String(layer + 1), layer)));
  $("inside-about").textContent = `${value.tokens.length} tokens. The stronger a colour, the farther from 0; blue is below 0.`;
  $("inside-found").hidden = false;
  units(value.units ?? []);
  gradients();
  await fetchMap();
});
for (const id of ["map", "layer"]) $(id).addEventListener("change", fetchMap);

async function fetchMap() {
  if (!found) return;
  const query = new URLSearchParams({ name: $("map").value, layer: $("layer").value });
  const value = await attempt(() => ask(`/api/takes/${found.number}/map?${query}`));
  if (!value) return;
  map = { ...value, name: $("map").value };
  cursor = [0, 0];
  draw();
}

function colour(value, isSigned, most) {
  const share = Math.min(Math.abs(value) / most, 1), ground = dark.matches ? [29, 32, 39] : [255, 255, 255];
  const ink = isSigned && value < 0 ? (dark.matches ? [111, 168, 235] : [43, 98, 170]) : dark.matches ? [255, 150, 110] : [176, 58, 20];
  return ground.map((one, i) => Math.round(one + (ink[i] - one) * share));
}

function draw() {
  const canvas = $("heat"), frame = canvas.parentElement;
  if (!map?.values.length) { canvas.width = 1; canvas.height = 1; return; }
  const columns = map.values[0].length, rows = map.values.length;
  let most = 0;
  for (const row of map.values) for (const value of row) most = Math.max(most, Math.abs(value));
  const isSigned = map.values.some((row) => row.some((value) => value < 0)), picture = new ImageData(columns, rows);
  map.values.forEach((row, y) => row.forEach((value, x) => {
    const [red, green, blue] = colour(value, isSigned, most || 1);
    picture.data.set([red, green, blue, 255], 4 * (y * columns + x));
  }));
  const small = new OffscreenCanvas(columns, rows), width = Math.max(frame.clientWidth - 2, 3 * columns), height = Math.max(5 * rows, 160);
  small.getContext("2d").putImageData(picture, 0, 0);
  canvas.width = width; canvas.height = height;
  canvas.style.position = "static";
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, width, height);
  context.strokeStyle = variable("--ink");
  context.lineWidth = 2;
  context.strokeRect((cursor[0] * width) / columns, (cursor[1] * height) / rows, width / columns, height / rows);
  say();
}

function say() {
  const [column, row] = cursor, what = map.name === "attention" ? `attention ${map.rows[row]} back` : `unit ${map.rows[row]}`;
  $("heat-about").textContent = `Token ${column + 1}, “${found.tokens[column] ?? ""}”: ${what} is ${map.values[row][column]}.`;
}

function move(column, row) {
  if (!map?.values.length) return;
  cursor = [Math.min(Math.max(column, 0), map.values[0].length - 1), Math.min(Math.max(row, 0), map.values.length - 1)];
  draw();
}
$("heat").addEventListener("click", ({ offsetX, offsetY }) => {
  if (map?.values.length) move(Math.floor((offsetX / $("heat").clientWidth) * map.values[0].length), Math.floor((offsetY / $("heat").clientHeight) * map.values.length));
});
$("heat").parentElement.addEventListener("keydown", (event) => {
  const step = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (!step || !map) return;
  event.preventDefault();
  move(cursor[0] + step[0], cursor[1] + step[1]);
});

function units(list) {
  const rows = list.map(({ feature, layer, unit, correlation }) => {
    const row = document.createElement("tr");
    for (const value of [feature, layer + 1, unit, correlation.toFixed(2).replace("-", "−")]) { const cell = document.createElement("td"); cell.textContent = value; row.append(cell); }
    return row;
  });
  $("units").tBodies[0].replaceChildren(...rows);
}

function gradients() {
  const chart = clearChart($("gradients"));
  if (!chart) return;
  const { context, width, height } = chart;
  if (!found) return;
  const lines = found.gradient_norms[0].map((_, layer) => found.gradient_norms.map((row) => Math.log10(Math.max(row[layer], 1e-9))));
  const top = Math.max(...lines.flat()), bottom = Math.min(...lines.flat(), top - 1), last = Math.max(lines[0].length - 1, 1);
  const x = (distance) => 44 + (distance / last) * (width - 56), y = (value) => 10 + ((top - value) / (top - bottom)) * (height - 40);
  for (let power = Math.ceil(bottom); power <= top; power += Math.max(1, Math.round((top - bottom) / 5))) {
    context.fillText(`1e${power}`, 4, y(power) + 4);
    context.fillRect(44, y(power), width - 56, 0.4);
  }
  writeAxis(context, [0, Math.round(last / 2), last].map((distance) => [String(distance), x(distance)]), height - 8);
  lines.forEach((line, layer) => {
    context.strokeStyle = layer % 2 ? variable("--loss") : variable("--accent");
    context.lineWidth = 2;
    context.beginPath();
    line.forEach((value, distance) => context.lineTo(x(distance), y(value)));
    context.stroke();
  });
}
dark.addEventListener("change", () => { draw(); gradients(); });
addEventListener("resize", () => { if (!$("view-inside").hidden) { draw(); gradients(); } });
