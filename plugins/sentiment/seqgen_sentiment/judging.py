"""p(label | content) of a trained model: as it is, calibrated, and token by token.

*Temperature*: the logarithms of probabilities are divided by one number, found on held-out data (Guo et al. 2017, *On
Calibration of Modern Neural Networks*). *Leaving out*: a token's weight is how much ln p of the answer falls when the
token is not there (Li et al. 2016, *Understanding Neural Networks through Representation Erasure*). *Attention*: which
share of what the model attends to lies on a token when the label is asked for (Bahdanau et al. 2015). The two need not
agree (Jain & Wallace 2019, *Attention is not Explanation*); leaving out is what changes the answer.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seqgen import Grammar, Oracle
from seqgen_sentiment.frame import Frame

LEAST, MOST = 0.05, 20.0


def log_scores(contents: Sequence[np.ndarray], frame: Frame, oracle: Oracle) -> np.ndarray:
    """float64[n, labels]: ln p(label | content), not normalised, of contents that are ids int32[…]."""
    return oracle.log_probabilities([frame.judged(ids) for ids in contents], frame.label_ids).astype(np.float64)


def probabilities(scores: np.ndarray, temperature: float) -> np.ndarray:
    """[n, labels]: the softmax of scores that are divided by a temperature."""
    return np.exp(log_softmax(scores / temperature))


def log_softmax(scores: np.ndarray) -> np.ndarray:
    shifted = scores - scores.max(1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(1, keepdims=True))


def best_temperature(scores: np.ndarray, labels: np.ndarray) -> float:
    """The temperature under which labels int[n] are likeliest, scores [n, labels].

    A prior that is normal in ln T, of deviation 1, keeps it near 1 where there is little to learn it from.
    """
    from scipy.optimize import minimize_scalar

    rows = np.arange(len(labels))

    def cost(logarithm: float) -> float:
        return float(-log_softmax(scores / np.exp(logarithm))[rows, labels].sum() + logarithm**2 / 2)

    return float(np.exp(minimize_scalar(cost, bounds=(np.log(LEAST), np.log(MOST)), method="bounded").x))


def weights_by_leaving_out(
    content: np.ndarray, answer: int, frame: Frame, grammar: Grammar, oracle: Oracle, temperature: float
) -> np.ndarray:
    """float64[n]: how much ln p(answer) falls without each of the tokens int32[n]; NaN where the grammar needs it."""
    without = [np.delete(content, place) for place in range(len(content))]
    legal = [place for place, ids in enumerate(without) if _is_legal(grammar, frame.judged(ids))]
    asked = [content, *(without[place] for place in legal)]
    found = np.log(np.maximum(probabilities(log_scores(asked, frame, oracle), temperature)[:, answer], 1e-300))
    weights = np.full(len(content), np.nan)
    weights[legal] = found[0] - found[1:]
    return weights


def attention_to(content: np.ndarray, frame: Frame, oracle: Oracle) -> list[float | None]:
    """The share of attention that lies on each token of a content int32[n] when its label is asked for.

    What is missing from 1 lies on the tokens around the content. None throughout for a model without attention.
    """
    found = oracle.attention([frame.judged(content)])
    return [None] * len(content) if found is None else found[0][2:-1].tolist()


def _is_legal(grammar: Grammar, ids: np.ndarray) -> bool:
    try:
        grammar.unroll(ids)
    except ValueError:
        return False
    return True
