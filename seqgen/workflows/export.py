"""Exports a trained model: one step for another runtime, and beside it all that a program needs to draw with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from seqgen.contract.documents import Prompt
from seqgen.contract.domain import Domain
from seqgen.engine.decoding.sampling_options import SamplingOptions
from seqgen.engine.exporting.conversion import convert
from seqgen.engine.exporting.onnx_file import write_onnx
from seqgen.engine.exporting.step_functions import NamedFunction, step_functions
from seqgen.engine.exporting.tensorflow_files import write_litert, write_saved_model
from seqgen.engine.model import Model
from seqgen.errors import UnknownName
from seqgen.files import atomic_write, write_text
from seqgen.grammar import BOS, EOS
from seqgen.workflows.export_tables import condition_tables, grammar_tables, relation_tables

FORMAT = 1
"""The version of export.json and tables.npz."""
METADATA_FILE, TABLES_FILE = "export.json", "tables.npz"

Functions = Mapping[str, NamedFunction]


def export(
    model: Model,
    domain: Domain[Any],
    start: Prompt,
    options: SamplingOptions,
    constraints: Mapping[str, Any],
    target: str,
    folder: Path,
) -> list[Path]:
    """Writes a model in one of the formats and returns the files; see `TrainedModel.export`.

    start:       what the samples begin with, and their grammar
    options:     how they are drawn
    constraints: what was asked for, by name
    """
    if target not in WRITERS:
        raise UnknownName("format to export to", target, WRITERS)
    functions = step_functions(model)
    tables, relations = relation_tables(start.relations)
    of_grammar, grammar = grammar_tables(start)
    of_conditions, conditions = condition_tables(model.conditions, start)
    metadata = {
        "format": FORMAT,
        "domain": domain.name,
        "unit": domain.unit,
        "constraints": {name: str(value) for name, value in constraints.items()},
        "sampling": {name: value for name, value in asdict(options).items() if name != "filters"},
        "filters": dict(options.filters),
        "vocabulary": [domain.vocabulary[token] for token in range(start.grammar.vocabulary_size)],
        "bos": BOS,
        "eos": EOS,
        "grammar": grammar,
        "relations": relations,
        "conditions": conditions,
        "functions": {name: _signature(function) for name, function in functions.items()},
    }
    files = WRITERS[target](functions, folder)
    files.append(folder / TABLES_FILE)
    content, arrays = BytesIO(), dict[str, Any](of_grammar | tables | of_conditions)
    np.savez_compressed(content, **arrays)
    with atomic_write(files[-1]) as temporary:
        temporary.write_bytes(content.getvalue())
    files.append(folder / METADATA_FILE)
    write_text(files[-1], json.dumps(metadata, indent=1, ensure_ascii=True))
    return files


def _signature(function: NamedFunction) -> dict[str, dict[str, Any]]:
    """Returns the shape and the type of each input and output, as JSON values."""
    return {
        side: {name: {"shape": list(tensor.shape), "type": tensor.dtype.name} for name, tensor in tensors.items()}
        for side, tensors in (("inputs", function.inputs), ("outputs", function.outputs))
    }


def _write_saved_model(functions: Functions, folder: Path) -> list[Path]:
    # TensorFlow gets a path of letters, and each file comes whole to where it was asked for.
    with TemporaryDirectory() as temporary_folder:
        source = Path(temporary_folder)
        write_saved_model(functions, source)
        files = []
        for path in sorted(one for one in source.rglob("*") if one.is_file()):
            files.append(folder / "saved_model" / path.relative_to(source))
            with atomic_write(files[-1]) as temporary:
                temporary.write_bytes(path.read_bytes())
    return files


def _write_litert(functions: Functions, folder: Path) -> list[Path]:
    with atomic_write(folder / "model.tflite") as temporary:
        write_litert(functions, temporary)
    return [folder / "model.tflite"]


def _write_onnx(functions: Functions, folder: Path) -> list[Path]:
    files = []
    for name, function in functions.items():
        graph = convert(function)
        files.append(folder / f"{name}.onnx")
        with atomic_write(files[-1]) as temporary:
            write_onnx(graph, name, temporary)
    return files


WRITERS: dict[str, Callable[[Functions, Path], list[Path]]] = {
    "savedmodel": _write_saved_model,
    "tflite": _write_litert,
    "onnx": _write_onnx,
}
"""The functions that write the step, by the names of the formats."""
