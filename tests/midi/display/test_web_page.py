"""The piano roll of a web page holds what the player plays, and nothing of it is taken for HTML."""

from __future__ import annotations

import json
import re
from html import unescape

import numpy as np
from seqgen_midi.display.web_page import piano_roll_html, player_script
from seqgen_midi.music.piece import Piece, Track


def test_the_data_are_the_notes_in_seconds_and_names_are_escaped() -> None:
    notes = np.array([(0, 4, 60, 127, 0), (4, 8, 64, 0, 0), (8, 4, 36, 64, 1)]).T
    tracks = [Track(name="<b>Lead"), Track(is_drums=True)]
    html = piano_roll_html(Piece.of(4, tracks, list(notes), meters=[(0, 4, 4)]), default_tempo=60, prompt_end=4)
    data = json.loads(unescape(re.search(r'data-notes="([^"]*)"', html)[1]))  # type: ignore[index]
    assert data == [[0, 1, 60, 1, 0], [1, 2, 64, 0, 0], [2, 1, 36, 0.5, 1]]
    assert json.loads(unescape(re.search(r'data-time="([^"]*)"', html)[1])) == [[0, 0], [4, 136]]  # type: ignore[index]
    assert "&lt;b&gt;Lead" in html
    assert "<b>" not in html
    assert html.count('class="given"') == 1
    assert "figure.roll" in player_script()
