"""Chord symbols that are found for a melody: for tunes whose chords nobody would dispute."""

from __future__ import annotations

import numpy as np
import pytest
from seqgen_midi.music.chord_inference import infer_chords
from seqgen_midi.music.chords import chord_name
from seqgen_midi.music.keys import parse_key
from seqgen_midi.music.meters import parse_meter
from seqgen_midi.music.piece import Piece, Track

PITCHES = {"C": 60, "D": 62, "E": 64, "F": 65, "G": 67, "A": 69, "B": 71}
PITCHES |= {letter.lower(): pitch + 12 for letter, pitch in PITCHES.items()}


def chords_of(tune: str, meter: str, key: str, pickup: int = 0) -> str:
    """Returns the chord symbols of a tune, bar by bar.

    A letter is an eighth, `-` holds it on, `z` is a rest, and `^` and `_` alter the letter before them. The first
    `pickup` eighths stand before the first bar.
    """
    notes: list[list[int]] = []
    tick = 0
    for sign in tune.replace(" ", "").replace("|", ""):
        if sign in "^_":
            notes[-1][2] += 1 if sign == "^" else -1
            continue
        if sign == "-":
            notes[-1][1] += 1
        elif sign != "z":
            notes.append([tick, 1, PITCHES[sign]])
        tick += 1
    start, duration, pitch = np.array(notes).T
    beats, unit = parse_meter(meter)
    length = 8 * beats // unit
    starts = np.arange(pickup, tick, length)
    lengths = np.full(len(starts), length)
    meters = [(pickup, beats, unit)]
    if pickup:
        starts, lengths = np.append(0, starts), np.append(pickup, lengths)
        meters.insert(0, (0, pickup, 8))
    columns = [start, duration, pitch, np.full(len(pitch), 80), np.zeros(len(pitch), int)]
    found = infer_chords(Piece.of(2, [Track()], columns, meters=meters), starts, lengths, parse_key(key))
    names = {int(first): chord_name(root, quality) for first, root, quality in found}
    bars = [
        " ".join(names[first] for first in range(begin, begin + size) if first in names)
        for begin, size in zip(starts.tolist(), lengths.tolist(), strict=True)
    ]
    return " | ".join(bars)


@pytest.mark.parametrize(
    ("tune", "meter", "key", "chords"),
    [
        ("C-E-G-c- | F-A-c-A- | G-B-d-B- | c-------", "4/4", "Cmaj", "C | F | G | C"),
        # A jig: arpeggios of G, C and D7.
        ("GBdgdB | cegecG | DF^Acdc | G-----", "6/8", "Gmaj", "G | C | D7 | G"),
        # The relative minor, and a cadence of three chords within two bars.
        ("D-F^-A-d- | B-f^-d-f^- | G-B-A-C^- | D-------", "4/4", "Dmaj", "D | Bm | G A | D"),
        # Two chords in the bars of a jig.
        ("GBGAF^A | GBdgdB | DF^AcAF^ | G-----", "6/8", "Gmaj", "G D | G | D7 | G"),
        ("A-c-e- | d-f-a- | e-g^-b- | a-----", "3/4", "Amin", "Am | Dm | E | Am"),
        # Modal tunes move to the chord below the tonic.
        ("A-E-A-c- | G-B-d-B- | A-c-e-c- | A-G-A---", "4/4", "Ador", "Am | G | Am | Am"),
        ("DF^ADF^A | CEGCEG | DF^AdAF^ | D-----", "6/8", "Dmix", "D | C | D | D"),
        ("E-G-B-G- | D-F^-A-F^- | E-G-B-e- | E-------", "4/4", "Edor", "Em | D | Em | Em"),
    ],
)
def test_the_chords_of_arpeggios_are_those_that_they_break(tune: str, meter: str, key: str, chords: str) -> None:
    assert chords_of(tune, meter, key) == chords


def test_a_song_that_everybody_knows() -> None:
    tune = "C-C-G-G- | A-A-G--- | F-F-E-E- | D-D-C--- | G-G-F-F- | E-E-D--- | C-C-G-G- | A-A-G--- | F-F-E-E- | D-D-C---"
    first, second, third, cadence, *_ = chords_of(tune, "4/4", "Cmaj").split(" | ")
    assert first == "C"
    assert second == "F C"
    assert third == "F C"
    assert cadence in ("G C", "G7 C", "Dm C")
    assert chords_of(tune, "4/4", "Cmaj").endswith(" C")


def test_a_pickup_has_no_chord_and_the_last_bar_has_the_tonic() -> None:
    assert chords_of("D | GBdgdB | cegecG | DF^Adc-A | G-----", "6/8", "Gmaj", pickup=1).split(" | ")[0] == ""
    assert chords_of("D | GBdgdB | cegecG | DF^AdcA | G-----", "6/8", "Gmaj", pickup=1) == " | G | C | D7 | G"


def test_bars_in_which_nothing_sounds_at_either_end_have_no_chord() -> None:
    assert chords_of("zzzzzz | C-E-G- | zzzzzz", "3/4", "Cmaj") == " | C | "


def test_passing_tones_do_not_change_the_chord() -> None:
    assert chords_of("CDEFGFED | CDEFGAGE | GABcdcBG | c-------", "4/4", "Cmaj").split(" | ")[::3] == ["C", "C"]
