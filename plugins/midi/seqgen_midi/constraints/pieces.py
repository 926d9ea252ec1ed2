"""What can be asked of a sample in the encodings of pieces, and how it narrows their automata.

Nearly every wish forbids tokens; a number of bars, and of notes in a bar, counts them. All are exactly kept.
"""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, Field

from seqgen import EOS, Grammar, ImpossibleConstraints, Options, UnknownName, UsageError
from seqgen.grammar import Budget, with_budget
from seqgen_midi.constraints.lengths import MOST_BARS, Seconds, bars_in, check_one_length
from seqgen_midi.constraints.prompt_options import PromptOptions
from seqgen_midi.constraints.spans import Span, parse_span
from seqgen_midi.encodings.automata import counted, exactly, without
from seqgen_midi.encodings.base import PieceEncoding
from seqgen_midi.encodings.tokens import TokenTable
from seqgen_midi.music.chords import KINDS, ROOTS
from seqgen_midi.music.instruments import DRUMS, programs_of
from seqgen_midi.music.keys import KeyName, parse_key
from seqgen_midi.music.meters import EIGHTHS, METER_NAMES, METERS, TEMPOS

COMFORTABLE_STATES = 20_000
"""Where no meter is asked for, so many bars come in the commonest meters only that keep the automaton below this."""
NOTES = ("pitch", "drum", "hit")
"""The kinds of token of which every note has one."""


def _known_meter(value: str) -> str:
    if value not in METERS:
        raise ValueError(f"a time signature is one of {', '.join(METERS)}")
    return value


Meter = Annotated[
    Annotated[str, AfterValidator(_known_meter)] | None, Field(default=None, description=f"one of {', '.join(METERS)}")
]
Range = Annotated[Span | None, Field(default=None, description="lowest and highest MIDI pitch: 48-72")]
Velocity = Annotated[Span | None, Field(default=None, description="lowest and highest, of 1-127: 40-80")]


class BarConstraints(PromptOptions):
    """What can be asked of music in bars."""

    bars: int | None = Field(
        default=None, ge=1, le=MOST_BARS, description="exactly so many; there is music in the last"
    )
    seconds: Seconds = None
    time_signature: Meter = None
    density: Span | None = Field(default=None, description="notes that begin in a bar, fewest and most: 4-12")


class MelodyConstraints(BarConstraints):
    """What can be asked of a melody."""

    harmonise: bool | None = Field(
        default=None, description="true: the melody of the prompt is given, and its chord symbols are found"
    )
    key: KeyName = None
    range: Range = None


class DrumConstraints(BarConstraints):
    """What can be asked of drums."""

    instruments: str | None = Field(default=None, description="nothing else is hit: kick,snare,closed-hat")


class ScoreConstraints(BarConstraints):
    """What can be asked of a score."""

    accompany: str | None = Field(
        default=None, description="the instruments of the prompt that are given, or melody; the others are found: flute"
    )
    key: KeyName = None
    range: Range = None
    instruments: str | None = Field(default=None, description="nothing else plays: piano,violin,drums")
    tempo: Span | None = Field(default=None, description="quarters a minute, lowest and highest or one: 100-120")
    velocity: Velocity = None


class PerformanceConstraints(Options):
    """What can be asked of a performance."""

    seconds: float | None = Field(
        default=None, gt=0, le=3600, description="the last note begins within the last of so many"
    )
    prompt_seconds: float | None = Field(default=None, gt=0, description="so many seconds of the prompt are kept")
    key: KeyName = None
    range: Range = None
    velocity: Velocity = None


def forbidden_by(constraints: Any, table: TokenTable) -> np.ndarray:
    """bool[vocabulary]: the tokens that no document has which is as asked; raises ImpossibleConstraints.

    Names the first wish that leaves none of the tokens that it needs.
    """
    forbidden = np.zeros(len(table.vocabulary), bool)
    for name, value in () if constraints is None else constraints:
        if value is None or name not in ALLOWED:
            continue
        for kind, allowed in ALLOWED[name](value, table).items():
            forbidden[table.ids(kind)] |= ~allowed
            if kind not in PLAYERS and forbidden[table.ids(kind)].all():
                raise ImpossibleConstraints(f"No {kind} that the encoding has is left by {name}={value}; ask for more.")
    return forbidden


