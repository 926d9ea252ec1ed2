"""Two models that need no learning but counting: what a trained one must beat to have learned anything.

*Unigram*: how often each token stands in the training data. *Bigram*: how often it follows the token that stands
`period` places back; where voices take turns that is the same voice's last one, and each voice is counted by itself.
Both spend no probability on what the grammar forbids, and start each count a little above 0 (Lidstone's rule).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from seqgen.corpus.storage.store import Documents
from seqgen.grammar import BOS, Grammar

SMOOTHING = 0.1


def baselines(train: Documents, test: Documents, grammar: Grammar, period: int) -> dict[str, float]:
    """Weighted mean -ln p of a token of `test`, by counting in `train`: {"unigram": nats, "bigram": nats}."""
    tables = {"unigram": _Counts(), "bigram": _Counts()}
    for _, turn, context, target, weight in _tokens(train, None, period):
        tables["bigram"].add(period * context.astype(np.int64) + turn, target, weight)
        tables["unigram"].add(np.zeros(len(target), np.int64), target, weight)
    sums, total = dict.fromkeys(tables, 0.0), 0.0
    # As many tables of turns and contexts stood behind each count of the unigram as there are.
    starts = {"unigram": SMOOTHING * period * grammar.vocabulary_size, "bigram": SMOOTHING}
    for state, turn, context, target, weight in _tokens(test, grammar, period):
        total += float(weight.sum())
        rows = {"unigram": np.zeros(len(target), np.int64), "bigram": period * context.astype(np.int64) + turn}
        for name, table in tables.items():
            probability = table.probabilities(rows[name], target, grammar.allowed, state, starts[name])
            sums[name] += float((weight * -np.log(probability)).sum())
    return {name: value / max(total, 1.0) for name, value in sums.items()}


class _Counts:
    """How often each token followed each context; only what occurred takes memory."""

    def __init__(self) -> None:
        self._rows: dict[int, dict[int, float]] = {}
        self._sums: dict[tuple[int, int], float] = {}

    def add(self, rows: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> None:
        """Counts targets int[n] in contexts int[n]."""
        pairs, where = np.unique(np.stack([rows, targets]), axis=1, return_inverse=True)
        counts = np.bincount(where.ravel(), weights)
        for row, target, count in zip(*pairs.tolist(), counts.tolist(), strict=True):
            found = self._rows.setdefault(row, {})
            found[target] = found.get(target, 0.0) + count

    def probabilities(
        self, rows: np.ndarray, targets: np.ndarray, allowed: np.ndarray, states: np.ndarray, start: float
    ) -> np.ndarray:
        """float[n]: p(target | context), of what is allowed[state]; every count begins at `start`."""
        result = np.empty(len(targets))
        for place, (row, target, state) in enumerate(
            zip(rows.tolist(), targets.tolist(), states.tolist(), strict=True)
        ):
            found = self._rows.get(row, {})
            if (row, state) not in self._sums:
                seen = np.fromiter(found, np.int64, len(found))
                counts = np.fromiter(found.values(), float, len(found))
                self._sums[row, state] = start * allowed[state].sum() + counts[allowed[state][seen]].sum()
            result[place] = (start + found.get(target, 0.0)) / self._sums[row, state]
        return result


def _tokens(documents: Documents, grammar: Grammar | None, period: int) -> Iterator[tuple[np.ndarray, ...]]:
    """A document at a time: the grammar's state before, whose turn, the token `period` back, the token, its weight."""
    for number in range(len(documents)):
        ids, weights = documents[number]
        states = grammar.unroll(ids)[:-1] if grammar else np.zeros(len(ids) - 1, np.int32)
        context = np.concatenate([np.full(period - 1, BOS, np.int32), ids])[: len(ids) - 1]
        yield states, np.arange(len(ids) - 1) % period, context, ids[1:], weights[1:]
