"""The domain `text`: anything written in Unicode. The modules beside it do the work."""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from seqgen import (
    BundleError,
    Domain,
    EmptyLanguage,
    Example,
    Grammar,
    Options,
    Prompt,
    Remark,
    TooManyStates,
    UnusableFile,
    Vocabulary,
    atomic_write,
)
from seqgen.grammar import prepend
from seqgen_text import statistics
from seqgen_text.constraints import TextConstraints, any_text, wanted_bytes
from seqgen_text.documents import Document, Normalisation, read_documents
from seqgen_text.lifting import MOST_CELLS, lift
from seqgen_text.units import FIRST, UNITS, Name, Unit, learn_names


class TextSettings(Options):
    """How text is read and written down."""

    unit: Name = Field(default="character", description="byte, character, bpe, or word (loses rare words)")
    document: Document = Field(default="file", description="what is learned as one: file, line, paragraph, or field")
    field: str | None = Field(default=None, description="with document=field, the column of a CSV, TSV or JSON Lines")
    normalisation: Normalisation = Field(default="none", description="of Unicode: none, NFC or NFKC")
    longest: int = Field(
        default=100_000, ge=100, le=10_000_000, description="characters; longer documents are cut at a sensible place"
    )
    vocabulary_size: int = Field(
        default=4096, ge=300, le=65_536, description="the most tokens that character, bpe and word may learn"
    )


class TextDomain(Domain[str]):
    """Text in any script: files, lines, paragraphs, or fields of a table; as bytes, characters, BPE or words."""

    name: ClassVar[str] = "text"
    in_pieces: ClassVar[bool] = True

    class Settings(TextSettings):
        """How text is read and written down."""

    class Constraints(TextConstraints):
        """What can be asked of a sample: a pattern, a length, a beginning, and what must not stand in it."""

    def __init__(self, settings: Any = None, vocabulary: Vocabulary | None = None) -> None:
        """Raises BundleError for a vocabulary that cannot be of the unit."""
        super().__init__(settings, vocabulary)
        try:
            self._unit: Unit = UNITS[self.settings.unit](self.vocabulary[FIRST:])
        except (KeyError, ValueError, UnicodeDecodeError) as error:
            raise BundleError(
                f"The vocabulary is none of the unit {self.settings.unit!r} ({error}); take the whole model from where "
                "it was trained."
            ) from error
        self._any = lift(any_text(), self._unit.strings)

    def read(self, path: Path) -> Iterator[str | Remark]:
        asked = self.settings
        return read_documents(path, asked.document, asked.field, asked.normalisation, asked.longest)

    def learn(self, evidence: Iterable[str]) -> Vocabulary:
        """The tokens of the unit; what each stands for can be read from its name."""
        return Vocabulary(learn_names(self.settings.unit, evidence, self.settings.vocabulary_size))

    def encode(self, item: str) -> Example:
        try:
            return Example.document(self._unit.ids(item))
        except UnicodeEncodeError:
            raise UnusableFile("half a surrogate pair, which is no character") from None

    def decode(self, ids: np.ndarray) -> str:
        """The text; of one that was cut inside a character, all before that character."""
        return "".join(self.live([ids]))

    def live(self, chunks: Iterable[np.ndarray]) -> Iterator[str]:
        """The text as it comes; a character is given once all of its bytes are there."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        for chunk in chunks:
            data = b"".join(self._unit.strings[number - FIRST] for number in chunk.tolist() if number >= FIRST)
            yield decoder.decode(data)

    def write(self, item: str, path: Path) -> list[Path]:
        """Writes `path`.txt; raises OutputError."""
        target = path.with_name(path.name + ".txt")
        with atomic_write(target) as temporary:
            temporary.write_bytes(item.encode("utf-8"))
        return [target]

    def show(self, item: str, given: str | None = None) -> str:
        """The text, what was given of it marked."""
        given = given if given and item.startswith(given) else ""
        marked = f"<mark>{escape(given)}</mark>" if given else ""
        return f"<pre>{marked}{escape(item[len(given) :])}</pre>"

    def grammar(self, constraints: TextConstraints | None = None) -> Grammar:
        """UTF-8, whatever the unit; narrowed to what is asked for."""
        if constraints is None or constraints.empty:
            return self._any
        wanted = wanted_bytes(constraints)
        try:
            return lift(wanted, self._unit.strings)
        except EmptyLanguage as error:
            raise EmptyLanguage(
                f"The {len(self._unit.strings)} tokens of this model cannot write a text that has what is asked for; "
                "ask for something else."
            ) from error

    def prompt(self, item: str | None = None, constraints: TextConstraints | None = None) -> Prompt:
        """The beginning `item`; constraints are on what follows it. Raises ImpossibleConstraints."""
        if item is None or constraints is None or constraints.empty:
            return super().prompt(item, constraints)
        ids = super().prompt(item).ids
        return Prompt(ids, after(ids, self.grammar(constraints)))

    def prompt_text(self, text: str) -> str:
        kind = self.settings.normalisation
        return text if kind == "none" else unicodedata.normalize(kind, text)

    def measures(self, item: str) -> dict[str, float]:
        return {"character": len(item), "byte": len(item.encode("utf-8"))}

    def evaluate(self, real: Sequence[str], made: Sequence[str]) -> dict[str, float]:
        """Distinct-n and repetition."""
        return statistics.compare(real, made)


def after(ids: np.ndarray, grammar: Grammar) -> Grammar:
    """The grammar of documents that begin with exactly `ids` (BOS first) and go on with what `grammar` says.

    Raises TooManyStates when the tables would be too large.
    """
    try:
        return prepend(ids[1:].tolist(), grammar, max_states=MOST_CELLS // grammar.vocabulary_size)
    except TooManyStates as error:
        raise TooManyStates(
            f"A prompt of {len(ids) - 1} tokens is too long for constraints; give a shorter one."
        ) from error
