"""The data of the page: every part of a model gives the engine's logits in JavaScript, and the grammar is the same."""

from __future__ import annotations

import json

import numpy as np
import pytest
from engine import toys
from engine.exporting import runs
from workflows.drawing_page.javascript import run_in_node

from seqgen import Prompt
from seqgen.engine.exporting.conversion import convert
from seqgen.engine.exporting.step_functions import hear_inputs, step_inputs
from seqgen.grammar import BOS, Budget, with_budget
from seqgen.workflows.drawing_page.page_data import page_data
from seqgen.workflows.export_tables import grammar_tables

LOGITS = """
const fs = require("fs");
const empty = (inputs) => Object.fromEntries(Object.entries(inputs).map(([name, [shape, type]]) =>
  [name, tensor(shape, new (type === "float32" ? Float32Array : Int32Array)(sizeOf(shape)))]));
const carry = (inputs, outputs) => {
  for (const [name, value] of Object.entries(outputs)) if (name.startsWith("new_")) inputs[name.slice(4)] = value;
};
(async () => {
  const results = {};
  for (const { name, data, step, hear, tokens, classes, values, steps } of JSON.parse(fs.readFileSync("cases.json"))) {
    const model = await readModel(data), inputs = empty(step), heard = [];
    if (hear) {
      const before = empty(hear), width = before.hidden.shape[1];
      for (let row = 0; row <= values.length; row++) heard.push(new Float32Array(width));
      for (let row = values.length - 1; row > 0; row--) {
        before.values = tensor([1, values[row].length], Int32Array.from(values[row]));
        const outputs = model.functions.hear(before);
        heard[row] = outputs.heard.data;
        carry(before, outputs);
      }
    }
    results[name] = tokens.map((token, position) => {
      inputs.token = tensor([1], Int32Array.of(token));
      inputs.state_class = tensor([1], Int32Array.of(classes[position]));
      if (hear) inputs.heard = tensor(inputs.heard.shape, heard[Math.min(steps[position], heard.length - 1)]);
      const outputs = model.functions.step(inputs);
      carry(inputs, outputs);
      return Array.from(outputs.logits.data);
    });
  }
  console.log(JSON.stringify(results));
})();
"""


SHAPES = (runs.FULL, "gru", "fgr")


def described(inputs) -> dict:
    return {name: (spec.shape.as_list(), spec.dtype.name) for name, spec in inputs.items()}


def case_of(shape: str) -> dict:
    """Returns a document for JavaScript to read, and the model that reads it."""
    model, ids, conditions = runs.model_of(shape), runs.document_of(shape), runs.conditions_of(shape)
    classes = model.grammar.state_class[model.grammar.unroll(ids)]
    graphs = {name: convert(function) for name, function in runs.functions_of(shape).items()}
    tables, _ = grammar_tables(Prompt(np.array([BOS], np.int32), model.grammar))
    case = {
        "name": shape,
        "data": page_data({"grammar": {}}, tables, graphs),
        "step": described(step_inputs(model)),
        "tokens": ids.tolist(),
        "classes": classes.tolist(),
    }
    if conditions is None:
        return case
    steps = model.conditions.steps(ids, classes).tolist()
    return {**case, "hear": described(hear_inputs(model)), "values": conditions.tolist(), "steps": steps}


def test_every_kind_of_model_has_the_logits_of_the_engine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cases.json").write_text(json.dumps([case_of(shape) for shape in SHAPES]))
    logits = run_in_node(LOGITS, tmp_path)
    for shape in SHAPES:
        np.testing.assert_allclose(logits[shape], runs.logits_of(shape), atol=1e-4, err_msg=shape)


@pytest.mark.parametrize("grammar", [toys.forked(), with_budget(toys.shifting(), Budget(toys.COST, 3, 5))])
def test_the_grammar_in_javascript_allows_the_same(grammar, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tables, numbers = grammar_tables(Prompt(np.array([BOS], np.int32), grammar))
    (tmp_path / "data").write_text(page_data({"grammar": numbers}, tables, {}))
    documents = [grammar.walk(np.random.default_rng(seed)).tolist() for seed in range(10)]
    (tmp_path / "documents.json").write_text(json.dumps(documents))
    code = """
    const fs = require("fs");
    readModel(fs.readFileSync("data", "latin1")).then((model) => {
      const grammar = new Grammar(model);
      const walks = JSON.parse(fs.readFileSync("documents.json")).map((ids) => {
        let state = grammar.start;
        return ids.slice(1).map((token) => {
          const allowed = Array.from(grammar.allowed(state));
          state = grammar.next(state, token);
          return [state, allowed];
        });
      });
      console.log(JSON.stringify(walks));
    });
    """
    for ids, walk in zip(documents, run_in_node(code, tmp_path), strict=True):
        states = grammar.unroll(np.array(ids))
        assert [state for state, _ in walk] == states[1:].tolist()
        assert [allowed for _, allowed in walk] == grammar.allowed[states[:-1]].astype(int).tolist()
