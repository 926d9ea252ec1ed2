"""Reads scores (MusicXML, Humdrum, ABC) through music21. Grace notes are left out."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from seqgen import UnusableFile
from seqgen_midi.io.abc_voices import gather_voices
from seqgen_midi.io.midi_chunks import DRUM_CHANNEL
from seqgen_midi.io.midi_reader import check_size
from seqgen_midi.io.music21_library import Element, Part, Score, music21
from seqgen_midi.io.musicxml import drum_key, sounding_score
from seqgen_midi.io.score_cache import cached_results
from seqgen_midi.music.chords import quality_of
from seqgen_midi.music.keys import Key, parse_key
from seqgen_midi.music.piece import MICROSECONDS_PER_MINUTE, Piece, Track, sort_notes
from seqgen_midi.music.velocities import DEFAULT_VELOCITY

ABC_ENDING = ".abc"
MUSICXML_ENDINGS = (".mxl", ".musicxml", ".xml")
SCORE_ENDINGS = (*MUSICXML_ENDINGS, ".krn", ABC_ENDING)
RESOLUTION = 5040
"""Ticks in a quarter of what is read: exact for all divisions of a quarter up to 10, and for 64ths to within a tick."""
MAX_UNPACKED_BYTES = 50_000_000
NOT_PLAYED = "that are not played out (expand_repeats=true plays those that are understood)"
REPEATS, JUMPS = f"repeats {NOT_PLAYED}", f"jumps (da capo, dal segno) {NOT_PLAYED}"
UNREADABLE = "not a score that music21 can read"


def read_scores(
    path: Path, *, split_voices: bool = False, expand_repeats: bool = False
) -> Iterator[Piece | UnusableFile]:
    """Yields the pieces of a score file: one, or one for each tune of an ABC book.

    Yields the error of each piece that cannot be read.

    split_voices:   whether each voice of a staff is a track
    expand_repeats: whether repeats are played out

    Raises UnusableFile for a file that is no score.
    """
    variant = ("voices" if split_voices else "parts") + (" expanded" if expand_repeats else "")
    read = partial(_read_pieces, split_voices=split_voices, expand_repeats=expand_repeats)
    for result in cached_results(path, variant, read):
        yield UnusableFile(result) if isinstance(result, str) else result


def _read_pieces(path: Path, split_voices: bool, expand_repeats: bool) -> Iterator[Piece | str]:
    for parse in parsers(path):
        yield _piece_or_reason(partial(_parse_piece, parse, split_voices, expand_repeats))


def _parse_piece(parse: Callable[[], Score], split_voices: bool, expand_repeats: bool) -> Piece:
    score = parse()
    return piece_of(expanded(score) if expand_repeats else score, split_voices)


def expanded(score: Score) -> Score:
    """Returns the score with its repeats played out; the score itself where music21 does not understand them."""
    try:
        return score.expandRepeats()
    except (MemoryError, OSError):
        raise
    except Exception:  # music21 raises many kinds of errors
        return score


def _piece_or_reason(make: Callable[[], Piece]) -> Piece | str:
    """Returns the piece, or the reason why there is none.

    So a tune on which music21 fails does not cost the rest of its book.
    """
    try:
        return make()
    except UnusableFile as error:
        return error.reason
    except (MemoryError, OSError):
        raise
    except Exception:
        return UNREADABLE


def parsers(path: Path) -> Iterator[Callable[[], Score]]:
    """Yields for each score in a file the function that parses it with music21. Raises UnusableFile."""
    check_size(path)
    if path.suffix.lower() == ".mxl":
        _check_archive(path)
    if path.suffix.lower() == ABC_ENDING:
        head, *tunes = re.split(r"^(?=X:)", path.read_text(encoding="utf-8", errors="replace"), flags=re.MULTILINE)
        yield from (partial(parse_tune, head + tune) for tune in tunes or [""])
    else:
        yield partial(parse_file, path)


def _check_archive(path: Path) -> None:
    """Raises UnusableFile for a compressed score that would unpack to more than a score can be."""
    if not zipfile.is_zipfile(path):
        raise UnusableFile("not a compressed score")
    with zipfile.ZipFile(path) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > MAX_UNPACKED_BYTES:
            raise UnusableFile(f"compressed file expands to more than {MAX_UNPACKED_BYTES // 1_000_000} MB")


def parse_file(path: Path) -> Score:
    """Returns the music21 score of a file; music21's own errors pass through."""
    sounding = sounding_score(path) if path.suffix.lower() in MUSICXML_ENDINGS else None
    if sounding is not None:
        return music21().converter.parseData(sounding, format="musicxml")
    return music21().converter.parse(path, forceSource=True, storePickle=False)


