"""The domain `text`: anything that is written in Unicode."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, ClassVar

import numpy as np

from seqgen import (
    BundleError,
    Deduplication,
    Domain,
    EmptyLanguage,
    Example,
    Grammar,
    Learned,
    Reading,
    Record,
    Remark,
    UnusableFile,
    Vocabulary,
    atomic_write,
)
from seqgen.contract.tables import GroupedRows
from seqgen_text.chunking import contiguous_parts
from seqgen_text.constraints import TextConstraints, any_text, constrained_text
from seqgen_text.display import TextDisplay
from seqgen_text.document_reader import read_documents
from seqgen_text.metrics import TextMetrics
from seqgen_text.prompting import TextPrompting
from seqgen_text.settings import DocumentKind, TextSettings
from seqgen_text.token_grammar import token_grammar
from seqgen_text.tokenization import FIRST_ID, TOKENIZERS, Tokenizer


class TextReading(Reading[str]):
    """Files are read a piece at a time. A file is running text, which can be cut; a line is not."""

    def __init__(self, document: DocumentKind | None) -> None:
        self._document = document

    def in_parts(self, path: PurePath) -> bool:
        return True

    def cut(self, item: str, shares: Sequence[float]) -> list[str]:
        return contiguous_parts(item, shares)

    def offers(self, method: str) -> bool:
        return super().offers(method) and (method != "cut" or self._document in (None, "file"))


class TextDeduplication(Deduplication[str]):
    """Texts are compared, not their tokens: unknown characters and words have one token."""

    compares_ids = False


class RowDeduplication(GroupedRows):
    """Compares the texts of rows, and keeps the rows of a group in one split."""

    compares_ids = False


class TextDomain(Domain[str]):
    """Text in any script: files, lines, paragraphs or rows of a table; as bytes, characters, BPE or words."""

    name: ClassVar[str] = "text"
    interface_version: ClassVar[int] = 2

    class Settings(TextSettings):
        """How text is read and tokenised."""

    class Constraints(TextConstraints):
        """What can be asked of a sample: a pattern, a length, a beginning, and forbidden strings."""

    def __init__(
        self, settings: Any = None, vocabulary: Vocabulary | None = None, state: Mapping[str, Any] | None = None
    ) -> None:
        """Raises BundleError for a vocabulary or a learned state that the tokenizer cannot have."""
        super().__init__(settings, vocabulary, state)
        name = self.settings.tokenizer
        try:
            self.tokenizer: Tokenizer = TOKENIZERS[name](self.vocabulary[FIRST_ID:], self.state)
        except (KeyError, ValueError) as error:
            raise BundleError(
                f"The vocabulary does not fit the tokenizer {name!r} ({error}); copy the whole model again from where "
                "it was trained."
            ) from error
        self._any_text = token_grammar(any_text(), self.tokenizer.strings)
        self.prompting = TextPrompting(self, self.tokenizer)
        self.display = TextDisplay()
        self.metrics = TextMetrics()
        self.reading = TextReading(self.settings.document)
        self.deduplication = RowDeduplication() if self.settings.group_column else TextDeduplication()

    def read(self, path: Path) -> Iterator[str | Record[str] | Remark]:
        return read_documents(path, self.settings)

    def learn(self, observations: Iterable[str]) -> Learned:
        """Returns the tokens, and the merges of BPE as state."""
        settings = self.settings
        return TOKENIZERS[settings.tokenizer].learn(observations, settings.vocabulary_size - FIRST_ID)

    def encode(self, item: str) -> Example:
        try:
            return Example.document(self.tokenizer.encode(item))
        except UnicodeEncodeError:
            raise UnusableFile("half a surrogate pair, which is not a character") from None

    def decode(self, ids: np.ndarray) -> str:
        """Returns the text. An incomplete character at the end is left out."""
        return "".join(self.tokenizer.decode([ids]))

    def write(self, item: str, path: Path) -> list[Path]:
        """Writes `path`.txt. Raises OutputError."""
        target = path.with_name(path.name + ".txt")
        with atomic_write(target) as temporary:
            temporary.write_bytes(item.encode("utf-8"))
        return [target]

    def grammar(self, constraints: TextConstraints | None = None) -> Grammar:
        """Returns the automaton of valid UTF-8 over the tokens, narrowed by `constraints`."""
        if constraints is None or constraints.is_empty:
            return self._any_text
        text = constrained_text(constraints)
        try:
            return token_grammar(text, self.tokenizer.strings)
        except EmptyLanguage as error:
            raise EmptyLanguage(
                f"The {len(self.tokenizer.strings)} tokens of this model cannot write a text that satisfies the "
                "constraints; change them."
            ) from error
