"""The ONNX files: their names and shapes are those of the step, and a missing library is said in one sentence."""

from __future__ import annotations

import sys

import onnx
import pytest

from engine import toys
from engine.exporting import runs
from engine.exporting.onnx_runtime import onnx_runs
from seqgen.engine.exporting.conversion import convert
from seqgen.engine.exporting.onnx_file import write_onnx
from seqgen.engine.exporting.step_functions import STEP
from seqgen.errors import UsageError


def test_inputs_and_outputs_have_the_names_of_the_step(tmp_path):
    functions = runs.functions_of("gru")
    onnx_runs(functions, tmp_path)
    graph = onnx.load(tmp_path / "step.onnx").graph
    assert {value.name for value in graph.input} == {"token", "state_class", "hidden"}
    assert {value.name for value in graph.output} == {"logits", "new_hidden"}
    (logits,) = (value for value in graph.output if value.name == "logits")
    assert [size.dim_value for size in logits.type.tensor_type.shape.dim] == [1, toys.VOCABULARY]


def test_a_missing_library_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    graph = convert(runs.functions_of("rnn")[STEP])
    with pytest.raises(UsageError, match="the extra 'export'"):
        write_onnx(graph, STEP, tmp_path / "step.onnx")
    assert list(tmp_path.iterdir()) == []
