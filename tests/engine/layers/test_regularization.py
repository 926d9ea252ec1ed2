"""Dropout, weight-drop and penalties: each acts in training, as its formula says, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from engine import toys
from seqgen.engine.layers.regularization import Regularization
from seqgen.engine.settings import TrainingSettings
from seqgen.grammar import BOS


def regularization(step=3, **settings):
    return Regularization(TrainingSettings(**{"dropout": 0.0, **settings}), tf.constant(step))


def segment(streams=2):
    """Two documents and a half in each of some streams, and the grammar's states: int32[T, B]."""
    documents = [[BOS, 3, 2, 1], [BOS, 5, 4, 7, 6, 1], [BOS, 3]]
    ids = np.concatenate(documents)
    states = np.concatenate([toys.turns().unroll(np.array(document)) for document in documents])
    return tuple(tf.constant(np.repeat(part[:, None], streams, 1), tf.int32) for part in (ids, states))


@pytest.fixture(scope="module")
def model():
    return toys.model(attention_window=0, feed_forward_size=0)


def nats(model, noise=None):
    ids, states = segment()
    return model.negative_log_likelihood(ids[:-1], ids[1:], states[:-1], model.initial_memory(2), noise)[0].numpy()


def left_out(kind, step=3, place=0):
    """Which units are 0, bool[T, B, H]; what is left is scaled up so that the mean stays."""
    dropped = regularization(step, dropout=0.5, dropout_mask=kind).dropout(tf.ones((6, 3, 32)), place).numpy()
    assert set(np.unique(dropped)) == {0, 2}
    assert 0.3 < (dropped == 0).mean() < 0.7
    return dropped == 0


def test_locked_dropout_leaves_out_the_same_units_at_all_steps_of_a_segment():
    locked = left_out("locked")
    assert (locked == locked[:1]).all()
    assert not (locked[:, 0] == locked[:, 1]).all()
    rows = regularization(dropout=0.5, dropout_mask="locked").dropout(tf.ones((9, 16)), 0).numpy()
    assert not (rows == rows[:1]).all()
    per_step = left_out("per_step")
    assert not (per_step == per_step[:1]).all()


@pytest.mark.parametrize("kind", ["locked", "per_step"])
def test_what_is_left_out_follows_the_step_and_the_layer_and_nothing_else(kind):
    np.testing.assert_array_equal(left_out(kind), left_out(kind))
    assert not np.array_equal(left_out(kind), left_out(kind, step=4))
    assert not np.array_equal(left_out(kind), left_out(kind, place=1))


@pytest.mark.parametrize("rate", [0.001, 0.2, 0.9])
def test_the_share_left_out_is_the_rate_and_the_mean_stays(rate):
    dropped = regularization(dropout=rate).dropout(tf.ones((101, 33, 301)), 0).numpy()
    chance = (rate * (1 - rate) / dropped.size) ** 0.5
    assert (dropped == 0).mean() == pytest.approx(rate, abs=4 * chance + 2**-16)
    assert dropped.mean() == pytest.approx(1, abs=4 * chance / (1 - rate))


def test_token_dropout_hides_tokens_and_what_is_hidden_is_not_read(model):
    ids, states = (part[:-1] for part in segment(streams=16))
    noise = regularization(token_dropout=0.5)
    hidden = noise.hide_tokens(ids, -1).numpy() == -1
    assert 0.3 < hidden.mean() < 0.7
    np.testing.assert_array_equal(noise.hide_tokens(ids, -1).numpy()[~hidden], ids.numpy()[~hidden])
    assert not (regularization(step=4, token_dropout=0.5).hide_tokens(ids, -1).numpy() == -1)[hidden].all()
    others = tf.where(hidden & (ids.numpy() != BOS), 2, ids)

    def read(ids, noise=None):
        classes = tf.gather(model.tables.state_class, states)
        output, _ = model.forward(ids, classes, model.initial_memory(16), noise)
        return output.hidden.numpy()

    np.testing.assert_array_equal(read(ids, noise), read(others, noise))
    assert not np.allclose(read(ids), read(others))
    assert not np.allclose(read(ids, noise), read(ids))


