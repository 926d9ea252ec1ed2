"""Every constraint: which encodings have it, its type and description there, and the tokens that it leaves.

Which constraints an encoding has follows from its tokens, so a new encoding has them without a line of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, Field, ValidationInfo, create_model, field_validator

from seqgen import Options, UnknownName
from seqgen_midi.constraints.values import (
    KeyName,
    Span,
    checked,
    one_of,
    parse_share,
    parse_span,
    parse_voice_ranges,
    parse_voices,
)
from seqgen_midi.encodings import ENCODINGS, Encoding
from seqgen_midi.encodings.tokens import Role
from seqgen_midi.music.chords import QUALITIES, ROOTS
from seqgen_midi.music.instruments import parse_instruments
from seqgen_midi.music.keys import parse_key

MAX_BARS = 200
MAX_SECONDS = 3600
TypedField = tuple[Any, Any]
"""The type of a constraint, and pydantic's field with its description and bounds."""
Restriction = Callable[[Any, Encoding], np.ndarray]
"""From the value of a constraint and an encoding, the tokens that are left to each voice: bool[rows, V]."""


@dataclass(frozen=True)
class Constraint:
    """One constraint.

    field:    gives type and description in an encoding; None where the encoding does not have the constraint
    restrict: the tokens that it leaves; None for a constraint that does not forbid tokens
    """

    field: Callable[[Encoding], TypedField | None]
    restrict: Restriction | None = None


def meters_of(encoding: Encoding) -> tuple[str, ...]:
    """The time signatures that an encoding has tokens for."""
    table = encoding.table
    kinds = [name for name, kind in table.kinds.items() if kind.role in (Role.METER, Role.BAR)]
    return table.values[kinds[0]] if kinds else ()


def _with(
    has: Callable[[Encoding], bool], kind: Any, description: str, **limits: Any
) -> Callable[[Encoding], TypedField | None]:
    """The field of a constraint that is the same in all encodings that have it."""

    def field(encoding: Encoding) -> TypedField | None:
        return (kind, Field(None, description=description, **limits)) if has(encoding) else None

    return field


def _has_bars(encoding: Encoding) -> bool:
    return encoding.has_bars


def _has(kind: str) -> Callable[[Encoding], bool]:
    return lambda encoding: kind in encoding.table


def _seconds(encoding: Encoding) -> TypedField:
    description = (
        "as many bars as come nearest; in a prompt's meter, else 4/4 unless you say otherwise"
        if encoding.has_bars
        else "the last note begins within the last of so many"
    )
    return float | None, Field(None, gt=0, le=MAX_SECONDS, description=description)


def _bars(encoding: Encoding) -> TypedField | None:
    if not encoding.has_bars:
        return None
    has_pickup = any(kind.role is Role.DOCUMENT for kind in encoding.table.kinds.values())
    description = (
        "exactly so many full bars; no pickup but a prompt's" if has_pickup
        else "exactly so many; there is music in the last"
    )  # fmt: skip
    return int | None, Field(None, ge=1, le=MAX_BARS, description=description)


def _time_signature(encoding: Encoding) -> TypedField | None:
    meters = meters_of(encoding)
    return (
        (one_of(meters, "a time signature"), Field(None, description=f"one of {', '.join(meters)}")) if meters else None
    )


def _density(encoding: Encoding) -> TypedField | None:
    if not encoding.has_bars:
        return None
    bar = "notes of all voices that begin in a full bar: 8-16" if encoding.voices else (
        "notes that begin in a bar, fewest and most: 4-12"
    )  # fmt: skip
    return Span, Field(None, description=bar)


def _harmonise(encoding: Encoding) -> TypedField | None:
    if encoding.voices:
        kind = checked(str, lambda text: parse_voices(text, encoding.voices))
        return kind, Field(None, description="the voices of the prompt that are given, S or SB; the others are found")
    if "chord" in encoding.table:
        return bool | None, Field(
            None, description="true: the melody of the prompt is given, and its chord symbols are found"
        )
    return None


def _range(encoding: Encoding) -> TypedField | None:
    if "pitch" not in encoding.table:
        return None
    if encoding.voices:
        kind = checked(str, lambda text: parse_voice_ranges(text, encoding.voices))
        return kind, Field(None, description="MIDI pitches by voice: S:60-79,B:40-60")
    return Span, Field(None, description="lowest and highest MIDI pitch: 48-72")


def _instruments(encoding: Encoding) -> TypedField | None:
    if "hit" in encoding.table:
        return str | None, Field(None, description="nothing else is hit: kick,snare,closed-hat")
    if "program" in encoding.table:
        return str | None, Field(None, description="nothing else plays: piano,violin,drums")
    return None


def keep(encoding: Encoding, kind: str, chosen: np.ndarray) -> np.ndarray:
    """All tokens but those of `kind` that are not `chosen` bool[values], or bool[rows, values]: bool[rows, V]."""
    allowed = np.ones((max(1, len(encoding.voices)), len(encoding.vocabulary)), bool)
    if kind in encoding.table:
        allowed[:, encoding.table.ids(kind)] = chosen
    return allowed


def _numbers(encoding: Encoding, kind: str) -> np.ndarray:
    return np.array(encoding.table.values.get(kind, ()), dtype=int)


