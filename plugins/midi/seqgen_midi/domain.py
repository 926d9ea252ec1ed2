"""The domain `midi`: music from MIDI files and scores, in the encoding that is set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from seqgen import BundleError, Domain, Example, Grammar, Options, Reading, Record, Remark, Vocabulary, atomic_write
from seqgen_midi.constraints.catalogue import all_constraint_options, constraint_options
from seqgen_midi.constraints.grammar import grammar_of
from seqgen_midi.display.browser import ChoraleBrowserDisplay
from seqgen_midi.display.midi_display import MidiDisplay
from seqgen_midi.encodings.base import Encoding
from seqgen_midi.encodings.chorale import Chorale
from seqgen_midi.encodings.reading import read_pieces
from seqgen_midi.encodings.training import MidiLearning, MidiTraining
from seqgen_midi.inference import MidiInference
from seqgen_midi.io.midi_reader import MIDI_ENDINGS
from seqgen_midi.io.midi_writer import midi_bytes
from seqgen_midi.io.score_reader import ABC_ENDING, SCORE_ENDINGS
from seqgen_midi.metrics.midi_metrics import MidiDeduplication, MidiMetrics
from seqgen_midi.music.piece import Piece
from seqgen_midi.prompts.defaults import MidiDefaults
from seqgen_midi.prompts.metadata import with_metadata
from seqgen_midi.prompts.midi_prompting import MidiPrompting
from seqgen_midi.settings import DEFAULT_ENCODING, MidiSettings


class MidiDomain(Domain[Piece]):
    """Music: four-part chorales, melodies, drums, scores of many tracks, or performances.

    A domain whose encoding is still to be inferred has that of chorales.
    """

    name = "midi"
    interface_version = 2
    reads = (*MIDI_ENDINGS, *SCORE_ENDINGS)
    Settings: Any = MidiSettings
    Constraints: Any = all_constraint_options()
    """The constraints of all encodings; a domain object has those of its own encoding."""

    def __init__(
        self, settings: Any = None, vocabulary: Vocabulary | None = None, state: Mapping[str, Any] | None = None
    ) -> None:
        settings = settings if settings is not None else MidiSettings.from_mapping({})
        encoding: Encoding = settings.make_encoding()
        self.encoding = encoding
        super().__init__(settings, vocabulary, state)
        if self.vocabulary != encoding.vocabulary:
            raise BundleError(
                f"The vocabulary of {settings.encoding or DEFAULT_ENCODING} is not the one that this version of "
                "seqgen_midi has; use the version that the model was trained with."
            )
        self.Constraints = constraint_options(encoding)
        self.unit = encoding.unit
        self.prompting = MidiPrompting(self, encoding, settings)
        self.display = MidiDisplay(encoding, settings.tempo)
        self.browser = ChoraleBrowserDisplay(settings.tempo) if encoding.name == Chorale.name else None
        self.metrics = MidiMetrics(encoding, settings.tempo)
        self.deduplication = MidiDeduplication()
        self.inference = MidiInference(settings)
        self.training = MidiTraining(encoding)
        self.learning = MidiLearning(encoding)
        self.defaults = MidiDefaults(encoding)
        self.reading = MidiReading()

    def read(self, path: Path) -> Iterator[Piece | Remark]:
        settings = self.settings
        return read_pieces(
            path, self.encoding, one_beat_meter=settings.one_beat_meter, expand_repeats=settings.expand_repeats
        )

    def learn(self, observations: Iterable[Any]) -> Vocabulary:
        """Returns the vocabulary of the encoding, which is fixed."""
        return self.encoding.vocabulary

    def encode(self, item: Piece) -> Example:
        return self.encoding.encode(item)

    def decode(self, ids: np.ndarray) -> Piece:
        return self.encoding.decode(ids)

    def write(self, item: Piece, path: Path) -> list[Path]:
        """Writes `path`.mid."""
        target = path.with_name(path.name + ".mid")
        with atomic_write(target) as temporary:
            temporary.write_bytes(midi_bytes(item, self.settings.tempo))
        return [target]

    def grammar(self, constraints: Options | None = None) -> Grammar:
        return grammar_of(self.encoding, constraints, self.settings.tempo)


class MidiReading(Reading[Piece]):
    """Books of tunes are read tune by tune. A prompt keeps its key, its exact tempos and the names of its tracks."""

    def in_parts(self, path: PurePath) -> bool:
        return path.suffix.lower() == ABC_ENDING

    def restore(self, record: Record[Piece]) -> Piece:
        return with_metadata(record.item, record.metadata)
