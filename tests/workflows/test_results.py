"""Names and numbers of samples and scores."""

from __future__ import annotations

import numpy as np
import pytest

from seqgen.grammar import EOS
from seqgen.workflows.results import BeamSample, DocumentScore, InfilledSample, Sample

IDS = np.array([0, 2, EOS], np.int32)


def test_labels_name_the_files():
    assert Sample(0, IDS, "item", None, 7).label == "7-1"
    assert BeamSample(1, IDS, "item", None, -3.0, -2.0).label == "beam-2"
    assert InfilledSample(2, IDS, "item", None, 7, -1.0).label == "filled-7-3"


@pytest.mark.parametrize(("ids", "ended"), [(IDS, True), (IDS[:-1], False)])
def test_a_sample_that_was_cut_off_did_not_end(ids, ended):
    assert Sample(0, ids, "item", None, 0).ended is ended


def test_a_score_is_a_mean_over_the_weights(tmp_path):
    assert DocumentScore(tmp_path, IDS, np.array([0, 3, 1], np.float32), 2.0).nats_per_token == 2
    assert DocumentScore(tmp_path, IDS, np.zeros(3, np.float32), 0.0).nats_per_token == 0
