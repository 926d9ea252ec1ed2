"""The relations of chorales forbid exactly the notes that make parallel fifths and octaves, or cross voices."""

from __future__ import annotations

import numpy as np
from seqgen_midi.encodings.chorale_grammar import (
    FIRST_METER,
    FIRST_PICKUP,
    FIRST_PITCH,
    HIGHEST,
    HOLD,
    LOWEST,
    REST,
    full_grammar,
)
from seqgen_midi.encodings.chorale_relations import chorale_relations

PITCHES = range(40, 80)
HELD = (-1,) * 4


def ids_of(*columns: tuple[int, ...]) -> np.ndarray:
    """The beginning of a chorale in 4/4 with these columns; -1 holds a note, 0 is a rest."""
    codes = {-1: HOLD, 0: REST}
    tokens = [codes.get(code, FIRST_PITCH + code - LOWEST) for column in columns for code in column]
    return np.array([0, FIRST_METER, FIRST_PICKUP, *tokens], np.int32)


def forbidden_pitches(*columns: tuple[int, ...], has_parallels: bool = False, has_crossings: bool = True) -> set[int]:
    """The pitches that the voice after the last one may not sing."""
    relations = chorale_relations(has_parallels, has_crossings)
    assert relations is not None
    ids = ids_of(*columns)
    grammar = full_grammar()
    forbidden = relations.forbidden_after(ids, grammar.state_class[grammar.unroll(ids)])[-1]
    return set((np.flatnonzero(forbidden) - FIRST_PITCH + LOWEST).tolist())


def is_parallel(before: tuple[int, int], now: tuple[int, int]) -> bool:
    """Whether two voices move in the same direction between fifths, or between unisons or octaves."""
    (upper_before, lower_before), (upper, lower) = before, now
    same_direction = (upper - upper_before) * (lower - lower_before) > 0
    sizes = abs(upper_before - lower_before) % 12, abs(upper - lower) % 12
    return same_direction and sizes in ((0, 0), (7, 7))


def test_each_voice_is_kept_from_parallels_with_each_voice_above_it():
    rng = np.random.default_rng(0)
    for _ in range(200):
        before = tuple(rng.integers(55, 66, 4).tolist())
        voice = int(rng.integers(1, 4))
        now = tuple(rng.integers(55, 66, voice).tolist())
        expected = {
            pitch
            for pitch in PITCHES
            if any(is_parallel((before[upper], before[voice]), (now[upper], pitch)) for upper in range(voice))
        }
        assert forbidden_pitches(before, now) & set(PITCHES) == expected


def test_no_voice_goes_below_its_lower_neighbour_or_where_that_was():
    def crossing(*columns: tuple[int, ...]) -> set[int]:
        return forbidden_pitches(*columns, has_parallels=True, has_crossings=False)

    chord = (72, 64, 60, 53)
    everything = set(range(LOWEST, HIGHEST + 1))
    assert crossing(chord) == set(range(LOWEST, 64))
    assert crossing(chord, (67,)) == everything - set(range(60, 68))
    assert crossing(chord, (67, 60)) == everything - set(range(53, 61))
    assert crossing(chord, (67, 62, 57)) == everything - set(range(LOWEST, 58))
    # A voice that is silent has no place.
    assert crossing((72, 0, 60, 53)) == set()
    assert forbidden_pitches(chord, (67, 60), has_crossings=False) == crossing(chord, (67, 60)) | forbidden_pitches(
        chord, (67, 60)
    )


def test_held_and_repeated_notes_and_rests_make_no_parallels():
    chord = (72, 64, 60, 53)
    assert forbidden_pitches(chord, HELD, (74, -1, -1)) == {55, 67, 81}, "of bass and soprano"
    assert not forbidden_pitches(chord, (72, 64, 60))
    assert not forbidden_pitches(chord, (-1, -1, -1))
    assert not forbidden_pitches((0, 64, 60, 53), (74, 64, 60))
    assert not forbidden_pitches(chord, (0, 64, 60))
    assert not forbidden_pitches((72, 64, 60, 0), (74, 64, 60))


def test_the_first_column_and_the_header_are_free():
    assert not forbidden_pitches()
    assert not forbidden_pitches((72, 65, 60))
