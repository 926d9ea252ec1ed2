"""Which labelled items count as the same: those with the same content, whatever their labels."""

from __future__ import annotations

from typing import Any

from seqgen import Deduplication, Record
from seqgen.contract.tables import GROUP
from seqgen.contract.wrapping import WrappedDeduplication
from seqgen_sentiment.labelled_item import LabelledItem
from seqgen_sentiment.view import ContentView


class LabelledDeduplication(WrappedDeduplication[LabelledItem]):
    """Compares the content alone, so that it is never in two splits. Groups are those of a table, or the base's."""

    def __init__(self, wrapped: Deduplication[Any], view: ContentView, has_groups: bool) -> None:
        super().__init__(wrapped, view)
        self.has_groups = has_groups
        self.differences = f"label, {wrapped.differences}" if wrapped.differences else "label"

    def group(self, record: Record[LabelledItem]) -> Any:
        return record.metadata[GROUP] if GROUP in record.metadata else super().group(record)

    def offers(self, method: str) -> bool:
        return method == "key" or (method == "group" and self.has_groups) or super().offers(method)
