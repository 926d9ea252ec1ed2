"""Melodies as ABC: music21 reads back every note where it was, whatever its accidental, bar line or tie."""

from __future__ import annotations

import re

import music21
import numpy as np
import pytest
from seqgen_midi.domain import MidiDomain
from seqgen_midi.io.abc_writer import abc_text
from seqgen_midi.music.piece import Piece, Track


@pytest.mark.parametrize(
    ("encoding", "asked"), [("chorale", {}), ("chorale", {"key": "F#maj"}), ("melody", {"range": "36-84"})]
)
def test_every_note_is_read_back(encoding, asked):
    domain = MidiDomain(MidiDomain.Settings(encoding=encoding))
    grammar = domain.grammar(domain.Constraints(**asked))
    for seed in range(4):
        piece = domain.decode(grammar.walk(np.random.default_rng(seed), 400))
        text = abc_text(piece, 100)
        parts = music21.converter.parse(text, format="abc").parts
        for track in range(len(piece.tracks)):
            read = [
                (note.offset, note.quarterLength, note.pitch.midi)
                for note in parts[track].stripTies().flatten().notes
                if isinstance(note, music21.note.Note)
            ]
            mine = piece.track == track
            written = np.stack([piece.start[mine], piece.duration[mine]], 1) / piece.resolution
            assert len(read) == mine.sum()
            np.testing.assert_allclose(
                np.array(read, float).reshape(-1, 3), np.column_stack([written, piece.pitch[mine]]), err_msg=text
            )


def test_the_head_says_meter_length_tempo_and_key():
    domain = MidiDomain(MidiDomain.Settings(encoding="chorale"))
    grammar = domain.grammar(domain.Constraints(key="Gmaj", bars=2, time_signature="3/4"))
    text = abc_text(domain.decode(grammar.walk(np.random.default_rng(5))), 72)
    head = text.splitlines()
    assert head[:5] == ["X:1", "T:A new tune", "M:3/4", "L:1/16", "Q:1/4=72"]
    assert head[6] == 'V:1 name="Soprano"'
    assert text.count("|]") == 4
    assert [line.count("|") for line in head if not line.startswith(tuple("XTMLQKV"))] == [2, 2, 2, 2]


def test_a_note_over_a_bar_line_is_tied_and_chords_stand_over_their_notes():
    notes = np.array([[0, 12, 16], [8, 4, 20], [61, 61, 73], [80] * 3, [0] * 3])
    piece = Piece.of(4, [Track()], [*notes], meters=[(0, 4, 4)], chords=[(0, 2, 0), (16, 9, 1)])
    lines = abc_text(piece, 100).splitlines()
    bars = lines[-1].split("|")
    assert '"D"' in bars[0]
    assert "z4" in bars[0]
    assert '"Am"' in bars[1]
    assert bars[1].rstrip().endswith("-")
    (part,) = music21.converter.parse("\n".join(lines), format="abc").parts or [None]
    read = part.stripTies().flatten().getElementsByClass(music21.note.Note)
    assert [(note.offset, note.quarterLength, note.pitch.midi) for note in read] == [(0, 2, 61), (3, 1, 61), (4, 5, 73)]


@pytest.mark.parametrize(
    ("resolution", "lengths", "expected"),
    [
        (12, [4, 4, 4, 6, 6, 4, 8, 8, 4], "(3:2:3 n6 n6 n6 n6 n6 (3:2:2 n6 n12 (3:2:2 n12 n6 |]"),
        (12, [16, 4, 4, 24], "n12- (3:2:3 n6 n6 n6 n24 |]"),
        (24, [4] * 6 + [12, 12, 8, 8, 8, 24], "(3:2:6 n6 n6 n6 n6 n6 n6 n12 n12 (3:2:3 n12 n12 n12 n24 |]"),
        (12, [3, 1, 8, 36], "n3 n n8 n36 |]"),
    ],
)
def test_triplets_are_written_as_triplets_and_come_back(resolution, lengths, expected):
    end = np.cumsum(lengths)
    one = np.ones_like(end)
    notes = (end - lengths, np.array(lengths), 60 + np.arange(len(lengths)), 80 * one, 0 * one)
    text = abc_text(Piece.of(resolution, [Track()], notes, meters=[(0, 4, 4)]), 100)
    assert re.sub(r"[=^_]*[A-Ga-g][,']*", "n", text.splitlines()[7]) == expected
    (part,) = music21.converter.parse(text, format="abc").parts or [None]
    read = part.stripTies().flatten().getElementsByClass(music21.note.Note)
    written = [(note.offset, note.quarterLength) for note in read]
    np.testing.assert_allclose(np.array(written, float), np.stack([end - lengths, lengths], 1) / resolution)
