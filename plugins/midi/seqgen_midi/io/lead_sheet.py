"""Reads lead sheets without notes, as plain text: the chord symbols of a tune that is still to be written.

    key=G
    meter=6/8
    | G | D7 | Em C | D |
    | G | %  | Am D7 | G |

A bar stands between two bar lines, of any kind, and line breaks do not matter. The symbols of a bar share it evenly.
`/` holds the last symbol on for one more share, and `%` alone is a bar like the one before. Both of the other lines may
be left out. Then the key follows from the chords, and the meter is 4/4.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from seqgen import UnusableFile
from seqgen_midi.io.midi_reader import check_size
from seqgen_midi.music.chords import QUALITIES, parse_chord
from seqgen_midi.music.keys import Key, parse_key
from seqgen_midi.music.meters import METERS, bar_quarters, parse_meter
from seqgen_midi.music.piece import Piece, Track

LEAD_SHEET_ENDING = ".txt"
RESOLUTION = 5040
"""Ticks in a quarter: exact for up to ten symbols in a quarter."""
BAR_LINES = re.compile(r"[|:\]\[]*\|[|:\]\[]*")
SETTING = re.compile(r"^[ \t]*(\w+)[ \t]*=[ \t]*(\S+)[ \t]*$", re.MULTILINE)
HELD, SAME_BAR = "/", "%"


def is_lead_sheet(path: Path) -> bool:
    """Whether the ending of a file says that it is a lead sheet."""
    return path.suffix.lower() == LEAD_SHEET_ENDING


def read_lead_sheet(path: Path) -> Piece:
    """Returns the chord symbols of a file, in a piece without notes. Each bar has a symbol at its beginning.

    Raises UnusableFile.
    """
    check_size(path)
    return lead_sheet_of(path.read_text(encoding="utf-8", errors="replace"))


def lead_sheet_of(text: str) -> Piece:
    """Returns the chord symbols of a text, in a piece without notes. Raises UnusableFile."""
    settings = dict(SETTING.findall(text))
    unknown = sorted(settings.keys() - {"key", "meter"})
    if unknown:
        raise UnusableFile(f"a lead sheet has the lines key=… and meter=…, and not {unknown[0]}=…")
    meter = settings.get("meter", METERS[0])
    if meter not in METERS:
        raise UnusableFile(f"the meter {meter}, which is none of {', '.join(METERS)}")
    music = SETTING.sub("", text)
    if "|" not in music:
        raise UnusableFile("no lead sheet: its bars stand between bar lines, | G | D7 | Em C | D |")
    bars = [bar.split() for bar in BAR_LINES.split(" ".join(music.split())) if bar.strip()]
    length = int(bar_quarters(meter) * RESOLUTION)
    rows: list[tuple[int, int, int]] = []
    before: list[str] = []
    last: tuple[int, int] | None = None
    for number, symbols in enumerate(bars):
        if symbols == [SAME_BAR]:
            symbols = before or [HELD]
        for place, symbol in enumerate(symbols):
            if symbol != HELD:
                last = _chord(symbol, number)
            if last is None:
                raise UnusableFile("the first bar of the lead sheet has no chord symbol to hold on or to repeat")
            if symbol != HELD or place == 0:
                rows.append((number * length + place * length // len(symbols), *last))
        before = symbols
    if not rows:
        raise UnusableFile("a lead sheet without chord symbols")
    key = _key(settings["key"]) if "key" in settings else None
    return Piece.of(
        RESOLUTION, [Track(name="Melody")], [np.zeros(0, np.int32)] * 5, meters=[(0, *parse_meter(meter))], chords=rows,
        key=key,
    )  # fmt: skip


def _chord(symbol: str, bar: int) -> tuple[int, int]:
    chord = parse_chord(symbol)
    if chord is None:
        qualities = ", ".join(f"C{quality}" for quality in QUALITIES)
        raise UnusableFile(f"the chord symbol {symbol} in bar {bar + 1}, which is not of a kind such as {qualities}")
    return chord


def _key(name: str) -> Key:
    """Returns the key of a name such as G, Em, Gmaj or Ador."""
    for full_name in (name, f"{name}maj", f"{name.removesuffix('m')}min"):
        try:
            return parse_key(full_name)
        except ValueError:
            continue
    raise UnusableFile(f"the key {name}; a key is a tonic and a mode, such as G, Em, Cmaj, Amin or Ddor")
