"""What goes on inside a model while it reads a take, as small numbers that a page draws as heat maps."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from seqgen.errors import UnknownName
from seqgen.studio.takes import Take

MAX_STEPS = 400
"""How many tokens are shown at a time."""
MAX_UNITS = 96
"""How many units of a layer are shown: those that change most."""
MAX_DISTANCE = 128
PLACES = 3


def inside(trained: Any, take: Take, first: int = 0) -> dict[str, Any]:
    """Returns the names of `MAX_STEPS` tokens from `first`, and what `inside_map` can show of them."""
    # The engine imports TensorFlow, which takes seconds. The page is served before.
    from seqgen.workflows.inside import find_named_units, token_features

    activations = trained.activations(take.ids[: first + MAX_STEPS])
    maps = [*activations.gates, "cell states", "hidden states"]
    if activations.attention is not None:
        maps.append("attention")
    layers = activations.hidden_states.shape[1]
    units = find_named_units(activations, token_features(trained, take.ids[: first + MAX_STEPS]))
    norms = trained.gradient_norms(take.ids[: first + MAX_STEPS], max_distance=MAX_DISTANCE)
    return {
        "tokens": list(activations.tokens[first:]),
        "maps": maps,
        "layers": layers,
        "units": [dataclasses.asdict(unit) for unit in units],
        "gradient_norms": [[float(f"{value:.3g}") for value in row] for row in norms.tolist()],
    }


def inside_map(trained: Any, take: Take, name: str, layer: int, first: int = 0) -> dict[str, Any]:
    """Returns one map: {"rows": the number of each unit, "values": [units, T]}. Raises UnknownName.

    The attention map has a row for each distance, from 1.
    """
    activations = trained.activations(take.ids[: first + MAX_STEPS])
    layer = min(max(layer, 0), activations.hidden_states.shape[1] - 1)
    if name == "attention" and activations.attention is not None:
        values = activations.attention[first:, 0, :MAX_DISTANCE].T
        return {"rows": list(range(len(values))), "values": np.round(values, PLACES).tolist()}
    arrays = {
        **activations.gates,
        "cell states": activations.cell_states,
        "hidden states": activations.hidden_states,
    }
    if name not in arrays or arrays[name] is None:
        raise UnknownName("map", name, arrays)
    values = np.asarray(arrays[name])[first:, layer].T
    chosen = np.sort(np.argsort(-values.std(axis=1), kind="stable")[:MAX_UNITS])
    return {"rows": chosen.tolist(), "values": np.round(values[chosen].astype(float), PLACES).tolist()}
