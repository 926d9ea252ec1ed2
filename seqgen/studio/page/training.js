// The view that follows a run while it is trained.
import { ask } from "./api.js";
import { clearChart, variable, writeAxis } from "./chart.js";
import { attempt } from "./main.js";

const $ = (id) => document.getElementById(id);
let model = null, isShown = false, timer = 0, status = null;

export function setModel(chosen) {
  if (model?.key !== chosen.key) status = null;
  model = chosen;
  look();
}
export function setShown(shown) { isShown = shown; look(); }

async function look() {
  clearTimeout(timer);
  if (!isShown || !model) return;
  if (!model.is_run) { show({ points: [], is_running: false, is_own: false }); return; }
  try {
    status = await ask(`/api/training/${model.key}`);
    show(status);
  } catch (error) { $("training-about").textContent = error.message; }
  clearTimeout(timer);
  timer = setTimeout(look, status?.is_running ? 1500 : 5000);
}

function show({ points, is_running: isRunning, is_own: isOwn }) {
  const last = points.at(-1);
  $("training-about").textContent = !model.is_run ? "This model comes with seqgen; only a run of yours has a training to follow."
    : isRunning ? "It is being trained." : points.length ? "It is not being trained now." : "Nothing is measured yet.";
  $("training-resume").disabled = !model.is_run || isRunning;
  $("training-stop").disabled = !isRunning || !isOwn;
  $("training-stop").title = isRunning && !isOwn ? "The studio has not started this training; press Ctrl-C where it runs." : "";
  const numbers = last ? [["step", last.step], ["training loss", last.loss?.toFixed(4)], ["held-out data", last.held_out?.toFixed(4)], ["best", last.best?.toFixed(4)],
    ["tokens a second", Math.round(last.tokens_per_second ?? 0).toLocaleString("en")], ["minutes", ((last.seconds ?? 0) / 60).toFixed(1)]] : [];
  $("training-numbers").replaceChildren(...numbers.map(([name, value]) => {
    const box = document.createElement("div"), term = document.createElement("dt"), said = document.createElement("dd");
    term.textContent = name; said.textContent = value ?? "–";
    box.append(term, said);
    return box;
  }));
  curve(points);
}

function curve(points) {
  const chart = clearChart($("curve"));
  if (!chart) return;
  const { context, width, height } = chart;
  const values = points.flatMap(({ loss, held_out: held }) => [loss, held]).filter((value) => value !== undefined).sort((a, b) => a - b);
  if (!values.length) { context.fillText("No measurement yet.", 8, 20); return; }
  const bottom = values[0], top = Math.max(values[Math.floor(0.97 * (values.length - 1))], bottom + 0.01), steps = points.map(({ step }) => step);
  const x = (step) => 48 + ((step - steps[0]) / Math.max(steps.at(-1) - steps[0], 1)) * (width - 60), y = (value) => 10 + ((top - Math.min(value, top)) / (top - bottom)) * (height - 42);
  for (let line = 0; line <= 4; line++) {
    const value = bottom + ((top - bottom) * line) / 4;
    context.fillText(value.toFixed(2), 4, y(value) + 4);
    context.fillRect(48, y(value), width - 60, 0.4);
  }
  writeAxis(context, [[`step ${steps[0]}`, x(steps[0])], [String(steps.at(-1)), width - 12]], height - 8);
  for (const [name, colour] of [["loss", "--loss"], ["held_out", "--held"]]) {
    context.strokeStyle = variable(colour);
    context.lineWidth = 2;
    context.beginPath();
    for (const point of points) if (point[name] !== undefined) context.lineTo(x(point.step), y(point[name]));
    context.stroke();
  }
}

const act = (path) => attempt(async () => { await ask(`/api/training/${model.key}/${path}`, { method: "POST" }); setTimeout(look, 500); });
$("training-resume").addEventListener("click", () => act("resume"));
$("training-stop").addEventListener("click", () => act("stop"));
$("training-sample").addEventListener("click", () => { $("tab-play").click(); $("request").requestSubmit(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", look);
addEventListener("resize", () => status && isShown && show(status));
