"""The values of the constraints, whichever of them the encoding has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seqgen import Options, UsageError
from seqgen_midi.constraints.values import parse_span
from seqgen_midi.music.keys import Key, parse_key

PROMPT_CONSTRAINTS = ("prompt_bars", "prompt_seconds", "fill", "variation", "harmonise", "accompany")
"""The constraints that need a prompt."""
BAR_CONSTRAINTS = ("bars", "seconds", "time_signature", "density", "tempo")
"""The constraints on whole bars, which cannot be changed where notes are drawn within a prompt."""


@dataclass(frozen=True)
class Request:
    """The values of all constraints by name, as the user wrote them; None for a constraint that is not given."""

    prompt_bars: int | None = None
    prompt_seconds: float | None = None
    fill: str | None = None
    variation: float | None = None
    variation_seed: int | None = None
    harmonise: str | bool | None = None
    accompany: str | None = None
    bars: int | None = None
    seconds: float | None = None
    time_signature: str | None = None
    density: str | None = None
    key: str | None = None
    parallels: bool | None = None
    crossings: bool | None = None
    range: str | None = None
    instruments: str | None = None
    tempo: str | None = None
    velocity: str | None = None

    @classmethod
    def of(cls, constraints: Options | None) -> Request:
        """Returns the request of an encoding's constraints. Raises UsageError where they contradict each other."""
        values: dict[str, Any] = dict(constraints or ())
        request = cls(**values)
        if request.bars is not None and request.seconds is not None:
            raise UsageError("bars and seconds both say how long; ask for one of them.")
        if request.empties_bars + bool(request.harmonise) + (request.accompany is not None) > 1:
            raise UsageError(
                "fill and variation draw bars again, and harmonise and accompany keep them all; ask for one of them."
            )
        return request

    @property
    def empties_bars(self) -> bool:
        """Whether some bars of a prompt are drawn again."""
        return self.fill is not None or self.variation is not None

    @property
    def density_span(self) -> tuple[int, int] | None:
        """The minimum and maximum number of notes that begin in a bar."""
        return None if self.density is None else parse_span(self.density)

    @property
    def parsed_key(self) -> Key | None:
        """The key that was asked for."""
        return None if self.key is None else parse_key(self.key)

    def tempo_near(self, tempo: int) -> int:
        """Returns the tempo nearest to `tempo` that was asked for, in quarters a minute."""
        if self.tempo is None:
            return tempo
        lowest, highest = parse_span(self.tempo)
        return min(max(tempo, lowest), highest)

    def check_needs_no_prompt(self) -> None:
        """Raises UsageError for a constraint that needs a prompt."""
        for name in PROMPT_CONSTRAINTS:
            if getattr(self, name) is not None:
                raise UsageError(f"{name} is asked of a prompt; give one with --prompt FILE.")

    def check_keeps_bars(self, has_tempos: bool) -> None:
        """Raises UsageError for a constraint on the bars of a prompt that notes are drawn within.

        `has_tempos` says whether bars have tempos in the encoding. Otherwise any tempo can be written.
        """
        for name in BAR_CONSTRAINTS:
            if getattr(self, name) is not None and (name != "tempo" or has_tempos):
                raise UsageError(f"What is drawn within a prompt keeps the prompt's bars; leave out {name}.")
