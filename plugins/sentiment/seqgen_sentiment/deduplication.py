"""Which labelled items count as the same: those with the same content, whatever their labels."""

from __future__ import annotations

from typing import Any

from seqgen import Deduplication, Record
from seqgen.contract.tables import GROUP
from seqgen.contract.wrapping import WrappedDeduplication
from seqgen_sentiment.document_layout import DocumentLayout
from seqgen_sentiment.labelled_item import LabelledItem


class LabelledDeduplication(WrappedDeduplication[LabelledItem]):
    """Compares the content alone, so that it is never in two splits. Groups are those of a table, or the base's."""

    def __init__(self, wrapped: Deduplication[Any], layout: DocumentLayout, has_groups: bool) -> None:
        super().__init__(wrapped, layout)
        self.has_groups = has_groups
        self.differences = f"label, {wrapped.differences}" if wrapped.differences else "label"

    def group(self, record: Record[LabelledItem]) -> Any:
        return record.metadata[GROUP] if GROUP in record.metadata else super().group(record)

    def offers(self, method: str) -> bool:
        return method == "key" or (method == "group" and self.has_groups) or super().offers(method)
