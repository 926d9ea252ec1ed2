"""Every kind of model as ONNX operators, run by ONNX Runtime."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from engine.exporting import runs
from engine.exporting.onnx_runtime import onnx_runs
from seqgen.engine.exporting import step_functions as steps
from seqgen.engine.exporting.conversion import convert
from seqgen.errors import UsageError


@pytest.mark.parametrize("shape", runs.SHAPES)
def test_each_step_has_the_logits_of_the_engine(shape, tmp_path):
    functions = runs.functions_of(shape)
    runs.check_logits(shape, onnx_runs(functions, tmp_path))


def test_what_depends_on_weights_alone_is_computed_once():
    functions = runs.functions_of("lstm")
    graph = convert(functions[steps.STEP])
    products = [one for one in graph.operations if one.operator == "MatMul"]
    # One product for the layer, with its weights side by side, two means of norms and one for the logits.
    assert len([one for one in products if graph.constants[one.inputs[1]].shape[1] > 1]) == 2


def test_an_operation_that_onnx_lacks_is_named():
    function = steps._freeze(lambda x: {"y": tf.math.erf(x)}, {"x": tf.TensorSpec((1,), tf.float32)})
    with pytest.raises(UsageError, match=r"the operation Erf, which only --to savedmodel can carry"):
        convert(function)


def test_slices_that_leave_out_values_are_kept_apart(tmp_path):
    def slices(x):
        return {"column": x[:, 1], "block": x[1:], "last": x[None, ..., -1], "every_other": x[:, ::2]}

    function = steps._freeze(slices, {"x": tf.TensorSpec((3, 4), tf.float32)})
    x = np.arange(12, dtype=np.float32).reshape(3, 4)
    run = onnx_runs({"slices": function}, tmp_path)["slices"]
    for name, value in slices(x).items():
        np.testing.assert_array_equal(run({"x": x})[name], value)
