"""Keys: names, signatures, spelling, and the key that a piece seems to have."""

from __future__ import annotations

import numpy as np
import pytest
from seqgen_midi.music.keys import estimate_key, key_of_ending, parse_key


@pytest.mark.parametrize(
    ("name", "tonic", "sharps"),
    [
        ("Cmaj", 0, 0),
        ("Amin", 9, 0),
        ("F#min", 6, 3),
        ("Bbmaj", 10, -2),
        ("Ddor", 2, 0),
        ("Flyd", 5, 0),
        ("Bbloc", 10, -7),
    ],
)
def test_a_name_is_a_tonic_and_a_signature(name: str, tonic: int, sharps: int) -> None:
    key = parse_key(name)
    assert (key.tonic, key.sharps) == (tonic, sharps)
    assert tonic in key.pitch_classes


@pytest.mark.parametrize("name", ["H", "Cmajor", "cmaj", ""])
def test_other_names_are_no_keys(name: str) -> None:
    with pytest.raises(ValueError, match="a key is a tonic and a mode"):
        parse_key(name)


@pytest.mark.parametrize(
    ("key", "spelling"),
    [
        ("Cmaj", "C C# D Eb E F F# G G# A Bb B"),
        ("Dmin", "C C# D Eb E F F# G Ab A Bb B"),
        ("Emaj", "B# C# D D# E E# F# G G# A A# B"),
    ],
)
def test_pitches_are_spelled_as_the_key_has_them(key: str, spelling: str) -> None:
    names = []
    for pitch in range(60, 72):
        letter, alteration = parse_key(key).spell(pitch)
        names.append(letter + "#" * alteration + "b" * -alteration)
    assert names == spelling.split()


def test_the_key_is_the_one_whose_scale_sounds_longest() -> None:
    sounding = np.zeros(12)
    sounding[[7, 9, 11, 0, 2, 4, 6]] = (4, 1, 2, 1, 3, 1, 1)
    assert estimate_key(sounding) == parse_key("Gmaj")
    assert estimate_key(np.roll(sounding, 3)) == parse_key("Bbmaj")
    assert estimate_key(np.zeros(12)) == parse_key("Cmaj")


def test_the_final_decides_between_keys_of_one_scale() -> None:
    sounding = np.zeros(12)
    sounding[[0, 2, 4, 5, 7, 9, 11]] = (4, 3, 4, 2, 3, 4, 2)
    assert estimate_key(sounding, final=0) == parse_key("Cmaj")
    assert estimate_key(sounding, final=9) == parse_key("Amin")


@pytest.mark.parametrize(
    ("scale", "root", "third", "key"),
    [
        ((0, 2, 4, 5, 7, 9, 11), 0, 4, "Cmaj"),
        ((0, 2, 4, 5, 7, 9, 11), 7, 4, "Gmix"),
        ((0, 2, 4, 5, 7, 9, 11), 9, 3, "Amin"),
        ((0, 2, 4, 5, 7, 9, 11), 9, 4, "Amin"),
        ((0, 2, 4, 5, 7, 9, 11), 4, 3, "Ephr"),
        ((0, 2, 4, 5, 7, 9, 11), 5, 4, "Flyd"),
        ((6, 8, 10, 11, 1, 3, 5), 6, 4, "F#maj"),
        ((6, 8, 10, 11, 1, 3, 5), 3, 3, "D#min"),
        ((1, 3, 5, 6, 8, 10, 0), 1, 4, "Dbmaj"),
        ((), 2, 4, "Dmaj"),
    ],
)
def test_a_final_triad_gives_the_tonic_and_the_music_the_mode(
    scale: tuple[int, ...], root: int, third: int, key: str
) -> None:
    sounding = np.zeros(12)
    sounding[list(scale)] = 1
    assert key_of_ending(sounding, root, third) == parse_key(key)
