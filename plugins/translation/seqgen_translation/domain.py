"""The domain `translation`: sentences and their translations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from seqgen import (
    BundleError,
    Domain,
    Example,
    Grammar,
    Learned,
    Record,
    Remark,
    UnusableFile,
    Vocabulary,
    atomic_write,
)
from seqgen_translation.deduplication import PairDeduplication
from seqgen_translation.defaults import PairDefaults
from seqgen_translation.display import PairDisplay
from seqgen_translation.document_layout import DocumentLayout
from seqgen_translation.learning import PairLearning, learn, tokenizer_text
from seqgen_translation.metrics import PairMetrics
from seqgen_translation.prediction import TranslationPrediction
from seqgen_translation.prompting import PairPrompting
from seqgen_translation.reading import TABLES, PairReader, PairReading
from seqgen_translation.sentence_pair import SentencePair, normalized
from seqgen_translation.settings import TranslationSettings


class TranslationDomain(Domain[SentencePair]):
    """Sentence pairs: learns to translate from parallel files or tables, and translates with a beam search."""

    name: ClassVar[str] = "translation"
    interface_version: ClassVar[int] = 2
    reads: tuple[str, ...] = TABLES

    class Settings(TranslationSettings):
        """How sentence pairs are read, tokenised, learned and translated."""

    def __init__(
        self, settings: Any = None, vocabulary: Vocabulary | None = None, state: Mapping[str, Any] | None = None
    ) -> None:
        """Raises BundleError for a vocabulary that cannot be one of sentence pairs."""
        super().__init__(settings, vocabulary, state)
        try:
            self.layout = DocumentLayout(self.vocabulary, self.settings.source_weight)
        except ValueError as error:
            raise BundleError(
                f"The vocabulary is not one of sentence pairs: {error}; copy the whole model again from where it was "
                "trained."
            ) from error
        self.tokenizer: Domain[str] = self.settings.make_tokenizer(self.layout.token_names, self.state)
        self._grammar = self.layout.grammar(self.tokenizer.grammar())
        self._reader = PairReader(self.settings)
        language = self.settings.source_language
        self.reads = (*TABLES, *((f".{language.lower()}", f".{language.lower()}.gz") if language else ()))
        self.prompting = PairPrompting(self, self._reader)
        self.display = PairDisplay()
        self.prediction = TranslationPrediction(self, self.tokenizer, self.layout, self._reader)
        self.metrics = PairMetrics()
        self.deduplication = PairDeduplication()
        self.defaults = PairDefaults()
        self.learning = PairLearning()
        self.reading = PairReading(self.settings)

    def read(self, path: Path) -> Iterator[SentencePair | Record[SentencePair] | Remark]:
        return self._reader.read(path)

    def learn(self, observations: Iterable[Any]) -> Learned:
        return learn(self.settings, observations)

    def encode(self, item: SentencePair) -> Example:
        """Returns the document of a pair. Raises UnusableFile for a pair that is too long to learn from."""
        source = self._tokens(item.source)
        target = None if item.target is None else self._tokens(item.target)
        limit = self.settings.max_sentence_length
        if target is not None and max(len(source), len(target)) > limit:
            raise UnusableFile(f"a pair with a side of more than {limit} tokens")
        return self.layout.document(source, target)

    def decode(self, ids: np.ndarray) -> SentencePair:
        source, target = self.layout.parts(ids)
        return SentencePair(self._text(source), None if target is None else self._text(target))

    def write(self, item: SentencePair, path: Path) -> list[Path]:
        """Writes `path`.tsv, a table of one pair. Raises OutputError."""
        table = path.with_name(path.name + ".tsv")
        sides = "\t".join(map(normalized, (item.source, item.target or "")))
        with atomic_write(table) as temporary:
            temporary.write_text(f"source\ttarget\n{sides}\n", encoding="utf-8")
        return [table]

    def grammar(self, constraints: Any = None) -> Grammar:
        return self._grammar

    def _tokens(self, sentence: str) -> list[int]:
        found: list[int] = self.tokenizer.encode(tokenizer_text(sentence)).ids[1:-1].tolist() if sentence else []
        return found

    def _text(self, ids: np.ndarray) -> str:
        return self.tokenizer.decode(ids).removeprefix(" ")
