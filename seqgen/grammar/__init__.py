"""Finite automata over tokens, which say what a document is, and the algebra of their languages.

A grammar accepts documents BOS x₁ … xₙ EOS; its language L(G) is the set of the sequences x₁ … xₙ. Every operation says
in its docstring what the language of its result is. All results can be completed from every state, where the operands
can: operations that leave documents out (`intersect`, `count`, `restrict`, `lift`) trim what they give.

**State classes.** A model is told the class of each state (`Grammar.state_class`), and is trained with the classes of
its domain's grammar. So a constraint must not change them, and neither must a later version of the domain (see
`class_examples`). Operations copy class numbers and never renumber them:

- `intersect` gives the classes of its first operand, the domain's. The second one, the constraint, has none that count.
- `restrict`, `count`, `with_budget`, `trim` and `compact` keep the classes of their operand; `lift` does too.
- `relabel` keeps them, and gives the state after the end token the class of the start.
- `join` and what is made of it (`union`, `concatenate`, `prepend`, `repeat`, `optional`) give a state the class that it
  has in the operand. Where a document may be in several operands at once, the last of them counts: between two parts,
  the one that begins.
- `one_of` and `sequences` have one class, which the caller chooses.
"""

from __future__ import annotations

from seqgen.grammar.automaton import MAX_STATES, Grammar
from seqgen.grammar.budget import Budget
from seqgen.grammar.building import TransitionTable, avoid, build_grammar, one_of, sequences, unconstrained
from seqgen.grammar.checking import checked
from seqgen.grammar.compatibility import class_examples, keeps_classes
from seqgen.grammar.conditions import Conditions, ConditionWindow
from seqgen.grammar.counting import count, count_in_segments, with_budget
from seqgen.grammar.joining import Part, concatenate, join, optional, prepend, repeat, union
from seqgen.grammar.lifting import lift
from seqgen.grammar.product import intersect
from seqgen.grammar.reachability import co_reachable, compact, reachable, trim
from seqgen.grammar.registers import NO_COORDINATE, Registers, lags
from seqgen.grammar.relabelling import relabel, restrict
from seqgen.grammar.relations import TOKEN, Comparison, Relation, Relations
from seqgen.grammar.special_tokens import BOS, EOS

__all__ = [
    "BOS",
    "EOS",
    "MAX_STATES",
    "NO_COORDINATE",
    "TOKEN",
    "Budget",
    "Comparison",
    "ConditionWindow",
    "Conditions",
    "Grammar",
    "Part",
    "Registers",
    "Relation",
    "Relations",
    "TransitionTable",
    "avoid",
    "build_grammar",
    "checked",
    "class_examples",
    "co_reachable",
    "compact",
    "concatenate",
    "count",
    "count_in_segments",
    "intersect",
    "join",
    "keeps_classes",
    "lags",
    "lift",
    "one_of",
    "optional",
    "prepend",
    "reachable",
    "relabel",
    "repeat",
    "restrict",
    "sequences",
    "trim",
    "unconstrained",
    "union",
    "with_budget",
]
