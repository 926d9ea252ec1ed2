"""Continues a piece: the grammar of the documents that begin with it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from seqgen import EOS, Grammar, Prompt, UsageError
from seqgen.grammar import intersect, one_of, prepend, repeat
from seqgen_midi.constraints.catalogue import constraints_by_name
from seqgen_midi.constraints.grammar import allowed_tokens, bars_in, narrow
from seqgen_midi.constraints.request import Request
from seqgen_midi.encodings.base import Encoding
from seqgen_midi.encodings.tokens import Role, TokenTable
from seqgen_midi.music.keys import Key, parse_key
from seqgen_midi.prompts.key_resolution import in_one_key

OF_WHOLE_DOCUMENT = (Role.METER, Role.DOCUMENT)
OF_WHOLE_BARS = (Role.BAR, Role.TEMPO)
COUNTING_CONSTRAINTS = {
    "density": "a bar of it has another number of notes",
    "bars": "it is longer, or ends too soon for what was asked",
    "seconds": "it is longer",
}
"""The constraints that count, and what a prompt is like that does not fit them."""


def continue_piece(encoding: Encoding, ids: np.ndarray, request: Request, default_tempo: int) -> Prompt:
    """Returns a document without its end, and the grammar of what it can become.

    Raises UsageError and ImpossibleConstraints.

    Under a constraint on the length or on the density of bars, further bars have meters and tempos of the prompt. They
    do not have the meter of its pickup.
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
    has_ending = request.bars is None or len(encoding.bars(ids)) < request.bars
    grammar = narrow(encoding, request, allowed, keep_meters=True, has_ending=has_ending)
    check_accepts(encoding, grammar, ids, request, allowed)
    if table.of_role(Role.BAR)[ids].any():
        if is_timed:
            grammar = continue_alike(ids, grammar, table)
        elif Role.BAR in kept_roles and (pickup := pickup_meter(encoding, ids)) is not None:
            grammar = continue_with(ids, grammar, np.arange(len(table.vocabulary)) != pickup)

    def narrow_to(asked: Request, key: Key) -> Grammar:
        return narrow(encoding, asked, allowed, keep_meters=True, has_ending=has_ending, final_key=key)

    return in_one_key(Prompt(ids, grammar), encoding, request, narrow_to)


def pickup_meter(encoding: Encoding, ids: np.ndarray) -> int | None:
    """Returns the token of a first bar that is shorter than the second, if no later bar of the prompt has it."""
    bars = encoding.bars(ids)
    if len(bars) < 2 or bars.quarters[0] >= bars.quarters[1]:
        return None
    first, *later = ids[bars.starts].tolist()
    return None if first in later else int(first)


def check_accepts(encoding: Encoding, grammar: Grammar, ids: np.ndarray, request: Request, allowed: np.ndarray) -> None:
    """Raises UsageError that names the constraints that keep the beginning of a document out of a narrowed grammar.

    `allowed` bool[V] are the tokens that the grammar was narrowed to, beside the request.
    """
    density = None if encoding.has_bars else request.density_span
    if density is not None and not encoding.has_density(ids, density):
        raise UsageError(
            f"The prompt does not fit density={request.density}: a second of it has another number of notes; ask for "
            "what the prompt has, or keep less of it with prompt_seconds."
        )
    if begins_with(grammar, ids):
        return
    for name in COUNTING_CONSTRAINTS:
        value = getattr(request, name)
        if value is None:
            continue
        others = narrow(encoding, replace(request, **{name: None}), allowed, keep_meters=True, has_ending=False)
        if begins_with(others, ids):
            raise UsageError(
                f"The prompt does not fit {name}={value}: {COUNTING_CONSTRAINTS[name]}; ask for what the prompt has, "
                "or keep less of it with prompt_bars or prompt_seconds."
            )
    constraints = [
        f"{name}={getattr(request, name)}" for name in COUNTING_CONSTRAINTS if getattr(request, name) is not None
    ]
    raise UsageError(
        f"The prompt does not fit {' and '.join(constraints) or 'the encoding'}; ask for what the prompt has, or keep "
        "less of it with prompt_bars or prompt_seconds."
    )


def begins_with(grammar: Grammar, ids: np.ndarray) -> bool:
    """Whether a document of the grammar begins with `ids`."""
    try:
        grammar.unroll(ids)
    except ValueError:
        return False
    return True


def keep_values(table: TokenTable, ids: np.ndarray, roles: tuple[Role, ...]) -> np.ndarray:
    """Returns all tokens but those of `roles` that are not among `ids`: bool[V].

    A role that `ids` lack is left open.
    """
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
    constraint = _forbidding(encoding, request, int(voice[position]), int(ids[position]))
    raise UsageError(
        f"The prompt has {name} {value}{place}, against {constraint}; "
        "ask for what the prompt has or give another prompt."
    )


def _forbidding(encoding: Encoding, request: Request, voice: int, token: int) -> str:
    """Returns the first constraint that forbids a token to a voice, with its value."""
    for name, constraint in constraints_by_name(encoding).items():
        value = getattr(request, name)
        if value is not None and constraint.restrict and not constraint.restrict(value, encoding)[voice, token]:
            return f"{name}={value}"
    return "the pitches of the encoding"


def bars_for_seconds(encoding: Encoding, ids: np.ndarray, request: Request, default_tempo: int) -> int:
    """Returns the number of bars that comes nearest to the constraint `seconds`.

    Bars after the prompt are taken to be like its last.

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
    """Returns the grammar of the documents that begin with `ids` and go on in the same way.

    All further bars have the meter and the tempo of the last one.
    """
    alike = np.ones(len(table.vocabulary), bool)
    for role in OF_WHOLE_BARS:
        of_role = table.of_role(role)
        if of_role.any():
            alike &= ~of_role
            alike[ids[of_role[ids]][-1]] = True
    return continue_with(ids, grammar, alike)


def continue_with(ids: np.ndarray, grammar: Grammar, allowed: np.ndarray) -> Grammar:
    """Returns the documents that begin with `ids` and go on with the tokens `allowed` bool[V]."""
    return intersect(grammar, prepend(ids[1:].tolist(), repeat(one_of(allowed))))
