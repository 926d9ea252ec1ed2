"""Values that a constraint cannot have are refused with those that it could have."""

from __future__ import annotations

import pytest
from helpers import chorale_constraints
from seqgen_midi.domain import MidiDomain

from seqgen import InvalidValue, UnknownName


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("key", "H", "a key is a tonic and a mode, such as Cmaj, Amin, F#min, Bbmaj or Ddor"),
        ("key", "Cmajor", "a key is a tonic and a mode"),
        ("harmonise", "X", "it is one to three of the voices S, A, T, B"),
        ("harmonise", "SATB", "it is one to three of the voices S, A, T, B"),
        ("range", "X:1-2", "ranges are a voice of S, A, T, B with its lowest and highest MIDI pitch"),
        ("range", "S:70-60", "the lowest pitch of S is above its highest"),
        ("range", "S:60-70,S:61-71", "the voice S stands there twice"),
        ("time_signature", "5/4", "a time signature is one of 4/4"),
        ("bars", "0", "greater than or equal to 1"),
        ("bars", "201", "less than or equal to 200"),
        ("bars", "many", "valid integer"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_what_could_be(key: str, value: str, sentence: str) -> None:
    with pytest.raises(InvalidValue, match=sentence) as caught:
        chorale_constraints(**{key: value})
    assert f"The constraint {key!r} cannot be {value!r}" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "values", "error", "sentence"),
    [
        ("drums", {"key": "Cmaj"}, UnknownName, "There is no constraint 'key'"),
        ("performance", {"bars": 2}, UnknownName, "There is no constraint 'bars'"),
        ("chorale", {"velocity": "80"}, UnknownName, "There is no constraint 'velocity'"),
        ("melody", {"time_signature": "4/3"}, InvalidValue, "a time signature is one of 4/4, 3/4"),
        ("melody", {"key": "Cfoo"}, InvalidValue, "a key is a tonic and a mode"),
        ("score", {"range": "70-60"}, InvalidValue, "the lowest value is above the highest"),
        ("drums", {"fill": "2", "variation": 0.5}, InvalidValue, "ask for one"),
        ("drums", {"variation": 1.5}, InvalidValue, "a share of the bars"),
        ("drums", {"variation_seed": 1}, InvalidValue, "ask for variation too"),
        ("performance", {"density": "0"}, InvalidValue, "a piece has notes"),
        ("score", {"tempo": "fast"}, InvalidValue, "such as 60-79"),
    ],
)
def test_a_wrong_constraint_is_named(name: str, values: dict, error: type, sentence: str) -> None:
    domain = MidiDomain(MidiDomain.Settings(encoding=name))
    with pytest.raises(error, match=sentence):
        domain.Constraints.from_mapping(values, "constraint")
