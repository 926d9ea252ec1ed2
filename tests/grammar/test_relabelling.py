"""Other tokens for the same documents, and tokens that are forbidden."""

from __future__ import annotations

import numpy as np
import pytest
from engine import toys

from grammar.languages import classes, is_trim, language, mask, random_grammars
from seqgen import EmptyLanguage, UnreachableBudget
from seqgen.grammar import Budget, relabel, restrict, with_budget


@pytest.mark.parametrize("seed", range(25))
def test_restrict_accepts_documents_without_the_tokens(seed):
    (grammar,) = random_grammars(seed, 1)
    forbidden = np.random.default_rng(seed).random(5) < 0.4
    forbidden[:2] = False
    expected = {letters for letters in language(grammar) if not forbidden[list(letters)].any()}
    try:
        restricted = restrict(grammar, forbidden)
    except EmptyLanguage:
        assert not expected
        return
    assert language(restricted) == expected
    assert is_trim(restricted)
    for letters in expected:
        assert classes(restricted, letters) == classes(grammar, letters)


def test_restrict_keeps_a_budget_that_can_be_kept():
    limits = with_budget(toys.shifting(), Budget(toys.COST, 2, 3))
    restricted = restrict(limits, mask(2, vocabulary=6))
    for seed in range(30):
        assert toys.COST[restricted.walk(np.random.default_rng(seed))].sum() == 2
    with pytest.raises(UnreachableBudget):
        restrict(limits, mask(2, 3, vocabulary=6))


@pytest.mark.parametrize("seed", range(20))
def test_relabel_accepts_the_documents_in_other_tokens_and_an_end_token(seed):
    (grammar,) = random_grammars(seed, 1)
    rng = np.random.default_rng(seed)
    *letters, end = 2 + rng.permutation(5)[:4]
    tokens = np.array([0, 1, *letters])
    relabelled = relabel(grammar, tokens, 7, int(end))
    renamed = {document: (*tokens[list(document)].tolist(), int(end)) for document in language(grammar, 4)}
    assert language(relabelled, 5, range(2, 7)) == set(renamed.values())
    assert is_trim(relabelled)
    for before, after in renamed.items():
        assert classes(relabelled, after) == [*classes(grammar, before), grammar.state_class[grammar.start]]


def test_a_budget_is_not_relabelled():
    with pytest.raises(ValueError, match="budget"):
        relabel(with_budget(toys.shifting(), Budget(toys.COST, 1, 2)), np.arange(6), 7, 6)
