"""Chorales that sampling starts from: pieces that are continued, filled in, varied, or harmonised.

A document of a chorale is a grid, four tokens a 16th, so the places of all that is given are known before anything is
drawn. Voices that are given may leave the `key` and the `range` that are asked of the others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seqgen import BOS, EOS, Prompt, UnusableFile, UsageError
from seqgen_midi.constraints.chorale import ChoraleConstraints, allowed_pitches, chorale_grammar_of, voices_of
from seqgen_midi.constraints.prompt_options import emptied_bars, keeps_its_bars
from seqgen_midi.encodings.chorale_grammar import chorale_grammar, default_pitches
from seqgen_midi.music.chorale import HEADER, HOLD_ID, REST, Chorale, tokens
from seqgen_midi.music.keys import parse_key
from seqgen_midi.music.voices import VOICES

FREE = -1


def chorale_prompt(item: Chorale, constraints: ChoraleConstraints | None, tempo: int) -> Prompt:
    """What sampling starts from; raises UsageError and ImpossibleConstraints."""
    constraints = constraints or ChoraleConstraints()
    silent = [voice.name.lower() for number, voice in enumerate(VOICES) if (item.array()[:, number] < 0).all()]
    if 0 < len(silent) < len(VOICES) and constraints.harmonise is None:
        raise UsageError(
            f"The prompt has no {' and no '.join(silent)}; have them found (harmonise=S where the soprano is given), "
            "or give a prompt in four voices."
        )
    if constraints.prompt_bars is not None:
        grid = item.grid[: item.pickup + constraints.prompt_bars * item.bar]
        if constraints.harmonise is not None or constraints.draws_within:
            # What is drawn around is a whole piece, and none ends in silence.
            while grid and set(grid[-1]) == {REST}:
                grid = grid[:-1]
        item = Chorale(item.meter, item.pickup, grid)
    if constraints.harmonise is not None:
        if constraints.draws_within:
            raise UsageError("harmonise draws whole voices, and fill and variation whole bars; ask for one of them.")
        return harmonised(item, constraints)
    return refilled(item, constraints) if constraints.draws_within else continued(item, constraints, tempo)


def continued(item: Chorale, constraints: ChoraleConstraints, tempo: int) -> Prompt:
    """All of `item` without its end, and the grammar of what it may become; its pickup and its meter stay.

    Raises UsageError when the piece cannot be continued into what is asked for, ImpossibleConstraints when nothing can.
    """
    content = content_of(item)
    pitches = allowed_pitches(constraints)
    full = len(item.grid) - item.pickup
    if constraints.bars is not None and full >= constraints.bars * item.bar:
        raise UsageError(
            f"The prompt has {-(-full // item.bar)} bars and bars={constraints.bars} was asked for, so nothing is "
            f"left to continue; ask for more bars or for fewer of the prompt's with prompt_bars."
        )
    grammar = chorale_grammar_of(constraints, tempo, item.meter, item.pickup)
    check_pitches(item, constraints, pitches)
    ids = np.concatenate([[BOS], content]).astype(np.int32)
    try:
        grammar.unroll(ids)
    except ValueError as error:
        if constraints.density is not None or constraints.seconds is not None:
            raise UsageError(
                "The prompt has other bars than density or seconds ask for; ask for what the prompt has too."
            ) from error
        raise UsageError(
            "The prompt holds a note that never began; give a prompt that was read from a file."
        ) from error
    return Prompt(ids, grammar)


def content_of(item: Chorale) -> np.ndarray:
    """The ids of a prompt, without BOS and EOS; raises UsageError for what the encoding has no tokens for."""
    try:
        return tokens(item)
    except UnusableFile as error:
        raise UsageError(f"The prompt cannot be continued: {error.reason}; choose another one.") from error


def harmonised(item: Chorale, constraints: ChoraleConstraints) -> Prompt:
    """The voices that are asked for are given, from beginning to end, and all others are free.

    A prompt of fewer voices sings the ones that are named, in their order.
    """
    voices = voices_of(constraints.harmonise or "")
    grid = item.array()
    sung = np.flatnonzero((grid >= 0).any(0))
    if len(sung) == len(voices):
        grid = np.full_like(grid, REST)
        grid[:, voices] = item.array()[:, sung]
        item = Chorale(item.meter, item.pickup, tuple(map(tuple, grid.tolist())))
    free = np.ones(grid.shape, bool)
    free[:, voices] = False
    if any(not (grid[:, voice] >= 0).any() for voice in voices):
        raise UsageError("A voice that is given is silent in the prompt; name the voices that it has.")
    return given_but(item, free, constraints, [number for number in range(len(VOICES)) if number not in voices])


def refilled(item: Chorale, constraints: ChoraleConstraints) -> Prompt:
    """The bars that are asked for are free, and all around them is given; notes that cross their edges are kept."""
    bar = np.array([item.bar_of(column) for column in range(len(item.grid))])
    emptied = np.concatenate([[False], emptied_bars(constraints, int(bar[-1]))])
    columns = emptied[bar]
    free = np.repeat(columns[:, None], len(VOICES), 1)
    for voice in range(len(VOICES)):
        for note in item.notes(voice):
            if not columns[note.start : note.end].all():
                free[note.start : note.end, voice] = False
    return given_but(item, free, constraints, range(len(VOICES)))


def given_but(item: Chorale, free: np.ndarray, constraints: ChoraleConstraints, bound: Sequence[int]) -> Prompt:
    """All of a chorale is given but the cells bool[columns, 4] that are free; wishes bind the voices `bound`.

    What is given from the beginning on is read at once. Raises UsageError, and ImpossibleConstraints.
    """
    keeps_its_bars(constraints)
    content = content_of(item)
    pitches = default_pitches()
    pitches[bound] = allowed_pitches(constraints)[bound]
    kept = np.where(free, REST, item.array())
    check_pitches(Chorale(item.meter, item.pickup, tuple(map(tuple, kept.tolist()))), constraints, pitches)
    if not free.any():
        raise UsageError("Every note in these bars sounds across their edges and is kept; ask for more bars.")
    ids = np.concatenate([[BOS], content, [EOS]]).astype(np.int32)
    # A note that is given ends where it ended, so what is free does not begin by holding it on.
    first = free & ~np.concatenate([np.zeros((1, len(VOICES)), bool), free[:-1]])
    found = np.where(first, FREE - HOLD_ID, FREE).ravel()
    begins = HEADER + len(VOICES) * int(np.argmax(free.any(1)))
    content = np.where(free.ravel(), found, ids[HEADER:-1])
    given = np.concatenate([ids[:HEADER], content, [EOS]])[begins:]
    grammar = chorale_grammar((item.meter,), pitches, pickups=(item.pickup,))
    return Prompt(ids[:begins], grammar, given.astype(np.int32))


def check_pitches(item: Chorale, constraints: ChoraleConstraints, pitches: np.ndarray) -> None:
    """Raises UsageError that names the first pitch of the prompt outside pitches[4, 128], and the constraint."""
    for column, codes in enumerate(item.grid):
        for voice, pitch in enumerate(codes):
            if pitch < 0 or pitches[voice, pitch]:
                continue
            in_key = constraints.key is None or pitch % 12 in parse_key(constraints.key).pitch_classes
            what = f"range={constraints.range}" if in_key else f"key={constraints.key}"
            raise UsageError(
                f"The prompt's {VOICES[voice].name.lower()} sings pitch {pitch} in bar {item.bar_of(column)}, against "
                f"{what}; ask for what the prompt has or give another prompt."
            )
