"""SavedModels run by TensorFlow, and LiteRT files run by LiteRT, beside the engine."""

from __future__ import annotations

import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from engine.exporting import runs
from seqgen.engine.exporting.tensorflow_files import write_litert, write_saved_model


def test_a_saved_model_has_the_logits_of_the_engine(tmp_path):
    functions = runs.functions_of(runs.FULL)
    write_saved_model(functions, tmp_path)
    runs.check_logits(runs.FULL, saved_model_runs(tmp_path))


def saved_model_runs(folder):
    """Returns the functions of a SavedModel."""
    signatures = tf.saved_model.load(folder).signatures

    def run(signature):
        names = signature.structured_input_signature[1]
        return lambda inputs: {
            key: value.numpy()
            for key, value in signature(**{name: tf.constant(inputs[name]) for name in names}).items()
        }

    return {name: run(signature) for name, signature in signatures.items()}


def test_a_litert_file_has_the_logits_of_the_engine(tmp_path):
    functions = runs.functions_of(runs.FULL)
    write_litert(functions, tmp_path / "model.tflite")
    interpreter = Interpreter(str(tmp_path / "model.tflite"))

    def run(name):
        runner = interpreter.get_signature_runner(name)
        return lambda inputs: runner(**{key: inputs[key] for key in runner.get_input_details()})

    runs.check_logits(runs.FULL, {name: run(name) for name in functions})
