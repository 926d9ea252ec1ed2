"""Continues a piece: the grammar of the documents that begin with it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from seqgen import EOS, Grammar, Prompt, UsageError
from seqgen.grammar import intersect, one_of, prepend, repeat
from seqgen_midi.constraints.grammar import allowed_tokens, bars_in, narrow
from seqgen_midi.constraints.request import Request
from seqgen_midi.encodings.base import Encoding
from seqgen_midi.encodings.tokens import Role, TokenTable
from seqgen_midi.music.keys import parse_key

OF_WHOLE_DOCUMENT = (Role.METER, Role.DOCUMENT)
OF_WHOLE_BARS = (Role.BAR, Role.TEMPO)


def continue_piece(encoding: Encoding, ids: np.ndarray, request: Request, default_tempo: int) -> Prompt:
    """A document without its end, and the grammar of what it can become; raises UsageError, ImpossibleConstraints.

    Under a constraint on the length or on the density of bars, further bars have meters and tempos of the prompt.
    """
    table = encoding.table
    is_timed = request.seconds is not None and encoding.has_bars
    kept_roles: tuple[Role, ...] = OF_WHOLE_DOCUMENT
    if encoding.has_bars:
        check_length(encoding, ids, request)
        if is_timed or request.bars is not None or request.density is not None:
            kept_roles = (*kept_roles, *OF_WHOLE_BARS)
    if is_timed:
        request = replace(request, seconds=None, bars=bars_for_seconds(encoding, ids, request, default_tempo))
    check_tokens(encoding, ids, request)
    allowed = keep_values(table, ids, kept_roles)
    grammar = narrow(encoding, request, allowed, keep_meters=True)
    try:
        grammar.unroll(ids)
    except ValueError as error:
        raise UsageError(
            "The prompt does not fit what was asked for: it is longer, or has bars with other numbers of notes; ask "
            "for what the prompt has, or keep less of it with prompt_bars or prompt_seconds."
        ) from error
    has_bar_tokens = table.of_role(Role.BAR).any()
    return Prompt(ids, continue_alike(ids, grammar, table) if is_timed and has_bar_tokens else grammar)


def keep_values(table: TokenTable, ids: np.ndarray, roles: tuple[Role, ...]) -> np.ndarray:
    """All tokens but those of `roles` that are not among `ids`: bool[V]. A role that `ids` lack is left open."""
    allowed = np.ones(len(table.vocabulary), bool)
    for role in roles:
        of_role = table.of_role(role)
        if of_role[ids].any():
            allowed &= ~of_role | np.isin(np.arange(len(allowed)), ids)
    return allowed


def check_length(encoding: Encoding, ids: np.ndarray, request: Request) -> None:
    """Raises UsageError for a prompt that has all the bars of the constraint `bars`, or more."""
    bars = encoding.bars(ids)
    number = request.bars
    if number is not None and (number < len(bars) or (number == len(bars) and bars.is_last_complete)):
        raise UsageError(
            f"The prompt has {len(bars)} bars and bars={number} was asked for, so nothing is left to continue; ask for "
            "more bars or for fewer of the prompt's with prompt_bars."
        )


def check_tokens(encoding: Encoding, ids: np.ndarray, request: Request) -> None:
    """Raises UsageError that names the first token of the prompt that a constraint forbids, and the constraint."""
    table = encoding.table
    voice = encoding.voice_numbers(ids)
    forbidden = np.flatnonzero(~allowed_tokens(request, encoding)[voice, ids] & (ids > EOS))
    if not len(forbidden):
        return
    position = int(forbidden[0])
    name, _, value = encoding.vocabulary[int(ids[position])].partition(":")
    role = table.kinds[name].role
    if role in (Role.METER, Role.BAR):
        raise UsageError(
            f"The prompt is in {value} and time_signature={request.time_signature} was asked for; ask for the prompt's."
        )
    bar = int(encoding.bars(ids).numbers(len(ids))[position]) + 1 if encoding.has_bars else 0
    place = f" in bar {bar}" if encoding.has_bars else ""
    if name == "pitch":
        in_key = request.key is None or int(value) % 12 in parse_key(request.key).pitch_classes
        constraint = f"range={request.range}" if in_key else f"key={request.key}"
        singer = f"'s {encoding.voices[voice[position]].name.lower()} sings" if encoding.voices else " has"
        raise UsageError(
            f"The prompt{singer} pitch {value}{place}, against {constraint}; ask for what the prompt has or give "
            "another prompt."
        )
    raise UsageError(
        f"The prompt has {name} {value}{place}, which was not asked for; ask for what the prompt has or give another "
        "prompt."
    )


def bars_for_seconds(encoding: Encoding, ids: np.ndarray, request: Request, default_tempo: int) -> int:
    """The number of bars that comes nearest to the constraint `seconds`, if bars after the prompt are like its last.

    Raises UsageError for a prompt that is longer, and ImpossibleConstraints.
    """
    table, bars = encoding.table, encoding.bars(ids)
    is_tempo = table.of_role(Role.TEMPO)[ids]
    tempos = (
        np.array([float(encoding.vocabulary[int(token)].partition(":")[2]) for token in ids[is_tempo]])
        if is_tempo.any()
        else np.full(len(bars), float(default_tempo))
    )
    seconds = request.seconds or 0
    length = float((60 * bars.quarters / tempos).sum())
    rest = seconds - length
    if rest * tempos[-1] / 60 < -bars.quarters[-1] / 2:
        raise UsageError(
            f"The prompt lasts {length:.3g} seconds, and seconds={seconds:g} was asked for; ask for more, or keep "
            "fewer of its bars with prompt_bars."
        )
    return bars_in(rest, float(tempos[-1]), float(bars.quarters[-1]), before=len(bars))


def continue_alike(ids: np.ndarray, grammar: Grammar, table: TokenTable) -> Grammar:
    """The documents that begin with `ids` and whose further bars all have the meter and the tempo of the last one."""
    alike = np.ones(len(table.vocabulary), bool)
    for role in OF_WHOLE_BARS:
        of_role = table.of_role(role)
        if of_role.any():
            alike &= ~of_role
            alike[ids[of_role[ids]][-1]] = True
    return intersect(grammar, prepend(ids[1:].tolist(), repeat(one_of(alike))))
