"""New melodies have one time signature, and perhaps a pickup that is none of their bars."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import document
from seqgen_midi.domain import MidiDomain
from seqgen_midi.encodings.one_meter import in_one_meter, pickup_tokens
from seqgen_midi.music.keys import parse_key
from seqgen_midi.music.meters import bar_lines, has_pickup

BAR = "bar:2/4 pitch:60 hold hold hold hold hold hold hold"


@pytest.fixture(scope="module")
def melody(domains: dict[str, MidiDomain]) -> MidiDomain:
    return domains["melody"]


@pytest.mark.parametrize(
    ("text", "without", "with_pickup"),
    [
        (f"{BAR} {BAR}", True, True),
        (f"bar:1/8 pitch:60 hold {BAR}", False, True),
        (f"bar:1/8 pitch:60 hold bar:1/8 pitch:60 hold {BAR}", False, False),
        (f"{BAR} bar:1/8 pitch:60 hold", False, False),
        (f"{BAR} bar:3/8 pitch:60 hold hold hold hold hold", False, False),
        ("bar:1/8 pitch:60 hold", False, False),
    ],
)
def test_all_bars_but_the_pickup_have_one_time_signature(
    melody: MidiDomain, text: str, without: bool, with_pickup: bool
) -> None:
    ids, table = document(melody, text), melody.encoding.table
    for may_have_pickup, accepted in ((False, without), (True, with_pickup)):
        grammar = in_one_meter(melody.grammar(), table, may_have_pickup=may_have_pickup)
        assert grammar.accepts(ids) == accepted


def test_a_pickup_is_shorter_than_a_bar_of_any_time_signature_of_music(melody: MidiDomain) -> None:
    names = np.array(list(melody.vocabulary))[pickup_tokens(melody.encoding.table)].tolist()
    assert {"bar:1/8", "bar:1/4", "bar:3/16", "bar:1/16"} <= set(names)
    assert not {"bar:3/8", "bar:2/4", "bar:6/8"} & set(names)


def test_a_new_melody_has_its_bars_beside_the_pickup_and_ends_on_the_tonic_at_a_strong_place(
    melody: MidiDomain,
) -> None:
    everything = np.ones((1, len(melody.vocabulary)), bool)
    grammar = melody.encoding.narrow(everything, 4, key=parse_key("Dmaj"), may_have_pickup=True)
    pickups = 0
    for seed in range(8):
        piece = melody.decode(grammar.walk(np.random.default_rng(seed), 20_000))
        lines = bar_lines(piece)
        pickups += has_pickup(lines)
        assert len(lines) - 1 - has_pickup(lines) == 4
        assert piece.pitch[-1] % 12 == 2
    assert 0 < pickups < 8


def test_chord_symbols_of_new_melodies_stand_where_they_are_inferred() -> None:
    domain = MidiDomain(MidiDomain.Settings(encoding="melody", infer_chords=True))
    everything = np.ones((1, len(domain.vocabulary)), bool)
    grammar = domain.encoding.narrow(everything, 4, key=parse_key("Dmaj"), may_have_pickup=True)
    for seed in range(6):
        piece = domain.decode(grammar.walk(np.random.default_rng(seed), 20_000))
        lines = np.array(bar_lines(piece))
        bar = np.searchsorted(lines, piece.chords[:, 0], side="right") - 1
        place, length = piece.chords[:, 0] - lines[bar], np.diff(lines)[bar]
        assert ((place == 0) | (2 * place == length)).all()
        assert not has_pickup(lines.tolist()) or (bar > 0).all()
