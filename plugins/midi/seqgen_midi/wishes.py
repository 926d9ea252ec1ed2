"""What can be asked of a sample in the encodings of pieces, and how it narrows their automata.

Nearly every wish forbids tokens; a number of bars counts them. Both are exactly kept.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, Field

from seqgen import Grammar, ImpossibleConstraints, Options, UnknownName
from seqgen_midi.automata import exactly, without
from seqgen_midi.bars import METER_NAMES, METERS, TEMPOS
from seqgen_midi.chords import KINDS, ROOTS
from seqgen_midi.instruments import DRUMS, programs_of
from seqgen_midi.keys import parse_key
from seqgen_midi.tokens import TokenTable

SPAN = re.compile(r"(\d{1,3})(?:-(\d{1,3}))?")
COMFORTABLE_STATES = 20_000
"""Where no meter is asked for, so many bars come in the commonest meters only that keep the automaton below this."""


def parse_span(text: str) -> tuple[int, int]:
    """Lowest and highest of "60-79", or of one number alone; raises ValueError for what is no such span."""
    match = SPAN.fullmatch(text.replace(" ", ""))
    if match is None:
        raise ValueError("it is the lowest and the highest value, such as 60-79, or one value")
    lowest, highest = int(match[1]), int(match[2] or match[1])
    if lowest > highest:
        raise ValueError("the lowest value is above the highest")
    return lowest, highest


def _known_meter(value: str) -> str:
    if value not in METERS:
        raise ValueError(f"a time signature is one of {', '.join(METERS)}")
    return value


def _known_key(value: str) -> str:
    parse_key(value)
    return value


def _known_span(value: str) -> str:
    parse_span(value)
    return value


Span = Annotated[str, AfterValidator(_known_span)]
Bars = Annotated[
    int | None, Field(default=None, ge=1, le=200, description="exactly so many; there is music in the last")
]
Meter = Annotated[
    Annotated[str, AfterValidator(_known_meter)] | None, Field(default=None, description=f"one of {', '.join(METERS)}")
]
KeyName = Annotated[
    Annotated[str, AfterValidator(_known_key)] | None,
    Field(default=None, description="Cmaj, Amin (with raised 6th and 7th), Ddor, Ephr, Flyd, Gmix, Bloc …"),
]
Range = Annotated[Span | None, Field(default=None, description="lowest and highest MIDI pitch: 48-72")]
Velocity = Annotated[Span | None, Field(default=None, description="lowest and highest, of 1-127: 40-80")]
Instruments = Annotated[str | None, Field(default=None, description="nothing else plays")]


class MelodyConstraints(Options):
    """What can be asked of a melody."""

    bars: Bars = None
    time_signature: Meter = None
    key: KeyName = None
    range: Range = None


class DrumConstraints(Options):
    """What can be asked of drums."""

    bars: Bars = None
    time_signature: Meter = None
    instruments: Instruments = None


class ScoreConstraints(MelodyConstraints):
    """What can be asked of a score."""

    instruments: Instruments = None
    tempo: Span | None = Field(default=None, description="quarters a minute, lowest and highest or one: 100-120")
    velocity: Velocity = None


class PerformanceConstraints(Options):
    """What can be asked of a performance."""

    key: KeyName = None
    range: Range = None
    velocity: Velocity = None


def narrowed(grammar: Grammar, table: TokenTable, constraints: Any) -> Grammar:
    """The automaton of what is asked for; raises ImpossibleConstraints with the wish that cannot be."""
    wishes = {} if constraints is None else constraints.model_dump(exclude_none=True)
    bars = wishes.pop("bars", None)
    forbidden = np.zeros(len(table.vocabulary), bool)
    for name, value in wishes.items():
        for kind, allowed in ALLOWED[name](value, table).items():
            forbidden[table.ids(kind)] |= ~allowed
            if kind not in PLAYERS and forbidden[table.ids(kind)].all():
                raise ImpossibleConstraints(f"No {kind} that the encoding has is left by {name}={value}; ask for more.")
    if not wishes and bars is None:
        return grammar
    narrow = without(grammar, forbidden)
    if bars is None:
        return narrow
    meters = len(METERS)
    while "time_signature" not in wishes and meters > 1 and narrow.states * (bars + 1) > COMFORTABLE_STATES:
        meters //= 2
        forbidden[table.ids("bar")[meters:]] = True
        narrow = without(grammar, forbidden)
    return exactly(narrow, table.ids("bar"), bars)


PLAYERS = ("program", "drum")
"""Kinds of tokens of which a piece may have none."""
Allowed = dict[str, np.ndarray]
"""By kind of token, which of its values may stay: bool[values]."""


def _meter(value: str, table: TokenTable) -> Allowed:
    return {"bar": np.arange(len(METERS)) == METER_NAMES.index(value)}


def _key(value: str, table: TokenTable) -> Allowed:
    scale = parse_key(value).pitch_classes
    allowed = {"pitch": np.isin(np.arange(128) % 12, list(scale))}
    if "chord" in table.kinds:
        chords = [{(root + step) % 12 for step in kind} for root in range(len(ROOTS)) for kind in KINDS.values()]
        allowed["chord"] = np.array([chord <= scale for chord in chords])
    return allowed


def _between(kind: str, values: np.ndarray) -> Any:
    def allowed(value: str, table: TokenTable) -> Allowed:
        lowest, highest = parse_span(value)
        return {kind: (values >= lowest) & (values <= highest)}

    return allowed


def _velocity(value: str, table: TokenTable) -> Allowed:
    names = [table.vocabulary[int(number)] for number in table.ids("velocity")]
    return _between("velocity", np.array([int(name.removeprefix("velocity:")) for name in names]))(value, table)


def _instruments(value: str, table: TokenTable) -> Allowed:
    names = [name.strip().lower() for name in value.split(",")]
    if "hit" in table.kinds:
        known = [table.vocabulary[int(number)].removeprefix("hit:") for number in table.ids("hit")]
        for name in set(names) - set(known):
            raise UnknownName("drum", name, known)
        return {"hit": np.isin(known, names)}
    programs = [program for name in names if name != DRUMS for program in programs_of(name)]
    return {"program": np.isin(np.arange(128), programs), "drum": np.full(128, DRUMS in names)}


ALLOWED = {
    "time_signature": _meter,
    "key": _key,
    "range": _between("pitch", np.arange(128)),
    "tempo": _between("tempo", TEMPOS),
    "velocity": _velocity,
    "instruments": _instruments,
}
"""What each wish but the number of bars leaves of the tokens."""
