"""A piece as a score on paper: bars, voices in which no two notes overlap, 16ths or triplets, ties.

music21 makes scores of MIDI files by itself, but where notes overlap or outlast a bar it moves the bars that follow,
and there are durations, as of 7/12 of a quarter, that it cannot write. So here every beat has one grid, the nearer one
of 16ths and triplet eighths; a note that does not fit into a grid is cut at the beat and tied; and each voice of a bar
is full. Every note begins where it began, to within half a step of its beat's grid. Drums have a staff of their own; on
it they are the keys of General MIDI's kit.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from seqgen_midi.music.chords import ROOTS
from seqgen_midi.music.instruments import pitch_class_durations, track_names
from seqgen_midi.music.keys import Key, estimate_key
from seqgen_midi.music.meters import FRACTIONS, bars_of, steps_of
from seqgen_midi.music.piece import Piece, Track

if TYPE_CHECKING:
    from music21.base import Music21Object
    from music21.stream import Measure, Part, Score
    from music21.tie import Tie

STEPS = 12
"""Of a quarter: 16ths are 3 of them, triplet eighths are 4."""
SIXTEENTH, TRIPLET = 3, 4
VOICES = 4
"""In a staff, as many as notation programs know."""
CHANNELS = (*range(9), *range(10, 16))
"""Of MIDI, for all but the drums."""
DRUM_CHANNEL = 9
MUSIC21_KINDS = (
    "major", "minor", "dominant-seventh", "major-seventh", "minor-seventh", "diminished", "diminished-seventh",
    "half-diminished-seventh", "augmented", "suspended-fourth",
)  # fmt: skip
"""The names of `chords.KINDS` there and in MusicXML."""


class Sounding(NamedTuple):
    """Notes that begin and end together, in steps; pitches to velocities."""

    begin: int
    end: int
    keys: dict[int, int]


def score_of(piece: Piece, tempo: int) -> Score:
    """The music21 score of a piece; at `tempo` quarters a minute where it tells none."""
    from music21 import metadata, stream
    from music21 import tempo as marks

    # A chord symbol may come after the last note.
    last = max(piece.end, int(piece.chords[:, 0].max(initial=-1)) + 1)
    starts, meters = bars_of(piece, STEPS, max(0, -(-last * STEPS // piece.resolution) - 1))
    edges = np.append(starts, starts[-1] + steps_of(meters[-1], STEPS))
    key = estimate_key(pitch_class_durations(piece))
    score = stream.Score()
    score.insert(0, metadata.Metadata(title="Piece"))
    tracks, names = (piece.tracks, track_names(piece)) if len(piece) else ((Track(),), ["Piano"])
    for number, (track, name) in enumerate(zip(tracks, names, strict=True)):
        part = part_of(
            track, printable(name), CHANNELS[number % len(CHANNELS)], soundings(piece, number, edges), edges, key
        )
        for measure, meter, before in zip(part.getElementsByClass("Measure"), meters, [-1, *meters[:-1]], strict=True):
            if meter != before:
                insert_meter(measure, meter)
        score.insert(0, part)
    measures = list(score.parts[0].getElementsByClass("Measure"))

    def insert(tick: int, element: Music21Object) -> None:
        measure = measures[np.searchsorted(edges[:-1] * piece.resolution, tick * STEPS, side="right") - 1]
        measure.insert(Fraction(tick, piece.resolution) - Fraction(measure.offset), element)

    for tick, speed in [(tick, round(60e6 / each, 2)) for tick, each in piece.tempos.tolist()] or [(0, tempo)]:
        insert(tick, marks.MetronomeMark(number=speed))
    for tick, root, kind in piece.chords.tolist():
        insert(tick, chord_symbol(root, kind))
    return score


def soundings(piece: Piece, track: int, edges: np.ndarray) -> list[Sounding]:
    """The notes of a track on the grids of their beats, those together that begin and end together."""
    mine = piece.track == track
    ticks = np.concatenate([piece.start[mine], (piece.start + piece.duration)[mine]])
    times, grids = on_grids(ticks * (STEPS / piece.resolution), edges)
    begins, ends = times.reshape(2, -1)
    shortest = grids.reshape(2, -1)[0]
    begins = np.minimum(begins, edges[-1] - SIXTEENTH)
    ends = np.minimum(np.maximum(ends, begins + shortest), edges[-1])
    found: dict[tuple[int, int, int], Sounding] = {}
    unisons: Counter[tuple[int, int, int]] = Counter()
    columns = (begins, ends, piece.pitch[mine], piece.velocity[mine])
    for begin, end, pitch, velocity in zip(*(column.tolist() for column in columns), strict=True):
        unison = unisons[begin, end, pitch]
        found.setdefault((begin, end, unison), Sounding(begin, end, {})).keys[pitch] = velocity
        unisons[begin, end, pitch] += 1
    return list(found.values())


def on_grids(times: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Times float[n] in steps, to the nearest of 16ths or of triplets, whichever the times of a beat lie nearer to.

    Gives int[n] times, and int[n] the steps between two of the beat's grid. Half a beat at a bar's end has 16ths.
    """
    bar = np.searchsorted(edges[:-1], times, side="right") - 1
    beat, inside = np.divmod(times - edges[bar], STEPS)
    candidates = np.stack([np.floor(inside / grid + 0.5) * grid for grid in (SIXTEENTH, TRIPLET)])
    _, which = np.unique(np.stack([bar, beat]), axis=1, return_inverse=True)
    moved = np.stack([np.bincount(which.ravel(), np.abs(inside - nearest)) for nearest in candidates])
    whole = edges[bar] + STEPS * (beat + 1) <= edges[bar + 1]
    triplets = whole & (moved[1] < moved[0] - 1e-6)[which.ravel()]
    chosen = np.where(triplets, candidates[1], candidates[0])
    return (edges[bar] + STEPS * beat + chosen).astype(int), np.where(triplets, TRIPLET, SIXTEENTH)


