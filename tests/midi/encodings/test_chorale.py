"""Chorales: what is quantised, what is refused and why, and that documents and pieces say the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from grids import HOLD, REST, Grid
from helpers import FOUR, held, midi_file, only_piece, read_grid, reason_of
from seqgen_midi.domain import MidiDomain
from seqgen_midi.music.piece import Piece
from seqgen_midi.music.voices import VOICES

from seqgen import EOS, UnusableFile
from seqgen.contract.fingerprint import fingerprint
from seqgen.contract.testing import check_domain


def test_the_conformance_kit_finds_nothing(domain: MidiDomain, chorale: Piece, tmp_path: Path) -> None:
    file = domain.write(chorale, tmp_path / "hand")[0]
    score = domain.display.render(chorale, "musicxml", tmp_path / "hand")
    check_domain(domain, [file, score], walks=50)


def test_every_random_document_decodes_and_encodes_to_itself(domain: MidiDomain, walks: list[np.ndarray]) -> None:
    for ids in walks:
        again = domain.encode(domain.decode(ids)).ids
        assert np.array_equal(again, ids)


def test_every_item_of_a_random_document_comes_back(domain: MidiDomain, walks: list[np.ndarray]) -> None:
    for ids in walks[:100]:
        item = domain.decode(ids)
        assert fingerprint(domain.decode(domain.encode(item).ids)) == fingerprint(item)


def test_every_prefix_decodes_to_its_whole_columns(domain: MidiDomain, walks: list[np.ndarray]) -> None:
    ids = walks[0]
    whole = Grid.of(domain.decode(ids))
    for length in range(len(ids)):
        columns = list(whole.grid[: max(0, length - 3) // 4])
        while columns and set(columns[-1]) == {REST}:
            columns.pop()
        assert Grid.of(domain.decode(ids[:length])).grid == tuple(columns)


def test_tokens_are_named_as_written(domain: MidiDomain, chorale: Piece) -> None:
    names = [domain.vocabulary[int(number)] for number in domain.encode(chorale).ids]
    assert names[:7] == ["<bos>", "meter:4/4", "pickup:4", "pitch:72", "pitch:67", "pitch:64", "pitch:48"]
    assert names[7:11] == ["hold"] * 4
    assert names[-1] == "<eos>"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"grid": ((100, 67, 60, 48),) * 32}, "a voice leaves its range"),
        ({"grid": ((72, 67, 60, 48),) * 19}, "shorter than a bar"),
        ({"meter": "5/4"}, "a meter other than 4/4, 3/4, 3/2, 2/4, 6/8, 2/2, 12/8, 6/4"),
        ({"pickup": 20}, "the meter changes"),
    ],
)
def test_what_the_grammar_forbids_cannot_be_encoded(
    domain: MidiDomain, chorale: Piece, change: dict, reason: str
) -> None:
    with pytest.raises(UnusableFile) as caught:
        domain.encode(replace(Grid.of(chorale), **change).piece())
    assert caught.value.reason == reason


def test_transposing_moves_all_pitches_alike_and_covers_what_fits(domain: MidiDomain, chorale: Piece) -> None:
    ids = domain.encode(chorale).ids
    pitched = domain.encoding.table.of_kind("pitch")[ids]
    shifts: dict[int, int] = {}
    rng = np.random.default_rng(5)
    for _ in range(3000):
        moved = domain.training.augment(ids, rng)
        assert moved.dtype == ids.dtype
        assert np.array_equal(moved[~pitched], ids[~pitched])
        (shift,) = set((moved - ids)[pitched].tolist())
        shifts[shift] = shifts.get(shift, 0) + 1
    fits = [
        shift
        for shift in range(-5, 7)
        if all(
            voice.lowest <= note.pitch + shift <= voice.highest
            for number, voice in enumerate(VOICES)
            for note in Grid.of(chorale).notes(number)
        )
    ]
    assert sorted(shifts) == fits
    assert len(fits) == 12
    assert min(shifts.values()) > 0.7 * 3000 / len(fits)


def test_transposing_stays_within_the_grammar_and_is_pure(domain: MidiDomain, walks: list[np.ndarray]) -> None:
    grammar = domain.grammar(domain.Constraints(range="S:57-80,A:53-75,T:48-69,B:36-64"))
    rng = np.random.default_rng(6)
    moved = 0
    for number in range(100):
        ids = grammar.walk(rng)
        one, other = (domain.training.augment(ids, np.random.default_rng(number)) for _ in range(2))
        assert np.array_equal(one, other)
        assert domain.grammar().accepts(one)
        moved += not np.array_equal(one, ids)
    assert moved > 50
    silent = np.array([0, 2, 10, *[domain.vocabulary.ids["rest"]] * 8, EOS], np.int32)
    assert np.array_equal(domain.training.augment(silent, rng), silent)


def test_midi_by_another_program_is_read_note_by_note(domain: MidiDomain, tmp_path: Path) -> None:
    tracks = [
        [(0, 240, 72), (240, 480, 74), (960, 1920, 76)],
        held(67),
        held(60, 480),
        [(0, 120, 48), (120, 1920, 48)],
    ]
    item = read_grid(domain, midi_file(tmp_path / "four.mid", tracks, ((0, 4, 4),)))
    assert (item.meter, item.pickup, len(item.grid)) == ("4/4", 0, 16)
    assert [codes[0] for codes in item.grid] == [72, HOLD, 74, HOLD, *[REST] * 4, 76, *[HOLD] * 7]
    assert [codes[1] for codes in item.grid] == [67, *[HOLD] * 15]
    assert [codes[2] for codes in item.grid] == [*[REST] * 4, 60, *[HOLD] * 11]
    assert [codes[3] for codes in item.grid] == [48, 48, *[HOLD] * 14]


def test_a_performance_is_put_on_the_grid_and_silence_at_the_end_left_out(domain: MidiDomain, tmp_path: Path) -> None:
    tracks = [[(3, 470, 72), (485, 1900, 71)], held(67, 0, 1915), held(60, 10, 1925), held(48, 0, 1890)]
    item = read_grid(domain, midi_file(tmp_path / "played.mid", tracks))
    assert [(note.start, note.end, note.pitch) for note in item.notes(0)] == [(0, 4, 72), (4, 16, 71)]
    assert len(item.grid) == 16
    assert all(len(item.notes(voice)) == 1 for voice in (1, 2, 3))


@pytest.mark.parametrize(
    ("signatures", "meter", "pickup"),
    [
        ((), "4/4", 0),
        (((0, 3, 4),), "3/4", 0),
        (((0, 1, 4), (480, 4, 4)), "4/4", 4),
        (((0, 3, 8), (720, 4, 4)), "4/4", 6),
        (((0, 4, 4), (1920, 4, 4)), "4/4", 0),
        (((0, 1, 4), (480, 3, 4), (1920, 3, 4)), "3/4", 4),
    ],
)
def test_meter_and_pickup_come_from_the_time_signatures(
    domain: MidiDomain, tmp_path: Path, signatures: tuple, meter: str, pickup: int
) -> None:
    tracks = [held(pitch, 0, 3840) for pitch in FOUR[0]]
    item = read_grid(domain, midi_file(tmp_path / "meter.mid", tracks, signatures))
    assert (item.meter, item.pickup) == (meter, pickup)


@pytest.mark.parametrize(
    ("tracks", "signatures", "reason"),
    [
        ([held(72), held(67), held(60)], (), "not in four voices"),
        ([held(72), held(67), held(60), held(55), held(48)], (), "not in four voices"),
        ([[], [], [], []], (), "empty"),
        ([held(72), held(67), held(60), held(48)], ((0, 4, 4), (1920, 3, 4)), "the meter changes"),
        (
            [held(72), held(67), held(60), held(48)],
            ((0, 5, 4),),
            "a meter other than 4/4, 3/4, 3/2, 2/4, 6/8, 2/2, 12/8, 6/4",
        ),
        (
            [[(0, 160, 72), (160, 320, 71), (320, 480, 72)], held(67), held(60), held(48)],
            (),
            "rhythms finer than a 16th",
        ),
        ([[(0, 30, 72), (480, 960, 72)], held(67), held(60), held(48)], (), "rhythms finer than a 16th"),
        ([[*held(72), *held(76)], held(67), held(60), held(48)], (), "two notes at once in a voice"),
        ([[(0, 960, 72), (480, 960, 76)], held(67), held(60), held(48)], (), "two notes at once in a voice"),
        ([held(72, 0, 480 * 4000), held(67), held(60), held(48)], (), "longer than 8192 16ths"),
    ],
)
def test_what_is_no_chorale_is_dropped_with_its_reason(
    domain: MidiDomain, tmp_path: Path, tracks: list, signatures: tuple, reason: str
) -> None:
    assert reason_of(domain, midi_file(tmp_path / "odd.mid", tracks, signatures)) == reason


def test_drums_are_no_voice(domain: MidiDomain, tmp_path: Path) -> None:
    path = midi_file(tmp_path / "drums.mid", [held(40)], channel=9)
    assert reason_of(domain, path) == "with drums"


def test_a_voice_out_of_range_is_dropped_when_it_is_encoded(domain: MidiDomain, tmp_path: Path) -> None:
    item = only_piece(domain, midi_file(tmp_path / "low.mid", [held(40), held(67), held(60), held(48)]))
    with pytest.raises(UnusableFile, match="a voice leaves its range"):
        domain.encode(item)


def test_without_its_prompt_a_chorale_begins_where_the_prompt_ends(domain: MidiDomain, chorale: Piece) -> None:
    ids = domain.encode(chorale).ids
    # The soprano's last note but one is held into the column where the prompt ends.
    rest, whole = Grid.of(domain.decode(domain.prompting.without_prompt(ids, 3 + 4 * 34))), Grid.of(chorale)
    assert domain.grammar().accepts(domain.prompting.without_prompt(ids, 3 + 4 * 18))
    assert rest.pickup == 2
    assert [note.pitch for note in rest.notes(3)] == [whole.notes(3)[-1].pitch]
    assert len(rest.grid) == len(whole.grid) - 34
