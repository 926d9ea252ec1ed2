"""Writes pieces of one melody a track as ABC (the notation of tune books, abcnotation.com, standard 2.1)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from seqgen_midi.music.chords import KINDS, NAMES
from seqgen_midi.music.instruments import pitch_class_durations, track_names
from seqgen_midi.music.keys import LETTERS, Key, estimate_key
from seqgen_midi.music.meters import bar_lines, first_number
from seqgen_midi.music.piece import Piece

ACCIDENTALS = {-2: "__", -1: "_", 0: "=", 1: "^", 2: "^^"}
SEMITONES = dict(zip("CDEFGAB", (0, 2, 4, 5, 7, 9, 11), strict=True))
BARS_A_LINE = 4


def abc_text(piece: Piece, tempo: int) -> str:
    """A tune in which a tick is one unit of length; notes of one track must not overlap. `tempo`: quarters a minute."""
    key, lines = estimate_key(pitch_class_durations(piece)), bar_lines(piece)
    upbeat = first_number(lines) == 0
    head = [
        "X:1", "T:A new tune", f"M:{_meter_at(piece, lines[1] if upbeat else 0)}", f"L:1/{4 * piece.resolution}",
        f"Q:1/4={tempo}", f"K:{_name(key)}",
    ]  # fmt: skip
    body: list[str] = []
    for track, name in enumerate(track_names(piece)):
        body.append(f'V:{track + 1} name="{name}"')
        bars = list(_bars(piece, track, key, lines))
        body += [" ".join(bars[start : start + BARS_A_LINE]) for start in range(0, len(bars), BARS_A_LINE)]
    return "\n".join([*head, *body]) + "\n"


def _name(key: Key) -> str:
    letter, alteration = key.spell(60 + key.tonic)
    return letter + "#" * alteration + "b" * -alteration + ("" if key.mode == "maj" else "m")


def _meter_at(piece: Piece, tick: int) -> str:
    """The meter in a bar that begins at `tick`."""
    known = piece.meters[piece.meters[:, 0] <= tick]
    return f"{known[-1, 1]}/{known[-1, 2]}" if len(known) else "4/4"


def _bars(piece: Piece, track: int, key: Key, lines: list[int]) -> Iterator[str]:
    """The bars of a track, each with the line that ends it."""
    mine = np.flatnonzero(piece.track == track)
    notes = [(int(piece.start[n]), int(piece.start[n] + piece.duration[n]), int(piece.pitch[n])) for n in mine]
    chords = {tick: NAMES[root * len(KINDS) + kind] for tick, root, kind in piece.chords.tolist()} if not track else {}
    upbeat = first_number(lines) == 0
    meter = _meter_at(piece, lines[1] if upbeat else 0)
    for number, (first, last) in enumerate(pairwise(lines)):
        parts = []
        here = meter if upbeat and number == 0 else _meter_at(piece, first)
        if here != meter:
            parts.append(f"[M:{here}]")
            meter = here
        altered: dict[str, int] = {}
        now = first
        for start, end, pitch in [*(note for note in notes if note[0] < last and note[1] > first), (last, last, 0)]:
            begin = max(start, first)
            if begin > now:
                parts.append(_chord(chords, now) + "z" + _length(begin - now))
            if begin < last:
                tie = "-" if end > last else ""
                parts.append(
                    _chord(chords, begin) + _pitch(pitch, key, altered) + _length(min(end, last) - begin) + tie
                )
            now = min(end, last)
        yield " ".join(parts) + (" |]" if last == lines[-1] else " |")


def _chord(chords: dict[int, str], tick: int) -> str:
    return f'"{chords[tick]}"' if tick in chords else ""


def _length(units: int) -> str:
    return "" if units == 1 else str(units)


def _pitch(pitch: int, key: Key, altered: dict[str, int]) -> str:
    """A note; `altered` are the letters that had another accidental than the key's earlier in the bar.

    Programs do not agree on how far an accidental reaches, so whatever could be taken in two ways is said again.
    """
    letter, alteration = key.spell(pitch)
    fifth = LETTERS.index(letter)
    signature = (fifth < key.sharps) - (6 - fifth < -key.sharps)
    mark = ACCIDENTALS[alteration] if alteration != signature or letter in altered else ""
    if mark:
        altered[letter] = alteration
    octave = (pitch - alteration - SEMITONES[letter]) // 12 - 1
    name = letter.lower() if octave > 4 else letter
    return mark + name + "'" * (octave - 5) + "," * (4 - octave)
