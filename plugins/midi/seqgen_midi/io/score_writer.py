"""Writes pieces as scores (MusicXML) through music21: bars, voices without overlaps, tuplets, ties.

music21 can make scores of MIDI files by itself. But where notes overlap or outlast a bar, it moves the bars that
follow, and it has durations, such as 7/12 of a quarter, that it cannot write. So this module lays out the bars itself.
Each beat has one grid, the nearer one of 16ths and of triplet eighths; 32nds or sextuplets where the music is exactly
on them. A note that does not fit a grid is cut at the beat and tied. Each voice of a bar is full. Every note begins
where it began, to within half a step of its beat's grid.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import groupby, pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from seqgen import OutputError
from seqgen_midi.io.midi_chunks import DRUM_CHANNEL
from seqgen_midi.io.music21_library import Element, Part, Score, music21
from seqgen_midi.music.chords import ROOTS
from seqgen_midi.music.instruments import track_names
from seqgen_midi.music.keys import Key
from seqgen_midi.music.meters import bar_lines, has_pickup, meter_at
from seqgen_midi.music.piece import MICROSECONDS_PER_MINUTE, Piece, Track
from seqgen_midi.music.voices import CHOIR_PROGRAM, VOICES

STEPS_PER_QUARTER = 24
SIXTEENTH, TRIPLET, THIRTY_SECOND, SEXTUPLET = GRIDS = (6, 8, 3, 4)
"""Steps in a 16th, in a triplet eighth, in a 32nd, and in a 16th of a sextuplet."""
EXACT = 1e-3
"""How far from a grid all notes of a beat together may be, in steps, to be exactly on it."""
MAX_BARS = 5000
MAX_VOICES = 4
"""Voices in a staff: as many as notation programs know."""
MELODIC_CHANNELS = (*range(9), *range(10, 16))
MUSIC21_QUALITIES = (
    "major", "minor", "dominant-seventh", "major-seventh", "minor-seventh", "diminished", "diminished-seventh",
    "half-diminished-seventh", "augmented", "suspended-fourth",
)  # fmt: skip
"""The names of `chords.QUALITIES` in music21 and MusicXML."""

MUSIC21_MODES = {
    "maj": "major", "min": "minor", "dor": "dorian", "phr": "phrygian", "lyd": "lydian", "mix": "mixolydian",
    "loc": "locrian",
}  # fmt: skip
"""The names of modes in music21 and MusicXML."""
TIES = {(False, False): None, (False, True): "start", (True, True): "continue", (True, False): "stop"}
"""The tie of a part of a note, by whether another part comes before it and after it."""


class NoteGroup(NamedTuple):
    """Notes that begin and end together, in steps; `velocities` maps pitches to velocities."""

    begin: int
    end: int
    velocities: dict[int, int]


def write_score(piece: Piece, default_tempo: int, path: Path) -> None:
    """Writes a piece as uncompressed MusicXML; a piece without tempos gets `default_tempo` quarters a minute.

    Raises OutputError for a piece that is too long for a score.
    """
    to_music21(piece, default_tempo).write("musicxml", fp=path)


def to_music21(piece: Piece, default_tempo: int) -> Score:
    """Returns the music21 score of a piece. Raises OutputError for more than MAX_BARS bars."""
    last_chord = int(piece.chords[:, 0].max(initial=-1))
    lines = bar_lines(piece, last_chord + 1)
    if len(lines) - 1 > MAX_BARS:
        raise OutputError(
            f"A sample cannot be written as a score: it is longer than {MAX_BARS} bars; ask for a shorter one."
        )
    edges = np.array(lines) * STEPS_PER_QUARTER // piece.resolution
    key = piece.declared_or_estimated_key()
    score = music21().stream.Score()
    tracks, names = (piece.tracks, track_names(piece)) if len(piece) else ((Track(),), ["Piano"])
    is_chorale = names == [voice.name for voice in VOICES]
    score.insert(0, music21().metadata.Metadata(title="Chorale" if is_chorale else "Piece"))
    for number, (track, name) in enumerate(zip(tracks, names, strict=True)):
        channel = DRUM_CHANNEL if track.is_drums else MELODIC_CHANNELS[number % len(MELODIC_CHANNELS)]
        # XML cannot hold control characters.
        printable = "".join(letter for letter in name if letter.isprintable())
        part = _part(track, printable, channel, note_groups(piece, number, edges), edges, key)
        # music21 makes random names otherwise, so that one piece would never be the same file twice.
        player = part.getInstrument()
        player.partId, player.instrumentId = f"P{number + 1}", f"I{number + 1}"
        _insert_meters(part, piece, lines)
        score.insert(0, part)
    measures = list(score.parts[0].getElementsByClass("Measure"))

    def insert(tick: int, element: Element) -> None:
        measure = measures[np.searchsorted(lines[:-1], tick, side="right") - 1]
        measure.insert(Fraction(tick, piece.resolution) - Fraction(measure.offset), element)

    tempos = [(tick, round(MICROSECONDS_PER_MINUTE / each, 2)) for tick, each in piece.tempos.tolist()]
    for tick, speed in tempos or [(0, default_tempo)]:
        insert(tick, music21().tempo.MetronomeMark(number=speed))
    for tick, root, quality in piece.chords.tolist():
        name = ROOTS[root].replace("b", "-")
        insert(tick, music21().harmony.ChordSymbol(root=name, kind=MUSIC21_QUALITIES[quality]))
    return score


def _insert_meters(part: Part, piece: Piece, lines: list[int]) -> None:
    """Inserts the time signatures into the measures of a part; a pickup is a measure 0 that lacks its beginning."""
    pickup = has_pickup(lines)
    meters = [meter_at(piece, line) for line in lines[:-1]]
    if pickup:
        meters[0] = meters[1]
    for number, measure in enumerate(part.getElementsByClass("Measure")):
        measure.number = number + (not pickup)
        if number == 0 or meters[number] != meters[number - 1]:
            measure.insert(0, music21().meter.TimeSignature("{}/{}".format(*meters[number])))
        if pickup and number == 0:
            numerator, denominator = meters[0]
            measure.paddingLeft = Fraction(4 * numerator, denominator) - Fraction(lines[1], piece.resolution)


def note_groups(piece: Piece, track: int, edges: np.ndarray) -> list[NoteGroup]:
    """Returns the notes of a track on the grids of their beats, in groups that begin and end together.

    edges: int[bars + 1]; the steps at which bars begin, and the end of the last.
    """
    mine = piece.track == track
    ticks = np.concatenate([piece.start[mine], (piece.start + piece.duration)[mine]])
    times, grids = snap_to_grids(ticks * (STEPS_PER_QUARTER / piece.resolution), edges)
    begins, ends = times.reshape(2, -1)
    shortest = grids.reshape(2, -1)[0]
    begins = np.minimum(begins, edges[-1] - SIXTEENTH)
    ends = np.minimum(np.maximum(ends, begins + shortest), edges[-1])
    groups: dict[tuple[int, int, int], NoteGroup] = {}
    unisons: Counter[tuple[int, int, int]] = Counter()
    columns = (begins, ends, piece.pitch[mine], piece.velocity[mine])
    for begin, end, pitch, velocity in zip(*(column.tolist() for column in columns), strict=True):
        unison = unisons[begin, end, pitch]
        groups.setdefault((begin, end, unison), NoteGroup(begin, end, {})).velocities[pitch] = velocity
        unisons[begin, end, pitch] += 1
    return list(groups.values())


def snap_to_grids(times: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns times float[n] in steps, moved to the grid of their beat.

    That is the nearer one of 16ths and triplets. If neither has all times of the beat, and that of 32nds or sextuplets
    has them, it is this one. Returns int[n] times, and int[n] the steps between two lines of the grid. Half a beat at
    the end of a bar has no tuplets.
    """
    bar = np.searchsorted(edges[:-1], times, side="right") - 1
    beat, inside = np.divmod(times - edges[bar], STEPS_PER_QUARTER)
    candidates = np.stack([np.floor(inside / grid + 0.5) * grid for grid in GRIDS])
    _, which = np.unique(np.stack([bar, beat]), axis=1, return_inverse=True)
    which = which.ravel()
    moved = np.array([np.bincount(which, np.abs(inside - nearest))[which] for nearest in candidates], float)
    is_whole_beat = edges[bar] + STEPS_PER_QUARTER * (beat + 1) <= edges[bar + 1]
    moved[[GRIDS.index(TRIPLET), GRIDS.index(SEXTUPLET)]] += np.where(is_whole_beat, 0, np.inf)
    coarse = (moved[1] < moved[0] - 1e-6).astype(int)
    fine = 2 + (moved[3] < moved[2]).astype(int)
    is_fine = (np.minimum(moved[0], moved[1]) > EXACT) & (np.minimum(moved[2], moved[3]) <= EXACT)
    chosen = np.where(is_fine, fine, coarse)
    snapped = candidates[chosen, np.arange(len(times))]
    return (edges[bar] + STEPS_PER_QUARTER * beat + snapped).astype(int), np.array(GRIDS)[chosen]


