"""How sentence pairs are read, tokenised, learned and translated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from seqgen import Domain, Options, Vocabulary, load_domain
from seqgen.contract.textfile import DEFAULT_ENCODING, Encoding


class TranslationSettings(Options):
    """How sentence pairs are read, tokenised, learned and translated."""

    source_language: str | None = Field(
        default=None,
        min_length=1,
        description="the ending of files of source sentences, such as de; also names a column of a table",
    )
    target_language: str | None = Field(
        default=None,
        min_length=1,
        description="the ending of the files beside them, such as en; also names a column of a table",
    )
    source_column: str | None = Field(default=None, description="the column of a table with source sentences")
    target_column: str | None = Field(default=None, description="the column of a table with their translations")
    encoding: Encoding = Field(
        default=DEFAULT_ENCODING, description="the encoding of the files: utf-8, utf-16, latin-1, cp1252 …"
    )
    lowercase: bool = Field(default=False, description="read all sentences in lower case")
    vocabulary_size: int = Field(
        default=4000, ge=300, le=65_000, description="the most tokens that BPE learns, on both sides together"
    )
    max_sentence_length: int = Field(
        default=100, ge=1, le=2000, description="tokens of one side; longer pairs are not trained on"
    )
    source_weight: float = Field(
        default=0.0, ge=0, le=1, description="weight of source tokens in the loss; 0: only the target is learned"
    )
    num_beams: int = Field(default=5, ge=1, le=64, description="beams of the search for a translation")

    def make_tokenizer(
        self, names: tuple[str, ...] | None = None, state: Mapping[str, Any] | None = None
    ) -> Domain[str]:
        """Returns the domain `text` with BPE, with the tokens `names` and the learned merges if there are any."""
        domain = load_domain("text")
        values = {"tokenizer": "bpe", "document": "line", "vocabulary_size": self.vocabulary_size}
        settings = domain.Settings.from_mapping(values)
        return domain(settings, None if names is None else Vocabulary(names), state)
