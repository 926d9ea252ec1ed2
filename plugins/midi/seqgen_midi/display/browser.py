"""How a page shows the chorales that it draws by itself: as a piano roll, as sound, and as a MIDI file."""

from __future__ import annotations

import json
from importlib.resources import files

from seqgen import BrowserDisplay
from seqgen_midi.display.piano_roll import COLOURS, key_title
from seqgen_midi.display.web_page import player_script
from seqgen_midi.encodings.chorale import RESOLUTION
from seqgen_midi.encodings.chorale_grammar import (
    BAR_COLUMNS,
    FIRST_METER,
    FIRST_PICKUP,
    FIRST_PITCH,
    HOLD,
    LOWEST,
    METERS,
)
from seqgen_midi.music.keys import COMMON_KEYS
from seqgen_midi.music.meters import parse_meter
from seqgen_midi.music.piece import Piece
from seqgen_midi.music.velocities import DEFAULT_VELOCITY
from seqgen_midi.music.voices import CHOIR_PROGRAM, VOICES


class ChoraleBrowserDisplay(BrowserDisplay[Piece]):
    """Chorales, played at `tempo` quarters a minute."""

    def __init__(self, tempo: int) -> None:
        self._tempo = tempo

    def script(self) -> str:
        layout = {
            "tempo": self._tempo,
            "resolution": RESOLUTION,
            "firstMeter": FIRST_METER,
            "firstPickup": FIRST_PICKUP,
            "firstPitch": FIRST_PITCH,
            "lowest": LOWEST,
            "hold": HOLD,
            "meters": [[*parse_meter(name), BAR_COLUMNS[name]] for name in METERS],
            "voices": [{"name": voice.name, "colour": colour} for voice, colour in zip(VOICES, COLOURS, strict=False)],
            "keys": [key_title(key) for key in COMMON_KEYS],
            "program": CHOIR_PROGRAM,
            "velocity": DEFAULT_VELOCITY,
        }
        source = files("seqgen_midi.display").joinpath("chorale_page.js").read_text(encoding="utf-8")
        return f"const CHORALE = {json.dumps(layout)};\n{source}\n{player_script()}"
