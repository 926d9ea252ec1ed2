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
    document: DocumentKind | None = Field(
        default=None,
        description="what one document is: a file, line, paragraph, or row of a table; if unset, a row of a file whose "
        "name ends like that of a table (CSV, TSV, JSON Lines), and any other file as a whole",
    )
    text_column: str | None = Field(
        default=None,
        description="the column of the text in a table (CSV, TSV or JSON Lines); guessed if unset",
    )
    group_column: str | None = Field(
        default=None, description="a column of a table whose equal cells stay in one split, such as an author"
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
