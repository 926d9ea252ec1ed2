"""Phrases on a MIDI port: where they end, the file of one, and when an answer's notes are sent."""

from __future__ import annotations

from pathlib import Path

import fake_midi
import mido
import pytest
from seqgen_midi.io.phrases import Clock, play_file, wait_for_phrase, write_phrase

CLOCK = Clock(fake_midi.CLOCK.now, fake_midi.CLOCK.sleep)
NOTES = [(2.0, 0.5, 60), (2.5, 2.0, 62), (2.5, 0.4, 64)]


def test_a_phrase_ends_when_all_keys_have_been_up_for_a_while() -> None:
    fake_midi.play([*NOTES, (8.0, 0.5, 72)])
    phrase = wait_for_phrase(fake_midi.Input("in", virtual=True), 1.0, CLOCK)
    assert phrase.note_count == 3
    assert [round(second, 1) for second, _ in phrase.messages] == [0.0, 0.5, 0.5, 0.5, 0.9, 2.5]
    assert phrase.end == pytest.approx(4.5, abs=0.01)
    assert CLOCK.now() == pytest.approx(5.5, abs=0.02)
    assert len(fake_midi.PLAYED) == 2  # the next phrase is still to come


def test_the_file_of_a_phrase_has_its_notes_in_time(tmp_path: Path) -> None:
    fake_midi.play(NOTES)
    write_phrase(wait_for_phrase(fake_midi.Input("in", virtual=True), 1.0, CLOCK), 120, tmp_path / "phrase.mid")
    ticks, begins = 0, []
    for message in mido.MidiFile(tmp_path / "phrase.mid").tracks[0]:
        ticks += message.time
        if message.type == "note_on":
            begins.append((round(ticks, -1), message.note))
    assert begins == [(0, 60), (480, 62), (480, 64)]


def test_an_answer_is_played_in_time(tmp_path: Path) -> None:
    fake_midi.play(NOTES)
    write_phrase(wait_for_phrase(fake_midi.Input("in", virtual=True), 1.0, CLOCK), 120, tmp_path / "phrase.mid")
    start = CLOCK.now()
    assert play_file(tmp_path / "phrase.mid", fake_midi.Output("out", virtual=True), CLOCK) == start
    sent = [(round(second - start, 1), message.note) for second, message in fake_midi.SENT if message.type == "note_on"]
    assert sent == [(0.0, 60), (0.5, 62), (0.5, 64)]
