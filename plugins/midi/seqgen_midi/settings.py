"""The settings of the domain: the encoding, what it takes, and the tempo of files."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from seqgen import Options
from seqgen_midi.encodings import ENCODINGS, find_encoding
from seqgen_midi.encodings.base import Encoding
from seqgen_midi.encodings.score import MAX_PARTS
from seqgen_midi.music.meters import METERS

DEFAULT_ENCODING = "chorale"
"""The encoding of a domain whose encoding has not been inferred yet."""


def _number(value: Any) -> Any:
    """Returns the number that a word of the command line says; pydantic compares choices without converting words."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def _defaults(option: str) -> str:
    """Returns the defaults of an option, for its description: "4 for melody, 12 for score"."""
    return ", ".join(
        f"{encoding.default_options[option]} for {name}"
        for name, encoding in ENCODINGS.items()
        if option in encoding.default_options
    )


class MidiSettings(Options):
    """How music becomes tokens, and the tempo at which it is written."""

    encoding: str | None = Field(
        None,
        description="; ".join(f"{name}: {encoding.summary}" for name, encoding in ENCODINGS.items())
        + "; by default inferred from the files",
    )
    tempo: int = Field(
        80,
        ge=20,
        le=300,
        description="quarter notes a minute in files that are written; score and performance have their own",
    )
    resolution: Annotated[Literal[2, 4, 6, 8, 12, 16, 24] | None, BeforeValidator(_number)] = Field(
        None,
        description=f"grid steps in a quarter: 2, 4, 6, 8, 12, 16 or 24; by default {_defaults('resolution')}",
    )
    velocity_bins: int | None = Field(
        None,
        ge=1,
        le=127,
        description=f"how many velocities are distinguished; by default {_defaults('velocity_bins')}",
    )
    parts: int | None = Field(
        None,
        ge=1,
        le=MAX_PARTS,
        description=f"how many tracks of one program are distinguished; by default {_defaults('parts')}",
    )
    pedal_tokens: bool | None = Field(
        None,
        description="whether the sustain pedal of a performance is written as tokens; by default notes sound until it "
        "comes up",
    )
    infer_chords: bool | None = Field(
        None,
        description="whether chord symbols are inferred for melodies that have none; by default there are none then",
    )
    one_beat_meter: str | None = Field(
        None,
        description="the time signature in which MIDI files are read that say 1/4 and so count beats, not bars, such "
        "as 4/4; by default as they say",
    )

    expand_repeats: bool = Field(False, description="whether repeats of scores are played out, as people hear them")

    @field_validator("one_beat_meter")
    @classmethod
    def _check_one_beat_meter(cls, value: str | None) -> str | None:
        if value is not None and value not in METERS:
            raise ValueError(f"a time signature is one of {', '.join(METERS)}")
        return value

    @field_validator("encoding")
    @classmethod
    def _check_encoding(cls, value: str | None) -> str | None:
        return value if value is None else find_encoding(value).name

    @field_validator("resolution", "velocity_bins", "parts", "pedal_tokens", "infer_chords")
    @classmethod
    def _check_encoding_takes_it(cls, value: int | None, info: ValidationInfo) -> int | None:
        takers = [name for name, encoding in ENCODINGS.items() if info.field_name in encoding.default_options]
        if value is not None and info.data.get("encoding") not in (None, *takers):
            raise ValueError(f"only the encodings {', '.join(takers)} have it")
        return value

    def make_encoding(self) -> Encoding:
        """Returns the encoding that is set, or the default one."""
        kind = find_encoding(self.encoding or DEFAULT_ENCODING)
        values = {name: getattr(self, name) for name in kind.default_options}
        return kind(**{name: value for name, value in values.items() if value is not None})
