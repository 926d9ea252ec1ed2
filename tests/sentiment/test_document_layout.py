"""Where content and labels are in the vocabulary and in a document."""

from __future__ import annotations

import numpy as np
import pytest
from labelled_texts import ITEM, learned
from seqgen_sentiment.document_layout import SPAN, DocumentLayout

from seqgen import BOS, EOS, Vocabulary


def test_the_base_document_and_its_positions():
    domain = learned()
    ids, base_ids = domain.encode(ITEM).ids, domain.base.encode(ITEM.content).ids
    document, positions = domain.layout.document(ids)
    assert document.tolist() == base_ids.tolist()
    assert positions.tolist() == [0, 2, 3, 4, 5, 6]
    for length in range(1, len(ids) + 1):
        cut, positions = domain.layout.document(ids[:length])
        assert cut.tolist() == base_ids[: max(1, min(length - 1, len(base_ids)))].tolist()
        assert len(positions) == len(cut)
        assert all(
            ids[position] in (number, domain.layout.end) for position, number in zip(positions, cut, strict=True)
        )


def test_the_label_is_found_in_either_slot():
    layout = DocumentLayout(DocumentLayout.vocabulary(Vocabulary("ab"), ["x", "y"]))
    y = layout.label_id("y")
    assert (layout.content_names, layout.labels) == (("a", "b"), ("x", "y"))
    assert layout.label(np.array([BOS, y, 2, layout.end, layout.unlabelled, EOS])) == "y"
    assert layout.label(np.array([BOS, layout.unlabelled, 2, layout.end, y, EOS])) == "y"
    assert layout.label(np.array([BOS, layout.unlabelled, 2])) is None
    assert layout.label_id("z") == layout.label_id(None) == layout.unlabelled


def test_a_vocabulary_without_slots_is_refused():
    with pytest.raises(ValueError, match="it has no <unlabelled> and <end> before its labels"):
        DocumentLayout(Vocabulary("ab"))
    with pytest.raises(ValueError, match="twice"):
        DocumentLayout.vocabulary(Vocabulary(["label:x"]), ["x"])


def test_a_span_has_a_first_slot_of_its_own():
    layout = DocumentLayout(DocumentLayout.vocabulary(Vocabulary("ab"), ["x", "y"], has_spans=True))
    assert (layout.content_names, layout.labels) == (("a", "b"), ("x", "y"))
    span, document = layout.classification_prefix(np.array([2, 3]), is_span=True), layout.classification_prefix([2, 3])
    assert layout.is_span(span)
    assert not layout.is_span(document)
    assert layout.content(span).tolist() == layout.content(document).tolist() == [2, 3]
    assert layout.label(np.append(span, [layout.label_id("y"), EOS])) == "y"
    without = DocumentLayout(DocumentLayout.vocabulary(Vocabulary("ab"), ["x", "y"]))
    assert without.span is None
    assert not without.is_span(without.classification_prefix([2, 3], is_span=True))
    with pytest.raises(ValueError, match="twice"):
        DocumentLayout.vocabulary(Vocabulary([SPAN]), ["x"])
