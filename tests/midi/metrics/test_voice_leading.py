"""What only chorales have, counted by hand on pieces of a few columns."""

from __future__ import annotations

from dataclasses import replace

import pytest
from conftest import records
from grids import HOLD, REST, Grid
from seqgen_midi.domain import MidiDomain
from seqgen_midi.music.piece import Piece

HELD = (HOLD,) * 4


def piece(*chords: tuple[int, int, int, int]) -> Piece:
    return Grid("4/4", 0, tuple(column for chord in chords for column in (chord, HELD, HELD, HELD))).piece()


def compare(domain: MidiDomain, held_out: list[Piece], samples: list[Piece]) -> dict[str, float]:
    return domain.metrics.compare(records(held_out), records(samples))


def test_the_same_pieces_overlap_wholly_and_transposed_ones_too(domain: MidiDomain, chorale: Piece) -> None:
    higher = replace(chorale, pitch=chorale.pitch + 3)
    metrics = compare(domain, [chorale], [higher])
    assert metrics["leaps within a voice, overlap"] == pytest.approx(1)
    other = compare(domain, [chorale], [piece((72, 68, 63, 49), (60, 68, 63, 49))])
    assert other["leaps within a voice, overlap"] < 0.2


def test_parallel_fifths_and_octaves_are_counted(domain: MidiDomain) -> None:
    name = "parallel fifths and octaves per 100 16ths, samples"
    # Tenor and bass move from one fifth to another: once in 8 columns.
    assert compare(domain, [], [piece((72, 64, 55, 48), (71, 65, 57, 50))])[name] == pytest.approx(100 / 8)
    # In contrary motion from fifth to twelfth, or repeated without moving, there is nothing to count.
    assert compare(domain, [], [piece((72, 64, 55, 48), (71, 65, 62, 43), (71, 65, 62, 43))])[name] == 0


def test_notes_and_rests_are_counted(domain: MidiDomain) -> None:
    metrics = compare(domain, [piece((72, 64, 55, 48))], [Grid("4/4", 0, ((72, 64, 55, REST),) * 4).piece()])
    assert metrics["notes a voice and quarter, held out"] == 1
    assert metrics["notes a voice and quarter, samples"] == 3
    assert (metrics["share of rests, held out"], metrics["share of rests, samples"]) == (0, 0.25)
