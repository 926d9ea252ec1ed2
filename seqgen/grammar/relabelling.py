"""Other tokens for the same documents: a vocabulary within a larger one, and tokens that are forbidden."""

from __future__ import annotations

import numpy as np

from seqgen.grammar.automaton import Grammar
from seqgen.grammar.counting import with_budget
from seqgen.grammar.reachability import compact, trim
from seqgen.grammar.special_tokens import EOS


def restrict(grammar: Grammar, forbidden: np.ndarray) -> Grammar:
    """L(restrict(G, F)) = {d ∈ L(G) : no token of d is in F}, for F given as bool[V], or by state as bool[S, V].

    States that cannot be reached any more are left out. Raises EmptyLanguage, and UnreachableBudget where a budget can
    no longer be kept.
    """
    allowed = grammar.allowed & ~forbidden
    restricted = compact(trim(Grammar(allowed, grammar.next_state, grammar.start, grammar.state_class)))
    return with_budget(restricted, grammar.budget) if grammar.budget else restricted


def relabel(grammar: Grammar, tokens: np.ndarray, vocabulary_size: int, end_token: int) -> Grammar:
    """L(relabel(G, t, e)) = {t(x₁) … t(xₙ) e : x₁ … xₙ ∈ L(G)}.

    These are the documents in a larger vocabulary, with an end token.

    tokens: int[V]; what each token becomes, all of them different. Those of BOS and EOS are not looked at.

    The state after the end token is added as the last one, with the class of the start.
    """
    if grammar.budget is not None:
        raise ValueError("a grammar with a budget cannot be relabelled")
    states = grammar.state_count
    # Columns that keep their places are copied in one piece.
    same = np.array_equal(tokens[EOS + 1 :], np.arange(EOS + 1, len(tokens)))
    inner = slice(EOS + 1, len(tokens)) if same else tokens[EOS + 1 :]
    allowed = np.zeros((states + 1, vocabulary_size), bool)
    next_state = np.zeros(allowed.shape, np.int32)
    allowed[:states, inner] = grammar.allowed[:, EOS + 1 :]
    next_state[:states, inner] = grammar.next_state[:, EOS + 1 :]
    allowed[:states, end_token], next_state[:states, end_token] = grammar.allowed[:, EOS], states
    allowed[states, EOS] = True
    classes = np.append(grammar.state_class, grammar.state_class[grammar.start])
    return Grammar(allowed, next_state, grammar.start, classes)
