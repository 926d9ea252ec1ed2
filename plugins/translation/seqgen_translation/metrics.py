"""Sizes of translations, and how long they are beside their sources."""

from __future__ import annotations

from collections.abc import Sequence

from seqgen import Metrics, Record
from seqgen_translation.sentence_pair import SentencePair


class PairMetrics(Metrics[SentencePair]):
    """Counts words and characters of the target, which are what the model is asked for."""

    def compare(
        self, held_out: Sequence[Record[SentencePair]], samples: Sequence[Record[SentencePair]]
    ) -> dict[str, float]:
        sides = {"held out": held_out, "samples": samples}
        return {f"target words a source word, {name}": length_ratio(records) for name, records in sides.items()}

    def sizes(self, item: SentencePair) -> dict[str, float]:
        target = item.target or ""
        return {"target word": len(target.split()), "target character": len(target)}


def length_ratio(records: Sequence[Record[SentencePair]]) -> float:
    """Returns how many target words there are for each source word; 0 without source words."""
    source = sum(len(record.item.source.split()) for record in records)
    return sum(len((record.item.target or "").split()) for record in records) / source if source else 0.0