def test_weight_drop_leaves_out_recurrent_weights_alone_and_others_in_each_layer_and_step(model):
    thinned = regularization(weight_drop=0.5).drop_recurrent_weights(model.weights)
    masks = []
    for name, weight in model.weights.items():
        if name.endswith("recurrent_weights"):
            masks.append(np.asarray(thinned[name]) == 0)
            np.testing.assert_allclose(np.asarray(thinned[name])[~masks[-1]], 2 * weight.numpy()[~masks[-1]])
        else:
            assert thinned[name] is weight
    assert len(masks) == 2
    assert all(0.4 < mask.mean() < 0.6 for mask in masks)
    assert not np.array_equal(*masks)
    other = regularization(step=4, weight_drop=0.5).drop_recurrent_weights(model.weights)
    assert not all(np.array_equal(other[name], thinned[name]) for name in thinned)


def test_weight_drop_acts_in_the_forward_pass_and_a_weight_left_out_learns_nothing(model):
    names = [name for name in model.weights if name.endswith("recurrent_weights")]
    noise = regularization(weight_drop=0.5)
    with tf.GradientTape() as tape:
        ids, states = segment()
        loss = model.negative_log_likelihood(ids[:-1], ids[1:], states[:-1], model.initial_memory(2), noise)[0]
    thinned = noise.drop_recurrent_weights(model.weights)
    for name, gradient in zip(names, tape.gradient(loss, [model.weights[name] for name in names]), strict=True):
        absent = np.asarray(thinned[name]) == 0
        assert (gradient.numpy()[absent] == 0).all()
        assert (gradient.numpy()[~absent] != 0).mean() > 0.9
    assert np.abs(loss.numpy() - nats(model)).max() > 1e-3
    np.testing.assert_array_equal(nats(model, regularization()), nats(model))


@pytest.mark.parametrize("kind", ["locked", "per_step"])
def test_dropout_acts_in_the_forward_pass(model, kind):
    assert np.abs(nats(model, regularization(dropout=0.5, dropout_mask=kind)) - nats(model)).max() > 1e-3


def test_penalties_are_those_of_merity_and_do_not_reach_across_documents():
    random = np.random.default_rng(0)
    hiddens, dropped = random.normal(size=(2, 7, 3, 5))
    resets = random.random((7, 3)) < 0.3
    noise = regularization(activation_regularization=2.0, temporal_activation_regularization=3.0)
    noise.add_activation_penalties(
        *(tf.constant(value, tf.float32) for value in (hiddens, dropped)), tf.constant(resets)
    )
    changes = [(hiddens[t, b] - hiddens[t - 1, b]) ** 2 * (not resets[t, b]) for t in range(1, 7) for b in range(3)]
    assert resets[1:].any()
    assert float(noise.penalty) == pytest.approx(2 * np.mean(dropped**2) + 3 * np.mean(changes), rel=1e-5)


def test_the_last_layers_output_is_what_is_penalised(model):
    """Its hidden states one by one, from the memory that a segment of one step leaves."""
    ids, _ = segment()
    memory, hiddens = model.initial_memory(2), []
    classes = tf.zeros_like(ids)
    for t in range(len(ids)):
        _, memory = model.forward(ids[t : t + 1], classes[t : t + 1], memory)
        hiddens.append(memory.hidden[-1].numpy())
    inside = ids[1:].numpy()[:, :, None] != BOS
    for setting, expected in {
        "activation_regularization": np.mean(np.square(hiddens)),
        "temporal_activation_regularization": np.mean(np.square(np.diff(hiddens, axis=0)) * inside),
    }.items():
        noise = regularization(**{setting: 1.0})
        model.forward(ids, classes, model.initial_memory(2), noise)
        assert float(noise.penalty) == pytest.approx(expected, rel=1e-4)
    nothing = regularization()
    model.forward(ids, classes, model.initial_memory(2), nothing)
    assert float(nothing.penalty) == 0
