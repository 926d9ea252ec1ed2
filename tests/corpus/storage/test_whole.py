"""Evaluation batches: each target exactly once, with the true states, by brute force."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from letters import Letters, Line

from seqgen.corpus.storage.store import Documents
from seqgen.corpus.storage.whole import whole
from seqgen.grammar import BOS

LETTERS = Letters()
GRAMMAR = LETTERS.grammar()


def make(lengths: list[int]) -> Documents:
    rng = np.random.default_rng(1)
    lines = ["".join(rng.choice(list("abcdefgh"), length)) for length in lengths]
    examples = [LETTERS.encode(Line(line)) for line in lines]
    return Documents.from_examples([(example.ids, np.arange(len(example.ids)) / 8) for example in examples])


@pytest.mark.parametrize("longest", [None, 1, 5, 16, 1000])
@pytest.mark.parametrize(("streams", "steps"), [(1, 1), (1, 7), (3, 8), (8, 64)])
def test_every_target_exactly_once(streams, steps, longest):
    docs = make([1, 40, 3, 100, 7, 7, 1, 22])
    counted = Counter()
    state_after = [GRAMMAR.unroll(docs[number][0]) for number in range(len(docs))]
    position = np.zeros(streams, int)
    for batch, owner in whole(docs, GRAMMAR, streams=streams, steps=steps, longest=longest):
        assert owner.dtype == np.int32
        assert all(field.shape == (steps, streams) for field in (*batch, owner))
        for step in range(steps):
            for lane in range(streams):
                number, target, weight = owner[step, lane], batch.targets[step, lane], batch.weights[step, lane]
                if number < 0:
                    assert (batch.inputs[step, lane], weight) == (BOS, 0)
                    continue
                # The weight of these documents tells the place in the document: 8 · weight.
                place = int(8 * weight)
                ids = docs[int(number)][0]
                assert target == ids[place]
                assert batch.inputs[step, lane] == ids[place - 1]
                assert batch.states[step, lane] == state_after[number][place - 1]
                # Within a stream a document goes on from its last place, or begins again at a BOS.
                if place > 1 and position[lane] != place - 1:
                    assert longest is not None
                position[lane] = place
                counted[int(number), place] += 1
    assert counted == Counter(
        {(number, place): 1 for number in range(len(docs)) for place in range(1, int(docs.lengths[number]))}
    )


def test_a_later_piece_begins_with_bos():
    docs = make([20])
    batches = [batch for batch, _ in whole(docs, GRAMMAR, streams=3, steps=32, longest=7)]
    assert len(batches) == 1
    assert (batches[0].inputs[0] == BOS).all()
    assert (batches[0].weights[0] == 0).sum() == 2  # all but the first piece


def test_streams_are_filled_evenly():
    docs = make([100, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10])
    assert sum(1 for _ in whole(docs, GRAMMAR, streams=2, steps=1)) == 11 * 10


def test_a_huge_document_is_shared():
    docs = make([999, 5])
    alone = sum(1 for _ in whole(docs, GRAMMAR, streams=10, steps=10))
    shared = sum(1 for _ in whole(docs, GRAMMAR, streams=10, steps=10, longest=100))
    assert (alone, shared) == (100, 11)


def test_the_order_is_the_same_every_time():
    docs = make([5, 9, 9, 9, 3])
    first, second = (list(whole(docs, GRAMMAR, streams=2, steps=4, longest=6)) for _ in range(2))
    for (one, owner), (other, same_owner) in zip(first, second, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip((*one, owner), (*other, same_owner), strict=True))


def test_nothing_to_evaluate_gives_no_batches():
    assert list(whole(Documents.from_examples([]), GRAMMAR, streams=2, steps=4)) == []
