"""Drawn lengths of segments, and the stream that is cut by them."""

from __future__ import annotations

import numpy as np

from seqgen.corpus.storage.documents import Documents
from seqgen.corpus.storage.segment_lengths import BLOCK_SIZE, SegmentLengths
from seqgen.corpus.storage.training_batches import TrainingBatches
from seqgen.grammar import unconstrained


def test_lengths_are_one_for_every_step_unless_they_are_drawn():
    assert [SegmentLengths(64, 0, is_random=False).segment(step) for step in (0, 1, 10**9)] == [
        (0, 64),
        (64, 64),
        (64 * 10**9, 64),
    ]


def test_drawn_lengths_are_few_around_the_mean_and_its_half_and_leave_no_gap():
    lengths = SegmentLengths(64, 0, is_random=True)
    segments = np.array([lengths.segment(step) for step in range(BLOCK_SIZE + 100)])
    np.testing.assert_array_equal(segments[1:, 0], segments[:-1].sum(1))
    drawn, counts = np.unique(segments[:, 1], return_counts=True)
    assert drawn.tolist() == [24, 32, 40, 56, 64, 72]
    assert 0.04 < counts[:3].sum() / counts.sum() < 0.06
    # A standard deviation of 5/70 T leaves |noise| < T/16 in 62 of 100.
    assert 0.58 < counts[4] / counts[3:].sum() < 0.66
    assert SegmentLengths(64, 1, is_random=True).segment(BLOCK_SIZE) != lengths.segment(BLOCK_SIZE)


def test_a_segment_does_not_depend_on_what_was_asked_before():
    used = SegmentLengths(10, 7, is_random=True)
    forwards = [used.segment(step) for step in (3, BLOCK_SIZE - 1, BLOCK_SIZE, 2 * BLOCK_SIZE + 5)]
    assert [
        SegmentLengths(10, 7, is_random=True).segment(step)
        for step in (3, BLOCK_SIZE - 1, BLOCK_SIZE, 2 * BLOCK_SIZE + 5)
    ] == forwards
    assert [used.segment(step) for step in (2 * BLOCK_SIZE + 5, 3)] == [forwards[-1], forwards[0]]


def test_even_the_shortest_segment_has_a_step():
    assert min(SegmentLengths(1, 0, is_random=True).segment(step)[1] for step in range(200)) == 1


def test_a_stream_of_drawn_lengths_holds_the_same_tokens_cut_elsewhere():
    random = np.random.default_rng(0)
    documents = [np.r_[0, random.integers(2, 9, random.integers(3, 40)), 1] for _ in range(30)]
    stored = Documents.from_examples([(ids, np.r_[0, np.ones(len(ids) - 1)]) for ids in documents])
    fixed, drawn = (
        TrainingBatches(stored, unconstrained(9), batch_size=3, bptt_length=8, seed=5, random_bptt_length=is_random)
        for is_random in (False, True)
    )
    lengths = {len(drawn.batch(step).inputs) for step in range(300)}
    assert lengths == {3, 4, 5, 7, 8, 9}
    for part in ("inputs", "targets", "weights", "states"):
        pieces = [np.concatenate([getattr(one.batch(step), part) for step in range(40)]) for one in (fixed, drawn)]
        shorter = min(map(len, pieces))
        assert shorter > 250
        np.testing.assert_array_equal(pieces[0][:shorter], pieces[1][:shorter])