def split_into_voices(notes: list[NoteGroup]) -> list[list[NoteGroup]]:
    """Returns the notes in at most MAX_VOICES voices without overlaps. All begin in time; some may end too early.

    Where more notes sound at once, the note that would end first ends now. Where more notes begin at once, the
    shortest two become one chord.
    """
    voices: list[list[NoteGroup]] = [[]]
    for begin, together in groupby(sorted(notes, key=lambda note: (note.begin, -note.end)), lambda note: note.begin):
        chords = list(together)
        while len(chords) > MAX_VOICES:
            shortest = chords.pop()
            chords[-1] = NoteGroup(begin, shortest.end, chords[-1].velocities | shortest.velocities)
        for chord in chords:
            voice = next((voice for voice in voices if not voice or voice[-1].end <= begin), None)
            if voice is None and len(voices) < MAX_VOICES:
                voices.append(voice := [])
            elif voice is None:
                voice = min((held for held in voices if held[-1].begin < begin), key=lambda held: held[-1].end)
                voice[-1] = voice[-1]._replace(end=begin)
            voice.append(chord)
    return voices


def _cut(begin: int, end: int, edges: np.ndarray) -> list[tuple[int, int]]:
    """Returns the time from `begin` to `end` in parts that can be written.

    It is cut at bar lines and, around tuplets, at beats.
    """
    cuts = {begin, end, *edges[(edges > begin) & (edges < end)].tolist()}
    for time in (begin, end):
        inside = int(time - edges[np.searchsorted(edges, time, side="right") - 1]) % STEPS_PER_QUARTER
        if inside % THIRTY_SECOND:
            cuts |= {beat for beat in (time - inside, time - inside + STEPS_PER_QUARTER) if begin < beat < end}
    for first, last in pairwise(sorted(cuts)):
        # No notehead lasts five notes of a sextuplet.
        if last - first == 5 * SEXTUPLET:
            cuts.add(first + SEXTUPLET)
    return list(pairwise(sorted(cuts)))


