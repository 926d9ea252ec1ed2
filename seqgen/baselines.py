"""Two models that need no learning but counting: what a trained one must beat to have learned anything.

*Unigram*: how often each token stands in the training data. *Bigram*: how often it follows the token that stands
`period` places back; where voices take turns that is the same voice's last one, and each voice is counted by itself.
Both spend no probability on what the grammar forbids, and start each count a little above 0 (Lidstone's rule).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from seqgen.corpus.store import Documents
from seqgen.grammar import BOS, Grammar

SMOOTHING = 0.1


def baselines(train: Documents, test: Documents, grammar: Grammar, period: int) -> dict[str, float]:
    """Weighted mean -ln p of a token of `test`, by counting in `train`: {"unigram": nats, "bigram": nats}."""
    vocabulary = grammar.vocabulary_size
    pairs = np.full((period, vocabulary, vocabulary), SMOOTHING)
    for _, turn, context, target, weight in _tokens(train, None, period):
        np.add.at(pairs, (turn, context, target), weight)
    tables = {"unigram": np.broadcast_to(pairs.sum((0, 1)), pairs.shape), "bigram": pairs}
    sums, total = dict.fromkeys(tables, 0.0), 0.0
    for state, turn, context, target, weight in _tokens(test, grammar, period):
        total += float(weight.sum())
        allowed = grammar.allowed[state]
        for name, table in tables.items():
            probability = table[turn, context, target] / (table[turn, context] * allowed).sum(1)
            sums[name] += float((weight * -np.log(probability)).sum())
    return {name: value / max(total, 1.0) for name, value in sums.items()}


def _tokens(documents: Documents, grammar: Grammar | None, period: int) -> Iterator[tuple[np.ndarray, ...]]:
    """A document at a time: the grammar's state before, whose turn, the token `period` back, the token, its weight."""
    for number in range(len(documents)):
        ids, weights = documents[number]
        states = grammar.unroll(ids)[:-1] if grammar else np.zeros(len(ids) - 1, np.int32)
        context = np.concatenate([np.full(period - 1, BOS, np.int32), ids])[: len(ids) - 1]
        yield states, np.arange(len(ids) - 1) % period, context, ids[1:], weights[1:]
