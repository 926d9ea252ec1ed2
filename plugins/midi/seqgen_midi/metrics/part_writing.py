"""What a teacher of harmony marks in a piece in four voices: parallels, hidden fifths, crossings, leading tones …

The rules are those of Aldwell & Schachter, *Harmony and Voice Leading* (4th ed.), chapters 5 and 6, as far as they can
be read off the notes. The voices are soprano, alto, tenor and bass. Each sings one note at a time, and a tick is a
16th.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from seqgen_midi.music.keys import LETTERS, Key
from seqgen_midi.music.piece import Piece

SILENT = -1
PERFECT_INTERVALS = (0, 7)
"""Unisons, octaves and fifths, in semitones within an octave."""
MAX_STEP = 2
"""Semitones of a melodic step; a wider interval is a leap."""
MAX_SPACING = 12
"""Semitones between neighbours of the upper three voices."""
MIN_AUGMENTED_FIFTHS = 6
"""An interval that leads up so many fifths on the line of fifths, and up in pitch, is augmented."""
LEADING_TONE = 11
"""Semitones above the tonic."""
QUARTER = 4
"""Ticks."""


def sounding_pitches(piece: Piece) -> np.ndarray:
    """Returns the pitch of each voice at each tick: int[ticks, voices], SILENT where the voice rests."""
    sounding = np.full((piece.end, len(piece.tracks)), SILENT)
    within_note = np.arange(int(piece.duration.sum())) - np.repeat(
        np.cumsum(piece.duration) - piece.duration, piece.duration
    )
    tick = np.repeat(piece.start, piece.duration) + within_note
    sounding[tick, np.repeat(piece.track, piece.duration)] = np.repeat(piece.pitch, piece.duration)
    return sounding


def interval_classes(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """Returns the intervals between two voices without octaves, in semitones.

    Where the voices cross, they are measured from the lower note.
    """
    return np.asarray(np.abs(upper - lower) % 12)


def _similar_motion(sounding: np.ndarray, upper: int, lower: int) -> np.ndarray:
    """Whether two voices move in the same direction to each tick but the first: bool[ticks − 1]."""
    steps = np.diff(sounding[:, [upper, lower]], axis=0)
    is_heard = (sounding[:, [upper, lower]] != SILENT).all(1)
    return np.asarray((np.prod(np.sign(steps), 1) > 0) & is_heard[:-1] & is_heard[1:])


def parallel_count(piece: Piece) -> int:
    """Returns how often two voices move in the same direction between two fifths, or between two unisons or octaves."""
    sounding, count = sounding_pitches(piece), 0
    for upper, lower in combinations(range(len(piece.tracks)), 2):
        sizes = interval_classes(sounding[:, upper], sounding[:, lower])
        is_perfect = np.isin(sizes[1:], PERFECT_INTERVALS) & (sizes[1:] == sizes[:-1])
        count += int((is_perfect & _similar_motion(sounding, upper, lower)).sum())
    return count


def hidden_count(sounding: np.ndarray) -> int:
    """Returns how often soprano and bass move in the same direction to a fifth or octave, the soprano by a leap.

    They come from another interval; otherwise the fifths are parallel.
    """
    soprano, bass = sounding[:, 0], sounding[:, -1]
    sizes = interval_classes(soprano, bass)
    is_hidden = (
        np.isin(sizes[1:], PERFECT_INTERVALS) & (sizes[1:] != sizes[:-1]) & (np.abs(np.diff(soprano)) > MAX_STEP)
    )
    return int((is_hidden & _similar_motion(sounding, 0, sounding.shape[1] - 1)).sum())


def crossed_ticks(sounding: np.ndarray) -> int:
    """Returns the ticks at which a voice sings below its lower neighbour."""
    heard = (sounding[:, :-1] != SILENT) & (sounding[:, 1:] != SILENT)
    return int((heard & (sounding[:, :-1] < sounding[:, 1:])).any(1).sum())


def wide_ticks(sounding: np.ndarray) -> int:
    """Returns the ticks at which two neighbours of the upper three voices are more than an octave apart."""
    upper = sounding[:, :-1]
    heard = (upper[:, :-1] != SILENT) & (upper[:, 1:] != SILENT)
    return int((heard & (upper[:, :-1] - upper[:, 1:] > MAX_SPACING)).any(1).sum())


def leading_tones(sounding: np.ndarray, key: Key) -> tuple[int, int]:
    """Returns how many leading tones the soprano sings at cadences, and how many of them do not go to the tonic.

    A cadence is where the bass leaps from the key's dominant to its tonic, up a fourth or down a fifth, and stays for a
    quarter or longer. The leading tone is the major third over the dominant. It should go to the tonic when the soprano
    sings another pitch.
    """
    soprano, bass = sounding[:, 0], sounding[:, -1]
    arrivals = np.flatnonzero(np.isin(np.diff(bass), (5, -7)) & (np.minimum(bass[1:], bass[:-1]) != SILENT)) + 1
    count = unresolved = 0
    for tick in arrivals.tolist():
        changes = np.flatnonzero(bass[tick:] != bass[tick])
        length = int(changes[0]) if len(changes) else len(bass) - tick
        before = soprano[tick - 1]
        is_leading_tone = before != SILENT and (before - key.tonic) % 12 == LEADING_TONE
        if length < QUARTER or (bass[tick] - key.tonic) % 12 or not is_leading_tone:
            continue
        count += 1
        later = soprano[tick:][soprano[tick:] != before]
        unresolved += not len(later) or later[0] == SILENT or (later[0] - key.tonic) % 12 != 0
    return count, unresolved


def augmented_count(piece: Piece, key: Key) -> int:
    """Returns how many melodic steps within a voice are augmented, such as F–G# or F–B upwards.

    `key` decides how the notes are spelled.

    Chromatic semitones do not count.
    """
    order = np.argsort(piece.track, kind="stable")
    pitch, track = piece.pitch[order].astype(int), piece.track[order]
    fifths = np.array([LETTERS.index(letter) + 7 * alteration for letter, alteration in map(key.spell, pitch.tolist())])
    steps, turns = np.diff(pitch), np.diff(fifths)
    is_augmented = (np.sign(steps) * turns >= MIN_AUGMENTED_FIFTHS) & (np.abs(steps) > 1)
    return int((is_augmented & (np.diff(track) == 0)).sum())


def closes(piece: Piece, key: Key) -> bool:
    """Whether all voices end on a root-position triad on the key's tonic that is held for a quarter or longer.

    The triad is major or minor in either mode, and has its third; the fifth may be missing.
    """
    sounding = sounding_pitches(piece)
    if not len(sounding) or (sounding[-1] == SILENT).any():
        return False
    degrees = set(((sounding[-1] - key.tonic) % 12).tolist())
    changes = np.flatnonzero((sounding != sounding[-1]).any(1))
    length = len(sounding) - (int(changes[-1]) + 1 if len(changes) else 0)
    is_triad = degrees <= {0, 3, 7} or degrees <= {0, 4, 7}
    is_rooted = (sounding[-1, -1] - key.tonic) % 12 == 0 and sounding[-1, -1] == sounding[-1].min()
    return bool(is_triad and is_rooted and degrees & {3, 4} and length >= QUARTER)