def _restrict_meter(value: str, encoding: Encoding) -> np.ndarray:
    table = encoding.table
    chosen = [number for number, name in enumerate(table.vocabulary) if name.partition(":")[2] == value]
    is_chosen = np.isin(np.arange(len(table.vocabulary)), chosen)
    allowed = ~table.of_role(Role.METER, Role.BAR) | is_chosen
    return np.tile(allowed, (max(1, len(encoding.voices)), 1))


def _restrict_key(value: str, encoding: Encoding) -> np.ndarray:
    scale = parse_key(value).pitch_classes
    chords = [{(root + step) % 12 for step in steps} for root in range(len(ROOTS)) for steps in QUALITIES.values()]
    pitches = keep(encoding, "pitch", np.isin(_numbers(encoding, "pitch") % 12, list(scale)))
    return pitches & keep(encoding, "chord", np.array([chord <= scale for chord in chords]))


def _restrict_range(value: str, encoding: Encoding) -> np.ndarray:
    pitches = _numbers(encoding, "pitch")
    if not encoding.voices:
        lowest, highest = parse_span(value)
        return keep(encoding, "pitch", (pitches >= lowest) & (pitches <= highest))
    ranges = parse_voice_ranges(value, encoding.voices)
    bounds = np.array([ranges.get(number, (0, 127)) for number in range(len(encoding.voices))])
    return keep(encoding, "pitch", (pitches >= bounds[:, :1]) & (pitches <= bounds[:, 1:]))


def _restrict_span(kind: str) -> Restriction:
    def restrict(value: str, encoding: Encoding) -> np.ndarray:
        lowest, highest = parse_span(value)
        numbers = _numbers(encoding, kind)
        return keep(encoding, kind, (numbers >= lowest) & (numbers <= highest))

    return restrict


def _restrict_instruments(value: str, encoding: Encoding) -> np.ndarray:
    if "hit" in encoding.table:
        names = {name.strip().lower() for name in value.split(",")}
        known = encoding.table.values["hit"]
        for name in sorted(names - set(known)):
            raise UnknownName("drum", name, known)
        return keep(encoding, "hit", np.isin(known, list(names)))
    programs, has_drums = parse_instruments(value)
    drums = keep(encoding, "drum", np.full(128, has_drums))
    return drums & keep(encoding, "program", np.isin(np.arange(128), list(programs)))


_KEY = "Cmaj, Amin (with raised 6th and 7th), F#dor, Ephr, Flyd, Gmix, Bloc"
CATALOGUE: Mapping[str, Constraint] = {
    "prompt_bars": Constraint(_with(_has_bars, int | None, "so many bars of the prompt are kept", ge=1)),
    "prompt_seconds": Constraint(
        _with(lambda encoding: not encoding.has_bars, float | None, "so many seconds of the prompt are kept", gt=0)
    ),
    "fill": Constraint(
        _with(_has_bars, Span, "bars of the prompt that are drawn again between the others, first and last: 5-8")
    ),
    "variation": Constraint(
        _with(
            _has_bars,
            Annotated[float, AfterValidator(parse_share)] | None,
            "the share of the prompt's bars, chosen by chance, that are drawn again: 0.3",
        )
    ),
    "variation_seed": Constraint(
        _with(_has_bars, int | None, "which bars a variation draws again; another number chooses others", ge=0)
    ),
    "harmonise": Constraint(_harmonise),
    "accompany": Constraint(
        _with(
            _has("program"),
            str | None,
            "the instruments of the prompt that are given, or melody; the others are found: flute",
        )
    ),
    "bars": Constraint(_bars),
    "seconds": Constraint(_seconds),
    "time_signature": Constraint(_time_signature, _restrict_meter),
    "density": Constraint(_density),
    "key": Constraint(_with(_has("pitch"), KeyName, _KEY), _restrict_key),
    "range": Constraint(_range, _restrict_range),
    "instruments": Constraint(_instruments, _restrict_instruments),
    "tempo": Constraint(
        _with(_has("tempo"), Span, "quarters a minute, lowest and highest or one: 100-120"), _restrict_span("tempo")
    ),
    "velocity": Constraint(
        _with(_has("velocity"), Span, "lowest and highest, of 1-127: 40-80"), _restrict_span("velocity")
    ),
}


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


def constraints_of(encoding: Encoding) -> type[Options]:
    """The constraints that an encoding has."""
    fields = {name: constraint.field(encoding) for name, constraint in CATALOGUE.items()}
    present: dict[str, Any] = {name: field for name, field in fields.items() if field is not None}
    return create_model("Constraints", __base__=EncodingConstraints, **present)


def all_constraints() -> type[Options]:
    """The constraints of all encodings together; each description says which encodings have it."""
    fields: dict[str, Any] = {}
    for name, constraint in CATALOGUE.items():
        descriptions: dict[str, list[str]] = {}
        for encoding in ENCODINGS.values():
            field = constraint.field(encoding())
            if field is not None:
                descriptions.setdefault(field[1].description or "", []).append(encoding.name)
                fields.setdefault(name, field)
        text = "; ".join(f"{description} ({', '.join(names)})" for description, names in descriptions.items())
        fields[name] = (fields[name][0], Field(None, description=text))
    return create_model("Constraints", __base__=EncodingConstraints, **fields)
