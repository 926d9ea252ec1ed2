// What the views that draw on a canvas share.

// Returns the value of a CSS variable of the page, such as "--ink".
export const variable = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// How much larger than usual everything is: the page has larger letters on large screens.
export const zoom = () => parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;

// Writes texts below a chart: [text, x] from left to right, of which the first and the last stay within it.
export function writeAxis(context, texts, y) {
  texts.forEach(([text, x], index) => {
    context.textAlign = index === 0 ? "left" : index === texts.length - 1 ? "right" : "center";
    context.fillText(text, x, y);
  });
  context.textAlign = "left";
}

// Empties the canvas of a chart, and fits it to its place and to the screen. Returns { context, width, height } in CSS
// pixels with the font and the colour of labels, or null if the canvas is not shown.
export function clearChart(canvas) {
  const width = canvas.clientWidth, height = canvas.clientHeight, ratio = devicePixelRatio;
  if (!width) return null;
  canvas.width = width * ratio; canvas.height = height * ratio;
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  context.font = `${12 * zoom()}px system-ui`;
  context.fillStyle = variable("--quiet");
  return { context, width, height };
}
