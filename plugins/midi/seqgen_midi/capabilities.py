"""What the domain `midi` offers beyond its core, for whichever encoding is set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from seqgen import (
    Deduplication,
    Display,
    Inference,
    Learned,
    Learning,
    Metrics,
    Prompt,
    Prompting,
    Reading,
    Record,
    Training,
    UnknownName,
    UnusableFile,
    UsageError,
    atomic_write,
)
from seqgen_midi.constraints.prompt_options import needs_no_prompt
from seqgen_midi.encodings import ENCODINGS
from seqgen_midi.encodings.base import Encoding
from seqgen_midi.encodings.chorale import ChoraleEncoding
from seqgen_midi.io.score_reading import UNREADABLE
from seqgen_midi.metrics.dedup_key import likeness_of
from seqgen_midi.prompts import prompt_of

MIDI_ENDINGS = (".mid", ".midi")


def read_file(encoding: Encoding[Any], path: Path) -> Iterator[Any]:
    """Yields the pieces of a file: MIDI through symusic, scores through music21. Raises UnusableFile."""
    with damage_is_unusable(path):
        yield from encoding.read_midi(path) if is_midi(path) else encoding.read_score(path)


def is_midi(path: Path) -> bool:
    """Whether a file is read as MIDI, and not as a score."""
    return path.suffix.lower() in MIDI_ENDINGS


@contextmanager
def damage_is_unusable(path: Path) -> Iterator[None]:
    """Turns whatever the libraries raise about a file into UnusableFile."""
    try:
        yield
    except (UnusableFile, MemoryError):
        raise
    except Exception as error:
        raise UnusableFile("a damaged MIDI file" if is_midi(path) else UNREADABLE) from error


class MidiPrompting(Prompting[Any]):
    """A prompt is continued, filled in, varied, harmonised or accompanied."""

    def prompt(self, item: Any = None, constraints: Any = None) -> Prompt:
        """Returns the start of sampling, and what is given after it if a piece is filled in, varied or harmonised."""
        if item is not None:
            return prompt_of(self.domain.encoding, item, constraints)  # type: ignore[attr-defined]
        needs_no_prompt(constraints)
        return super().prompt(None, constraints)

    def read(self, path: Path) -> Iterator[Any]:
        """Yields the pieces of a prompt file. A chorale may be one melody, for which the other voices are found."""
        encoding: Encoding[Any] = self.domain.encoding  # type: ignore[attr-defined]
        if isinstance(encoding, ChoraleEncoding):
            encoding = ENCODINGS["chorale"](encoding.settings)
            encoding.fewest_voices = 1  # type: ignore[attr-defined]
        return read_file(encoding, Path(path))

    def without_prompt(self, ids: np.ndarray, prompt_length: int) -> np.ndarray:
        return self.domain.encoding.without_prompt(ids, prompt_length)  # type: ignore[attr-defined]


class MidiDisplay(Display[Any]):
    """Piano rolls, sound, scores, and a player for the page of samples."""

    def __init__(self, encoding: Encoding[Any]) -> None:
        self._encoding = encoding
        self._tempo: int = encoding.settings.tempo
        self.renderings = encoding.renders

    def html(self, item: Any, given: Any = None) -> str:
        """Returns a player and its piano roll, in which the prompt is shaded."""
        from seqgen_midi.display.web_page import roll

        return roll(self._encoding.piece(item), self._tempo, self._end(given))

    def script(self) -> str:
        from seqgen_midi.display.web_page import player

        return player()

    def _end(self, given: Any) -> int:
        """The tick at which the prompt ends."""
        return 0 if given is None else self._encoding.piece(given).end

    def render(self, item: Any, rendering: str, path: Path, given: Any = None) -> Path:
        """Writes `path`.png, .wav, .musicxml or .abc (melodies). Raises UnknownName for another kind, OutputError."""
        if rendering not in self.renderings:
            raise UnknownName("rendering of the domain 'midi'", rendering, self.renderings)
        target = path.with_name(f"{path.name}.{rendering}")
        with atomic_write(target) as temporary:
            if rendering == "png":
                from seqgen_midi.display.piano_roll import draw_png

                draw_png(self._encoding.piece(item), temporary, self._end(given))
            elif rendering == "wav":
                from seqgen_midi.display.sound import write_wav

                write_wav(self._encoding.piece(item), self._tempo, temporary)
            elif rendering == "abc":
                from seqgen_midi.io.abc import abc_text

                temporary.write_text(abc_text(self._encoding.piece(item), self._tempo), encoding="utf-8")
            else:
                self._encoding.write_musicxml(item, temporary)
        return target

    def draw_surprise(self, ids: np.ndarray, nats: np.ndarray, path: Path) -> Path:
        """Writes `path`.png: the piano roll in the colours of surprise. Raises OutputError."""
        from seqgen_midi.display.surprise import draw_surprise

        piece, notes = self._encoding.piece(self._encoding.decode(ids)), self._encoding.notes_of(ids)
        of_a_note = notes >= 0
        target = path.with_name(f"{path.name}.png")
        with atomic_write(target) as temporary:
            by_note = np.bincount(notes[of_a_note], nats[of_a_note], len(piece))[: len(piece)]
            draw_surprise(piece, by_note, temporary)
        return target


class MidiMetrics(Metrics[Any]):
    """Musical statistics, sizes in seconds and quarters, and intervals in place of pitches for copied passages."""

    def __init__(self, encoding: Encoding[Any]) -> None:
        self._encoding = encoding
        self.period = encoding.period

    def compare(self, held_out: Sequence[Record[Any]], samples: Sequence[Record[Any]]) -> dict[str, float]:
        from seqgen_midi.metrics import statistics, voice_leading

        real, new = ([record.item for record in records] for records in (held_out, samples))
        ours, theirs = ([self._encoding.piece(item) for item in items[: statistics.MOST]] for items in (real, new))
        found = statistics.compare(ours, theirs, self._encoding.settings.tempo)
        return found if self._encoding.unit == "token" else found | voice_leading.compare(real, new)

    def sizes(self, item: Any) -> dict[str, float]:
        """Returns seconds, at the tempo of the settings unless the piece has its own, and quarters if it has bars."""
        piece = self._encoding.piece(item)
        sizes = {"second": piece.lasts(self._encoding.settings.tempo)}
        return {**sizes, "quarter": piece.end / piece.resolution} if len(piece.meters) else sizes

    def copy_symbols(self, ids: np.ndarray) -> np.ndarray:
        """Returns intervals in place of pitches: a passage in another key is the same. Loudness does not count."""
        return self._encoding.passages(ids)


class MidiDeduplication(Deduplication[Any]):
    """The same notes in another key, tempo or sound are the same piece."""

    differences = "key, tempo or sound"

    def key(self, item: Any) -> Any:
        return likeness_of(item)


class MidiInference(Inference[Any]):
    """The encoding follows from the files."""

    def __init__(self, settings: Any) -> None:
        self._settings = settings

    def is_needed(self) -> bool:
        return self._settings.encoding is None

    def inspect(self, path: Path) -> str:
        """Returns the encoding that fits one file. Raises UnusableFile."""
        from seqgen_midi.inference import kind_of_midi, kind_of_score

        with damage_is_unusable(path):
            return kind_of_midi(path) if is_midi(path) else kind_of_score(path)

    def infer(self, findings: Sequence[str]) -> Any:
        """Returns the settings with the encoding that fits most of the files. Raises InvalidValue."""
        from seqgen_midi.inference import encoding_of

        return type(self._settings).from_mapping({**self._settings.model_dump(), "encoding": encoding_of(findings)})


class MidiTraining(Training[Any]):
    """Pieces are transposed."""

    def __init__(self, encoding: Encoding[Any]) -> None:
        self._encoding = encoding

    def augment(self, ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Returns the piece in another key: −5 to +6 semitones, as far as its pitches go; drums stay as they are."""
        return self._encoding.augment(ids, rng)


class MidiLearning(Learning[Any]):
    """The vocabulary of an encoding and its settings is fixed."""

    def __init__(self, encoding: Encoding[Any]) -> None:
        self._encoding = encoding

    def extend(self, known: Learned, observations: Iterable[Any]) -> Learned:
        """Returns the same vocabulary. Raises UsageError for a model with another one."""
        if known.vocabulary != self._encoding.vocabulary:
            raise UsageError(
                "The model to begin with has another encoding or other settings of it; say encoding=… and what else it "
                "was trained with."
            )
        return known


class MidiReading(Reading[Any]):
    """Books of tunes are read tune by tune; the readers of all other files check their size."""

    def in_parts(self, path: PurePath) -> bool:
        return True
