"""What is learned from sentence pairs: BPE on both sides together (Sennrich et al. 2016, section 3.2).

With joint BPE, a name that both languages write alike is cut alike, so that the model can copy it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from seqgen import Learned, VocabularyLearning
from seqgen_translation.document_layout import DocumentLayout
from seqgen_translation.sentence_pair import SentencePair
from seqgen_translation.settings import TranslationSettings


def tokenizer_text(sentence: str) -> str:
    """Returns a sentence as the tokenizer reads it: with a space in front, so that a first word is like any other."""
    return " " + sentence


class PairLearning(VocabularyLearning[SentencePair]):
    """An observation is the two sides of a pair."""

    def observe(self, item: SentencePair) -> list[str]:
        return [tokenizer_text(side) for side in (item.source, item.target) if side is not None]


def learn(settings: TranslationSettings, observations: Iterable[Any]) -> Learned:
    """Returns the tokens and merges of BPE, and the separator."""
    learned = settings.make_tokenizer().learned(_BothSides(observations))
    return Learned(DocumentLayout.vocabulary(learned.vocabulary), learned.state)


class _BothSides:
    """The sentences of all pairs. They can be iterated over as often as the observations."""

    def __init__(self, observations: Iterable[Any]) -> None:
        self._observations = observations

    def __iter__(self) -> Iterator[str]:
        return (sentence for pair in self._observations for sentence in pair)
