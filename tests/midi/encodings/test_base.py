"""What all encodings have in common: documents and pieces say the same, in one way, and may be transposed."""

from __future__ import annotations

import contextlib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Band
from helpers import document, note_rows, only_piece
from seqgen_midi.domain import MidiDomain
from seqgen_midi.music.piece import Piece

from seqgen import EOS, UnusableFile
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


def tokens_of_notes(domain: MidiDomain, ids: np.ndarray) -> list[list[str]]:
    """The names of the tokens of each note."""
    notes = domain.encoding.note_numbers(ids)
    return [[domain.vocabulary[int(number)] for number in ids[notes == note]] for note in range(notes.max() + 1)]


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
        back = only_piece(domains[name], domains[name].write(made, tmp_path / "made")[0])
        heard = [
            Counter(
                (*note, piece.tracks[track].program, piece.tracks[track].is_drums) for *note, track in note_rows(piece)
            )
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
        item = only_piece(domains[name], path)
        assert len(domains[name].encode(item).ids) < 10_000


@pytest.mark.parametrize("name", ["melody", "drums", "score", "performance"])
def test_every_note_has_its_own_tokens(domains: dict[str, MidiDomain], bands: list[Band], name: str) -> None:
    domain = domains[name]
    for band in bands[:3]:
        item = only_piece(domain, band.path)
        tokens = tokens_of_notes(domain, domain.encode(item).ids)
        assert len(tokens) == len(item)
        for note, names in enumerate(tokens):
            pitches = [name for name in names if name.split(":")[0] in ("pitch", "drum", "hit")]
            assert len(pitches) == 1
            if name != "drums":
                assert int(pitches[0].split(":")[1]) == item.pitch[note]
            if name == "melody":
                assert names.count("hold") == item.duration[note] - 1
            if name == "performance":
                assert sum(int(name.split(":")[1]) for name in names if "duration" in name) == item.duration[note]


def test_holds_belong_to_the_note_that_they_hold(domain: MidiDomain, chorale: Piece) -> None:
    piece = chorale
    tokens = tokens_of_notes(domain, domain.encode(chorale).ids)
    assert [(int(names[0].removeprefix("pitch:")), len(names)) for names in tokens] == list(
        zip(piece.pitch.tolist(), piece.duration.tolist(), strict=True)
    )


@pytest.mark.parametrize("name", ["melody", "drums", "score", "performance"])
def test_without_its_prompt_a_piece_is_a_document_of_its_own(name: str, domains: dict[str, MidiDomain]) -> None:
    domain = domains[name]
    for seed in range(10):
        ids = domain.grammar().walk(np.random.default_rng(seed), 20_000)
        whole = domain.decode(ids)
        starts = [place for place in range(1, len(ids)) if domain.vocabulary[int(ids[place])][:3] in ("bar", "shi")]
        cut = starts[len(starts) // 2]
        rest = domain.prompting.without_prompt(ids, cut)
        assert domain.grammar().accepts(rest)
        first = int(domain.decode(ids[:cut]).end) if name == "melody" else None
        made = domain.decode(rest)
        assert made.pitch.tolist()[-3:] == whole.pitch.tolist()[-3:] if len(made) > 3 else True
        assert first is None or len(made) + len(domain.decode(ids[:cut])) >= len(whole)
