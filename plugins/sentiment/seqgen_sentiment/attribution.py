"""Which tokens of a content speak for a label.

*Leave-one-out*: the weight of a token is how much ln p(label) falls without it (Li et al. 2016, *Understanding Neural
Networks through Representation Erasure*). *Attention*: the weight of a token when the label is predicted (Bahdanau et
al. 2015). The two need not agree (Jain & Wallace 2019, *Attention is not Explanation*). Only leaving a token out shows
what changes the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from seqgen import Oracle
from seqgen_sentiment.document_layout import DocumentLayout

MIN_PROBABILITY = 1e-300
MAX_COMPARED_TOKENS = 500_000
"""How many tokens the contents that are compared at once have together."""


def leave_one_out(
    content: np.ndarray,
    label: int,
    is_valid: Callable[[np.ndarray], bool],
    probabilities: Callable[[Sequence[np.ndarray]], np.ndarray],
) -> np.ndarray:
    """Returns float64[n]: how much ln p(label) falls without each token of a content int32[n].

    is_valid:      whether ids are a whole content. A token that cannot be left out has the weight NaN.
    probabilities: float64[m, labels] of m contents
    """
    weights = np.full(len(content), np.nan)
    count = max(MAX_COMPARED_TOKENS // max(len(content), 1) - 1, 1)
    for begin in range(0, len(content), count):
        positions = range(begin, min(begin + count, len(content)))
        shortened = {position: np.delete(content, position) for position in positions}
        valid = {position: ids for position, ids in shortened.items() if is_valid(ids)}
        if valid:
            found = probabilities([content, *valid.values()])[:, label]
            log_probabilities = np.log(np.maximum(found, MIN_PROBABILITY))
            weights[[*valid]] = log_probabilities[0] - log_probabilities[1:]
    return weights


def attention_weights(content: np.ndarray, layout: DocumentLayout, oracle: Oracle) -> list[float | None]:
    """Returns the attention weight of each token of a content int32[n] when its label is predicted.

    The rest of the attention lies on the tokens around the content. Returns None for each token if the model has no
    attention.
    """
    found = oracle.attention([layout.classification_prefix(content)])
    return [None] * len(content) if found is None else found[0][2:-1].tolist()