def voices_of(notes: list[Sounding]) -> list[list[Sounding]]:
    """The notes in at most VOICES voices in which none overlaps another. All begin in time; some may end too early.

    Where more sound at once, the note that would end first ends now; of more that begin at once, the shortest two
    become one chord.
    """
    voices: list[list[Sounding]] = [[]]
    for begin, together in groupby(sorted(notes, key=lambda note: (note.begin, -note.end)), lambda note: note.begin):
        chords = list(together)
        while len(chords) > VOICES:
            shortest = chords.pop()
            chords[-1] = Sounding(begin, shortest.end, chords[-1].keys | shortest.keys)
        for one in chords:
            voice = next((voice for voice in voices if not voice or voice[-1].end <= begin), None)
            if voice is None and len(voices) < VOICES:
                voices.append(voice := [])
            elif voice is None:
                voice = min((held for held in voices if held[-1].begin < begin), key=lambda held: held[-1].end)
                voice[-1] = voice[-1]._replace(end=begin)
            voice.append(one)
    return voices


def cut(begin: int, end: int, edges: np.ndarray) -> list[tuple[int, int]]:
    """A time from `begin` to `end` in parts that can be written: cut at bar lines and, around triplets, at beats."""
    cuts = {begin, end, *edges[(edges > begin) & (edges < end)].tolist()}
    for time in (begin, end):
        inside = int(time - edges[np.searchsorted(edges, time, side="right") - 1]) % STEPS
        if inside % SIXTEENTH:
            cuts |= {beat for beat in (time - inside, time - inside + STEPS) if begin < beat < end}
    return list(pairwise(sorted(cuts)))


