// The piano roll. Only what is in sight is drawn, on a canvas as wide as its frame; a spacer makes the frame scroll.
import { variable, zoom } from "./chart.js";
const LIGHT = ["#b0412a", "#9a6a00", "#2d7a5c", "#2c5c8a", "#7a4f9a", "#8f5b82", "#55711a", "#1a6c88"];
const DARK = ["#f08c74", "#e8b84a", "#6cc9a1", "#7fb2e5", "#c39ae0", "#d9a6cb", "#abc96a", "#6fc3dd"];
const BLACK = new Set([1, 3, 6, 8, 10]);
const LABEL_HEIGHT = 20, BAR_HEIGHT = 10;
const dark = matchMedia("(prefers-color-scheme: dark)");

export const trackColour = (track) => (dark.matches ? DARK : LIGHT)[track % LIGHT.length];

// Blue where the model expected a note, red where it did not; grey between.
export function surpriseColour(nats, most) {
  const share = Math.min(Math.max(nats / most, 0), 1), from = dark.matches ? [111, 168, 235] : [43, 98, 170];
  const middle = dark.matches ? [170, 170, 175] : [150, 150, 155], to = dark.matches ? [255, 120, 100] : [196, 44, 30];
  const [a, b, t] = share < 0.5 ? [from, middle, 2 * share] : [middle, to, 2 * share - 1];
  return `rgb(${a.map((value, i) => Math.round(value + (b[i] - value) * t)).join(" ")})`;
}

export class Roll {
  constructor(canvas, frame) {
    this.canvas = canvas;
    this.frame = frame;
    this.spacer = document.createElement("div");
    frame.append(this.spacer);
    this.data = null; this.head = null; this.selection = null; this.nats = null; this.lengths = null; this.frames = 0;
    this.isDirty = false;
    const redraw = () => this.invalidate();
    frame.addEventListener("scroll", redraw, { passive: true });
    new ResizeObserver(redraw).observe(frame);
    dark.addEventListener("change", redraw);
  }

  show(data) {
    if (this.data?.number !== data?.number) { this.frame.scrollLeft = 0; this.nats = this.lengths = this.selection = null; this.head = null; }
    this.data = data;
    this.invalidate();
  }

  invalidate() {
    if (this.isDirty) return;
    this.isDirty = true;
    requestAnimationFrame(() => { this.isDirty = false; this.#draw(); });
  }

  get end() { return this.data ? Math.max(this.data.end, this.data.bar_lines.at(-1) ?? 0, 4) : 4; }
  get scale() { return Math.min(Math.max(this.frame.clientWidth / Math.min(this.end, 24), 28), 140); }
  secondAt(x) { return (x + this.frame.scrollLeft) / this.scale; }

  barAt(second) {
    const lines = this.data?.bar_lines ?? [];
    if (lines.length < 2) return null;
    let bar = 0;
    while (bar < lines.length - 2 && lines[bar + 1] <= second) bar++;
    return bar + this.data.first_bar;
  }

  barStart(bar) { return this.data?.bar_lines[bar - this.data.first_bar] ?? null; }

  follow(second) {
    this.head = second;
    const x = second * this.scale, width = this.frame.clientWidth;
    if (x < this.frame.scrollLeft || x > this.frame.scrollLeft + 0.8 * width) this.frame.scrollLeft = x - 0.2 * width;
    this.invalidate();
  }

  #draw() {
    const { data, frame, canvas } = this, width = frame.clientWidth, ratio = devicePixelRatio, large = zoom();
    const labelHeight = LABEL_HEIGHT * large, barHeight = BAR_HEIGHT * large;
    if (!width) return;
    this.frames++;
    let low = 55, high = 79;
    if (data?.notes.length) {
      low = 128; high = 0;
      for (const note of data.notes) { if (note[2] < low) low = note[2]; if (note[2] > high) high = note[2]; }
      low -= 2; high += 2;
    }
    const isSmall = frame.classList.contains("small"), row = large * Math.max(isSmall ? 4 : 6, Math.min(13, 340 / (high - low + 1)));
    const height = Math.round(labelHeight + (high - low + 1) * row + (this.lengths ? barHeight + 6 : 2));
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    const scale = this.scale, total = Math.max(width, Math.ceil(this.end * scale) + 24);
    this.spacer.style.width = `${total}px`;
    const context = canvas.getContext("2d"), left = frame.scrollLeft, bottom = labelHeight + (high - low + 1) * row;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = variable("--card");
    context.fillRect(0, 0, width, height);
    for (let pitch = low; pitch <= high; pitch++) {
      const y = labelHeight + (high - pitch) * row;
      if (BLACK.has(pitch % 12)) { context.fillStyle = variable("--row-black"); context.fillRect(0, y, width, row); }
      if (pitch % 12 === 0) { context.fillStyle = variable("--row-line"); context.fillRect(0, y + row - 1, width, 1); }
    }
    context.fillStyle = variable("--quiet");
    context.font = `${10 * large}px system-ui`;
    for (let pitch = Math.ceil(low / 12) * 12; pitch <= high; pitch += 12) context.fillText(`C${pitch / 12 - 1}`, 3, labelHeight + (high - pitch + 1) * row - 2);
    if (!data) return;
    context.font = `${11 * large}px system-ui`;
    data.bar_lines.forEach((second, index) => {
      const x = second * scale - left;
      if (x < -40 || x > width + 40) return;
      context.fillStyle = variable("--bar-line");
      context.fillRect(Math.round(x), labelHeight - 4, 1, bottom - labelHeight + 4);
      if (index < data.bar_lines.length - 1) { context.fillStyle = variable("--quiet"); context.fillText(String(index + data.first_bar), x + 4, labelHeight - 6); }
    });
    if (this.selection && data.bar_lines.length) {
      const from = this.barStart(this.selection[0]), to = this.barStart(this.selection[1] + 1) ?? this.end;
      if (from !== null) { context.fillStyle = variable("--selection"); context.fillRect(from * scale - left, 0, (to - from) * scale, bottom); }
    }
    const most = this.nats ? Math.max(1, [...this.nats].sort((a, b) => a - b)[Math.floor(0.99 * (this.nats.length - 1))] ?? 1) : 1;
    data.notes.forEach(([start, seconds, pitch, , track], index) => {
      const x = start * scale - left, long = Math.max(seconds * scale - 1.5, 2);
      if (x > width || x + long < 0) return;
      const isPlaying = this.head !== null && start <= this.head && this.head < start + seconds;
      context.fillStyle = this.nats ? surpriseColour(this.nats[index] ?? 0, most) : trackColour(track);
      const y = labelHeight + (high - pitch) * row;
      context.beginPath();
      context.roundRect(x, y + 0.5, long, row - 1, Math.min(3, row / 3));
      context.fill();
      if (isPlaying) { context.lineWidth = 2; context.strokeStyle = variable("--ink"); context.stroke(); }
      if (this.lengths) {
        const share = Math.min((this.lengths[index] ?? 0) / 32, 1);
        context.fillStyle = variable("--playhead");
        context.fillRect(x, bottom + 4 + barHeight * (1 - share), long, Math.max(barHeight * share, 0.5));
      }
    });
    if (this.head !== null) { context.fillStyle = variable("--playhead"); context.fillRect(this.head * scale - left - 1, 0, 2, bottom); }
  }
}
