"""Draws parts of a piece again: bars (fill, variation), voices or chord symbols (harmonise), a melody over chords.

Where a document has one token for each step, the positions of all that is given are known, and the prompt says which
token stands at each position. Otherwise nobody knows how many tokens stand between what is given. Then what is given
becomes a grammar: a concatenation of parts, intersected with the encoding's grammar. Every document of it holds all
that is given, at its place and nothing in its stead. How near the documents that are drawn come to the
distribution p(document | given) depends on the number of particles of sequential Monte Carlo (`--num-particles`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from seqgen import BOS, EOS, Grammar, ImpossibleConstraints, Prompt, UsageError
from seqgen.grammar import concatenate, intersect, one_of, optional, repeat, sequences
from seqgen_midi.constraints.grammar import allowed_tokens
from seqgen_midi.constraints.request import Request
from seqgen_midi.constraints.values import parse_span, parse_voices
from seqgen_midi.encodings.base import Encoding
from seqgen_midi.encodings.tokens import Role
from seqgen_midi.music.chords import QUALITIES
from seqgen_midi.music.keys import Key
from seqgen_midi.music.meters import begins_with_pickup
from seqgen_midi.prompts.continuation import OF_WHOLE_DOCUMENT, check_tokens, keep_values
from seqgen_midi.prompts.key_resolution import CONDITION_GUIDANCE

Part = int | Grammar
"""A given token, or a grammar of what is drawn."""
ANY_TOKEN = -1
"""In a template, a position where any token may stand; −1 − t is a position where any but t may."""
MUSIC = (Role.NOTE, Role.MODIFIER)
STEPS = (Role.NOTE, Role.MODIFIER, Role.REST)
"""The roles of the tokens that last a step in an encoding that is a grid."""


def infill(encoding: Encoding, ids: np.ndarray, request: Request) -> Prompt:
    """Returns the prompt that draws some bars again. All others are given.

    Raises UsageError and ImpossibleConstraints.

    A bar that is drawn again keeps its time signature. On a grid, a note that crosses the edge of such a bar is kept
    whole.
    """
    request.check_keeps_bars(has_tempos="tempo" in encoding.table)
    bars = encoding.bars(ids)
    emptied = np.append(emptied_bars(request, len(bars)), False)
    is_free = emptied[bars.numbers(len(ids))]
    size = length_without_silence(encoding, ids, is_free)
    ids, is_free = ids[:size], is_free[:size]
    if not encoding.is_grid:
        return prompt_of_parts(encoding, _event_parts(encoding, ids, is_free, _drawable_tokens(encoding, request)))
    template = _grid_template(encoding, ids, is_free)
    if "chord" in encoding.table:
        return _with_chords(encoding, template, is_free, request)
    return _from_template(encoding, template, request, np.ones(encoding.voice_count, bool))


def harmonise(encoding: Encoding, ids: np.ndarray, request: Request) -> Prompt:
    """Returns the prompt that draws other voices to those that are given, or chord symbols to given notes.

    The constraints `key` and `range` hold only for what is drawn.
    """
    request.check_keeps_bars(has_tempos="tempo" in encoding.table)
    ids = ids[: length_without_silence(encoding, ids, np.zeros(len(ids), bool))]
    if isinstance(request.harmonise, str):
        is_drawn = np.ones(len(encoding.voices), bool)
        is_drawn[parse_voices(request.harmonise, encoding.voices)] = False
        is_free = is_drawn[encoding.voice_numbers(ids)]
        return _from_template(encoding, _grid_template(encoding, ids, is_free), request, is_drawn)
    return _with_chords(encoding, ids, np.ones(len(ids), bool), request)


def _with_chords(encoding: Encoding, template: np.ndarray, is_free: np.ndarray, request: Request) -> Prompt:
    """Returns the prompt of a template int[n] in which chord symbols are drawn where it is free bool[n]."""
    prompt = prompt_of_parts(encoding, _grid_parts(encoding, template, is_free, _drawable_tokens(encoding, request)))
    return replace(prompt, conditions=encoding.template_conditions(template, request.parsed_key, is_free))


def play_over_chords(encoding: Encoding, ids: np.ndarray, request: Request, key: Key | None) -> Prompt:
    """Returns the prompt that draws a melody over the chord symbols of a document without notes.

    key: the key of the lead sheet, if it says one

    The melody ends on the tonic if the last chord is the one on the tonic. Raises UsageError for a request that is
    about notes of the prompt, and ImpossibleConstraints.
    """
    if request.empties_bars or request.harmonise:
        raise UsageError(
            "The prompt has chord symbols and no notes, so a melody is drawn; leave out fill and harmonise."
        )
    request.check_keeps_bars(has_tempos="tempo" in encoding.table)
    table = encoding.table
    template = np.where(table.of_role(*STEPS)[ids], ANY_TOKEN, ids).astype(np.int32)
    key = request.parsed_key or key or encoding.draw_key(ids, np.random.default_rng(0))
    chords = table.value[ids[table.of_role(Role.CHORD)[ids]]]
    ends_on_tonic = chords[-1] // len(QUALITIES) == key.tonic
    everything = np.ones((1, len(table.vocabulary)), bool)
    grammar = encoding.narrow(everything, key=key if ends_on_tonic else None, may_have_pickup=True)
    step = one_of(_drawable_tokens(encoding, request) & table.of_role(*STEPS))
    parts = (step if token < 0 else token for token in template[1:].tolist())
    grammar = grammar_of_parts(grammar, parts)
    ids = common_beginning(grammar)
    # The model hears all chord symbols ahead, so the notes are drawn freely between them and need no particles.
    return Prompt(
        ids, grammar, conditions=encoding.template_conditions(template, key), unconditional=ids,
        guidance=CONDITION_GUIDANCE,
    )  # fmt: skip


def emptied_bars(request: Request, bars: int) -> np.ndarray:
    """Returns which bars of a prompt are drawn again: bool[bars].

    Raises UsageError if the prompt does not have them.
    """
    emptied = np.zeros(bars, bool)
    if request.fill is not None:
        first, last = parse_span(request.fill)
        if not 1 <= first <= last <= bars:
            raise UsageError(
                f"The prompt has bars 1 to {bars}, and fill={request.fill} was asked for; ask for bars that it has."
            )
        emptied[first - 1 : last] = True
    if request.variation is not None:
        rng = np.random.default_rng(request.variation_seed or 0)
        emptied[rng.permutation(bars)[: max(1, round(request.variation * bars))]] = True
    return emptied


def length_without_silence(encoding: Encoding, ids: np.ndarray, is_free: np.ndarray) -> int:
    """Returns the length of a document without its end from which silent bars, or columns, at the end are removed.

    No document ends in silence, but the first bars of one can. What is drawn again, bool[n], is not silent.
    """
    table = encoding.table
    heard = np.flatnonzero(table.of_role(*MUSIC)[ids] | is_free)
    if not len(heard):
        return len(ids)
    bars = np.append(np.flatnonzero(table.of_role(Role.BAR)[ids]), len(ids))
    if len(bars) > 1:
        return int(bars[np.searchsorted(bars, heard[-1], side="right")])
    first = int(np.argmax(table.of_role(*STEPS)[ids]))
    columns = (int(heard[-1]) - first) // len(encoding.voices) + 1
    return min(len(ids), first + columns * len(encoding.voices))


def _drawable_tokens(encoding: Encoding, request: Request) -> np.ndarray:
    """Returns the tokens that a request leaves to notes that are drawn within a bar: bool[V]."""
    allowed: np.ndarray = allowed_tokens(request, encoding)[0] & ~encoding.table.of_role(Role.BAR)
    allowed[[BOS, EOS]] = False
    return allowed


def _grid_template(encoding: Encoding, ids: np.ndarray, is_free: np.ndarray) -> np.ndarray:
    """Returns what may stand at each position of a document on a grid: int[n].

    An entry is an id, ANY_TOKEN, or −1 − t for any token but t.

    `is_free` bool[n] says which steps are drawn again. A note that is partly given is given whole, so that what is free
    after it does not begin by holding it on.
    """
    voices = encoding.voice_count
    steps = np.flatnonzero(encoding.table.of_role(*STEPS)[ids])
    note = encoding.note_numbers(ids)[steps]
    is_given_note = np.bincount(note + 1, weights=~is_free[steps]) > 0
    is_drawn = is_free[steps] & ~((note >= 0) & is_given_note[note + 1])
    follows_drawn = np.concatenate([np.zeros(voices, bool), is_drawn])[: len(steps)]
    any_but_hold = -1 - encoding.table.first("hold") if "hold" in encoding.table else ANY_TOKEN
    template = ids.astype(np.int32)
    template[steps] = np.where(is_drawn, np.where(follows_drawn, ANY_TOKEN, any_but_hold), ids[steps])
    return template


def _from_template(encoding: Encoding, template: np.ndarray, request: Request, is_drawn: np.ndarray) -> Prompt:
    """Returns the prompt of a template int[n] in which the constraints hold for the voices `is_drawn` bool[voices]."""
    free = np.flatnonzero(template < 0)
    if not len(free):
        raise UsageError("Every note in these bars sounds across their edges and is kept; ask for more bars.")
    if is_drawn.all():
        check_tokens(encoding, np.maximum(template, BOS), request)
    allowed = allowed_tokens(request, encoding)
    allowed[~is_drawn] |= allowed_tokens(Request(), encoding)[~is_drawn]
    grammar = encoding.narrow(allowed & keep_values(encoding.table, template[template >= 0], OF_WHOLE_DOCUMENT))
    given = np.append(template, EOS)[free[0] :]
    known = encoding.template_conditions(template, request.parsed_key)
    return Prompt(template[: free[0]], grammar, given.astype(np.int32), conditions=known)


def _grid_parts(encoding: Encoding, template: np.ndarray, is_free: np.ndarray, allowed: np.ndarray) -> Iterator[Part]:
    """Yields the parts of a template int[n]; chord symbols are drawn again in the bars that are free bool[n]."""
    table = encoding.table
    is_chord, is_bar, is_step = table.of_role(Role.CHORD), table.of_role(Role.BAR), table.of_role(*STEPS)
    drawable = allowed & ~is_chord
    drawn = {ANY_TOKEN: one_of(drawable)}
    chord = one_of(allowed & is_chord)
    maybe_chord = optional(chord)
    places = _chord_places(encoding, template)
    step, bar = 0, -1
    for token, free in zip(template[1:].tolist(), is_free[1:].tolist(), strict=True):
        if token < 0 or is_step[token]:
            required, possible = places[bar]
            if free and step in required:
                yield chord
            elif free and step in possible:
                yield maybe_chord
            step += 1
        elif is_bar[token]:
            step, bar = 0, bar + 1
        if token >= 0:
            if not (free and is_chord[token]):
                yield token
            continue
        if token not in drawn:
            drawn[token] = one_of(drawable & (np.arange(len(drawable)) != -1 - token))
        yield drawn[token]


def _chord_places(encoding: Encoding, template: np.ndarray) -> list[tuple[frozenset[int], frozenset[int]]]:
    """Returns for each bar of a template int[n] the steps that must and that may have a chord symbol before them."""
    known = np.maximum(template, BOS)
    bars = encoding.bars(known)
    is_step = encoding.table.of_role(*STEPS)[known] | (template < 0)
    counts = np.add.reduceat(is_step, bars.starts) if len(bars) else np.zeros(0, int)
    has_pickup = begins_with_pickup(bars.quarters)
    return [
        encoding.chord_steps(count, is_pickup=number == 0 and has_pickup)
        for number, count in enumerate(counts.tolist())
    ]


def _event_parts(encoding: Encoding, ids: np.ndarray, is_free: np.ndarray, allowed: np.ndarray) -> Iterator[Part]:
    """Returns the parts of bars in which notes stand at positions.

    A free bar, bool[n], keeps only its meter and its tempo.
    """
    begins_bar, has_tempo = encoding.table.of_role(Role.BAR, Role.TEMPO), encoding.table.of_role(Role.TEMPO)
    drawn = repeat(one_of(allowed & ~begins_bar))
    for place in range(1, len(ids)):
        if not is_free[place] or begins_bar[ids[place]]:
            yield int(ids[place])
            if is_free[place] and not has_tempo[ids[place + 1 : place + 2]].any():
                yield drawn


def prompt_of_parts(encoding: Encoding, parts: Iterable[Part]) -> Prompt:
    """Returns the prompt of all documents that are these parts, one after the other. Raises ImpossibleConstraints."""
    given = grammar_of_parts(encoding.automaton, parts)
    return Prompt(common_beginning(given), encoding.automaton, given)


def grammar_of_parts(grammar: Grammar, parts: Iterable[Part]) -> Grammar:
    """Returns the documents of a grammar that are these parts, one after the other. Raises ImpossibleConstraints."""
    try:
        return intersect(grammar, _join(parts, grammar.vocabulary_size))
    except ImpossibleConstraints as error:
        raise ImpossibleConstraints(
            "No piece, or none that the automaton has room for, holds what is given and is as asked; ask for less at "
            "once, or give a shorter prompt."
        ) from error


def _join(parts: Iterable[Part], vocabulary_size: int) -> Grammar:
    grammars: list[Grammar] = []
    tokens: list[int] = []
    for part in parts:
        if isinstance(part, int):
            tokens.append(part)
        else:
            grammars += [sequences([tokens], vocabulary_size), part]
            tokens = []
    return concatenate(*grammars, sequences([tokens], vocabulary_size))


def common_beginning(grammar: Grammar) -> np.ndarray:
    """Returns the ids with which every document begins: int32[n]."""
    ids, state = [BOS], grammar.start
    while grammar.allowed[state].sum() == 1 and not grammar.allowed[state, EOS]:
        ids.append(int(np.argmax(grammar.allowed[state])))
        state = int(grammar.next_state[state, ids[-1]])
    return np.array(ids, np.int32)
