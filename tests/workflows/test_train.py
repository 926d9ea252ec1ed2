"""Training from Python."""

from __future__ import annotations

import pytest

import seqgen


def test_training_goes_on_with_the_corpus_that_was_interrupted(pieces, tmp_path):
    told = []

    def train_until(last):
        def progress(done, total, what):
            told.append(done)
            if done == last:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            seqgen.train([pieces], tmp_path / "run", domain="midi", steps=1, build_progress=progress)

    train_until(5)
    train_until(8)
    assert told == [1, 2, 3, 4, 5, 6, 7, 8]
