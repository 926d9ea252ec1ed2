"""The baselines beside counting by hand."""

from __future__ import annotations

import numpy as np
import pytest

from seqgen.contract.documents import Example
from seqgen.corpus.storage.documents import Documents
from seqgen.grammar import Grammar
from seqgen.workflows.reports import baselines
from seqgen.workflows.reports.baselines import SMOOTHING, baseline_nats


def stored(*contents: list[int]) -> Documents:
    return Documents.from_examples([(one.ids, one.weights) for one in map(Example.document, contents)])


def test_counts_are_those_made_by_hand_and_forbidden_tokens_get_nothing():
    allowed = np.array([[False, True, True, True, False]])
    grammar = Grammar(allowed, np.zeros((1, 5), np.int32), 0)
    found = baseline_nats(stored([2, 2, 3], [2, 3]), stored([2]), grammar, 1)
    s = SMOOTHING
    # The training data has 3 × token 2, 2 × token 3 and 2 × EOS, smoothed in each of 5 contexts.
    total = 7 + 3 * 5 * s
    assert found["unigram"] == pytest.approx(-(np.log((3 + 5 * s) / total) + np.log((2 + 5 * s) / total)) / 2)
    # After BOS comes 2 in both; after 2 comes 2 once, 3 twice, EOS never.
    after_bos, after_two = (2 + s) / (2 + 3 * s), s / (3 + 3 * s)
    assert found["bigram"] == pytest.approx(-(np.log(after_bos) + np.log(after_two)) / 2)


def test_voices_that_take_turns_are_counted_each_by_itself():
    """Two voices, each of which always repeats itself: nothing is left to guess with the right period alone."""
    anything = Grammar(np.ones((1, 5), bool), np.zeros((1, 5), np.int32), 0)
    data = stored(*([a, b] * 30 for a in (2, 3) for b in (3, 4)))
    assert baseline_nats(data, data, anything, 2)["bigram"] < 0.15
    assert baseline_nats(data, data, anything, 1)["bigram"] > 0.3


def test_counts_that_are_too_many_are_counted_in_groups_with_the_same_result(monkeypatch):
    random = np.random.default_rng(0)
    allowed = random.random((2, 40)) < 0.5
    allowed[:, :8] = True
    grammar = Grammar(allowed, np.ones((2, 40), np.int32) * (np.arange(40) % 2), 0)
    train, test = (stored(*(random.integers(2, 8, 90).tolist() for _ in range(count))) for count in (50, 20))
    at_once = baseline_nats(train, test, grammar, 3)
    pairs = []
    count_pairs = baselines._count_pairs

    def counted(*arguments):
        counts = count_pairs(*arguments)
        pairs.append(counts.nnz)
        return counts

    monkeypatch.setattr(baselines, "_count_pairs", counted)
    monkeypatch.setattr(baselines, "MAX_PAIRS", 60)
    monkeypatch.setattr(baselines, "TOKENS_PER_CHUNK", 200)
    assert baseline_nats(train, test, grammar, 3) == pytest.approx(at_once)
    assert len(pairs) > 1
    assert max(pairs) <= 60
