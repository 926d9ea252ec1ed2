"""What can be asked of a chorale: so many bars, a meter, a key, ranges; and pieces that are to be continued.

Everything asked for becomes part of the automaton that is sampled from, so every sample has it exactly.
"""

from __future__ import annotations

import re

import numpy as np
from pydantic import Field, field_validator

from seqgen import BOS, Grammar, ImpossibleConstraints, Options, Prompt, UnusableFile, UsageError
from seqgen_midi.chorale import Chorale, tokens
from seqgen_midi.chorale_grammar import METER_NAMES, chorale_grammar, default_pitches, domain_grammar, fitting_meters
from seqgen_midi.keys import parse_key
from seqgen_midi.voices import METERS, VOICES

LETTERS = "".join(voice.letter for voice in VOICES)
RANGE = re.compile(rf"([{LETTERS}]):(\d{{1,3}})-(\d{{1,3}})")


class ChoraleConstraints(Options):
    """What can be asked of a chorale.

    Many bars need a large automaton; then only the commonest meters are kept (16 bars: all but 6/4; 64 bars: 4/4 and
    3/4; from 67 on: 4/4), unless `meter` names another.
    """

    bars: int | None = Field(
        default=None, ge=1, le=200, description="exactly so many full bars; no pickup but a prompt's"
    )
    meter: str | None = Field(default=None, description=f"one of {', '.join(METERS)}")
    key: str | None = Field(
        default=None, description="Cmaj, Amin, F#min, Bbmaj …; minor has its raised 6th and 7th too"
    )
    range: str | None = Field(default=None, description="MIDI pitches by voice: S:60-79,B:40-60")

    @field_validator("meter")
    @classmethod
    def meter_is_known(cls, value: str | None) -> str | None:
        if value is not None and value not in METERS:
            raise ValueError(f"a meter is one of {', '.join(METERS)}")
        return value

    @field_validator("key")
    @classmethod
    def key_is_known(cls, value: str | None) -> str | None:
        if value is not None:
            parse_key(value)
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


def constrained_grammar(constraints: ChoraleConstraints | None) -> Grammar:
    """The grammar of all documents that have what is asked for; raises ImpossibleConstraints."""
    if constraints is None or constraints.empty:
        return domain_grammar()
    pitches, bars = allowed_pitches(constraints), constraints.bars
    if constraints.meter is not None:
        meters: tuple[str, ...] = (constraints.meter,)
    else:
        meters = METER_NAMES if bars is None else fitting_meters(bars)
    return chorale_grammar(meters, pitches, bars, pickups=None if bars is None else (0,))


def continue_chorale(item: Chorale, constraints: ChoraleConstraints | None) -> Prompt:
    """All of `item` without its end, and the grammar of what it may become; its pickup and its meter stay.

    Raises UsageError when the piece cannot be continued into what is asked for, ImpossibleConstraints when nothing can.
    """
    constraints = constraints or ChoraleConstraints()
    try:
        content = tokens(item)
    except UnusableFile as error:
        raise UsageError(f"The primer cannot be continued: {error.reason}; choose another one.") from error
    pitches = allowed_pitches(constraints)
    if constraints.meter not in (None, item.meter):
        raise UsageError(
            f"The primer is in {item.meter} and meter={constraints.meter} was asked for; ask for the primer's."
        )
    full = len(item.grid) - item.pickup
    if constraints.bars is not None and full >= constraints.bars * item.bar:
        raise UsageError(
            f"The primer has {-(-full // item.bar)} bars and bars={constraints.bars} was asked for, so nothing is "
            f"left to continue; ask for more bars or give a shorter primer."
        )
    check_pitches(item, constraints, pitches)
    grammar = chorale_grammar((item.meter,), pitches, constraints.bars, (item.pickup,))
    ids = np.concatenate([[BOS], content]).astype(np.int32)
    try:
        grammar.unroll(ids)
    except ValueError as error:
        raise UsageError(
            "The primer holds a note that never began; give a primer that was read from a file."
        ) from error
    return Prompt(ids, grammar)


def check_pitches(item: Chorale, constraints: ChoraleConstraints, pitches: np.ndarray) -> None:
    """Raises UsageError that names the first pitch of the primer outside pitches[4, 128], and the constraint."""
    for column, codes in enumerate(item.grid):
        for voice, pitch in enumerate(codes):
            if pitch < 0 or pitches[voice, pitch]:
                continue
            in_key = constraints.key is None or pitch % 12 in parse_key(constraints.key).pitch_classes
            what = f"range={constraints.range}" if in_key else f"key={constraints.key}"
            raise UsageError(
                f"The primer's {VOICES[voice].name.lower()} sings pitch {pitch} in bar {item.bar_of(column)}, against "
                f"{what}; ask for what the primer has or give another primer."
            )
