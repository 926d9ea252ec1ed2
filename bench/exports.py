"""Do exported models say what the engine says?

    python bench/exports.py [RUN] [--documents 100] [--tokens 256] [--only onnx]

Random documents of the grammar are read step by step by the runtime of each format: TensorFlow, LiteRT, ONNX Runtime,
and the JavaScript of the page in Node. What is known ahead of a document is what sampling draws for it.

    FORMAT_difference     the largest difference from the engine's logits
    FORMAT_tokens_per_s   how many tokens a second the runtime reads
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from common import finish

import seqgen
from seqgen.engine.compiling import compiled
from seqgen.engine.conditioning import Conditioning
from seqgen.workflows.prompt_conditions import condition_source

Run = Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]
FORMATS = ("savedmodel", "tflite", "onnx", "html")
SCRIPTS = ("operators.js", "sampling.js")
PAGE = """
const fs = require("fs");
const empty = (inputs) => Object.fromEntries(Object.entries(inputs).map(([name, { shape, type }]) =>
  [name, tensor(shape, new (type === "float32" ? Float32Array : Int32Array)(sizeOf(shape)))]));
const carry = (inputs, outputs) => {
  for (const [name, value] of Object.entries(outputs)) if (name.startsWith("new_")) inputs[name.slice(4)] = value;
};
(async () => {
  const model = await readModel(fs.readFileSync("index.html", "utf8").match(/id="model">([^<]*)</)[1]);
  const { functions: about } = model.about, output = fs.openSync("logits", "w"), begun = performance.now();
  for (const { ids, classes, heard } of JSON.parse(fs.readFileSync("documents.json"))) {
    const inputs = empty(about.step.inputs);
    ids.forEach((id, position) => {
      inputs.token = tensor([1], Int32Array.of(id));
      inputs.state_class = tensor([1], Int32Array.of(classes[position]));
      if (heard) inputs.heard = tensor(inputs.heard.shape, Float32Array.from(heard[position]));
      const outputs = model.functions.step(inputs);
      carry(inputs, outputs);
      fs.writeSync(output, Float32Array.from(outputs.logits.data));
    });
  }
  console.log((performance.now() - begun) / 1000);
})();
"""


class Document:
    """A document as far as it is read: its ids, the classes of the grammar's states, and what is heard at each id."""

    def __init__(self, trained: Any, conditioning: Conditioning, ids: np.ndarray, known: np.ndarray | None) -> None:
        model = trained.model
        self.ids = ids
        self.classes = model.grammar.state_class[model.grammar.unroll(ids)].astype(np.int32)
        self.heard = None
        if known is not None:
            steps = model.conditions.steps(ids, self.classes)[:, None]
            self.heard = conditioning.along(conditioning.state([known]), steps).numpy()[:, 0]


def random_documents(trained: Any, count: int, tokens: int) -> list[Document]:
    """Returns documents in which each allowed token is equally likely, cut after so many tokens."""
    conditioning, documents = Conditioning(trained.model), []
    start = trained.prepare()
    source = condition_source(start, 1)
    for number in range(count):
        ids = start.grammar.walk(np.random.default_rng(number), tokens)
        known = source.of(number, ids) if source and trained.model.conditions else None
        documents.append(Document(trained, conditioning, ids, known))
    return documents


def engine_logits(trained: Any, documents: list[Document], tokens: int) -> list[np.ndarray]:
    """Returns the engine's logits [n, V] after each id of each document."""
    model = trained.model

    @compiled
    def logits(ids: tf.Tensor, classes: tf.Tensor, heard: tf.Tensor | None) -> tf.Tensor:
        output, _ = model.forward(ids[:, None], classes[:, None], model.initial_memory(1), heard=heard)
        return model.logits(output, tf.ones((tokens, 1, model.grammar.vocabulary_size), tf.bool))[:, 0]

    results = []
    for one in documents:
        padding = (0, tokens - len(one.ids))
        heard = None if one.heard is None else np.pad(one.heard, (padding, (0, 0)))[:, None]
        results.append(logits(np.pad(one.ids, padding), np.pad(one.classes, padding), heard).numpy()[: len(one.ids)])
    return results


