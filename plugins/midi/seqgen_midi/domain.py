"""The domain `midi`: music from MIDI files and scores, in the encoding that is set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BeforeValidator, Field, ValidationInfo, create_model, field_validator

from seqgen import (
    BundleError,
    Domain,
    Example,
    Grammar,
    Options,
    Vocabulary,
    atomic_write,
)
from seqgen_midi.capabilities import (
    MIDI_ENDINGS,
    MidiDeduplication,
    MidiDisplay,
    MidiInference,
    MidiLearning,
    MidiMetrics,
    MidiPrompting,
    MidiReading,
    MidiTraining,
    read_file,
)
from seqgen_midi.constraints import CONSTRAINTS, grammar_of
from seqgen_midi.encodings import ENCODINGS
from seqgen_midi.encodings.score import MOST_PARTS

TAKEN_BY = {
    "resolution": ("melody", "drums", "score"),
    "velocity_bins": ("score", "performance"),
    "parts": ("score",),
}
"""Which encodings have a use for a setting; the others refuse it."""


def every_constraint() -> type[Options]:
    """What can be asked of samples in all encodings together; each description says which encodings know it."""
    texts: dict[str, dict[str, list[str]]] = {}
    types: dict[str, Any] = {}
    for encoding, options in CONSTRAINTS.items():
        for name, field in options.model_fields.items():
            texts.setdefault(name, {}).setdefault(field.description or "", []).append(encoding)
            types.setdefault(name, field.annotation)
    described = {
        name: "; ".join(f"{text} ({', '.join(encodings)})" for text, encodings in by_text.items())
        for name, by_text in texts.items()
    }
    fields: dict[str, Any] = {name: (types[name], Field(None, description=text)) for name, text in described.items()}
    return create_model("Constraints", __base__=Options, **fields)


def number_of(value: Any) -> Any:
    """The number that a word from the command line writes; pydantic compares choices without turning words into any."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


class MidiDomain(Domain[Any]):
    """Music: four-part chorales, melodies, drums, scores of many tracks, or performances.

    Until its encoding is guessed, a domain that was not told one has that of chorales.
    """

    name: ClassVar[str] = "midi"
    reads = (*MIDI_ENDINGS, ".mxl", ".musicxml", ".xml", ".krn", ".abc")
    interface_version: ClassVar[int] = 2

    class Settings(Options):
        """How music becomes tokens, and at how many quarter notes a minute it is written."""

        encoding: Literal["chorale", "melody", "drums", "score", "performance"] | None = Field(
            None,
            description="chorale: four voices, each a token a 16th; melody: one voice on a grid, with chord symbols; "
            "drums: hits on a grid; score: all tracks, bar by bar; performance: in real time, as played; "
            "where nothing is said, guessed from the files",
        )
        tempo: int = Field(
            80,
            ge=20,
            le=300,
            description="quarter notes a minute in files that are written; score and performance tell their own",
        )
        resolution: Annotated[Literal[2, 4, 6, 8, 12, 16, 24] | None, BeforeValidator(number_of)] = Field(
            None,
            description="grid steps a quarter: 2, 4, 6, 8, 12, 16 or 24; as they come 4, and 12 for score",
        )
        velocity_bins: int | None = Field(
            None, ge=1, le=127, description="how many loudnesses score and performance tell apart; 32 as they come"
        )
        parts: int | None = Field(
            None, ge=1, le=MOST_PARTS, description="how many tracks of one programme score tells apart; 4 as it comes"
        )

        @field_validator(*TAKEN_BY)
        @classmethod
        def encoding_takes_it(cls, value: int | None, info: ValidationInfo) -> int | None:
            takers = TAKEN_BY[str(info.field_name)]
            if value is not None and info.data.get("encoding") not in (None, *takers):
                raise ValueError(f"only the encodings {', '.join(takers)} have it")
            return value

    Constraints: Any = every_constraint()
    """What can be asked in some encoding; a domain that is made has its own encoding's."""

    def __init__(
        self, settings: Any = None, vocabulary: Vocabulary | None = None, state: Mapping[str, Any] | None = None
    ) -> None:
        settings = settings if settings is not None else self.Settings.from_mapping({})
        self.encoding = ENCODINGS[settings.encoding or "chorale"](settings)
        super().__init__(settings, vocabulary, state)
        if self.vocabulary != self.encoding.vocabulary:
            raise BundleError(
                f"The vocabulary of {settings.encoding or 'chorale'} is not the one that this version of seqgen_midi "
                "has; use the version that the model was trained with."
            )
        self.Constraints = CONSTRAINTS[settings.encoding or "chorale"]
        self.unit = self.encoding.unit
        self.prompting = MidiPrompting(self)
        self.display = MidiDisplay(self.encoding)
        self.metrics = MidiMetrics(self.encoding)
        self.deduplication = MidiDeduplication()
        self.inference = MidiInference(self.settings)
        self.training = MidiTraining(self.encoding)
        self.learning = MidiLearning(self.encoding)
        self.reading = MidiReading()

    def read(self, path: Path) -> Iterator[Any]:
        """The pieces of a file, MIDI through symusic and scores through music21; raises UnusableFile."""
        return read_file(self.encoding, Path(path))

    def learn(self, items: Iterable[Any]) -> Vocabulary:
        """The fixed vocabulary; `items` are not looked at."""
        return self.encoding.vocabulary

    def encode(self, item: Any) -> Example:
        """The document of a piece; raises UnusableFile for one that the encoding cannot hold."""
        return self.encoding.encode(item)

    def decode(self, ids: np.ndarray) -> Any:
        return self.encoding.decode(ids)

    def write(self, item: Any, path: Path) -> list[Path]:
        """Writes `path`.mid; raises OutputError."""
        from seqgen_midi.io.midi_writing import midi_bytes

        target = path.with_name(path.name + ".mid")
        with atomic_write(target) as temporary:
            temporary.write_bytes(midi_bytes(self.encoding.piece(item), self.settings.tempo))
        return [target]

    def grammar(self, constraints: Any = None) -> Grammar:
        return grammar_of(self.encoding, constraints)
