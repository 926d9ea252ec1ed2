"""Performances: every note is there, once, where an independent reference puts it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pretty_midi
import pytest
import quantising_reference as reference
from helpers import note_rows, only_piece, round_trip
from seqgen_midi.domain import MidiDomain
from seqgen_midi.music.piece import Piece

from seqgen import BOS, EOS
from seqgen.grammar import trim


@pytest.mark.parametrize("bins", [None, 1, 127])
def test_a_performance_is_every_note_but_the_drums(bands: list[Any], bins: int | None) -> None:
    domain = MidiDomain(MidiDomain.Settings(encoding="performance", velocity_bins=bins))
    for band in bands:
        found = Counter(tuple(note) for *note, _ in note_rows(round_trip(domain, band.path)))
        assert found == reference.performance(band.notes, band.resolution, band.tempos, bins or 32)


@pytest.fixture(scope="module")
def pedalled() -> MidiDomain:
    return MidiDomain(MidiDomain.Settings(encoding="performance", pedal_tokens=True))


def piano(path: Path, pedals: list[tuple[float, int]], notes: list[tuple[float, float, int]], tracks: int = 1) -> Path:
    """Writes a file in which every track has these changes of the sustain pedal, and one has the notes."""
    midi = pretty_midi.PrettyMIDI(resolution=480, initial_tempo=120)
    for number in range(tracks):
        instrument = pretty_midi.Instrument(0)
        moved = [(start, end, pitch + 12 * number) for start, end, pitch in notes]
        instrument.notes = [pretty_midi.Note(82, pitch, start, end) for start, end, pitch in moved]
        instrument.control_changes = [pretty_midi.ControlChange(64, value, time) for time, value in pedals]
        midi.instruments.append(instrument)
    midi.write(str(path))
    return path


def token_names(domain: MidiDomain, piece: Piece) -> str:
    names = (domain.vocabulary[int(number)] for number in domain.encode(piece).ids[1:-1])
    return " ".join(name for name in names if not name.startswith("velocity"))


def test_the_pedal_is_written_before_the_notes_of_its_time(pedalled: MidiDomain, tmp_path: Path) -> None:
    pedals = [(0, 127), (0.5, 0), (0.5, 90), (1.25, 10), (1.5, 127), (4, 0)]
    notes = [(0, 0.1, 60), (0.5, 0.6, 62), (1.3, 1.4, 64), (1.6, 1.7, 65)]
    path = piano(tmp_path / "piano.mid", pedals, notes)
    piece = only_piece(pedalled, path)
    assert token_names(pedalled, piece) == (
        "pedal:down pitch:60 duration:10 shift:50 pedal:up pedal:down pitch:62 duration:10 shift:75 pedal:up "
        "shift:5 pitch:64 duration:10 shift:30 pitch:65 duration:100 duration:100 duration:40"
    )
    assert piece.pedals.tolist() == [[0, 0, 50], [0, 50, 125]]
    plain = MidiDomain(MidiDomain.Settings(encoding="performance"))
    assert note_rows(piece.sustained()) == note_rows(only_piece(plain, path))
    both = piano(tmp_path / "both.mid", pedals, notes, tracks=2)
    assert only_piece(pedalled, both).pedals.tolist() == piece.pedals.tolist()


def test_players_with_pedals_of_their_own_are_sustained(pedalled: MidiDomain, tmp_path: Path) -> None:
    path = piano(tmp_path / "two.mid", [(0, 127), (1, 0)], [(0, 0.1, 60), (2, 2.1, 60)], tracks=2)
    midi = pretty_midi.PrettyMIDI(str(path))
    midi.instruments[1].control_changes = []
    midi.write(str(path))
    piece = only_piece(pedalled, path)
    assert len(piece.pedals) == 0
    assert [(start, length, pitch) for start, length, pitch, *_ in note_rows(piece)] == [
        (0, 100, 60),
        (0, 10, 72),
        (200, 10, 60),
        (200, 10, 72),
    ]


def walk_with_pedals(domain: MidiDomain, rng: np.random.Generator) -> np.ndarray:
    """Draws a document of about 200 tokens, in which the pedal changes at half of the places where it may."""
    grammar, is_pedal = domain.grammar(), domain.encoding.table.of_kind("pedal")
    ids, state = [BOS], grammar.start
    while ids[-1] != EOS:
        allowed = grammar.allowed[state].copy()
        allowed[EOS] &= len(ids) > 200
        changes = allowed & is_pedal
        chosen = changes if changes.any() and rng.random() < 0.5 else allowed & ~is_pedal
        ids.append(EOS if allowed[EOS] else int(rng.choice(np.flatnonzero(chosen))))
        state = int(grammar.next_state[state, ids[-1]])
    return np.array(ids, np.int32)


def test_any_performance_with_pedals_comes_back_from_its_tokens_and_its_file(
    pedalled: MidiDomain, tmp_path: Path
) -> None:
    grammar, found = pedalled.grammar(), 0
    assert np.array_equal(trim(grammar).allowed, grammar.allowed)
    for seed in range(20):
        ids = walk_with_pedals(pedalled, np.random.default_rng(seed))
        piece = pedalled.decode(ids)
        found += len(piece.pedals)
        # A pedal that is down at the last note is left out.
        is_up_at_the_end = np.isin(ids, pedalled.encoding.table.ids("pedal")).sum() % 2 == 0
        assert np.array_equal(pedalled.encode(piece).ids, ids) == is_up_at_the_end
        (file,) = pedalled.write(piece, tmp_path / "made")
        back = only_piece(pedalled, file)
        assert sorted(note_rows(back)) == sorted(note_rows(piece))
        assert back.pedals.tolist() == piece.pedals.tolist()
        for cut in range(1, len(ids), 7):
            part = pedalled.decode(ids[:cut])
            assert part.pedals.tolist() == piece.pedals[: len(part.pedals)].tolist()
            rest = pedalled.prompting.without_prompt(ids, cut)
            assert len(rest) == 2 or grammar.accepts(rest)
    assert found > 100


def test_a_performance_with_pedals_has_the_seconds_that_are_requested(pedalled: MidiDomain) -> None:
    grammar = pedalled.grammar(pedalled.Constraints(seconds=3))
    for seed in range(5):
        piece = pedalled.decode(grammar.walk(np.random.default_rng(seed), 20_000))
        assert 200 <= piece.start.max() < 300
