"""The model: packed streams change nothing, steps and segments agree, every part of it acts."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from engine import toys
from seqgen.corpus.storage.evaluation_batches import evaluation_batches
from seqgen.corpus.storage.store import Documents
from seqgen.corpus.storage.training_batches import Batch
from seqgen.engine.layers.embedding import Lookup, projected
from seqgen.engine.layers.products import linear
from seqgen.engine.layers.rms_norm import normalise
from seqgen.engine.model import Model
from seqgen.engine.scoring.scorer import Scorer
from seqgen.engine.settings import ModelSettings, TrainingSettings
from seqgen.engine.training.trainer import Trainer
from seqgen.engine.weights import weight_shapes

BIAS_AND_RECURRENT = ("0/bias", "0/recurrent_weights")
SHAPES = [{}, {"attention_window": 0}, {"feed_forward_size": 0, "num_layers": 1}, {"state_embedding": False}]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_packed_stream_gives_each_document_what_it_gets_alone(shape):
    model, documents = toys.model(**shape), toys.documents(12)
    packed = np.zeros(len(documents))
    memory = model.empty_memory(3)
    stored = Documents.from_examples([(ids, np.r_[0, np.ones(len(ids) - 1)]) for ids in documents])
    for batch, owner in evaluation_batches(stored, model.grammar, batch_size=3, bptt_length=7):
        nats, memory = model.nats(*map(tf.constant, (batch.inputs, batch.targets, batch.states)), memory)
        counted = owner >= 0
        np.add.at(packed, owner[counted], (nats.numpy() * batch.weights)[counted])
    scorer = Scorer(model)
    alone = [scorer.nats(ids).sum() for ids in documents]
    np.testing.assert_allclose(packed, alone, rtol=1e-5)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_step_by_step_gives_the_logits_of_the_whole_segment_beyond_the_window_too(shape):
    model = toys.model(**shape)
    ids = toys.documents(1, seed=5)[0][:40][:, None]
    states = model.grammar.unroll(ids[:, 0])[:, None]
    classes, allowed = model.grammar.state_class[states], tf.constant(model.grammar.allowed[states])
    x, _ = model.forward(tf.constant(ids), tf.constant(classes), model.empty_memory(1))
    whole_segment = model.logits(x, allowed).numpy()
    memory, one_by_one = model.empty_memory(1), []
    for t in range(len(ids)):
        x, memory = model.forward(tf.constant(ids[t : t + 1]), tf.constant(classes[t : t + 1]), memory)
        one_by_one.append(model.logits(x, allowed[t : t + 1])[0].numpy())
    assert len(ids) > 2 * model.settings.attention_window
    np.testing.assert_allclose(np.stack(one_by_one), whole_segment, atol=1e-4)


def test_no_probability_is_spent_on_what_the_grammar_forbids():
    model, ids = toys.model(), toys.documents(1)[0]
    probabilities = Scorer(model).probabilities(ids)
    allowed = model.grammar.allowed[model.grammar.unroll(ids)]
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)
    assert (probabilities[~allowed] == 0).all()
    assert (probabilities[allowed] > 0).all()


def test_scores_do_not_depend_on_where_segments_are_cut():
    model = toys.model()
    long = np.concatenate([[0], np.tile([3, 2, 5, 4], 100)]).astype(np.int32)
    nats = Scorer(model).nats(long)
    np.testing.assert_allclose(Scorer(model).nats(long[:130]), nats[:130], atol=1e-5)
    assert nats[0] == 0
    assert len(nats) == len(long)


@pytest.mark.parametrize(
    "name", list(weight_shapes(ModelSettings(attention_window=6, feed_forward_size=8, num_layers=1), 9, 2))
)
def test_every_weight_changes_the_likelihood(name):
    model = toys.model(num_layers=1)
    ids = toys.documents(1, seed=2)[0]
    before = Scorer(model).nats(ids)
    model.weights[name].assign(model.weights[name] * 1.5 + np.linspace(-1, 1, model.weights[name].shape[-1]))
    assert np.abs(Scorer(model).nats(ids) - before).max() > 1e-4


def test_first_weights_are_orthogonal_with_an_open_forget_gate_and_follow_the_seed():
    settings, grammar = ModelSettings(hidden_size=16, num_layers=1), toys.turns()
    weights = Model.new(settings, grammar, seed=3).numpy()
    for gate in np.split(weights["recurrence_0/recurrent_weights"], 4, -1):
        np.testing.assert_allclose(gate @ gate.T, np.eye(16), atol=1e-5)
    assert weights["recurrence_0/bias"].reshape(4, 16).tolist() == [[0] * 16, [1] * 16, [0] * 16, [0] * 16]
    again, other = Model.new(settings, grammar, seed=3).numpy(), Model.new(settings, grammar, seed=4).numpy()
    np.testing.assert_array_equal(again["embedding"], weights["embedding"])
    assert not np.array_equal(other["embedding"], weights["embedding"])


def test_the_first_forget_bias_and_recurrent_matrices_can_be_others():
    settings = ModelSettings(hidden_size=64, num_layers=1, forget_bias=-2.5, recurrent_initializer="normal")
    weights = Model.new(settings, toys.turns(), seed=3).numpy()
    bias, recurrent = (next(v for name, v in weights.items() if name.endswith(part)) for part in BIAS_AND_RECURRENT)
    assert bias.reshape(4, 64)[:, 0].tolist() == [0, -2.5, 0, 0]
    assert recurrent.std() == pytest.approx(64**-0.5, rel=0.03)
    gate = recurrent[:, :64]
    assert np.abs(gate @ gate.T - np.eye(64)).max() > 0.2


def test_the_norms_gradient_is_that_of_its_formula():
    random = np.random.default_rng(0)
    x, gain = tf.Variable(random.normal(size=(3, 4, 5))), tf.Variable(random.normal(size=5))

    def formula(x, gain):
        return x / tf.sqrt(tf.reduce_mean(x**2, -1, keepdims=True) + 1e-6) * gain

    single = [tf.Variable(tf.cast(value, tf.float32)) for value in (x, gain)]
    with tf.GradientTape() as tape:
        expected = formula(x, gain)
        expected_gradients = tape.gradient(tf.reduce_sum(tf.sin(expected)), [x, gain])
    with tf.GradientTape() as tape:
        made = normalise(*single)
        gradients = tape.gradient(tf.reduce_sum(tf.sin(made)), single)
    np.testing.assert_allclose(made, expected, atol=1e-5)
    for gradient, value in zip(gradients, expected_gradients, strict=True):
        np.testing.assert_allclose(gradient, value, atol=1e-5)


def test_looking_products_up_is_the_product_of_what_is_looked_up():
    random = np.random.default_rng(0)
    ids = [random.integers(0, rows, (7, 3)).astype(np.int32) for rows in (6, 4)]
    tables = [tf.Variable(random.normal(size=(rows, 5)), dtype=tf.float32) for rows in (6, 4)]
    gain, weights = (tf.Variable(random.normal(size=shape), dtype=tf.float32) for shape in ((5,), (5, 8)))
    made, gradients = [], []
    for positions in (7, 1):  # 21 positions and 10 rows: looked up; 3 positions: multiplied
        parts = []
        with tf.GradientTape() as tape:
            for begin in range(0, 7, positions):
                part = slice(begin, begin + positions)
                lookups = [Lookup(table, tf.constant(i[part])) for table, i in zip(tables, ids, strict=True)]
                parts.append(projected(lookups, gain, weights, tf.float32))
            value = tf.concat(parts, 0)
            loss = tf.reduce_sum(tf.sin(value))
        made.append(value)
        gradients.append([tf.convert_to_tensor(g) for g in tape.gradient(loss, [*tables, gain, weights])])
    np.testing.assert_allclose(*made, atol=1e-5)
    for one, other in zip(*gradients, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_products_in_bfloat16_are_rounded_to_its_eight_bits_and_no_worse():
    random = np.random.default_rng(0)
    x, weights = (tf.Variable(random.normal(size=shape), dtype=tf.float32) for shape in ((32, 64), (64, 16)))
    results = []
    for precision in (tf.float32, tf.bfloat16):
        with tf.GradientTape() as tape:
            made = linear(x, weights, precision)
            loss = tf.reduce_sum(made * made)
        results.append([made, *tape.gradient(loss, [x, weights])])
    for exact, rounded in zip(*results, strict=True):
        error = np.abs(rounded - exact).max() / np.abs(exact).max()
        assert 1e-4 < error < 2**-6


def test_an_echo_state_network_learns_its_read_out_alone():
    model = Model.new(ModelSettings(hidden_size=32, num_layers=2, cell="echo", spectral_radius=0.8), toys.turns(), 0)
    learned = {name for name, weight in model.weights.items() if weight.trainable}
    assert learned == {"output/weights", "output/norm", "output/bias"}
    for layer in range(2):
        eigenvalues = np.linalg.eigvals(model.numpy()[f"recurrence_{layer}/recurrent_weights"])
        assert np.abs(eigenvalues).max() == pytest.approx(0.8, rel=1e-4)
    trainer = Trainer(model, TrainingSettings(batch_size=2, bptt_length=8, dropout=0.0))
    before, (ids, *_) = model.numpy(), toys.documents(1, seed=1)
    segment = np.resize(ids, (8, 2)).astype(np.int32)
    trainer.step(Batch(segment, segment, np.ones((8, 2), np.float32), np.zeros((8, 2), np.int32)), 0.0)
    changed = {name for name, value in model.numpy().items() if not np.array_equal(value, before[name])}
    assert changed == learned
