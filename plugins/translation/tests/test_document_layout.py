"""Source, separator and target in one document, and back again wherever the document is cut."""

from __future__ import annotations

import numpy as np
import pytest
from seqgen_translation.document_layout import DocumentLayout
from some_pairs import learned

from seqgen import BOS, EOS, Vocabulary

LAYOUT = DocumentLayout(DocumentLayout.vocabulary(Vocabulary(["a", "b"])), 0.0)
A, B, SEPARATOR = 2, 3, 4


def test_a_document_has_the_source_the_separator_and_the_target():
    example = LAYOUT.document([A, B], [B])
    assert example.ids.tolist() == [BOS, A, B, SEPARATOR, B, EOS]
    assert example.weights.tolist() == [0, 0, 0, 0, 1, 1]
    assert LAYOUT.document([A], None).ids.tolist() == [BOS, A, SEPARATOR]


def test_the_weight_of_the_source_is_a_setting():
    layout = DocumentLayout(DocumentLayout.vocabulary(Vocabulary(["a", "b"])), 0.25)
    assert layout.document([A], [B]).weights.tolist() == [0, 0.25, 0.25, 1, 1]


@pytest.mark.parametrize(
    ("ids", "source", "target"),
    [
        ([BOS], [], None),
        ([BOS, A, B], [A, B], None),
        ([BOS, A, SEPARATOR], [A], None),
        ([BOS, A, SEPARATOR, B], [A], [B]),
        ([BOS, A, SEPARATOR, B, EOS], [A], [B]),
        ([BOS, A, SEPARATOR, EOS], [A], []),
        ([BOS, SEPARATOR, EOS], [], []),
    ],
)
def test_a_document_is_taken_apart_wherever_it_is_cut(ids, source, target):
    found_source, found_target = LAYOUT.parts(np.array(ids, np.int32))
    assert found_source.tolist() == source
    assert (None if found_target is None else found_target.tolist()) == target


def test_the_separator_comes_exactly_once():
    domain = learned()
    grammar, separator = domain.grammar(), domain.layout.separator
    for seed in range(20):
        ids = grammar.walk(np.random.default_rng(seed), 5000)
        assert (ids == separator).sum() == (1 if ids[-1] == EOS else (ids == separator).sum())
    assert not grammar.accepts(np.array([BOS, EOS]))
    assert not grammar.accepts(np.array([BOS, separator, separator, EOS]))
    assert grammar.accepts(np.array([BOS, separator, EOS]))


def test_the_model_is_told_on_which_side_it_is():
    grammar = learned().grammar()
    ids = learned().encode(learned().decode(np.array([BOS, 70, 71], np.int32))).ids
    classes = grammar.state_class[grammar.unroll(ids)]
    assert classes[0] != classes[-1]


def test_a_vocabulary_without_the_separator_is_refused():
    with pytest.raises(ValueError, match="separator"):
        DocumentLayout(Vocabulary(["a"]), 0.0)
