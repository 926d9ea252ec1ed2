"""Writes functions as a SavedModel of TensorFlow, and as a file of LiteRT."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import tensorflow as tf

from seqgen.engine.exporting.step_functions import NamedFunction


def write_saved_model(functions: Mapping[str, NamedFunction], folder: Path) -> None:
    """Writes a SavedModel, which has a signature for each of the functions."""
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    signatures = {name: _signature(function) for name, function in functions.items()}
    tf.saved_model.save(tf.Module(), str(folder), signatures, options)


def write_litert(functions: Mapping[str, NamedFunction], path: Path) -> None:
    """Writes a LiteRT file (.tflite), which has a signature for each of the functions."""
    with TemporaryDirectory() as folder:
        write_saved_model(functions, Path(folder))
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=list(functions))
        path.write_bytes(converter.convert())


def _signature(function: NamedFunction) -> Any:
    """Returns the same function with its inputs and outputs by name."""
    specs = {name: tf.TensorSpec(tensor.shape, tensor.dtype, name) for name, tensor in function.inputs.items()}

    def call(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return function(**inputs)

    return tf.function(call, autograph=False).get_concrete_function(**specs)
