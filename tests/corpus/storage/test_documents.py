"""Documents in memory."""

from __future__ import annotations

import numpy as np

from seqgen.corpus.storage.documents import Documents, default_weights


def test_documents_are_copies():
    docs = Documents.from_examples([(np.array([0, 2, 1]), np.array([0, 1, 1]))])
    docs[0][0][:] = 9
    assert docs[0][0].tolist() == [0, 2, 1]
    assert (len(docs), docs.token_count) == (1, 3)


def test_by_default_every_id_but_the_first_counts():
    assert [default_weights(length).tolist() for length in (0, 1, 3)] == [[], [0], [0, 1, 1]]
