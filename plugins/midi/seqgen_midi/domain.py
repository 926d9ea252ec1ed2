"""The domain `midi`: chorales in four voices from MIDI files and scores. The modules beside it do the work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from seqgen import (
    BundleError,
    Domain,
    Example,
    Grammar,
    Options,
    Prompt,
    UnknownName,
    UnusableFile,
    Vocabulary,
    atomic_write,
)
from seqgen_midi import chorale
from seqgen_midi.chorale import VOCABULARY, Chorale
from seqgen_midi.chorale_grammar import domain_grammar
from seqgen_midi.constraints import ChoraleConstraints, constrained_grammar, continue_chorale
from seqgen_midi.voices import VOICES

MIDI_ENDINGS = (".mid", ".midi")
TRANSPOSED_DOWN, TRANSPOSED_UP = 5, 6


class MidiDomain(Domain[Chorale]):
    """Music in four voices on a grid of 16ths."""

    name: ClassVar[str] = "midi"
    reads: ClassVar[tuple[str, ...]] = (*MIDI_ENDINGS, ".mxl", ".musicxml", ".xml", ".krn", ".abc")
    unit: ClassVar[str] = "note"
    period: ClassVar[int] = len(VOICES)
    renders: ClassVar[tuple[str, ...]] = ("png", "wav", "musicxml")

    class Settings(Options):
        """How music becomes tokens, and at how many quarter notes a minute it is written."""

        encoding: Literal["chorale"] = Field("chorale", description="four voices, each a token a 16th")
        tempo: int = Field(80, ge=20, le=300, description="quarter notes a minute in files that are written")

    class Constraints(ChoraleConstraints):
        """What can be asked of a sample: bars, meter, key and ranges."""

    def __init__(self, settings: Any = None, vocabulary: Vocabulary | None = None) -> None:
        super().__init__(settings, vocabulary)
        if self.vocabulary != VOCABULARY:
            raise BundleError(
                "The chorale vocabulary is not the one that this version of seqgen_midi has; use the version that the "
                "model was trained with."
            )

    def read(self, path: Path) -> Iterator[Chorale]:
        """The chorales of a file, MIDI through symusic and scores through music21; raises UnusableFile."""
        from seqgen_midi.reading import read_midi
        from seqgen_midi.scores import read_score

        path = Path(path)
        midi = path.suffix.lower() in MIDI_ENDINGS
        try:
            if midi:
                yield read_midi(path)
            else:
                yield from read_score(path)
        except (UnusableFile, MemoryError):
            raise
        except Exception as error:
            raise UnusableFile("a damaged MIDI file" if midi else "not a score that music21 can read") from error

    def learn(self, items: Iterable[Chorale]) -> Vocabulary:
        """The fixed vocabulary; `items` are not looked at."""
        return VOCABULARY

    def encode(self, item: Chorale) -> Example:
        """The document of a chorale; raises UnusableFile for one that the grammar does not allow."""
        example = Example.document(chorale.tokens(item))
        if len(item.grid) < item.pickup + item.bar:
            raise UnusableFile("shorter than a bar")
        if not domain_grammar().accepts(example.ids):
            raise UnusableFile("ends in silence, or holds a note that never began")
        return example

    def decode(self, ids: np.ndarray) -> Chorale:
        return chorale.decode(ids)

    def write(self, item: Chorale, path: Path) -> list[Path]:
        """Writes `path`.mid; raises OutputError."""
        from seqgen_midi.writing import midi_bytes

        target = path.with_name(path.name + ".mid")
        with atomic_write(target) as temporary:
            temporary.write_bytes(midi_bytes(item, self.settings.tempo))
        return [target]

    def grammar(self, constraints: ChoraleConstraints | None = None) -> Grammar:
        return constrained_grammar(constraints)

    def augment(self, ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The same piece in another key: −5 to +6 semitones, as far as every voice stays within its range."""
        return chorale.transpose(ids, rng, TRANSPOSED_DOWN, TRANSPOSED_UP)

    def prompt(self, item: Chorale | None = None, constraints: ChoraleConstraints | None = None) -> Prompt:
        if item is None:
            return super().prompt(None, constraints)
        return continue_chorale(item, constraints)

    def evaluate(self, real: Sequence[Chorale], made: Sequence[Chorale]) -> dict[str, float]:
        from seqgen_midi.statistics import compare

        return compare(real, made)

    def render(self, item: Chorale, kind: str, path: Path) -> Path:
        """Writes `path`.png, .wav or .musicxml; raises UnknownName for another kind, OutputError."""
        if kind not in self.renders:
            raise UnknownName(f"rendering of domain {self.name!r}", kind, self.renders)
        target = path.with_name(f"{path.name}.{kind}")
        with atomic_write(target) as temporary:
            if kind == "png":
                from seqgen_midi.pictures import draw_png

                draw_png(item, temporary)
            elif kind == "wav":
                from seqgen_midi.sound import write_wav

                write_wav(item, self.settings.tempo, temporary)
            else:
                from seqgen_midi.scores import write_musicxml

                write_musicxml(item, temporary)
        return target
