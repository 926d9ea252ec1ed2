"""Two models that only count tokens. A trained model must beat them to have learned anything.

*Unigram*: how often each token occurs in the training data. *Bigram*: how often it follows the token that is `period`
positions back. If voices take turns, this is the last token of the same voice, and each voice is counted by itself.
Both give no probability to a token that the grammar forbids, and each count starts above 0 (Lidstone smoothing).

At most MAX_PAIRS pairs of a context and a token are in memory at once. If the training data has more, its contexts are
counted in groups, one after the other, and the data is read once for each group.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from seqgen.corpus.storage.documents import Documents
from seqgen.grammar import BOS, Grammar

SMOOTHING = 0.1
MAX_PAIRS = 2**23
"""A pair needs 12 bytes, and three times as many while counts are added."""
TOKENS_PER_CHUNK = 2**19


class _Tokens(NamedTuple):
    """The tokens of some documents: int[n] and float[n].

    states:   the state of the grammar before each token
    contexts: the token `period` positions back and the position within the period, as one number
    """

    states: np.ndarray
    contexts: np.ndarray
    targets: np.ndarray
    weights: np.ndarray


def baseline_nats(train: Documents, test: Documents, grammar: Grammar, period: int) -> dict[str, float]:
    """Returns the weighted mean of −ln p over the tokens of `test`: {"unigram": nats, "bigram": nats}.

    The models count the tokens of `train`.
    """
    total = sum(float(tokens.weights.sum()) for tokens in _chunks(test, None, period))
    sums = {"unigram": _unigram_nats(train, test, grammar, period), "bigram": 0.0}
    first, end = 0, period * grammar.vocabulary_size
    while first < end:
        counts = _count_pairs(train, grammar.vocabulary_size, period, range(first, end))
        sums["bigram"] += _bigram_nats(counts, first, test, grammar, period)
        first += counts.shape[0]
    return {name: value / max(total, 1.0) for name, value in sums.items()}


def _unigram_nats(train: Documents, test: Documents, grammar: Grammar, period: int) -> float:
    """Returns the sum of −ln p(token) over the tokens of `test`."""
    # A count of the unigram is the sum of the counts of all contexts of the bigram, with their smoothing.
    counts = np.full(grammar.vocabulary_size, SMOOTHING * period * grammar.vocabulary_size)
    for tokens in _chunks(train, None, period):
        counts += np.bincount(tokens.targets, tokens.weights, len(counts))
    sums = np.zeros(grammar.state_count)
    nats = 0.0
    for tokens in _chunks(test, grammar, period):
        for state in np.unique(tokens.states).tolist():
            sums[state] = sums[state] or counts[grammar.allowed[state]].sum()
        probabilities = counts[tokens.targets] / sums[tokens.states]
        nats -= float((tokens.weights * np.log(probabilities)).sum())
    return nats


def _count_pairs(train: Documents, vocabulary_size: int, period: int, contexts: range) -> csr_array:
    """Returns how often each token followed each context: float64[R, V] for the first R of `contexts`, at least one."""
    counts = csr_array((len(contexts), vocabulary_size))
    for tokens in _chunks(train, None, period):
        rows = tokens.contexts - contexts.start
        is_counted = (rows >= 0) & (rows < counts.shape[0])
        pairs = rows[is_counted], tokens.targets[is_counted]
        counts += csr_array((tokens.weights[is_counted], pairs), shape=counts.shape)
        if counts.nnz > MAX_PAIRS:
            # Half of the space stays free for what is still to be counted of the contexts that are kept.
            kept = int(np.searchsorted(counts.indptr, MAX_PAIRS // 2, side="right")) - 1
            counts = counts[: max(kept, 1)]
    return counts


def _bigram_nats(counts: csr_array, first: int, test: Documents, grammar: Grammar, period: int) -> float:
    """Returns the sum of −ln p(token | context) over the tokens of `test` whose context was counted.

    The first row of `counts` is that of context `first`.
    """
    nats = 0.0
    smoothing = SMOOTHING * grammar.allowed.sum(1)
    for tokens in _chunks(test, grammar, period):
        rows = tokens.contexts - first
        is_counted = (rows >= 0) & (rows < counts.shape[0])
        rows, states, targets = rows[is_counted], tokens.states[is_counted], tokens.targets[is_counted]
        pairs, pair_of = np.unique(rows * grammar.state_count + states, return_inverse=True)
        sums = smoothing[states] + _allowed_counts(counts, *divmod(pairs, grammar.state_count), grammar)[pair_of]
        probabilities = (SMOOTHING + counts[rows, targets]) / sums
        nats -= float((tokens.weights[is_counted] * np.log(probabilities)).sum())
    return nats


def _allowed_counts(counts: csr_array, rows: np.ndarray, states: np.ndarray, grammar: Grammar) -> np.ndarray:
    """Returns the sum of the counts of row int[n] over the tokens that are allowed in state int[n]: float64[n]."""
    sums = np.empty(len(rows))
    ends = np.concatenate([[0], np.cumsum(np.diff(counts.indptr)[rows], dtype=np.int64)])
    begin = 0
    while begin < len(rows):
        end = max(int(np.searchsorted(ends, ends[begin] + MAX_PAIRS // 2, side="right")) - 1, begin + 1)
        part = counts[rows[begin:end]]
        number = np.repeat(np.arange(end - begin), np.diff(part.indptr))
        is_allowed = grammar.allowed[states[begin:end][number], part.indices]
        sums[begin:end] = np.bincount(number, part.data * is_allowed, end - begin)
        begin = end
    return sums


def _chunks(documents: Documents, grammar: Grammar | None, period: int) -> Iterator[_Tokens]:
    """Yields the tokens of several documents at a time. Without a grammar, all states are 0."""
    parts: list[_Tokens] = []
    count = 0
    for number in range(len(documents)):
        ids, weights = documents[number]
        states = grammar.unroll(ids)[:-1] if grammar else np.zeros(len(ids) - 1, np.int32)
        previous = np.concatenate([np.full(period - 1, BOS, np.int32), ids])[: len(ids) - 1]
        contexts = period * previous.astype(np.int64) + np.arange(len(ids) - 1) % period
        parts.append(_Tokens(states, contexts, ids[1:], weights[1:].astype(np.float64)))
        count += len(states)
        if count >= TOKENS_PER_CHUNK or number == len(documents) - 1:
            yield _Tokens(*map(np.concatenate, zip(*parts, strict=True)))
            parts, count = [], 0
