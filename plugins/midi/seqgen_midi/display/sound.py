"""Makes pieces audible: symusic's synthesizer with the SoundFont that pretty_midi ships; nothing is downloaded."""

from __future__ import annotations

import wave
from dataclasses import replace
from pathlib import Path

import numpy as np

from seqgen import OutputError
from seqgen_midi.io.midi_writing import midi_bytes
from seqgen_midi.music.piece import Piece

SAMPLE_RATE = 44_100
HIGHEST = 100
"""Higher notes sound octaves lower: from 101 to 108 there are some in 40 instruments from which symusic 0.5.9's
synthesizer never comes back (an electric guitar's 107)."""
LOUDEST = 0.9
"""Of full scale; the loudest sample of every file."""


def write_wav(piece: Piece, tempo: int, path: Path) -> None:
    """Writes 16-bit stereo at 44.1 kHz; raises OutputError when pretty_midi's SoundFont is not there."""
    import pretty_midi
    import symusic

    fonts = sorted(Path(pretty_midi.__file__).parent.glob("*.sf[23]"))
    if not fonts:
        raise OutputError("pretty_midi is installed without its SoundFont, so nothing can be heard; install it again.")
    synthesizer = symusic.Synthesizer(str(fonts[0]), SAMPLE_RATE, 0)
    # The synthesizer refuses a piece without a note; a sample that was cut short may be one.
    silence = np.zeros((2, 0), np.float32)
    too_high = ~piece.drums * np.maximum(-(-(piece.pitch - HIGHEST) // 12), 0)
    heard = replace(piece, pitch=piece.pitch - 12 * too_high)
    score = symusic.Score.from_midi(midi_bytes(heard, tempo))
    samples = np.asarray(synthesizer.render(score, True)) if len(piece) else silence
    peak = float(np.abs(samples).max(initial=0))
    scaled = np.round(samples * (LOUDEST * 32767 / peak if peak else 0)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(np.ascontiguousarray(scaled.T).tobytes())
