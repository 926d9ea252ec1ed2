"""Packed streams: pure in the step, every token about once an epoch, documents never cut."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from letters import Letters, Line

from seqgen import AuxiliaryTargets, CorpusError, PluginError
from seqgen.corpus.storage.documents import Documents
from seqgen.corpus.storage.training_batches import TrainingBatches
from seqgen.grammar import BOS, EOS, Conditions, Grammar, unconstrained

LETTERS = Letters()
GRAMMAR = LETTERS.grammar()
AUXILIARY_STATE = GRAMMAR.state_count
"""The state of auxiliary targets: one more, which nothing leads to."""
WITH_AUXILIARY_STATE = Grammar(
    *(np.pad(table, ((0, 1), (0, 0)), "edge") for table in (GRAMMAR.allowed, GRAMMAR.next_state)), GRAMMAR.start
)


def documents(count: int, max_length: int = 30, seed: int = 0) -> Documents:
    rng = np.random.default_rng(seed)
    lines = ["".join(rng.choice(list("abcdefgh"), rng.integers(1, max_length))) for _ in range(count)]
    return Documents.from_examples([(example.ids, example.weights) for example in map(encode, lines)])


def encode(line: str):
    return LETTERS.encode(Line(line))


def stream(docs: Documents, *, batch_size: int = 4, bptt_length: int = 8, seed: int = 3, augment=None, auxiliary=None):
    grammar = WITH_AUXILIARY_STATE if auxiliary else GRAMMAR
    return TrainingBatches(
        docs, grammar, batch_size=batch_size, bptt_length=bptt_length, seed=seed, augment=augment,
        auxiliary_targets=auxiliary,
    )  # fmt: skip


def same(one, other) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("augment", [None, LETTERS.training.augment])
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
    one = stream(documents(20), batch_size=3, bptt_length=7)
    for step in range(40):
        batch, following = one.batch(step), one.batch(step + 1)
        assert batch.conditions is None
        for field, kind in zip(batch[:4], (np.int32, np.int32, np.float32, np.int32), strict=True):
            assert (field.shape, field.dtype) == ((7, 3), kind)
        np.testing.assert_array_equal(batch.targets[:-1], batch.inputs[1:])
        np.testing.assert_array_equal(batch.targets[-1], following.inputs[0])
        assert (batch.weights[batch.targets == BOS] == 0).all()
        assert (batch.weights[batch.targets != BOS] == 1).all()


def test_auxiliary_targets_replace_what_follows_and_nothing_that_is_read():
    def auxiliary(ids, rng):
        if len(ids) <= 3:
            return None
        return AuxiliaryTargets(np.array([0, 2]), np.array([7, 8]), np.array([0.5, 4.0]), np.full(2, AUXILIARY_STATE))

    docs, plain, replaced = documents(20), stream(documents(20)), stream(documents(20), auxiliary=auxiliary)
    learned = Counter()
    for step in range(2 * round(docs.token_count / (4 * 8))):
        batch, changed = plain.batch(step), replaced.batch(step)
        np.testing.assert_array_equal(changed.inputs, batch.inputs)
        at_target = changed.states == AUXILIARY_STATE
        for one, other in ((changed.targets, batch.targets), (changed.weights, batch.weights)):
            np.testing.assert_array_equal(one[~at_target], other[~at_target])
        after_bos = batch.inputs[at_target] == BOS
        np.testing.assert_array_equal(changed.targets[at_target], np.where(after_bos, 7, 8))
        np.testing.assert_array_equal(changed.weights[at_target], np.where(after_bos, 0.5, 4))
        learned.update(changed.targets[at_target].tolist())
    longer = sum(length > 3 for length in docs.lengths)
    # Two epochs; at either end a stream may be in the middle of a document.
    assert all(abs(learned[target] - 2 * longer) <= 2 * 4 for target in (7, 8))


@pytest.mark.parametrize(
    ("position", "targets", "state", "sentence"),
    [
        (-1, [7], 0, "auxiliary_targets has position"),
        (0, [7, 8], 0, "must return as many of each"),
        (0, [7], AUXILIARY_STATE + 1, f"one of the grammar's {WITH_AUXILIARY_STATE.state_count} states"),
        (0, [BOS], 0, "a target that the grammar forbids"),
    ],
)
def test_impossible_auxiliary_targets_are_the_plugins_fault(position, targets, state, sentence):
    def auxiliary(ids, rng):
        return AuxiliaryTargets(np.array([position % len(ids)]), np.array(targets), np.ones(1), np.array([state]))

    with pytest.raises(PluginError, match=sentence):
        stream(documents(20), auxiliary=auxiliary).batch(0)


AHEAD = Conditions(np.zeros(len(LETTERS.vocabulary), np.int32), np.ones((GRAMMAR.class_count, 1), bool), (100,))
"""Each token moves on, and the channel says how many tokens the document has, at every step."""


def show_length(ids, rng, metadata):
    return np.where(np.arange(len(ids)) > 0, len(ids), 0)[:, None].astype(np.int32)


def test_each_position_of_a_batch_has_the_conditions_of_its_document():
    stream = TrainingBatches(
        documents(20), GRAMMAR, batch_size=3, bptt_length=7, seed=3, conditions=AHEAD, show_conditions=show_length
    )
    inputs, heard = [], []
    for step in range(80):
        batch = stream.batch(step)
        assert batch.conditions.rows.shape == batch.inputs.shape
        inputs.append(batch.inputs)
        heard.append(batch.conditions.values[batch.conditions.rows, np.arange(3), 0])
    for ids, lengths in zip(np.concatenate(inputs).T, np.concatenate(heard).T, strict=True):
        starts = np.flatnonzero(ids == BOS)
        for start, end in itertools.pairwise(starts):
            assert lengths[start:end].tolist() == [0, *[end - start] * (end - start - 1)]
    assert same(stream.batch(7).conditions, stream.batch(7).conditions)


def test_conditions_that_no_channel_has_are_the_plugins_fault():
    stream = TrainingBatches(
        documents(20), GRAMMAR, batch_size=3, bptt_length=7, seed=3, conditions=AHEAD,
        show_conditions=lambda *given: show_length(*given) + 1,
    )  # fmt: skip
    with pytest.raises(PluginError, match="says something of step 0"):
        stream.batch(0)


@pytest.mark.parametrize("window", range(6))
def test_every_epoch_of_steps_covers_every_token_about_once(window):
    rng = np.random.default_rng(0)
    sizes = rng.integers(5, 40, 200)
    docs = Documents.from_examples(
        [(np.array([BOS, *[2 + number] * size, EOS]), np.ones(size + 2)) for number, size in enumerate(sizes)]
    )
    one = TrainingBatches(docs, unconstrained(202), batch_size=4, bptt_length=4, seed=3)
    steps = round(docs.token_count / (4 * 4))
    seen = Counter()
    for step in range(steps * window, steps * (window + 1)):
        seen.update(one.batch(step).inputs.ravel().tolist())
    # At either end of the window a stream may be in the middle of a document, or one document ahead or behind.
    assert sum(seen[2 + number] == size for number, size in enumerate(sizes)) >= 200 - 2 * 2 * 4


def test_no_document_is_repeated_before_all_were_seen():
    docs = Documents.from_examples([(np.array([BOS, letter, EOS]), np.ones(3)) for letter in range(2, 28)])
    one = stream(docs, batch_size=1, bptt_length=3)
    for epoch in range(5):
        batches = [one.batch(26 * epoch + step).inputs[1, 0] for step in range(26)]
        assert sorted(batches) == list(range(2, 28))


def test_streams_begin_at_spread_offsets():
    docs = Documents.from_examples([(np.array([BOS, *[5] * 14, EOS]), np.ones(16))] * 50)
    states = stream(docs, batch_size=4, bptt_length=16).batch(0).inputs
    assert [int(np.flatnonzero(column == BOS)[0]) for column in states.T] == [0, 12, 8, 4]


def test_one_huge_document_among_small_ones():
    docs = documents(6, max_length=5)
    huge = encode("abcdefgh" * 200)
    docs = Documents.from_examples([*(docs[number] for number in range(6)), (huge.ids, huge.weights)])
    forwards = [stream(docs, batch_size=8, bptt_length=16).batch(step) for step in range(0, 400, 37)]
    used = stream(docs, batch_size=8, bptt_length=16)
    for number, step in reversed(list(enumerate(range(0, 400, 37)))):
        assert same(used.batch(step), forwards[number])


def test_documents_are_whole_but_for_those_at_which_streams_begin():
    docs = documents(15)
    known = {tuple(docs[number][0].tolist()) for number in range(len(docs))}
    one = stream(docs, batch_size=4, bptt_length=8)
    tape = np.concatenate([one.batch(step).inputs for step in range(100)])
    for column in tape.T.tolist():
        starts = [position for position, token in enumerate(column) if token == BOS]
        for start, end in itertools.pairwise(starts):
            assert tuple(column[start:end]) in known


def test_states_follow_the_grammar_across_segments():
    one = stream(documents(15), batch_size=4, bptt_length=8)
    batches = [one.batch(step) for step in range(60)]
    inputs = np.concatenate([batch.inputs for batch in batches])
    states = np.concatenate([batch.states for batch in batches])
    expected = GRAMMAR.next_state[states[:-1], inputs[1:]]
    np.testing.assert_array_equal(states[1:], expected)


def test_every_passing_of_a_document_is_augmented_afresh_and_as_a_whole():
    docs = documents(1, max_length=40)
    one = stream(docs, batch_size=2, bptt_length=len(docs[0][0]), augment=LETTERS.training.augment)
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
    one = stream(documents(2, max_length=4), batch_size=3, bptt_length=200)
    first = one.batch(7)
    assert same(first, stream(documents(2, max_length=4), batch_size=3, bptt_length=200).batch(7))


def test_an_augment_of_another_length_is_refused():
    with pytest.raises(PluginError, match="keep the length"):
        stream(documents(3), augment=lambda ids, rng: ids[:-1]).batch(0)


def test_no_documents_and_illegal_documents_are_errors():
    with pytest.raises(CorpusError, match="no documents"):
        stream(Documents.from_examples([]))
    illegal = Documents.from_examples([(np.array([BOS, EOS]), np.array([0, 1]))])
    with pytest.raises(CorpusError, match="does not follow the grammar"):
        stream(illegal).batch(0)
    assert TrainingBatches(illegal, unconstrained(28), batch_size=1, bptt_length=2, seed=0).batch(0).inputs.shape == (
        2,
        1,
    )
