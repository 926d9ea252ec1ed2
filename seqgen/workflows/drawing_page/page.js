// The page: draws a document when it opens and when it is asked to, shows it as it grows, and offers it as files.

(async () => {
  "use strict";
  const PAUSE_EVERY = 40; // milliseconds between two looks at the page while a document is drawn
  const byId = (id) => document.getElementById(id), form = byId("controls"), output = byId("output");
  const pause = () => new Promise((resolve) => setTimeout(resolve));
  let model = null, current = 0, addresses = [];

  const say = (text) => { byId("status").textContent = text; };

  const show = ({ ids, known }) => showDocument(ids, output, model.about, known);

  function options() {
    return { ...model.about.sampling, temperature: Number(byId("temperature").value), min_p: Number(byId("min-p").value) };
  }

  function offer(files, name) {
    addresses.forEach(URL.revokeObjectURL);
    const links = Object.entries(files).map(([ending, content]) => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([content]));
      link.download = `${name}.${ending}`;
      link.textContent = `Save ${link.download}`;
      return link;
    });
    addresses = links.map((link) => link.href);
    byId("files").replaceChildren(...links);
  }

  async function draw() {
    const number = ++current, seed = Number(byId("seed").value), documents = drawDocument(model, seed, options());
    const begun = performance.now();
    let looked = begun, step;
    byId("files").replaceChildren();
    for (step = documents.next(); !step.done; step = documents.next()) {
      if (performance.now() - looked < PAUSE_EVERY) continue;
      show(step.value);
      say(`${step.value.ids.length} tokens …`);
      await pause();
      looked = performance.now();
      if (number !== current) return;
    }
    if (step.value === null) return say("Nothing was found that keeps all rules; try another seed.");
    const { ids } = step.value, { files, seconds } = show(step.value), took = (performance.now() - begun) / 1000;
    const speed = seconds ? `, ${(seconds / took).toFixed(1)} times as fast as it plays` : "";
    say(`${ids.length} tokens in ${took.toFixed(1)} s${speed}.`);
    output.dataset.ids = JSON.stringify(Array.from(ids));
    offer(files, `${model.about.domain}-${seed}`);
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    draw();
  });
  byId("next").addEventListener("click", () => {
    byId("seed").value = Number(byId("seed").value) + 1;
    draw();
  });
  byId("stop").addEventListener("click", () => {
    current++;
    say("Stopped.");
  });
  for (const slider of form.querySelectorAll("input[type=range]")) {
    const show = () => { slider.nextElementSibling.textContent = slider.value; };
    slider.addEventListener("input", show);
    show();
  }
  try {
    model = await readModel(byId("model").textContent.trim());
    await draw();
  } catch (error) {
    say(`This browser cannot draw: ${error.message}.`);
    throw error;
  }
})();
