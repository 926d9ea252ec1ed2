"""Leave-one-out weights and attention weights of the tokens of a content."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from labelled_texts import learned
from seqgen_sentiment.attribution import attention_weights, leave_one_out

CONTENT = np.array([5, 6, 7], np.int32)


def test_a_weight_is_the_fall_of_the_log_probability():
    likelihood = {(5, 6, 7): 0.8, (6, 7): 0.4, (5, 7): 0.9, (5, 6): 0.8}

    def probabilities(contents):
        return np.array(
            [[1 - likelihood[tuple(ids)], likelihood[tuple(ids)]] for ids in map(np.ndarray.tolist, contents)]
        )

    weights = leave_one_out(CONTENT, 1, lambda ids: True, probabilities)
    np.testing.assert_allclose(weights, np.log([0.8 / 0.4, 0.8 / 0.9, 1]))


def test_a_long_content_is_compared_in_rounds_of_a_bounded_size(monkeypatch):
    monkeypatch.setattr("seqgen_sentiment.attribution.MAX_COMPARED_TOKENS", 20)
    content, rounds = np.arange(10, dtype=np.int32), []

    def probabilities(contents):
        rounds.append(sum(map(len, contents)))
        return np.array([[np.exp(-float(ids.sum()))] for ids in contents])

    np.testing.assert_allclose(leave_one_out(content, 0, lambda ids: 3 in ids, probabilities),
                               [0, -1, -2, np.nan, -4, -5, -6, -7, -8, -9])  # fmt: skip
    assert max(rounds) <= 20


def test_a_token_that_cannot_be_left_out_has_no_weight():
    weights = leave_one_out(CONTENT, 0, lambda ids: 6 in ids, lambda contents: np.zeros((len(contents), 1)))
    # A probability of 0 has a finite logarithm.
    np.testing.assert_array_equal(weights, [0, np.nan, 0])


def test_attention_weights_are_those_of_the_content_before_the_last_slot():
    domain, prefixes = learned(), []
    content = domain.base.encode("the film is").ids[1:-1]

    def attention(new_prefixes):
        prefixes.extend(new_prefixes)
        return [np.arange(float(len(new_prefixes[0])))]

    found = attention_weights(content, domain.layout, SimpleNamespace(attention=attention))
    assert found == [2, 3, 4]
    assert [domain.vocabulary[number] for number in prefixes[0]] == [
        "<bos>",
        "<unlabelled>",
        "the",
        " film",
        " is",
        "<end>",
    ]
    without = SimpleNamespace(attention=lambda new_prefixes: None)
    assert attention_weights(content, domain.layout, without) == [None] * 3
