"""The grammar of an encoding under constraints."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from seqgen import EmptyLanguage, Grammar, ImpossibleConstraints, Options, UsageError
from seqgen.grammar import with_budget
from seqgen_midi.constraints.catalogue import MAX_BARS, constraints_by_name, meters_of
from seqgen_midi.constraints.request import Request
from seqgen_midi.constraints.values import parse_span, parse_voice_ranges
from seqgen_midi.encodings.base import Encoding
from seqgen_midi.music.keys import Key
from seqgen_midi.music.meters import bar_quarters

DISPENSABLE_KINDS = ("program", "drum")
"""Kinds of tokens that a piece can do without."""


def grammar_of(encoding: Encoding, constraints: Options | None, default_tempo: int) -> Grammar:
    """Returns the grammar of an encoding narrowed by `constraints`.

    `default_tempo`, in quarters a minute, is the tempo of an encoding without tempos. Raises ImpossibleConstraints, and
    UsageError for constraints that contradict each other.
    """
    request = Request.of(constraints)
    if "tempo" not in encoding.table:
        default_tempo, request = request.tempo_near(default_tempo), replace(request, tempo=None)
    if request == Request():
        return encoding.automaton
    return narrow(encoding, seconds_as_bars(request, encoding, default_tempo))


def narrow(
    encoding: Encoding,
    request: Request,
    allowed: np.ndarray | None = None,
    *,
    keep_meters: bool = False,
    has_ending: bool = True,
    final_key: Key | None = None,
    may_have_pickup: bool | None = None,
) -> Grammar:
    """Returns the grammar of an encoding narrowed by a request, and to the tokens `allowed` bool[voices, V].

    The grammar of an encoding without bars does not count notes (`Encoding.density_mask`). `has_ending` says whether a
    chorale of so many bars, or in a key, ends with a triad, and `final_key` on whose tonic it is, if the request leaves
    that open. `may_have_pickup` is that of `Encoding.narrow`.
    """
    tokens = allowed_tokens(request, encoding)
    if allowed is not None:
        tokens &= allowed
    key = request.parsed_key or final_key
    density = request.density_span if encoding.has_bars else None
    try:
        grammar = encoding.narrow(
            tokens, request.bars, density, keep_meters=keep_meters, key=key, has_ending=has_ending,
            may_have_pickup=may_have_pickup,
        )  # fmt: skip
    except EmptyLanguage as error:
        if key is None or not encoding.is_grid:
            raise
        raise ImpossibleConstraints(
            f"No piece can end on the tonic of key={request.key} within what else was asked for; ask for a wider range."
        ) from error
    if request.seconds is None or encoding.has_bars:
        return grammar
    return with_budget(grammar, encoding.seconds_budget(request.seconds))


def allowed_tokens(request: Request, encoding: Encoding) -> np.ndarray:
    """Returns the tokens that a request leaves to each voice: bool[voices, V].

    Raises ImpossibleConstraints that names the first constraint that leaves no token of a kind.
    """
    allowed = np.ones((encoding.voice_count, len(encoding.vocabulary)), bool)
    if "pitch" in encoding.table:
        ids = np.arange(len(encoding.vocabulary))
        lowest, highest = encoding.pitch_limits.T[..., None]
        allowed &= ~encoding.table.of_kind("pitch") | ((ids >= lowest) & (ids <= highest))
    for name, constraint in constraints_by_name(encoding).items():
        value = getattr(request, name)
        if value is None or constraint.restrict is None:
            continue
        allowed &= constraint.restrict(value, encoding)
        for kind in encoding.table.kinds:
            is_left = allowed[:, encoding.table.ids(kind)].any(axis=1)
            if not is_left.all() and kind not in DISPENSABLE_KINDS and len(encoding.table.ids(kind)):
                raise ImpossibleConstraints(_nothing_left(encoding, request, name, kind, int(np.argmin(is_left))))
    return allowed


def _nothing_left(encoding: Encoding, request: Request, name: str, kind: str, row: int) -> str:
    if kind != "pitch" or not encoding.voices:
        return f"No {kind} that the encoding has is left by {name}={getattr(request, name)}; ask for more."
    voice = encoding.voices[row]
    ranges = {} if request.range is None else parse_voice_ranges(request.range, encoding.voices)
    lowest, highest = ranges.get(row, (voice.lowest, voice.highest))
    if lowest > voice.highest or highest < voice.lowest:
        return (
            f"The {voice.name.lower()} sings from {voice.lowest} to {voice.highest}, and its range was asked to be "
            f"{lowest} to {highest}; ask for pitches that it has."
        )
    return (
        f"The {voice.name.lower()} has no pitch of {request.key} between {lowest} and {highest}; widen its range or "
        "change the key."
    )


def seconds_as_bars(request: Request, encoding: Encoding, default_tempo: int) -> Request:
    """Returns the same request with a length in bars in place of one in seconds, in an encoding with bars."""
    if request.seconds is None or not encoding.has_bars:
        return request
    tempo = default_tempo
    if "tempo" in encoding.table:
        tempo, highest = parse_span(request.tempo or "0-1")
        if tempo != highest:
            raise UsageError("Seconds are counted at one tempo; ask for one, such as tempo=120.")
    meter = request.time_signature or meters_of(encoding)[0]
    bars = bars_in(request.seconds, tempo, bar_quarters(meter))
    return replace(request, seconds=None, bars=bars, time_signature=meter)


def bars_in(seconds: float, tempo: float, quarters: float, before: int = 0) -> int:
    """Returns how many bars of so many quarters come nearest to `seconds`; with those `before`, at least one.

    Raises ImpossibleConstraints for more than MAX_BARS.
    """
    bars = max(1, before + round(seconds * tempo / 60 / quarters))
    if bars > MAX_BARS:
        raise ImpossibleConstraints(
            f"{seconds:g} seconds are {bars - before} bars at {tempo:g} quarters a minute, and {MAX_BARS} are the "
            "most; ask for fewer."
        )
    return bars
