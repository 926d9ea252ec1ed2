"""What a grammar is: its tables, and documents read by them."""

from __future__ import annotations

import numpy as np
import pytest

from grammar.languages import A, B, even_as, exactly, no_bb
from seqgen.grammar import BOS, EOS, Grammar, build_grammar, unconstrained


@pytest.mark.parametrize("grammar", [unconstrained(5), even_as()])
def test_unroll_names_the_first_forbidden_token(grammar):
    assert grammar.unroll(np.array([BOS, A, A, EOS], np.int32)).shape == (4,)
    with pytest.raises(ValueError, match="token 0 at position 2"):
        grammar.unroll(np.array([BOS, A, BOS, A, BOS], np.int32))


def test_bos_leads_to_the_start_from_everywhere():
    for grammar in (even_as(), no_bb(), exactly(3)):
        assert (grammar.next_state[:, BOS] == grammar.start).all()
        assert not grammar.allowed[:, BOS].any()


def test_a_walk_begins_with_its_prompt():
    rng, prompt = np.random.default_rng(0), np.array([BOS, A, B], np.int32)
    for _ in range(50):
        ids = even_as().walk(rng, prompt=prompt)
        assert ids[:3].tolist() == prompt.tolist()
        assert even_as().accepts(ids)
    assert even_as().walk(rng, 5, prompt).size <= 5
    with pytest.raises(ValueError, match="not allowed"):
        no_bb().walk(rng, prompt=np.array([BOS, B, B], np.int32))


def test_what_is_no_whole_document_is_not_accepted():
    for ids in ([], [BOS], [EOS], [BOS, A, A], [A, A, EOS], [BOS, A, EOS], [BOS, -1, EOS]):
        assert not even_as().accepts(np.array(ids, np.int32))
    assert even_as().accepts(np.array([BOS, EOS], np.int32))


def test_equal_values_share_a_state_class():
    grammar = build_grammar(
        5, 0, lambda state: [(A, (state + 1) % 6), (EOS, state)], state_class=lambda state: state % 2
    )
    assert (grammar.state_count, grammar.class_count) == (6, 2)
    ids = np.array([BOS, A, A, A], np.int32)
    assert grammar.state_class[grammar.unroll(ids)].tolist() == [0, 1, 0, 1]


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="next_state"):
        Grammar(np.ones((2, 3), bool), np.zeros((1, 3), np.int32), 0)
    with pytest.raises(ValueError, match="state_class"):
        Grammar(np.ones((2, 3), bool), np.zeros((2, 3), np.int32), 0, np.zeros(5, np.int32))
