"""The values of constraints as people write them, and what they mean."""

from __future__ import annotations

import re
from collections.abc import Sequence

from seqgen_midi.music.voices import Voice

SPAN = re.compile(r"(\d{1,3})(?:-(\d{1,3}))?")


def parse_span(text: str) -> tuple[int, int]:
    """Returns the lowest and the highest value of "60-79", or of one number. Raises ValueError for other text."""
    match = SPAN.fullmatch(text.replace(" ", ""))
    if match is None:
        raise ValueError("it is the lowest and the highest value, such as 60-79, or one value")
    lowest, highest = int(match[1]), int(match[2] or match[1])
    if lowest > highest:
        raise ValueError("the lowest value is above the highest")
    return lowest, highest


def parse_voices(text: str, voices: Sequence[Voice]) -> list[int]:
    """Returns the indices of the voices of "S" or "SB". Raises ValueError for other text, and for no or all voices."""
    letters = [voice.letter for voice in voices]
    chosen = sorted({letters.index(letter) if letter in letters else -1 for letter in text.upper()})
    if not chosen or chosen[0] < 0 or len(chosen) == len(voices):
        raise ValueError(f"it is one to three of the voices {', '.join(letters)}, such as S or SB")
    return chosen


def parse_voice_ranges(text: str, voices: Sequence[Voice]) -> dict[int, tuple[int, int]]:
    """Returns the lowest and the highest MIDI pitch by voice of "S:60-79,B:40-60". Raises ValueError for other text."""
    letters = [voice.letter for voice in voices]
    pattern = re.compile(rf"([{''.join(letters)}]):(\d{{1,3}})-(\d{{1,3}})")
    ranges: dict[int, tuple[int, int]] = {}
    for part in text.replace(" ", "").split(","):
        match = pattern.fullmatch(part)
        if match is None:
            raise ValueError(
                f"ranges are a voice of {', '.join(letters)} with its lowest and highest MIDI pitch, such as "
                "S:60-79,B:40-60"
            )
        voice, lowest, highest = letters.index(match[1]), int(match[2]), int(match[3])
        if voice in ranges:
            raise ValueError(f"the voice {match[1]} stands there twice")
        if lowest > highest:
            raise ValueError(f"the lowest pitch of {match[1]} is above its highest")
        ranges[voice] = (lowest, highest)
    return ranges


def check_share(value: float) -> None:
    """Raises ValueError unless 0 < value ≤ 1."""
    if not 0 < value <= 1:
        raise ValueError("it is a share of the bars above 0, up to 1")
