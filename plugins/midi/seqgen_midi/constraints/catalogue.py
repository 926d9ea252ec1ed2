"""Every constraint: the encodings that have it, its type and description there, and the tokens that it leaves.

Which constraints an encoding has follows from its tokens, so a new encoding has them without a line of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import AfterValidator, Field, ValidationInfo, create_model, field_validator

from seqgen import Options, UnknownName
from seqgen_midi.constraints.values import check_share, parse_span, parse_voice_ranges, parse_voices
from seqgen_midi.encodings import ENCODINGS
from seqgen_midi.encodings.base import Encoding
from seqgen_midi.encodings.tokens import Role
from seqgen_midi.music.chords import QUALITIES, ROOTS
from seqgen_midi.music.instruments import parse_instruments
from seqgen_midi.music.keys import parse_key
from seqgen_midi.music.tempos import TEMPOS, marks_within

MAX_BARS = 200
MAX_SECONDS = 3600


class Constraint(NamedTuple):
    """A constraint in some encodings.

    needs:       what an encoding needs to have the constraint: "bars", "no bars", "voices" or a kind of tokens
    description: for people; {meters} stands for the time signatures of the encoding
    check:       raises ValueError for a value that the constraint cannot have
    restrict:    the tokens that a value leaves to each voice: bool[voices, V]; None if it forbids no tokens
    bounds:      the bounds of the value, as pydantic names them
    """

    name: str
    kind: type
    needs: str
    description: str
    check: Callable[[Any, Encoding], object] | None = None
    restrict: Callable[[Any, Encoding], np.ndarray] | None = None
    bounds: Mapping[str, Any] = {}


def meters_of(encoding: Encoding) -> tuple[str, ...]:
    """Returns the time signatures that an encoding has tokens for."""
    table = encoding.table
    kinds = [name for name, kind in table.kinds.items() if kind.role in (Role.METER, Role.BAR)]
    return table.values[kinds[0]] if kinds else ()


def keep(encoding: Encoding, kind: str, chosen: np.ndarray) -> np.ndarray:
    """Returns all tokens but those of `kind` that are not `chosen`: bool[voices, V].

    `chosen` is bool[values] or bool[voices, values].
    """
    allowed = np.ones((encoding.voice_count, len(encoding.vocabulary)), bool)
    if kind in encoding.table:
        allowed[:, encoding.table.ids(kind)] = chosen
    return allowed


def _check_span(text: str, encoding: Encoding) -> None:
    parse_span(text)


def _check_density_of_seconds(text: str, encoding: Encoding) -> None:
    if parse_span(text)[1] == 0:
        raise ValueError("a piece has notes, so the highest value is above 0")


def _check_meter(text: str, encoding: Encoding) -> None:
    if text not in meters_of(encoding):
        raise ValueError(f"a time signature is one of {', '.join(meters_of(encoding))}")


def _restrict_meter(value: str, encoding: Encoding) -> np.ndarray:
    table = encoding.table
    is_chosen = np.array([name.partition(":")[2] == value for name in table.vocabulary])
    return np.tile(~table.of_role(Role.METER, Role.BAR) | is_chosen, (encoding.voice_count, 1))


def _restrict_key(value: str, encoding: Encoding) -> np.ndarray:
    scale = parse_key(value).pitch_classes
    chords = [{(root + step) % 12 for step in steps} for root in range(len(ROOTS)) for steps in QUALITIES.values()]
    allowed = keep(encoding, "pitch", np.isin(encoding.table.numbers("pitch") % 12, list(scale)))
    allowed &= keep(encoding, "chord", np.array([chord <= scale for chord in chords]))
    return allowed


def _restrict_voice_ranges(value: str, encoding: Encoding) -> np.ndarray:
    ranges = parse_voice_ranges(value, encoding.voices)
    lowest, highest = np.array([ranges.get(voice, (0, 127)) for voice in range(encoding.voice_count)]).T[..., None]
    pitches = encoding.table.numbers("pitch")
    return keep(encoding, "pitch", (pitches >= lowest) & (pitches <= highest))


def _restrict_span(kind: str) -> Callable[[str, Encoding], np.ndarray]:
    def restrict(value: str, encoding: Encoding) -> np.ndarray:
        lowest, highest = parse_span(value)
        numbers = encoding.table.numbers(kind)
        return keep(encoding, kind, (numbers >= lowest) & (numbers <= highest))

    return restrict


def _check_tempo(text: str, encoding: Encoding) -> None:
    lowest, highest = parse_span(text)
    if highest < TEMPOS[0] or lowest > TEMPOS[-1]:
        raise ValueError(f"the tempos there are go from {TEMPOS[0]} to {TEMPOS[-1]} quarters a minute")


def _restrict_tempo(value: str, encoding: Encoding) -> np.ndarray:
    """Returns the marks that are asked for, or the nearest one. What is written is exact: see `prompts.completion`."""
    return keep(encoding, "tempo", marks_within(*parse_span(value)))


def _restrict_hits(value: str, encoding: Encoding) -> np.ndarray:
    names, known = {name.strip().lower() for name in value.split(",")}, encoding.table.values["hit"]
    for name in sorted(names - set(known)):
        raise UnknownName("drum", name, known)
    return keep(encoding, "hit", np.isin(known, list(names)))


def _restrict_instruments(value: str, encoding: Encoding) -> np.ndarray:
    programs, has_drums = parse_instruments(value)
    allowed = keep(encoding, "drum", np.full(128, has_drums))
    allowed &= keep(encoding, "program", np.isin(np.arange(128), list(programs)))
    return allowed


CATALOGUE = (
    Constraint("prompt_bars", int, "bars", "so many bars of the prompt are kept", bounds={"ge": 1}),
    Constraint("prompt_seconds", float, "no bars", "so many seconds of the prompt are kept", bounds={"gt": 0}),
    Constraint(
        "fill", str, "bars", "bars of the prompt that are drawn again between the others, first and last: 5-8",
        _check_span,
    ),
    Constraint(
        "variation", float, "bars", "the share of the prompt's bars, chosen by chance, that are drawn again: 0.3",
        lambda value, _: check_share(value),
    ),
    Constraint(
        "variation_seed", int, "bars", "which bars a variation draws again; another number chooses others",
        bounds={"ge": 0},
    ),
    Constraint(
        "harmonise", str, "voices", "the voices of the prompt that are given, S or SB; the others are found",
        lambda text, encoding: parse_voices(text, encoding.voices),
    ),
    Constraint(
        "harmonise", bool, "chord", "true: the melody of the prompt is given, and its chord symbols are found"
    ),
    Constraint(
        "accompany", str, "program",
        "the instruments of the prompt that are given, or melody; the others are found: flute",
    ),
    Constraint(
        "bars", int, "bars", "exactly so many full bars, with music in the last; no pickup but a prompt's",
        bounds={"ge": 1, "le": MAX_BARS},
    ),
    Constraint(
        "seconds", float, "bars", "as many bars as come nearest; in a prompt's meter, else by default in 4/4",
        bounds={"gt": 0, "le": MAX_SECONDS},
    ),
    Constraint(
        "seconds", float, "no bars", "the last note begins within the last of so many",
        bounds={"gt": 0, "le": MAX_SECONDS},
    ),
    Constraint("time_signature", str, "bars", "one of {meters}", _check_meter, _restrict_meter),
    Constraint("density", str, "bars", "notes that begin in a full bar, minimum and maximum: 4-12", _check_span),
    Constraint(
        "density", str, "no bars", "notes that begin in a full second, minimum and maximum: 2-8; drawing is slower",
        _check_density_of_seconds,
    ),
    Constraint(
        "key", str, "pitch", "Cmaj, Amin (with raised 6th and 7th), F#dor, Ephr, Flyd, Gmix, Bloc",
        lambda text, _: parse_key(text), _restrict_key,
    ),
    Constraint(
        "parallels", bool, "voices",
        "0: no two voices move in parallel fifths, octaves or unisons; 1: they may. Default: 0, but 1 for fill, "
        "variation and harmonise",
    ),
    Constraint(
        "crossings", bool, "voices",
        "0: no voice sings below its lower neighbour, nor below where that was; 1: it may. Default: as for parallels",
    ),
    Constraint(
        "range", str, "voices", "MIDI pitches by voice: S:60-79,B:40-60",
        lambda text, encoding: parse_voice_ranges(text, encoding.voices), _restrict_voice_ranges,
    ),
    Constraint("range", str, "pitch", "lowest and highest MIDI pitch: 48-72", _check_span, _restrict_span("pitch")),
    Constraint("instruments", str, "hit", "nothing else is hit: kick,snare,closed-hat", restrict=_restrict_hits),
    Constraint(
        "instruments", str, "program", "nothing else plays: piano,violin,drums", restrict=_restrict_instruments
    ),
    Constraint(
        "tempo", str, "tempo", f"quarters a minute, one or lowest and highest, of {TEMPOS[0]} to {TEMPOS[-1]}: 100-120",
        _check_tempo, _restrict_tempo,
    ),
    Constraint(
        "tempo", str, "bars", f"quarters a minute at which it is written, from {TEMPOS[0]} to {TEMPOS[-1]}: 120",
        _check_tempo,
    ),
    Constraint(
        "tempo", str, "no bars",
        f"quarters a minute in the file, from {TEMPOS[0]} to {TEMPOS[-1]}: 120; the notes are as fast as ever",
        _check_tempo,
    ),
    Constraint(
        "velocity", str, "velocity", "lowest and highest, of 1-127: 40-80", _check_span, _restrict_span("velocity")
    ),
)  # fmt: skip
"""Of several constraints of one name, an encoding has the first that it can have."""


class EncodingConstraints(Options):
    """The base of the constraints of each encoding: what holds between constraints."""

    @field_validator("variation", check_fields=False)
    @classmethod
    def _check_fill_or_variation(cls, value: float | None, info: ValidationInfo) -> float | None:
        if value is not None and info.data.get("fill") is not None:
            raise ValueError("fill says which bars are drawn again, and variation leaves them to chance; ask for one")
        return value

    @field_validator("variation_seed", check_fields=False)
    @classmethod
    def _check_seed_has_variation(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value is not None and info.data.get("variation") is None:
            raise ValueError("it chooses the bars of a variation; ask for variation too")
        return value


def constraints_by_name(encoding: Encoding) -> dict[str, Constraint]:
    """Returns the constraints that an encoding has."""
    traits = {"bars": encoding.has_bars, "no bars": not encoding.has_bars, "voices": bool(encoding.voices)}
    found: dict[str, Constraint] = {}
    for constraint in CATALOGUE:
        if traits.get(constraint.needs, constraint.needs in encoding.table):
            found.setdefault(constraint.name, constraint)
    return found


def constraint_options(encoding: Encoding) -> type[Options]:
    """Returns the options in which the constraints of an encoding are given."""
    return _options({name: [(one, encoding)] for name, one in constraints_by_name(encoding).items()}, named=False)


def all_constraint_options() -> type[Options]:
    """Returns the constraints of all encodings together; each description says which encodings have it."""
    found: dict[str, list[tuple[Constraint, Encoding]]] = {constraint.name: [] for constraint in CATALOGUE}
    for encoding in (kind() for kind in ENCODINGS.values()):
        for name, constraint in constraints_by_name(encoding).items():
            found[name].append((constraint, encoding))
    return _options(found, named=True)


def _options(found: Mapping[str, list[tuple[Constraint, Encoding]]], named: bool) -> type[Options]:
    """Options of the constraints in some encodings; `named` says which encodings these are."""
    fields: dict[str, Any] = {}
    for name, pairs in found.items():
        texts: dict[str, list[str]] = {}
        for constraint, encoding in pairs:
            text = constraint.description.format(meters=", ".join(meters_of(encoding)))
            texts.setdefault(text, []).append(encoding.name)
        description = "; ".join(f"{text} ({', '.join(names)})" if named else text for text, names in texts.items())
        constraint, encoding = pairs[0]
        fields[name] = (_checked(constraint, encoding), Field(None, description=description, **constraint.bounds))
    return create_model("Constraints", __base__=EncodingConstraints, **fields)


def _checked(constraint: Constraint, encoding: Encoding) -> Any:
    """Returns the type of an optional value that is kept as it was written."""

    def check(value: Any) -> Any:
        if constraint.check is not None:
            constraint.check(value, encoding)
        return value

    return Annotated[constraint.kind, AfterValidator(check)] | None
