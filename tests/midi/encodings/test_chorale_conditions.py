"""What may be known ahead of a chorale, as its documents say it."""

from __future__ import annotations

import numpy as np
import pytest
from seqgen_midi.encodings.chorale_conditions import (
    END,
    END_BUCKETS,
    FIRST_VOICE,
    KEY,
    chorale_conditions,
    columns_in,
    columns_of,
    common_key,
    condition_values,
    draw_key,
    estimate_key_of,
    shown_conditions,
)
from seqgen_midi.encodings.chorale_grammar import FIRST_PICKUP, FIRST_PITCH, HOLD, LOWEST, REST, TABLE, full_grammar
from seqgen_midi.music.keys import COMMON_KEYS, parse_key

from seqgen import BOS, EOS

FOUR_FOUR = TABLE.first("meter")
COLUMNS = 40


def document(columns: int = COLUMNS, seed: int = 0, ends: bool = True) -> np.ndarray:
    """A chorale in 4/4 with a pickup of 2 columns."""
    rng = np.random.default_rng(seed)
    chord = FIRST_PITCH - LOWEST + np.array([72, 67, 60, 48])
    rows = np.where(rng.random((columns, 4)) < 0.4, HOLD, chord + rng.integers(-3, 4))
    rows[0] = chord
    header = [BOS, FOUR_FOUR, FIRST_PICKUP + 2]
    return np.array([*header, *rows.ravel().tolist(), *[EOS] * ends], np.int32)


def test_a_step_is_a_column_and_the_header_is_step_0():
    grammar, ids = full_grammar(), document()
    conditions = chorale_conditions()
    assert conditions.fits(grammar.vocabulary_size, grammar.class_count)
    steps = conditions.steps(ids, grammar.state_class[grammar.unroll(ids)])
    assert steps[:3].tolist() == [0, 0, 1]
    # At the soprano's last id but one, the alto is drawn, and so on: three ids and the bass before them are one step.
    assert steps[2:-1].tolist() == (1 + np.arange(4 * COLUMNS + 1) // 4).tolist()


def test_what_is_shown_is_true_and_everything_is_shown_at_some_time():
    ids, columns = document(), columns_of(document())
    true = condition_values(COLUMNS, estimate_key_of(columns), has_end=True, tokens=columns)
    shown = np.array([shown_conditions(ids, np.random.default_rng(seed)) for seed in range(300)])
    assert (np.where(shown == 0, true, shown) == true).all()
    assert chorale_conditions().accepts(true)
    is_shown = shown > 0
    whole = is_shown[:, 1:-1].all(axis=1)
    assert not is_shown[:, 0].any()
    assert 0.6 < whole[:, KEY].mean() < 0.8
    assert 0.4 < whole[:, END].mean() < 0.6
    # Some documents show nothing, some one voice, and some all voices around a span.
    assert (~is_shown.any(axis=(1, 2))).sum() > 10
    assert (whole[:, FIRST_VOICE] & ~is_shown[:, :, FIRST_VOICE + 1 :].any(axis=(1, 2))).sum() > 10
    partly = is_shown[:, 1:-1, FIRST_VOICE:]
    around = [one for one in partly if (one.all(axis=1) | ~one.any(axis=1)).all() and one.any() and not one.all()]
    assert len(around) > 20


def test_columns_left_are_exact_near_the_end_and_in_buckets_before():
    values = condition_values(300, has_end=True)[1:, END]
    assert values[-17:].tolist() == list(range(17, 0, -1))
    assert (np.diff(values) <= 0).all()
    assert values[0] == len(END_BUCKETS)
    assert (condition_values(300)[:, END] == 0).all()


@pytest.mark.parametrize(
    ("name", "common"), [("Ddor", "Dmin"), ("Gmix", "Gmaj"), ("C#min", "C#min"), ("Cbmaj", "Bmaj")]
)
def test_a_mode_is_shown_as_the_major_or_minor_key_with_its_tonic_and_third(name, common):
    values = condition_values(4, parse_key(name))
    assert (values[1:, KEY] == 1 + COMMON_KEYS.index(parse_key(common))).all()
    assert common_key(parse_key(name)) in COMMON_KEYS


def test_only_tokens_of_voices_are_known():
    tokens = np.array([[REST, -1, 0, HOLD], [-5, FIRST_PITCH, -1, -1]])
    assert condition_values(2, tokens=tokens)[1:3, FIRST_VOICE:].tolist() == [[1, 0, 0, 2], [0, 3, 0, 0]]


def test_columns_follow_from_the_header_and_an_unfinished_column_is_left_out():
    assert columns_in(document()[:3], bars=3) == 2 + 3 * 16
    assert len(columns_of(document(ends=False)[:-1])) == COLUMNS - 1
    assert columns_of(document()[:3]).shape == (0, 4)


def test_the_key_is_that_of_what_sounds_held_notes_included():
    pitches = np.array([[72, 67, 64, 48], [71, 67, 62, 43], [72, 67, 64, 48]])
    columns = np.repeat(pitches - LOWEST + FIRST_PITCH, 4, axis=0)
    columns[np.arange(12) % 4 > 0] = HOLD
    assert estimate_key_of(columns).name == "Cmaj"
    assert estimate_key_of(np.full((3, 4), REST)).name == "Cmaj"


def test_the_key_of_a_melody_alone_is_estimated_with_its_last_note():
    melody = np.array([67, 71, 74, 72, 71, 69, 67, 67]) - LOWEST + FIRST_PITCH
    columns = np.full((8, 4), -1)
    columns[:, 0] = melody
    assert estimate_key_of(columns).name == "Gmaj"
    columns[:, 0] = melody[[0, 1, 2, 3, 4, 5, 6, 3]]
    columns[:, 3] = 48 - LOWEST + FIRST_PITCH
    assert estimate_key_of(columns).name == "Cmaj"


def test_every_key_is_drawn():
    rng = np.random.default_rng(0)
    assert {draw_key(rng) for _ in range(500)} == set(COMMON_KEYS)
