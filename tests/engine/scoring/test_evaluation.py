"""Held-out likelihood beside the scores of single documents."""

from __future__ import annotations

import numpy as np
import pytest

from engine import toys
from seqgen.corpus.storage.documents import Documents
from seqgen.corpus.storage.evaluation_batches import evaluation_batches
from seqgen.engine.scoring.evaluation import Evaluator
from seqgen.engine.scoring.scorer import Scorer
from seqgen.errors import TrainingError


def test_evaluation_is_the_weighted_mean_over_every_target():
    documents = toys.documents(12, seed=3)
    stored = Documents.from_examples([(ids, np.r_[0, np.ones(len(ids) - 1)]) for ids in documents])
    model = toys.model()
    scorer = Scorer(model)
    nats = [scorer.negative_log_likelihood(ids) for ids in documents]
    held_out = Evaluator(model).held_out_likelihood(
        batch for batch, _ in evaluation_batches(stored, toys.turns(), batch_size=3, bptt_length=11)
    )
    assert held_out.tokens == sum(len(ids) - 1 for ids in documents)
    assert held_out.nats == pytest.approx(np.concatenate(nats).sum() / held_out.tokens, rel=1e-5)


def test_evaluation_on_nothing_is_refused():
    with pytest.raises(TrainingError, match="no held-out token"):
        Evaluator(toys.model()).held_out_likelihood([])
