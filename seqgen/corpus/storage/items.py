"""The items of stored documents, decoded when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from seqgen.contract.domain import Domain
from seqgen.corpus.storage.store import Corpus, Documents
from seqgen.errors import CorpusError


class Items(Sequence[Any]):
    """The items of documents, in order, each decoded when it is asked for."""

    def __init__(self, domain: Domain, documents: Documents) -> None:
        self._domain, self._documents = domain, documents
        self._numbers = range(len(documents))

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[Any]:
        # Not that of Sequence, which takes an IndexError in a domain's decode for the end.
        return (self[number] for number in range(len(self)))

    def __getitem__(self, index: Any) -> Any:
        numbers = self._numbers[index]
        if isinstance(numbers, int):
            return self._domain.decode(self._documents[numbers][0])
        part = Items(self._domain, self._documents)
        part._numbers = numbers
        return part


def held_out_split(domain: Domain, corpus: Corpus) -> tuple[str, Documents]:
    """The name and the documents of the test split, or of the validation split where there is no test."""
    if corpus.vocabulary != domain.vocabulary:
        raise CorpusError(f"{corpus.path} has another vocabulary than the model; take one that fits the model.")
    split = "test" if len(corpus.documents("test")) else "valid"
    return split, corpus.documents(split)
