"""Prompts: a sentence to translate, and the beginning of its translation if that is given."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from seqgen import BOS, Domain, Prompt, Prompting, Record, Remark
from seqgen_translation.reading import PairReader
from seqgen_translation.sentence_pair import SentencePair


class PairPrompting(Prompting[SentencePair]):
    """A prompt is a source sentence. Sampling from it draws translations."""

    def __init__(self, domain: Domain[SentencePair], reader: PairReader) -> None:
        super().__init__(domain)
        self._reader = reader
        # A model that learns sources too can draw both sides from nothing.
        self.needs_prompt = domain.settings.source_weight == 0

    def prompt(self, item: SentencePair | None = None, constraints: Any = None) -> Prompt:
        """Returns the source and the separator, and the beginning of the target if the item has one."""
        if item is None:
            return Prompt(np.array([BOS], np.int32), self.domain.grammar(constraints))
        return super().prompt(item, constraints)

    def read(self, path: Path) -> Iterator[SentencePair | Record[SentencePair] | Remark]:
        return self._reader.read_sources(path)

    def from_text(self, text: str) -> SentencePair:
        return self._reader.source(text)

    def without_prompt(self, ids: np.ndarray, prompt_length: int) -> np.ndarray:
        """Returns the document as it is: a translation is nothing without its source."""
        return ids
