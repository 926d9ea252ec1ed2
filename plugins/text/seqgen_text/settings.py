"""How text is read and tokenised."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from seqgen import Options
from seqgen.contract.textfile import DEFAULT_ENCODING, Encoding
from seqgen_text.tokenization import TokenizerName

DocumentKind = Literal["file", "line", "paragraph", "row"]
NormalForm = Literal["none", "NFC", "NFKC"]


class TextSettings(Options):
    """How text is read and tokenised."""

    tokenizer: TokenizerName = Field(
        default="character", description="byte, character, bpe, or word (loses rare words)"
    )
    document: DocumentKind = Field(
        default="file", description="what one document is: a file, line, paragraph, or row of a table"
    )
    text_column: str | None = Field(
        default=None,
        description="with document=row, the column of the text in a CSV, TSV or JSON Lines; guessed if unset",
    )
    group_column: str | None = Field(
        default=None, description="with document=row, a column whose equal cells stay in one split, such as an author"
    )
    encoding: Encoding = Field(
        default=DEFAULT_ENCODING, description="the encoding of the files: utf-8, utf-16, latin-1, cp1252 …"
    )
    normalisation: NormalForm = Field(default="none", description="Unicode normal form: none, NFC or NFKC")
    max_document_length: int = Field(
        default=100_000, ge=100, le=10_000_000,
        description="characters; a longer document is cut after a paragraph, line, sentence or word",
    )  # fmt: skip
    vocabulary_size: int = Field(
        default=4096, ge=300, le=65_536, description="the most tokens that character, bpe and word may learn"
    )
