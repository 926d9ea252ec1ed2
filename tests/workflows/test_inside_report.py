"""The report of what happens inside a model."""

from __future__ import annotations

import numpy as np
import pytest

from seqgen import UnusableFile
from seqgen.workflows import inside_report
from seqgen.workflows.inside_report import gradients_of_cells, title_of, write_inside_report


def test_a_report_has_pictures_and_units(trained, pieces, tmp_path, monkeypatch):
    monkeypatch.setattr(inside_report, "MAX_TOKENS", 100)
    norms = {"lstm": np.array([1.0, 0.5])}  # The test below compiles the real ones.
    monkeypatch.setattr(inside_report, "gradients_of_cells", lambda *_: norms)
    report = write_inside_report(trained, pieces / "piece-00.mid", tmp_path)
    assert [file.name for file in report.files] == ["layer-1.png", "units.png", "gradients.png"]
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in report.files)
    assert report.tokens == 100
    assert len(report.units) == 20
    assert title_of(report.units[0]).startswith(f"layer 1, unit {report.units[0].unit}: {report.units[0].feature} (")
    with pytest.raises(UnusableFile):
        write_inside_report(trained, pieces / "photo.mid", tmp_path)


def test_gradients_of_a_simple_network_reach_less_far(trained, pieces, monkeypatch):
    monkeypatch.setattr(inside_report, "MAX_DISTANCE", 24)
    (score,) = trained.score(pieces / "piece-00.mid")
    norms = gradients_of_cells(trained, score.ids)
    assert list(norms) == ["this model (lstm)", "lstm, untrained", "rnn, untrained"]
    reach = {name: values[24] / values[0] for name, values in norms.items()}
    assert reach["rnn, untrained"] < reach["lstm, untrained"]
