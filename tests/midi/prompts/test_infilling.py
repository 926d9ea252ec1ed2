"""What is given stays, note for note, as other programs read the files; what is drawn is as asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pretty_midi
import pytest
from grids import HOLD, Grid
from helpers import document, drawn_piece, notes_by_program, piece_in_bars, prompt_for, prompt_item
from seqgen_midi.domain import MidiDomain
from seqgen_midi.music.meters import bar_lines
from seqgen_midi.music.piece import Piece

from seqgen import UsageError


def voices_heard(domain: MidiDomain, item: Piece, path: Path) -> list[list[tuple[float, float, int]]]:
    (file,) = domain.write(item, path)
    return [
        [(round(note.start, 3), round(note.end, 3), note.pitch) for note in instrument.notes]
        for instrument in pretty_midi.PrettyMIDI(str(file)).instruments
    ]


BAR = 4 * 60 / 80
"""Seconds of a bar of 4/4 as the domain writes it."""


@pytest.mark.parametrize("letters", ["S", "B", "sa", "SAB"])
def test_the_voices_that_are_given_are_sung_note_for_note(
    domain: MidiDomain, chorale: Piece, letters: str, tmp_path: Path
) -> None:
    made = drawn_piece(domain, prompt_for(domain, chorale, harmonise=letters))
    given, drawn = Grid.of(chorale), Grid.of(made)
    before, after = (voices_heard(domain, item, tmp_path / name) for item, name in ((chorale, "a"), (made, "b")))
    for voice, letter in enumerate("SATB"):
        assert (before[voice] == after[voice]) == (letter in letters.upper())
    assert (drawn.meter, drawn.pickup, len(drawn.grid)) == (given.meter, given.pickup, len(given.grid))


def test_only_the_voices_found_keep_to_key_and_range(domain: MidiDomain, chorale: Piece) -> None:
    made = Grid.of(
        drawn_piece(domain, prompt_for(domain, chorale, harmonise="S", key="Dmaj", range="S:79-81, T:50-60"))
    )
    assert [note.pitch for note in made.notes(0)] == [note.pitch for note in Grid.of(chorale).notes(0)]
    lower = {note.pitch for voice in (1, 2, 3) for note in made.notes(voice)}
    assert {pitch % 12 for pitch in lower} == {2, 4, 6, 7, 9, 11, 1}
    assert {note.pitch for note in made.notes(2)} == {50, 52, 54, 55, 57, 59}


@pytest.mark.parametrize(
    ("asked", "bars"), [({"fill": "2"}, {2}), ({"fill": "2-3"}, {2, 3}), ({"variation": 0.5}, None)]
)
def test_bars_around_those_drawn_again_are_unchanged(
    domain: MidiDomain, chorale: Piece, asked: dict, bars: set[int] | None, tmp_path: Path
) -> None:
    grid = Grid.of(chorale)
    long = replace(grid, grid=grid.grid + grid.grid[4:] * 2)
    made = drawn_piece(domain, prompt_for(domain, long.piece(), **asked))
    before, after = (voices_heard(domain, item, tmp_path / name) for item, name in ((long.piece(), "a"), (made, "b")))
    pickup = 0.75

    def bars_of(note: tuple[float, float, int]) -> set[int]:
        return {int((time - pickup) // BAR) + 1 for time in (note[0] + 0.01, note[1] - 0.01)}

    changed = {bar for a, b in zip(before, after, strict=True) for note in set(a) ^ set(b) for bar in bars_of(note)}
    assert changed == bars if bars else len(changed) == 3
    if bars is None:
        assert long.bar_of(len(long.grid) - 1) == 6


def test_another_seed_varies_other_bars(domain: MidiDomain, chorale: Piece) -> None:
    grid = Grid.of(chorale)
    long = replace(grid, grid=grid.grid + grid.grid[4:] * 3).piece()
    holes = set()
    for seed in range(6):
        prompt = prompt_for(domain, long, variation=0.2, variation_seed=seed)
        holes.add(len(prompt.ids))
    assert len(holes) > 2


@pytest.mark.parametrize("name", ["melody", "drums", "score"])
def test_pieces_are_filled_in_between_what_stays(name: str, domains: dict[str, MidiDomain], tmp_path: Path) -> None:
    domain = domains[name]
    piece = domain.decode(
        domain.grammar(domain.Constraints(bars=4, time_signature="3/4")).walk(np.random.default_rng(4), 20_000)
    )
    prompt = prompt_for(domain, piece, fill="2-3")
    grid = 3 * piece.resolution
    seen = []
    for seed in range(3):
        made = drawn_piece(domain, prompt, seed)
        rows = [
            sorted(
                (int(start), int(duration), int(pitch))
                for start, duration, pitch in zip(item.start, item.duration, item.pitch, strict=True)
                if not grid <= start < 3 * grid
            )
            for item in (piece, made)
        ]
        assert rows[0] == rows[1]
        assert piece.meters.tolist() == made.meters.tolist()
        assert piece.tempos.tolist() == made.tempos.tolist()
        seen.append(notes_by_program(domain, made, tmp_path / str(seed)))
    assert seen[0] != seen[1] != seen[2]


def test_chord_symbols_are_found_for_a_melody(domains: dict[str, MidiDomain]) -> None:
    domain = domains["melody"]
    piece = domain.decode(domain.grammar(domain.Constraints(bars=8)).walk(np.random.default_rng(2), 20_000))
    made = drawn_piece(domain, prompt_for(domain, piece, harmonise=True, key="Gmaj"))
    for column, given in zip(made.notes, piece.notes, strict=True):
        assert np.array_equal(column, given)
    assert set(made.chords[:, 1].tolist()) <= {7, 9, 11, 0, 2, 4, 6}
    eighth = made.resolution // 2
    bars = set(bar_lines(made))
    assert {tick in bars for tick in made.chords[:, 0].tolist()} == {True, False}
    assert all(any((tick - line) % eighth == 0 for line in bars) for tick in made.chords[:, 0].tolist())


@pytest.mark.parametrize("name", ["chords.txt", "chords.abc"])
def test_a_melody_is_drawn_over_the_chord_symbols_of_a_lead_sheet(
    domains: dict[str, MidiDomain], tmp_path: Path, name: str
) -> None:
    domain, path = domains["melody"], tmp_path / name
    text = "key=G\nmeter=3/4\n| G | C D7 | % | G |"
    if name.endswith(".abc"):
        text = 'X:1\nT:Chords\nM:3/4\nL:1/8\nK:G\n"G"z6 | "C"z3 "D7"z3 | "C"z3 "D7"z3 | "G"z6 |]\n'
    path.write_text(text)
    item = prompt_item(domain, path)
    eighths = [[0, 7, 0], [12, 0, 0], [18, 2, 2], [24, 0, 0], [30, 2, 2], [36, 7, 0]]
    for seed in range(3):
        prompt = prompt_for(domain, item, range="60-79")
        made = domain.decode(prompt.grammar.walk(np.random.default_rng(seed), 20_000, prompt.ids))
        assert made.chords.tolist() == eighths
        assert made.meters.tolist() == [[0, 3, 4]]
        assert set(made.pitch.tolist()) <= set(range(60, 80))
        assert made.pitch[-1] % 12 == 7, "the last chord is the one on the tonic"
        assert bar_lines(made)[-1] == 48
    with pytest.raises(UsageError, match="no notes"):
        prompt_for(domain, item, harmonise=True)


def test_a_bar_of_a_lead_sheet_without_a_symbol_repeats_the_last_one(
    domains: dict[str, MidiDomain], tmp_path: Path
) -> None:
    path = tmp_path / "chords.txt"
    path.write_text("| Am | / / G / | / |")
    prompt = prompt_for(domains["melody"], prompt_item(domains["melody"], path))
    made = domains["melody"].decode(prompt.grammar.walk(np.random.default_rng(0), 20_000, prompt.ids))
    assert made.chords.tolist() == [[0, 9, 1], [16, 9, 1], [24, 7, 0], [32, 7, 0]]


def test_chord_symbols_outside_of_the_bars_that_are_filled_in_are_kept(domains: dict[str, MidiDomain]) -> None:
    domain = domains["melody"]
    step = "pitch:60 hold"
    texts = [f"bar:2/4 chord:C {step} {step} chord:{name} {step} {step}" for name in ("F", "G", "Am", "Dm")]
    piece = domain.decode(document(domain, " ".join(texts)))
    made = drawn_piece(domain, prompt_for(domain, piece, fill="2-3"))
    outside = [[row for row in item.chords.tolist() if not 8 <= row[0] < 24] for item in (made, piece)]
    assert outside[0] == outside[1] == [[0, 0, 0], [4, 5, 0], [24, 0, 0], [28, 2, 1]]


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("melody", {"fill": "2"}),
        ("melody", {"fill": "3"}),
        ("melody", {"harmonise": True}),
        ("score", {"fill": "2"}),
        ("score", {"fill": "3"}),
    ],
)
def test_a_prompt_may_be_kept_up_to_a_silent_bar(name: str, asked: dict, domains: dict[str, MidiDomain]) -> None:
    domain = domains[name]
    heads = [["bar:2/4", *(["tempo:120"] if name == "score" else [])]] * 4
    piece = piece_in_bars(domain, heads, silent=frozenset([2]))
    made = drawn_piece(domain, prompt_for(domain, piece, prompt_bars=3, **asked))
    bar = 2 * piece.resolution

    def begun_in(item: Any, number: int) -> list[tuple[int, int]]:
        inside = item.start // bar == number
        return sorted(zip(item.start[inside].tolist(), item.pitch[inside].tolist(), strict=True))

    assert begun_in(made, 0) == begun_in(piece, 0)
    assert (begun_in(made, 1) == begun_in(piece, 1)) == (asked != {"fill": "2"})
    assert bool(begun_in(made, 2)) == (asked == {"fill": "3"})
    assert not begun_in(made, 3)


def test_bars_without_a_note_of_their_own_cannot_be_filled(domain: MidiDomain) -> None:
    held = Grid("4/4", 0, ((72, 67, 60, 48), *((HOLD,) * 4,) * 47)).piece()
    with pytest.raises(UsageError, match="Every note in these bars sounds across their edges"):
        prompt_for(domain, held, fill="2")