def _part(track: Track, name: str, channel: int, notes: list[NoteGroup], edges: np.ndarray, key: Key) -> Part:
    """Returns a track as a music21 part, measure by measure, without time signatures."""
    part = music21().stream.Part(id=name)
    part.partName = name
    singer = next((voice for voice in VOICES if (voice.name, CHOIR_PROGRAM) == (name, track.program)), None)
    player = music21().instrument.instrumentFromMidiProgram(track.program)
    if track.is_drums:
        player = music21().instrument.UnpitchedPercussion()
    elif singer:
        player = getattr(music21().instrument, singer.name)()
    player.midiProgram, player.midiChannel = track.program, channel
    part.insert(0, player)
    voices = [_fill_bars(voice, edges, key) for voice in split_into_voices(notes)]
    for number, start in enumerate(edges[:-1].tolist()):
        measure = music21().stream.Measure()
        with_notes = [voice for voice, bars in enumerate(voices) if any(sounds for _, sounds, _ in bars[number])]
        # All voices up to the last one with notes: readers identify voices by their order.
        written = voices[: max(with_notes, default=0) + 1]
        for voice, bars in enumerate(written):
            line = measure if len(written) == 1 else music21().stream.Voice(id=str(voice + 1))
            for begin, _, element in bars[number]:
                line.insert(Fraction(begin - start, STEPS_PER_QUARTER), element)
            if line is not measure:
                measure.insert(0, line)
        part.coreInsert(Fraction(start, STEPS_PER_QUARTER), measure.splitAtDurations(recurse=True)[0])
    part.coreElementsChanged()
    first = part.getElementsByClass("Measure")[0]
    if track.is_drums:
        first.insert(0, music21().clef.PercussionClef())
        return part
    first.insert(0, getattr(music21().clef, singer.clef)() if singer else music21().clef.bestClef(part, recurse=True))
    first.insert(0, _music21_key(key))
    part.makeAccidentals(inPlace=True)
    return part


def _music21_key(key: Key) -> Element:
    letter, alteration = key.letter_and_alteration
    return music21().key.Key(letter + "#" * alteration + "-" * -alteration, MUSIC21_MODES[key.mode])


def _fill_bars(voice: list[NoteGroup], edges: np.ndarray, key: Key) -> list[list[tuple[int, bool, Element]]]:
    """Returns the elements of a voice in each bar, rests included.

    Each is: where it begins, whether it sounds, and the element itself.
    """
    bars: list[list[tuple[int, bool, Element]]] = [[] for _ in edges[1:]]

    def add(begin: int, element: Element, sounds: bool) -> None:
        bars[int(np.searchsorted(edges, begin, side="right")) - 1].append((begin, sounds, element))

    filled = 0
    for group in [*voice, NoteGroup(int(edges[-1]), int(edges[-1]), {})]:
        for begin, end in _cut(filled, group.begin, edges) if filled < group.begin else ():
            add(begin, music21().note.Rest(quarterLength=Fraction(end - begin, STEPS_PER_QUARTER)), False)
        for begin, end in _cut(group.begin, group.end, edges) if group.velocities else ():
            add(begin, _note_or_chord(group, begin, end, key), True)
        filled = group.end
    return bars


def _note_or_chord(group: NoteGroup, begin: int, end: int, key: Key) -> Element:
    """Returns the part of a group from `begin` to `end` as a note or chord, tied to its other parts."""
    length = Fraction(end - begin, STEPS_PER_QUARTER)
    tie = TIES[group.begin < begin, end < group.end]
    written = []
    for pitch, velocity in sorted(group.velocities.items()):
        letter, alteration = key.spell(pitch)
        name = music21().pitch.Pitch(letter, accidental=alteration)
        name.octave = (pitch - alteration) // 12 - 1
        one = music21().note.Note(name)
        one.duration.quarterLength = length
        one.volume.velocity = velocity
        if tie:
            one.tie = music21().tie.Tie(tie)
        written.append(one)
    return written[0] if len(written) == 1 else music21().chord.Chord(written, quarterLength=length)
