"""Chorales of so many bars, or in a key, end with a triad in root position."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import chorale_constraints, document
from seqgen_midi.domain import MidiDomain
from seqgen_midi.encodings.chorale_ending import ALL_TRIADS, HOLD_SYMBOL, OTHER_SYMBOL, advance
from seqgen_midi.music.piece import Piece

from seqgen import EOS, ImpossibleConstraints
from seqgen.grammar import trim


def final_chord(piece: Piece) -> tuple[int, frozenset[int], int, int]:
    """The bass, the pitch classes, the first 16th and the length of the last chord, which four voices begin at once."""
    end = piece.start + piece.duration
    last = end == piece.end
    assert sorted(piece.track[last].tolist()) == [0, 1, 2, 3]
    (begin,) = set(piece.start[last].tolist())
    bass = int(piece.pitch[last & (piece.track == 3)][0]) % 12
    return bass, frozenset((piece.pitch[last] % 12).tolist()), begin, piece.end - begin


@pytest.mark.parametrize(
    ("values", "triads"),
    [
        ({"bars": 3, "time_signature": "4/4"}, ALL_TRIADS),
        ({"bars": 2, "key": "Cmaj"}, ((0, 4, 7),)),
        ({"bars": 2, "key": "Ddor"}, ((2, 5, 9),)),
        ({"bars": 2, "key": "Emin"}, ((4, 7, 11),)),
        ({"bars": 2, "key": "Gmix", "time_signature": "6/8", "density": "0-12"}, ((7, 11, 2),)),
    ],
)
def test_the_last_chord_is_a_triad_on_its_root(
    domain: MidiDomain, values: dict, triads: tuple[tuple[int, ...], ...]
) -> None:
    grammar, rng = domain.grammar(chorale_constraints(**values)), np.random.default_rng(4)
    assert np.array_equal(trim(grammar).allowed, grammar.allowed)
    for _ in range(10):
        ids = grammar.walk(rng, 20_000)
        assert ids[-1] == EOS
        assert domain.grammar().accepts(ids)
        bass, heard, _, length = final_chord(domain.decode(ids))
        assert any(heard <= set(triad) and triad[0] == bass and triad[1] in heard for triad in triads)
        assert length >= 4


def in_quarters(*chords: tuple[int, int, int, int]) -> str:
    """A document in 3/4 of chords of a quarter each, the soprano first; the last one is held for two quarters."""
    held = " hold" * 12
    columns = " ".join(" ".join(f"pitch:{pitch}" for pitch in chord) + held for chord in chords)
    return f"meter:3/4 pickup:0 {columns}{held} hold hold hold hold"


E_MINOR, D_MINOR, A_MINOR = (71, 67, 59, 52), (69, 65, 62, 50), (69, 64, 60, 57)


@pytest.mark.parametrize(
    ("last", "ends"),
    [
        (E_MINOR, True),
        ((67, 64, 59, 40), True),
        ((64, 67, 55, 52), True),
        ((71, 64, 59, 52), False),
        ((71, 64, 52, 55), False),
        ((71, 67, 62, 52), False),
        (A_MINOR, False),
        (D_MINOR, False),
    ],
)
def test_a_chorale_of_any_length_in_a_key_ends_with_the_triad_on_its_tonic(
    last: tuple[int, int, int, int], ends: bool, domain: MidiDomain
) -> None:
    grammar = domain.grammar(chorale_constraints(key="Ephr"))
    for bars in (2, 3, 5):
        chords = [(E_MINOR, D_MINOR, A_MINOR)[number % 3] for number in range(3 * bars - 2)]
        ids = document(domain, in_quarters(*chords, last))
        assert domain.grammar().accepts(ids)
        assert grammar.accepts(ids) == ends


def test_a_chorale_in_a_key_does_not_end_within_its_last_chord(domain: MidiDomain) -> None:
    grammar = domain.grammar(chorale_constraints(key="Ephr"))
    ids = document(domain, in_quarters(E_MINOR, D_MINOR, A_MINOR, D_MINOR, E_MINOR))[:-1]
    lengths = [size - len(ids) + 32 for size in range(len(ids) + 1) if grammar.accepts(np.append(ids[:size], EOS))]
    assert lengths == [16, 20, 24, 28, 32], "after a beat of the last chord, between two columns"


def test_voices_without_a_triad_end_as_they_can(domain: MidiDomain) -> None:
    pitches = ",".join(f"{voice}:60-60" for voice in "SATB")
    grammar = domain.grammar(chorale_constraints(bars=1, time_signature="4/4", range=pitches))
    assert set(domain.decode(grammar.walk(np.random.default_rng(0))).pitch.tolist()) == {60}


def test_an_ending_out_of_reach_is_refused_by_the_name_of_the_key(domain: MidiDomain) -> None:
    with pytest.raises(ImpossibleConstraints, match="end on the tonic of key=Cmaj"):
        domain.grammar(chorale_constraints(bars=2, key="Cmaj", range="B:40-40"))


def test_the_watch_counts_the_columns_of_a_chord_from_its_beat() -> None:
    watch = 0
    for voice, pitch_class in enumerate((4, 0, 7, 0)):
        watch = advance(watch, voice, pitch_class, 4, True, ALL_TRIADS)
    assert watch == 1
    held = watch
    for voice in range(4):
        held = advance(held, voice, HOLD_SYMBOL, 4, False, ALL_TRIADS)
    assert held == 2
    assert advance(watch, 0, OTHER_SYMBOL, 4, False, ALL_TRIADS) == 0
    assert advance(0, 0, 4, 4, False, ALL_TRIADS) == 0
    assert advance(frozenset({0, 7}), 3, 4, 4, True, ALL_TRIADS) == 0
