"""What can be asked of a chorale: so many bars, a meter, a key, ranges, notes a bar.

Everything asked for becomes part of the automaton that is sampled from, so every sample has it exactly.
"""

from __future__ import annotations

import re
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, Field, field_validator

from seqgen import Grammar, ImpossibleConstraints, UsageError
from seqgen_midi.constraints.lengths import MOST_BARS, Seconds, bars_in, check_one_length
from seqgen_midi.constraints.prompt_options import PromptOptions
from seqgen_midi.constraints.spans import Span, parse_span
from seqgen_midi.encodings.chorale_grammar import (
    METER_NAMES,
    chorale_grammar,
    default_pitches,
    domain_grammar,
    fitting_meters,
)
from seqgen_midi.music.keys import KeyName, parse_key
from seqgen_midi.music.voices import METERS, VOICES

LETTERS = "".join(voice.letter for voice in VOICES)
RANGE = re.compile(rf"([{LETTERS}]):(\d{{1,3}})-(\d{{1,3}})")
UNCOUNTED_BARS = 3
"""Of each meter in an automaton that counts none: the pickup, the first full bar, and one that repeats."""


def voices_of(letters: str) -> list[int]:
    """The numbers of the voices of "S" or "SB"; raises ValueError for what is no such choice."""
    voices = sorted({LETTERS.index(letter) if letter in LETTERS else -1 for letter in letters.upper()})
    if not voices or voices[0] < 0 or len(voices) == len(LETTERS):
        raise ValueError(f"it is one to three of the voices {', '.join(LETTERS)}, such as S or SB")
    return voices


def _known_voices(letters: str) -> str:
    voices_of(letters)
    return letters


class ChoraleConstraints(PromptOptions):
    """What can be asked of a chorale.

    Many bars need a large automaton; then only the commonest meters are kept (16 bars: all but 6/4; 64 bars: 4/4 and
    3/4; from 67 on: 4/4), unless `time_signature` names another.
    """

    harmonise: Annotated[str, AfterValidator(_known_voices)] | None = Field(
        default=None, description="the voices of the prompt that are given, S or SB; the others are found"
    )
    bars: int | None = Field(
        default=None, ge=1, le=MOST_BARS, description="exactly so many full bars; no pickup but a prompt's"
    )
    seconds: Seconds = None
    time_signature: str | None = Field(default=None, description=f"one of {', '.join(METERS)}")
    key: KeyName = None
    range: str | None = Field(default=None, description="MIDI pitches by voice: S:60-79,B:40-60")
    density: Span | None = Field(default=None, description="notes of all voices that begin in a full bar: 8-16")

    @field_validator("time_signature")
    @classmethod
    def meter_is_known(cls, value: str | None) -> str | None:
        if value is not None and value not in METERS:
            raise ValueError(f"a time signature is one of {', '.join(METERS)}")
        return value

    @field_validator("range")
    @classmethod
    def range_is_readable(cls, value: str | None) -> str | None:
        if value is not None:
            parse_ranges(value)
        return value


def parse_ranges(text: str) -> dict[int, tuple[int, int]]:
    """Lowest and highest MIDI pitch by voice (0 is the soprano); raises ValueError for what is no such list."""
    ranges: dict[int, tuple[int, int]] = {}
    for part in text.replace(" ", "").split(","):
        match = RANGE.fullmatch(part)
        if match is None:
            raise ValueError(
                "ranges are a voice of S, A, T, B with its lowest and highest MIDI pitch, such as S:60-79,B:40-60"
            )
        voice, lowest, highest = LETTERS.index(match[1]), int(match[2]), int(match[3])
        if voice in ranges:
            raise ValueError(f"the voice {match[1]} stands there twice")
        if lowest > highest:
            raise ValueError(f"the lowest pitch of {match[1]} is above its highest")
        ranges[voice] = (lowest, highest)
    return ranges


def allowed_pitches(constraints: ChoraleConstraints) -> np.ndarray:
    """bool[4, 128]: the MIDI pitches left to each voice; raises ImpossibleConstraints when a voice has none.

    Silence is no way out: who asks for a key wants to hear the voice in it.
    """
    allowed = default_pitches()
    pitches = np.arange(128)
    asked = parse_ranges(constraints.range) if constraints.range is not None else {}
    for number, voice in enumerate(VOICES):
        lowest, highest = asked.get(number, (voice.lowest, voice.highest))
        allowed[number] &= (pitches >= lowest) & (pitches <= highest)
        if not allowed[number].any():
            raise ImpossibleConstraints(
                f"The {voice.name.lower()} sings from {voice.lowest} to {voice.highest}, and its range was asked to be "
                f"{lowest} to {highest}; ask for pitches that it has."
            )
        if constraints.key is not None:
            allowed[number] &= np.isin(pitches % 12, list(parse_key(constraints.key).pitch_classes))
            if not allowed[number].any():
                raise ImpossibleConstraints(
                    f"The {voice.name.lower()} has no pitch of {constraints.key} between {lowest} and {highest}; widen "
                    f"its range or change the key."
                )
    return allowed


def chorale_grammar_of(
    constraints: ChoraleConstraints | None, tempo: int, meter: str | None = None, pickup: int | None = None
) -> Grammar:
    """The grammar of all documents that have what is asked for, at `tempo` quarters a minute.

    `meter` and `pickup` are those of a prompt. Raises ImpossibleConstraints, and UsageError for wishes that contradict
    one another or the prompt.
    """
    if (constraints is None or constraints.is_empty) and meter is None:
        return domain_grammar()
    constraints = constraints or ChoraleConstraints()
    asked = constraints.time_signature
    if meter is not None and asked not in (None, meter):
        raise UsageError(f"The prompt is in {meter} and time_signature={asked} was asked for; ask for the prompt's.")
    meter = meter or asked
    bars, density = constraints.bars, None if constraints.density is None else parse_span(constraints.density)
    if constraints.seconds is not None:
        check_one_length(constraints)
        meter = meter or METER_NAMES[0]
        bars = bars_in(constraints.seconds, tempo, METERS[meter] / 4)
    counts = 1 if density is None else density[1] + 1
    if meter is not None:
        meters: tuple[str, ...] = (meter,)
    elif bars is None and density is None:
        meters = METER_NAMES
    else:
        meters = fitting_meters((bars or UNCOUNTED_BARS) * counts)
    pickups = (pickup,) if pickup is not None else None if bars is None else (0,)
    return chorale_grammar(meters, allowed_pitches(constraints), bars, pickups, density)
