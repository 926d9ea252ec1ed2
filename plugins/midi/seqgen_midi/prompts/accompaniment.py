"""Accompanies a piece: all its notes are given, and other players are drawn beside them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from seqgen import BOS, EOS, Grammar, Prompt
from seqgen.grammar import concatenate, one_of, optional, repeat
from seqgen_midi.constraints.grammar import allowed_tokens
from seqgen_midi.constraints.request import Request
from seqgen_midi.encodings.base import Encoding
from seqgen_midi.encodings.tokens import Role
from seqgen_midi.prompts.infilling import Part, prompt_of_parts


def accompany(encoding: Encoding, ids: np.ndarray, request: Request) -> Prompt:
    """The documents that hold all notes of `ids`, with notes of other players between them.

    A player is a program, in all its parts, or the drum kit. Raises UsageError, ImpossibleConstraints.
    """
    request.check_keeps_bars(has_tempos="tempo" in encoding.table)
    table = encoding.table
    allowed = allowed_tokens(request, encoding)[0] & ~table.of_role(Role.BAR, Role.TEMPO)
    allowed[[BOS, EOS]] = False
    allowed[ids[table.of_kind("program")[ids]]] = False
    if table.of_kind("drum")[ids].any():
        allowed &= ~table.of_kind("drum")
    return prompt_of_parts(encoding, _parts(encoding, ids, allowed))


def _parts(encoding: Encoding, ids: np.ndarray, allowed: np.ndarray) -> Iterator[Part]:
    """The given tokens, and between notes that are given any notes of the tokens `allowed` bool[V]."""
    table = encoding.table
    is_position, is_bar, begins_note = (
        table.of_kind("position"),
        table.of_role(Role.BAR),
        table.of_kind("program", "drum"),
    )
    within = _notes(encoding, allowed & ~is_position)
    last_position = -1
    for place, token in enumerate(ids[1:].tolist(), start=1):
        position = int(table.value[token])
        if is_position[token]:
            between = is_position & (table.value > last_position) & (table.value < position)
            yield _notes(encoding, allowed & (~is_position | between))
            last_position = position
        elif begins_note[token]:
            yield within
        yield token
        if place + 1 == len(ids) or is_bar[ids[place + 1]]:
            yield _notes(encoding, allowed & (~is_position | (table.value > last_position)))
            last_position = -1


def _notes(encoding: Encoding, allowed: np.ndarray) -> Grammar:
    """Any notes after a given one. They begin with no duration, which would prolong the given one."""
    first = allowed & ~encoding.table.of_kind("duration")
    return optional(concatenate(one_of(first), repeat(one_of(allowed))))
