"""The laws of the encodings of pieces: every note is there, once, where an independent reference puts it."""

from __future__ import annotations

import contextlib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import quantising_reference as reference
from seqgen_midi.domain import MidiDomain
from seqgen_midi.encodings.drums import CLASS_NAMES, CLASS_OF_KEY
from seqgen_midi.music.piece import Piece

from seqgen import EOS, BundleError, InvalidValue, UnusableFile
from seqgen.contract.testing import check_domain
from seqgen.grammar import trim

ENCODINGS = ("melody", "drums", "score", "performance")
LONGEST_WALK = 600


@pytest.fixture(scope="module")
def walks(domains: dict[str, MidiDomain]) -> dict[str, list[np.ndarray]]:
    """Documents drawn from each grammar, most of them whole."""
    made = {}
    for name, domain in domains.items():
        rng, grammar = np.random.default_rng(4), domain.grammar()
        made[name] = [grammar.walk(rng, LONGEST_WALK) for _ in range(60)]
    return made


def rows(piece: Piece) -> list[tuple[int, ...]]:
    """The notes of a piece: (start, duration, pitch, velocity, track)."""
    return list(zip(*(column.tolist() for column in piece.notes), strict=True))


def coded(domain: MidiDomain, path: Path) -> Piece:
    """What is left of a file once it was tokens."""
    (item,) = domain.read(path)
    ids = domain.encode(item).ids
    assert domain.grammar().accepts(ids)
    return domain.decode(ids)


def document(domain: MidiDomain, text: str) -> np.ndarray:
    return np.array([0, *(domain.vocabulary.ids[name] for name in text.split()), EOS])


@pytest.mark.parametrize(("resolution", "bins", "parts"), [(None, None, None), (24, 127, 1), (8, 5, 2)])
def test_a_score_is_every_note_of_the_file(bands: list[Any], resolution: Any, bins: Any, parts: Any) -> None:
    domain = MidiDomain(MidiDomain.Settings(encoding="score", resolution=resolution, velocity_bins=bins, parts=parts))
    for band in bands:
        piece = coded(domain, band.path)
        players = ["drums" if track.is_drums else (track.program, track.part) for track in piece.tracks]
        found = Counter((*note, players[track]) for *note, track in rows(piece))
        assert found == reference.score(band.notes, band.resolution, resolution or 12, bins or 32, parts or 4)


@pytest.mark.parametrize("bins", [None, 1, 127])
def test_a_performance_is_every_note_but_the_drums(bands: list[Any], bins: int | None) -> None:
    domain = MidiDomain(MidiDomain.Settings(encoding="performance", velocity_bins=bins))
    for band in bands:
        found = Counter(tuple(note) for *note, _ in rows(coded(domain, band.path)))
        assert found == reference.performance(band.notes, band.resolution, band.tempos, bins or 32)


@pytest.mark.parametrize("resolution", [None, 12])
def test_drums_are_every_hit_by_its_class(bands: list[Any], resolution: int | None) -> None:
    domain = MidiDomain(MidiDomain.Settings(encoding="drums", resolution=resolution))
    for band in bands:
        found = [(start, CLASS_NAMES[CLASS_OF_KEY[pitch]]) for start, _, pitch, *_ in rows(coded(domain, band.path))]
        assert found == sorted(found, key=lambda hit: (hit[0], CLASS_NAMES.index(hit[1])))
        assert Counter(found) == Counter(reference.drums(band.notes, band.resolution, resolution or 4))


@pytest.mark.parametrize("resolution", [None, 24])
def test_a_melody_is_every_note_of_its_track(bands: list[Any], resolution: int | None) -> None:
    domain = MidiDomain(MidiDomain.Settings(encoding="melody", resolution=resolution))
    for band in bands:
        tune = [note for note in band.notes if note[4][2] == 0]
        found = [(start, start + length, pitch) for start, length, pitch, *_ in rows(coded(domain, band.path))]
        assert found == reference.melody(tune, band.resolution, resolution or 4)


@pytest.mark.parametrize("bins", range(1, 128))
def test_velocities_move_by_half_a_bin_at_most(bins: int) -> None:
    assert all(abs(reference.binned(velocity, bins) - velocity) <= 127 / bins / 2 + 0.5 for velocity in range(1, 128))


