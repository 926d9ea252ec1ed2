"""Pieces that sampling starts from: continued, filled in, varied, given chord symbols, or accompanied.

How many tokens stand between what is given is not known beforehand, so what is given becomes an automaton: a row of
slots (`automata.pattern`), its product with the encoding's own. Whatever is drawn under it holds all that is given, at
its place and nothing in its stead: that is exact. Which of the possible documents is drawn comes near p(document |
given) only as `--num-particles` grow: candidates are drawn without looking ahead, and weighed
(`seqgen.engine.weighing`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from seqgen import BOS, EOS, Grammar, ImpossibleConstraints, Prompt, UsageError
from seqgen.grammar import intersect
from seqgen_midi.constraints.pieces import forbidden_by
from seqgen_midi.constraints.prompt_options import emptied_bars, keeps_its_bars
from seqgen_midi.encodings.automata import Slot, one, pattern
from seqgen_midi.encodings.base import PieceEncoding
from seqgen_midi.encodings.tokens import TokenTable
from seqgen_midi.music.instruments import DRUMS, name_of, programs_of
from seqgen_midi.music.piece import Piece
from seqgen_midi.prompts.continuation import continued

MELODY = "melody"
MUSIC = ("pitch", "drum", "hit", "hold")
"""The kinds of tokens that are heard."""


def piece_prompt(encoding: PieceEncoding, item: Piece, constraints: Any) -> Prompt:
    """What sampling starts from; raises UsageError and ImpossibleConstraints."""
    table = encoding.table
    accompany, harmonise = (getattr(constraints, name, None) for name in ("accompany", "harmonise"))
    if accompany is not None:
        item = played_by(accompany, item)
    seconds = getattr(constraints, "prompt_seconds", None)
    if seconds is not None:
        item = begun_within(seconds, item)
    ids = encoding.encode(item).ids[:-1]
    bars = np.flatnonzero(table.among(ids, "bar")) if "bar" in table.kinds else np.zeros(0, int)
    kept = getattr(constraints, "prompt_bars", None)
    if kept is not None and kept < len(bars):
        ids, bars = ids[: bars[kept]], bars[:kept]
    fills = getattr(constraints, "draws_within", False)
    if fills + (accompany is not None) + bool(harmonise) > 1:
        raise UsageError("fill and variation empty bars, harmonise and accompany keep them all; ask for one of them.")
    if not (fills or accompany or harmonise):
        return continued(encoding, ids, constraints)
    keeps_its_bars(constraints)
    allowed = ~forbidden_by(constraints, table)
    allowed[[BOS, EOS]] = allowed[table.ids("bar")] = False
    emptied = emptied_bars(constraints, len(bars)) if fills else np.full(len(bars), bool(harmonise))
    number = np.searchsorted(bars, np.arange(len(ids)), side="right") - 1
    if accompany is None:
        left = number < last_bar_of_music(ids, number, emptied & fills, table)
        ids, number = ids[left], number[left]
    if accompany is not None:
        slots = beside(ids, allowed, table)
    elif "chord" in table.kinds:
        slots = within_grid(ids, emptied[number], allowed, table, notes=not harmonise)
    else:
        slots = within_bars(ids, emptied[number], allowed, table)
    try:
        given = intersect(encoding.automaton, pattern(slots, len(table.vocabulary)))
    except ImpossibleConstraints as error:
        raise ImpossibleConstraints(
            "No piece, or none that the automaton has room for, holds what is given and is as asked; ask for less at "
            "once, or give a shorter prompt."
        ) from error
    return Prompt(certain(given), encoding.automaton, given)


def last_bar_of_music(ids: np.ndarray, number: np.ndarray, drawn: np.ndarray, table: TokenTable) -> int:
    """How many bars there are up to the last with music in it or, where `drawn` bool[bars], to be in it.

    number: int[n], the bar of each of `ids`. No document ends in silence, but the first bars of one may.
    """
    heard = np.isin(table.kind[ids], [table.kinds[kind] for kind in MUSIC if kind in table.kinds])
    music = np.flatnonzero(drawn | (np.bincount(number[heard], minlength=len(drawn)) > 0))
    return int(music[-1]) + 1 if len(music) else len(drawn)


def certain(grammar: Grammar) -> np.ndarray:
    """The ids with which every document begins, as far as each is the only one that may come next; EOS stays open."""
    ids, state = [BOS], grammar.start
    while grammar.allowed[state].sum() == 1 and not grammar.allowed[state, EOS]:
        ids.append(int(np.argmax(grammar.allowed[state])))
        state = int(grammar.next_state[state, ids[-1]])
    return np.array(ids, np.int32)


def within_bars(ids: np.ndarray, free: np.ndarray, allowed: np.ndarray, table: TokenTable) -> list[Slot]:
    """The slots of bars in which notes stand at positions: what is free bool[n] keeps its bar and tempo alone."""
    slots: list[Slot] = []
    bar, tempo = (table.kind == table.kinds.get(kind, len(table.kinds)) for kind in ("bar", "tempo"))
    head = bar | tempo
    for place in range(1, len(ids)):
        if not free[place] or head[ids[place]]:
            slots.append(one(ids[place], len(allowed)))
            if free[place] and (place + 1 == len(ids) or not tempo[ids[place + 1]]):
                slots.append((allowed & ~head, "any"))
    return slots


def within_grid(ids: np.ndarray, free: np.ndarray, allowed: np.ndarray, table: TokenTable, notes: bool) -> list[Slot]:
    """The slots of a melody; in what is free bool[n] are chord symbols found, and where `notes` is true the notes.

    A note that crosses the edge of what is free is kept whole.
    """
    steps = np.flatnonzero(table.kind[ids] >= table.kinds["rest"])
    note = np.cumsum(~table.among(ids[steps], "hold"))
    keeps = np.bincount(note, weights=~free[steps]) > 0
    kept = np.ones(len(ids), bool)
    if notes:
        kept[steps] = keeps[note]
    chords = np.isin(np.arange(len(allowed)), table.ids("chord"))
    # A note that is kept ends where it ended, so what is free does not begin by holding it on.
    held = chords | (np.arange(len(allowed)) == table.first("hold"))
    slots: list[Slot] = []
    last = True
    for place in range(1, len(ids)):
        if table.among(ids[place : place + 1], "chord")[0] and free[place]:
            continue
        slots.append(one(ids[place], len(allowed)) if kept[place] else (allowed & ~(held if last else chords), "one"))
        if table.kind[ids[place]] >= table.kinds["rest"]:
            last = bool(kept[place])
        if free[place] and table.among(ids[place : place + 1], "bar")[0]:
            slots.append((allowed & chords, "maybe"))
    return slots


def beside(ids: np.ndarray, allowed: np.ndarray, table: TokenTable) -> list[Slot]:
    """The slots of a score in which all notes of `ids` stand, and any others of other players between them.

    A player is a programme, in all its parts, or the drum kit.
    """
    size, kind, value = len(allowed), table.kind, table.value
    positions, tempos = (np.isin(np.arange(size), table.ids(name)) for name in ("position", "tempo"))
    allowed = allowed & ~tempos
    allowed[ids[table.among(ids, "program")]] = False
    if table.among(ids, "drum").any():
        allowed[table.ids("drum")] = False
    begins_note = {table.kinds["program"], table.kinds["drum"]}
    slots: list[Slot] = []
    reached = -1
    for place, token in enumerate(ids[1:].tolist(), start=1):
        following = int(kind[ids[place + 1]]) if place + 1 < len(ids) else -1
        if positions[token]:
            between = positions & (value > reached) & (value < value[token])
            slots += notes(allowed & (~positions | between), table)
            reached = int(value[token])
        elif int(kind[token]) in begins_note:
            slots += notes(allowed & ~positions, table)
        slots.append(one(token, size))
        if following in (-1, table.kinds["bar"]):
            slots += notes(allowed & (~positions | (value > reached)), table)
            reached = -1
    return slots


def notes(allowed: np.ndarray, table: TokenTable) -> list[Slot]:
    """The slots of any notes after one that is given: what comes first is no duration, which would prolong that one."""
    longer = np.isin(np.arange(len(allowed)), table.ids("duration"))
    return [(allowed & ~longer, "opens"), (allowed, "any")]


def begun_within(seconds: float, piece: Piece) -> Piece:
    """The notes that begin in the first seconds, whole; raises UsageError where none does."""
    begun = piece.seconds(piece.start) < seconds
    if not begun.any():
        first = float(piece.seconds(piece.start[:1])[0])
        raise UsageError(f"The prompt's first note begins after {first:g} seconds; keep more than that of it.")
    return with_notes(piece, begun)


def played_by(asked: str, piece: Piece) -> Piece:
    """The notes of the tracks that are asked for: instruments by name, the drums, or the highest track, the melody.

    Raises UsageError where the piece has none of them, UnknownName.
    """
    if asked.strip().lower() == MELODY:
        means = {
            number: piece.pitch[piece.track == number].mean()
            for number, track in enumerate(piece.tracks)
            if not track.drums and (piece.track == number).any()
        }
        chosen = [max(means, key=lambda number: float(means[number]))] if means else []
    else:
        names = [name.strip().lower() for name in asked.split(",")]
        programs = {program for name in names if name != DRUMS for program in programs_of(name)}
        chosen = [
            number
            for number, track in enumerate(piece.tracks)
            if (DRUMS in names if track.drums else track.program in programs)
        ]
    left = np.isin(piece.track, chosen)
    if not left.any():
        has = sorted({DRUMS if track.drums else name_of(track.program) for track in piece.tracks})
        raise UsageError(f"Nobody in the prompt is {asked}; it has {', '.join(has)}.")
    return with_notes(piece, left)


def with_notes(piece: Piece, kept: np.ndarray) -> Piece:
    """The piece with only those of its notes that are `kept` bool[notes]."""
    maps = {"tempos": piece.tempos, "meters": piece.meters, "chords": piece.chords}
    return Piece.of(piece.resolution, piece.tracks, [column[kept] for column in piece.notes], **maps)
