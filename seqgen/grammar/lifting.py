"""Lifting: a grammar over symbols becomes one over tokens that each stand for a string of symbols."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seqgen.grammar.automaton import Grammar
from seqgen.grammar.reachability import compact, trim
from seqgen.grammar.special_tokens import BOS, EOS

BLOCK_SIZE = 1024
"""The number of states from which tokens are spelled at once."""


def lift(grammar: Grammar, spellings: Sequence[np.ndarray]) -> Grammar:
    """L(lift(G, s)) = {t₁ … tₙ : s(t₁) … s(tₙ) ∈ L(G)}, where token 2 + k is spelled spellings[k].

    A spelling is a row of at least one token of `grammar`, int[n]. From every state each token is followed symbol by
    symbol (Willard & Louf 2023, *Efficient guided generation for large language models*, section 3). States that lie
    inside of tokens are left out; the others keep their classes. Raises EmptyLanguage.
    """
    if grammar.budget is not None:
        raise ValueError("a grammar with a budget cannot be lifted")
    dead = grammar.state_count
    table = np.full((dead + 1, grammar.vocabulary_size), dead, np.int32)
    table[:dead] = np.where(grammar.allowed, grammar.next_state, dead)
    table[:, EOS] = dead
    # The longest come first, so those that go on after n symbols stand side by side.
    order = np.argsort([-len(spelling) for spelling in spellings], kind="stable")
    lengths = np.array([len(spellings[number]) for number in order])
    symbols = np.concatenate([spellings[number] for number in order]).astype(np.intp)
    begins = np.cumsum(lengths) - lengths
    reached = np.empty((dead, len(spellings)), np.int32)
    for start in range(0, dead, BLOCK_SIZE):
        block = np.repeat(np.arange(start, min(start + BLOCK_SIZE, dead))[:, None], len(spellings), 1)
        for step in range(int(lengths[0])):
            going_on = int(np.searchsorted(-lengths, -step))
            block[:, :going_on] = table[block[:, :going_on], symbols[begins[:going_on] + step]]
        reached[start : start + BLOCK_SIZE, order] = block
    next_state = np.zeros((dead, 2 + len(spellings)), np.int32)
    next_state[:, 2:] = reached
    allowed = next_state < dead
    allowed[:, BOS] = False
    allowed[:, EOS] = grammar.allowed[:, EOS]
    return compact(trim(Grammar(allowed, next_state, grammar.start, grammar.state_class)))
