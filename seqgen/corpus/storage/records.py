"""The records of stored documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from seqgen.contract.documents import Record
from seqgen.contract.domain import Domain
from seqgen.corpus.storage.documents import Documents
from seqgen.corpus.storage.store import Corpus
from seqgen.errors import CorpusError


class Records(Sequence[Record[Any]]):
    """The items of documents with their metadata, in order. Each item is decoded when it is accessed."""

    def __init__(self, domain: Domain[Any], documents: Documents) -> None:
        self._domain, self._documents = domain, documents
        self._numbers = range(len(documents))

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[Record[Any]]:
        # The iterator of Sequence would take an IndexError in a domain's decode for the end.
        return (self[number] for number in range(len(self)))

    def __getitem__(self, index: Any) -> Any:
        numbers = self._numbers[index]
        if isinstance(numbers, int):
            return Record(self._domain.decode(self._documents[numbers][0]), self._documents.metadata(numbers))
        part = Records(self._domain, self._documents)
        part._numbers = numbers
        return part


def held_out_split(domain: Domain[Any], corpus: Corpus) -> tuple[str, Documents]:
    """Returns the name and the documents of the test split, or of the validation split if there is no test split.

    Raises CorpusError if the corpus does not fit the domain.
    """
    if corpus.vocabulary != domain.vocabulary:
        raise CorpusError(f"{corpus.path} has another vocabulary than the model; take one that fits the model.")
    split = "test" if len(corpus.documents("test")) else "valid"
    return split, corpus.documents(split)
