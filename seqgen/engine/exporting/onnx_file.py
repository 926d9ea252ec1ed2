"""Writes graphs as ONNX files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seqgen.engine.exporting.operator_graph import OperatorGraph, ValueType
from seqgen.errors import UsageError

OPERATOR_SET = 18
IR_VERSION = 9
"""The format of the file. It is older than the newest, so that older runtimes read it too."""


def write_onnx(graph: OperatorGraph, name: str, path: Path) -> None:
    """Writes a graph. Raises UsageError if the library `onnx` is missing."""
    try:
        import onnx
    except ImportError as error:
        raise UsageError("ONNX files need a library: install seqgen with the extra 'export'.") from error

    def value_info(values: dict[str, ValueType]) -> list[onnx.ValueInfoProto]:
        return [
            onnx.helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(one.dtype), one.shape)
            for name, one in values.items()
        ]

    model = onnx.helper.make_model(
        onnx.helper.make_graph(
            [
                onnx.helper.make_node(one.operator, one.inputs, one.outputs, **dict[str, Any](one.attributes))
                for one in graph.operations
            ],
            name,
            value_info(dict(graph.inputs)),
            value_info(dict(graph.outputs)),
            [onnx.numpy_helper.from_array(value, constant) for constant, value in graph.constants.items()],
        ),
        producer_name="seqgen",
        opset_imports=[onnx.helper.make_opsetid("", OPERATOR_SET)],
        ir_version=IR_VERSION,
    )
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString())
