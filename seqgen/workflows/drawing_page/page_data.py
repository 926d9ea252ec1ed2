"""The data of a page that draws: the exported functions as graphs, tables, and their numbers, in one gzip file.

The content is the length of a header (uint32, little endian), the header in JSON, and the bytes of all arrays. Of the
grammar, only the transitions that are allowed are stored, as differences of states, which compress well. `sampling.js`
reads it.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from seqgen.engine.exporting.operator_graph import OperatorGraph

SMALL_TYPES = (np.uint8, np.int16, np.uint16, np.int32)
"""The types of integers in tables, the smallest first."""


def page_data(about: Mapping[str, Any], tables: Mapping[str, np.ndarray], graphs: Mapping[str, OperatorGraph]) -> str:
    """Returns the data in Base64.

    about:  JSON values by name
    tables: the arrays of `export_tables`, by name
    graphs: the functions by name
    """
    arrays = {name: _smallest(value) for name, value in _compact_grammar(tables).items()}
    functions = {}
    for name, graph in graphs.items():
        constants = {constant: f"{name}/{constant}" for constant in graph.constants}
        arrays |= {constants[constant]: _constant(value) for constant, value in graph.constants.items()}
        operations = [(one.operator, one.inputs, one.outputs, dict(one.attributes)) for one in graph.operations]
        functions[name] = {"operations": operations, "constants": constants, "outputs": list(graph.outputs)}
    places, content = {}, b""
    for name, value in arrays.items():
        places[name] = {"shape": value.shape, "type": value.dtype.name, "begin": len(content)}
        content += value.tobytes()
    header = json.dumps({"about": about, "arrays": places, "graphs": functions}).encode()
    whole = gzip.compress(len(header).to_bytes(4, "little") + header + content, mtime=0)
    return base64.b64encode(whole).decode("ascii")


def _compact_grammar(tables: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Returns the tables with the automaton in another form, R different rows of allowed tokens.

    allowed_rows bool[R, V] by row_of_state int32[S]; next_difference int32[n], the next state less the state for each
    allowed token, state by state.
    """
    compact = {name: value for name, value in tables.items() if name not in ("allowed", "next_state")}
    allowed, next_state = tables["allowed"], tables["next_state"]
    packed = np.packbits(allowed, axis=1)
    _, first, row_of_state = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    difference = next_state - np.arange(len(next_state), dtype=np.int32)[:, None]
    return {
        **compact,
        "allowed_rows": allowed[first],
        "row_of_state": row_of_state.ravel(),
        "next_difference": difference[allowed],
    }


def _smallest(value: np.ndarray) -> np.ndarray:
    """Returns integers or truth values in the smallest type that holds them."""
    lowest, highest = (int(value.min()), int(value.max())) if value.size else (0, 0)
    for kind in SMALL_TYPES:
        if np.iinfo(kind).min <= lowest and highest <= np.iinfo(kind).max:
            return value.astype(kind)
    raise ValueError(f"a table has numbers from {lowest} to {highest}")


def _constant(value: np.ndarray) -> np.ndarray:
    """Returns a constant of a graph as the page reads it. Truth values are uint8, integers int32, weights float32."""
    return value.astype(np.uint8 if value.dtype == bool else np.float32 if value.dtype.kind == "f" else np.int32)
