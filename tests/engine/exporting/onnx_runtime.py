"""Runs exported functions by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import onnxruntime

from engine.exporting.runs import Run
from seqgen.engine.exporting.conversion import convert
from seqgen.engine.exporting.onnx_file import write_onnx
from seqgen.engine.exporting.step_functions import NamedFunction


def onnx_runs(functions: Mapping[str, NamedFunction], folder: Path) -> dict[str, Run]:
    """Returns functions as ONNX Runtime carries them out."""
    runs = {}
    for name, function in functions.items():
        write_onnx(convert(function), name, folder / f"{name}.onnx")
        runs[name] = onnx_run(folder / f"{name}.onnx")
    return runs


def onnx_run(path: Path) -> Run:
    """Returns the function of a file."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    read, computed = ([value.name for value in values] for values in (session.get_inputs(), session.get_outputs()))

    def run(inputs):
        results = session.run(computed, {name: inputs[name] for name in read})
        return dict(zip(computed, results, strict=True))

    return run
