"""Lead sheets as plain text: each symbol stands where its bar says."""

from __future__ import annotations

from pathlib import Path

import pytest
from seqgen_midi.io.lead_sheet import RESOLUTION, is_lead_sheet, lead_sheet_of, read_lead_sheet
from seqgen_midi.music.chords import chord_name
from seqgen_midi.music.keys import parse_key

from seqgen import UnusableFile


def symbols(text: str) -> list[tuple[float, str]]:
    """Returns the chord symbols of a text with the quarters at which they begin."""
    piece = lead_sheet_of(text)
    return [(tick / RESOLUTION, chord_name(root, quality)) for tick, root, quality in piece.chords.tolist()]


def test_the_symbols_of_a_bar_share_it_evenly() -> None:
    assert symbols("| G | D7 Em | C / / D |") == [(0, "G"), (4, "D7"), (6, "Em"), (8, "C"), (11, "D")]
    assert symbols("meter=6/8\n|: Am | G Am :|\n|| F#m7 C/E ||") == [
        (0, "Am"), (3, "G"), (4.5, "Am"), (6, "F#m7"), (7.5, "C")
    ]  # fmt: skip


def test_a_bar_can_repeat_the_one_before_or_hold_its_last_symbol_on() -> None:
    assert symbols("| G D | % |\n| / | Bb |") == [(0, "G"), (2, "D"), (4, "G"), (6, "D"), (8, "D"), (12, "Bb")]


def test_key_and_meter_are_lines_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "chords.TXT"
    path.write_text("key = Em\n meter=3/4 \n| Em | D | Em |")
    piece = read_lead_sheet(path)
    assert is_lead_sheet(path)
    assert piece.key == parse_key("Emin")
    assert piece.meters.tolist() == [[0, 3, 4]]
    assert len(piece) == 0
    for name in ("Gmaj", "Bbmaj", "Ador"):
        assert lead_sheet_of(f"key={name.removesuffix('maj')}\n| C |").key == parse_key(name)
    assert lead_sheet_of("| C |").key is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("G D7 Em", "bar lines"),
        ("| |", "without chord symbols"),
        ("| G | H |", "the chord symbol H in bar 2"),
        ("| / | G |", "no chord symbol to hold on"),
        ("| % | G |", "without chord symbols|no chord symbol"),
        ("key=H\n| G |", "the key H"),
        ("meter=4/5\n| G |", "the meter 4/5"),
        ("tempo=100\n| G |", "tempo="),
    ],
)
def test_what_is_no_lead_sheet_is_said(text: str, reason: str) -> None:
    with pytest.raises(UnusableFile, match=reason):
        lead_sheet_of(text)
