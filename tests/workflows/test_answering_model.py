"""Answers of a model whose domain does not predict. The tests of the sentiment domain ask one that does."""

from __future__ import annotations

import pytest

from seqgen import Answer, MissingCapability, UsageError


def test_a_domain_without_predictions_says_so(trained, tmp_path):
    with pytest.raises(MissingCapability):
        list(trained.predict(tmp_path / "some.mid"))
    with pytest.raises(MissingCapability):
        trained.predict_text("a text")


def test_an_answer_without_an_item_is_not_written(trained, tmp_path):
    with pytest.raises(UsageError, match="are no files"):
        trained.write_answer(Answer("yes", {}), 1, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_domain_without_predictions_is_not_calibrated(trained):
    trained.calibrate(None)
