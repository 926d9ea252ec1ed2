"""What a trained network and the words alone say of a content's label, and how much each of the two counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import Field

from seqgen import BundleError, Domain, Options, Oracle
from seqgen_sentiment import judging
from seqgen_sentiment.frame import Frame
from seqgen_sentiment.naive_bayes import WordCounts
from seqgen_sentiment.words import is_text, words_in


class Mixture(Options):
    """What makes answers better and probabilities honest: see `judging.mixed`."""

    temperature: float = Field(default=1.0, gt=0, le=1000, allow_inf_nan=False)
    share: float = Field(default=0.0, ge=0, le=1, description="of what words alone say, in an answer")
    words: WordCounts = WordCounts()


class Opinions:
    """Of a trained model: questioned about contents, which are ids int32[…] without BOS and EOS."""

    def __init__(self, frame: Frame, base: Domain[Any], mixture: Mixture, oracle: Oracle) -> None:
        """Raises BundleError for counts of other labels than the model's."""
        if mixture.share and tuple(mixture.words.documents) != frame.labels:
            raise BundleError(
                "The model counts the words of other labels than its own; take its bundle from where it was trained."
            )
        self._frame, self._base, self._mixture, self._oracle = frame, base, mixture, oracle

    def probabilities(self, contents: Sequence[np.ndarray]) -> np.ndarray:
        """float64[n, labels]: p(label | content), mixed and calibrated."""
        return self.each(contents)[""]

    def of_network(self, contents: Sequence[np.ndarray]) -> np.ndarray:
        """float64[n, labels]: ln p(label | content) by the network alone, not normalised."""
        asked = [self._frame.judged(content) for content in contents]
        return self._oracle.log_probabilities(asked, self._frame.label_ids).astype(np.float64)

    def of_words(self, contents: Sequence[np.ndarray]) -> np.ndarray:
        """float64[n, labels]: the same by words alone."""
        return self._mixture.words.learned.log_scores(words_in(contents, self._base))

    def each(self, contents: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """What is answered, under "", and where it is mixed what it is mixed of, under whose opinion each is."""
        found, network = self._mixture, self.of_network(contents)
        words = self.of_words(contents) if found.share else np.zeros_like(network)
        mixed = {"": judging.mixed(network, words, found.temperature, found.share)}
        return mixed | ({"the network alone": network, "naive Bayes alone": words} if found.share else {})

    def calibrated(
        self,
        learned: Sequence[np.ndarray],
        their_labels: Sequence[str],
        judged: Sequence[np.ndarray],
        labels: np.ndarray,
    ) -> Mixture:
        """Words counted in contents that are learned from; how much they count, by others whose labels are int[n].

        Of anything but texts none are counted: in music, tokens and their neighbours tell less of a piece than they
        seem to where there are few (bench/NOTES.md).
        """
        if not is_text(self._base):
            temperature, _ = judging.best_mixture(self.of_network(judged), None, labels)
            return Mixture(temperature=temperature)
        words = WordCounts.of(zip(words_in(learned, self._base), their_labels, strict=True), self._frame.labels)
        by_words = words.learned.log_scores(words_in(judged, self._base))
        temperature, share = judging.best_mixture(self.of_network(judged), by_words, labels)
        return Mixture(temperature=temperature, share=share, words=words)
