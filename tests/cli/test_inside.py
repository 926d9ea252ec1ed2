"""seqgen inside: the table of units, the pictures, and its refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seqgen.workflows import inside_report
from seqgen.workflows.inside import NamedUnit
from seqgen.workflows.inside_report import InsideReport


@pytest.fixture
def report(monkeypatch, tmp_path):
    found = InsideReport(7, [tmp_path / "units.png"], [NamedUnit("position in the bar", 0, 12, -0.75)])
    monkeypatch.setattr(inside_report, "write_inside_report", lambda *_: found)
    return found


def test_units_are_listed_with_their_correlation(run_cli, run, loaded, report, pieces, tmp_path):
    call = ["inside", run, pieces / "piece-00.mid", "-o", tmp_path]
    code, out, _ = run_cli(*call)
    assert code == 0
    assert "position in the bar" in out
    assert "-0.750" in out
    assert str(report.files[0]) in out
    told = json.loads(run_cli(*call, "--json")[1])
    assert told["units"] == [{"feature": "position in the bar", "layer": 0, "unit": 12, "correlation": -0.75}]
    assert [Path(file) for file in told["files"]] == report.files


def test_a_file_of_another_kind_is_refused(check_refusal):
    check_refusal(["inside", "{run}", "{pieces}/photo.mid", "-o", "{out}"], 1, "photo.mid")
