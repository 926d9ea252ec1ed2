"""The laws of the encoding: items and ids say the same, on real pieces, random documents and prefixes."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import seqgen_midi
from grids import REST, Grid
from seqgen_midi.domain import MidiDomain
from seqgen_midi.music.piece import Piece
from seqgen_midi.music.voices import VOICES

from seqgen import EOS, BundleError, UnusableFile, Vocabulary
from seqgen.contract.fingerprint import fingerprint
from seqgen.contract.testing import check_domain


@pytest.fixture(scope="module")
def walks(domain: MidiDomain) -> list[np.ndarray]:
    rng = np.random.default_rng(11)
    grammar = domain.grammar()
    return [grammar.walk(rng) for _ in range(1000)]


def test_the_hook_gives_the_domain() -> None:
    assert seqgen_midi.seqgen_domain() is MidiDomain


def test_importing_the_plugin_loads_no_music_library() -> None:
    code = "import sys, seqgen_midi.domain; print([m for m in sys.modules if m in sys.argv[1:]])"
    heavy = ["music21", "pretty_midi", "symusic", "matplotlib", "scipy", "tensorflow"]
    loaded = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "[]"


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


@pytest.mark.parametrize(
    "columns", ["hold pitch:67 pitch:60 pitch:48 " * 32, "pitch:72 pitch:67 pitch:60 pitch:48 " * 32 + "rest " * 4]
)
def test_no_document_holds_a_note_that_never_began_or_ends_in_silence(domain: MidiDomain, columns: str) -> None:
    names = ["<bos>", "meter:4/4", "pickup:0", *columns.split(), "<eos>"]
    good = ["<bos>", "meter:4/4", "pickup:0", *["pitch:72", "pitch:67", "pitch:60", "pitch:48"] * 32, "<eos>"]
    assert domain.grammar().accepts(np.array([domain.vocabulary.ids[name] for name in good]))
    assert not domain.grammar().accepts(np.array([domain.vocabulary.ids[name] for name in names]))


def test_documents_never_end_in_silence_within_a_column_or_before_a_full_bar(walks: list[np.ndarray]) -> None:
    for ids in walks:
        item = Grid.of(MidiDomain().decode(ids))
        assert (len(ids) - 4) % 4 == 0
        assert len(item.grid) >= item.pickup + item.bar
        assert any(code != REST for code in item.grid[-1])


def test_the_model_is_told_meter_position_and_voice_and_nothing_else(domain: MidiDomain) -> None:
    grammar = domain.grammar()
    assert grammar.class_count == 136 * 4 + 8 + 1
    rng = np.random.default_rng(3)
    told: dict[tuple[str, int, int], int] = {}
    for _ in range(200):
        ids = grammar.walk(rng)
        item = Grid.of(domain.decode(ids))
        classes = grammar.state_class[grammar.unroll(ids)]
        for number in range(2, len(ids) - 1):
            column, voice = divmod(number - 2, 4)
            where = (item.meter, (column - item.pickup) % item.bar, voice)
            assert told.setdefault(where, int(classes[number])) == classes[number]
    assert len(set(told.values())) == len(told)


def test_another_vocabulary_is_refused() -> None:
    with pytest.raises(BundleError, match="version"):
        MidiDomain(vocabulary=Vocabulary(["pitch:60"]))


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
