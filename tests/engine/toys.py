"""Tiny grammars, models and documents for the engine's tests."""

from __future__ import annotations

import numpy as np

from seqgen.engine.model import Model
from seqgen.engine.settings import ModelSettings
from seqgen.grammar import (
    BOS,
    EOS,
    NO_COORDINATE,
    TOKEN,
    Budget,
    Comparison,
    Conditions,
    Grammar,
    Registers,
    Relation,
    Relations,
    build_grammar,
    lags,
)

VOCABULARY = 9


def turns() -> Grammar:
    """Odd tokens and even ones take turns; a document ends after an even one."""

    def moves(state):
        yield from ((token, 1 - state) for token in range(2, VOCABULARY) if token % 2 != state)
        if state == 0:
            yield EOS, 0

    return build_grammar(VOCABULARY, 0, moves)


def repeating() -> Registers:
    """Registers for `turns`: the last coordinate, the one before it, and for how many tokens 4 the last one stays.

    Token 4 repeats the last coordinate and has none itself. Coordinates are far enough apart to be clipped.
    """
    coordinate = np.array([*[NO_COORDINATE] * 2, 10, 20, NO_COORDINATE, 30, 40, 50, 60], np.int32)
    kind = (np.arange(VOCABULARY) == 4).astype(np.int32)
    sources = np.array([[3, 0, 4], [0, 1, 5]], np.int32)
    return Registers(coordinate, kind, np.array([[0, 1], [0, 1]], np.int32), sources, np.array([3, 0], np.int32), 1)


SHIFTS = {2: 1, 3: 2}
"""What the tokens of `shifting` spend that spend anything."""
COST = np.array([SHIFTS.get(token, 0) for token in range(6)], np.int32)


def shifting() -> Grammar:
    """After a shift and at the start one of 4 and 5; after these, a shift or 4 or the end."""
    return build_grammar(6, True, _shifting)


def shifting_within(budget: Budget) -> Grammar:
    """The documents of `shifting` that keep to a budget, counted by an automaton's own states."""

    def moves(state):
        shifted, left = state
        for token, following in _shifting(shifted):
            if budget.allowed(left)[token]:
                yield token, (following, left - int(COST[token]))

    return build_grammar(6, (True, budget.maximum), moves, state_class=lambda state: state[0])


def _shifting(shifted):
    if shifted:
        yield from ((4, False), (5, False))
    else:
        yield from ((2, True), (3, True), (4, False), (EOS, False))


MAX_FORKED_LENGTH = 7


def forked() -> Grammar:
    """One to six tokens of 2 to 5, none twice in a row; and who begins with 2 never meets 4, which is a trap."""

    def moves(state):
        length, last, trapped = state
        if length:
            yield EOS, state
        if length < MAX_FORKED_LENGTH - 1:
            for token in {2, 3, 4, 5} - {last} - ({4} if trapped else set()):
                yield token, (length + 1, token, trapped or (length, token) == (0, 2))

    return build_grammar(6, (0, None, False), moves)


def ahead() -> Conditions:
    """Conditions for `turns`: odd tokens move on, so that a step is a pair of tokens. Two channels."""
    is_odd = (np.arange(VOCABULARY) % 2).astype(np.int32) * (np.arange(VOCABULARY) > EOS)
    return Conditions(is_odd, np.array([[False, True]] * 2), (4, 3))


def known_ahead(ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Random conditions of a document of `turns`, most of them unknown."""
    steps = ahead().steps(ids, np.zeros(len(ids), int))[-1] + 1
    values = rng.integers(0, [4, 3], (steps, 2)) * (rng.random((steps, 2)) < 0.3)
    values[0] = 0
    return values.astype(np.int32)


def last_tokens(grammar: Grammar | None = None) -> Registers:
    """Registers for a grammar over the tokens 2 to 5 (default: `forked`): the last two tokens, as numbers."""
    return lags(np.array([NO_COORDINATE] * 2 + [10, 20, 30, 40], np.int32), (1, 2), (grammar or forked()).class_count)


def zigzag_for(grammar: Grammar) -> Relations:
    """A relation: a token that is higher than the one before is followed by a lower one, and vice versa."""
    direction = np.sign(np.arange(-30, 31)) % 3
    comparisons = (Comparison(0, 1, direction), Comparison(TOKEN, 0, direction))
    relation = Relation(np.ones(grammar.class_count, bool), comparisons, np.diag([False, True, True]))
    return Relations(last_tokens(grammar), [relation])


def zigzag() -> Relations:
    """The relation of `zigzag_for`, for `forked`."""
    return zigzag_for(forked())


def forced_end() -> Grammar:
    """Three tokens; the last one is 5, which a rising start cannot take without breaking `zigzag_for`."""
    allowed = np.zeros((4, 6), bool)
    for state, tokens in enumerate(((2, 3, 4, 5), (2, 3, 4), (5,), (EOS,))):
        allowed[state, list(tokens)] = True
    return Grammar(allowed, np.tile([[1], [2], [3], [0]], (1, 6)), 0)


def is_zigzag(ids: np.ndarray) -> bool:
    """Whether a document of `forked` keeps `zigzag`."""
    signs = np.sign(np.diff(ids[(ids != BOS) & (ids != EOS)]))
    return bool((signs[1:] != signs[:-1]).all())


def model(
    grammar: Grammar | None = None,
    seed: int = 0,
    registers: Registers | None = None,
    conditions: Conditions | None = None,
    **settings,
) -> Model:
    """A model whose biases and distances are not 0, so that a test would notice if they were left out."""
    shape = {
        "hidden_size": 16,
        "num_layers": 2,
        "attention_window": 6,
        "attention_size": 8,
        "feed_forward_size": 24,
        "coordinates": registers is not None,
        "condition_size": 0 if conditions is None else 12,
        **settings,
    }
    made = Model.new(ModelSettings(**shape), grammar or turns(), seed, registers, conditions)
    random = np.random.default_rng(seed)
    for weight in made.weights.values():
        weight.assign_add(random.normal(0, 0.3, weight.shape).astype(np.float32))
    return made


def documents(count: int, seed: int = 0, longest: int = 60) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    return [np.concatenate([walk(random, longest), [EOS]]).astype(np.int32) for _ in range(count)]


def long_document(seed: int) -> np.ndarray:
    """A document of more than 200 tokens: longer than a segment of a scorer."""
    ids = np.concatenate([walk(np.random.default_rng([seed, part]), 60)[1:] for part in range(8)])
    assert len(ids) > 200
    return np.concatenate([[BOS], ids]).astype(np.int32)


def walk(random: np.random.Generator, longest: int) -> np.ndarray:
    grammar, ids, state = turns(), [BOS], 0
    for _ in range(2 * int(random.integers(1, longest // 2))):
        ids.append(int(random.choice([t for t in np.flatnonzero(grammar.allowed[state]) if t != EOS])))
        state = int(grammar.next_state[state, ids[-1]])
    return np.array(ids)
