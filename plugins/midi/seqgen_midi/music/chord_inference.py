"""Finds chord symbols for a melody that has none: the likeliest path of a hidden Markov model (the Viterbi algorithm).

A hidden state is a chord of the key, for half a bar. The notes of the half bar are seen: each counts as long as it
sounds and as its metric accent says, and tones of the chord are likelier than others. A chord follows another one as
functional harmony has it: tonic, predominant, dominant, tonic. So did Simon, Morris and Basu, *MySong: Automatic
Accompaniment Generation for Vocal Melodies* (CHI 2008), who counted their tables; the ones here are set by hand, after
the usual root progressions of Kostka and Payne, *Tonal Harmony*. The preference for few changes, and for changes at bar
lines, is that of Temperley, *The Cognition of Basic Musical Structures* (2001), chapter 6.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seqgen_midi.music.chords import QUALITIES
from seqgen_midi.music.keys import Key
from seqgen_midi.music.meters import begins_with_pickup, meter_at
from seqgen_midi.music.piece import Piece

TONIC, PREDOMINANT, DOMINANT = range(3)
FUNCTION_COSTS = np.array([[0.3, 0.0, 0.0], [0.3, 0.2, -0.1], [-0.4, 1.0, 0.3]])
"""The cost of a chord after another one by their functions, in nats: a dominant leads to the tonic."""
CHANGE_COST, HALF_BAR_CHANGE_COST = 0.2, 1.3
"""The cost of another chord at a bar line, and within a bar."""
FIRST_TONIC_BONUS, FINAL_TONIC_BONUS = 1.0, 2.5
"""What the triad on the tonic gains at the beginning and at the end, in nats."""
ROOT, THIRD, FIFTH, SEVENTH, NO_CHORD_TONE = 0.3, 0.27, 0.25, 0.15, 0.03
"""How likely each tone of a chord is, and any other pitch class."""
DOWNBEAT, BEAT, OFFBEAT = 2.0, 1.4, 0.8
"""How much a quarter counts by where its note begins."""


class DegreeChord(NamedTuple):
    """A chord of a key: its root in semitones above the tonic, its quality, its function, and its cost in nats."""

    root: int
    quality: str
    function: int
    cost: float


MAJOR_CHORDS = (
    DegreeChord(0, "", TONIC, 0), DegreeChord(5, "", PREDOMINANT, 0.5), DegreeChord(7, "", DOMINANT, 0.4),
    DegreeChord(7, "7", DOMINANT, 0.5), DegreeChord(9, "m", TONIC, 1.0), DegreeChord(2, "m", PREDOMINANT, 1.0),
    DegreeChord(4, "m", TONIC, 2.2), DegreeChord(10, "", DOMINANT, 2.0),
)  # fmt: skip
MINOR_CHORDS = (
    DegreeChord(0, "m", TONIC, 0), DegreeChord(10, "", DOMINANT, 0.5), DegreeChord(3, "", TONIC, 0.8),
    DegreeChord(5, "m", PREDOMINANT, 0.8), DegreeChord(7, "m", DOMINANT, 1.2), DegreeChord(7, "", DOMINANT, 0.8),
    DegreeChord(7, "7", DOMINANT, 0.9), DegreeChord(8, "", PREDOMINANT, 0.9), DegreeChord(5, "", PREDOMINANT, 1.6),
)  # fmt: skip
DORIAN_CHORDS = (
    DegreeChord(0, "m", TONIC, 0), DegreeChord(10, "", DOMINANT, 0.3), DegreeChord(5, "", PREDOMINANT, 0.8),
    DegreeChord(3, "", TONIC, 1.0), DegreeChord(7, "m", DOMINANT, 1.0), DegreeChord(2, "m", PREDOMINANT, 2.0),
)  # fmt: skip
MIXOLYDIAN_CHORDS = (
    DegreeChord(0, "", TONIC, 0), DegreeChord(10, "", DOMINANT, 0.3), DegreeChord(5, "", PREDOMINANT, 0.6),
    DegreeChord(7, "m", DOMINANT, 1.4), DegreeChord(7, "", DOMINANT, 1.4), DegreeChord(2, "m", PREDOMINANT, 1.5),
    DegreeChord(9, "m", TONIC, 1.5),
)  # fmt: skip
PHRYGIAN_CHORDS = (
    DegreeChord(0, "m", TONIC, 0), DegreeChord(1, "", DOMINANT, 0.5), DegreeChord(10, "m", DOMINANT, 0.8),
    DegreeChord(3, "", TONIC, 0.9), DegreeChord(5, "m", PREDOMINANT, 0.8), DegreeChord(8, "", PREDOMINANT, 0.9),
)  # fmt: skip
LYDIAN_CHORDS = (
    DegreeChord(0, "", TONIC, 0), DegreeChord(2, "", PREDOMINANT, 0.6), DegreeChord(7, "", DOMINANT, 0.5),
    DegreeChord(9, "m", TONIC, 1.0), DegreeChord(4, "m", TONIC, 1.5),
)  # fmt: skip
CHORDS_OF_MODES = {
    "maj": MAJOR_CHORDS, "min": MINOR_CHORDS, "dor": DORIAN_CHORDS, "mix": MIXOLYDIAN_CHORDS, "phr": PHRYGIAN_CHORDS,
    "lyd": LYDIAN_CHORDS, "loc": MINOR_CHORDS,
}  # fmt: skip
"""The chords of each mode. The triad on the tonic is the first."""


def infer_chords(piece: Piece, starts: np.ndarray, lengths: np.ndarray, key: Key) -> np.ndarray:
    """Returns one chord symbol for each bar of a melody, and another one in its middle where the harmony changes.

    starts, lengths: int[bars], the ticks at which the bars begin, and how long they are

    Returns int[k, 3]: tick, root, index into QUALITIES. Bars before the first note and after the last one that sounds
    have none. Neither has a pickup: it leads to the first chord.
    """
    chords = CHORDS_OF_MODES[key.mode]
    slots = _slots(piece, starts, lengths)
    if not len(slots):
        return np.zeros((0, 3), int)
    likelihoods = _likelihoods(piece, slots, starts, chords, key)
    is_bar = np.isin(slots[:, 0], starts)
    path = _likeliest_path(likelihoods, is_bar, chords)
    is_written = is_bar | (np.diff(path, prepend=-1) != 0)
    qualities = list(QUALITIES)
    roots = np.array([(key.tonic + chord.root) % 12 for chord in chords])[path]
    kinds = np.array([qualities.index(chord.quality) for chord in chords])[path]
    symbols: np.ndarray = np.column_stack([slots[:, 0], roots, kinds])[is_written]
    return symbols


def _slots(piece: Piece, starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Returns the first and the last tick of the half bars that a chord can fill: int[slots, 2].

    A bar has halves if half of it is a number of beats: two or more quarters, or three eighths or more.
    """
    first = int(begins_with_pickup(lengths))
    eighth = max(1, piece.resolution // 2)
    rows: list[tuple[int, int]] = []
    for start, length in zip(starts.tolist()[first:], lengths.tolist()[first:], strict=True):
        is_halved = length % (2 * eighth) == 0 and (
            length // (2 * eighth) in (4, 6) or meter_at(piece, start) == (6, 8)
        )
        middle = start + length // 2
        rows += [(start, middle), (middle, start + length)] if is_halved else [(start, start + length)]
    slots = np.array(rows, int).reshape(-1, 2)
    is_heard = (slots[:, 1] > piece.start.min(initial=2**31 - 1)) & (slots[:, 0] < piece.end)
    heard: np.ndarray = slots[is_heard]
    return heard


def _likelihoods(
    piece: Piece, slots: np.ndarray, starts: np.ndarray, chords: tuple[DegreeChord, ...], key: Key
) -> np.ndarray:
    """Returns the log likelihood of the notes of each slot given each chord: float[slots, chords]."""
    first, last = piece.start[:, None], (piece.start + piece.duration)[:, None]
    overlap = np.clip(np.minimum(last, slots[:, 1]) - np.maximum(first, slots[:, 0]), 0, None) / piece.resolution
    bar = np.searchsorted(starts, piece.start, side="right") - 1
    place = piece.start - starts[bar]
    accent = np.where(place == 0, DOWNBEAT, np.where(is_on_beat(piece, place), BEAT, OFFBEAT))
    counts = np.zeros((len(slots), 12))
    np.add.at(counts.T, (piece.pitch - key.tonic) % 12, overlap * accent[:, None])
    tones = np.full((12, len(chords)), NO_CHORD_TONE)
    for column, chord in enumerate(chords):
        for step, probability in zip(QUALITIES[chord.quality], (ROOT, THIRD, FIFTH, SEVENTH), strict=False):
            tones[(chord.root + step) % 12, column] = probability
    costs = np.array([chord.cost for chord in chords])
    likelihoods: np.ndarray = counts @ np.log(tones / tones.sum(axis=0)) - costs
    return likelihoods


def is_on_beat(piece: Piece, place: np.ndarray) -> np.ndarray:
    """Whether each note begins on a beat: bool[n]. A beat is three eighths in 6/8, 9/8 and 12/8, and else a quarter."""
    change = np.searchsorted(piece.meters[:, 0], piece.start, side="right") - 1
    if not len(piece.meters):
        return np.asarray(place % piece.resolution == 0)
    beats, unit = piece.meters[np.maximum(change, 0), 1:].T
    is_compound = (unit == 8) & (beats % 3 == 0)
    return np.asarray(2 * place % np.where(is_compound, 3 * piece.resolution, 2 * piece.resolution) == 0)


def _likeliest_path(likelihoods: np.ndarray, is_bar: np.ndarray, chords: tuple[DegreeChord, ...]) -> np.ndarray:
    """Returns the index of the chord of each slot on the likeliest path: int[slots].

    likelihoods: float[slots, chords]; is_bar: bool[slots], whether a bar begins there
    """
    functions = np.array([chord.function for chord in chords])
    is_change = ~np.eye(len(chords), dtype=bool)
    costs = FUNCTION_COSTS[functions[:, None], functions] * is_change
    is_tonic = np.arange(len(chords)) == 0
    scores = likelihoods[0] + FIRST_TONIC_BONUS * is_tonic
    before = np.zeros(likelihoods.shape, int)
    for slot in range(1, len(likelihoods)):
        change_cost = CHANGE_COST if is_bar[slot] else HALF_BAR_CHANGE_COST
        arrivals = scores[:, None] - costs - change_cost * is_change
        before[slot] = arrivals.argmax(axis=0)
        scores = arrivals.max(axis=0) + likelihoods[slot]
    path = [int(np.argmax(scores + FINAL_TONIC_BONUS * is_tonic))]
    for slot in range(len(likelihoods) - 1, 0, -1):
        path.append(int(before[slot, path[-1]]))
    return np.array(path[::-1])
