"""Scores: every note is there, once, where an independent reference puts it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
import quantising_reference as reference
from helpers import note_rows, round_trip
from seqgen_midi.domain import MidiDomain


@pytest.mark.parametrize(("resolution", "bins", "parts"), [(None, None, None), (24, 127, 1), (8, 5, 2)])
def test_a_score_is_every_note_of_the_file(bands: list[Any], resolution: Any, bins: Any, parts: Any) -> None:
    domain = MidiDomain(MidiDomain.Settings(encoding="score", resolution=resolution, velocity_bins=bins, parts=parts))
    for band in bands:
        piece = round_trip(domain, band.path)
        players = ["drums" if track.is_drums else (track.program, track.part) for track in piece.tracks]
        found = Counter((*note, players[track]) for *note, track in note_rows(piece))
        assert found == reference.score(band.notes, band.resolution, resolution or 12, bins or 32, parts or 4)


def test_tempos_move_by_three_per_cent_and_meters_stand_where_bars_begin(
    domains: dict[str, MidiDomain], bands: list[Any]
) -> None:
    for band in bands:
        piece = round_trip(domains["score"], band.path)
        # Changes at the beats 20 and 31 cut a bar short; 12/16 counts as 3/4.
        changes = [(0, 1, 4), (1, 3, 4), (19, 1, 4), (20, 6, 8), (29, 2, 4), (31, 4, 4)]
        assert piece.meters.tolist() == [[12 * beat, *meter] for beat, *meter in changes]
        bar, end = 12 + 36, 12 + 2 * 36
        exact = [
            reference.seconds_at(step * band.resolution // 12, band.tempos, band.resolution) for step in (bar, end)
        ]
        ours = piece.seconds(np.array([bar, end]))
        assert ours[1] - ours[0] == pytest.approx(float(exact[1] - exact[0]), rel=0.03)
