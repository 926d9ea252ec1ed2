"""Questions about a take."""

from __future__ import annotations

import numpy as np
import pytest
from studio.conftest import SHORT

from seqgen import UsageError
from seqgen.studio.questions import novelty, surprise, training_corpus
from seqgen.studio.takes import Take


@pytest.fixture
def take(trained) -> Take:
    (sample,) = trained.sample(1, constraints=SHORT, seed=3)
    return Take(1, "Take 1", "0", "one", "drawn", ids=sample.ids, item=sample.item)


def test_the_surprise_of_all_notes_is_the_cost_of_their_tokens(trained, take):
    nats = surprise(trained, take)["nats"]
    assert len(nats) == len(take.item)
    assert min(nats) >= 0
    roll = trained.domain.display.piano_roll(take.item, take.ids)
    log_p = -np.log(trained.probabilities(take.ids[:-1])[np.arange(len(take.ids) - 1), take.ids[1:]])
    has_note = roll.note_numbers[1:] >= 0
    assert sum(nats) == pytest.approx(log_p[has_note].sum(), rel=0.01)


def test_a_copy_of_the_training_data_is_found(trained, run):
    corpus = training_corpus(trained.bundle.path)
    ids, _ = corpus.documents("train")[0]
    copy = Take(1, "Copy", "0", "one", "a file", ids=np.asarray(ids, np.int32), item=trained.domain.decode(ids))
    lengths = novelty(trained, copy)["lengths"]
    assert len(lengths) == len(copy.item)
    assert min(lengths) == max(lengths) > 4


def test_without_training_data_nothing_is_compared(trained, take, monkeypatch, tmp_path):
    assert training_corpus(tmp_path / "bundle") is None
    monkeypatch.setattr("seqgen.studio.questions.training_corpus", lambda path: None)
    with pytest.raises(UsageError, match="not beside it"):
        novelty(trained, take)
