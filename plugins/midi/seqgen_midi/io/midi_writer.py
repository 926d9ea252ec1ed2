"""Writes pieces as MIDI through pretty_midi: named tracks, tempos, time signatures, the key, chord symbols."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import mido
import numpy as np

from seqgen_midi.io.channels import PROGRAM_CHANNELS, assign_channels, set_channels
from seqgen_midi.io.midi_chunks import KEY_PREFIX, SUSTAIN_PEDAL
from seqgen_midi.io.midi_reader import TWIN_SUFFIX
from seqgen_midi.music.chords import chord_name
from seqgen_midi.music.instruments import track_names
from seqgen_midi.music.keys import Key
from seqgen_midi.music.piece import Piece

if TYPE_CHECKING:
    from pretty_midi import PrettyMIDI

MAX_VALUE = 127
"""Of a controller."""
MIN_RESOLUTION = 480
"""Ticks in a quarter of the files, rounded up to a multiple of the piece's own resolution."""


def midi_bytes(piece: Piece, default_tempo: int) -> bytes:
    """Returns the bytes of a MIDI file of a piece; a piece without tempos gets `default_tempo` quarters a minute."""
    buffer = BytesIO()
    midi = to_pretty_midi(piece, default_tempo)
    midi.write(buffer)
    if len(midi.instruments) <= len(PROGRAM_CHANNELS):
        return buffer.getvalue()
    # pretty_midi goes through the channels track by track, and begins again when it has had them all.
    quarters = -(-piece.end // piece.resolution) + 1
    sounding = np.zeros((len(midi.instruments), quarters), bool)
    for number, instrument in enumerate(midi.instruments):
        for note in instrument.notes:
            begin, end = (midi.time_to_tick(time) // midi.resolution for time in (note.start, note.end))
            sounding[number, begin : end + 1] = True
    file = mido.MidiFile(file=BytesIO(buffer.getvalue()))
    programs = [None if one.is_drum else one.program for one in midi.instruments]
    channels = assign_channels(programs, sounding)
    set_channels(file, range(1, len(file.tracks)), channels)
    buffer = BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def to_pretty_midi(piece: Piece, default_tempo: int) -> PrettyMIDI:
    """Returns a piece as a pretty_midi object. Chord symbols are text events; the key is declared."""
    import pretty_midi

    factor = -(-MIN_RESOLUTION // piece.resolution)
    midi = pretty_midi.PrettyMIDI(resolution=piece.resolution * factor, initial_tempo=default_tempo)
    if len(piece.tempos):
        # pretty_midi reads and writes changes of tempo, but has no public way to make one.
        changes = {0: 500_000} | {tick * factor: microseconds for tick, microseconds in piece.tempos.tolist()}
        midi._tick_scales = [(tick, each / 1e6 / midi.resolution) for tick, each in changes.items()]
    midi._update_tick_to_time(max(piece.end, int(piece.pedals[:, 2].max(initial=0))) * factor)

    def second(tick: int) -> float:
        return float(midi.tick_to_time(tick * factor))

    midi.time_signature_changes = [
        pretty_midi.TimeSignature(beats, unit, second(tick)) for tick, beats, unit in piece.meters.tolist()
    ]
    key = piece.declared_or_estimated_key()
    midi.key_signature_changes = [pretty_midi.KeySignature(_key_number(key), 0.0)]
    midi.text_events = [
        pretty_midi.Text(chord_name(root, quality), second(tick)) for tick, root, quality in piece.chords.tolist()
    ]
    if key.mode not in ("maj", "min"):
        midi.text_events.insert(0, pretty_midi.Text(KEY_PREFIX + key.name, 0.0))
    for number, name in enumerate(track_names(piece)):
        track = piece.tracks[number]
        rows = np.column_stack(piece.notes)[piece.track == number].tolist()
        pedals = piece.pedals[piece.pedals[:, 0] == number, 1:].tolist()
        for layer, notes in enumerate(_layers(rows)):
            instrument = pretty_midi.Instrument(track.program, track.is_drums, name + TWIN_SUFFIX * (layer > 0))
            instrument.notes = [
                pretty_midi.Note(velocity, pitch, second(start), second(start + duration))
                for start, duration, pitch, velocity, _ in notes
            ]
            instrument.control_changes = [
                pretty_midi.ControlChange(SUSTAIN_PEDAL, value, second(tick))
                for pedal in pedals
                for tick, value in zip(pedal, (MAX_VALUE, 0), strict=True)
            ]
            midi.instruments.append(instrument)
    return midi


def _key_number(key: Key) -> int:
    """pretty_midi's number of a key. MIDI knows major and minor, so any other mode has the signature of its major.

    A text event names such a key.
    """
    return key.tonic + 12 if key.mode == "min" else 7 * key.sharps % 12


def _layers(notes: list[list[int]]) -> list[list[list[int]]]:
    """Returns notes (start, duration, pitch, …) in layers. Within a layer, no two notes overlap on one key.

    A MIDI file says "key 60 is released" and not which note ends, so of two overlapping notes the wrong one would end.
    """
    layers: list[list[list[int]]] = [[]]
    released: list[dict[int, int]] = [{}]
    for note in notes:
        start, duration, pitch = note[:3]
        layer = next((number for number, keys in enumerate(released) if keys.get(pitch, 0) <= start), len(released))
        if layer == len(released):
            layers.append([])
            released.append({})
        layers[layer].append(note)
        released[layer][pitch] = start + duration
    return layers
