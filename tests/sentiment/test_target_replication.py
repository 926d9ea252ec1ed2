"""Targets within the content, and their weights."""

from __future__ import annotations

import numpy as np
import pytest
from labelled_texts import ITEM, learned
from seqgen_sentiment.target_replication import replicate_target


def test_weights_grow_linearly_and_add_up_to_the_weight():
    domain, rng = learned(), np.random.default_rng(0)
    ids = domain.encode(ITEM).ids
    every = replicate_target(ids, domain.layout, 7, 1 - 1e-9, 10, rng)
    assert every.positions.tolist() == [2, 3, 4, 5]
    assert every.targets.tolist() == [domain.vocabulary.ids["label:pos"]] * 4
    assert every.weights == pytest.approx([1, 2, 3, 4])
    assert every.state == 7
    assert replicate_target(ids, domain.layout, 7, 0, 10, rng) is None
