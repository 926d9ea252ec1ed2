"""Documents for training: token ids and the weight of each id."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import Any

import numpy as np


class Documents(abc.ABC):
    """The documents of one split.

    lengths: int32[n], the number of tokens of each document, with BOS
    """

    lengths: np.ndarray

    @abc.abstractmethod
    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns copies of one document's ids int32[length] and weights float32[length]."""

    def __len__(self) -> int:
        return len(self.lengths)

    def metadata(self, number: int) -> dict[str, Any]:
        """Returns the metadata of one document; {} if it has none."""
        return {}

    def describe(self, number: int) -> str:
        """Returns the number of a document and where it comes from, for messages."""
        return f"Document {number}"

    @property
    def token_count(self) -> int:
        """The number of tokens of all documents."""
        return int(self.lengths.sum(dtype=np.int64))

    @staticmethod
    def from_examples(examples: Sequence[tuple[np.ndarray, np.ndarray]]) -> Documents:
        """Returns documents in memory, made of pairs of ids[length] and weights[length]."""
        return _DocumentsInMemory(examples)


class _DocumentsInMemory(Documents):
    def __init__(self, examples: Sequence[tuple[np.ndarray, np.ndarray]]) -> None:
        self._examples = [(np.array(ids, np.int32), np.array(weights, np.float32)) for ids, weights in examples]
        self.lengths = np.array([len(ids) for ids, _ in self._examples], np.int32)

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        ids, weights = self._examples[number]
        return ids.copy(), weights.copy()


def default_weights(length: int) -> np.ndarray:
    """Returns the weights float32[length] of a document in which every id but BOS counts: 0, 1, 1, …"""
    weights = np.ones(length, np.float32)
    weights[:1] = 0
    return weights
