"""How much memory a training needs, and which size would fit where it does not."""

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

PROGRAM = 800 * 10**6
"""TensorFlow itself, with what it compiles, in bytes."""


def bytes_needed(model: ModelSettings, training: TrainingSettings, vocabulary: int, classes: int) -> int:
    """An estimate of what one training step holds at once: weights, their optimizer, and the activations of a segment.

    For each input of a segment a layer keeps about 19 numbers a unit for its gradient: pre-activations, gates and their
    gradients 4 each, states, norm, dropout and residual the rest. Measured at 2 × 512: 19.3, XLA's own account.
    """
    weights = sum(prod(shape) for shape in weight_shapes(model, vocabulary, classes).values())
    # The weights, their gradient and AdamW's two moments; their average and the accumulated gradient where asked for.
    copies = 4 + (training.ema_decay > 0) + (training.gradient_accumulation_steps > 1)
    attended = model.attention_window and 4 * (model.attention_window + training.bptt_length) + 8 * model.attention_size
    numbers = model.num_layers * 19 * model.hidden_size + 4 * vocabulary + attended + 3 * model.feed_forward_size
    return 4 * (copies * weights + training.batch_size * training.bptt_length * numbers) + PROGRAM


def free_bytes() -> int:
    """The memory that programs may still take; where the system does not say, all that there is."""
    try:
        available = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())
        if available:
            return int(available[1]) * 1024
    except OSError:
        pass
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@contextmanager
def memory_explained(model: ModelSettings, training: TrainingSettings, grammar: Grammar) -> Iterator[None]:
    """Turns running out of memory into a TrainingError that says what would fit into what was free at the beginning."""
    free = free_bytes()
    try:
        yield
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        vocabulary, classes = grammar.vocabulary_size, grammar.class_count
        needed = bytes_needed(model, training, vocabulary, classes)
        raise TrainingError(
            f"Memory ran out: this training needs about {needed / 1e9:.1f} GB where {free / 1e9:.1f} GB were free; "
            f"train {what_fits(model, training, vocabulary, classes, free)}."
        ) from error


def what_fits(model: ModelSettings, training: TrainingSettings, vocabulary: int, classes: int, free: int) -> str:
    """What to ask for instead: half the batch or less, else a smaller size, else shorter segments."""
    batch_size = training.batch_size // 2
    while batch_size:
        fewer = training.model_copy(update={"batch_size": batch_size})
        if bytes_needed(model, fewer, vocabulary, classes) <= free:
            return f"with --set batch_size={batch_size}"
        batch_size //= 2
    one = training.model_copy(update={"batch_size": 1})
    for size, shape in sorted(SIZES.items(), key=lambda item: -item[1]["hidden_size"]):
        smaller = model.model_copy(update=shape)
        if shape["hidden_size"] < model.hidden_size and bytes_needed(smaller, one, vocabulary, classes) <= free:
            return f"a smaller model, with --size {size} --set batch_size=1"
    return (
        f"with shorter segments, --set bptt_length={max(1, training.bptt_length // 2)} --set batch_size=1 --size tiny"
    )
