"""Grammars over bytes → grammars over tokens: from each state, every token is walked with the bytes it stands for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seqgen import EOS, Grammar, TooManyStates
from seqgen.grammar import reachable, trim
from seqgen_text.tokenization.tokenizer import FIRST_ID as FIRST

MOST_CELLS = 100_000_000
"""States × tokens: the two tables of a grammar take 5 bytes a cell, once here and once in the engine."""
BLOCK = 1024


def lift(grammar: Grammar, strings: Sequence[bytes]) -> Grammar:
    """The grammar of the sequences of tokens whose strings, end to end, `grammar` accepts.

    Token 2 + n stands for strings[n]. All states are of one class. Raises ImpossibleConstraints when there are none, or
    the tables would be too large.
    """
    if grammar.state_count * len(strings) > MOST_CELLS:
        raise TooManyStates(
            f"What was asked for needs {grammar.state_count} states for each of {len(strings)} tokens, which is more "
            "than can be held; ask for something shorter or simpler, such as [0-9] for \\d."
        )
    dead = grammar.state_count
    table = np.full((grammar.state_count + 1, 256), dead, np.int32)
    table[:dead] = np.where(grammar.allowed, grammar.next_state, dead)[:, FIRST:]
    # The longest first: those that go on after n bytes then stand together.
    order = np.argsort([-len(data) for data in strings], kind="stable")
    lengths = np.array([len(strings[number]) for number in order])
    spelled = np.zeros((int(lengths[0]), len(strings)), np.uint8)
    for column, number in enumerate(order):
        spelled[: lengths[column], column] = np.frombuffer(strings[number], np.uint8)
    reached = np.empty((grammar.state_count, len(strings)), np.int32)
    for start in range(0, grammar.state_count, BLOCK):
        block = np.repeat(np.arange(start, min(start + BLOCK, grammar.state_count))[:, None], len(strings), 1)
        for step, bytes_ in enumerate(spelled):
            going = int((lengths > step).sum())
            block[:, :going] = table[block[:, :going], bytes_[:going]]
        reached[start : start + BLOCK, order] = block
    return trim(_without_insides(reached, grammar.allowed[:, EOS], grammar.start, dead))


def _without_insides(reached: np.ndarray, ends: np.ndarray, start: int, dead: int) -> Grammar:
    """The states that tokens can lead to: the others lie inside of tokens."""
    states = np.flatnonzero(reachable(reached != dead, reached, start))
    number = np.full(dead + 1, -1, np.int32)
    number[states] = np.arange(len(states))
    next_state = np.zeros((len(states), FIRST + reached.shape[1]), np.int32)
    next_state[:, FIRST:] = number[reached[states]]
    allowed = next_state >= 0
    allowed[:, :FIRST] = False
    allowed[:, EOS] = ends[states]
    return Grammar(allowed, next_state, int(number[start]), np.zeros(len(states), np.int32))
