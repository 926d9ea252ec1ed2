"""Tiny grammars, models and documents for the engine's tests."""

from __future__ import annotations

import numpy as np

from seqgen.engine.model import Model
from seqgen.engine.settings import ModelSettings
from seqgen.grammar import BOS, EOS, Grammar, build

VOCABULARY = 9


def turns() -> Grammar:
    """Odd tokens and even ones take turns; a document ends after an even one."""

    def moves(state):
        yield from ((token, 1 - state) for token in range(2, VOCABULARY) if token % 2 != state)
        if state == 0:
            yield EOS, 0

    return build(VOCABULARY, 0, moves)


def model(grammar: Grammar | None = None, seed: int = 0, **settings) -> Model:
    """A model whose biases and distances are not 0, so that a test would notice if they were left out."""
    shape = {"width": 16, "layers": 2, "attention_memory": 6, "attention_width": 8, "feed_forward": 24, **settings}
    made = Model.new(ModelSettings(**shape), grammar or turns(), seed)
    random = np.random.default_rng(seed)
    for weight in made.weights.values():
        weight.assign_add(random.normal(0, 0.3, weight.shape).astype(np.float32))
    return made


def documents(count: int, seed: int = 0, longest: int = 60) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    return [np.concatenate([walk(random, longest), [EOS]]).astype(np.int32) for _ in range(count)]


def walk(random: np.random.Generator, longest: int) -> np.ndarray:
    grammar, ids, state = turns(), [BOS], 0
    for _ in range(2 * int(random.integers(1, longest // 2))):
        ids.append(int(random.choice([t for t in np.flatnonzero(grammar.allowed[state]) if t != EOS])))
        state = int(grammar.next_state[state, ids[-1]])
    return np.array(ids)
