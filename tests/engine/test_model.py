"""The model: packed streams change nothing, steps and segments agree, every part of it acts."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import tensorflow as tf

from engine import toys
from seqgen.corpus.storage.documents import Documents
from seqgen.corpus.storage.evaluation_batches import evaluation_batches
from seqgen.corpus.storage.training_batches import TrainingBatches
from seqgen.engine.scoring.scorer import Scorer
from seqgen.engine.settings import ModelSettings
from seqgen.engine.weights import weight_shapes
from seqgen.grammar import BOS

SHAPES = [
    {},
    {"attention_window": 0},
    {"feed_forward_size": 0, "num_layers": 1},
    {"state_embedding": False},
    {"registers": toys.repeating()},
    {"registers": toys.repeating(), "conditions": toys.ahead()},
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_packed_stream_gives_each_document_what_it_gets_alone(shape):
    model, documents = toys.model(**shape), toys.documents(12)
    packed = np.zeros(len(documents))
    memory = model.initial_memory(3)
    stored = Documents.from_examples([(ids, np.r_[0, np.ones(len(ids) - 1)]) for ids in documents])
    for batch, owner in evaluation_batches(stored, model.grammar, batch_size=3, bptt_length=7):
        nats, memory = model.negative_log_likelihood(
            *map(tf.constant, (batch.inputs, batch.targets, batch.states)), memory
        )
        counted = owner >= 0
        np.add.at(packed, owner[counted], (nats.numpy() * batch.weights)[counted])
    scorer = Scorer(model)
    alone = [scorer.negative_log_likelihood(ids).sum() for ids in documents]
    np.testing.assert_allclose(packed, alone, rtol=1e-5)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_step_by_step_gives_the_logits_of_the_whole_segment_beyond_the_window_too(shape):
    model = toys.model(**shape)
    ids = toys.documents(1, seed=5)[0][:40][:, None]
    states = model.grammar.unroll(ids[:, 0])[:, None]
    classes, allowed = model.grammar.state_class[states], tf.constant(model.grammar.allowed[states])
    x, _ = model.forward(tf.constant(ids), tf.constant(classes), model.initial_memory(1))
    whole_segment = model.logits(x, allowed).numpy()
    memory, one_by_one = model.initial_memory(1), []
    for t in range(len(ids)):
        x, memory = model.forward(tf.constant(ids[t : t + 1]), tf.constant(classes[t : t + 1]), memory)
        one_by_one.append(model.logits(x, allowed[t : t + 1])[0].numpy())
    assert len(ids) > 2 * model.settings.attention_window
    np.testing.assert_allclose(np.stack(one_by_one), whole_segment, atol=1e-4)


@pytest.fixture(scope="module")
def scorer():
    return Scorer(toys.model())


def test_no_probability_is_spent_on_what_the_grammar_forbids(scorer):
    model, ids = scorer.model, toys.documents(1)[0]
    probabilities = scorer.probabilities(ids)
    allowed = model.grammar.allowed[model.grammar.unroll(ids)]
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)
    assert (probabilities[~allowed] == 0).all()
    assert (probabilities[allowed] > 0).all()


def test_scores_do_not_depend_on_where_segments_are_cut(scorer):
    long = np.concatenate([[0], np.tile([3, 2, 5, 4], 100)]).astype(np.int32)
    nats = scorer.negative_log_likelihood(long)
    np.testing.assert_allclose(scorer.negative_log_likelihood(long[:130]), nats[:130], atol=1e-5)
    assert nats[0] == 0
    assert len(nats) == len(long)


@pytest.fixture(scope="module")
def scorer_of_one_layer():
    return Scorer(toys.model(num_layers=1, registers=toys.repeating(), conditions=toys.ahead()))


@pytest.mark.parametrize(
    "name",
    list(
        weight_shapes(
            ModelSettings(attention_window=6, feed_forward_size=8, num_layers=1, coordinates=True, condition_size=12),
            9,
            2,
            toys.repeating(),
            toys.ahead(),
        )
    ),
)
def test_every_weight_changes_the_likelihood(scorer_of_one_layer, name):
    ids, weight = toys.documents(1, seed=2)[0], scorer_of_one_layer.model.weights[name]
    shown = toys.known_ahead(ids, np.random.default_rng(0))

    def costs():
        return [scorer_of_one_layer.negative_log_likelihood(ids, conditions=known) for known in (shown, None)]

    before, original = costs(), weight.numpy()
    weight.assign(original * 1.5 + np.linspace(-1, 1, weight.shape[-1]))
    after = costs()
    weight.assign(original)
    assert np.abs(after[0] - before[0]).max() > 1e-4
    is_heard = np.abs(after[1] - before[1]).max() > 0
    assert is_heard == (not name.startswith("conditions/"))


def test_a_packed_stream_gives_each_document_what_it_gets_alone_with_what_is_known_ahead():
    model, documents = toys.model(conditions=toys.ahead()), toys.documents(12)
    stored = Documents.from_examples([(ids, np.r_[0, np.ones(len(ids) - 1)]) for ids in documents])
    stream = TrainingBatches(
        stored, model.grammar, batch_size=2, bptt_length=7, seed=0, conditions=model.conditions,
        show_conditions=lambda ids, *_: toys.known_ahead(ids, np.random.default_rng(len(ids))),
    )  # fmt: skip
    memory, inputs, costs = model.initial_memory(2), [], []
    for step in range(60):
        batch = stream.batch(step)
        nats, memory = model.negative_log_likelihood(
            *map(tf.constant, (batch.inputs, batch.targets, batch.states)), memory, conditions=batch.conditions
        )
        inputs.append(batch.inputs)
        costs.append(nats.numpy())
    scorer, checked = Scorer(model), 0
    for ids_of_stream, nats_of_stream in zip(np.concatenate(inputs).T, np.concatenate(costs).T, strict=True):
        starts = np.flatnonzero(ids_of_stream == BOS)
        for start, end in itertools.pairwise(starts):
            ids = ids_of_stream[start:end]
            shown = toys.known_ahead(ids, np.random.default_rng(len(ids)))
            alone = scorer.negative_log_likelihood(ids, conditions=shown)[1:]
            np.testing.assert_allclose(nats_of_stream[start : end - 1], alone, atol=1e-4)
            checked += len(alone)
    assert checked > 500


def test_a_document_of_which_nothing_is_shown_is_as_likely_as_without_conditions():
    model, ids = toys.model(conditions=toys.ahead()), toys.documents(1, seed=2)[0]
    unknown = np.zeros_like(toys.known_ahead(ids, np.random.default_rng(0)))
    scorer = Scorer(model)
    np.testing.assert_array_equal(
        scorer.negative_log_likelihood(ids, conditions=unknown), scorer.negative_log_likelihood(ids)
    )
