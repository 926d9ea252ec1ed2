"""The division of documents into training, validation and test data."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from seqgen.corpus.storage.split import SplitFractions, Splitter


@pytest.mark.parametrize(
    "positions",
    [[0.1, 0.2], [0.99, 0.98], [0.92, 0.93], [0.1, 0.2, 0.3], [0.99, 0.991, 0.992, 0.993, 0.994], [0.94, 0.941, 0.942]],
)
def test_no_split_is_left_empty_by_chance(positions):
    splits = Splitter().assign(np.array(positions), np.ones(len(positions)))
    counts = np.bincount(splits, minlength=3)
    assert counts[0] >= 1
    assert counts[1] >= 1
    assert len(positions) < 3 or counts[2] >= 1


def test_the_nearest_document_moves():
    splitter = Splitter(SplitFractions(train=0.8, valid=0.2, test=0))
    assert splitter.assign(np.array([0.1, 0.7, 0.3]), np.ones(3)).tolist() == [0, 1, 0]


def test_fractions_add_up_to_one():
    with pytest.raises(ValidationError, match="add up to 1"):
        SplitFractions(train=0.9, valid=0.2, test=0.1)


def test_documents_of_one_group_stay_together():
    positions = np.array([0.5, 0.1, 0.5, 0.3, 0.5, 0.1])
    splits = Splitter().assign(positions, np.ones(6))
    assert len(set(splits[positions == 0.5])) == len(set(splits[positions == 0.1])) == 1
    assert set(splits) == {0, 1, 2}


@pytest.mark.parametrize(
    "sizes", [[900, 50, 50], [5, 1000, 3, 8, 40], [1, 2, 4, 8, 16, 32, 64, 128, 256, 512], [7] * 60]
)
@pytest.mark.parametrize("seed", range(5))
def test_few_documents_of_any_size_come_near_the_shares(sizes, seed):
    positions = np.random.default_rng(seed).random(len(sizes))
    splits = Splitter().assign(positions, np.array(sizes))
    shares = np.bincount(splits, sizes, minlength=3) / sum(sizes)
    assert 0.85 <= shares[0] <= 0.97
    assert (shares[1:] > 0).all()


def test_many_documents_are_split_by_their_content_alone():
    positions = np.random.default_rng(0).random(500)
    splits = Splitter().assign(positions, np.ones(500))
    rest = Splitter().assign(positions[100:], np.ones(400))
    assert splits[100:].tolist() == rest.tolist()


def test_a_document_that_was_named_for_a_split_stays_there():
    splitter = Splitter(named=frozenset({"test"}))
    positions = np.array(
        [splitter.position(bytes([value] * 16), name) for value, name in [(9, "test"), (90, None)] * 5]
    )
    splits = splitter.assign(positions, np.ones(10))
    assert (splits == 2).tolist() == [True, False] * 5
    assert splitter.open_shares() == pytest.approx({"train": 0.9 / 0.95, "valid": 0.05 / 0.95})


def test_documents_beside_those_that_are_cut_may_all_be_trained_on():
    assert Splitter().assign(np.array([0.97]), np.array([5]), may_leave_empty=True).tolist() == [0]