def test_tempos_move_by_three_per_cent_and_meters_stand_where_bars_begin(
    domains: dict[str, MidiDomain], bands: list[Any]
) -> None:
    for band in bands:
        piece = coded(domains["score"], band.path)
        assert piece.meters[:4].tolist() == [[0, 1, 4], [12, 3, 4], [12 + 7 * 36, 6, 8], [12 + 10 * 36, 4, 4]]
        bar, end = 12 + 36, 12 + 2 * 36
        exact = [
            reference.seconds_at(step * band.resolution // 12, band.tempos, band.resolution) for step in (bar, end)
        ]
        ours = piece.seconds(np.array([bar, end]))
        assert ours[1] - ours[0] == pytest.approx(float(exact[1] - exact[0]), rel=0.03)


@pytest.mark.parametrize("name", ENCODINGS)
def test_the_conformance_kit_finds_nothing(name: str, domains: dict[str, MidiDomain], bands: list[Any]) -> None:
    check_domain(domains[name], [band.path for band in bands[:2]], walks=20)


@pytest.mark.parametrize("name", ENCODINGS)
def test_every_random_document_decodes_and_encodes_to_itself(
    name: str, domains: dict[str, MidiDomain], walks: dict[str, list[np.ndarray]]
) -> None:
    whole = [ids for ids in walks[name] if ids[-1] == EOS]
    assert len(whole) > 20
    for ids in whole:
        assert np.array_equal(domains[name].encode(domains[name].decode(ids)).ids, ids)


@pytest.mark.parametrize("name", ENCODINGS)
def test_every_prefix_decodes_to_the_beginning_of_the_notes(
    name: str, domains: dict[str, MidiDomain], walks: dict[str, list[np.ndarray]]
) -> None:
    ids = max(walks[name], key=len)
    whole = domains[name].decode(ids)
    for length in range(0, len(ids), 7):
        piece = domains[name].decode(ids[:length])
        count = max(0, len(piece) - 1)  # The last note may still be held.
        assert all(
            np.array_equal(one[:count], other[:count])
            for one, other in zip(piece.notes[:4], whole.notes[:4], strict=True)
        )


@pytest.mark.parametrize("name", ENCODINGS)
def test_a_random_document_is_a_file_with_the_same_notes(
    name: str, domains: dict[str, MidiDomain], walks: dict[str, list[np.ndarray]], tmp_path: Path
) -> None:
    for ids in [ids for ids in walks[name] if ids[-1] == EOS][:25]:
        made = domains[name].decode(ids)
        (back,) = domains[name].read(domains[name].write(made, tmp_path / "made")[0])
        heard = [
            Counter((*note, piece.tracks[track].program, piece.tracks[track].is_drums) for *note, track in rows(piece))
            for piece in (made, back)
        ]
        assert heard[0] == heard[1]
        assert np.array_equal(made.meters, back.meters)
        if name == "score":
            assert np.array_equal(made.tempos[:, 0], back.tempos[:, 0])


@pytest.mark.parametrize("name", ENCODINGS)
def test_a_grammar_is_small_and_has_no_dead_end(name: str, domains: dict[str, MidiDomain]) -> None:
    grammar = domains[name].grammar()
    assert grammar.state_count < 30_000
    assert grammar.class_count < 600
    assert np.array_equal(trim(grammar).allowed, grammar.allowed)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("melody", "bar:1/8 pitch:60 hold", "bar:1/8 hold hold"),
        ("melody", "bar:1/8 pitch:60 rest bar:1/8 pitch:60 rest", "bar:1/8 pitch:60 rest bar:1/8 rest rest"),
        ("melody", "bar:1/8 chord:Am pitch:60 hold bar:1/8 hold hold", "bar:1/8 pitch:60 chord:Am hold"),
        ("melody", "bar:1/8 pitch:60 hold", "bar:1/8 pitch:60"),
        ("drums", "bar:4/4 position:0 hit:kick hit:snare", "bar:4/4 position:0 hit:snare hit:kick"),
        (
            "drums",
            "bar:4/4 position:0 hit:kick position:2 hit:kick",
            "bar:4/4 position:2 hit:kick position:2 hit:snare",
        ),
        ("drums", "bar:2/4 position:7 hit:kick", "bar:2/4 position:8 hit:kick"),
        ("drums", "bar:2/4 bar:2/4 position:7 hit:kick", "bar:2/4 position:7 hit:kick bar:2/4"),
        (
            "score",
            "bar:3/4 tempo:120 position:35 program:0 part:2 pitch:60 velocity:82 duration:96 duration:96 duration:1",
            "bar:3/4 tempo:120 position:36 program:0 pitch:60 velocity:82 duration:96 duration:96 duration:1",
        ),
        (
            "score",
            "bar:3/4 tempo:120 position:3 drum:36 velocity:82 drum:42 velocity:82",
            "bar:3/4 tempo:120 position:3 drum:36 velocity:82 duration:1",
        ),
        (
            "performance",
            "shift:100 shift:100 pitch:60 velocity:82 duration:100 duration:1 pitch:60 velocity:82 duration:1",
            "shift:100 shift:1 shift:1 pitch:60 velocity:82 duration:100",
        ),
        (
            "performance",
            "pitch:60 velocity:82 duration:1 shift:1 pitch:59 velocity:82 duration:1",
            "pitch:60 velocity:82 duration:1 pitch:59 velocity:82 duration:1",
        ),
    ],
)
def test_only_one_way_to_say_it_is_allowed(name: str, good: str, bad: str, domains: dict[str, MidiDomain]) -> None:
    grammar = domains[name].grammar()
    assert grammar.accepts(document(domains[name], good))
    assert not grammar.accepts(document(domains[name], bad))


