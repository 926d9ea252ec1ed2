"""Packed streams: pure in the step, every token about once an epoch, documents never cut."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from letters import Letters, Line

from seqgen import CorpusError, PluginError, Questions
from seqgen.corpus.storage.store import Documents
from seqgen.corpus.storage.stream import Stream
from seqgen.grammar import BOS, EOS, Grammar, unconstrained

LETTERS = Letters()
GRAMMAR = LETTERS.grammar()
ASKING = GRAMMAR.state_count
"""The state that questions are asked in: one more, which nothing leads to."""
ASKED = Grammar(
    *(np.pad(table, ((0, 1), (0, 0)), "edge") for table in (GRAMMAR.allowed, GRAMMAR.next_state)), GRAMMAR.start
)


def documents(count: int, longest: int = 30, seed: int = 0) -> Documents:
    rng = np.random.default_rng(seed)
    lines = ["".join(rng.choice(list("abcdefgh"), rng.integers(1, longest))) for _ in range(count)]
    return Documents.from_examples([(example.ids, example.weights) for example in map(encode, lines)])


def encode(line: str):
    return LETTERS.encode(Line(line))


def stream(docs: Documents, *, streams: int = 4, steps: int = 8, seed: int = 3, augment=None, ask=None) -> Stream:
    return Stream(docs, ASKED if ask else GRAMMAR, streams=streams, steps=steps, seed=seed, augment=augment, ask=ask)


def same(one, other) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("augment", [None, LETTERS.augment])
def test_a_batch_is_a_pure_function_of_the_step(augment):
    docs = documents(20)
    forwards = [stream(docs, augment=augment).batch(step) for step in range(120)]
    used = stream(docs, augment=augment)
    for step in np.random.default_rng(0).permutation(120):
        assert same(used.batch(int(step)), forwards[step])


def test_seeds_differ():
    docs = documents(20)
    assert not same(stream(docs, seed=1).batch(5), stream(docs, seed=2).batch(5))


def test_shapes_types_and_targets():
    one = stream(documents(20), streams=3, steps=7)
    for step in range(40):
        batch, following = one.batch(step), one.batch(step + 1)
        for field, kind in zip(batch, (np.int32, np.int32, np.float32, np.int32), strict=True):
            assert (field.shape, field.dtype) == ((7, 3), kind)
        np.testing.assert_array_equal(batch.targets[:-1], batch.inputs[1:])
        np.testing.assert_array_equal(batch.targets[-1], following.inputs[0])
        assert (batch.weights[batch.targets == BOS] == 0).all()
        assert (batch.weights[batch.targets != BOS] == 1).all()


def test_questions_replace_what_follows_and_nothing_that_is_read():
    def ask(ids, rng):
        return Questions(np.array([0, 2]), np.array([7, 8]), np.array([0.5, 4.0]), ASKING) if len(ids) > 3 else None

    docs, plain, asking = documents(20), stream(documents(20)), stream(documents(20), ask=ask)
    answered = Counter()
    for step in range(2 * round(plain.epoch_steps)):
        batch, asked = plain.batch(step), asking.batch(step)
        np.testing.assert_array_equal(asked.inputs, batch.inputs)
        told = asked.states == ASKING
        for one, other in ((asked.targets, batch.targets), (asked.weights, batch.weights)):
            np.testing.assert_array_equal(one[~told], other[~told])
        after_bos = batch.inputs[told] == BOS
        np.testing.assert_array_equal(asked.targets[told], np.where(after_bos, 7, 8))
        np.testing.assert_array_equal(asked.weights[told], np.where(after_bos, 0.5, 4))
        answered.update(asked.targets[told].tolist())
    longer = sum(length > 3 for length in docs.lengths)
    # Two epochs; at either end a stream may be in the middle of a document.
    assert all(abs(answered[answer] - 2 * longer) <= 2 * 4 for answer in (7, 8))


@pytest.mark.parametrize(
    ("place", "answers", "state", "sentence"),
    [
        (-1, [7], 0, "questions are asked after id"),
        (0, [7, 8], 0, "must give as many of each"),
        (0, [7], ASKING + 1, f"one of the grammar's {ASKED.state_count} states"),
        (0, [BOS], 0, "an answer that the grammar forbids"),
    ],
)
def test_questions_that_cannot_be_are_the_plugins_fault(place, answers, state, sentence):
    def ask(ids, rng):
        return Questions(np.array([place % len(ids)]), np.array(answers), np.ones(1), state)

    with pytest.raises(PluginError, match=sentence):
        stream(documents(20), ask=ask).batch(0)


@pytest.mark.parametrize("window", range(6))
def test_every_epoch_of_steps_covers_every_token_about_once(window):
    rng = np.random.default_rng(0)
    sizes = rng.integers(5, 40, 200)
    docs = Documents.from_examples(
        [(np.array([BOS, *[2 + number] * size, EOS]), np.ones(size + 2)) for number, size in enumerate(sizes)]
    )
    one = Stream(docs, unconstrained(202), streams=4, steps=4, seed=3)
    steps = round(one.epoch_steps)
    seen = Counter()
    for step in range(steps * window, steps * (window + 1)):
        seen.update(one.batch(step).inputs.ravel().tolist())
    # At either end of the window a stream may be in the middle of a document, or one document ahead or behind.
    assert sum(seen[2 + number] == size for number, size in enumerate(sizes)) >= 200 - 2 * 2 * 4


def test_no_document_is_repeated_before_all_were_seen():
    docs = Documents.from_examples([(np.array([BOS, letter, EOS]), np.ones(3)) for letter in range(2, 28)])
    one = stream(docs, streams=1, steps=3)
    for epoch in range(5):
        batches = [one.batch(26 * epoch + step).inputs[1, 0] for step in range(26)]
        assert sorted(batches) == list(range(2, 28))


def test_streams_begin_at_spread_offsets():
    docs = Documents.from_examples([(np.array([BOS, *[5] * 14, EOS]), np.ones(16))] * 50)
    states = stream(docs, streams=4, steps=16).batch(0).inputs
    assert [int(np.flatnonzero(column == BOS)[0]) for column in states.T] == [0, 12, 8, 4]


def test_one_huge_document_among_small_ones():
    docs = documents(6, longest=5)
    huge = encode("abcdefgh" * 200)
    docs = Documents.from_examples([*(docs[number] for number in range(6)), (huge.ids, huge.weights)])
    forwards = [stream(docs, streams=8, steps=16).batch(step) for step in range(0, 400, 37)]
    used = stream(docs, streams=8, steps=16)
    for number, step in reversed(list(enumerate(range(0, 400, 37)))):
        assert same(used.batch(step), forwards[number])


def test_documents_are_whole_but_for_those_at_which_streams_begin():
    docs = documents(15)
    known = {tuple(docs[number][0].tolist()) for number in range(len(docs))}
    one = stream(docs, streams=4, steps=8)
    tape = np.concatenate([one.batch(step).inputs for step in range(100)])
    for column in tape.T.tolist():
        starts = [position for position, token in enumerate(column) if token == BOS]
        for start, end in itertools.pairwise(starts):
            assert tuple(column[start:end]) in known


def test_states_follow_the_grammar_across_segments():
    one = stream(documents(15), streams=4, steps=8)
    batches = [one.batch(step) for step in range(60)]
    inputs = np.concatenate([batch.inputs for batch in batches])
    states = np.concatenate([batch.states for batch in batches])
    expected = GRAMMAR.next_state[states[:-1], inputs[1:]]
    np.testing.assert_array_equal(states[1:], expected)


def test_every_passing_of_a_document_is_augmented_afresh_and_as_a_whole():
    docs = documents(1, longest=40)
    one = stream(docs, streams=2, steps=len(docs[0][0]), augment=LETTERS.augment)
    original = docs[0][0]
    shifts = set()
    tape = np.concatenate([one.batch(step).inputs for step in range(10)])
    for column in tape.T:
        starts = np.flatnonzero(column == BOS)
        for start, end in itertools.pairwise(starts):
            moved = (column[start + 1 : end - 1] - original[1:-1]) % 26
            assert len(set(moved.tolist())) == 1
            shifts.add(int(moved[0]))
    assert len(shifts) > 6


def test_a_segment_may_be_longer_than_an_epoch():
    one = stream(documents(2, longest=4), streams=3, steps=200)
    first = one.batch(7)
    assert same(first, stream(documents(2, longest=4), streams=3, steps=200).batch(7))


def test_an_augment_of_another_length_is_refused():
    with pytest.raises(PluginError, match="keep the length"):
        stream(documents(3), augment=lambda ids, rng: ids[:-1]).batch(0)


def test_no_documents_and_illegal_documents_are_errors():
    with pytest.raises(CorpusError, match="no documents"):
        stream(Documents.from_examples([]))
    illegal = Documents.from_examples([(np.array([BOS, EOS]), np.array([0, 1]))])
    with pytest.raises(CorpusError, match="does not follow the grammar"):
        stream(illegal).batch(0)
    assert Stream(illegal, unconstrained(28), streams=1, steps=2, seed=0).batch(0).inputs.shape == (2, 1)
