"""A model's weights: their names, their shapes, and their values before training."""

from __future__ import annotations

import numpy as np

from seqgen.engine.cells.registry import find_cell
from seqgen.engine.layers.conditions import READER, condition_weight_shapes
from seqgen.engine.settings import ModelSettings
from seqgen.grammar import Conditions, Registers
from seqgen.grammar.registers import DIFFERENCE_COUNT

DIFFERENCE_GAIN = 0.4
"""The initial gain of embeddings of differences. There are several beside one of the token, whose gain is 1."""


def weight_shapes(
    settings: ModelSettings,
    vocabulary_size: int,
    class_count: int,
    registers: Registers | None = None,
    conditions: Conditions | None = None,
) -> dict[str, tuple[int, ...]]:
    """Returns the shape of every weight by name. The file of a bundle holds exactly these.

    `class_count` is the number of the grammar's state classes. `registers` and `conditions` are those of the domain, if
    it has any.
    """
    cell, hidden_size = find_cell(settings.cell), settings.hidden_size
    attention_size, feed_forward_size = settings.attention_size, settings.feed_forward_size
    shapes: dict[str, tuple[int, ...]] = {"embedding": (vocabulary_size, hidden_size)}
    if settings.state_embedding and class_count > 1:
        shapes["state_embedding"] = (class_count, hidden_size)
    if settings.coordinates and registers is not None:
        shapes["coordinates/table"] = (registers.seen_count * DIFFERENCE_COUNT, hidden_size)
        shapes["coordinates/norm"] = (hidden_size,)
        shapes["coordinates/output"] = (hidden_size, registers.reference_count * DIFFERENCE_COUNT)
    if settings.condition_size and conditions is not None:
        shapes |= condition_weight_shapes(settings.condition_size, hidden_size, conditions.channel_sizes)
    for layer in range(settings.num_layers):
        shapes[f"recurrence_{layer}/norm"] = (hidden_size,)
        for name, shape in cell.weight_shapes(hidden_size).items():
            shapes[f"recurrence_{layer}/{name}"] = shape
    if settings.attention_window:
        shapes["attention/norm"] = (hidden_size,)
        shapes["attention/query_key_value"] = (hidden_size, 3 * attention_size)
        shapes["attention/output"] = (attention_size, hidden_size)
        shapes["attention/distance_bias"] = (settings.attention_window + 1,)
    if feed_forward_size:
        shapes["feed_forward/norm"] = (hidden_size,)
        shapes["feed_forward/up"] = (hidden_size, feed_forward_size)
        shapes["feed_forward/up_bias"] = (feed_forward_size,)
        shapes["feed_forward/down"] = (feed_forward_size, hidden_size)
    if not cell.is_trainable:
        # A softmax tied to embeddings that stay random could not be trained.
        shapes["output/weights"] = (vocabulary_size, hidden_size)
    shapes["output/norm"] = (hidden_size,)
    shapes["output/bias"] = (vocabulary_size,)
    return shapes


def is_trainable(name: str, settings: ModelSettings) -> bool:
    """Whether training changes a weight. With a cell that is not trained, only what reads its states is."""
    fixed = ("embedding", "state_embedding", "coordinates/table", "coordinates/norm", "conditions", "recurrence")
    return find_cell(settings.cell).is_trainable or not name.startswith(fixed)


def initial_weights(
    settings: ModelSettings,
    vocabulary_size: int,
    class_count: int,
    seed: int,
    registers: Registers | None = None,
    conditions: Conditions | None = None,
) -> dict[str, np.ndarray]:
    """Returns untrained weights, float32 by name: a pure function of its arguments.

    Recurrent matrices are orthogonal (Saxe et al. 2014) or normal, forget gates have the bias `forget_bias` (1:
    Jozefowicz et al. 2015), and the fixed matrix of an echo state network is scaled to its spectral radius (Jaeger
    2001). All other matrices are normal with variance 1 / fan-in.
    """
    cell, weights = find_cell(settings.cell), {}
    shapes = weight_shapes(settings, vocabulary_size, class_count, registers, conditions)
    for number, (name, shape) in enumerate(shapes.items()):
        kind, random = name.split("/")[-1], np.random.default_rng([seed, number])
        if kind == "norm":
            value = np.full(shape, DIFFERENCE_GAIN if name == "coordinates/norm" else 1.0)
        elif name.startswith("recurrence") and kind == "bias":
            is_forget_gate = [block == "forget_gate" for block in cell.blocks]
            value = np.repeat(np.multiply(settings.forget_bias, is_forget_gate), settings.hidden_size)
        elif name == "conditions/bias":
            value = np.repeat([float(block == "forget_gate") for block in READER.blocks], settings.condition_size)
        elif len(shape) == 1 or name == "coordinates/output":
            value = np.zeros(shape)
        elif kind == "recurrent_weights" and not cell.is_trainable:
            value = random.standard_normal(shape)
            value *= settings.spectral_radius / np.abs(np.linalg.eigvals(value)).max()
        elif kind == "recurrent_weights" and settings.recurrent_initializer == "orthogonal":
            value = np.concatenate([random_orthogonal(shape[0], random) for _ in range(shape[1] // shape[0])], 1)
        else:
            # The output projection of attention starts small: training begins more smoothly than with a full-sized one.
            scale = {"embedding": 0.5, "state_embedding": 0.5, "output": 0.1, "input": 0.4}.get(kind, 1.0)
            if kind in {"embedding", "state_embedding", "weights"}:
                fan_in = settings.hidden_size
            else:
                fan_in = settings.condition_size if kind == "look_ahead" else shape[0]
            value = random.standard_normal(shape) * scale * fan_in**-0.5
        weights[name] = np.asarray(value, np.float32)
    return weights


def random_orthogonal(size: int, random: np.random.Generator) -> np.ndarray:
    """Returns a random orthogonal matrix [size, size], uniform over all of them (Mezzadri 2007)."""
    q, r = np.linalg.qr(random.standard_normal((size, size)))
    return q * np.sign(np.diag(r))
