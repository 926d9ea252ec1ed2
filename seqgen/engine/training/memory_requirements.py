"""How much memory (RAM) a training needs, and what would fit when it runs out."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path

import tensorflow as tf

from seqgen.engine.settings import SIZES, ModelSettings, TrainingSettings
from seqgen.engine.weights import weight_shapes
from seqgen.errors import TrainingError
from seqgen.grammar import Grammar

RUNTIME_BYTES = 800 * 10**6
"""TensorFlow itself, with its compiled programs."""
SAVED_PER_UNIT = 19
"""Numbers that a layer saves for its gradient, for each unit and input of a segment: 4 pre-activations, 4 gates, 4
gradients of these, and states, norm, dropout and residual. XLA's own account of a model of 2 × 512 says 19.3."""


def required_bytes(model: ModelSettings, training: TrainingSettings, vocabulary_size: int, class_count: int) -> int:
    """Returns an estimate of what one training step holds at once: weights, optimizer, and activations of a segment."""
    num_weights = sum(prod(shape) for shape in weight_shapes(model, vocabulary_size, class_count).values())
    # The weights, their gradients and AdamW's two moments; their moving average and accumulated gradients, if any.
    copies = 4 + (training.ema_decay > 0) + (training.gradient_accumulation_steps > 1)
    recurrence = model.num_layers * SAVED_PER_UNIT * model.hidden_size
    attention = 4 * (model.attention_window + training.bptt_length) + 8 * model.attention_size
    feed_forward, softmax = 3 * model.feed_forward_size, 4 * vocabulary_size
    per_input = recurrence + softmax + (attention if model.attention_window else 0) + feed_forward
    return 4 * (copies * num_weights + training.batch_size * training.bptt_length * per_input) + RUNTIME_BYTES


def available_bytes() -> int:
    """Returns the memory that programs may still take, or all memory where the system does not say."""
    try:
        available = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())
        if available:
            return int(available[1]) * 1024
    except OSError:
        pass
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@contextmanager
def explain_out_of_memory(model: ModelSettings, training: TrainingSettings, grammar: Grammar) -> Iterator[None]:
    """Turns running out of memory into a TrainingError that names settings that fit what was available before."""
    available = available_bytes()
    try:
        yield
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        required = required_bytes(model, training, grammar.vocabulary_size, grammar.class_count)
        suggestion = suggest_smaller(model, training, grammar.vocabulary_size, grammar.class_count, available)
        raise TrainingError(
            f"Memory ran out: this training needs about {required / 1e9:.1f} GB where {available / 1e9:.1f} GB were "
            f"free; train {suggestion}."
        ) from error


def suggest_smaller(
    model: ModelSettings, training: TrainingSettings, vocabulary_size: int, class_count: int, available: int
) -> str:
    """Returns options that fit `available` bytes: half the batch size or less, a smaller size, or short segments."""
    batch_size = training.batch_size // 2
    while batch_size:
        smaller_batch = training.model_copy(update={"batch_size": batch_size})
        if required_bytes(model, smaller_batch, vocabulary_size, class_count) <= available:
            return f"with --set batch_size={batch_size}"
        batch_size //= 2
    one_stream = training.model_copy(update={"batch_size": 1})
    for size, shape in sorted(SIZES.items(), key=lambda item: -item[1]["hidden_size"]):
        smaller = model.model_copy(update=shape)
        fits = required_bytes(smaller, one_stream, vocabulary_size, class_count) <= available
        if shape["hidden_size"] < model.hidden_size and fits:
            return f"a smaller model, with --size {size} --set batch_size=1"
    bptt_length = max(1, training.bptt_length // 2)
    return f"with shorter segments, --set bptt_length={bptt_length} --set batch_size=1 --size tiny"
