"""A model that scores: what goes on inside it, and how probable documents are."""

from __future__ import annotations

import numpy as np
import pytest

import seqgen


def test_what_goes_on_inside_a_model_is_named_by_token_and_gate(trained):
    ids = trained.domain.grammar().walk(np.random.default_rng(0))[:20]
    inside = trained.activations(ids)
    assert inside.tokens == tuple(trained.domain.vocabulary[id] for id in ids)
    assert set(inside.gates) == {"input_gate", "forget_gate", "output_gate"}
    assert {one.shape for one in (inside.hidden_states, inside.cell_states, *inside.gates.values())} == {(20, 1, 64)}
    norms = trained.gradient_norms(ids, max_distance=8)
    assert norms.shape == (9, 1)
    assert (norms > 0).all()
    with pytest.raises(seqgen.UsageError, match=r"position 1 .*\.$"):
        trained.activations([0, 0])
    with pytest.raises(seqgen.UsageError, match=r"two ids .*\.$"):
        trained.gradient_norms([0])
    with pytest.raises(seqgen.InvalidValue, match="max_distance"):
        trained.gradient_norms(ids, max_distance=0)


def test_probabilities_are_distributions_over_what_the_grammar_allows(trained):
    ids = trained.domain.grammar().walk(np.random.default_rng(0))[:20]
    probabilities = trained.probabilities(ids)
    allowed = trained.model.grammar.allowed[trained.model.grammar.unroll(ids)]
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)
    assert not probabilities[~allowed].any()
    with pytest.raises(seqgen.UsageError, match="no document of the domain 'midi'"):
        trained.probabilities([0, 0])