def test_the_model_is_told_the_place_in_the_bar(domains: dict[str, MidiDomain]) -> None:
    grammar = domains["melody"].grammar()
    ids = document(domains["melody"], "bar:3/8 pitch:60 hold hold rest rest rest bar:6/8 pitch:60" + " hold" * 11)
    told = grammar.state_class[grammar.unroll(ids)].tolist()
    assert len(set(told[2:7])) == 5
    assert told[2:7] != told[9:14]


@pytest.mark.parametrize(
    ("name", "settings", "word"),
    [
        ("chorale", {"resolution": 12}, "resolution"),
        ("performance", {"resolution": 12}, "melody, drums, score"),
        ("drums", {"velocity_bins": 8}, "score, performance"),
        ("melody", {"parts": 2}, "parts"),
        ("score", {"resolution": 5}, "resolution"),
    ],
)
def test_a_setting_that_the_encoding_has_no_use_for_is_refused(name: str, settings: dict, word: str) -> None:
    with pytest.raises(InvalidValue, match=word):
        MidiDomain.Settings.from_mapping({"encoding": name, **settings})


def test_a_vocabulary_of_another_encoding_is_refused(domains: dict[str, MidiDomain]) -> None:
    with pytest.raises(BundleError, match="drums"):
        MidiDomain(domains["drums"].settings, domains["melody"].vocabulary)


@pytest.mark.parametrize("name", ["melody", "score", "performance"])
def test_transposing_moves_all_pitches_alike_and_nothing_else(
    name: str, domains: dict[str, MidiDomain], walks: dict[str, list[np.ndarray]]
) -> None:
    domain, rng = domains[name], np.random.default_rng(6)
    shifts = set()
    for ids in walks[name]:
        before, after = domain.decode(ids), domain.decode(domain.training.augment(ids, rng))
        moved = set((after.pitch - before.pitch)[~before.is_drum].tolist())
        assert len(moved) <= 1
        shifts |= moved
        assert np.array_equal(after.pitch[before.is_drum], before.pitch[before.is_drum])
        assert np.array_equal(after.start, before.start)
        if moved and len(before.chords):
            assert np.array_equal((before.chords[:, 1] + moved.pop()) % 12, after.chords[:, 1])
            assert np.array_equal(before.chords[:, 2], after.chords[:, 2])
    assert len(shifts) > 1


def test_transposing_reaches_all_twelve_keys(domains: dict[str, MidiDomain]) -> None:
    domain, rng = domains["performance"], np.random.default_rng(8)
    ids = document(domain, "pitch:60 velocity:82 duration:5")
    assert {int(domain.decode(domain.training.augment(ids, rng)).pitch[0]) for _ in range(200)} == set(range(55, 67))


def test_files_that_an_encoding_has_nothing_of_are_dropped(
    domains: dict[str, MidiDomain], chorale: Any, domain: MidiDomain, tmp_path: Path
) -> None:
    (tune,) = domain.write(chorale, tmp_path / "tune")
    beat = domains["drums"].decode(document(domains["drums"], "bar:4/4 position:0 hit:kick"))
    (drums,) = domains["drums"].write(beat, tmp_path / "beat")
    chord = domains["performance"].decode(
        document(domains["performance"], "pitch:60 velocity:82 duration:9 pitch:64 velocity:82 duration:9")
    )
    (chords,) = domains["performance"].write(chord, tmp_path / "chord")
    for name, path, reason in [
        ("drums", tune, "no drums"),
        ("melody", drums, "no melody"),
        ("performance", drums, "nothing but drums"),
        ("melody", chords, "two notes of the melody at one step"),
    ]:
        with pytest.raises(UnusableFile) as caught:
            list(domains[name].read(path))
        assert caught.value.reason == reason


def test_a_resolution_may_come_as_a_word_of_the_command_line() -> None:
    assert MidiDomain.Settings.from_mapping({"encoding": "melody", "resolution": "12"}).resolution == 12
    with pytest.raises(InvalidValue, match="should be 2, 4, 6, 8, 12, 16 or 24"):
        MidiDomain.Settings.from_mapping({"encoding": "melody", "resolution": "5"})


@pytest.mark.parametrize("name", ENCODINGS)
@pytest.mark.parametrize("start", [0, 2**27])
def test_a_note_without_end_or_far_away_does_not_fill_the_memory(
    name: str, start: int, domains: dict[str, MidiDomain], tmp_path: Path
) -> None:
    ticks = b"\xff\xff\xff\x7f"
    wait = b"\x00" if start == 0 else b"\xc0\x80\x80\x00"
    channel = 9 if name == "drums" else 0
    on, off = bytes([0x90 | channel, 60, 64]), bytes([0x80 | channel, 60, 64])
    track = wait + on + ticks + off + b"\x00\xff\x2f\x00"
    path = tmp_path / "endless.mid"
    path.write_bytes(b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x00\x01MTrk" + len(track).to_bytes(4, "big") + track)
    with contextlib.suppress(UnusableFile):
        (item,) = domains[name].read(path)
        assert len(domains[name].encode(item).ids) < 10_000
