"""What `evaluate` says of answers: how good they are, beside baselines; and what the model writes to order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from seqgen import Oracle, Prompt
from seqgen_sentiment import quality
from seqgen_sentiment.bag_of_words import BagOfWords

WRITTEN = 400
"""How many contents are written to order, shared out among the labels."""


class Known(NamedTuple):
    """Contents whose labels are known: the words of each, and labels int[n]."""

    words: Sequence[Sequence[str]]
    labels: np.ndarray


def compare(
    train: Known, held_out: Known, opinions: dict[str, np.ndarray], names: Sequence[str], judge: BagOfWords | None
) -> dict[str, Any]:
    """Quality of the probabilities [n, labels] of held-out contents, beside the majority of `train` and a judge.

    opinions: the probabilities under "", and scores [n, labels] of what they are mixed of, by name
    """
    probabilities, truth = opinions[""], held_out.labels
    answers = probabilities.argmax(1)
    found: dict[str, Any] = {
        **{
            f"accuracy, {whose}".removesuffix(", "): quality.accuracy(scores.argmax(1), truth)
            for whose, scores in opinions.items()
        },
        "macro-F1": quality.macro_f1(answers, truth),
        "calibration error": quality.calibration_error(probabilities, truth),
        "accuracy, majority class": quality.accuracy(np.full_like(truth, np.bincount(train.labels).argmax()), truth),
    }
    if judge:
        by_words = judge.judge(held_out.words)
        found["accuracy, logistic regression"] = quality.accuracy(by_words, truth)
        found["macro-F1, logistic regression"] = quality.macro_f1(by_words, truth)
    return {**found, "confusion": quality.confusion(answers, truth, names)}


def write_to_order(
    prompts: Sequence[Prompt], oracle: Oracle, max_new_tokens: int, guidance: float
) -> list[tuple[int, np.ndarray]]:
    """WRITTEN documents of at most `max_new_tokens` tokens after the prompt: the prompt's number and ids int32[…]."""
    shares = [len(part) for part in np.array_split(np.arange(WRITTEN), len(prompts))]
    return [
        (number, ids)
        for number, (prompt, share) in enumerate(zip(prompts, shares, strict=True))
        if share
        for ids in oracle.generate(prompt, share, max_new_tokens=max_new_tokens, seed=0, guidance=guidance)
    ]
