"""Metronome marks."""

from __future__ import annotations

import numpy as np
from seqgen_midi.music.tempos import TEMPOS, nearest_tempo


def test_every_tempo_from_20_to_304_is_within_five_per_cent_of_its_mark() -> None:
    asked = np.linspace(20, 304, 1000)
    marks = TEMPOS[nearest_tempo(asked)]
    assert np.abs(np.log(marks / asked)).max() < np.log(1.05)
    assert {60, 72, 100, 120, 144, 208} <= set(TEMPOS.tolist())
    for mark, tempo in zip(marks, asked, strict=True):
        assert abs(np.log(mark / tempo)) == np.abs(np.log(TEMPOS / tempo)).min()


def test_a_tempo_beyond_the_marks_is_the_last_one() -> None:
    assert TEMPOS[nearest_tempo(np.array([1.0, 1000.0]))].tolist() == [20, TEMPOS[-1]]
