"""What a domain needs that wraps another one, as labels wrap a text and a translation wraps two.

The other domain is called the base. The wrapping domain says in a `BaseView` where the base's item and document are
within its own, and wraps each capability of the base:

    self.display = WrappedDisplay(base.display, view) if base.display else None

A wrapper offers a method if the capability that it wraps offers it. Subclass a wrapper to add to what the base does.
"""

from __future__ import annotations

import abc
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from seqgen.contract.capabilities import Capability, Deduplication, Display, Metrics
from seqgen.contract.documents import Record
from seqgen.contract.domain import Domain
from seqgen.contract.piano_roll import PianoRoll

Outer = TypeVar("Outer")
Inner = TypeVar("Inner")


class BaseView(abc.ABC, Generic[Outer, Inner]):
    """Where the item and the document of the base are within those of the wrapping domain."""

    @abc.abstractmethod
    def item(self, item: Outer) -> Inner:
        """Returns the base's item."""

    @abc.abstractmethod
    def document(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns the base's document int32[m] within ids int32[n], and int[m]: where in `ids` each of its ids is.

        Both begin with BOS, at position 0. The document may be cut after any token.
        """

    def record(self, record: Record[Outer]) -> Record[Inner]:
        """Returns the base's item with the same metadata."""
        return Record(self.item(record.item), record.metadata)


class Wrapper:
    """Mix-in, before the capability's class: a wrapper offers what the wrapped capability offers."""

    wrapped: Capability[Any]

    def offers(self, method: str) -> bool:
        """Whether the wrapped capability implements this method of the contract."""
        return self.wrapped.offers(method)


class WrappedDisplay(Wrapper, Display[Outer]):
    """Shows the base's part of an item."""

    wrapped: Display[Any]

    def __init__(self, wrapped: Display[Any], view: BaseView[Outer, Any]) -> None:
        self.wrapped = wrapped
        self.view = view

    @cached_property
    def renderings(self) -> tuple[str, ...]:  # type: ignore[override]
        return self.wrapped.renderings

    def render(self, item: Outer, rendering: str, path: Path, prompt_item: Outer | None = None) -> Path:
        return self.wrapped.render(self.view.item(item), rendering, path, self._prompt_item(prompt_item))

    def html(self, item: Outer, prompt_item: Outer | None = None) -> str:
        return self.wrapped.html(self.view.item(item), self._prompt_item(prompt_item))

    def script(self) -> str:
        return self.wrapped.script()

    def piano_roll(self, item: Outer, ids: np.ndarray) -> PianoRoll:
        """Returns the notes of the base's item. The other ids say nothing of a note."""
        document, positions = self.view.document(ids)
        roll = self.wrapped.piano_roll(self.view.item(item), document)
        note_numbers = np.full(len(ids), -1)
        note_numbers[positions] = roll.note_numbers
        return replace(roll, note_numbers=note_numbers)

    def draw_surprise(self, ids: np.ndarray, nats: np.ndarray, path: Path) -> Path:
        """Draws the base's document. What the other ids cost is left out."""
        document, positions = self.view.document(ids)
        return self.wrapped.draw_surprise(document, nats[positions], path)

    def _prompt_item(self, prompt_item: Outer | None) -> Any:
        return None if prompt_item is None else self.view.item(prompt_item)


class WrappedMetrics(Wrapper, Metrics[Outer]):
    """Measures the base's part of an item."""

    wrapped: Metrics[Any]

    def __init__(self, wrapped: Metrics[Any], view: BaseView[Outer, Any]) -> None:
        self.wrapped = wrapped
        self.view = view
        self.period = wrapped.period

    def compare(self, held_out: Sequence[Record[Outer]], samples: Sequence[Record[Outer]]) -> dict[str, float]:
        return self.wrapped.compare(
            [self.view.record(one) for one in held_out], [self.view.record(one) for one in samples]
        )

    def statistics(self, item: Outer) -> dict[str, float]:
        return self.wrapped.statistics(self.view.item(item))

    def sizes(self, item: Outer) -> dict[str, float]:
        return self.wrapped.sizes(self.view.item(item))

    def copy_symbols(self, ids: np.ndarray) -> np.ndarray:
        """Returns the base's symbols. Ids that are not the base's are ignored."""
        document, positions = self.view.document(ids)
        symbols = np.full(len(ids), -1)
        symbols[positions] = self.wrapped.copy_symbols(document)
        return symbols

    def token_features(self, ids: np.ndarray) -> dict[str, np.ndarray]:
        """Returns the base's features. They are 0 at ids that are not the base's."""
        document, positions = self.view.document(ids)
        features = {}
        for name, values in self.wrapped.token_features(document).items():
            features[name] = np.zeros(len(ids), np.float32)
            features[name][positions] = values
        return features


class WrappedDeduplication(Wrapper, Deduplication[Outer]):
    """Compares the base's part of items."""

    wrapped: Deduplication[Any]

    def __init__(self, wrapped: Deduplication[Any], view: BaseView[Outer, Any]) -> None:
        self.wrapped = wrapped
        self.view = view
        self.differences = wrapped.differences
        self.compares_ids = wrapped.compares_ids

    def key(self, item: Outer) -> Any:
        return self.wrapped.key(self.view.item(item))

    def group(self, record: Record[Outer]) -> Any:
        return self.wrapped.group(self.view.record(record))


def learns_from_data(domain: Domain[Any]) -> bool:
    """Whether `learn` iterates over its observations. A domain with a fixed vocabulary does not.

    If the vocabulary is fixed, observations need not be JSON values.
    """
    iterated = False

    def observations() -> Iterator[Any]:
        nonlocal iterated
        iterated = True
        yield from ()

    domain.learn(observations())
    return iterated
