"""Exports a trained model: one step for another runtime, and beside it all that a program needs to draw with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
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
from seqgen.errors import UnknownName, UsageError
from seqgen.files import atomic_write, write_text
from seqgen.grammar import BOS, EOS
from seqgen.workflows.drawing_page.page import write_drawing_page
from seqgen.workflows.export_tables import condition_tables, grammar_tables, relation_tables

FORMAT = 1
"""The version of export.json and tables.npz."""
CHOICES = 16
"""How often it is drawn what a prompt leaves open. If it is always the same, there is nothing else to choose."""
METADATA_FILE, TABLES_FILE = "export.json", "tables.npz"

PAGE = "html"


@dataclass(frozen=True)
class Exported:
    """What is written.

    functions: one step of the model
    about:     JSON values by name
    tables:    the arrays of `export_tables`, by name
    start:     what the samples begin with
    script:    JavaScript that shows a document, if the domain has any
    """

    functions: Mapping[str, NamedFunction]
    about: dict[str, Any]
    tables: dict[str, np.ndarray]
    start: Prompt
    script: str | None


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
    start = _without_one_choice(start, domain)
    functions = step_functions(model)
    of_relations, relations = relation_tables(start.relations)
    of_grammar, grammar = grammar_tables(start)
    of_conditions, conditions = condition_tables(model.conditions, start)
    about = {
        "format": FORMAT,
        "domain": domain.name,
        "unit": domain.unit,
        "constraints": {name: str(value) for name, value in constraints.items()},
        "sampling": {name: value for name, value in asdict(options).items() if name != "filters"},
        "filters": dict(options.filters),
        "guidance": float(start.guidance) if start.unconditional is not None else 1.0,
        "vocabulary": [domain.vocabulary[token] for token in range(start.grammar.vocabulary_size)],
        "bos": BOS,
        "eos": EOS,
        "grammar": grammar,
        "relations": relations,
        "conditions": conditions,
        "functions": {name: _signature(function) for name, function in functions.items()},
    }
    script = domain.browser.script() if domain.browser is not None else None
    tables = of_grammar | of_relations | of_conditions
    return WRITERS[target](Exported(functions, about, tables, start, script), folder)


def _without_one_choice(start: Prompt, domain: Domain[Any]) -> Prompt:
    """Returns the prompt in which what it leaves open is settled, if it can only be one thing, such as the key."""
    if start.choice is None:
        return start
    first, *others = {start.choice.draw(np.random.default_rng(seed)) for seed in range(CHOICES)}
    return start if others else domain.without_dead_ends(start.choice.resolve(first))


def _signature(function: NamedFunction) -> dict[str, dict[str, Any]]:
    """Returns the shape and the type of each input and output, as JSON values."""
    return {
        side: {name: {"shape": list(tensor.shape), "type": tensor.dtype.name} for name, tensor in tensors.items()}
        for side, tensors in (("inputs", function.inputs), ("outputs", function.outputs))
    }


def _write_saved_model(exported: Exported, folder: Path) -> list[Path]:
    # TensorFlow gets a path of letters, and each file comes whole to where it was asked for.
    with TemporaryDirectory() as temporary_folder:
        source = Path(temporary_folder)
        write_saved_model(exported.functions, source)
        files = []
        for path in sorted(one for one in source.rglob("*") if one.is_file()):
            files.append(folder / "saved_model" / path.relative_to(source))
            with atomic_write(files[-1]) as temporary:
                temporary.write_bytes(path.read_bytes())
    return files + _write_tables(exported, folder)


def _write_litert(exported: Exported, folder: Path) -> list[Path]:
    with atomic_write(folder / "model.tflite") as temporary:
        write_litert(exported.functions, temporary)
    return [folder / "model.tflite", *_write_tables(exported, folder)]


def _write_onnx(exported: Exported, folder: Path) -> list[Path]:
    files = []
    for name, function in exported.functions.items():
        graph = convert(function)
        files.append(folder / f"{name}.onnx")
        with atomic_write(files[-1]) as temporary:
            write_onnx(graph, name, temporary)
    return files + _write_tables(exported, folder)


def _write_tables(exported: Exported, folder: Path) -> list[Path]:
    """Writes the tables and their description, and returns the files."""
    content = BytesIO()
    np.savez_compressed(content, **dict[str, Any](exported.tables))
    with atomic_write(folder / TABLES_FILE) as temporary:
        temporary.write_bytes(content.getvalue())
    write_text(folder / METADATA_FILE, json.dumps(exported.about, indent=1))
    return [folder / TABLES_FILE, folder / METADATA_FILE]


def _write_page(exported: Exported, folder: Path) -> list[Path]:
    start, path = exported.start, folder / "index.html"
    unconditional = start.unconditional
    if exported.about["guidance"] != 1 and not (unconditional is None or np.array_equal(unconditional, start.ids)):
        raise UsageError("A page cannot guide its samples towards what --set asks for; export to another format.")
    graphs = {name: convert(function) for name, function in exported.functions.items()}
    write_drawing_page(path, exported.about, exported.tables, graphs, exported.script)
    return [path]


WRITERS: dict[str, Callable[[Exported, Path], list[Path]]] = {
    "savedmodel": _write_saved_model,
    "tflite": _write_litert,
    "onnx": _write_onnx,
    PAGE: _write_page,
}
"""The functions that write the files, by the names of the formats."""
