"""Which pairs belong together."""

from __future__ import annotations

from typing import Any

from seqgen import Deduplication, Record
from seqgen_translation.sentence_pair import SentencePair


class PairDeduplication(Deduplication[SentencePair]):
    """All translations of one sentence stay in one split. Otherwise a test sentence would be known from training."""

    def group(self, record: Record[SentencePair]) -> Any:
        return record.item.source
