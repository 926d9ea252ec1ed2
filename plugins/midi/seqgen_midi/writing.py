"""Turns chorales into MIDI through pretty_midi: four named tracks, the meter with its pickup, the estimated key."""

from __future__ import annotations

from io import BytesIO
from math import gcd
from typing import TYPE_CHECKING

from seqgen_midi.chorale import Chorale
from seqgen_midi.statistics import key_of
from seqgen_midi.voices import VOICES

if TYPE_CHECKING:
    from pretty_midi import PrettyMIDI

TICKS = 480
"""A quarter; the usual resolution, of which a 16th takes 120 ticks exactly."""
LOUDNESS = 84


def midi_of(item: Chorale, tempo: int) -> PrettyMIDI:
    """A chorale as a pretty_midi object at `tempo` quarter notes a minute.

    A pickup has a time signature of its own length, followed by the real one at the first full bar: how notation
    programs write one, and how every program shows the right bars.
    """
    import pretty_midi

    midi = pretty_midi.PrettyMIDI(resolution=TICKS, initial_tempo=tempo)
    sixteenth = 15 / tempo
    signatures = []
    if item.pickup:
        divisor = gcd(item.pickup, 4)
        signatures.append(pretty_midi.TimeSignature(item.pickup // divisor, 16 // divisor, 0.0))
    beats, unit = map(int, item.meter.split("/"))
    signatures.append(pretty_midi.TimeSignature(beats, unit, item.pickup * sixteenth))
    midi.time_signature_changes = signatures
    key = key_of(item)
    midi.key_signature_changes = [pretty_midi.KeySignature(key.tonic + (12 if key.mode == "min" else 0), 0.0)]
    for number, voice in enumerate(VOICES):
        track = pretty_midi.Instrument(voice.program, name=voice.name)
        track.notes = [
            pretty_midi.Note(LOUDNESS, note.pitch, note.start * sixteenth, note.end * sixteenth)
            for note in item.notes(number)
        ]
        midi.instruments.append(track)
    return midi


def midi_bytes(item: Chorale, tempo: int) -> bytes:
    """A chorale as the bytes of a MIDI file."""
    buffer = BytesIO()
    midi_of(item, tempo).write(buffer)
    return buffer.getvalue()
