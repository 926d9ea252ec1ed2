"""Accompanies a piece: all its notes are given, and other players are drawn beside them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from seqgen import BOS, EOS, Grammar, Prompt
from seqgen.grammar import concatenate, one_of, optional, repeat, union
from seqgen_midi.constraints.grammar import allowed_tokens
from seqgen_midi.constraints.request import Request
from seqgen_midi.encodings.base import Encoding
from seqgen_midi.encodings.tokens import Role
from seqgen_midi.prompts.infilling import Part, prompt_of_parts


def accompany(encoding: Encoding, ids: np.ndarray, request: Request) -> Prompt:
    """Returns the documents that hold all notes of `ids`, with notes of other players between them.

    A player is a part of a program, or the drum kit. Raises UsageError, ImpossibleConstraints.
    """
    request.check_keeps_bars(has_tempos="tempo" in encoding.table)
    table = encoding.table
    allowed = allowed_tokens(request, encoding)[0] & ~table.of_role(Role.BAR, Role.TEMPO)
    allowed[[BOS, EOS]] = False
    if table.of_kind("drum")[ids].any():
        allowed &= ~table.of_kind("drum")
    return prompt_of_parts(encoding, _parts(encoding, ids, allowed))


def other_parts(encoding: Encoding, ids: np.ndarray) -> dict[int, np.ndarray]:
    """Returns what may follow each program of `ids`: bool[V].

    It must be another part than those that play there.

    That is the token of another part; or a pitch, where the first part of the program does not play.
    """
    table = encoding.table
    is_part, is_pitch = table.of_kind("part"), table.of_kind("pitch")
    place = np.flatnonzero(table.of_kind("program")[ids])
    following: dict[int, set[int]] = {}
    for program, token in zip(ids[place].tolist(), ids[place + 1].tolist(), strict=True):
        following.setdefault(program, set()).add(token if is_part[token] else -1)
    tokens = np.arange(len(is_part))
    return {
        program: is_part & ~np.isin(tokens, list(played)) | is_pitch & (-1 not in played)
        for program, played in following.items()
    }


def _parts(encoding: Encoding, ids: np.ndarray, allowed: np.ndarray) -> Iterator[Part]:
    """Yields the given tokens, and between notes that are given any notes of the tokens `allowed` bool[V]."""
    table = encoding.table
    others = other_parts(encoding, ids)
    is_position, is_bar, begins_note = (
        table.of_kind("position"),
        table.of_role(Role.BAR),
        table.of_kind("program", "drum"),
    )
    within = _notes(encoding, others, allowed & ~is_position)
    last_position = -1
    for place, token in enumerate(ids[1:].tolist(), start=1):
        position = int(table.value[token])
        if is_position[token]:
            between = is_position & (table.value > last_position) & (table.value < position)
            yield _notes(encoding, others, allowed & (~is_position | between))
            last_position = position
        elif begins_note[token]:
            yield within
        yield token
        if place + 1 == len(ids) or is_bar[ids[place + 1]]:
            yield _notes(encoding, others, allowed & (~is_position | (table.value > last_position)))
            last_position = -1


def _notes(encoding: Encoding, others: dict[int, np.ndarray], allowed: np.ndarray) -> Grammar:
    """Returns the grammar of any notes after a given one. They begin with no duration, which would prolong it.

    others: what may follow the programs that are given; see `other_parts`
    """
    is_free = allowed.copy()
    is_free[list(others)] = False
    number = np.arange(len(allowed))
    shared = [
        concatenate(one_of(number == program), one_of(following & allowed))
        for program, following in others.items()
        if allowed[program] and (following & allowed).any()
    ]
    first = union(one_of(is_free & ~encoding.table.of_kind("duration")), *shared)
    return optional(concatenate(first, repeat(union(one_of(is_free), *shared))))
