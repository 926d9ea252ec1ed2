"""Turns pieces into MIDI through pretty_midi: named tracks, their tempos and meters, the key."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from seqgen_midi.io.midi_reading import TWIN
from seqgen_midi.music.chords import KINDS, NAMES
from seqgen_midi.music.instruments import pitch_class_durations, track_names
from seqgen_midi.music.keys import estimate_key
from seqgen_midi.music.piece import Piece

if TYPE_CHECKING:
    from pretty_midi import Instrument, PrettyMIDI

TICKS = 480
"""A quarter, or the next multiple of the piece's own resolution; the usual one, and 120 for a 16th exactly."""


def midi_of(piece: Piece, tempo: int) -> PrettyMIDI:
    """A piece as a pretty_midi object; at `tempo` quarter notes a minute where it tells none itself.

    Chord symbols become text events. The key is the one that the pitch classes suggest.
    """
    import pretty_midi

    factor = -(-TICKS // piece.resolution)
    midi = pretty_midi.PrettyMIDI(resolution=piece.resolution * factor, initial_tempo=tempo)
    if len(piece.tempos):
        # pretty_midi reads changes of tempo and writes them, but has no public way to make one.
        changes = {0: 500_000} | {tick * factor: microseconds for tick, microseconds in piece.tempos.tolist()}
        midi._tick_scales = [(tick, each / 1e6 / midi.resolution) for tick, each in changes.items()]
    midi._update_tick_to_time(piece.end * factor)

    def second(tick: int) -> float:
        return float(midi.tick_to_time(tick * factor))

    midi.time_signature_changes = [
        pretty_midi.TimeSignature(beats, unit, second(tick)) for tick, beats, unit in piece.meters.tolist()
    ]
    key = estimate_key(pitch_class_durations(piece))
    midi.key_signature_changes = [pretty_midi.KeySignature(key.tonic + (12 if key.mode == "min" else 0), 0.0)]
    midi.text_events = [
        pretty_midi.Text(NAMES[root * len(KINDS) + kind], second(tick)) for tick, root, kind in piece.chords.tolist()
    ]
    for number, name in enumerate(track_names(piece)):
        track = piece.tracks[number]
        rows = np.column_stack(piece.notes)[piece.track == number].tolist()
        for layer, notes in enumerate(layers(rows)):
            instrument: Instrument = pretty_midi.Instrument(track.program, track.drums, name + TWIN * (layer > 0))
            instrument.notes = [
                pretty_midi.Note(velocity, pitch, second(start), second(start + duration))
                for start, duration, pitch, velocity, _ in notes
            ]
            midi.instruments.append(instrument)
    return midi


def layers(notes: list[list[int]]) -> list[list[list[int]]]:
    """Notes (start, duration, pitch, …) in tracks within which none overlaps another on the same key.

    A MIDI file says "key 60 up" and not which note has ended, so of two overlapping ones the wrong one would.
    """
    made: list[list[list[int]]] = [[]]
    free: list[dict[int, int]] = [{}]
    for note in notes:
        start, duration, pitch = note[:3]
        layer = next((number for number, keys in enumerate(free) if keys.get(pitch, 0) <= start), len(free))
        if layer == len(free):
            made.append([])
            free.append({})
        made[layer].append(note)
        free[layer][pitch] = start + duration
    return made


def midi_bytes(piece: Piece, tempo: int) -> bytes:
    """A piece as the bytes of a MIDI file."""
    buffer = BytesIO()
    midi_of(piece, tempo).write(buffer)
    return buffer.getvalue()