def piece_grammar_of(encoding: PieceEncoding, constraints: Any = None) -> Grammar:
    """The automaton of an encoding of pieces narrowed by `constraints`.

    Where seconds are asked for of music in real time, shifts spend them: an automaton would have 515 states for each
    10 ms of them.
    """
    table = encoding.table
    narrow = narrowed(encoding.automaton, table, constraints, encoding.settings.tempo)
    seconds = getattr(constraints, "seconds", None)
    if seconds is None or "shift" not in table.kinds:
        return narrow
    shifts = table.ids("shift")
    cost = np.zeros(len(table.vocabulary), np.int32)
    cost[shifts] = range(1, len(shifts) + 1)
    last = max(0, round(seconds * len(shifts)) - 1)
    return with_budget(narrow, Budget(cost, minimum=last - len(shifts) + 1, maximum=last))


def narrowed(grammar: Grammar, table: TokenTable, constraints: Any, tempo: int, every_meter: bool = False) -> Grammar:
    """The automaton of what is asked for, where nothing else says the tempo at `tempo` quarters a minute.

    Where it would be too large for comfort, it has fewer meters than the grammar, but for `every_meter`.
    Raises ImpossibleConstraints with the wish that cannot be, UsageError for wishes that contradict one another.
    """
    constraints = in_bars(constraints, table, tempo)
    bars, density = (getattr(constraints, name, None) for name in ("bars", "density"))
    forbidden = forbidden_by(constraints, table)
    if bars is None and density is None:
        return without(grammar, forbidden) if forbidden.any() else grammar
    least, most = (0, 0) if density is None else parse_span(density)
    copies = (1 if bars is None else bars + 1) * (most + 1)
    narrow = without(grammar, forbidden)
    meters = table.ids("bar")[narrow.allowed[:, table.ids("bar")].any(axis=0)]
    while not every_meter and len(meters) > 1 and narrow.state_count * copies > COMFORTABLE_STATES:
        forbidden[meters[len(meters) // 2 :]] = True
        meters = meters[: len(meters) // 2]
        narrow = without(grammar, forbidden)
    if density is not None:
        notes = np.isin(table.kind, [table.kinds[kind] for kind in NOTES if kind in table.kinds])
        ends = np.zeros(narrow.allowed.shape, bool)
        ends[:, EOS] = ends[:, table.ids("bar")] = True
        ends[narrow.start] = False
        narrow = counted(narrow, notes, ends, least, most)
    return narrow if bars is None else exactly(narrow, table.ids("bar"), bars)


def in_bars(constraints: Any, table: TokenTable, tempo: int) -> Any:
    """The same wishes with a length in bars where one in seconds is asked for."""
    if not counts_seconds_in_bars(constraints, table):
        return constraints
    seconds = constraints.seconds
    check_one_length(constraints)
    if "tempo" in table.kinds:
        tempo, fastest = parse_span(constraints.tempo or "0-1")
        if tempo != fastest:
            raise UsageError("Seconds are counted at one tempo; ask for one, such as tempo=120.")
    meter = constraints.time_signature or METER_NAMES[0]
    quarters = EIGHTHS[METER_NAMES.index(meter)] / 2
    return constraints.model_copy(update={"bars": bars_in(seconds, tempo, quarters), "time_signature": meter})


def counts_seconds_in_bars(constraints: Any, table: TokenTable) -> bool:
    """Whether seconds are asked for of music that is counted in bars."""
    return getattr(constraints, "seconds", None) is not None and "bar" in table.kinds


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
"""What each wish leaves of the tokens, but those that count them."""
