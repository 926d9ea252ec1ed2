"""Items with the same content count as the same."""

from __future__ import annotations

from labelled_texts import ITEM, learned
from seqgen_sentiment.labelled_item import LabelledItem


def test_the_key_is_that_of_the_content():
    domain = learned()
    one, other = (domain.deduplication.key(LabelledItem(ITEM.content, label)) for label in ("pos", None))
    assert one == other != domain.deduplication.key(LabelledItem("another film", "pos"))
