"""The domain `midi`: music from MIDI files and scores, in the encoding that is set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
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
    Prompt,
    UnknownName,
    UnusableFile,
    UsageError,
    Vocabulary,
    atomic_write,
)
from seqgen_midi.constraints import CONSTRAINTS, grammar_of
from seqgen_midi.constraints.prompt_options import needs_no_prompt
from seqgen_midi.encodings import ENCODINGS
from seqgen_midi.encodings.chorale import ChoraleEncoding
from seqgen_midi.encodings.score import MOST_PARTS
from seqgen_midi.io.score_reading import UNREADABLE
from seqgen_midi.metrics.dedup_key import likeness_of
from seqgen_midi.prompts import prompt_of

MIDI_ENDINGS = (".mid", ".midi")
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
    reads: ClassVar[tuple[str, ...]] = (*MIDI_ENDINGS, ".mxl", ".musicxml", ".xml", ".krn", ".abc")
    copies_differ_in: ClassVar[str] = "key, tempo or sound"
    in_pieces: ClassVar[bool] = True  # books of tunes; `reading` sees to the size of all others
    renders: ClassVar[tuple[str, ...]] = ("png", "wav", "musicxml", "abc")

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

    def __init__(self, settings: Any = None, vocabulary: Vocabulary | None = None) -> None:
        settings = settings if settings is not None else self.Settings.from_mapping({})
        self.encoding = ENCODINGS[settings.encoding or "chorale"](settings)
        super().__init__(settings, vocabulary)
        if self.vocabulary != self.encoding.vocabulary:
            raise BundleError(
                f"The vocabulary of {settings.encoding or 'chorale'} is not the one that this version of seqgen_midi "
                "has; use the version that the model was trained with."
            )
        self.Constraints = CONSTRAINTS[settings.encoding or "chorale"]
        for name in ("unit", "period", "renders"):
            setattr(self, name, getattr(self.encoding, name))

    def read(self, path: Path) -> Iterator[Any]:
        """The pieces of a file, MIDI through symusic and scores through music21; raises UnusableFile."""
        path = Path(path)
        with damage_told(path):
            yield from self.encoding.read_midi(path) if is_midi(path) else self.encoding.read_score(path)

    @property
    def undecided(self) -> bool:
        return self.settings.encoding is None

    def clue(self, path: Path) -> str:
        """The encoding that fits one file; raises UnusableFile."""
        from seqgen_midi.inference import kind_of_midi, kind_of_score

        with damage_told(path):
            return kind_of_midi(path) if is_midi(path) else kind_of_score(path)

    def settle(self, clues: Sequence[str]) -> Any:
        """The settings with the encoding that fits most of the files; raises InvalidValue when others rule it out."""
        from seqgen_midi.inference import encoding_of

        return self.Settings.from_mapping({**self.settings.model_dump(), "encoding": encoding_of(clues)})

    def likeness(self, item: Any) -> Any:
        return likeness_of(item)

    def learn(self, items: Iterable[Any]) -> Vocabulary:
        """The fixed vocabulary; `items` are not looked at."""
        return self.encoding.vocabulary

    def grow(self, known: Vocabulary, evidence: Iterable[Any]) -> Vocabulary:
        """The same vocabulary: that of an encoding and its settings is fixed. Raises UsageError for another one."""
        if known != self.encoding.vocabulary:
            raise UsageError(
                "The model to begin with has another encoding or other settings of it; say encoding=… and what else it "
                "was trained with."
            )
        return known

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

    def augment(self, ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The same piece in another key: −5 to +6 semitones, as far as its pitches go; drums stay as they are."""
        return self.encoding.augment(ids, rng)

    def prompt(self, item: Any = None, constraints: Any = None) -> Prompt:
        """What sampling starts from, and what is given after it where a piece is filled in, varied or harmonised."""
        if item is not None:
            return prompt_of(self.encoding, item, constraints)
        needs_no_prompt(constraints)
        return super().prompt(None, constraints)

    def without_prompt(self, ids: np.ndarray, prompt: int) -> np.ndarray:
        return self.encoding.without_prompt(ids, prompt)

    def of_prompts(self) -> MidiDomain:
        return MidiPrompts(self.settings, self.vocabulary)

    def measures(self, item: Any) -> dict[str, float]:
        """Seconds, at the tempo of the settings unless the piece tells its own; quarters, of what stands in bars."""
        piece = self.encoding.piece(item)
        sizes = {"second": piece.lasts(self.settings.tempo)}
        return {**sizes, "quarter": piece.end / piece.resolution} if len(piece.meters) else sizes

    def passages(self, ids: np.ndarray) -> np.ndarray:
        """Intervals in place of pitches: a passage in another key is the same. Loudness, tempo, chords count not."""
        return self.encoding.passages(ids)

    def evaluate(self, real: Sequence[Any], made: Sequence[Any]) -> dict[str, float]:
        from seqgen_midi.metrics import statistics, voice_leading

        ours, theirs = ([self.encoding.piece(item) for item in items[: statistics.MOST]] for items in (real, made))
        told = statistics.compare(ours, theirs, self.settings.tempo)
        return told if self.encoding.unit == "token" else told | voice_leading.compare(real, made)

    def show(self, item: Any, given: Any = None) -> str:
        """A player and its piano roll, in which what was given is shaded."""
        from seqgen_midi.display.web_page import roll

        return roll(self.encoding.piece(item), self.settings.tempo, self._end(given))

    def script(self) -> str:
        from seqgen_midi.display.web_page import player

        return player()

    def _end(self, given: Any) -> int:
        """The tick until which something was given."""
        return 0 if given is None else self.encoding.piece(given).end

    def render(self, item: Any, kind: str, path: Path, given: Any = None) -> Path:
        """Writes `path`.png, .wav, .musicxml or .abc (melodies); raises UnknownName for another kind, OutputError."""
        if kind not in self.renders:
            raise UnknownName(f"rendering of domain {self.name!r}", kind, self.renders)
        target = path.with_name(f"{path.name}.{kind}")
        with atomic_write(target) as temporary:
            if kind == "png":
                from seqgen_midi.display.piano_roll import draw_png

                draw_png(self.encoding.piece(item), temporary, self._end(given))
            elif kind == "wav":
                from seqgen_midi.display.sound import write_wav

                write_wav(self.encoding.piece(item), self.settings.tempo, temporary)
            elif kind == "abc":
                from seqgen_midi.io.abc import abc_text

                temporary.write_text(abc_text(self.encoding.piece(item), self.settings.tempo), encoding="utf-8")
            else:
                self.encoding.write_musicxml(item, temporary)
        return target

    def render_surprise(self, ids: np.ndarray, nats: np.ndarray, path: Path) -> Path:
        """Writes `path`.png: the piano roll in the colours of surprise; raises OutputError."""
        from seqgen_midi.display.surprise import draw_surprise

        piece, notes = self.encoding.piece(self.decode(ids)), self.encoding.notes_of(ids)
        said = notes >= 0
        target = path.with_name(f"{path.name}.png")
        with atomic_write(target) as temporary:
            draw_surprise(piece, np.bincount(notes[said], nats[said], len(piece))[: len(piece)], temporary)
        return target


def is_midi(path: Path) -> bool:
    """Whether a file is read as MIDI, and not as a score."""
    return path.suffix.lower() in MIDI_ENDINGS


@contextmanager
def damage_told(path: Path) -> Iterator[None]:
    """Whatever the libraries raise on a file becomes UnusableFile."""
    try:
        yield
    except (UnusableFile, MemoryError):
        raise
    except Exception as error:
        told = "a damaged MIDI file" if is_midi(path) else UNREADABLE
        raise UnusableFile(told) from error


class MidiPrompts(MidiDomain):
    """The same domain where it reads prompts: a chorale may be one melody, for which the other voices are found."""

    def __init__(self, settings: Any = None, vocabulary: Vocabulary | None = None) -> None:
        super().__init__(settings, vocabulary)
        if isinstance(self.encoding, ChoraleEncoding):
            self.encoding.fewest_voices = 1