def parse_tune(text: str) -> Score:
    """Returns the music21 score of a tune in ABC. Raises UnusableFile."""
    text = gather_voices(text)
    try:
        return music21().converter.parseData(text, format="abc")
    except (MemoryError, OSError):
        raise
    except Exception as error:
        raise UnusableFile(UNREADABLE) from error


def piece_of(score: Score, split_voices: bool = False) -> Piece:
    """Returns the piece of a music21 score, with tied notes as one.

    Raises UnusableFile for a score without notes and chord symbols.
    """
    staves = list(score.parts) or [score]
    parts = [voice for staff in staves for voice in _voices(staff)] if split_voices else staves
    tracks: list[Track] = []
    rows: list[list[int]] = []
    for part in parts:
        player = _track(part)
        pitched, struck = _notes(part)
        # A part without notes is a player who is silent, not one fewer.
        for track, notes in ((player, pitched), (Track(is_drums=True, name=player.name), struck)):
            if notes or (track is player and not struck):
                rows += [[*note, len(tracks)] for note in notes]
                tracks.append(track)
    chords = _chords(score)
    if not rows and not chords:
        raise UnusableFile("empty")
    return Piece.of(
        RESOLUTION,
        tracks,
        sort_notes(*np.array(rows, int).reshape(-1, 5).T),
        tempos=_tempos(score),
        meters=_meters(staves[0]),
        chords=chords,
        omitted=_omitted(score),
        key=_key(staves[0]),
    )


def _omitted(score: Score) -> dict[str, int]:
    """Returns how many elements of a score have no place in a piece.

    A repeat is counted where its music would begin anew.
    """
    notes = [note for element in score.recurse().notes if element.duration.isGrace for note in _single_notes(element)]
    parts = list(score.parts) or [score]
    repeats = [mark for mark in parts[0].recurse().getElementsByClass("Repeat") if mark.direction == "end"]
    jumps = list(parts[0].recurse().getElementsByClass("RepeatExpressionCommand"))
    pedals = list(score.recurse().getElementsByClass("PedalMark"))
    return {
        "grace notes left out": len(notes),
        REPEATS: len(repeats),
        JUMPS: len(jumps),
        "pedal marks of scores left out": len(pedals),
        "chord symbols of kinds that there are no tokens for left out": len(_chord_symbols(score))
        - len(_chords(score)),
    }


def _chord_symbols(score: Score) -> list[Element]:
    return list(score.flatten().getElementsByClass("ChordSymbol"))


def _single_notes(element: Element) -> list[Element]:
    """Returns the notes of a chord, or a note alone."""
    return list(getattr(element, "notes", [element]))


def _key(part: Part) -> Key | None:
    """Returns the first key of a part; None where its mode is not said, or not one of `keys.SCALES`."""
    for found in part.recurse().getElementsByClass(music21().key.Key):
        with suppress(ValueError):
            return parse_key(found.tonic.name.replace("-", "b") + found.mode[:3])
    return None


def _tick(quarters: Any) -> int:
    return round(Fraction(quarters) * RESOLUTION)


def _voices(staff: Part) -> list[Part]:
    """Returns the voices of a staff as parts."""

    return list(staff.voicesToParts().parts) if staff.recurse().getElementsByClass(music21().stream.Voice) else [staff]


def _track(part: Part) -> Track:
    """Returns the player of a part by its first instrument; the piano where none is named."""
    instrument = part.getInstrument(returnDefault=True)
    return Track(
        int(instrument.midiProgram or 0),
        instrument.midiChannel == DRUM_CHANNEL,
        str(getattr(part, "partName", "") or ""),
    )


