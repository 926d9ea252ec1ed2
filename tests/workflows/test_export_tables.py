"""The tables beside an exported model."""

from __future__ import annotations

import numpy as np
import pytest
from engine import toys

import seqgen
from seqgen import Prompt, PromptConditions, UsageError
from seqgen.grammar import BOS, EOS, Budget, with_budget
from seqgen.workflows import export_tables
from seqgen.workflows.export_tables import condition_tables, grammar_tables, relation_tables

ONLY_BOS = np.array([BOS], np.int32)


def test_documents_walk_through_the_tables_of_a_grammar_with_a_budget():
    grammar = with_budget(toys.shifting(), Budget(toys.COST, 3, 5))
    arrays, numbers = grammar_tables(Prompt(ONLY_BOS, grammar))
    budget = numbers["budget"]
    assert (budget["maximum"], budget["slack"], budget["end_token"]) == (5, 2, EOS)
    for seed in range(20):
        state, left = numbers["start_state"], budget["maximum"]
        for token in grammar.walk(np.random.default_rng(seed))[1:].tolist():
            assert arrays["allowed"][state, token]
            assert arrays["budget_cost"][token] <= left
            assert token != EOS or left <= budget["slack"]
            state, left = arrays["next_state"][state, token], left - arrays["budget_cost"][token]


def test_relations_of_a_chorale_forbid_what_they_forbid():
    domain = seqgen.load_domain("midi")()
    prompt = domain.checked_prompt(None, domain.Constraints(bars=2, parallels=False))
    relations, grammar = prompt.relations, prompt.grammar
    arrays, rows = relation_tables(relations)
    ids = grammar.walk(np.random.default_rng(2), 120)
    classes = grammar.state_class[grammar.unroll(ids)]
    registers = relations.registers.unroll(ids, classes)
    expected = relations.forbidden_after(ids, classes)
    assert expected.any()
    for position in range(len(ids)):
        forbidden = np.zeros(grammar.vocabulary_size, bool)
        for number, row in enumerate(rows):
            if arrays[f"relation_{number}_applies"][classes[position]]:
                outcomes = []
                for place, one in enumerate(row["comparisons"]):
                    sides = [
                        arrays["register_slot"] if side < 0 else registers[position, side]
                        for side in (one["minuend"], one["subtrahend"])
                    ]
                    outcomes.append(arrays[f"relation_{number}_outcomes_{place}"][sides[0], sides[1]])
                forbidden |= arrays[f"relation_{number}_forbidden"][tuple(np.broadcast_arrays(*outcomes))]
        np.testing.assert_array_equal(forbidden & (arrays["register_slot"] > 0), expected[position])


def test_each_beginning_has_examples_of_what_is_known_ahead():
    def draw(ids, rng):
        values = np.zeros((2 + int(ids[1]) % 2, 2), np.int32)
        values[1:, 0] = 1 + rng.integers(2)
        return values

    start = Prompt(ONLY_BOS, toys.turns(), conditions=PromptConditions(2, draw))
    arrays, numbers = condition_tables(toys.ahead(), start)
    assert numbers == {"after": 2}
    beginnings = arrays["condition_beginnings"]
    assert sorted(beginnings[:, 1].tolist()) == np.flatnonzero(toys.turns().allowed[0] & (np.arange(9) != EOS)).tolist()
    for ids, choices in zip(beginnings, arrays["condition_choices"], strict=True):
        known = arrays["condition_values"][choices]
        assert set(known[:, 1, 0].tolist()) == {1, 2}
        assert (known[:, 2, 0] > 0).all() == bool(ids[1] % 2)
    assert condition_tables(toys.ahead(), Prompt(ONLY_BOS, toys.turns()))[1] == {"after": None}


def test_too_many_beginnings_are_refused(monkeypatch):
    monkeypatch.setattr(export_tables, "MAX_BEGINNINGS", 10)
    known = PromptConditions(3, lambda ids, rng: np.zeros((1, 2), np.int32))
    with pytest.raises(UsageError, match="too many"):
        condition_tables(toys.ahead(), Prompt(ONLY_BOS, toys.turns(), conditions=known))
