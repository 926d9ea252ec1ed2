"""Turns a function of TensorFlow into a graph of ONNX operators.

What depends on constants alone is computed here, once. All shapes are known, so whatever only changes a shape becomes
one Reshape. The conversion knows the operations that the layers and cells of the engine use, and no others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from seqgen.engine.exporting.operator_graph import Attribute, Operation, OperatorGraph, ValueType
from seqgen.engine.exporting.step_functions import NamedFunction
from seqgen.errors import UsageError

RENAMED = {
    "Tanh": "Tanh", "Sigmoid": "Sigmoid", "Relu": "Relu", "Softmax": "Softmax", "AddV2": "Add", "Sub": "Sub",
    "Mul": "Mul", "RealDiv": "Div", "Minimum": "Min", "Maximum": "Max", "Equal": "Equal", "Greater": "Greater",
    "GreaterEqual": "GreaterOrEqual", "Less": "Less", "LessEqual": "LessOrEqual", "LogicalAnd": "And",
    "LogicalOr": "Or", "LogicalNot": "Not", "SelectV2": "Where", "Neg": "Neg", "Exp": "Exp", "Sqrt": "Sqrt",
}  # fmt: skip
"""Operations of TensorFlow that ONNX has too, by their names there."""
SAME_VALUE = ("Identity", "StopGradient", "PreventGradient", "Snapshot")
SAME_VALUES_IN_ANOTHER_SHAPE = ("Reshape", "ExpandDims", "Squeeze")
REDUCTIONS = {"Sum": "ReduceSum", "Mean": "ReduceMean", "Max": "ReduceMax"}
NUMPY_TYPES = {tf.float32: np.float32, tf.int32: np.int32, tf.int64: np.int64, tf.bool: np.bool_}
ONNX_TYPES = {tf.float32: 1, tf.int32: 6, tf.int64: 7, tf.bool: 9}
"""The numbers of the types in onnx.TensorProto."""
INT64 = ONNX_TYPES[tf.int64]


def convert(function: NamedFunction) -> OperatorGraph:
    """Returns the graph of a function. Raises UsageError for an operation that the conversion does not know."""
    graph = function.function.graph
    conversion = _Conversion(graph)
    for name, tensor in function.inputs.items():
        conversion.names[tensor.name] = name
    for operation in graph.get_operations():
        conversion.convert(operation)
    for name, tensor in function.outputs.items():
        conversion.add("Identity", [conversion.name_of(tensor)], output=name)
    inputs, outputs = (
        {name: _type_of(tensor) for name, tensor in tensors.items()} for tensors in (function.inputs, function.outputs)
    )
    return OperatorGraph(inputs, outputs, conversion.constants, conversion.operations)


class _Conversion:
    """The operations so far, and the names of the tensors that are known."""

    def __init__(self, graph: Any) -> None:
        self.names: dict[str, str] = {}
        self.constants: dict[str, np.ndarray] = {}
        self.operations: list[Operation] = []
        self._values = _constant_values(graph)
        self._handlers: dict[str, Callable[[Any], str]] = {
            "AddN": self._add_n, "BatchMatMulV2": self._product, "Cast": self._cast, "ConcatV2": self._concatenate,
            "Cumsum": self._cumulative_sum, "GatherNd": self._gather_nd, "GatherV2": self._gather,
            "MatMul": self._product, "Pack": self._pack, "Rsqrt": self._reciprocal_root, "Slice": self._slice,
            "Square": self._square, "StridedSlice": self._slice, "Tile": self._tile, "Transpose": self._transpose,
        }  # fmt: skip

    def convert(self, operation: Any) -> None:
        """Adds what an operation of TensorFlow becomes."""
        kind = operation.type
        if kind in ("Placeholder", "NoOp") or all(output.name in self._values for output in operation.outputs):
            return
        if kind in SAME_VALUE or kind == "IdentityN":
            for source, target in zip(operation.inputs, operation.outputs, strict=True):
                self.names[target.name] = self.name_of(source)
        elif kind == "Split":
            self._split(operation)
        elif kind in SAME_VALUES_IN_ANOTHER_SHAPE:
            self._name(operation, self._reshape(self.name_of(operation.inputs[0]), operation.outputs[0].shape))
        elif kind in RENAMED:
            self._name(operation, self.add(RENAMED[kind], map(self.name_of, operation.inputs)))
        elif kind in REDUCTIONS:
            axes = np.atleast_1d(self._value(operation.inputs[1])).astype(np.int64)
            inputs = [self.name_of(operation.inputs[0]), self.constant(axes)]
            keep = int(operation.get_attr("keep_dims"))
            self._name(operation, self.add(REDUCTIONS[kind], inputs, {"keepdims": keep}))
        elif kind in self._handlers:
            self._name(operation, self._handlers[kind](operation))
        else:
            raise UsageError(
                f"The model uses the operation {kind}, which only --to savedmodel can carry; export it to that."
            )

    def name_of(self, tensor: Any) -> str:
        """Returns the name of a tensor in the graph. What is constant becomes a constant there."""
        if tensor.name not in self.names:
            self.names[tensor.name] = self.constant(self._value(tensor))
        return self.names[tensor.name]

    def constant(self, value: np.ndarray) -> str:
        """Adds a constant and returns its name. Small ones are shared."""
        if value.size <= 16:
            for name, known in self.constants.items():
                if known.dtype == value.dtype and known.shape == value.shape and (known == value).all():
                    return name
        name = f"constant_{len(self.constants)}"
        self.constants[name] = np.ascontiguousarray(value).reshape(value.shape)
        return name

    def add(
        self, operator: str, inputs: Any, attributes: dict[str, Attribute] | None = None, output: str | None = None
    ) -> str:
        """Adds an operation with one output and returns its name."""
        name = output or f"value_{len(self.operations)}"
        self.operations.append(Operation(operator, tuple(inputs), (name,), attributes or {}))
        return name

    def _name(self, operation: Any, name: str) -> None:
        self.names[operation.outputs[0].name] = name

    def _value(self, tensor: Any) -> np.ndarray:
        return np.asarray(self._values[tensor.name])

    def _reshape(self, name: str, shape: Sequence[int]) -> str:
        return self.add("Reshape", [name, self.constant(np.array(shape, np.int64))])

    def _add_n(self, operation: Any) -> str:
        first, *others = map(self.name_of, operation.inputs)
        for other in others:
            first = self.add("Add", [first, other])
        return first

    def _product(self, operation: Any) -> str:
        flags = ("adj_x", "adj_y") if operation.type == "BatchMatMulV2" else ("transpose_a", "transpose_b")
        factors = []
        for tensor, flag in zip(operation.inputs, flags, strict=True):
            if not operation.get_attr(flag):
                factors.append(self.name_of(tensor))
            elif tensor.name in self._values:
                factors.append(self.constant(np.swapaxes(self._value(tensor), -1, -2)))
            else:
                axes = list(range(len(tensor.shape)))
                axes[-2:] = axes[:-3:-1]
                factors.append(self.add("Transpose", [self.name_of(tensor)], {"perm": axes}))
        return self.add("MatMul", factors)

    def _cast(self, operation: Any) -> str:
        return self.add("Cast", [self.name_of(operation.inputs[0])], {"to": ONNX_TYPES[operation.outputs[0].dtype]})

    def _concatenate(self, operation: Any) -> str:
        *parts, axis = operation.inputs
        filled = [self.name_of(part) for part in parts if part.shape.num_elements() > 0]
        return self.add("Concat", filled, {"axis": int(self._value(axis))})

    def _cumulative_sum(self, operation: Any) -> str:
        source, axis = operation.inputs
        if source.shape[int(self._value(axis))] == 1 and not operation.get_attr("exclusive"):
            return self.name_of(source)
        raise UsageError("The model adds up along an axis, which only --to savedmodel can carry; export it to that.")

    def _gather_nd(self, operation: Any) -> str:
        table, indices = map(self.name_of, operation.inputs)
        return self._look_up(table, indices, batch_dims=0)

    def _gather(self, operation: Any) -> str:
        table, indices, axis = operation.inputs
        along, batch_dims = int(self._value(axis)), operation.get_attr("batch_dims")
        if batch_dims == 0:
            return self.add("Gather", [self.name_of(table), self.name_of(indices)], {"axis": along})
        if along != batch_dims:
            raise UsageError("The model looks up rows in a way that only --to savedmodel can carry; export it to that.")
        columns = self._reshape(self.name_of(indices), (*indices.shape, 1))
        return self._look_up(self.name_of(table), columns, batch_dims)

    def _look_up(self, table: str, indices: str, batch_dims: int) -> str:
        return self.add(
            "GatherND", [table, self.add("Cast", [indices], {"to": INT64})], {"batch_dims": batch_dims}
        )  # fmt: skip

    def _pack(self, operation: Any) -> str:
        axis, shape = operation.get_attr("axis"), operation.outputs[0].shape
        axis %= len(shape)
        part = (*shape[:axis], 1, *shape[axis + 1 :])
        parts = [self._reshape(self.name_of(source), part) for source in operation.inputs]
        return parts[0] if len(parts) == 1 else self.add("Concat", parts, {"axis": axis})

    def _reciprocal_root(self, operation: Any) -> str:
        return self.add("Reciprocal", [self.add("Sqrt", [self.name_of(operation.inputs[0])])])

    def _square(self, operation: Any) -> str:
        name = self.name_of(operation.inputs[0])
        return self.add("Mul", [name, name])

    def _tile(self, operation: Any) -> str:
        repeats = self._value(operation.inputs[1]).astype(np.int64)
        return self.add("Tile", [self.name_of(operation.inputs[0]), self.constant(repeats)])

    def _transpose(self, operation: Any) -> str:
        axes = self._value(operation.inputs[1]).tolist()
        return self.add("Transpose", [self.name_of(operation.inputs[0])], {"perm": axes})

    def _slice(self, operation: Any) -> str:
        """Adds a Reshape, or a Slice or Gather of the flat values, whichever does for this part of a tensor."""
        source, (target,) = operation.inputs[0], operation.outputs
        size = source.shape.num_elements()
        places = self._places(operation).ravel()
        name = self.name_of(source)
        if places.size < size or (places != np.arange(size)).any():
            flat = self._reshape(name, (size,))
            if (np.diff(places) == 1).all():
                ends = [np.array([end], np.int64) for end in (places[0], places[-1] + 1)]
                name = self.add("Slice", [flat, *map(self.constant, ends)])
            else:
                name = self.add("Gather", [flat, self.constant(places.astype(np.int32))], {"axis": 0})
        return self._reshape(name, target.shape)

    def _places(self, operation: Any) -> np.ndarray:
        """Returns which of the flat values of its input a slice has."""
        indices = tf.reshape(tf.range(operation.inputs[0].shape.num_elements()), operation.inputs[0].shape)
        bounds = [self._value(bound) for bound in operation.inputs[1:]]
        if operation.type == "Slice":
            return np.asarray(tf.slice(indices, *bounds))
        masks = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
        return np.asarray(tf.strided_slice(indices, *bounds, **{mask: operation.get_attr(mask) for mask in masks}))

    def _split(self, operation: Any) -> None:
        axis, source = operation.inputs
        along = int(self._value(axis)) % len(source.shape)
        sizes = np.array([output.shape[along] for output in operation.outputs], np.int64)
        names = tuple(f"value_{len(self.operations)}_{number}" for number in range(len(sizes)))
        inputs = (self.name_of(source), self.constant(sizes))
        self.operations.append(Operation("Split", inputs, names, {"axis": along}))
        for output, name in zip(operation.outputs, names, strict=True):
            self.names[output.name] = name


def _constant_values(graph: Any) -> dict[str, np.ndarray]:
    """Returns the values of all tensors that depend on no input or have no elements, by their names."""
    constant: list[Any] = []
    known: set[str] = set()
    for operation in graph.get_operations():
        if operation.type != "Placeholder" and all(source.name in known for source in operation.inputs):
            constant += operation.outputs
            known |= {output.name for output in operation.outputs}
    with tf.compat.v1.Session(graph=graph) as session:
        values = session.run(constant)
    empty = {
        output.name: np.zeros(output.shape, NUMPY_TYPES[output.dtype])
        for operation in graph.get_operations()
        for output in operation.outputs
        if output.shape.num_elements() == 0
    }
    return {**empty, **{tensor.name: value for tensor, value in zip(constant, values, strict=True)}}


def _type_of(tensor: Any) -> ValueType:
    return ValueType(tuple(tensor.shape), np.dtype(NUMPY_TYPES[tensor.dtype]))
