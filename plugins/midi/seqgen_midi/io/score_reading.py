"""Reads and writes scores (MusicXML, Humdrum, ABC) through music21."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from seqgen import Remark, UnusableFile
from seqgen_midi.io.midi_reading import MOST_NOTES, check_size
from seqgen_midi.io.notation import spelled, tie_of
from seqgen_midi.io.quantising import TimedNote, quantise
from seqgen_midi.io.score_cache import chorales, remembered
from seqgen_midi.music.chorale import Chorale, key_of
from seqgen_midi.music.keys import Key
from seqgen_midi.music.voices import METERS, VOICES

if TYPE_CHECKING:
    from music21.stream import Measure, Part, Score

Item = TypeVar("Item")
MOST_UNPACKED = 50_000_000
UNREADABLE = "not a score that music21 can read"
CLEFS = ("TrebleClef", "TrebleClef", "Treble8vbClef", "BassClef")


def read_score(path: Path, fewest: int = len(VOICES)) -> Iterator[Chorale | Remark]:
    """The chorales of a score file: one, or one for each tune of an ABC book. Repeats are not played out.

    Of `fewest` parts or more, voices without one are silent.

    Raises UnusableFile.
    """
    read = partial(made_of_scores, made_of=partial(chorale_of, fewest=fewest))
    found = remembered(path, chorales(fewest), read)
    return usable(found)


def usable(results: Iterable[Item | str]) -> Iterator[Item | Remark]:
    """The items among results, with a remark for each that is a reason why there is none.

    Raises UnusableFile when that is all of them.
    """
    found, reason = False, "empty"
    for result in results:
        if isinstance(result, str):
            reason = result
            yield Remark(reason, dropped=True)
        else:
            found = True
            yield result
    if not found:
        raise UnusableFile(reason)


def made_of_scores(path: Path, made_of: Callable[[Score], Item]) -> Iterator[Item | str]:
    """What `made_of` makes of each score in a file, or the reason why it cannot; raises UnusableFile for the file."""
    for parse in scores_in(path):
        yield attempted(partial(_made, made_of, parse))


def _made(made_of: Callable[[Score], Item], parse: Callable[[], Score]) -> Item:
    return made_of(parse())


def attempted(make: Callable[[], Item]) -> Item | str:
    """What `make` makes, or the reason why it cannot: of a book, one tune on which music21 trips costs itself alone."""
    try:
        return make()
    except UnusableFile as error:
        return error.reason
    except (MemoryError, OSError):
        raise
    except Exception:
        return UNREADABLE


def scores_in(path: Path) -> Iterator[Callable[[], Score]]:
    """The scores in a file, each as what parses it with music21: one, or each tune of an ABC book.

    Raises UnusableFile for the file.
    """
    check_size(path)
    if path.suffix.lower() == ".mxl":
        check_archive(path)
    if path.suffix.lower() == ".abc":
        head, *tunes = re.split(r"^(?=X:)", path.read_text(encoding="utf-8", errors="replace"), flags=re.MULTILINE)
        yield from (partial(parsed_tune, head + tune) for tune in tunes or [""])
    else:
        yield partial(parsed_file, path)


def parsed_file(path: Path) -> Score:
    """A score as music21 reads it; its own errors pass through."""
    from music21 import converter

    parsed: Any = converter.parse(path, forceSource=True, storePickle=False)
    return parsed


def parsed_tune(text: str) -> Score:
    """A tune in ABC; raises UnusableFile for what music21 cannot read."""
    from music21 import converter

    try:
        parsed: Any = converter.parseData(text, format="abc")
    except (MemoryError, OSError):
        raise
    except Exception as error:
        raise UnusableFile(UNREADABLE) from error
    return parsed


def check_archive(path: Path) -> None:
    """Raises UnusableFile for a compressed score that would unpack to more than a score can be."""
    if not zipfile.is_zipfile(path):
        raise UnusableFile("not a compressed score")
    with zipfile.ZipFile(path) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > MOST_UNPACKED:
            raise UnusableFile(f"compressed file expands to more than {MOST_UNPACKED // 1_000_000} MB")


def chorale_of(score: Score, fewest: int = len(VOICES)) -> Chorale:
    """The chorale of a music21 score; raises UnusableFile."""
    from music21 import stream

    parts: list[Part] = []
    for part in score.parts if isinstance(score, stream.Score) else []:
        parts.extend(part.voicesToParts().parts if part.recurse().getElementsByClass(stream.Voice) else [part])
    if not fewest <= len(parts) <= len(VOICES):
        raise UnusableFile("not in four voices")
    voices = [timed_notes(part) for part in parts]
    if sum(map(len, voices)) > MOST_NOTES:
        raise UnusableFile(f"more than {MOST_NOTES} notes")
    meter = meter_of(parts)
    return Chorale(meter, pickup_of(parts[0], METERS[meter]), quantise(voices, fewest))


def timed_notes(part: Part) -> list[TimedNote]:
    """The notes of a part in 16ths, tied ones as one; raises UnusableFile for chords and for notes without a pitch."""
    notes: list[TimedNote] = []
    elements: Any = part.flatten().notes
    for element in elements:
        if element.duration.isGrace or "ChordSymbol" in element.classes:
            continue
        if element.isChord:
            raise UnusableFile("two notes at once in a voice")
        if not element.isNote:
            raise UnusableFile("notes without a pitch")
        start = Fraction(element.offset) * 4
        end = start + Fraction(element.duration.quarterLength) * 4
        pitch = int(element.pitch.midi)
        tied = element.tie is not None and element.tie.type in ("stop", "continue")
        if tied and notes and notes[-1][1:] == (start, pitch):
            notes[-1] = (notes[-1][0], end, pitch)
        else:
            notes.append((start, end, pitch))
    return notes


def meter_of(parts: list[Part]) -> str:
    """The one meter of all parts; 4/4 where none is written, as in music21 itself."""
    meters = {
        signature.ratioString for part in parts for signature in part.recurse().getElementsByClass("TimeSignature")
    }
    if len(meters) > 1:
        raise UnusableFile("the meter changes")
    meter = meters.pop() if meters else "4/4"
    if meter not in METERS:
        raise UnusableFile("a meter other than " + ", ".join(METERS))
    return meter


def pickup_of(part: Part, bar: int) -> int:
    """16ths before the first full bar; raises UnusableFile where a full bar does not begin on a bar line.

    A bar may be written in two halves, around a repeat sign; what follows must still fall on the regular bar lines.
    """
    measures = [
        (Fraction(measure.offset) * 4, Fraction(measure.duration.quarterLength) * 4)
        for measure in part.getElementsByClass("Measure")
    ]
    pickup = measures[0][1] if len(measures) > 1 and measures[0][1] < bar else Fraction(0)
    if pickup.denominator != 1 or any((start - pickup) % bar for start, length in measures[1:] if length >= bar):
        raise UnusableFile("bars of different lengths")
    return int(pickup)


def write_musicxml(item: Chorale, path: Path) -> None:
    """Writes a chorale as uncompressed MusicXML: four parts, the estimated key, ties across the bar lines."""
    from music21 import metadata, stream

    score = stream.Score()
    score.insert(0, metadata.Metadata(title="Chorale"))
    key = key_of(item)
    for voice in range(len(VOICES)):
        score.insert(0, part_of(item, voice, key))
    score.write("musicxml", fp=path)


def part_of(item: Chorale, voice: int, key: Key) -> Part:
    """One voice as a music21 part, measure by measure."""
    from music21 import clef, instrument, stream
    from music21 import key as keys

    name = VOICES[voice].name
    part = stream.Part(id=name)
    part.partName = name
    singer = getattr(instrument, name)()
    singer.midiProgram = VOICES[voice].program
    part.insert(0, singer)
    end = len(item.grid)
    edges = [*([0] if item.pickup else []), *(item.bar_lines() or [0]), end]
    for number, (start, stop) in enumerate(pairwise(edges), start=0 if item.pickup else 1):
        measure = measure_of(item, voice, key, start, stop)
        measure.number = number
        if start == 0:
            from music21 import meter

            measure.insert(0, getattr(clef, CLEFS[voice])())
            measure.insert(0, keys.KeySignature(key.sharps))
            measure.insert(0, meter.TimeSignature(item.meter))
            measure.paddingLeft = (item.bar - item.pickup) / 4 if item.pickup else 0
        part.insert(start / 4, measure)
    return part


def measure_of(item: Chorale, voice: int, key: Key, start: int, stop: int) -> Measure:
    """The columns from `start` to `stop` as a measure; a note that crosses its edges is cut and tied."""
    from music21 import note, stream

    measure = stream.Measure()
    filled = start
    for sung in item.notes(voice):
        first, last = max(sung.start, start), min(sung.end, stop)
        if first >= last:
            continue
        if first > filled:
            measure.insert((filled - start) / 4, note.Rest(quarterLength=(first - filled) / 4))
        written = note.Note(spelled(sung.pitch, key), quarterLength=(last - first) / 4)
        written.tie = tie_of(sung.start < first, sung.end > last)
        measure.insert((first - start) / 4, written)
        filled = last
    if filled < stop:
        measure.insert((filled - start) / 4, note.Rest(quarterLength=(stop - filled) / 4))
    return measure.splitAtDurations(recurse=False)[0]
