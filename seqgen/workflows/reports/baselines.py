"""Two models that only count tokens. A trained model must beat them to have learned anything.

*Unigram*: how often each token occurs in the training data. *Bigram*: how often it follows the token that is `period`
positions back. If voices take turns, this is the last token of the same voice, and each voice is counted by itself.
Both give no probability to a token that the grammar forbids, and each count starts above 0 (Lidstone smoothing).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from seqgen.corpus.storage.documents import Documents
from seqgen.grammar import BOS, Grammar

SMOOTHING = 0.1


def baseline_nats(train: Documents, test: Documents, grammar: Grammar, period: int) -> dict[str, float]:
    """Returns the weighted mean of −ln p over the tokens of `test`: {"unigram": nats, "bigram": nats}.

    The models count the tokens of `train`.
    """
    tables = {"unigram": _Counts(), "bigram": _Counts()}
    for _, turn, context, target, weight in _tokens(train, None, period):
        tables["bigram"].add(period * context.astype(np.int64) + turn, target, weight)
        tables["unigram"].add(np.zeros(len(target), np.int64), target, weight)
    sums, total = dict.fromkeys(tables, 0.0), 0.0
    # A count of the unigram is the sum of the counts of all contexts and turns of the bigram, with their smoothing.
    smoothing = {"unigram": SMOOTHING * period * grammar.vocabulary_size, "bigram": SMOOTHING}
    for state, turn, context, target, weight in _tokens(test, grammar, period):
        total += float(weight.sum())
        rows = {"unigram": np.zeros(len(target), np.int64), "bigram": period * context.astype(np.int64) + turn}
        for name, table in tables.items():
            probability = table.probabilities(rows[name], target, grammar.allowed, state, smoothing[name])
            sums[name] += float((weight * -np.log(probability)).sum())
    return {name: value / max(total, 1.0) for name, value in sums.items()}


class _Counts:
    """How often each token followed each context. Only pairs that occurred take memory."""

    def __init__(self) -> None:
        self._rows: dict[int, dict[int, float]] = {}
        self._sums: dict[tuple[int, int], float] = {}

    def add(self, rows: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> None:
        """Counts targets int[n] in contexts int[n]."""
        pairs, pair_of = np.unique(np.stack([rows, targets]), axis=1, return_inverse=True)
        counts = np.bincount(pair_of.ravel(), weights)
        for row, target, count in zip(*pairs.tolist(), counts.tolist(), strict=True):
            found = self._rows.setdefault(row, {})
            found[target] = found.get(target, 0.0) + count

    def probabilities(
        self, rows: np.ndarray, targets: np.ndarray, allowed: np.ndarray, states: np.ndarray, smoothing: float
    ) -> np.ndarray:
        """Returns p(target | context) among the tokens that are allowed[state]: float[n]."""
        result = np.empty(len(targets))
        for position, (row, target, state) in enumerate(
            zip(rows.tolist(), targets.tolist(), states.tolist(), strict=True)
        ):
            found = self._rows.get(row, {})
            if (row, state) not in self._sums:
                seen = np.fromiter(found, np.int64, len(found))
                counts = np.fromiter(found.values(), float, len(found))
                self._sums[row, state] = smoothing * allowed[state].sum() + counts[allowed[state][seen]].sum()
            result[position] = (smoothing + found.get(target, 0.0)) / self._sums[row, state]
        return result


def _tokens(documents: Documents, grammar: Grammar | None, period: int) -> Iterator[tuple[np.ndarray, ...]]:
    """Yields for each document the states, turns, tokens `period` back, tokens and weights: one of each for a token."""
    for number in range(len(documents)):
        ids, weights = documents[number]
        states = grammar.unroll(ids)[:-1] if grammar else np.zeros(len(ids) - 1, np.int32)
        context = np.concatenate([np.full(period - 1, BOS, np.int32), ids])[: len(ids) - 1]
        yield states, np.arange(len(ids) - 1) % period, context, ids[1:], weights[1:]
