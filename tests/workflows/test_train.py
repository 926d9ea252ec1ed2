"""Training from Python."""

from __future__ import annotations

import pytest

import seqgen
from seqgen import PluginFailure, UsageError
from seqgen.workflows.train import load_calibrated


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


def test_a_plugin_that_cannot_calibrate_does_not_lose_the_model(run, monkeypatch, capsys):
    def calibrate(self, corpus):
        raise PluginFailure("The plugin 'midi' fails.", "fails")

    monkeypatch.setattr("seqgen.contract.plugins._reported", set())
    monkeypatch.setattr("seqgen.workflows.trained_model.TrainedModel.calibrate", calibrate)
    assert load_calibrated(run, None).model.num_parameters
    assert capsys.readouterr().err == "seqgen: The plugin 'midi' fails.\n"


def test_a_run_at_an_address_is_refused(pieces):
    with pytest.raises(UsageError, match="A run is a folder of this machine"):
        seqgen.train([pieces], "s3://bucket/run", domain="midi")
