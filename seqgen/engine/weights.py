"""A model's weights: their names, their shapes, and what they are before training."""

from __future__ import annotations

import numpy as np

from seqgen.engine.cells.registry import CELLS
from seqgen.engine.settings import ModelSettings


def weight_shapes(settings: ModelSettings, vocabulary: int, classes: int) -> dict[str, tuple[int, ...]]:
    """The shape of every weight by name; what a bundle's file must hold, no more and no less."""
    width, attention, hidden = settings.hidden_size, settings.attention_size, settings.feed_forward_size
    shapes: dict[str, tuple[int, ...]] = {"embedding": (vocabulary, width)}
    if settings.state_embedding and classes > 1:
        shapes["state_embedding"] = (classes, width)
    for layer in range(settings.num_layers):
        shapes[f"recurrence_{layer}/norm"] = (width,)
        for part, shape in CELLS[settings.cell].shapes(width).items():
            shapes[f"recurrence_{layer}/{part}"] = shape
    if settings.attention_window:
        shapes["attention/norm"] = (width,)
        shapes["attention/query_key_value"] = (width, 3 * attention)
        shapes["attention/output"] = (attention, width)
        shapes["attention/distance_bias"] = (settings.attention_window + 1,)
    if hidden:
        shapes["feed_forward/norm"] = (width,)
        shapes["feed_forward/up"] = (width, hidden)
        shapes["feed_forward/up_bias"] = (hidden,)
        shapes["feed_forward/down"] = (hidden, width)
    if not CELLS[settings.cell].learns:
        # A softmax tied to embeddings that stay random could not be learned.
        shapes["output/weights"] = (vocabulary, width)
    shapes["output/norm"] = (width,)
    shapes["output/bias"] = (vocabulary,)
    return shapes


def is_learned(name: str, settings: ModelSettings) -> bool:
    """Whether training changes a weight: all of them, or what reads an echo state network."""
    return CELLS[settings.cell].learns or not name.startswith(("embedding", "state_embedding", "recurrence"))


def first_weights(settings: ModelSettings, vocabulary: int, classes: int, seed: int) -> dict[str, np.ndarray]:
    """Untrained weights, float32 by name; a pure function of its arguments.

    Orthogonal recurrent matrices (Saxe et al. 2014) and a forget bias of 1 (Jozefowicz et al. 2015) unless set; an echo
    state network's fixed matrix is scaled to its spectral radius (Jaeger 2001).
    """
    cell, weights = CELLS[settings.cell], {}
    for number, (name, shape) in enumerate(weight_shapes(settings, vocabulary, classes).items()):
        part, random = name.split("/")[-1], np.random.default_rng([seed, number])
        if part == "norm":
            value = np.ones(shape)
        elif name.startswith("recurrence") and part == "bias":
            value = np.repeat(
                [settings.forget_bias * (block == "forget_gate") for block in cell.blocks], settings.hidden_size
            )
        elif len(shape) == 1:
            value = np.zeros(shape)
        elif part == "recurrent_weights" and cell.learns and settings.recurrent_initializer == "orthogonal":
            value = np.concatenate([orthogonal(shape[0], random) for _block in range(shape[1] // shape[0])], 1)
        elif part == "recurrent_weights" and not cell.learns:
            value = random.standard_normal(shape)
            value *= settings.spectral_radius / np.abs(np.linalg.eigvals(value)).max()
        else:
            # The attention's way back into x starts small: that was gentler at first than a full-sized one.
            scale = {"embedding": 0.5, "state_embedding": 0.5, "output": 0.1}.get(part, 1.0)
            fan_in = settings.hidden_size if part in {"embedding", "state_embedding", "weights"} else shape[0]
            value = random.standard_normal(shape) * scale * fan_in**-0.5
        weights[name] = np.asarray(value, np.float32)
    return weights


def orthogonal(units: int, random: np.random.Generator) -> np.ndarray:
    """A random rotation [units, units], uniform over all of them (Mezzadri 2007)."""
    q, r = np.linalg.qr(random.standard_normal((units, units)))
    return q * np.sign(np.diag(r))
