"""Conditions: the layer as its equations say, in float64, and what it forgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from seqgen import Example
from seqgen.corpus.storage.documents import Documents
from seqgen.corpus.storage.training_batches import TrainingBatches
from seqgen.engine.layers.conditions import (
    LOOK_AHEAD_OFFSETS,
    condition_weight_shapes,
    embed_conditions,
    read_conditions,
    rows_at,
)
from seqgen.engine.model import Model
from seqgen.engine.settings import ModelSettings, TrainingSettings
from seqgen.engine.training.trainer import Trainer
from seqgen.grammar import Conditions, build_grammar

SIZES, SIZE, HIDDEN = (4, 3), 5, 7
STEPS, BATCH = 6, 2
RANDOM = np.random.default_rng(0)
WEIGHTS = {name: RANDOM.normal(0, 0.7, shape) for name, shape in condition_weight_shapes(SIZE, HIDDEN, SIZES).items()}
TENSORS = {name: tf.constant(value, tf.float32) for name, value in WEIGHTS.items()}
VALUES = RANDOM.integers(0, SIZES, (STEPS, BATCH, 2)).astype(np.int32)
NO_RESETS = np.zeros((STEPS, BATCH), bool)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def reference_embedding(values: np.ndarray) -> np.ndarray:
    """norm(Σ_j E_j[v_j]) of one step; the rows of channel 0 come first, without one for unknown."""
    total = sum(
        (WEIGHTS["conditions/table"][first + value - 1] for first, value in zip((0, 3), values, strict=True) if value),
        np.zeros(SIZE),
    )
    return total / np.sqrt((total**2).mean() + 1e-6)


def reference(values: np.ndarray) -> np.ndarray:
    """h + a [S, D] of one sequence, from right to left, gate by gate."""
    h, c, result, embedded = np.zeros(SIZE), np.zeros(SIZE), [], [np.zeros(SIZE)] * (1 + max(LOOK_AHEAD_OFFSETS))
    bias = WEIGHTS["conditions/bias"].reshape(4, SIZE) * [[1], [1], [0], [1]]
    for step in reversed(values):
        e = reference_embedding(step)
        embedded.insert(0, e)
        z = e @ WEIGHTS["conditions/input_weights"] + h @ WEIGHTS["conditions/recurrent_weights"]
        i, f, g, o = z.reshape(4, SIZE) + bias
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        ahead = np.concatenate([embedded[offset] for offset in LOOK_AHEAD_OFFSETS])
        result.append(h + ahead @ WEIGHTS["conditions/look_ahead"])
    return np.array(result[::-1])


def test_it_reads_from_right_to_left_as_the_equations_say():
    heard = read_conditions(TENSORS, SIZES, tf.constant(VALUES), tf.constant(NO_RESETS)).numpy()
    for sequence in range(BATCH):
        np.testing.assert_allclose(heard[:, sequence], reference(VALUES[:, sequence]), atol=1e-5)


def test_what_is_right_of_a_reset_is_not_heard_left_of_it():
    resets = NO_RESETS.copy()
    resets[3] = True
    values = np.where(resets[..., None], 0, VALUES)
    heard = read_conditions(TENSORS, SIZES, tf.constant(values), tf.constant(resets)).numpy()
    np.testing.assert_allclose(heard[:3, 0], reference(VALUES[:3, 0]), atol=1e-5)
    np.testing.assert_allclose(heard[4:, 0], reference(VALUES[4:, 0]), atol=1e-5)
    np.testing.assert_array_equal(heard[3], 0)


def test_where_nothing_is_known_to_the_right_exactly_nothing_is_heard():
    values = VALUES.copy()
    values[2:] = 0
    values[1] = [[3, 0], [0, 1]]
    heard = read_conditions(TENSORS, SIZES, tf.constant(values), tf.constant(NO_RESETS)).numpy()
    np.testing.assert_array_equal(heard[2:], 0)
    assert (heard[:2] != 0).all()


def test_every_weight_gets_a_gradient():
    with tf.GradientTape() as tape:
        tape.watch(TENSORS)
        heard = read_conditions(TENSORS, SIZES, tf.constant(VALUES), tf.constant(NO_RESETS))
        total = tf.reduce_sum(tf.square(heard))
    gradients = tape.gradient(total, TENSORS)
    for name in set(TENSORS) - {"conditions/input"}:
        assert np.abs(tf.convert_to_tensor(gradients[name]).numpy()).max() > 0, name
    # The candidate has no bias.
    assert np.abs(gradients["conditions/bias"].numpy().reshape(4, SIZE)[2]).max() == 0


def test_embeddings_and_rows_are_looked_up():
    embedded = embed_conditions(TENSORS["conditions/table"], SIZES, tf.constant(VALUES)).numpy()
    np.testing.assert_allclose(embedded[4, 1], reference_embedding(VALUES[4, 1]), atol=1e-5)
    rows = np.array([[0, 5], [3, 3]], np.int32)
    np.testing.assert_array_equal(rows_at(tf.constant(embedded), tf.constant(rows)), embedded[rows, [0, 1]])


def test_training_learns_what_is_known_several_steps_ahead():
    """A condition names a token 8 steps before it stands at its place, and the LSTM has read 8 others since."""
    ahead, vocabulary, length = 8, 8, 40
    grammar = build_grammar(vocabulary, 0, lambda state: ((token, 0) for token in range(2, vocabulary)))
    random = np.random.default_rng(1)
    examples = [Example.document(random.integers(2, vocabulary, length), ends=False) for _ in range(60)]
    documents = Documents.from_examples([(one.ids, one.weights) for one in examples])
    conditions = Conditions(np.zeros(vocabulary, np.int32), np.ones((1, 1), bool), (vocabulary,))

    def show(ids: np.ndarray, rng: np.random.Generator, metadata: Mapping[str, Any]) -> np.ndarray:
        values = np.zeros((len(ids) + ahead - 1, 1), np.int32)
        values[ahead:, 0] = ids[1:] - 1
        return values

    settings = TrainingSettings(batch_size=8, bptt_length=32, dropout=0, learning_rate=0.02, warmup_steps=5)
    model = Model.new(ModelSettings(hidden_size=24, num_layers=1, condition_size=24), grammar, 0, None, conditions)
    batches = TrainingBatches(
        documents, grammar, batch_size=8, bptt_length=32, seed=0, conditions=conditions, show_conditions=show
    )
    trainer = Trainer(model, settings)
    losses = [float(trainer.step(batches.batch(step), step / 60)) for step in range(60)]
    # Guessing costs ln 6 = 1.79 nats.
    assert np.mean(losses[-10:]) < 0.3
