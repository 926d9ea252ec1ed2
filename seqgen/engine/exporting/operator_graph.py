"""A function as a list of operators in the vocabulary of ONNX (https://onnx.ai/onnx/operators, version 18).

All shapes are known. ONNX files and the page that draws in a browser are written from such a graph.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

Attribute = int | Sequence[int]


@dataclass(frozen=True)
class Operation:
    """One operator, the names of the values that it reads and of those that it makes, and its attributes."""

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)


@dataclass(frozen=True)
class ValueType:
    """The shape and the type of a value."""

    shape: tuple[int, ...]
    dtype: np.dtype


@dataclass(frozen=True, eq=False)
class OperatorGraph:
    """Operations in an order in which they can be carried out.

    inputs:    the types of what is given, by name
    outputs:   the types of what is computed, by name
    constants: weights and tables by name
    """

    inputs: Mapping[str, ValueType]
    outputs: Mapping[str, ValueType]
    constants: Mapping[str, np.ndarray]
    operations: Sequence[Operation]
