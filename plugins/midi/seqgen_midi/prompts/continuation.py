"""Pieces that are gone on with: the grammar of what the beginning of a document may become."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqgen import BOS, EOS, Grammar, Prompt, UsageError
from seqgen.grammar import intersect
from seqgen_midi.constraints.lengths import bars_in, check_one_length
from seqgen_midi.constraints.pieces import counts_seconds_in_bars, narrowed, piece_grammar_of
from seqgen_midi.encodings.automata import one, pattern, without
from seqgen_midi.encodings.base import PieceEncoding
from seqgen_midi.encodings.tokens import TokenTable
from seqgen_midi.music.meters import EIGHTHS, TEMPOS

HEADS = ("bar", "tempo")
"""The kinds of tokens that a bar begins with."""


def continued(encoding: PieceEncoding, ids: np.ndarray, constraints: Any) -> Prompt:
    """A document without its end, and the grammar of what it may become."""
    timed = counts_seconds_in_bars(constraints, encoding.table)
    grammar = lasting(encoding, ids, constraints) if timed else piece_grammar_of(encoding, constraints)
    try:
        grammar.unroll(ids)
    except ValueError as error:
        raise UsageError(
            "The prompt does not fit what was asked for: it is longer, or has another time signature, key or range; "
            "ask for what the prompt has, or keep less of it with prompt_bars or prompt_seconds."
        ) from error
    return Prompt(ids, going_on_alike(ids, grammar, encoding.table) if timed else grammar)


def lasting(encoding: PieceEncoding, ids: np.ndarray, constraints: Any) -> Grammar:
    """The documents of as many bars as come nearest to the seconds asked for, if those after `ids` are as its last.

    Their meters and tempos are those of `ids`. Raises UsageError, ImpossibleConstraints.
    """
    check_one_length(constraints)
    table, tempo = encoding.table, encoding.settings.tempo
    quarters = EIGHTHS[table.value[ids[table.among(ids, "bar")]]] / 2
    timed = "tempo" in table.kinds
    tempos = TEMPOS[table.value[ids[table.among(ids, "tempo")]]] if timed else np.full(len(quarters), tempo)
    lasts = float((60 * quarters / tempos).sum())
    rest = constraints.seconds - lasts
    if rest * tempos[-1] / 60 < -quarters[-1] / 2:
        raise UsageError(
            f"The prompt lasts {lasts:.3g} seconds, and seconds={constraints.seconds:g} was asked for; ask for more, "
            "or keep fewer of its bars with prompt_bars."
        )
    bars = bars_in(rest, float(tempos[-1]), float(quarters[-1]), before=len(quarters))
    heads = np.isin(table.kind, [table.kinds[kind] for kind in HEADS if kind in table.kinds])
    heads[ids] = False
    asked = constraints.model_copy(update={"seconds": None, "bars": bars})
    return narrowed(without(encoding.automaton, heads), table, asked, tempo, every_meter=True)


def going_on_alike(ids: np.ndarray, grammar: Grammar, table: TokenTable) -> Grammar:
    """The documents that begin with `ids` and whose further bars are all in the meter and the tempo of the last."""
    alike = np.ones(len(table.vocabulary), bool)
    alike[[BOS, EOS]] = False
    for kind in HEADS:
        if kind in table.kinds:
            alike[table.ids(kind)] = False
            alike[ids[table.among(ids, kind)][-1]] = True
    slots = [*(one(token, len(alike)) for token in ids[1:]), (alike, "any")]
    return intersect(grammar, pattern(slots, len(alike)))
