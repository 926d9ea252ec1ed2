"""The automaton of chorales: what it forbids, what a model is told of it, and how large it becomes."""

from __future__ import annotations

import time

import numpy as np
import pytest
from grids import REST, Grid
from helpers import chorale_constraints
from seqgen_midi.domain import MidiDomain
from seqgen_midi.encodings.chorale_grammar import ALL_PITCHES, chorale_grammar
from seqgen_midi.music.piece import Piece

from seqgen import (
    EOS,
)
from seqgen.grammar import trim


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
    class_at: dict[tuple[str, int, int], int] = {}
    for _ in range(200):
        ids = grammar.walk(rng)
        item = Grid.of(domain.decode(ids))
        classes = grammar.state_class[grammar.unroll(ids)]
        for number in range(2, len(ids) - 1):
            column, voice = divmod(number - 2, 4)
            where = (item.meter, (column - item.pickup) % item.bar, voice)
            assert class_at.setdefault(where, int(classes[number])) == classes[number]
    assert len(set(class_at.values())) == len(class_at)


@pytest.mark.parametrize(
    "values",
    [
        {"bars": 16},
        {"bars": 3, "key": "Ebmaj"},
        {"range": "T:50-55"},
        {"key": "Gmin", "range": "T:50-55", "bars": 5},
        {"density": "9", "time_signature": "3/4"},
    ],
)
def test_the_model_is_told_the_same_classes_with_constraints(domain: MidiDomain, values: dict) -> None:
    whole, narrowed = domain.grammar(), domain.grammar(chorale_constraints(**values))
    assert narrowed.class_count == whole.class_count
    rng = np.random.default_rng(8)
    for _ in range(30):
        ids = narrowed.walk(rng)
        # The class after EOS is never used: nothing follows.
        class_at = [grammar.state_class[grammar.unroll(ids)][:-1] for grammar in (whole, narrowed)]
        assert ids[-1] == EOS
        assert np.array_equal(class_at[0], class_at[1])


def test_the_model_is_told_the_same_classes_in_a_key_of_any_length(domain: MidiDomain) -> None:
    whole, narrowed = domain.grammar(), domain.grammar(chorale_constraints(key="Gmin", range="T:50-55"))
    assert narrowed.class_count == whole.class_count
    ids = narrowed.walk(np.random.default_rng(8), 2000)
    classes = [grammar.state_class[grammar.unroll(ids)] for grammar in (whole, narrowed)]
    assert np.array_equal(*classes)


def test_a_continued_piece_is_told_the_same_classes_as_well(domain: MidiDomain, chorale: Piece) -> None:
    whole, prompt = domain.grammar(), domain.prompting.prompt(chorale, chorale_constraints(bars=4))
    ids = prompt.ids
    assert np.array_equal(whole.state_class[whole.unroll(ids)], prompt.grammar.state_class[prompt.grammar.unroll(ids)])
    assert prompt.grammar.class_count == whole.class_count


@pytest.mark.parametrize(
    "values", [{}, {"bars": 2, "range": "B:40-40"}, {"bars": 1, "time_signature": "2/4", "key": "Cmaj"}]
)
def test_no_state_is_a_dead_end(domain: MidiDomain, values: dict) -> None:
    grammar = domain.grammar(chorale_constraints(**values))
    assert np.array_equal(trim(grammar).allowed, grammar.allowed)


@pytest.mark.parametrize(("bars", "seconds"), [(16, 2.0), (64, 5.0), (200, 10.0)])
def test_many_bars_need_neither_minutes_nor_endless_tables(domain: MidiDomain, bars: int, seconds: float) -> None:
    began = time.process_time()
    grammar = domain.grammar(chorale_constraints(bars=bars))
    assert time.process_time() - began < seconds
    assert grammar.state_count < 210_000


def test_the_last_voice_must_sing_when_all_others_are_silent_at_the_end(domain: MidiDomain) -> None:
    grammar = chorale_grammar(["4/4"], ALL_PITCHES, bars=1, pickups=[0])
    names = domain.vocabulary
    rest, hold = names.ids["rest"], names.ids["hold"]
    ids = np.array([0, names.ids["meter:4/4"], names.ids["pickup:0"], *[rest] * 4 * 15])
    silent = grammar.unroll(np.append(ids, [rest] * 3))[-1]
    left = {names[int(number)].split(":")[0] for number in np.flatnonzero(grammar.allowed[silent])}
    assert left == {"pitch"}
    sung = grammar.unroll(np.append(ids, [rest, rest, names.ids["pitch:60"]]))[-1]
    assert grammar.allowed[sung, rest]
    assert not grammar.allowed[sung, hold]
