"""Makes pieces audible through symusic's synthesizer, with the SoundFont that pretty_midi ships."""

from __future__ import annotations

import wave
from dataclasses import replace
from pathlib import Path

import numpy as np

from seqgen import OutputError
from seqgen_midi.io.midi_writer import midi_bytes
from seqgen_midi.music.piece import Piece

SAMPLE_RATE = 44_100
MAX_PITCH = 100
"""Higher notes sound octaves lower: for some notes from 101 to 108 in 40 instruments, the synthesizer of symusic 0.5.9
never returns (an electric guitar's 107)."""
PEAK = 0.9
"""The loudest sample of every file, as a share of full scale."""


def write_wav(piece: Piece, default_tempo: int, path: Path) -> None:
    """Writes 16-bit stereo at 44.1 kHz; raises OutputError where pretty_midi's SoundFont is missing."""
    import pretty_midi
    import symusic

    fonts = sorted(Path(pretty_midi.__file__).parent.glob("*.sf[23]"))
    if not fonts:
        raise OutputError("pretty_midi is installed without its SoundFont, so nothing can be heard; install it again.")
    synthesizer = symusic.Synthesizer(str(fonts[0]), SAMPLE_RATE, 0)
    octaves_down = ~piece.is_drum * np.maximum(-(-(piece.pitch - MAX_PITCH) // 12), 0)
    lowered = replace(piece, pitch=piece.pitch - 12 * octaves_down)
    score = symusic.Score.from_midi(midi_bytes(lowered, default_tempo))
    # The synthesizer refuses a piece without notes, such as a sample that was cut short.
    samples = np.asarray(synthesizer.render(score, True)) if len(piece) else np.zeros((2, 0), np.float32)
    peak = float(np.abs(samples).max(initial=0))
    scaled = np.round(samples * (PEAK * 32767 / peak if peak else 0)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(np.ascontiguousarray(scaled.T).tobytes())