def runner(target: str, folder: Path) -> Run:
    """Returns the exported step as its own runtime carries it out."""
    if target == "savedmodel":
        step = tf.saved_model.load(folder / "saved_model").signatures["step"]
        names = step.structured_input_signature[1]
        return lambda inputs: {
            key: value.numpy() for key, value in step(**{name: tf.constant(inputs[name]) for name in names}).items()
        }
    if target == "tflite":
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(str(folder / "model.tflite"))
        runner = interpreter.get_signature_runner("step")
        return lambda inputs: runner(**{name: inputs[name] for name in runner.get_input_details()})
    import onnxruntime

    session = onnxruntime.InferenceSession(folder / "step.onnx", providers=["CPUExecutionProvider"])
    read, computed = ([value.name for value in values] for values in (session.get_inputs(), session.get_outputs()))
    return lambda inputs: dict(zip(computed, session.run(computed, {name: inputs[name] for name in read}), strict=True))


def logits_of_steps(about: Mapping[str, Any], step: Run, document: Document) -> np.ndarray:
    """Returns the logits [n, V] of an exported step after each id of a document."""
    inputs = {name: np.zeros(one["shape"], one["type"]) for name, one in about["functions"]["step"]["inputs"].items()}
    logits = []
    for position, (token, state_class) in enumerate(zip(document.ids, document.classes, strict=True)):
        inputs |= {"token": np.array([token], np.int32), "state_class": np.array([state_class], np.int32)}
        if document.heard is not None:
            inputs["heard"] = document.heard[[position]]
        outputs = step(inputs)
        logits.append(outputs["logits"][0])
        inputs |= {name.removeprefix("new_"): value for name, value in outputs.items() if name.startswith("new_")}
    return np.stack(logits)


def logits_of_page(folder: Path, documents: list[Document], vocabulary_size: int) -> tuple[list[np.ndarray], float]:
    """Returns the logits of the page's JavaScript, and how many seconds they took."""
    sources = [files("seqgen.workflows.drawing_page").joinpath(name).read_text(encoding="utf-8") for name in SCRIPTS]
    (folder / "program.js").write_text("\n".join([*sources, PAGE]), encoding="utf-8")
    described = [
        {name: value if value is None else value.tolist() for name, value in vars(one).items()} for one in documents
    ]
    (folder / "documents.json").write_text(json.dumps(described), encoding="utf-8")
    node = shutil.which("node")
    assert node is not None, "there is no node"
    seconds = float(subprocess.run([node, "program.js"], cwd=folder, check=True, capture_output=True, text=True).stdout)
    rows = np.fromfile(folder / "logits", np.float32).reshape(-1, vocabulary_size)
    return np.split(rows, np.cumsum([len(one.ids) for one in documents])[:-1]), seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", nargs="?", default="bach-chorales")
    parser.add_argument("--documents", type=int, default=100)
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--only", choices=FORMATS)
    arguments = parser.parse_args()
    trained = seqgen.load(arguments.run)
    documents = random_documents(trained, arguments.documents, arguments.tokens)
    expected = engine_logits(trained, documents, arguments.tokens)
    count, results = sum(len(one.ids) for one in documents), {}
    for target in [arguments.only] if arguments.only else FORMATS:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            trained.export(folder, target, constraints={"bars": 4, "key": "Cmaj", "time_signature": "4/4"})
            if target == "html":
                found, seconds = logits_of_page(folder, documents, trained.model.grammar.vocabulary_size)
                results["html_mb"] = (folder / "index.html").stat().st_size / 1e6
            else:
                about, step = json.loads((folder / "export.json").read_text(encoding="utf-8")), runner(target, folder)
                begun = time.perf_counter()
                found = [logits_of_steps(about, step, one) for one in documents]
                seconds = time.perf_counter() - begun
        pairs = zip(expected, found, strict=True)
        results[f"{target}_difference"] = max(float(np.abs(one - other).max()) for one, other in pairs)
        results[f"{target}_tokens_per_s"] = count / seconds
        print(target, results[f"{target}_difference"], flush=True)
    shown = {name: f"{value:.1e}" if name.endswith("difference") else value for name, value in results.items()}
    finish({**shown, "documents": len(documents), "tokens": count})


if __name__ == "__main__":
    main()