def _notes(part: Part) -> tuple[list[list[int]], list[list[int]]]:
    """Returns the notes of a part (start, duration, pitch, velocity) with pitches, and those of the drum kit.

    A chord gives each of its notes.
    """
    rows: tuple[list[list[int]], list[list[int]]] = ([], [])
    # music21's own way to join tied notes misses those that change their voice at a bar line, which are common.
    tied: dict[tuple[bool, int, int], list[int]] = {}
    for element in part.flatten().notes:
        if element.duration.isGrace or "ChordSymbol" in element.classes:
            continue
        velocity = element.volume.velocity or DEFAULT_VELOCITY
        start, end = _tick(element.offset), _tick(element.offset + element.duration.quarterLength)
        notes = [(_pitch_or_key(one), one) for one in _single_notes(element)]
        for (is_drum, pitch), one in sorted(notes, key=lambda item: item[0]):
            row = tied.pop((is_drum, pitch, start), None)
            if row is None:
                rows[is_drum].append(row := [start, 0, pitch, velocity])
            row[1] = max(1, end - row[0])
            # Many scores say only where a tie starts.
            if one.tie and one.tie.type in ("start", "continue"):
                tied[is_drum, pitch, end] = row
    return rows


def _pitch_or_key(note: Element) -> tuple[bool, int]:
    """Whether a note is one of the drum kit, and its MIDI pitch or key."""
    if hasattr(note, "pitch"):
        return False, int(note.pitch.midi)
    return True, drum_key(note.displayStep, note.displayOctave)


def _tempos(score: Score) -> list[tuple[int, int]]:
    """Returns the tempo marks of a score that have a number: tick, microseconds in a quarter."""
    marks: dict[int, int] = {}
    for mark in score.flatten().getElementsByClass("MetronomeMark"):
        speed = mark.getQuarterBPM()
        if speed:
            marks[_tick(mark.offset)] = round(MICROSECONDS_PER_MINUTE / speed)
    return sorted(marks.items())


def _meters(part: Part) -> list[tuple[int, int, int]]:
    """Returns the time signatures of a part: tick, numerator, denominator.

    A pickup becomes a time signature of its own. A time signature is repeated where a full bar begins off the bar
    lines that follow from the one before.
    """
    signatures = part.flatten().getElementsByClass("TimeSignature")
    meters = {_tick(found.offset): (found.numerator, found.denominator) for found in signatures}
    bars = [(_tick(bar.offset), _tick(bar.duration.quarterLength)) for bar in part.getElementsByClass("Measure")]
    if len(bars) > 1 and 0 in meters:
        first = meters[0]
        pickup = bars[1][0] - bars[0][0]
        if 0 < pickup < _bar_ticks(first):
            meters.setdefault(pickup, first)
            meters[0] = _pickup_meter(pickup)
    last = 0
    for start, length in bars:
        last = start if start in meters else last
        meter = meters.get(last, (4, 4))
        if length >= _bar_ticks(meter) and (start - last) % _bar_ticks(meter):
            meters[start], last = meter, start
    return [(tick, *meter) for tick, meter in sorted(meters.items())]


def _bar_ticks(meter: tuple[int, int]) -> int:
    return _tick(Fraction(4 * meter[0], meter[1]))


def _pickup_meter(ticks: int) -> tuple[int, int]:
    """Returns the time signature of a pickup: three eighths, not one dotted quarter.

    Its unit is no larger than a quarter.
    """
    numerator, denominator = Fraction(ticks, 4 * RESOLUTION).as_integer_ratio()
    return (numerator * 4 // denominator, 4) if denominator < 4 else (numerator, denominator)


def _chords(score: Score) -> list[tuple[int, int, int]]:
    """Returns the chord symbols of a score that have one of `chords.QUALITIES`: tick, root, quality."""
    rows: dict[int, tuple[int, int]] = {}
    for symbol in _chord_symbols(score):
        root = symbol.root()
        if root is None:
            continue
        quality = quality_of({pitch.pitchClass for pitch in symbol.pitches}, root.pitchClass)
        if quality is not None:
            rows.setdefault(_tick(symbol.offset), (root.pitchClass, quality))
    return [(tick, *chord) for tick, chord in sorted(rows.items())]