def part_of(track: Track, name: str, channel: int, notes: list[Sounding], edges: np.ndarray, key: Key) -> Part:
    """A track as a part, measure by measure; without time signatures."""
    from music21 import clef, instrument, stream
    from music21 import key as keys

    part = stream.Part(id=name)
    part.partName = name
    player: Any = instrument.instrumentFromMidiProgram(track.program)
    if track.drums:
        player, channel = instrument.UnpitchedPercussion(), DRUM_CHANNEL
    player.midiProgram, player.midiChannel = track.program, channel
    part.insert(0, player)
    lines = [elements_of(voice, edges, key) for voice in voices_of(notes)]
    for number, start in enumerate(edges[:-1].tolist()):
        measure = stream.Measure(number=number + 1)
        sounding_lines = [line for line, bars in enumerate(lines) if any(sounds for _, sounds, _ in bars[number])]
        # All up to the last that sounds: whoever reads the file tells voices by their places.
        written = lines[: max(sounding_lines, default=0) + 1]
        for line, bars in enumerate(written):
            voice = measure if len(written) == 1 else stream.Voice(id=str(line + 1))
            for begin, _, element in bars[number]:
                voice.insert(Fraction(begin - start, STEPS), element)
            if voice is not measure:
                measure.insert(0, voice)
        part.coreInsert(Fraction(start, STEPS), measure.splitAtDurations(recurse=True)[0])
    part.coreElementsChanged()
    first = part.getElementsByClass("Measure")[0]
    first.insert(0, clef.PercussionClef() if track.drums else clef.bestClef(part, recurse=True))
    if not track.drums:
        first.insert(0, keys.KeySignature(key.sharps))
        part.makeAccidentals(inPlace=True)
    return part


def elements_of(voice: list[Sounding], edges: np.ndarray, key: Key) -> list[list[tuple[int, bool, Music21Object]]]:
    """For each bar what fills it of a voice, rests included: where it begins, whether it sounds, and what it is."""
    from music21 import note

    bars: list[list[tuple[int, bool, Any]]] = [[] for _ in edges[1:]]

    def add(begin: int, element: Any, sounds: bool) -> None:
        bars[int(np.searchsorted(edges, begin, side="right")) - 1].append((begin, sounds, element))

    filled = 0
    for one in [*voice, Sounding(int(edges[-1]), int(edges[-1]), {})]:
        for begin, end in cut(filled, one.begin, edges) if filled < one.begin else ():
            add(begin, note.Rest(quarterLength=Fraction(end - begin, STEPS)), False)
        for begin, end in cut(one.begin, one.end, edges) if one.keys else ():
            add(begin, sounding(one, begin, end, key), True)
        filled = one.end
    return bars


def sounding(notes: Sounding, begin: int, end: int, key: Key) -> Music21Object:
    """The part of some notes from `begin` to `end` as a note or a chord, tied to what is left of them."""
    from music21 import chord, note

    length = Fraction(end - begin, STEPS)
    before, after = notes.begin < begin, end < notes.end
    written = []
    for pitch, velocity in sorted(notes.keys.items()):
        one = note.Note(spelled(pitch, key))
        one.duration.quarterLength = length
        one.volume.velocity = velocity
        one.tie = tie_of(before, after)
        written.append(one)
    if len(written) == 1:
        return written[0]
    return chord.Chord(written, quarterLength=length)


def spelled(pitch: int, key: Key) -> Any:
    """A MIDI pitch under the name that it has in a key."""
    from music21 import pitch as pitches

    letter, alteration = key.spell(pitch)
    written = pitches.Pitch(letter, accidental=alteration)
    written.octave = (pitch - alteration) // 12 - 1
    return written


def tie_of(before: bool, after: bool) -> Tie | None:
    """The tie of a part of a note, by whether something of the note comes before it and after it."""
    from music21.tie import Tie

    return Tie("continue" if before and after else "stop" if before else "start") if before or after else None


def chord_symbol(root: int, kind: int) -> Music21Object:
    from music21 import harmony

    return harmony.ChordSymbol(root=ROOTS[root].replace("b", "-"), kind=MUSIC21_KINDS[kind])


def insert_meter(measure: Measure, meter: int) -> None:
    from music21.meter import TimeSignature

    numerator, denominator = FRACTIONS[meter].tolist()
    measure.insert(0, TimeSignature(f"{numerator}/{denominator}"))


def printable(name: str) -> str:
    """A name without what XML cannot hold."""
    return "".join(letter for letter in name if letter.isprintable())
