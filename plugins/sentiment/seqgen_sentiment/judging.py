"""p(label | content) of a trained model: as it is, mixed and calibrated, and token by token.

*Mixture*: what the network says and what the words alone say (`naive_bayes`) are multiplied, each raised to a power: a
logarithmic opinion pool (Hinton 2002, *Training Products of Experts*, section 1). *Temperature*: the logarithms of
probabilities are divided by one number (Guo et al. 2017, *On Calibration of Modern Neural Networks*). Both are found on
held-out data. *Leaving out*: a token's weight is how much ln p of the answer falls when the
token is not there (Li et al. 2016, *Understanding Neural Networks through Representation Erasure*). *Attention*: which
share of what the model attends to lies on a token when the label is asked for (Bahdanau et al. 2015). The two need not
agree (Jain & Wallace 2019, *Attention is not Explanation*); leaving out is what changes the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from seqgen import Oracle
from seqgen_sentiment.frame import Frame

LEAST, MOST = 0.05, 20.0
"""Of a temperature."""
FARTHEST = 12.0
"""The logit of the largest share, and of the smallest one but for its sign."""
Probabilities = Callable[[Sequence[np.ndarray]], np.ndarray]
"""float64[n, labels] of n contents, int32[…] each."""


def mixed(network: np.ndarray, words: np.ndarray, temperature: float, share: float) -> np.ndarray:
    """[n, labels]: the probabilities of two opinions, scores [n, labels] each: logarithms, not normalised.

    p ∝ (p_network^(1 − share) · p_words^share)^(1 / temperature)
    """
    return np.exp(log_mixed(network, words, temperature, share))


def log_mixed(network: np.ndarray, words: np.ndarray | float, temperature: float, share: float) -> np.ndarray:
    """The logarithms of the same."""
    return log_softmax(((1 - share) * network + share * words) / temperature)


def log_softmax(scores: np.ndarray) -> np.ndarray:
    shifted = scores - scores.max(1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(1, keepdims=True))


def best_mixture(network: np.ndarray, words: np.ndarray | None, labels: np.ndarray) -> tuple[float, float]:
    """The temperature and the share under which labels int[n] are likeliest; see `mixed`. Without words, a share of 0.

    Where there is little to learn them from, a prior keeps the temperature near 1, normal in its logarithm with
    deviation 1, and the share near ½, Beta(2, 2).
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    rows = np.arange(len(labels))

    # Searched by their logarithm and logit: the best share of scores that are far larger than the others is near 0.
    def mixture(asked: np.ndarray) -> tuple[float, float]:
        return float(np.exp(asked[0])), float(expit(asked[1])) if words is not None else 0.0

    def cost(asked: np.ndarray) -> float:
        temperature, share = mixture(asked)
        chances = log_mixed(network, 0.0 if words is None else words, temperature, share)[rows, labels]
        unlikely = 0.0 if words is None else np.log(share * (1 - share))
        return float(-chances.sum() + asked[0] ** 2 / 2 - unlikely)

    bounds = [(np.log(LEAST), np.log(MOST)), (-FARTHEST, FARTHEST)]
    free = 1 if words is None else 2
    return mixture(minimize(cost, np.zeros(free), method="L-BFGS-B", bounds=bounds[:free]).x)


def weights_by_leaving_out(
    content: np.ndarray, answer: int, is_legal: Callable[[np.ndarray], bool], probabilities: Probabilities
) -> np.ndarray:
    """float64[n]: how much ln p(answer) falls without each of the tokens int32[n]; NaN where one is needed."""
    without = [np.delete(content, place) for place in range(len(content))]
    legal = [place for place, ids in enumerate(without) if is_legal(ids)]
    found = np.log(np.maximum(probabilities([content, *(without[place] for place in legal)])[:, answer], 1e-300))
    weights = np.full(len(content), np.nan)
    weights[legal] = found[0] - found[1:]
    return weights


def attention_to(content: np.ndarray, frame: Frame, oracle: Oracle) -> list[float | None]:
    """The share of attention that lies on each token of a content int32[n] when its label is asked for.

    What is missing from 1 lies on the tokens around the content. None throughout for a model without attention.
    """
    found = oracle.attention([frame.judged(content)])
    return [None] * len(content) if found is None else found[0][2:-1].tolist()
