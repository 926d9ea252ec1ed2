"""Records of a corpus are decoded when they are asked for."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from seqgen.contract.documents import Record
from seqgen.corpus.storage.documents import Documents
from seqgen.corpus.storage.records import Records


def test_an_item_that_cannot_be_decoded_is_not_the_end_of_all_items():
    def decode(ids):
        return ids[2]

    documents = Documents.from_examples([(np.arange(length), np.ones(length)) for length in (3, 4, 2, 5)])
    items = Records(SimpleNamespace(decode=decode), documents)
    assert [items[0], len(items[1:]), items[::3][1]] == [Record(2), 3, Record(2)]
    with pytest.raises(IndexError):
        list(items)
