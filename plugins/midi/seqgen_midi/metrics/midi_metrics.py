"""The metrics and the deduplication of the domain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seqgen import Deduplication, Metrics, Record
from seqgen_midi.encodings.base import Encoding
from seqgen_midi.metrics import statistics, voice_leading
from seqgen_midi.metrics.dedup_key import dedup_key
from seqgen_midi.metrics.token_features import token_features
from seqgen_midi.music.piece import Piece


class MidiMetrics(Metrics[Piece]):
    """Musical statistics, sizes in seconds and quarters, and intervals for the memorisation check."""

    def __init__(self, encoding: Encoding, default_tempo: int) -> None:
        self._encoding = encoding
        self._default_tempo = default_tempo
        self.period = encoding.period

    def compare(self, held_out: Sequence[Record[Piece]], samples: Sequence[Record[Piece]]) -> dict[str, float]:
        real, generated = ([record.item for record in records] for records in (held_out, samples))
        result = statistics.compare(real, generated, self._default_tempo)
        return result | voice_leading.compare(real, generated) if self._encoding.voices else result

    def statistics(self, item: Piece) -> dict[str, float]:
        """Returns the statistics of the piece, the histograms of its pitches and lengths, and its loudness."""
        return statistics.all_statistics(item, self._default_tempo)

    def sizes(self, item: Piece) -> dict[str, float]:
        """Returns the length in seconds, and in quarters of a piece in bars."""
        sizes = {"second": item.length_in_seconds(self._default_tempo)}
        return {**sizes, "quarter": item.end / item.resolution} if len(item.meters) else sizes

    def copy_symbols(self, ids: np.ndarray) -> np.ndarray:
        """Intervals in place of pitches; velocities, tempos and chord symbols are ignored."""
        return self._encoding.copy_symbols(ids)

    def token_features(self, ids: np.ndarray) -> dict[str, np.ndarray]:
        """Returns where in its bar each token stands, its voice, its pitch, and whether a note begins or is held."""
        return token_features(self._encoding, ids)


class MidiDeduplication(Deduplication[Piece]):
    """The same notes in another key, tempo or sound are duplicates."""

    differences = "key, tempo or sound"

    def key(self, item: Piece) -> list[np.ndarray]:
        return dedup_key(item)
