"""The attention of the model as an alignment of words.

The weight of a source word for a target word is the attention to its tokens when the tokens of the target word are
predicted: summed over the tokens of the source word, and the mean over those of the target word (Bahdanau et al. 2015,
section 5.2). What is left of the attention lies on the separator and on the target itself.
"""

from __future__ import annotations

import numpy as np

from seqgen import EOS, Domain
from seqgen_translation.sentence_pair import Alignment


def word_alignment(ids: np.ndarray, attention: np.ndarray, separator: int, tokenizer: Domain[str]) -> Alignment:
    """Returns the alignment of a document int32[n].

    attention: float32[n, n], row t when id t + 1 is predicted
    """
    middle = int(np.flatnonzero(ids == separator)[0])
    end = len(ids) - 1 if ids[-1] == EOS else len(ids)
    source, source_words = words(ids[1:middle], tokenizer)
    target, target_words = words(ids[middle + 1 : end], tokenizer)
    weights = np.zeros((len(target), len(source)))
    for token, word in enumerate(target_words.tolist()):
        row = attention[middle + token, 1:middle]
        weights[word] += np.bincount(source_words, row, len(source)) / np.count_nonzero(target_words == word)
    return Alignment(source, target, tuple(tuple(row) for row in weights.round(4).tolist()))


def words(ids: np.ndarray, tokenizer: Domain[str]) -> tuple[tuple[str, ...], np.ndarray]:
    """Returns the words of a sentence int32[n], and the number of the word of each token: int[n].

    A token whose text begins with a space begins a word.
    """
    begins = np.array([tokenizer.vocabulary[number].startswith(" ") for number in ids.tolist()], bool)
    begins[:1] = True
    numbers = np.cumsum(begins) - 1
    parts = np.split(ids, np.flatnonzero(begins)[1:]) if len(ids) else []
    return tuple(tokenizer.decode(part).strip() for part in parts), numbers


def best_source_words(alignment: Alignment) -> list[tuple[str, str, float]]:
    """Returns for each target word the source word with the largest weight, and the weight."""
    rows = zip(alignment.target, alignment.weights, strict=True)
    return [(word, alignment.source[int(np.argmax(row))], max(row)) for word, row in rows if row]
