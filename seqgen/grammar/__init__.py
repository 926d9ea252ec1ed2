"""Finite automata over tokens, which say what a document is, and the algebra that makes constraints of them."""

from __future__ import annotations

from seqgen.grammar.algebra import intersect, with_budget
from seqgen.grammar.automaton import MAX_STATES, Grammar
from seqgen.grammar.budget import Budget
from seqgen.grammar.building import build_grammar, unconstrained
from seqgen.grammar.reachability import co_reachable, reachable, trim
from seqgen.grammar.special_tokens import BOS, EOS

__all__ = [
    "BOS",
    "EOS",
    "MAX_STATES",
    "Budget",
    "Grammar",
    "build_grammar",
    "co_reachable",
    "intersect",
    "reachable",
    "trim",
    "unconstrained",
    "with_budget",
]
