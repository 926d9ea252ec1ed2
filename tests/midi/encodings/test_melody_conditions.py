"""What may be known ahead of a melody, as its documents say it."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import document
from seqgen_midi.domain import MidiDomain
from seqgen_midi.encodings.melody_conditions import (
    DRAWN_SIGNATURES,
    END,
    FIRST_PITCH_CLASS,
    FIRST_QUALITY,
    FIRST_ROOT,
    KEY,
    KEYS,
    MelodyConditions,
    default_bars,
    draw_key,
)
from seqgen_midi.music.chords import QUALITIES
from seqgen_midi.music.keys import parse_key

TUNE = (
    "bar:1/4 pitch:62 hold hold hold bar:4/4 chord:G pitch:67 hold hold hold pitch:71 hold pitch:74 hold chord:D7 "
    "pitch:72 hold hold hold rest rest rest rest bar:4/4 chord:G" + " pitch:67" + " hold" * 15
)


@pytest.fixture(scope="module")
def melody(domains: dict[str, MidiDomain]) -> MidiDomain:
    return domains["melody"]


@pytest.fixture(scope="module")
def known(melody: MidiDomain) -> MelodyConditions:
    return MelodyConditions(melody.encoding.table, melody.encoding.chord_interval, melody.grammar().class_count)


def test_a_step_is_a_bar_and_the_start_is_step_0(melody: MidiDomain, known: MelodyConditions) -> None:
    ids, grammar = document(melody, TUNE), melody.grammar()
    assert known.channels.fits(grammar.vocabulary_size, grammar.class_count)
    steps = known.channels.steps(ids, grammar.state_class[grammar.unroll(ids)])
    assert np.bincount(steps).tolist() == [1, 5, 19, 19]


def test_each_eighth_has_its_chord_and_its_pitch_class(melody: MidiDomain, known: MelodyConditions) -> None:
    content = known.content(document(melody, TUNE)[:-1])
    values = known.values(3, parse_key("Gmaj"), has_end=True, content=content)
    assert known.channels.accepts(values)
    assert values[1:, KEY].tolist() == [1 + KEYS.index(parse_key("Gmaj"))] * 3
    assert values[1:, END].tolist() == [3, 2, 1]
    no_root, g, d = 13, 1 + 7, 1 + 2
    triad, seventh = 1, 1 + list(QUALITIES).index("7")
    assert values[1, FIRST_ROOT:FIRST_QUALITY].tolist() == [no_root] * 2 + [0] * 10
    assert values[2, FIRST_ROOT:FIRST_QUALITY].tolist() == [g] * 4 + [d] * 4 + [0] * 4
    assert values[2, FIRST_QUALITY:FIRST_PITCH_CLASS].tolist() == [triad] * 4 + [seventh] * 4 + [0] * 4
    assert values[2, FIRST_PITCH_CLASS:].tolist() == [8, 8, 12, 3, 1, 1, 13, 13, 0, 0, 0, 0]


def test_what_is_free_in_a_template_is_not_known(melody: MidiDomain, known: MelodyConditions) -> None:
    template = document(melody, "bar:2/4 chord:C pitch:60 hold hold hold pitch:62 hold hold hold")[:-1]
    template[4:7] = -1
    content = known.content(template)
    assert content.chords[0, :4].tolist() == [0] * 4
    assert content.pitch_classes[0, :4].tolist() == [0, -1, 2, 2]
    template[3:] = -1
    assert known.content(template).pitch_classes[0, :4].tolist() == [-1] * 4


def test_what_is_shown_is_true_and_everything_is_shown_at_some_time(
    melody: MidiDomain, known: MelodyConditions
) -> None:
    ids = document(melody, TUNE)
    true = known.values(3, known.key(ids), has_end=True, content=known.content(ids))
    shown = np.array([known.shown(ids, np.random.default_rng(seed)) for seed in range(200)])
    assert (np.where(shown == 0, true, shown) == true).all()
    has_chords, has_notes = shown[:, 3, FIRST_ROOT] > 0, shown[:, 3, FIRST_PITCH_CLASS] > 0
    assert set(zip(has_chords.tolist(), has_notes.tolist(), strict=True)) == {
        (False, False), (True, False), (False, True), (True, True),
    }  # fmt: skip
    assert 0.2 < (shown == 0).all(axis=(1, 2)).mean() + (shown[:, 1, KEY] > 0).mean() < 1.2
    assert not shown[:, 0].any()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (TUNE, "Gmaj"),
        ("bar:2/4 chord:Am pitch:69 hold pitch:66 hold pitch:71 hold pitch:72 hold bar:2/4 chord:Am pitch:69 hold hold "
         "hold hold hold hold hold", "Ador"),
        ("bar:2/4 pitch:60 hold pitch:64 hold pitch:67 hold pitch:60 hold", "Cmaj"),
        ("bar:2/4 rest rest rest rest rest rest pitch:60 hold", "Cmaj"),
    ],
)  # fmt: skip
def test_the_key_follows_from_the_chord_symbols_and_the_notes(
    melody: MidiDomain, known: MelodyConditions, text: str, key: str
) -> None:
    assert known.key(document(melody, text)).name == key


def test_a_tune_that_ends_on_the_dominant_to_be_repeated_is_in_the_key_of_its_tonic(
    melody: MidiDomain, known: MelodyConditions
) -> None:
    names_and_pitches = zip("GGCGCGD", (67, 71, 72, 74, 76, 67, 69), strict=True)
    bars = [f"bar:1/4 chord:{name} pitch:{pitch} hold hold hold" for name, pitch in names_and_pitches]
    assert known.key(document(melody, " ".join(bars))).tonic == 7


def test_new_melodies_are_in_keys_that_are_easy_to_play() -> None:
    keys = [draw_key(np.random.default_rng(seed)) for seed in range(100)]
    assert {key.sharps for key in keys} == set(DRAWN_SIGNATURES)
    assert {key.mode for key in keys} == {"maj", "min", "dor", "mix"}


def test_a_melody_goes_on_to_the_end_of_a_part_of_eight_bars() -> None:
    key = parse_key("Gmaj")
    assert {default_bars(np.zeros(0), one) for one in KEYS} == {16, 32}
    assert default_bars(np.full(4, 3.0), key) == 8
    assert default_bars(np.full(5, 3.0), key) == 16
    assert default_bars(np.array([1.0, 4.0, 4.0]), key) == 9
