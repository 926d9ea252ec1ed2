"""Evaluation batches: each target exactly once, with the true states, by brute force."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from letters import Letters, Line

from seqgen.corpus.storage.documents import Documents
from seqgen.corpus.storage.evaluation_batches import evaluation_batches
from seqgen.grammar import BOS

LETTERS = Letters()
GRAMMAR = LETTERS.grammar()


def make(lengths: list[int]) -> Documents:
    rng = np.random.default_rng(1)
    lines = ["".join(rng.choice(list("abcdefgh"), length)) for length in lengths]
    examples = [LETTERS.encode(Line(line)) for line in lines]
    return Documents.from_examples([(example.ids, np.arange(len(example.ids)) / 8) for example in examples])


@pytest.mark.parametrize("max_length", [None, 1, 5, 16, 1000])
@pytest.mark.parametrize(("batch_size", "bptt_length"), [(1, 1), (1, 7), (3, 8), (8, 64)])
def test_every_target_exactly_once(batch_size, bptt_length, max_length):
    docs = make([1, 40, 3, 100, 7, 7, 1, 22])
    counted = Counter()
    state_after = [GRAMMAR.unroll(docs[number][0]) for number in range(len(docs))]
    position = np.zeros(batch_size, int)
    for batch, owner in evaluation_batches(
        docs, GRAMMAR, batch_size=batch_size, bptt_length=bptt_length, max_length=max_length
    ):
        assert owner.dtype == np.int32
        fields = (batch.inputs, batch.targets, batch.weights, batch.states, owner)
        assert all(field.shape == (bptt_length, batch_size) for field in fields)
        for step in range(bptt_length):
            for stream in range(batch_size):
                number, target, weight = owner[step, stream], batch.targets[step, stream], batch.weights[step, stream]
                if number < 0:
                    assert (batch.inputs[step, stream], weight) == (BOS, 0)
                    continue
                # The weight of these documents tells the place in the document: 8 · weight.
                place = int(8 * weight)
                ids = docs[int(number)][0]
                assert target == ids[place]
                assert batch.inputs[step, stream] == ids[place - 1]
                assert batch.states[step, stream] == state_after[number][place - 1]
                # Within a stream a document goes on from its last place, or begins again at a BOS.
                if place > 1 and position[stream] != place - 1:
                    assert max_length is not None
                position[stream] = place
                counted[int(number), place] += 1
    assert counted == Counter(
        {(number, place): 1 for number in range(len(docs)) for place in range(1, int(docs.lengths[number]))}
    )


def test_a_later_piece_begins_with_bos():
    docs = make([20])
    batches = [batch for batch, _ in evaluation_batches(docs, GRAMMAR, batch_size=3, bptt_length=32, max_length=7)]
    assert len(batches) == 1
    assert (batches[0].inputs[0] == BOS).all()
    assert (batches[0].weights[0] == 0).sum() == 2  # all but the first piece


def test_streams_are_filled_evenly():
    docs = make([100, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10])
    assert sum(1 for _ in evaluation_batches(docs, GRAMMAR, batch_size=2, bptt_length=1)) == 11 * 10


def test_a_huge_document_is_shared():
    docs = make([999, 5])
    alone = sum(1 for _ in evaluation_batches(docs, GRAMMAR, batch_size=10, bptt_length=10))
    shared = sum(1 for _ in evaluation_batches(docs, GRAMMAR, batch_size=10, bptt_length=10, max_length=100))
    assert (alone, shared) == (100, 11)


def test_the_order_is_the_same_every_time():
    docs = make([5, 9, 9, 9, 3])
    first, second = (
        list(evaluation_batches(docs, GRAMMAR, batch_size=2, bptt_length=4, max_length=6)) for _ in range(2)
    )
    for (one, owner), (other, same_owner) in zip(first, second, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip((*one, owner), (*other, same_owner), strict=True))


def test_nothing_to_evaluate_gives_no_batches():
    assert list(evaluation_batches(Documents.from_examples([]), GRAMMAR, batch_size=2, bptt_length=4)) == []
