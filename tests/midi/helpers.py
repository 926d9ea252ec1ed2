"""What several tests of the midi domain use: files made with mido, documents by the names of tokens, drawn pieces."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pretty_midi
import pytest
from grids import Grid
from seqgen_midi.domain import MidiDomain
from seqgen_midi.music.piece import Piece

from seqgen import (
    EOS,
    Grammar,
    Options,
    Prompt,
    Record,
    UnusableFile,
)
from seqgen.grammar import concatenate, intersect, one_of, repeat, sequences


def note_rows(piece: Piece) -> list[tuple[int, ...]]:
    """The notes of a piece: (start, duration, pitch, velocity, track)."""
    return list(zip(*(column.tolist() for column in piece.notes), strict=True))


def only_piece(domain: MidiDomain, path: Path) -> Piece:
    """The one piece of a file, without the remarks on it."""
    (piece,) = (result for result in domain.read(path) if isinstance(result, Piece))
    return piece


def prompt_item(domain: MidiDomain, path: Path) -> Piece:
    """The piece of a prompt file as `sample` gets it from a worker: its tokens, and its metadata as JSON."""
    (record,) = (result for result in domain.prompting.read(path) if isinstance(result, Record))
    decoded = domain.decode(domain.encode(record.item).ids)
    return domain.reading.restore(Record(decoded, json.loads(json.dumps(record.metadata))))


def round_trip(domain: MidiDomain, path: Path) -> Piece:
    """What is left of a file once it was tokens."""
    item = only_piece(domain, path)
    ids = domain.encode(item).ids
    assert domain.grammar().accepts(ids)
    return domain.decode(ids)


def document(domain: MidiDomain, text: str) -> np.ndarray:
    return np.array([0, *(domain.vocabulary.ids[name] for name in text.split()), EOS])


def chorale_constraints(**values: object) -> Options:
    return MidiDomain().Constraints.from_mapping(values, kind="constraint")


Notes = list[tuple[int, int, int]]


def write_midi(path: Path, *tracks: Notes, channel: int = 0, tempo: int = 500_000, program: int = 0) -> Path:
    """A file of tracks of (start, end, pitch), 480 ticks a quarter."""
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.append(mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=tempo)]))
    for notes in tracks:
        events = [(end, 0, pitch) for _, end, pitch in notes] + [(start, 1, pitch) for start, _, pitch in notes]
        track, now = mido.MidiTrack([mido.Message("program_change", program=program, channel=channel)]), 0
        for tick, on, pitch in sorted(events):
            message = mido.Message("note_on", note=pitch, velocity=70 * on, channel=channel, time=tick - now)
            track.append(message)
            now = tick
        file.tracks.append(track)
    file.save(path)
    return path


def tune(seed: int, key: int = 60) -> Notes:
    """Sixteen eighths."""
    pitches = key + np.random.default_rng(seed).integers(0, 12, 16)
    return [(240 * number, 240 * number + 240, int(pitch)) for number, pitch in enumerate(pitches)]


FOUR = ((72, 67, 60, 48),)


def midi_file(
    path: Path,
    tracks: list[list[tuple[int, int, int]]],
    signatures: tuple[tuple[int, int, int], ...] = (),
    resolution: int = 480,
    channel: int | None = None,
) -> Path:
    """A MIDI file of tracks of (start tick, end tick, pitch), with (tick, numerator, denominator) of its meters."""
    file = mido.MidiFile(ticks_per_beat=resolution)
    conductor = mido.MidiTrack()
    now = 0
    for tick, numerator, denominator in signatures:
        conductor.append(
            mido.MetaMessage("time_signature", numerator=numerator, denominator=denominator, time=tick - now)
        )
        now = tick
    file.tracks.append(conductor)
    for number, notes in enumerate(tracks):
        events = [(start, 1, pitch) for start, _, pitch in notes] + [(end, 0, pitch) for _, end, pitch in notes]
        track, now = mido.MidiTrack(), 0
        for tick, on, pitch in sorted(events):
            kind = "note_on" if on else "note_off"
            where = number if channel is None else channel
            track.append(mido.Message(kind, note=pitch, velocity=64, channel=where, time=tick - now))
            now = tick
        file.tracks.append(track)
    file.save(path)
    return path


def held(pitch: int, start: int = 0, end: int = 1920) -> list[tuple[int, int, int]]:
    return [(start, end, pitch)]


def read_grid(domain: MidiDomain, path: Path) -> Grid:
    piece = only_piece(domain, path)
    return Grid.of(piece)


def reason_of(domain: MidiDomain, path: Path) -> str:
    with pytest.raises(UnusableFile) as caught:
        list(domain.read(path))
    return caught.value.reason


def prompt_for(domain: MidiDomain, item: Any, **values: object) -> Prompt:
    return domain.prompting.prompt(item, domain.Constraints.from_mapping(values, "constraint"))


def drawn_piece(domain: MidiDomain, prompt: Prompt, seed: int = 0) -> Any:
    """A piece drawn by chance around what a prompt gives."""
    rng, ids = np.random.default_rng(seed), prompt.ids.tolist()
    state = int(prompt.grammar.unroll(prompt.ids)[-1])
    if isinstance(prompt.given, Grammar):
        ids = prompt.given.walk(rng, 20_000, prompt.ids).tolist()
    for token in prompt.given.tolist() if isinstance(prompt.given, np.ndarray) else ():
        legal = np.flatnonzero(prompt.grammar.allowed[state])
        ids.append(int(rng.choice(legal[(legal > 1) & (legal != -1 - token)])) if token < 0 else token)
        assert ids[-1] in legal
        state = int(prompt.grammar.next_state[state, ids[-1]])
    assert domain.grammar().accepts(np.array(ids)) or prompt.grammar.accepts(np.array(ids))
    return domain.decode(np.array(ids, np.int32))


def piece_in_bars(domain: MidiDomain, heads: list[list[str]], silent: frozenset[int] = frozenset()) -> Any:
    """A piece made by chance whose bars begin with these tokens; those numbered `silent` have no note."""
    size = len(domain.vocabulary)
    names = [token.partition(":")[0] for token in domain.vocabulary]
    parts = []
    for number, head in enumerate(heads):
        no_music = {"<bos>", "<eos>", "bar", "tempo", *(("pitch", "hold", "position") if number in silent else ())}
        parts.append(sequences([[domain.vocabulary.ids[token] for token in head]], size))
        parts.append(repeat(one_of(~np.isin(names, list(no_music)))))
    grammar = intersect(domain.grammar(), concatenate(*parts))
    return domain.decode(grammar.walk(np.random.default_rng(5), 50_000))


def notes_by_program(domain: MidiDomain, item: Any, path: Path) -> list[Counter[tuple[float, float, int]]]:
    """By program (128 is the drums), the notes that pretty_midi reads in the file of a piece: start, end, pitch."""
    (file,) = domain.write(item, path)
    programs: list[Counter[tuple[float, float, int]]] = [Counter() for _ in range(129)]
    for instrument in pretty_midi.PrettyMIDI(str(file)).instruments:
        notes = [(round(note.start, 3), round(note.end, 3), note.pitch) for note in instrument.notes]
        programs[128 if instrument.is_drum else instrument.program].update(notes)
    return programs


def random_score(domain: MidiDomain, seed: int) -> Any:
    constraints = domain.Constraints(bars=3, time_signature="4/4", instruments="flute,piano,drums")
    return domain.decode(domain.grammar(constraints).walk(np.random.default_rng(seed), 20_000))
