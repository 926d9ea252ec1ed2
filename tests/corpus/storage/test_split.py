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
    splits = Splitter().assign(np.array(positions))
    counts = np.bincount(splits, minlength=3)
    assert counts[0] >= 1
    assert counts[1] >= 1
    assert len(positions) < 3 or counts[2] >= 1


def test_the_nearest_document_moves():
    assert Splitter(SplitFractions(train=0.8, valid=0.2, test=0)).assign(np.array([0.1, 0.7, 0.3])).tolist() == [
        0,
        1,
        0,
    ]


def test_fractions_add_up_to_one():
    with pytest.raises(ValidationError, match="add up to 1"):
        SplitFractions(train=0.9, valid=0.2, test=0.1)


def test_documents_of_one_group_stay_together():
    positions = np.array([0.5, 0.1, 0.5, 0.3, 0.5, 0.1])
    splits = Splitter().assign(positions)
    assert len(set(splits[positions == 0.5])) == len(set(splits[positions == 0.1])) == 1
    assert set(splits) == {0, 1, 2}
