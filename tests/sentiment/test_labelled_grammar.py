"""Documents have one label or none, and the model is told the first label at every step."""

from __future__ import annotations

import numpy as np
from labelled_texts import ITEM, learned
from seqgen_sentiment import labelled_grammar
from seqgen_sentiment.labelled_item import LabelledItem

from seqgen import BOS, EOS


def test_a_document_has_exactly_one_label_or_none():
    domain = learned()
    good, none, end = (domain.vocabulary.ids[name] for name in ("label:pos", "<unlabelled>", "<end>"))
    content = domain.encode(ITEM).ids[2:6].tolist()
    legal = {(good, none), (none, good), (none, none)}
    for first in (good, none, end):
        for last in (good, none, end):
            ids = np.array([BOS, first, *content, end, last, EOS])
            assert domain.grammar().accepts(ids) == ((first, last) in legal)
    assert not domain.grammar().accepts(np.array([BOS, none, *content, EOS]))
    unlabelled = domain.encode(LabelledItem(ITEM.content))
    assert unlabelled.weights.tolist() == [0, 0, 1, 1, 1, 1, 1, 0, 0]
    assert domain.decode(unlabelled.ids) == LabelledItem(ITEM.content)


def test_state_classes_are_those_of_the_base_for_each_first_label():
    domain = learned(**{"base.tokenizer": "byte"})
    whole, own = domain.grammar(), domain.base.grammar()
    assert whole.class_count == own.class_count * (1 + len(domain.layout.labels))
    content = domain.base.encode("naïve").ids
    alone = own.state_class[own.unroll(content)][1:-1]
    for number, label in enumerate([None, *domain.layout.labels]):
        prompt = domain.prompting.prompt(None, domain.Constraints(label=label))
        for grammar in (whole, prompt.grammar):
            seen = grammar.state_class[grammar.unroll(np.concatenate([prompt.ids, content[1:-1]]))]
            assert (seen[2:] == alone + number * own.class_count).all()
    assert domain.vocabulary.names[: len(domain.base.vocabulary)] == domain.base.vocabulary.names


def test_a_large_grammar_does_not_tell_the_label(monkeypatch):
    monkeypatch.setattr(labelled_grammar, "MAX_CELLS", 100)
    domain = learned(**{"base.tokenizer": "byte"})
    assert domain.grammar().class_count == domain.base.grammar().class_count
    assert domain.grammar().accepts(domain.encode(ITEM).ids)


def test_label_states_expect_a_label_in_each_class_of_the_base():
    for tokenizer in ("word", "byte"):
        domain = learned(**{"base.tokenizer": tokenizer})
        whole, base = domain.checked_grammar(), domain.base.grammar()
        states = domain.training.grammar.label_states
        last = whole.unroll(domain.encode(ITEM).ids)[-3]
        assert (whole.allowed[states] == whole.allowed[last]).all()
        assert whole.state_class[states].tolist() == list(range(base.class_count))


def test_a_span_has_its_label_last_and_is_never_generated():
    domain = learned(span_files="*_phrases.tsv")
    span, none, good = (domain.vocabulary.ids[name] for name in ("<labelled span>", "<unlabelled>", "label:pos"))
    ids = domain.encode(LabelledItem(ITEM.content, "pos", is_span=True)).ids
    assert (ids[1], ids[-2]) == (span, good)
    assert domain.grammar().accepts(ids)
    assert not domain.grammar().accepts(np.where(ids == span, good, np.where(ids == good, span, ids)))
    assert domain.grammar().class_count == learned().grammar().class_count
    for label in (None, "pos"):
        generated = domain.prompting.prompt(None, domain.Constraints(label=label)).grammar
        assert generated.accepts(np.where(ids == span, none, ids)) == (label is None)
        assert not generated.accepts(ids)
